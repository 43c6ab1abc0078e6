"""Who undid what differs no more: by a real log on the disk, by the engine's word, by Git, or unknown and why."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.git_settings import GitSettings
from drifttui.core.acts import NOTHING
from drifttui.core.ages import Times
from drifttui.core.audit_question import AuditAnswer, Unseen, Why
from drifttui.core.board import Board, Depth, Look
from drifttui.core.bundle_models import FindingLine
from drifttui.core.errors import Unreachable
from drifttui.core.finding import Finding
from drifttui.core.inspection import Inspection, Revision
from drifttui.core.ports import Batch
from drifttui.core.scope import Scope
from drifttui.core.timeline import Kind
from drifttui.core.undone import Undone, undone_words
from drifttui.core.unit import Operation, Unit
from drifttui.services.asking import with_who
from drifttui.services.attribution import Attribution
from drifttui.services.closing import review
from drifttui.services.collect import Collector
from drifttui.services.evidence import from_sessions
from drifttui.services.evidence_lines import FindingLog
from drifttui.services.history import History
from drifttui.services.judge import Judgement
from drifttui.services.look import Looker
from drifttui.services.recording import Recorder, look_body
from drifttui.services.timeline import Story
from drifttui.services.undoing import Undoing
from drifttui.sources.git.local import LocalGit
from drifttui.store.journal import read_sessions
from drifttui.store.wire import batch_in, batch_out
from drifttui.widgets.history_lines import history_lines
from tests.core.audit_events import ALICE, ARGOCD, BOB, REPLICAS_FIELD, deployment, event, owned
from tests.sources.git_repository import repository

from .fakes import NOW, HandClock, ScriptedSource, board_where, inspection, unit
from .test_attribution import Scripted, log, source

WEB = unit("web", sync="OutOfSync")
LATER = NOW + timedelta(minutes=3)


def looked(actual: int, at: datetime, *owners: tuple[str, str, float], desired: int = 3) -> Inspection:
    found = inspection(WEB, desired, actual, at=at)
    (planes,) = found.resources
    assert planes.actual is not None
    assert planes.actual.document is not None
    live = owned(planes.actual.document, *((name, sub, second, REPLICAS_FIELD) for name, sub, second in owners))
    return found._replace(resources=(planes._replace(actual=planes.actual._replace(document=live)),))


def wrote(by: str, replicas: int, at: float, **more: Any) -> dict[str, Any]:
    """One call on the scale, or an apply of the whole object by the engine, with the server's answer."""
    if by == ARGOCD:
        answer = deployment(replicas, version=100 + int(at))
        return event(by, at=at, manager="argocd-controller", body={"spec": {"replicas": replicas}}, answer=answer,
                     id=f"wrote-{at:.0f}", agent="argocd-application-controller/v3.5.3", **more)  # fmt: skip
    return event(by, at=at, sub="scale", body={"spec": {"replicas": replicas}}, id=f"wrote-{at:.0f}", **more)


def drift() -> Inspection:
    return looked(9, NOW + timedelta(minutes=1), ("kubectl", "scale", 5))


def played(
    after: Inspection, attribution: Attribution | None = None, history: History | None = None, of: Unit = WEB
) -> tuple[Looker, Look]:
    """A look that finds the drift, one that does not any more, and what was asked in between and then."""
    clock = HandClock(LATER)
    judgement = Judgement(who=attribution.known if attribution else None, merges=history.known if history else None)
    looker = Looker([], judgement, clock, attribution, history, lambda: Undoing(attribution, history, clock))
    first = looker.judge(of, drift(), None)
    clusters = frozenset((of.cluster,))
    if attribution is not None:
        asyncio.run(attribution.ask(of, first, clusters))
        first = looker.judge(of, drift(), first)
    assert first.undone == ()
    second = looker.judge(of, after, first)
    assert looker.undoing is not None
    if looker.undoing.due(of.id, second):
        asyncio.run(looker.undoing.ask(of, second, clusters))
        second = looker.judge(of, after, second)
    return looker, second


def only(look: Look) -> Undone:
    (found,) = look.undone
    return found


def by_log(path: Path, after: Inspection, *events: dict[str, Any], of: Unit = WEB) -> Undone:
    made = Attribution([source(log(path / "audit.log", *events))], lambda: LATER)
    return only(played(after, made, of=of)[1])


