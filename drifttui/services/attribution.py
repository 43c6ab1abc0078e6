"""Who changed what differs: asks the audit sources about the findings of a unit and joins what they answer.

Kubernetes objects are asked about at logs of clusters, what has an address in a stack at CloudTrail, each by its own.

An answer is kept for as long as the same drift lasts and nobody writes the object again. It is asked for once more
while the call may still arrive, when a followed log tells of a write, and when a source could not be asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from drifttui.core.attributed import SHOWN, Attributed, Raw
from drifttui.core.audit import moment
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Trail, Why
from drifttui.core.board import Look
from drifttui.core.errors import SourceError
from drifttui.core.finding import Finding
from drifttui.core.identity import Engine, ResourceRef, UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.join import Evidence, who
from drifttui.core.planes import Plane
from drifttui.core.ports import AuditSource, Clock
from drifttui.core.resource_question import question_for
from drifttui.core.rule_events import rule_events
from drifttui.core.unit import Unit
from drifttui.core.unseen import NO_AUDIT, Log, log_of
from drifttui.core.verdict import risk_rank

if TYPE_CHECKING:
    from drifttui.core.join_cloudtrail import CloudQuestion

    from .attribution_cloud import Asked

AT_ONCE: Final = 40
"""Objects in one question."""
CLOUDS_AT_ONCE: Final = 10
"""Of CloudTrail, which answers two calls a second."""
AGAIN_AFTER: Final = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0)
"""Seconds after which what may still arrive is asked for again, try by try; the last one from then on."""
CLOUD_AGAIN_AFTER: Final = (30.0, 60.0, 120.0, 240.0)
GIVE_UP: Final = timedelta(minutes=20)
"""After this long what may still arrive is taken not to: CloudTrail is at most fifteen minutes late."""
ARRIVED_AFTER: Final = timedelta(seconds=1)
"""A log that tells of a write twenty times a second is not searched as often."""
FAILED_AFTER: Final = timedelta(seconds=30)
TIMEOUT: Final = 300.0
"""Seconds for one source and question."""
_SLACK: Final = timedelta(seconds=2)

Key = tuple[str, str]
"""Fingerprint of the drift, and when the object was last written as far as managedFields tell."""


class _Entry:
    __slots__ = ("again", "answer", "asked", "failed", "first", "key", "seen", "trail", "tries")

    def __init__(self, key: Key, answer: Attributed, trail: Trail | None, seen: datetime) -> None:
        self.key, self.answer = key, answer
        self.trail = trail
        """None: nobody can be asked."""
        self.seen = seen
        """When this drift was true for the first time, as far as was looked."""
        self.asked: datetime | None = None
        self.first: datetime | None = None
        self.failed = False
        self.again = False
        """A log told of a write."""
        self.tries = 0


class Attribution:
    """One per session. All but `known` belong to the thread that asks."""

    def __init__(self, sources: Sequence[AuditSource], clock: Clock) -> None:
        self._sources = {trail: [source for source in sources if source.trail is trail] for trail in Trail}
        self._clock = clock
        self._entries: dict[UnitId, dict[ResourceRef, _Entry]] = {}

    @property
    def configured(self) -> bool:
        return any(self._sources.values())

    def known(self, finding: Finding, inspection: Inspection | None) -> Attributed:
        """What is known now; from the object alone where no source was asked yet or there is none."""
        live = live_object(finding, inspection)
        key = _key(finding, live)
        entries = self._entries.setdefault(finding.unit, {})
        held = entries.get(finding.ref)
        if held is None or held.key != key:
            held = entries[finding.ref] = self._new(finding, inspection, key, live)
        return held.answer

    def _new(self, finding: Finding, inspection: Inspection | None, key: Key, live: Any) -> _Entry:
        seen = true_at(finding) or self._clock()
        if not finding.ref.address:
            configured = bool(self._sources[Trail.KUBERNETES])
            answer = _from_object(finding, live, configured=configured)
            return _Entry(key, answer, Trail.KUBERNETES if configured else None, seen)
        from .attribution_cloud import subject, unasked

        configured = bool(self._sources[Trail.CLOUDTRAIL])
        answer = unasked(subject(finding, inspection), configured=configured)
        return _Entry(key, answer, Trail.CLOUDTRAIL if answer.configured else None, seen)

    def forget(self, unit: UnitId) -> None:
        self._entries.pop(unit, None)

    def waits(self, unit: UnitId) -> bool:
        """Whether time alone makes a further question worth while."""
        now = self._clock()
        return any(
            held.asked is None or held.failed or held.again or (held.answer.may_arrive and not _given_up(held, now))
            for held in self._entries.get(unit, {}).values()
            if held.trail is not None
        )

    def due(self, unit: UnitId, look: Look) -> list[Finding]:
        """Findings that are worth a question now, worst risk first."""
        if not self.configured or look.inspection is None:
            return []
        now = self._clock()
        refs = {finding.ref for finding in look.findings}
        entries = self._entries.get(unit, {})
        for gone in [ref for ref in entries if ref not in refs]:
            del entries[gone]
        found = [finding for finding in look.findings if self._is_due(finding, look, now)]
        found.sort(key=lambda finding: -risk_rank(finding.risk))
        clouds = [finding for finding in found if finding.ref.address]
        objects = [finding for finding in found if not finding.ref.address]
        return [*objects[:AT_ONCE], *clouds[:CLOUDS_AT_ONCE]]

    def _is_due(self, finding: Finding, look: Look, now: datetime) -> bool:
        self.known(finding, look.inspection)
        held = self._entries[finding.unit][finding.ref]
        if held.trail is None:
            return False
        if held.asked is None:
            return True
        if held.again:
            return now - held.asked >= ARRIVED_AFTER
        if held.failed:
            return now - held.asked >= FAILED_AFTER
        if not held.answer.may_arrive or _given_up(held, now):
            return False
        waits = AGAIN_AFTER if held.trail is Trail.KUBERNETES else CLOUD_AGAIN_AFTER
        return now - held.asked >= timedelta(seconds=waits[min(held.tries, len(waits)) - 1])

    def arrived(self, names: frozenset[str]) -> set[UnitId]:
        """Units whose findings are asked about again because a log tells of writes; no names: it may be any."""
        units = set()
        for unit, entries in self._entries.items():
            for ref, held in entries.items():
                # A sure answer is only overtaken by a write of the object, which changes its key.
                best = held.answer.best
                unsure = held.answer.may_arrive or best is None or best.confidence < 0.9
                told = held.trail is Trail.KUBERNETES and held.asked is not None
                if told and unsure and (not names or ref.name in names):
                    held.again = True
                    units.add(unit)
        return units

    async def ask(self, unit: Unit, look: Look, clusters: frozenset[str]) -> bool:
        """Asks about what is due. True where anything may look different now. Never raises for a source."""
        findings = self.due(unit.id, look)
        if not findings:
            return False
        objects = [finding for finding in findings if not finding.ref.address]
        clouds = [finding for finding in findings if finding.ref.address]
        told, others = await asyncio.gather(
            self._ask_logs(unit, objects, look, clusters), self._ask_cloudtrail(clouds, look)
        )
        entries, now = self._entries.get(unit.id, {}), self._clock()
        for finding, answer, failed in (*told, *others):
            before = entries.get(finding.ref)
            if before is None:
                continue  # Gone meanwhile.
            key = _key(finding, live_object(finding, look.inspection))
            same = before.key == key
            entry = entries[finding.ref] = _Entry(
                key, answer, before.trail, before.seen if same else true_at(finding) or now
            )
            entry.asked, entry.failed = answer.at, failed
            entry.tries = (before.tries if same else 0) + 1
            entry.first = before.first if same and before.first else answer.at
        return True

    async def _ask_logs(
        self, unit: Unit, findings: Sequence[Finding], look: Look, clusters: frozenset[str]
    ) -> list[Told]:
        if not findings:
            return []
        answers, failures = await self.logs(unit, findings, clusters)
        return await asyncio.to_thread(_joined, findings, look.inspection, answers, failures, self._clock())

    async def logs(
        self, unit: Unit, findings: Sequence[Finding], clusters: frozenset[str], since: datetime | None = None
    ) -> tuple[list[AuditAnswer], list[str]]:
        """What the logs of the unit's cluster hold about these objects, and in one line each who could not answer."""
        sources = [each for each in self._sources[Trail.KUBERNETES] if not each.covers or each.covers & clusters]
        applications = (f"{unit.id.namespace}/{unit.id.name}",) if unit.id.engine == Engine.ARGOCD else ()
        status = any(change.path.startswith("/status") for finding in findings for change in finding.changes)
        question = AuditQuestion.about((finding.ref for finding in findings), since=since, status=status)
        question = question._replace(applications=applications)
        results = await asyncio.gather(*(_answer(source, question) for source in sources))
        answers = [each for each in results if isinstance(each, AuditAnswer)]
        failures = [each for each in results if isinstance(each, str)]
        if not sources and self._sources[Trail.KUBERNETES]:
            failures = [f"no audit source records {unit.cluster}"]
        return answers, failures

    async def _ask_cloudtrail(self, findings: Sequence[Finding], look: Look) -> list[Told]:
        about, asked = await self.clouds(findings, look.inspection)
        if not about:
            return []
        held, now = self._entries.get(findings[0].unit, {}), self._clock()
        seen = [held[each.ref].seen if each.ref in held else now for each, _ in about]
        return await asyncio.to_thread(_joined_cloud, about, asked, now, seen)

    async def clouds(
        self, findings: Sequence[Finding], inspection: Inspection | None
    ) -> tuple[list[tuple[Finding, CloudQuestion]], list[Asked]]:
        """What CloudTrail is asked about these resources, and what each of its sources answered."""
        from .attribution_cloud import Asked, question_to, subject

        about = [(each, found) for each in findings if (found := subject(each, inspection).question)]
        if not about:
            return [], []
        now = self._clock()
        asking = [(each, question_to(each, about, now)) for each in self._sources[Trail.CLOUDTRAIL]]
        wanted = [(source, question) for source, question in asking if question is not None]
        results = await asyncio.gather(*(_answer(source, question) for source, question in wanted))
        asked = [
            Asked(source.name, question.clouds, answer)
            for (source, question), answer in zip(wanted, results, strict=True)
        ]
        return about, asked

    def asks(self, finding: Finding) -> bool:
        """Whether anybody can be asked about it."""
        return bool(self._sources[Trail.CLOUDTRAIL if finding.ref.address else Trail.KUBERNETES])


