"""What an operator may rely on while sources come, go, lie and fall silent."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from drifttui.core.acts import NOTHING
from drifttui.core.board import Depth, Look
from drifttui.core.errors import InputError, Unreachable
from drifttui.core.finding import Finding
from drifttui.core.health import Freshness, Standing
from drifttui.core.inspection import Inspection
from drifttui.core.ledger import EventKind
from drifttui.core.unit import Unit
from drifttui.services.collect import Collector
from drifttui.services.due import Due
from drifttui.services.judge import Judgement
from drifttui.services.look import Looker
from drifttui.store.ledger import Ledger, open_ledger
from drifttui.store.rows import RowCache

from .fakes import NOW, HandClock, ScriptedSource, board_where, inspection, unit

Started = list[Collector]


@pytest.fixture
def started() -> Iterator[Started]:
    collectors: Started = []
    yield collectors
    for collector in collectors:
        collector.stop()


def collect(
    started: Started, sources: Sequence[ScriptedSource], clock: HandClock | None = None, cache: RowCache | None = None
) -> Collector:
    clock = clock or HandClock()
    collector = Collector(sources, Looker(sources, Judgement(), clock), clock, cache=cache)
    collector.start()
    started.append(collector)
    return collector


def drifted(of: Unit) -> Inspection:
    return inspection(of, desired=3, actual=9)


def test_what_differs_is_looked_into_without_being_asked(started: Started) -> None:
    source = ScriptedSource(look=drifted)
    source.say(source.batch(unit("web", sync="OutOfSync"), unit("calm"), complete=True))
    board = board_where(collect(started, [source]), lambda b: any(b.findings))
    (finding,) = board.findings
    assert [change.path for change in finding.changes] == ["/spec/replicas"]
    assert source.looked == ["web"], "a synced unit costs the server nothing"


def test_a_blind_source_keeps_the_rows_already_read_and_they_go_stale(started: Started) -> None:
    source = ScriptedSource()
    collector = collect(started, [source])
    source.say(source.batch(unit("web"), complete=True))
    board_where(collector, lambda b: len(b.units) == 1)
    source.say(source.batch(standing=Standing.BLIND))
    board = board_where(collector, lambda b: bool(b.blind))
    (row,) = board.units.values()
    assert board.freshness(row, collector.now()) is Freshness.BLIND
    assert board.risk(row, collector.now()) == "unknown"


def test_a_complete_list_removes_what_it_lacks_and_nothing_of_other_sources(started: Started) -> None:
    one, other = ScriptedSource("argocd:a"), ScriptedSource("argocd:b")
    collector = collect(started, [one, other])
    one.say(one.batch(unit("web"), unit("api"), complete=True))
    other.say(other.batch(unit("web", "argocd:b"), complete=True))
    board_where(collector, lambda b: len(b.units) == 3)
    one.say(one.batch(unit("web"), complete=True))
    board = board_where(collector, lambda b: len(b.units) == 2)
    assert {key.source for key in board.units} == {"argocd:a", "argocd:b"}


def test_a_failed_look_keeps_earlier_findings_and_says_why(started: Started) -> None:
    answers: list[Inspection | Exception] = [
        drifted(unit("web", sync="OutOfSync")),
        Unreachable("argocd:a", "it hung up"),
    ]
    source = ScriptedSource(look=lambda of: answers.pop(0) if len(answers) > 1 else answers[0])
    collector = collect(started, [source])
    source.say(source.batch(unit("web", sync="OutOfSync"), complete=True))
    board = board_where(collector, lambda b: any(b.findings))
    (key,) = board.units
    collector.refresh(key)
    board = board_where(collector, lambda b: b.look(key).depth is Depth.FAILED)
    assert len(board.look(key).findings) == 1
    assert "it hung up" in board.look(key).error


def test_the_same_drift_keeps_its_id_and_its_beginning(started: Started) -> None:
    clock = HandClock()
    source = ScriptedSource(look=lambda of: inspection(of, 3, 9, clock()))
    collector = collect(started, [source], clock)
    source.say(source.batch(unit("web", sync="OutOfSync"), complete=True))
    board = board_where(collector, lambda b: any(b.findings))
    before: Finding = board.findings[0]
    clock.forward(minutes=7)
    collector.refresh(before.unit)
    board = board_where(collector, lambda b: any(f.last_seen == clock() for f in b.findings))
    assert board.findings[0].id == before.id
    assert board.findings[0].first_seen == before.first_seen


def test_drift_that_was_undone_closes_its_finding(started: Started) -> None:
    actual = [9]
    source = ScriptedSource(look=lambda of: inspection(of, 3, actual[0]))
    collector = collect(started, [source])
    source.say(source.batch(unit("web", sync="OutOfSync"), complete=True))
    board_where(collector, lambda b: any(b.findings))
    actual[0] = 3
    source.say(source.batch(unit("web", sync="Synced", version="2")))
    board = board_where(collector, lambda b: bool(b.units) and not b.findings and len(source.looked) == 2)
    assert board.look(next(iter(board.units))).depth is Depth.READ


def test_rows_of_the_last_session_are_there_at_once_and_stale(started: Started, tmp_path: Path) -> None:
    cache = RowCache(["argocd:a"], tmp_path / "cache")
    assert cache.save([unit("web"), unit("api")])
    collector = collect(started, [ScriptedSource()], cache=cache)
    board = collector.drain()
    assert board is not None
    assert len(board.units) == 2
    assert {board.freshness(row, collector.now()) for row in board.units.values()} == {Freshness.STALE}


def test_a_bug_in_the_thread_is_loud(started: Started) -> None:
    source = ScriptedSource()
    collector = collect(started, [source])
    source.say(KeyError("a bug"))
    with pytest.raises(KeyError):
        board_where(collector, lambda b: False)


def test_a_source_that_never_answers_does_not_hold_up_the_others(started: Started) -> None:
    silent, talking = ScriptedSource("argocd:silent"), ScriptedSource("argocd:a")
    collector = collect(started, [silent, talking])
    talking.say(talking.batch(unit("web"), complete=True))
    assert len(board_where(collector, lambda b: len(b.units) == 1).units) == 1


def test_stopping_closes_every_source(started: Started) -> None:
    source = ScriptedSource()
    collector = collect(started, [source])
    source.say(source.batch(unit("web"), complete=True))
    board_where(collector, lambda b: len(b.units) == 1)
    collector.stop()
    assert source.closed


def test_news_about_synced_units_costs_the_server_nothing(started: Started) -> None:
    """A stream on a busy day tells thousands of changes; each look into one is six requests."""
    source = ScriptedSource(look=drifted)
    calm, bad = unit("calm"), unit("web", sync="OutOfSync")
    collector = collect(started, [source])
    source.say(source.batch(calm, bad, complete=True))
    board_where(collector, lambda b: any(b.findings))
    for version in ("2", "3"):
        news = calm._replace(version=version), bad._replace(version=version)
        source.say(source.batch(*news, touched=(calm.id, bad.id)))
        told = bad._replace(version=version)
        board_where(collector, lambda b, told=told: b.units.get(bad.id) == told and collector.settled)  # type: ignore[misc]
    assert source.looked == ["web", "web", "web"]


def test_rows_are_there_before_the_sources_are_and_strangers_leave(started: Started, tmp_path: Path) -> None:
    """Making sources takes longer than the first frame, so that it happens behind it."""
    cache = RowCache(["argocd:a"], tmp_path / "cache")
    assert cache.save([unit("web"), unit("old", "argocd:gone")])
    clock, may_go_on = HandClock(), threading.Event()
    source = ScriptedSource()

    def prepare() -> tuple[Sequence[ScriptedSource], Looker]:
        may_go_on.wait(10)
        return [source], Looker([source], Judgement(), clock)

    collector = Collector((), None, clock, prepare=prepare, cache=cache)
    started.append(collector)
    collector.start()
    first = collector.drain()
    assert first is not None
    assert {row.id.name for row in first.units.values()} == {"web", "old"}
    assert {first.freshness(row, clock()) for row in first.units.values()} == {Freshness.STALE}
    assert not collector.settled
    collector.open(unit("web").id)
    may_go_on.set()
    board = board_where(collector, lambda b: b.look(unit("web").id).depth is Depth.READ)
    assert {row.id.name for row in board.units.values()} == {"web"}


def test_a_session_without_anything_to_read_says_so(started: Started) -> None:
    def prepare() -> tuple[Sequence[ScriptedSource], Looker]:
        raise InputError("Nothing to read", "no Argo CD server", "Give --argocd-server.")

    collector = Collector((), None, HandClock(), prepare=prepare)
    started.append(collector)
    collector.start()
    with pytest.raises(InputError, match="Nothing to read"):
        board_where(collector, lambda b: False)


def remembered(started: Started, path: Path, source: ScriptedSource) -> Collector:
    collector = Collector(
        [source],
        Looker([source], Judgement(), HandClock()),
        HandClock(),
        ledger=lambda: open_ledger(str(path), clock=HandClock(), create=False),
    )
    collector.start()
    started.append(collector)
    return collector


def test_what_another_process_records_is_on_the_board(started: Started, tmp_path: Path) -> None:
    """No ledger is there at first, and none is made by looking."""
    path, source = tmp_path / "ledger.db", ScriptedSource()
    source.say(source.batch(unit("web"), complete=True))
    collector = remembered(started, path, source)
    board = board_where(collector, lambda b: len(b.units) == 1)
    assert board.acts is NOTHING
    assert not path.exists()
    with closing(open_ledger(str(path), clock=HandClock(), actor="bob@desk")) as other:
        other.append(EventKind.NOTE, {"text": "first"})
        collector.reread_acts()
        board_where(collector, lambda b: b.acts.head.seq == 1)
        other.append(EventKind.NOTE, {"text": "second"})
        collector.reread_acts()
        board = board_where(collector, lambda b: b.acts.head.seq == 2)
        assert [line.words for line in board.acts.history] == ["note: second", "note: first"]


def test_a_ledger_that_cannot_be_read_is_a_blind_source_and_what_was_known_stays(
    started: Started, tmp_path: Path
) -> None:
    path, source = tmp_path / "ledger.db", ScriptedSource()
    with closing(open_ledger(str(path), clock=HandClock(), actor="bob@desk")) as other:
        other.append(EventKind.NOTE, {"text": "known"})
    source.say(source.batch(unit("web"), complete=True))
    collector = remembered(started, path, source)
    board_where(collector, lambda b: b.acts.head.seq == 1)
    kept = path.rename(tmp_path / "kept.db")
    path.write_bytes(b"not a database" * 1000)
    collector.reread_acts()
    board = board_where(collector, lambda b: "ledger" in b.sources)
    assert (board.acts.head.seq, board.sources["ledger"].standing) == (1, Standing.BLIND)
    assert "cannot be read" in board.sources["ledger"].error
    kept.rename(path)
    collector.reread_acts()
    board = board_where(collector, lambda b: bool(b.sources) and "ledger" not in b.sources)
    assert board.acts.head.seq == 1


def test_a_bug_in_the_ledger_is_loud(started: Started) -> None:
    def broken() -> Ledger:
        raise AssertionError("a bug")

    source = ScriptedSource()
    collector = Collector([source], Looker([source], Judgement(), HandClock()), HandClock(), ledger=broken)
    collector.start()
    started.append(collector)
    with pytest.raises(AssertionError, match="a bug"):
        board_where(collector, lambda b: False)


def test_what_was_read_may_be_old_and_is_not_read_again_for_that() -> None:
    """A plan of a stack that was made yesterday is still the newest there is."""
    due, stale = Due(), unit("web", sync="OutOfSync")
    found = Judgement()(stale, inspection(stale, 3, 9), (), NOW)[0]
    look = Look(Depth.READ, found, at=NOW - timedelta(days=1))
    taken = []
    for second in range(0, 130, 10):
        now = NOW + timedelta(seconds=second)
        if due.next({stale.id: stale}, {stale.id: look}, None, now, lambda _: True) is not None:
            taken.append(second)
            due.looked(stale.id)
    assert taken == [0, 60, 120]
