"""The record of a session survives whatever ends it, stays within its limit, and says what it lacks."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import UnitId
from drifttui.core.ports import Batch
from drifttui.core.unit import Auto, Unit
from drifttui.store import journal
from drifttui.store.journal import Head, Journal, incidents_of, make_room, read_sessions, records

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
HEAD = Head("20261121T030000Z-1", AT, "drifttui 0.1.0", "INC-1")


def unit(name: str, sync: str = "Synced") -> Unit:
    return Unit(UnitId("argocd", "argocd:a", "argocd", name), sync, "Healthy", Auto.HEALS, "in-cluster", observed_at=AT)


def batch(number: int, *, complete: bool = False) -> Batch:
    at = AT + timedelta(seconds=number)
    return Batch("argocd:a", at, units=(unit(f"app-{number}"),), complete=complete)


def test_what_was_written_is_read_again_in_its_order(tmp_path: Path) -> None:
    kept = Journal(HEAD, folder=tmp_path)
    kept.batch(batch(0, complete=True))
    kept.look({"at": "2026-11-21T03:00:05Z", "unit": "u", "findings": []})
    kept.said({"at": "2026-11-21T03:00:06Z", "kind": "opened"})
    kept.batch(Batch("argocd:a", AT + timedelta(seconds=9), health=SourceHealth("argocd:a", "Argo CD", Standing.BLIND)))
    kept.close()
    (session,) = read_sessions(tmp_path)
    assert (session.head, session.cut) == (HEAD, False)
    found = list(records(session))
    assert [one.seconds for one in found] == [0.0, 5.0, 6.0, 9.0]
    assert found[0].batch is not None
    assert found[0].batch.units[0] == unit("app-0")
    assert found[1].look == {"at": "2026-11-21T03:00:05Z", "unit": "u", "findings": []}
    assert found[3].batch is not None
    assert found[3].batch.health is not None
    assert stat.S_IMODE(session.segments[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(session.segments[0].parent.stat().st_mode) == 0o700


def test_a_killed_process_loses_at_most_the_last_second(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        import sys, time
        from pathlib import Path
        from tests.store.test_journal import HEAD, Journal, batch
        kept = Journal(HEAD, folder=Path({str(tmp_path)!r}))
        for number in range(100000):
            kept.batch(batch(number))
            print(number, time.monotonic(), flush=True)
            time.sleep(0.01)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as child:
        assert child.stdout is not None
        told = []
        for line in child.stdout:
            number, at = line.split()
            told.append((int(number), float(at)))
            if told[-1][1] - told[0][1] > 2.5:
                break
        os.kill(child.pid, signal.SIGKILL)
    (session,) = read_sessions(tmp_path)
    found = [one.batch.units[0].id.name for one in records(session) if one.batch is not None]
    assert found == [f"app-{number}" for number in range(len(found))]
    last = told[-1][1]
    due = max(number for number, at in told if at < last - 2 * journal.FLUSH_EVERY)
    assert len(found) > due


@pytest.mark.parametrize("cut", [1, 10, 40, 200, 1000])
def test_a_segment_cut_anywhere_is_read_up_to_there(cut: int, tmp_path: Path) -> None:
    kept = Journal(HEAD, folder=tmp_path)
    for number in range(300):
        kept.batch(batch(number))
    kept.close()
    (session,) = read_sessions(tmp_path)
    whole = session.segments[0].read_bytes()
    session.segments[0].write_bytes(whole[:-cut])
    found = list(records(session))
    assert [one.seconds for one in found] == [float(number) for number in range(len(found))]


def test_lines_that_are_none_are_told_and_passed_over(tmp_path: Path) -> None:
    import gzip

    kept = Journal(HEAD, folder=tmp_path)
    kept.batch(batch(1))
    kept.close()
    (session,) = read_sessions(tmp_path)
    good = gzip.decompress(session.segments[0].read_bytes())
    session.segments[0].write_bytes(gzip.compress(good + b"\xff\n{}\n[1]\n" + good.splitlines()[1] + b"\n"))
    told: list[str] = []
    assert len([one for one in records(session, told.append) if one.batch]) == 2
    assert len(told) == 3


def test_segments_turn_and_each_begins_with_the_rows_of_its_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "FLUSH_EVERY", 0.02)
    kept = Journal(HEAD, folder=tmp_path, segment=400)
    kept.batch(batch(0, complete=True))
    for number in range(1, 40):
        kept.batch(batch(number))
        if number % 4 == 0:
            __import__("time").sleep(0.06)
    kept.close()
    (session,) = read_sessions(tmp_path)
    assert len(session.segments) > 2
    later = session._replace(segments=session.segments[-1:])
    first = next(one.batch for one in records(later) if one.batch is not None and one.batch.units)
    assert first.complete
    assert len(first.units) > 10


def test_the_oldest_goes_first_and_the_cut_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "s"
    folder.mkdir()
    kept = Journal(HEAD, folder=tmp_path)
    kept.batch(batch(0))
    kept.close()
    (session,) = read_sessions(tmp_path)
    first = session.segments[0]
    second = first.with_name("000002.jsonl.gz")
    second.write_bytes(first.read_bytes())
    os.utime(first, (1, 1))
    assert make_room(tmp_path, second.stat().st_size) == 1
    (left,) = read_sessions(tmp_path)
    assert left.cut
    assert make_room(tmp_path, 0, keep=second) == 0
    assert make_room(tmp_path, 0) == 1
    assert read_sessions(tmp_path) == []


def test_a_disk_that_refuses_ends_the_record_and_nothing_else(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    kept = Journal(HEAD, folder=blocked)
    kept.batch(batch(0))
    kept.close()
    assert kept.problem
    assert "\n" not in kept.problem
    kept.batch(batch(1))
    kept.close()


def test_a_flush_waits_until_what_was_given_can_be_read(tmp_path: Path) -> None:
    """By another reader, while the session goes on."""
    kept = Journal(HEAD, folder=tmp_path, monotonic=lambda: 0.0)
    for number in range(200):
        kept.batch(batch(number))
    assert kept.flush()
    (session,) = read_sessions(tmp_path)
    assert len(list(records(session))) == 200
    kept.batch(batch(200))
    assert kept.flush()
    assert len(list(records(session))) == 201
    kept.close()
    assert len(list(records(session))) == 201


def test_a_flush_to_a_disk_that_refuses_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Journal(HEAD, folder=tmp_path / "file")
    kept.batch(batch(0))
    assert not kept.flush()
    assert kept.problem


def test_an_incident_that_was_set_on_the_way_is_found(tmp_path: Path) -> None:
    kept = Journal(HEAD, folder=tmp_path)
    kept.said({"at": "2026-11-21T03:00:06Z", "kind": "incident", "incident": "INC-2"})
    kept.close()
    (session,) = read_sessions(tmp_path)
    assert incidents_of(session) == {"INC-1", "INC-2"}