def test_whoever_wrote_the_field_back_is_named_and_not_who_drifted_it(tmp_path: Path) -> None:
    after = looked(3, LATER, ("kubectl", "scale", 65))
    confusers = [wrote(BOB, 3, 61, dry_run=True), wrote(BOB, 3, 62, code=403)]
    found = by_log(tmp_path, after, wrote(ALICE, 9, 5), *confusers, wrote(BOB, 3, 65), wrote(ALICE, 8, 500))
    assert (found.how, found.path, found.pending) == ("reverted", "write", False)
    assert found.line is not None
    assert (found.line.actor.name, found.line.via, found.line.event_ids) == (BOB, "kubectl scale", ("wrote-65",))
    assert found.line.confidence >= 0.9
    assert found.line.reasons
    assert (
        undone_words(found) == "put back by bob@example.com (kubectl scale) at 2026-11-21 03:01:05Z, certain (wrote-65)"
    )


def sync(at: float, user: str) -> dict[str, Any]:
    target = {"resource": "applications", "apiGroup": "argoproj.io", "apiVersion": "v1alpha1", "namespace": "argocd"}
    started = {
        "operation": {"initiatedBy": {"username": user} if user else {"automated": True}, "sync": {"revision": "abc"}}
    }
    return event(user or ARGOCD, at=at, body=started, id="asked", target={**target, "name": "web"})


@pytest.mark.parametrize(("user", "name"), [("dave@example.com", "dave@example.com"), ("", ARGOCD)])
def test_a_sync_is_followed_to_the_one_who_asked_for_it(user: str, name: str, tmp_path: Path) -> None:
    after = looked(3, LATER, ("argocd-controller", "", 66))
    found = by_log(tmp_path, after, wrote(ALICE, 9, 5), sync(64, user), wrote(ARGOCD, 3, 66))
    assert (found.path, found.line.actor.name if found.line else "") == ("sync", name)
    assert found.line is not None
    assert found.line.via == "Argo CD sync"
    assert set(found.line.event_ids) == {"wrote-66", "asked"}


def test_without_a_log_the_engines_own_word_names_who_started_the_sync() -> None:
    done = Operation(
        "Succeeded", NOW + timedelta(seconds=64), NOW + timedelta(seconds=67), "", "dave", False, "abc1234"
    )
    after = looked(3, LATER, ("argocd-controller", "", 66))
    found = only(played(after, of=WEB._replace(operation=done))[1])
    assert found.line is not None
    assert (found.path, found.line.actor.name, found.line.event_ids) == ("sync", "dave", ("abc1234",))
    assert found.line.confidence == 0.75
    elsewhere = looked(3, LATER, ("kubectl", "scale", 66))
    found = only(played(elsewhere, of=WEB._replace(operation=done))[1])
    assert not found.named, "somebody's kubectl holds the field: the sync did not put it back"
    assert undone_words(found).startswith("put back by kubectl scale, who undid it is unknown, because ")


def test_a_sync_that_lies_before_the_drift_undid_nothing() -> None:
    done = Operation("Succeeded", NOW, NOW + timedelta(seconds=1), "", "dave", False, "abc1234")
    bare = looked(3, LATER)
    found = only(played(bare, of=WEB._replace(operation=done))[1])
    assert (found.path, found.line) == ("", None)
    assert "unknown, because no audit log is read" in undone_words(found)


def test_a_log_that_cannot_be_read_says_why_and_is_asked_again() -> None:
    after = looked(3, LATER, ("kubectl", "scale", 65))
    scripted = Scripted(Unreachable("no route", "10.0.0.1"))
    attribution = Attribution([scripted], lambda: LATER)
    looker, look = played(after, attribution)
    found = only(look)
    assert not found.named
    assert "no route" in undone_words(found)
    assert looker.undoing is not None
    assert looker.undoing.waits(WEB.id)
    assert looker.undoing.due(WEB.id, look) == []


def test_an_event_that_may_still_arrive_is_asked_for_again() -> None:
    after = looked(3, LATER, ("kubectl", "scale", 65))
    late = Unseen(Why.LATE, "lines are shipped in batches: the newest calls may still arrive")
    attribution = Attribution([Scripted(AuditAnswer("scripted", unseen=(late,)))], lambda: LATER)
    looker, look = played(after, attribution)
    assert "may still arrive" in " ".join(only(look).unseen)
    assert looker.undoing is not None
    assert looker.undoing.waits(WEB.id)
    looker.undoing._clock = lambda: LATER + timedelta(minutes=21)
    assert not looker.undoing.waits(WEB.id), "after twenty minutes it is taken not to come"


