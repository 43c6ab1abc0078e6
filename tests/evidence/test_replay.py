"""A replay shows what was known at a moment, in any order of asking, and never what came later."""

from __future__ import annotations

import json
import tarfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.core.acts import NOTHING
from drifttui.core.board import Mode
from drifttui.core.errors import BundleError
from drifttui.core.health import Freshness
from drifttui.core.ledger import EventKind, Head
from drifttui.core.scope import Scope
from drifttui.services.evidence import from_sessions
from drifttui.services.export import Export, Wish
from drifttui.services.opened import Opened, open_evidence
from drifttui.services.replay import Film, film
from drifttui.services.replay_feed import ReplayFeed
from drifttui.store.journal import read_sessions
from drifttui.store.ledger import open_ledger

from . import bundles, sessions


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    sessions.incident(folder / "sessions")
    now = [sessions.minute(2.5)]
    ledger = open_ledger(folder / "ledger.db", clock=lambda: now[0], actor="alice@laptop")
    unit = str(sessions.unit_id("payments"))
    ledger.append(EventKind.NOTE, {"unit": unit, "text": "called carol"})
    events = list(ledger.events())
    ledger.close()
    with Export(Wish(Scope("INC-1"), b"k" * 32)) as export:
        preview = export.gather(from_sessions(read_sessions(folder / "sessions")), events)
        return export.write(preview, folder / "b.tar.gz").path


@pytest.fixture(scope="module")
def played(bundle: Path) -> Film:
    with open_evidence(bundle) as opened:
        return film(opened)


def test_each_moment_is_as_it_was_then(played: Film) -> None:
    ids = {at: sorted(f.id for f in played.board(sessions.minute(at), 1).findings) for at in (0, 1, 2, 5, 6)}
    both = ["f-checkout", "f-payments"]
    assert ids == {0: [], 1: ["f-payments"], 2: both, 5: both, 6: ["f-checkout"]}
    board = played.board(sessions.minute(1.5), 1)
    (finding,) = board.findings
    assert finding.verdict is not None
    assert (finding.verdict.drift_class, finding.verdict.risk) == ("unauthorized", "critical")  # as recorded then
    assert (board.mode, board.read_only, board.incident) == (Mode.REPLAY, True, "INC-1")


def test_asking_backwards_gives_the_same_as_forwards(played: Film, bundle: Path) -> None:
    moments = [sessions.minute(number / 4) for number in range(30)]

    def seen(of: Film, at: datetime) -> Any:
        board = of.board(at, 1)
        return (
            dict(board.units),
            {key: look.findings for key, look in board.looks.items()},
            board.sources,
            board.acts.head,
        )

    forwards = [seen(played, at) for at in moments]
    backwards = [seen(played, at) for at in reversed(moments)]
    assert forwards == backwards[::-1]


def test_a_source_that_was_blind_then_is_blind_then_and_fresh_again_after(played: Film) -> None:
    def freshness(at: float) -> Freshness:
        board = played.board(sessions.minute(at), 1)
        return board.freshness(board.units[sessions.unit_id("docs")], sessions.minute(at))

    assert [freshness(at) for at in (0, 3.5, 4.5, 30)] == [
        Freshness.FRESH, Freshness.BLIND, Freshness.FRESH, Freshness.STALE
    ]  # fmt: skip


def test_what_was_done_later_is_not_known_before(played: Film) -> None:
    assert played.board(sessions.minute(2), 1).acts == NOTHING
    later = played.board(sessions.minute(3), 1).acts
    assert [entry.words for entry in later.history] == ["note: called carol"]


