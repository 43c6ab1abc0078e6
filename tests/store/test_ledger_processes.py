"""Several processes at once, and what a process that dies leaves behind."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from drifttui.core.ledger import EventKind

from .ledgers import Place

ROOT = Path(__file__).parents[2]

APPENDING = """
import sys
from datetime import UTC, datetime
from drifttui.core.ledger import EventKind
from drifttui.store.ledger import open_ledger
target, name, most = sys.argv[1], sys.argv[2], int(sys.argv[3])
ledger = open_ledger(target, clock=lambda: datetime.now(UTC), actor=name)
for turn in range(most):
    two = [(EventKind.NOTE, {"text": f"{name} {turn} {part} " + "x" * 3000}) for part in "ab"]
    done = ledger.append_all(two)
    print(*(f"{event.seq}:{event.hash}" for event in done), flush=True)
"""


def appending(place: Place, name: str, most: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPENDING, place.target, name, str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def reported(text: str) -> dict[int, str]:
    """seq → hash of what a process said was recorded; a line that was cut by its death says nothing."""
    whole = text.rpartition("\n")[0].split()
    return {int(seq): hash_ for seq, _, hash_ in (word.partition(":") for word in whole)}


def test_processes_that_start_at_once_make_one_chain(place: Place) -> None:
    """They also race for making the tables."""
    running = [appending(place, f"p{number}", 15) for number in range(4)]
    said = [reported(process.communicate(timeout=60)[0]) for process in running]
    assert [process.returncode for process in running] == [0] * 4
    ledger = place.open()
    found = ledger.verify()
    assert (found.events, found.intact) == (4 * 15 * 2, True)
    held = {event.seq: event.hash for event in ledger.events()}
    assert held == {seq: hash_ for each in said for seq, hash_ in each.items()}
    texts = [event.body["text"].split()[:3] for event in ledger.events()]
    assert all(one[:2] == other[:2] for one, other in zip(texts[::2], texts[1::2], strict=True)), "pairs stay together"


def test_what_was_reported_survives_a_kill_at_any_moment(place: Place) -> None:
    """A process reports each event that `append_all` returned, and is killed in the middle of it, again and again."""
    place.open().append(EventKind.NOTE, {"text": "begun"})
    chance = random.Random(int.from_bytes(os.urandom(4)))
    kept: dict[int, str] = {}
    for turn in range(6):
        process = appending(place, f"turn{turn}", 100_000)
        assert process.stdout is not None
        select.select([process.stdout], [], [], 30)
        time.sleep(chance.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        kept |= reported(process.communicate(timeout=30)[0])
        ledger = place.open(actor="reader")
        found = ledger.verify()
        assert found.intact, found.problems
        held = {event.seq: event.hash for event in ledger.events()}
        assert kept.items() <= held.items()
        assert (found.events - 1) % 2 == 0, "of two that belong together there is never one"
    assert len(kept) > 6


def test_a_process_that_dies_while_it_makes_the_file_hinders_nobody(tmp_path: Path) -> None:
    """Killed after ever more system calls that touch the disk: each state of a half-made file is met."""
    code = (
        "import os, signal, sqlite3, sys\n"
        "from datetime import UTC, datetime\n"
        "from drifttui.core.ledger import EventKind\n"
        "from drifttui.store import ledger, ledger_sqlite\n"
        "left = int(sys.argv[2])\n"
        "class Mortal(sqlite3.Connection):\n"
        "    def execute(self, *words):\n"
        "        global left\n"
        "        left -= 1\n"
        "        if left < 0:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return super().execute(*words)\n"
        "connect = sqlite3.connect\n"
        "ledger_sqlite.sqlite3.connect = lambda *a, **k: connect(*a, **k, factory=Mortal)\n"
        "opened = ledger.open_ledger(sys.argv[1], clock=lambda: datetime.now(UTC))\n"
        "opened.append(EventKind.NOTE, {'text': 'made'})\n"
    )
    ends = []
    for statements in range(0, 40, 3):
        place = Place(str(tmp_path / f"{statements}.db"))
        done = subprocess.run([sys.executable, "-c", code, place.target, str(statements)], cwd=ROOT, check=False)
        ends.append(done.returncode)
        ledger = place.open()
        before = ledger.head().seq
        assert before == (1 if done.returncode == 0 else before)
        assert ledger.append(EventKind.NOTE, {"text": "after"}).seq == before + 1
        assert place.open().verify().intact
        place.close()
    assert ends[0] == -signal.SIGKILL
    assert ends[-1] == 0, "the last ones live long enough to finish"
