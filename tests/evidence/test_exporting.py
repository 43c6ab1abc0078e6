"""Exports in a thread: cancelled at any moment they leave nothing, and a bug in them is told where it was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drifttui.core.asks import Answer
from drifttui.core.closeout import How
from drifttui.core.evidence_asks import Decision, Order, Previewed, Reviewed, Subject, Written
from drifttui.services import export as exports
from drifttui.services.exporting import LiveEvidence

from . import recorded, sessions


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return recorded.home(tmp_path, monkeypatch)


@pytest.fixture
def live(home: Path) -> Iterator[LiveEvidence]:
    found = recorded.evidence()
    yield found
    found.stop()


def answered(live: LiveEvidence, told: list[Any], count: int = 1) -> Any:
    end = time.monotonic() + 20
    while len(told) < count:
        assert time.monotonic() < end, "no answer"
        live.drain()
        time.sleep(0.01)
    return told[-1]


def previewed(live: LiveEvidence, subject: Subject = Subject("INC-1")) -> Previewed:  # noqa: B008
    told: list[Previewed] = []
    live.preview(subject, told.append)
    found: Previewed = answered(live, told)
    return found


def idle(live: LiveEvidence) -> None:
    """Everything that was asked before is over."""
    told: list[Reviewed] = []
    live.review("INC-1", told.append)
    answered(live, told)


def test_what_was_shown_is_what_is_written(live: LiveEvidence, home: Path) -> None:
    """Also when something was recorded meanwhile."""
    shown = previewed(live)
    assert (shown.problem, shown.units, shown.lacks) == ("", 2, ())
    play = sessions.Play(home / "data" / "drifttui" / "sessions" / "later", "INC-1")
    play.rows(30, ["payments"])
    play.close()
    told: list[Written] = []
    live.export(Order(str(home)), told.append)
    written: Written = answered(live, told)
    assert Path(written.place).name == shown.name
    assert written.size == Path(written.place).stat().st_size
    assert (home / shown.name).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("phase", ["reading", "rendering"])
def test_a_preview_that_is_cancelled_is_never_answered(
    live: LiveEvidence, home: Path, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Previewed] = []
    over = threading.Event()
    tell = live.tell

    def cancelling(now: str, count: int) -> None:
        tell(now, count)
        if now == phase and not over.is_set():
            live.cancel()
            over.set()

    monkeypatch.setattr(live, "tell", cancelling)
    live.preview(Subject("INC-1"), told.append)
    assert over.wait(20)
    idle(live)
    assert told == []
    assert list((home / "tmp").iterdir()) == []


def test_an_export_that_is_cancelled_leaves_nothing(live: LiveEvidence, home: Path) -> None:
    assert previewed(live).problem == ""
    out = home / "out"
    out.mkdir()
    told: list[Written] = []
    tell = live.tell
    seen: list[str] = []
    over = threading.Event()

    def cancelling(now: str, count: int) -> None:
        tell(now, count)
        seen.append(now)
        if len(seen) == 4:
            live.cancel()
            over.set()

    assert live._export is not None
    live._export._progress = cancelling
    live.export(Order(str(out)), told.append)
    assert over.wait(20)
    idle(live)
    assert len(seen) >= 4
    assert told == []
    assert list(out.iterdir()) == []
    assert list((home / "tmp").iterdir()) == []


def test_a_disk_that_refuses_and_a_bug_are_answers(
    live: LiveEvidence, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert previewed(live).problem == ""
    told: list[Written] = []
    live.export(Order(str(home / "no" / "such" / "folder.tar.gz")), told.append)
    assert "Cannot write" in answered(live, told).problem

    def broken(*_: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(exports.Export, "write", broken)
    live.export(Order(str(home / "b.tar.gz")), told.append)
    assert answered(live, told, 2).problem == "This went wrong inside drifttui: RuntimeError. Nothing was written."


def test_leaving_takes_the_private_folder_away(home: Path) -> None:
    live = recorded.evidence()
    previewed(live)
    assert list((home / "tmp").iterdir()) != []
    live.stop()
    assert list((home / "tmp").iterdir()) == []


def test_a_session_that_is_recorded_right_now_is_in_the_export(home: Path) -> None:
    """What was told is flushed before it is read."""
    play = sessions.Play(home / "data" / "drifttui" / "sessions", "INC-7")
    flushed = []

    def flush() -> bool:
        flushed.append(True)
        return play.recorder.flush()

    live = LiveEvidence(recorded.evidence()._settings, lambda: recorded.NOW, flush)
    play.rows(20, ["payments"])
    play.look(21, "payments", sessions.finding("payments"))
    shown = previewed(live, Subject("INC-7"))
    assert flushed
    assert {file.name: file.lines for file in shown.files}["findings.jsonl"] == 1
    assert shown.until == sessions.minute(21)
    live.stop()
    play.close()


def test_read_only_records_no_decision(home: Path) -> None:
    from drifttui.clients.access import Access

    live = recorded.evidence(access=Access.READ_ONLY)
    told: list[Answer] = []
    live.settle("INC-1", Decision(("f-checkout",), How.HANDED_OVER, "team"), told.append)
    assert answered(live, told).failed
    live.close_out("INC-1", told.append)
    assert "Refused by --read-only" in answered(live, told, 2).words
    assert not (home / "data" / "drifttui" / "ledger.db").exists()
    live.stop()
