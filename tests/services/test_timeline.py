"""What happened: from boards that go by, from a bundle at any moment, from the record of sessions, and as a command."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.core.acts import NOTHING, Acts, LinkRecord
from drifttui.core.board import Board, Depth, Look
from drifttui.core.errors import Unreachable
from drifttui.core.health import Standing
from drifttui.core.inspection import Event, Revision
from drifttui.core.ports import Batch
from drifttui.core.scope import Scope
from drifttui.core.timeline import Entry, Kind, Window
from drifttui.core.unit import Operation
from drifttui.services import live
from drifttui.services.collect import Collector
from drifttui.services.evidence import from_sessions
from drifttui.services.judge import Judgement
from drifttui.services.look import Looker
from drifttui.services.recording import Recorder
from drifttui.services.timeline import HOURS, Story, recorded, story_of, window_around, window_of
from drifttui.store.journal import read_sessions
from tests.conforms import departures

from .fakes import NOW, HandClock, ScriptedSource, health, inspection, unit

WEB = unit("web", sync="OutOfSync")


def at(**span: float) -> datetime:
    return NOW + timedelta(**span)


def look(seconds: float, actual: int | None) -> Look:
    """Replicas 3 in Git; None: nothing differs."""
    found = inspection(WEB, 3, 3 if actual is None else actual, at(seconds=seconds))
    findings, hidden = Judgement()(WEB, found, (), at(seconds=seconds))
    return Look(Depth.READ, findings, found, hidden, found.observed_at)


def board(seconds: float, shown: Look, standing: Standing = Standing.OK, **more: Any) -> Board:
    told = health("argocd:a", standing, error="no route" if standing is Standing.BLIND else "", **more)
    return Board({WEB.id: WEB}, {WEB.id: shown}, {"argocd:a": told}, at(seconds=seconds))


def kinds(entries: tuple[Entry, ...]) -> list[str]:
    return [entry.kind.value for entry in entries]


def test_what_is_over_stays_told() -> None:
    story = Story()
    drifted, settled = look(0, 9), look(60, None)
    story.see(board(1, drifted), at(seconds=1))
    assert kinds(story.entries(board(1, drifted))) == ["drift"]
    story.see(board(61, settled), at(seconds=61))
    first, second = story.entries(board(61, settled))
    assert (first.kind, first.at) == (Kind.DRIFT, NOW)
    assert (second.kind, second.at, second.ref) == (Kind.GONE, at(seconds=60), first.ref)


def test_a_look_that_failed_does_not_say_that_anything_is_over() -> None:
    story = Story()
    drifted = look(0, 9)
    story.see(board(1, drifted), at(seconds=1))
    failed = replace(drifted, depth=Depth.FAILED, findings=(), at=at(seconds=9))
    story.see(board(9, failed), at(seconds=9))
    assert "gone" not in kinds(story.entries(board(9, failed)))


def test_a_source_that_goes_blind_leaves_a_gap_that_ends_when_it_sees_again() -> None:
    story, shown = Story(), look(0, None)
    story.see(board(0, shown), NOW)
    blind = board(30, shown, Standing.BLIND, blind_since=at(seconds=20))
    story.see(blind, at(seconds=30))
    (lasting,) = story.entries(blind)
    assert (lasting.kind, lasting.at, lasting.until) == (Kind.GAP, at(seconds=20), None)
    story.see(board(40, shown), at(seconds=40))
    (over,) = story.entries(board(40, shown))
    assert (over.at, over.until) == (at(seconds=20), at(seconds=40))
    assert over.words == "argocd:a was blind for 20s: no route"


def test_what_was_read_of_a_unit_outlives_its_documents() -> None:
    story = Story()
    shown = look(0, None)
    assert shown.inspection is not None
    told = shown.inspection._replace(
        revisions=(Revision("abc", at(minutes=-5), "carol", "fix", at(minutes=-9), "alice"),),
        events=(Event(at(minutes=-1), "BackOff", "restarting", warning=True),),
    )
    story.see(board(1, replace(shown, inspection=told)), at(seconds=1))
    let_go = replace(shown, inspection=None)
    story.see(board(2, let_go), at(seconds=2))
    assert kinds(story.entries(board(2, let_go))) == ["merge", "sync", "event"]


def test_a_sync_that_runs_or_failed_is_told() -> None:
    failing = WEB._replace(operation=Operation("Failed", at(minutes=-2), at(minutes=-1), "no quota", "alice"))
    shown = Board({WEB.id: failing}, {}, {}, NOW)
    (entry,) = Story().entries(shown)
    assert (entry.at, entry.words, entry.actor) == (at(minutes=-1), "sync failed: no quota", "alice")


def link(opened: datetime, closed: datetime | None = None) -> Acts:
    record = LinkRecord("l1", "INC-7", "incident", opened, "alice", opened=opened, closed=closed)
    return replace(NOTHING, links={"l1": record})


def test_the_time_is_that_of_the_incident_with_a_little_air() -> None:
    window = window_of(link(at(hours=-5)), "INC-7", NOW)
    assert window == Window(at(hours=-5.5), NOW)
    over = window_of(link(at(hours=-5), at(hours=-4)), "INC-7", NOW)
    assert over == Window(at(hours=-5, minutes=-10), at(hours=-4))
    assert window_of(link(at(days=-90)), "INC-7", NOW) == Window(NOW - HOURS, NOW), "nobody looks at three months"
    assert window_of(NOTHING, "", NOW, at(hours=-1)) == Window(at(hours=-1), NOW)


def test_without_an_incident_it_is_what_is_known_of_the_last_hours() -> None:
    entries = [Entry(at(days=-3), Kind.SYNC, "old"), Entry(at(minutes=-50), Kind.DRIFT, "new")]
    assert window_around(Board(), NOW, entries) == Window(at(minutes=-51), NOW)
    assert window_around(Board(), NOW, ()) == Window(at(hours=-3, seconds=-10), NOW)._replace(since=NOW - HOURS)


def test_of_a_bundle_only_what_had_been_told_by_then() -> None:
    from drifttui.commands.demo import prepared

    film = prepared(lambda _: None)
    assert film.since is not None
    assert film.until is not None
    ends = story_of(film, film.until).entries(film.board(film.until, 1))
    gaps = [entry for entry in ends if entry.kind is Kind.GAP]
    assert gaps
    early = gaps[0].at - timedelta(seconds=1)
    before = story_of(film, early).entries(film.board(early, 2))
    assert not [entry for entry in before if entry.kind is Kind.GAP]
    assert all(entry.at <= early for entry in before if entry.kind in (Kind.DRIFT, Kind.GONE))
    within = gaps[0].at + timedelta(seconds=1)
    (lasting,) = [e for e in story_of(film, within).entries(film.board(within, 3)) if e.kind is Kind.GAP][:1]
    assert lasting.until is None, "nobody knew then when it would end"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    for variable in ("KUBECONFIG", "ARGOCD_SERVER", "GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "DRIFTTUI_INCIDENT"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def keep(clock: HandClock) -> None:
    """A session that saw drift come and go, and a source that was blind when it ended."""
    recorder = Recorder(clock)
    recorder.batch(Batch("argocd:a", clock(), units=(WEB,), complete=True, health=health("argocd:a", Standing.OK)))
    recorder.look(WEB.id, look(0, 9))
    clock.forward(seconds=60)
    recorder.look(WEB.id, look(60, None))
    clock.forward(seconds=30)
    blind = health("argocd:a", Standing.BLIND, error="no route", blind_since=clock())
    recorder.batch(Batch("argocd:a", clock(), health=blind))
    clock.forward(seconds=30)
    recorder.batch(Batch("argocd:a", clock(), units=(WEB,)))
    recorder.close()
    written_at(clock())


def written_at(moment: datetime) -> None:
    """The files are as old as what they tell, whenever this test is run."""
    for session in read_sessions():
        for segment in session.segments:
            os.utime(segment, (moment.timestamp(), moment.timestamp()))


def test_what_sessions_kept_is_told_again(home: Path) -> None:
    keep(HandClock())
    told = recorded(from_sessions(read_sessions()).records, NOTHING, Scope())
    assert kinds(told.entries) == ["drift", "gone", "gap"]
    assert told.unseen == ()
    gap = told.entries[-1]
    assert (gap.at, gap.until) == (at(seconds=90), at(seconds=120)), "until the record ends; nobody saw what came after"
    assert recorded(from_sessions(read_sessions()).records, NOTHING, Scope("", frozenset({"x"}))).entries == (gap,)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["timeline", "--json", *words])
    document = json.loads(capsys.readouterr().out)
    assert departures(document, "timeline") == []
    return code, document


def test_the_command_tells_from_the_record_and_that_it_asked_nobody(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(HandClock())
    code, document = run(capsys, "--since", at(hours=-1).isoformat(), "--until", at(hours=1).isoformat())
    assert code == 3, "a source was blind"
    assert [entry["kind"] for entry in document["entries"]] == ["drift", "gone", "gap"]
    assert document["unseen"] == ["no live system is configured: only what was recorded is told"]
    code, document = run(
        capsys, "--recorded", "web", "--since", at(hours=-1).isoformat(), "--until", at(seconds=70).isoformat()
    )
    assert code == 0
    assert [entry["kind"] for entry in document["entries"]] == ["drift", "gone"]
    assert document["unseen"] == []


def test_where_nothing_is_known_it_does_not_say_that_nothing_happened(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = run(capsys)
    assert code == 3
    assert document["entries"] == []
    assert "nothing was recorded on this machine, and no live system was asked" in document["unseen"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--recorded", "nobody"], "No unit nobody"),
        (["--since", "tomorrow"], "tomorrow is no time"),
        (["--since", "1h", "--until", "2h"], "--since lies behind --until"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: list[str], said: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["timeline", *words]) == 1
    assert said in capsys.readouterr().err


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedSource]:
    """A live system with one unit that differs; `live_collector` leads to it."""
    source = ScriptedSource(look=lambda of: inspection(of, 3, 9, NOW))

    def collector(options: argparse.Namespace) -> tuple[Collector, None]:
        clock = HandClock(at(seconds=5))
        looker = Looker([source], Judgement(), clock)
        return Collector([source], looker, clock), None

    monkeypatch.setattr(live, "live_collector", collector)
    yield source


def test_live_systems_are_asked_and_the_record_is_told_with_it(
    home: Path, system: ScriptedSource, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(HandClock())
    system.say(system.batch(WEB, complete=True))
    code, document = run(capsys, "--since", at(hours=-1).isoformat(), "--until", at(hours=1).isoformat())
    assert code == 3
    assert [entry["kind"] for entry in document["entries"]].count("drift") == 2
    assert [entry["kind"] for entry in document["entries"]].count("gone") == 1
    assert document["unseen"] == []


def test_a_unit_that_could_not_be_looked_into_is_said(
    home: Path, system: ScriptedSource, capsys: pytest.CaptureFixture[str]
) -> None:
    system._look = lambda of: Unreachable("no route")
    system.say(system.batch(WEB, complete=True))
    _, document = run(capsys, "--timeout", "5")
    assert document["unseen"] == ["not looked into: web"]


def test_for_people_hostile_words_are_only_words(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = HandClock()
    recorder = Recorder(clock)
    evil = inspection(WEB, 3, 9, NOW)._replace(
        events=(Event(NOW, "Bad\x1b[31m", "x\x1b]0;owned\x07\n" + "y" * 10_000, warning=True),)
    )
    recorder.batch(Batch("argocd:a", NOW, units=(WEB,), complete=True, health=health("argocd:a", Standing.OK)))
    recorder.batch(Batch("argocd:a", NOW, inspection=evil))
    recorder.close()
    written_at(NOW)
    main(["timeline", "--recorded", "--since", at(hours=-1).isoformat(), "--until", at(hours=1).isoformat()])
    shown = capsys.readouterr().out
    assert "Bad" in shown
    assert all(line.isprintable() and len(line) < 600 for line in shown.splitlines())