def test_what_is_declared_moved_by_a_commit(tmp_path: Path) -> None:
    made, shas = repository(tmp_path / "shop")
    made.write(
        "apps/web/base/deployment.yaml",
        (made.folder / "apps/web/base/deployment.yaml").read_text().replace("replicas: 3", "replicas: 9"),
    )
    sha = made.commit("nine it is (#900)", "Erin")
    at = datetime.fromisoformat("2026-11-21T08:30:00Z")
    clock = HandClock(at)
    history = History([LocalGit(GitSettings(clone=made.folder), clock, b"k" * 32)], clock)
    of = WEB._replace(
        repo="https://git.example.com/team/shop.git",
        path="apps/web/prod",
        revision=sha,
        tracks="main",
        namespace="prod",
    )
    found = only(played(looked(9, at, ("kubectl", "scale", 5), desired=9), None, history, of)[1])
    assert (found.how, found.path) == ("codified", "merge")
    assert found.line is not None
    assert (found.line.actor.name, found.line.via, found.line.event_ids) == ("Erin", "merge #900", (sha,))
    assert undone_words(found).startswith("brought into what is declared by Erin (merge #900) at 2026-11-21 08:0")
    assert shas["scaled"] != sha


def test_without_git_the_new_revision_names_its_author_less_surely() -> None:
    after = looked(9, LATER, ("kubectl", "scale", 5), desired=9)
    after = after._replace(revisions=(Revision("def5678", None, "Erin", "nine", LATER),))
    before = drift()
    stamp = before.resources[0].desired
    assert stamp is not None
    clock = HandClock(LATER)
    looker = Looker([], Judgement(), clock, undoing=lambda: Undoing(None, None, clock))
    first = looker.judge(
        WEB,
        before._replace(resources=(before.resources[0]._replace(desired=stamp._replace(revision="abc1234")),)),
        None,
    )
    found = only(looker.judge(WEB, after, first))
    assert found.line is not None
    assert (found.line.actor.name, found.line.confidence, found.path) == ("Erin", 0.5, "merge")


def test_an_object_that_was_deleted_and_one_that_was_made(tmp_path: Path) -> None:
    """Drift: somebody deleted it. Undone: somebody made it again."""
    before = drift()
    (planes,) = before.resources
    gone = before._replace(
        resources=(planes._replace(actual=planes.actual._replace(document=None) if planes.actual else None),)
    )
    whole = {"body": deployment(3), "answer": deployment(3, version=165)}
    made = event(BOB, "create", at=65, code=201, id="made", **whole)
    path = log(tmp_path / "audit.log", event(ALICE, "delete", at=5, id="deleted"), made)
    attribution = Attribution([source(path)], lambda: LATER)
    clock = HandClock(LATER)
    looker = Looker(
        [], Judgement(who=attribution.known), clock, attribution, None, lambda: Undoing(attribution, None, clock)
    )
    first = looker.judge(WEB, gone, None)
    asyncio.run(attribution.ask(WEB, first, frozenset((WEB.cluster,))))
    first = looker.judge(WEB, gone, first)
    second = looker.judge(WEB, looked(3, LATER), first)
    assert looker.undoing is not None
    asyncio.run(looker.undoing.ask(WEB, second, frozenset((WEB.cluster,))))
    found = only(looker.judge(WEB, looked(3, LATER), second))
    assert found.line is not None
    assert (found.line.actor.name, found.line.event_ids) == (BOB, ("made",))


def session(tmp_path: Path) -> tuple[Board, Finding, Path]:
    """Drift comes and goes in a running session with a real log, which is recorded."""
    path = log(tmp_path / "audit.log", wrote(ALICE, 9, 5))
    clock = HandClock(NOW + timedelta(minutes=1))
    attribution = Attribution([source(path)], clock)
    answers = {"now": drift()}
    scripted = ScriptedSource(look=lambda unit: answers["now"])
    scripted.say(scripted.batch(WEB, complete=True))
    looker = Looker(
        [scripted],
        Judgement(who=attribution.known),
        clock,
        attribution,
        None,
        lambda: Undoing(attribution, None, clock),
    )
    records = tmp_path / "sessions"
    collector = Collector(
        [scripted], looker, clock, incident="INC-1", recorder=lambda: Recorder(clock, incident="INC-1", folder=records)
    )
    collector.start()
    try:
        board = board_where(
            collector, lambda board: any(f.who and f.who.best and f.who.best.actor.name for f in board.findings)
        )
        (finding,) = board.findings
        log(path, wrote(BOB, 3, 65))
        clock.at = LATER
        answers["now"] = looked(3, LATER, ("kubectl", "scale", 65))
        collector.refresh(WEB.id)
        board = board_where(collector, lambda board: any(one.named for one in board.look(WEB.id).undone))
    finally:
        collector.stop()
    return board, finding, records


