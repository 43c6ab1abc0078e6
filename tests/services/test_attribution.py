"""Who did it, beside a running session: asked, joined, shown, judged by, and asked again while it may still arrive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest

from drifttui.core.ages import Times
from drifttui.core.attributed import Attributed
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Trail, Unseen, Why
from drifttui.core.board import Depth, Look
from drifttui.core.case import ChangeLink
from drifttui.core.errors import Unreachable
from drifttui.core.filters import parse
from drifttui.core.finding import Finding
from drifttui.core.health import Freshness, SourceHealth, Standing
from drifttui.core.identity import UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.planes import Plane, ThreePlanes
from drifttui.core.ports import Batch
from drifttui.core.rows import FindingRow, UnitRow
from drifttui.core.unit import Unit
from drifttui.core.words import who_word
from drifttui.services import asking
from drifttui.services.attribution import Attribution
from drifttui.services.collect import Collector
from drifttui.services.judge import Judgement
from drifttui.services.look import Looker
from drifttui.sources.audit_log.source import AuditLogSource
from drifttui.store.audit_index import AuditIndexes
from drifttui.store.wire import batch_in, batch_out
from drifttui.widgets.who_lines import who_lines
from tests.core.audit_events import ALICE, ARGOCD, BOB, CAROL, REPLICAS_FIELD, event, owned

from .fakes import NOW, HandClock, ScriptedSource, board_where, inspection, unit

KEY = b"k" * 32
WEB = unit("web", sync="OutOfSync")


def held(of: Unit = WEB, *, manager: str = "kubectl", at: float = 5) -> Inspection:
    """`/spec/replicas` 3 in Git and 9 live, last written at second `at`."""
    found = inspection(of, desired=3, actual=9, at=NOW + timedelta(minutes=1))
    (planes,) = found.resources
    assert planes.actual is not None
    assert planes.actual.document is not None
    live = owned(planes.actual.document, (manager, "scale", at, REPLICAS_FIELD))
    return found._replace(
        resources=(ThreePlanes(planes.ref, planes.desired, None, planes.actual._replace(document=live)),)
    )


def finding(found: Inspection) -> Finding:
    findings, _ = Judgement()(WEB, found, (), NOW)
    (only,) = findings
    return only


def scaled(by: str, at: float = 5, **more: Any) -> dict[str, Any]:
    return event(by, at=at, sub="scale", body={"spec": {"replicas": 9}}, id=f"scaled-{by}", **more)


def log(path: Path, *events: dict[str, Any]) -> Path:
    with path.open("a") as file:
        file.writelines(json.dumps(each) + "\n" for each in events)
    return path


def source(path: Path, **more: Any) -> AuditLogSource:
    return AuditLogSource([path], lambda: NOW, key=KEY, indexes=AuditIndexes(path.parent / "cache"), **more)


class Scripted:
    """An audit source that answers as it is told."""

    system: ClassVar[str] = "scripted"
    planes: ClassVar[frozenset[Plane]] = frozenset()
    name = "scripted"
    trail = Trail.KUBERNETES
    covers: frozenset[str] = frozenset()

    def __init__(self, *answers: AuditAnswer | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[AuditQuestion] = []

    async def check(self) -> SourceHealth:
        return SourceHealth(self.name, self.system, Standing.OK)

    async def close(self) -> None:
        return None

    async def calls(self, question: AuditQuestion) -> AuditAnswer:
        self.asked.append(question)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def ask(attribution: Attribution, found: Inspection, of: Unit = WEB) -> Attributed:
    one = finding(found)
    look = Look(Depth.READ, (one,), found, at=NOW)
    asyncio.run(attribution.ask(of, look, frozenset((of.cluster,))))
    return attribution.known(one, found)


def test_the_writer_is_named_with_what_speaks_for_it(tmp_path: Path) -> None:
    confuser = scaled(ALICE, 4, dry_run=True)
    path = log(tmp_path / "audit.log", confuser, scaled(BOB), event(ARGOCD, "get", at=6))
    who = ask(Attribution([source(path)], lambda: NOW), held())
    assert who.best is not None
    assert (who.best.actor.name, who.best.via) == (BOB, "kubectl scale")
    assert who.configured
    assert who.sources == ("audit-log",)
    assert who.events is not None
    assert [(each.actor, each.actor_kind, each.touches) for each in who.events] == [(BOB, "human", ("/spec/replicas",))]
    assert who.best_raw is not None
    assert who.best_raw.request == {"spec": {"replicas": 9}}
    assert any("dry run" in sentence for sentence in who.set_aside)


def test_without_a_log_nobody_is_named_and_nothing_counts_as_read() -> None:
    who = ask(Attribution([], lambda: NOW), held())
    assert who.events is None
    assert not who.configured
    assert who.best is not None
    assert (who.best.actor.name, who.best.via) == ("", "kubectl scale")


def test_a_log_that_was_read_and_holds_no_write_says_nobody_only_if_it_reaches_back(tmp_path: Path) -> None:
    other = {"name": "other"}
    before, after = event(BOB, at=-600, target=other), event(BOB, at=600, target=other)
    whole = ask(Attribution([source(log(tmp_path / "a.log", before, after))], lambda: NOW), held())
    assert whole.events == ()
    late = ask(Attribution([source(log(tmp_path / "b.log", after))], lambda: NOW), held())
    assert late.events is None, "the log starts after the write"
    early = ask(Attribution([source(log(tmp_path / "c.log", before))], lambda: NOW), held())
    assert early.events is None
    assert early.may_arrive
    damaged = log(tmp_path / "d.log", before, after)
    damaged.write_bytes(damaged.read_bytes() + b'{"kind":"Event","cut\n')
    assert ask(Attribution([source(damaged)], lambda: NOW), held()).events is None


def test_a_source_that_cannot_be_asked_is_told_and_asked_again_later() -> None:
    clock = HandClock()
    scripted = Scripted(Unreachable("Loki did not answer"))
    attribution = Attribution([scripted], clock)
    who = ask(attribution, held())
    assert who.events is None
    assert who.unseen[0].startswith("scripted: Loki did not answer")
    assert not any("none given" in sentence for sentence in who.unseen)
    ask(attribution, held())
    assert len(scripted.asked) == 1
    clock.forward(seconds=31)
    ask(attribution, held())
    assert len(scripted.asked) == 2


def test_what_may_still_arrive_is_asked_for_ever_less_often_and_not_for_ever() -> None:
    clock = HandClock()
    late = Unseen(Why.LATE, "the store delivers late")
    scripted = Scripted(AuditAnswer("scripted", unseen=(late,), first=NOW, newest=NOW + timedelta(hours=1)))
    attribution = Attribution([scripted], clock)
    times = []
    for second in range(2400):
        before = len(scripted.asked)
        who = ask(attribution, held()) if second % 5 == 0 else None
        if len(scripted.asked) > before:
            times.append(second)
            assert who is not None
            assert who.may_arrive
        clock.forward(seconds=1)
    assert times[0] == 0
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps == sorted(gaps)
    assert times[-1] <= 20 * 60 + 120


def test_an_answer_is_kept_for_as_long_as_the_same_drift_lasts_and_nobody_writes_again(tmp_path: Path) -> None:
    scripted = Scripted(AuditAnswer("scripted", first=NOW - timedelta(days=1), newest=NOW + timedelta(days=1)))
    attribution = Attribution([scripted], lambda: NOW)
    ask(attribution, held())
    ask(attribution, held())
    assert len(scripted.asked) == 1
    ask(attribution, held(at=60))
    assert len(scripted.asked) == 2


def test_a_source_of_other_clusters_is_not_asked(tmp_path: Path) -> None:
    scripted = Scripted(AuditAnswer("scripted"))
    scripted.covers = frozenset({"elsewhere"})
    who = ask(Attribution([scripted], lambda: NOW), held())
    assert not scripted.asked
    assert who.unseen[0] == "no audit source records in-cluster"


def test_two_sources_are_one_log(tmp_path: Path) -> None:
    one = source(log(tmp_path / "one.log", scaled(ALICE, 1)))
    other = source(log(tmp_path / "two.log", scaled(BOB, 5)))
    other.name = "second"
    who = ask(Attribution([one, other], lambda: NOW), held())
    assert who.best is not None
    assert who.best.actor.name == BOB
    assert who.sources == ("audit-log", "second")


# The rules judge by it.


def judged(who: Attributed, links: Sequence[ChangeLink] | None) -> Finding:
    findings, _ = Judgement(who=lambda *_: who, links=lambda _: links)(WEB, held(manager="kubectl-edit"), (), NOW)
    return findings[0]


def test_break_glass_under_an_open_incident_is_an_emergency_and_a_person_alone_is_not(tmp_path: Path) -> None:
    glass = ask(Attribution([source(log(tmp_path / "a.log", scaled(CAROL)))], lambda: NOW), held())
    person = ask(Attribution([source(log(tmp_path / "b.log", scaled(BOB)))], lambda: NOW), held())
    incident = ChangeLink("INC-9127", "incident", opened=NOW - timedelta(minutes=30))
    assert glass.best is not None
    assert glass.best.actor.kind.value == "break-glass"
    classes = {
        "glass, incident": judged(glass, [incident]),
        "glass, none": judged(glass, []),
        "person, incident": judged(person, [incident]),
        "person, none": judged(person, []),
    }
    found = {name: each.verdict.drift_class for name, each in classes.items() if each.verdict}
    assert found["glass, incident"] == "emergency"
    assert found["person, none"] == "unauthorized"
    assert found["person, incident"] != "emergency"
    assert found["glass, none"] != "emergency"


# In a session.


@pytest.fixture
def started() -> Iterator[list[Collector]]:
    collectors: list[Collector] = []
    yield collectors
    for collector in collectors:
        collector.stop()


def session(started: list[Collector], audit: Sequence[Any]) -> tuple[Collector, ScriptedSource]:
    units = ScriptedSource(look=lambda of: held(of))
    clock = HandClock()
    attribution = Attribution(audit, clock)
    looker = Looker([units, *audit], Judgement(who=attribution.known), clock, attribution)
    collector = Collector([units, *audit], looker, clock)
    collector.start()
    started.append(collector)
    units.say(units.batch(WEB, complete=True))
    return collector, units


def named(board: Any) -> list[str]:
    return [who_word(each) for each in board.findings if each.who and each.who.best and each.who.best.actor.name]


def test_the_board_names_the_actor_soon_after_the_finding(started: list[Collector], tmp_path: Path) -> None:
    collector, _ = session(started, [source(log(tmp_path / "audit.log", scaled(BOB)))])
    board = board_where(collector, lambda b: bool(named(b)))
    assert named(board) == ["bob"]
    (one,) = board.findings
    assert one.verdict is not None
    assert any("bob" in str(reason) for reason in one.verdict.reasons)
    assert board.sources["audit-log"].standing is Standing.OK
    row = FindingRow(UnitRow(WEB, board.look(WEB.id), Freshness.FRESH), one)
    assert row.who == "bob"
    for text, holds in (("who:bob@example.com", True), ("who:person", True), ("who:alice", False), ("bob", True)):
        assert parse(text).finding(NOW)(row) is holds, text


def test_an_event_that_arrives_later_is_noticed(
    started: list[Collector], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "CLOCK", 0.02)
    monkeypatch.setattr("drifttui.sources.audit_log.source.LOOK_EVERY", 0.02)
    path = log(tmp_path / "audit.log", event(ALICE, "get", at=1))
    monkeypatch.setattr("drifttui.services.attribution.ARRIVED_AFTER", timedelta(0))
    collector, _ = session(started, [source(path)])
    board_where(collector, lambda b: any(each.who and not each.who.pending for each in b.findings))
    log(path, scaled(BOB))
    assert named(board_where(collector, lambda b: bool(named(b)))) == ["bob"]


def test_a_session_is_settled_when_everybody_was_asked(started: list[Collector], tmp_path: Path) -> None:
    scripted = Scripted(Unreachable("no"))
    collector, _ = session(started, [scripted])
    board_where(collector, lambda b: any(each.who and not each.who.pending for each in b.findings))
    assert collector.settled


# In the pane.


def shown(who: Attributed | None, width: int = 60) -> list[str]:
    found = held()
    one = finding(found)._replace(who=who)
    times = Times(NOW + timedelta(minutes=12, seconds=5))
    lines = who_lines(one, WEB, Look(Depth.READ, (one,), found, at=NOW), times, width)
    return ["".join(text for text, _ in line) for line in lines]


def test_the_pane_leads_with_the_one_line_and_ends_with_the_event(tmp_path: Path) -> None:
    lines = shown(ask(Attribution([source(log(tmp_path / "audit.log", scaled(BOB)))], lambda: NOW), held()), 100)
    assert lines[0] == "bob@example.com, person, by kubectl scale, 12m ago. Certain."
    text = "\n".join(lines)
    assert "03:00:05Z audit PATCH deployments/web/scale 200 10.0.0.7" in text
    assert "id scaled-bob@example.com" in text
    assert text.index("request, redacted") > text.index("audit PATCH")
    assert '"replicas": 9' in text
    assert "no audit log is read" not in text


def test_the_pane_says_that_no_log_is_read_only_where_none_is_configured() -> None:
    assert any("no audit log is read" in line for line in shown(ask(Attribution([], lambda: NOW), held())))
    blind = ask(Attribution([Scripted(Unreachable("Loki did not answer"))], lambda: NOW), held())
    text = " ".join(shown(blind, 200))
    assert "no audit log is read" not in text
    assert "Person: unknown, because scripted: Loki did not answer" in text


def test_hostile_names_are_inert_in_the_pane(tmp_path: Path) -> None:
    eve = scaled("eve\x1b[31m[bold]\u202e", agent="\x1b]0;x\x07")
    lines = shown(ask(Attribution([source(log(tmp_path / "audit.log", eve))], lambda: NOW), held()))
    assert not set("\x1b\u202e\x07") & set("".join(lines))


# In a recording.


def test_a_recorded_session_names_the_same_actor_without_any_log(started: list[Collector], tmp_path: Path) -> None:
    units = ScriptedSource(look=lambda of: held(of))
    audit = source(log(tmp_path / "audit.log", scaled(BOB)))
    clock = HandClock()
    attribution = Attribution([audit], clock)
    lines: list[bytes] = []
    looker = Looker([units, audit], Judgement(who=attribution.known), clock, attribution)

    class Recorder:
        def batch(self, batch: Batch) -> None:
            lines.append(batch_out(batch, 0.0))

        def look(self, unit: UnitId, look: Look) -> None:
            return None

        def incident(self, incident: str) -> None:
            return None

        def flush(self) -> bool:
            return True

        def close(self) -> None:
            return None

    recorded = Collector([units, audit], looker, clock, recorder=Recorder)
    recorded.start()
    started.append(recorded)
    units.say(units.batch(WEB, complete=True))
    before = board_where(recorded, lambda b: bool(named(b)))
    recorded.stop()
    again = ScriptedSource(look=lambda of: Unreachable("a recording has nobody to ask"))
    replayed = Collector([again], Looker([again], Judgement(), clock), clock)
    replayed.start()
    started.append(replayed)
    for each in lines:
        again.say(batch_in(each)[1])
    after = board_where(replayed, lambda b: bool(named(b)))
    assert after.findings[0].who == before.findings[0].who
    assert after.findings[0].verdict == before.findings[0].verdict
