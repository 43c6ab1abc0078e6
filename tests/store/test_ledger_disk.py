"""A full disk, a folder that cannot be written, a file that is something else; and who may read what is written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drifttui.core.errors import DriftError, InputError, LedgerError
from drifttui.core.ledger import EMPTY, EventKind
from drifttui.store.ledger import default_path, open_ledger
from drifttui.store.ledger_sqlite import SqliteLedger

from .ledgers import NOW, Place, verdict

ROOT = Path(__file__).parents[2]

LIMITED = """
import resource, sys
from datetime import UTC, datetime
from drifttui.core.errors import DriftError
from drifttui.core.ledger import EventKind
from drifttui.store.ledger import open_ledger
ledger = open_ledger(sys.argv[1], clock=lambda: datetime.now(UTC), actor="a@b")
ledger.append(EventKind.NOTE, {"text": "before"})
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
for turn in range(100):
    try:
        print(ledger.append(EventKind.NOTE, {"text": "x" * 20_000}).seq)
    except DriftError as error:
        print(error.one_line())
        print(ledger.head().seq, len(list(ledger.events())), ledger.verify().intact)
        break
"""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Place]:
    made = Place(str(tmp_path / "data" / "ledger.db"))
    yield made
    made.close()


def test_a_file_that_may_not_grow_loses_nothing(file: Place) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, file.target], cwd=ROOT, capture_output=True, text=True, check=True
    )
    *seqs, said, after = done.stdout.splitlines()
    assert "cannot be written" in said
    assert "Nothing was recorded." in said
    last = int(seqs[-1])
    assert after == f"{last} {last} True"
    ledger = file.open()
    assert ledger.append(*verdict()).seq == last + 1
    assert ledger.verify().intact


def test_a_full_database_loses_nothing_and_goes_on_when_there_is_room(
    file: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = file.open()
    ledger.append(*verdict())
    writer = SqliteLedger._writer

    def full(self: SqliteLedger) -> sqlite3.Connection:
        database = writer(self)
        database.execute("PRAGMA max_page_count = 10")
        return database

    with monkeypatch.context() as during:
        during.setattr(SqliteLedger, "_writer", full)
        with pytest.raises(LedgerError, match="the disk is full") as caught:
            for turn in range(20):
                ledger.append_all([(EventKind.NOTE, {"text": f"{turn}" + "x" * 4000}), verdict()])
        assert "Free some space" in caught.value.one_line()
    reached = ledger.head().seq
    assert reached % 2 == 1, "of two that belong together there is never one"
    assert ledger.verify().events == reached
    ledger.close()
    assert ledger.append(*verdict()).seq == reached + 1
    assert ledger.verify().intact


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = Path("/dev/shm") / f"drifttui-{os.getpid()}"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    try:
        if mounted.returncode:
            pytest.skip(f"no right to mount: {mounted.stderr.strip()}")
        yield folder
    finally:
        subprocess.run(["umount", folder], capture_output=True, check=False)
        folder.rmdir()


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    place = Place(str(small_disk / "ledger.db"))
    ledger = place.open()
    for _ in range(3):
        ledger.append(EventKind.NOTE, {"text": "x" * 1000})
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as held, pytest.raises(OSError, match="space"):
        while True:
            held.write(b"x" * 1024)
    with pytest.raises(LedgerError, match="cannot be written"):
        for _ in range(50):
            ledger.append(EventKind.NOTE, {"text": "x" * 8000})
    reached = ledger.head().seq
    place.close()
    fresh = place.open()
    assert (fresh.head().seq, fresh.verify().intact) == (reached, True), "opened on the full disk"
    ballast.unlink()
    assert fresh.append(*verdict()).seq == reached + 1
    assert fresh.verify().intact
    place.close()


READ_ONLY = """
import os, sys
from datetime import UTC, datetime
import drifttui.core.acts_fold, drifttui.core.ledger_check, drifttui.core.ledger_prose, drifttui.store.ledger_sqlite
import drifttui.store.redaction_key, shutil, tempfile
from drifttui.core.errors import DriftError
from drifttui.core.ledger import EventKind
from drifttui.store.ledger import open_ledger
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
ledger = open_ledger(sys.argv[1] or None, clock=lambda: datetime.now(UTC), actor="a@b")
found = ledger.verify()
print(ledger.head().seq, len(list(ledger.events())), len(ledger.acts().verdicts), found.events, found.intact)
try:
    ledger.append(EventKind.NOTE, {"text": "x"})
except DriftError as error:
    print(error.one_line())
