"""Acts made by hand for the incident of `boards`: pauses in every state, links, verdicts, and plans in every shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from drifttui.core.acts import Acts, HistoryEntry, LinkRecord, OperatorVerdict, PauseRecord, PauseState
from drifttui.core.asks import Answer, Choice, LinkWish, Planned
from drifttui.core.board import Board
from drifttui.core.finding import Finding
from drifttui.core.identity import UnitId
from drifttui.core.ledger import Head
from drifttui.core.pause import Door, Plan, Progress, Purpose, Target, Undoer, Write, WriteKind
from drifttui.core.unit import Unit

from .boards import NOW, ago, incident, unit

NASTY = "\x1b[31mred\x1b[0m\x07[bold red]markup[/]\u202egnp.exe\u200b\r\n"

PAYMENTS = unit("payments").id
CHECKOUT = unit("checkout").id


def pause(of: UnitId = CHECKOUT, **more: Any) -> PauseRecord:
    base = PauseRecord(
        id=f"a1b2c3d4e5{len(of.name):02d}",
        unit=str(of),
        engine="argocd",
        reason="holding 7.2.1-hotfix while the pool leak is fixed",
        until=NOW + timedelta(hours=1, minutes=20),
        actor="alice@laptop",
        at=ago(minutes=40),
        state=PauseState.HOLDING,
        link="INC-9127",
        captured={"/spec/syncPolicy/automated": {"prune": True, "selfHeal": True}},
        verified_at=ago(minutes=36),
        checks=3,
    )
    return replace(base, **more)


def link(ref: str = "INC-9127", **more: Any) -> LinkRecord:
    base = LinkRecord(
        id=f"link-{ref}",
        ref=ref,
        kind="incident",
        at=ago(minutes=50),
        actor="alice@laptop",
        title="payments latency",
        state="triggered",
        opened=ago(hours=1),
        checked_at=ago(minutes=1),
    )
    return replace(base, **more)


def entry(actor: str, words: str, of: UnitId, finding: str = "", **span: float) -> HistoryEntry:
    return HistoryEntry(ago(**span), actor, words, "verdict" if finding else "outcome", str(of), finding)


def verdict(of: Finding, **more: Any) -> OperatorVerdict:
    base = OperatorVerdict(
        finding=of.id,
        unit=str(of.unit),
        resource=str(of.ref),
        fingerprint=of.fingerprint,
        drift_class="emergency",
        action="incident",
        note="alice widened it to read the leaked key; back by noon",
        at=ago(minutes=5),
        actor="bob@laptop",
    )
    return replace(base, **more)


def acts(
    *pauses: PauseRecord,
    links: Sequence[LinkRecord] = (),
    verdicts: Sequence[OperatorVerdict] = (),
    history: Sequence[HistoryEntry] = (),
    seq: int = 1,
) -> Acts:
    return Acts(
        head=Head(seq, f"{seq:064x}"),
        verdicts={one.finding: one for one in verdicts},
        links={one.id: one for one in links},
        pauses={one.id: one for one in pauses},
        history=tuple(history),
    )


def acted() -> Board:
    """The incident, with one pause that is overdue, one that holds, one undone; an open, a closed and an expired link;
    a verdict that stands and one that the drift has left behind."""
    board = incident()
    first, second, third, _ = board.looks[PAYMENTS].findings
    docs, accounts = unit("docs", "argocd:us-east-1").id, unit("accounts").id
    return replace(
        board,
        incident="INC-9127",
        acts=acts(
            pause(),
            pause(accounts, id="0ddba11c0de1", until=ago(minutes=40), reason="load test", actor="carol@desk", link=""),
            pause(
                docs,
                id="0ddba11c0de2",
                state=PauseState.UNDONE,
                message="undone by applicationset-controller at 04:02:09Z",
                ended_at=ago(minutes=8),
                ended_by="applicationset-controller",
            ),
            links=[
                link(units=frozenset({str(PAYMENTS)}), findings=frozenset({first.id})),
                link(
                    "CHG0031",
                    kind="change",
                    title="",
                    state="closed",
                    closed=ago(hours=2),
                    findings=frozenset({second.id}),
                ),
                link("CHG0040", kind="change", title="", state="", expires=ago(hours=1), units=frozenset({str(docs)})),
            ],
            verdicts=[verdict(first), verdict(third, fingerprint="another", note="")],
            history=[
                entry("bob@laptop", "classified emergency, incident", PAYMENTS, first.id, minutes=5),
                entry("alice@laptop", "pause of checkout holding", CHECKOUT, minutes=36),
                entry("alice@laptop", "paused checkout until 05:30Z", CHECKOUT, minutes=40),
            ],
        ),
    )


def _target(kind: str, name: str) -> Target:
    plural = f"{kind.lower()}s"
    return Target(Door.KUBERNETES, "eu-west-1", "argoproj.io", "v1alpha1", plural, kind, "argocd", name)


def pause_plan(of: Unit, **more: Any) -> Plan:
    """Owned by an ApplicationSet, with a sync that is running: every kind of step."""
    owner = _target("ApplicationSet", "team-payments")
    base = Plan(
        id=f"9a8b7c6d{len(of.id.name):04x}",
        purpose=Purpose.PAUSE,
        unit=of.id,
        cluster=of.cluster,
        environment=of.environment,
        at=NOW,
        now=("auto-sync on, self-heal on, prune on. Reverts manual changes within 5 s.",),
        undoers=(
            Undoer(
                "ApplicationSet/team-payments",
                "its template declares spec.syncPolicy (policy: sync)",
                "at its next reconcile, within 3m",
                "ignoreApplicationDifferences",
                1,
            ),
        ),
        writes=(
            Write(
                1,
                WriteKind.JSON_PATCH,
                owner,
                "add ignoreApplicationDifferences /spec/syncPolicy",
                ({"op": "test", "path": "/metadata/uid", "value": "1"},),
                optional=True,
                needs="patch applicationsets.argoproj.io in argocd",
            ),
            Write(
                2,
                WriteKind.JSON_PATCH,
                _target("Application", of.id.name),
                "spec.syncPolicy.automated.enabled  true → false",
                ({"op": "test", "path": "/metadata/uid", "value": "2"},),
                needs="patch applications.argoproj.io in argocd",
            ),
            Write(
                3,
                WriteKind.STOP_OPERATION,
                _target("Application", of.id.name),
                "stop the sync that is running (started 8 s ago)",
            ),
        ),
        effects=("New revisions are not applied until it is resumed.",),
        undo=(f"resume restores both specs exactly; kept in the ledger and in annotations on {of.id.name}.",),
    )
    return base._replace(**more)


def blocked_plan(of: Unit) -> Plan:
    return pause_plan(
        of,
        undoers=(),
        writes=(),
        blocked=("alice@laptop may not patch applications.argoproj.io in argocd. Ask for that right.",),
        effects=(),
        undo=(),
    )


def resume_plan(of: Unit, **more: Any) -> Plan:
    base = Plan(
        id=f"7e5a{len(of.id.name):08x}",
        purpose=Purpose.RESUME,
        unit=of.id,
        cluster=of.cluster,
        environment=of.environment,
        at=NOW,
        now=("auto-sync off, paused by alice@laptop 40m ago.",),
        undoers=(),
        writes=(
            Write(
                1,
                WriteKind.JSON_PATCH,
                _target("Application", of.id.name),
                "spec.syncPolicy.automated.enabled  false → true",
                needs="patch applications.argoproj.io in argocd",
            ),
        ),
        effects=(
            "Deployment/checkout is reverted at once: image 7.2.1-hotfix → 7.2.0.",
            "ConfigMap/debug is deleted: prune is on and Git does not have it.",
        ),
        undo=("pause it again.",),
        pause=pause().id,
    )
    return base._replace(**more)


class FakeActing:
    """Answers when a test says so, with what the test gives; keeps what was asked."""

    def __init__(self, make: Callable[[Unit], Plan] = pause_plan, resume: Callable[[Unit], Plan] = resume_plan) -> None:
        self.make, self.resume = make, resume
        self.unavailable = ""
        self.acts: Acts | None = None
        self.seen: Mapping[str, PauseRecord] = {}
        self.incident = incident().incident
        self.started = self.stopped = False
        self.resumed_with: Mapping[UnitId, Sequence[Finding]] = {}
        self.looked_for: list[UnitId] = []
        self.left_open: list[Answer] = []
        self.problem = ""
        self.held = False
        """Answers wait until it is False."""
        self.carried: list[Plan] = []
        self.cancelled: list[int] = []
        self.classified: list[tuple[list[Finding], Choice]] = []
        self.linked: list[LinkWish] = []
        self.answer = Answer("recorded")
        self._answers: list[Callable[[], None]] = []
        self._tell: Callable[[Progress], None] = lambda progress: None

    def start(self) -> None:
        self.started = True

    def stop(self) -> None:
        self.stopped = True

    def drain(self) -> None:
        while self._answers and not self.held:
            self._answers.pop(0)()

    def look_for(self, units: Sequence[Unit]) -> None:
        self.looked_for = [unit.id for unit in units]

    def recovered(self) -> Sequence[Answer]:
        found, self.left_open = self.left_open, []
        return found

    def _plan(self, units: Sequence[Unit], make: Callable[[Unit], Plan], then: Callable[[Planned], None]) -> int:
        planned = Planned((), self.problem) if self.problem else Planned(tuple(map(make, units)))
        self._answers.append(lambda: then(planned))
        return len(self._answers)

    def plan_pause(self, units: Sequence[Unit], then: Callable[[Planned], None]) -> int:
        return self._plan(units, self.make, then)

    def plan_resume(
        self, units: Sequence[Unit], findings: Mapping[UnitId, Sequence[Finding]], then: Callable[[Planned], None]
    ) -> int:
        self.resumed_with = findings
        return self._plan(units, self.resume, then)

    def carry_out(self, plans: Sequence[Plan], then: Callable[[Progress], None]) -> int:
        self.carried += plans
        self._tell = then
        return 1

    def progress(self, phase: str, words: str, plan: int = -1, *, done: bool = False, failed: bool = False) -> None:
        """The test says how the plan goes."""
        told = Progress(self.carried[plan].id, phase, words, done, failed)
        self._answers.append(lambda: self._tell(told))

    def cancel(self, asked: int) -> None:
        self.cancelled.append(asked)
        self._answers.clear()

    def classify(self, findings: Sequence[Finding], choice: Choice, then: Callable[[Answer], None]) -> None:
        self.classified.append((list(findings), choice))
        self._answers.append(lambda: then(self.answer))

    def link(self, wish: LinkWish, then: Callable[[Answer], None]) -> None:
        self.linked.append(wish)
        self._answers.append(lambda: then(self.answer))

    def set_incident(self, ref: str, then: Callable[[Answer], None]) -> None:
        self.incident = ref
        self._answers.append(lambda: then(Answer(f"incident {ref}")))