def test_steps_and_jumps_go_to_what_happened(played: Film) -> None:
    assert played.next_frame(sessions.minute(2.1)) == sessions.minute(2.5)
    assert played.previous_frame(sessions.minute(2.5)) == sessions.minute(2)
    kinds = [mark.kind for mark in played.marks]
    assert kinds == ["drift", "drift", "act", "gap", "gone"]
    mark = played.next_mark(sessions.minute(2))
    assert mark is not None
    assert mark.at > sessions.minute(2)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def ready(played: Film, **how: Any) -> tuple[ReplayFeed, Clock]:
    clock = Clock()
    feed = ReplayFeed(lambda progress: played, monotonic=clock, **how)
    feed._read()
    return feed, clock


def test_it_plays_at_its_rate_and_stops_at_the_end(played: Film) -> None:
    feed, clock = ready(played)
    board = feed.drain()
    assert board is not None
    assert board.at == played.since
    assert feed.drain() is None
    clock.seconds += 0.3
    assert feed.drain() is None  # nothing happened, and ages need not move so often
    clock.seconds += 0.3
    assert feed.drain() is not None
    feed.faster(+3)
    assert feed.rate == 8.0
    clock.seconds += 10
    assert feed.now() - sessions.AT == timedelta(seconds=80.6)
    clock.seconds += 10_000
    assert (feed.now(), feed.playing) == (played.until, False)
    feed.toggle()
    assert (feed.now(), feed.playing) == (played.since, True)


def test_stepping_stops_it_and_jumping_does_not(played: Film) -> None:
    feed, clock = ready(played)
    feed.step(+1)
    assert not feed.playing
    clock.seconds += 60
    at = feed.now()
    feed.jump(+1)
    assert feed.now() > at
    feed.seek(sessions.minute(-90))
    assert feed.now() == played.since
    feed.seek(sessions.minute(90))
    assert feed.now() == played.until
    board = feed.drain()
    assert board is not None
    assert board.at == played.until


def test_what_cannot_be_opened_ends_the_session_in_one_line(tmp_path: Path) -> None:
    path = bundles.write(tmp_path / "b.tar.gz", bundles.parts() | {"report.md": b"changed"})

    def prepare(progress: object) -> Film:
        with open_evidence(path) as opened:
            return film(opened)

    feed = ReplayFeed(prepare)
    first = feed.drain()
    assert first is not None
    assert not first.units
    feed._read()
    with pytest.raises(BundleError, match=r"report\.md"):
        feed.drain()


def repacked(bundle: Path, target: Path, name: str, change: Any) -> Path:
    """The bundle with one of its files changed, and a manifest that agrees."""
    with tarfile.open(bundle) as tar:
        files = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    old = json.loads(files.pop("manifest.json"))
    files[name] = change(files[name])
    manifest = bundles.manifest(files)._replace(ledger=Head(**old["ledger"]))
    return bundles.write(target, {"manifest.json": manifest.encoded(), **dict(sorted(files.items()))})


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("units.jsonl", lambda text: text + b"{}\n", "units.jsonl is damaged: line"),
        ("units.jsonl", lambda text: text + b"\xff\n", "units.jsonl is damaged: line"),
        ("verdicts.jsonl", lambda text: text + b'{"at":1,"at":2}\n', "verdicts.jsonl is damaged: line"),
        ("findings.jsonl", lambda text: text + b"[" * 9000 + b"\n", "findings.jsonl is damaged: line"),
        ("timeline.jsonl", lambda text: text + b"[1]\n", "timeline.jsonl is damaged: line"),
        ("record.json", lambda text: text + b"}", "record.json is damaged"),
    ],
)
def test_damaged_lines_are_named(name: str, change: Any, words: str, bundle: Path, tmp_path: Path) -> None:
    path = repacked(bundle, tmp_path / "b.tar.gz", name, change)
    with open_evidence(path) as opened, pytest.raises(BundleError) as caught:
        film(opened)
    assert words in str(caught.value)


def test_the_folder_of_an_opened_bundle_goes(bundle: Path) -> None:
    with open_evidence(bundle) as opened:
        assert isinstance(opened, Opened)
        folder = opened.folder
        assert (folder / "report.html").exists()
    assert not folder.exists()