Told = tuple[Finding, Attributed, bool]
"""What is known of a finding, and whether a source failed to say more."""


def _joined_cloud(
    about: Sequence[tuple[Finding, CloudQuestion]], asked: Sequence[Asked], now: datetime, seen: Sequence[datetime]
) -> list[Told]:
    from .attribution_cloud import attributed_cloud

    found = []
    for (finding, question), first in zip(about, seen, strict=True):
        failed = any(isinstance(each.answer, str) for each in asked if question in each.clouds)
        found.append((finding, attributed_cloud(finding, question, asked, now, first), failed))
    return found


def _joined(
    findings: Sequence[Finding],
    inspection: Inspection | None,
    answers: Sequence[AuditAnswer],
    failures: Sequence[str],
    now: datetime,
) -> list[Told]:
    found = []
    for finding in findings:
        answer = attributed(finding, live_object(finding, inspection), answers, failures, now)
        found.append((finding, answer, bool(failures)))
    return found


def true_at(finding: Finding) -> datetime | None:
    """When what runs was read: nothing later can explain it."""
    stamp = finding.planes.get(Plane.ACTUAL)
    return stamp.observed_at if stamp is not None else None


def _given_up(held: _Entry, now: datetime) -> bool:
    return held.first is not None and now - held.first > GIVE_UP