"""


@pytest.fixture
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that this user, or the one that root becomes, can read and not write; `seal` closes it."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="drifttui-ro-", dir="/tmp"))
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


def seal(folder: Path) -> None:
    for path in folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.chmod(0o555)


def read_only(target: str, home: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, target],
        cwd=ROOT,
        env={**os.environ, "XDG_DATA_HOME": str(home), "TMPDIR": "/tmp"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_read_only_home_without_a_ledger(locked: Path) -> None:
    seal(locked)
    seen, said = read_only("", locked / "data")
    assert seen == "0 0 0 0 True"
    assert said.startswith(f"Cannot use {locked}/data")


def test_a_read_only_home_with_a_ledger_is_read(locked: Path) -> None:
    place = Place(str(locked / "ledger.db"))
    place.open().append_all([verdict("f-1"), verdict("f-2")])
    place.close()
    assert [path.name for path in locked.iterdir()] == ["ledger.db"]
    seal(locked)
    seen, said = read_only(place.target, locked)
    assert seen == "2 2 2 2 True"
    assert said.startswith(f"The ledger {place.target} cannot be written")
    assert "Nothing was recorded." in said


def test_events_that_a_dead_process_left_in_the_log_are_read_too(locked: Path, tmp_path: Path) -> None:
    place = Place(str(tmp_path / "ledger.db"))
    place.open().append_all([verdict("f-1"), verdict("f-2")])
    for name in ("ledger.db", "ledger.db-wal"):
        shutil.copyfile(tmp_path / name, locked / name)
    place.close()
    assert (locked / "ledger.db-wal").stat().st_size
    seal(locked)
    seen, said = read_only(str(locked / "ledger.db"), locked)
    assert seen == "2 2 2 2 True"
    assert "cannot be written" in said


def test_the_file_and_its_folder_are_closed_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    before = os.umask(0)
    try:
        ledger = open_ledger(None, clock=lambda: NOW)
        ledger.append(*verdict())
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in default_path().parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(["ledger.db", "ledger.db-wal", "ledger.db-shm", "redaction.key"], 0o600)
    assert stat.S_IMODE(default_path().parent.stat().st_mode) == 0o700
    ledger.close()


def test_a_folder_that_the_operator_named_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "team").mkdir(mode=0o755)
    place = Place(str(tmp_path / "team" / "ledger.db"))
    place.open().append(*verdict())
    place.close()
    assert stat.S_IMODE((tmp_path / "team").stat().st_mode) == 0o755
    assert stat.S_IMODE(Path(place.target).stat().st_mode) == 0o600


def other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE findings (a)")
        other.commit()


def newer(path: Path) -> None:
    open_ledger(str(path), clock=lambda: NOW).append(*verdict())
    with closing(sqlite3.connect(path)) as held:
        held.execute("PRAGMA user_version = 9")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"no database at all" * 100), "file is not a database"),
        (lambda path: path.mkdir(), "cannot be"),
        (other_database, "is no ledger"),
        (newer, "is from a newer drifttui"),
    ],
    ids=["text", "folder", "other", "newer"],
)
def test_what_is_no_ledger_is_refused_in_one_line_and_left_alone(tmp_path: Path, make: object, said: str) -> None:
    path = tmp_path / "x.db"
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else b""
    ledger = open_ledger(str(path), clock=lambda: NOW)
    for question in (ledger.head, ledger.acts, ledger.verify, lambda: ledger.append(*verdict())):
        with pytest.raises((InputError, LedgerError), match=said):
            question()
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_an_empty_file_is_an_empty_ledger(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "ledger.db"))
    Path(place.target).touch()
    ledger = place.open()
    assert (ledger.head(), ledger.verify().intact) == (EMPTY, True)
    assert ledger.append(*verdict()).seq == 1
    place.close()


def test_a_file_that_is_replaced_while_it_is_open_is_opened_again(file: Place, tmp_path: Path) -> None:
    ledger = file.open()
    ledger.append_all([verdict("f-1"), verdict("f-2")])
    assert len(ledger.acts().verdicts) == 2
    other = Place(str(tmp_path / "restored.db"))
    other.open().append(*verdict("f-9"))
    other.close()
    for name in (file.target, f"{file.target}-wal", f"{file.target}-shm"):
        Path(name).unlink()
    assert ledger.head() == EMPTY
    Path(other.target).rename(file.target)
    assert set(ledger.acts().verdicts) == {"f-9"}


def test_a_ledger_that_somebody_holds_says_so(file: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drifttui.store.ledger_sqlite.BUSY_SECONDS", 0.1)
    file.open().append(*verdict())
    with closing(sqlite3.connect(file.target, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DriftError, match="another process has held it"):
            file.open().append(*verdict())
    assert file.open().append(*verdict()).seq == 2