def test_in_a_session_it_is_on_the_board_in_the_record_and_in_the_close_out(tmp_path: Path) -> None:
    board, finding, records = session(tmp_path)
    look = board.look(WEB.id)
    words = "put back by bob@example.com (kubectl scale) at 2026-11-21 03:01:05Z, certain (wrote-65)"
    lines = history_lines(finding, WEB, look, Times(LATER), 100, over=True)
    shown = " ".join("".join(text for text, _ in line) for line in lines)
    assert "Put back: bob@example.com, person, by kubectl scale, 1m ago. Certain." in shown
    assert "id wrote-65" in shown
    found = review("INC-1", Scope("INC-1"), from_sessions(read_sessions(records)), [], NOTHING, LATER)
    (item,) = found.items
    assert (item.state, item.undone) == ("reverted at 2026-11-21 03:03Z", words)
    log_of = FindingLog()
    told = [line.body for line in log_of.look(look_body(WEB.id, Look(Depth.READ, (finding,), at=NOW), NOW))]
    told += [line.body for line in log_of.look(look_body(WEB.id, look, LATER))]
    last = told[-1]
    FindingLine.model_validate(last)
    assert (last["event"], last["undone"]["path"], last["undone"]["by"]["event_ids"]) == ("gone", "write", ["wrote-65"])
    entries = {entry.kind: entry for entry in log_of.entries}
    assert entries[Kind.GONE].words == f"no longer differs: replicas 3 → 9; {words}"
    assert entries[Kind.GONE].actor == BOB
    back = [entry for entry in log_of.entries if entry.kind is Kind.CALL and entry.actor == BOB]
    assert [(entry.at, entry.ref) for entry in back] == [(NOW + timedelta(seconds=65), "wrote-65")]


def test_the_story_of_a_session_and_a_replay_tell_it_too(tmp_path: Path) -> None:
    board, finding, _ = session(tmp_path)
    look = board.look(WEB.id)
    story = Story()
    story.look(WEB.id, Look(Depth.READ, (finding,), at=NOW), NOW)
    story.look(WEB.id, look, LATER)
    told = [entry for entry in story.entries(board) if entry.kind is Kind.GONE]
    assert [entry.actor for entry in told] == [BOB]
    _, again = batch_in(batch_out(Batch("argocd:a", LATER, inspection=with_who(look)), 0.0))
    assert again.inspection is not None
    assert again.inspection.undone == look.undone
    replayed = Looker([], Judgement(), HandClock(LATER))
    first = replayed.judge(WEB, drift(), None)
    assert replayed.judge(WEB, again.inspection, first).undone == look.undone
    plain = again.inspection._replace(undone=())
    assert replayed.judge(WEB, plain, replayed.judge(WEB, again.inspection, first)).undone == look.undone


def test_what_nobody_looked_into_says_so_in_the_close_out(tmp_path: Path) -> None:
    """A record of an older drifttui, or a session that ended before anything answered."""
    recorder = Recorder(lambda: NOW, incident="INC-1", folder=tmp_path)
    recorder.batch(Batch("argocd:a", NOW, units=(WEB,), complete=True, inspection=drift()))
    findings, _ = Judgement()(WEB, drift(), (), NOW)
    recorder.look(WEB.id, Look(Depth.READ, findings, drift(), at=NOW))
    recorder.batch(Batch("argocd:a", NOW, inspection=looked(3, LATER)))
    recorder.look(WEB.id, Look(Depth.READ, (), looked(3, LATER), at=NOW))
    recorder.close()
    (item,) = review("INC-1", Scope("INC-1"), from_sessions(read_sessions(tmp_path)), [], NOTHING, LATER).items
    assert item.undone == "who undid it is unknown, because no session looked into that when it was gone"
    assert json.dumps(item._asdict())