async def _answer(source: AuditSource, question: AuditQuestion) -> AuditAnswer | str:
    try:
        async with asyncio.timeout(TIMEOUT):
            return await source.calls(question)
    except SourceError as error:
        return f"{source.name}: {error.one_line()}"
    except TimeoutError:
        return f"{source.name} did not answer in {TIMEOUT:.0f} s"


def attributed(
    finding: Finding,
    live: Any,
    answers: Sequence[AuditAnswer],
    failures: Sequence[str] = (),
    now: datetime | None = None,
    *,
    since: datetime | None = None,
    paths: Sequence[str] = (),
) -> Attributed:
    """The answers of every source about one finding, joined with its live object."""
    wanted = [change.path for change in finding.changes if not paths or change.path in paths]
    log = log_of(answers)
    evidence = Evidence(
        live,
        [entry for answer in answers for entry in answer.operations],
        [call for answer in answers for call in answer.deletions],
        log,
    )
    question = question_for(finding.ref)
    calls = [call for answer in answers for call in answer.calls]
    answer = who(question, calls, evidence, paths=wanted, since=since)
    ids = {id_ for line in answer.lines for id_ in line.event_ids}
    raw = [Raw.of(step.call) for step in answer.steps if step.call.audit_id in ids]
    notes = [entry for each in answers for entry in each.unseen]
    unseen = [*failures, *(entry.words for entry in notes)]
    unseen += [sentence for sentence in answer.unseen if sentence != NO_AUDIT or not unseen]
    late = any(entry.why is Why.LATE for entry in notes) or _not_yet(live, log)
    events = rule_events(answer, evidence) if answers else None
    if not events and (
        failures or notes or late or (log is not None and (log.problems or log.dropped)) or _older(live, log)
    ):
        events = None  # "Nobody wrote it" would be more than was seen.
    return Attributed(
        lines=answer.lines,
        unseen=tuple(dict.fromkeys(unseen)),
        set_aside=answer.set_aside,
        raw=tuple(raw[-SHOWN:]),
        events=events,
        sources=tuple(each.source for each in answers),
        configured=True,
        may_arrive=late,
        at=now,
    )


def _from_object(finding: Finding, live: Any, *, configured: bool) -> Attributed:
    """What managedFields alone can say."""
    answer = who(question_for(finding.ref), (), Evidence(live), paths=[change.path for change in finding.changes])
    unseen = tuple(sentence for sentence in answer.unseen if not configured or sentence != NO_AUDIT)
    return Attributed(answer.lines, unseen, configured=configured, pending=configured)


def live_object(finding: Finding, inspection: Inspection | None) -> Any:
    """The live object that the finding was made of. Paths of its changes are positions in it."""
    for planes in inspection.resources if inspection else ():
        if planes.ref == finding.ref:
            return planes.actual.document if planes.actual else None
    return None


def _written(live: Any) -> Iterable[datetime]:
    """When each manager last wrote more than the status."""
    metadata = live.get("metadata") if isinstance(live, dict) else None
    entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("subresource") != "status" and (at := moment(entry.get("time"))):
            yield at


def _key(finding: Finding, live: Any) -> Key:
    return finding.fingerprint, str(max(_written(live), default=""))


def _not_yet(live: Any, log: Log | None) -> bool:
    """Whether the object was written after the newest event that the log holds."""
    written = max(_written(live), default=None)
    return log is not None and written is not None and (log.last is None or written > log.last + _SLACK)


def _older(live: Any, log: Log | None) -> bool:
    """Whether the log begins after the last write, or holds nothing at all."""
    written = max(_written(live), default=None)
    return log is None or log.first is None or written is None or written < log.first
