"""Who undid what differs no more: asks the audit sources and Git about findings that a look did not find again.

What the object and the engine themselves tell is known at once. The rest is asked like the drift itself was, again
while a call may still arrive. An answer stays on the unit's look, and so in its record, for as long as the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from drifttui.core.attributed import Attributed
from drifttui.core.audit_question import AuditAnswer
from drifttui.core.board import Look
from drifttui.core.finding import Finding
from drifttui.core.identity import UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.planes import Plane
from drifttui.core.ports import Clock
from drifttui.core.undoer import CODIFIED, LATE, Gone, gone_of, undone
from drifttui.core.undone import Undone
from drifttui.core.unit import Unit

from .attribution import AGAIN_AFTER, CLOUD_AGAIN_AFTER, FAILED_AFTER, GIVE_UP, Attribution, attributed, live_object
from .history import History, places_of

KEPT: Final = 30
"""Of one unit, the newest."""
AT_ONCE: Final = 20
EARLIER: Final = timedelta(hours=1)
"""Before the drift's own write: calls of that time say what the object was."""


class _Entry:
    __slots__ = ("answer", "asked", "failed", "gone", "inspection", "may_arrive", "tries", "unit")

    def __init__(self, gone: Gone, unit: Unit, inspection: Inspection, answer: Undone) -> None:
        self.gone, self.unit, self.answer = gone, unit, answer
        self.inspection: Inspection | None = inspection
        """What was read of the unit when the finding was gone: later drift says nothing of this one. None: nobody asks
        any more."""
        self.asked: datetime | None = None
        self.failed = self.may_arrive = False
        self.tries = 0


class Undoing:
    """One per session. Belongs to the thread that asks."""

    def __init__(self, attribution: Attribution | None, history: History | None, clock: Clock) -> None:
        self._attribution, self._history, self._clock = attribution, history, clock
        self._entries: dict[UnitId, dict[str, _Entry]] = {}

    @property
    def configured(self) -> bool:
        return any(each is not None and each.configured for each in (self._attribution, self._history))

    def saw(
        self, unit: Unit, inspection: Inspection, before: Sequence[Finding], now: Sequence[Finding]
    ) -> tuple[Undone, ...]:
        """Who undid anything in this unit, oldest first. `before` are the findings of the last look."""
        found = {finding.id for finding in now}
        held = self._entries.setdefault(unit.id, {})
        for finding in before:
            if finding.id in found or finding.id in held:
                continue
            gone = gone_of(finding, inspection.observed_at, _how(finding, inspection))
            answer = self._of_object(gone, unit, inspection)
            held[finding.id] = _Entry(gone, unit, inspection, answer._replace(pending=self._asks(gone)))
        while len(held) > KEPT:
            del held[next(iter(held))]
        for entry in held.values():
            if entry.inspection is not None and not self._is_open(entry):
                entry.inspection = None
        return tuple(entry.answer for entry in held.values())

    def forget(self, unit: UnitId) -> None:
        self._entries.pop(unit, None)

    def waits(self, unit: UnitId) -> bool:
        return any(self._is_open(entry) for entry in self._entries.get(unit, {}).values())

    def due(self, unit: UnitId, look: Look) -> list[Finding]:
        now = self._clock()
        return [each.gone.finding for each in self._entries.get(unit, {}).values() if self._is_due(each, now)][:AT_ONCE]

    async def ask(self, unit: Unit, look: Look, clusters: frozenset[str]) -> bool:
        """Asks about what is due. True where anything else is known now. Never raises for a source."""
        wanted = {finding.id for finding in self.due(unit.id, look)}
        entries = [entry for key, entry in self._entries.get(unit.id, {}).items() if key in wanted]
        if not entries:
            return False
        before = [entry.answer for entry in entries]
        objects = [one for one in entries if not one.gone.finding.ref.address and one.gone.how != CODIFIED]
        clouds = [one for one in entries if one.gone.finding.ref.address and one.gone.how != CODIFIED]
        await asyncio.gather(
            self._ask_logs(unit, objects, clusters), *(self._ask_clouds(each) for each in clouds),
            self._ask_git([one for one in entries if one.gone.how == CODIFIED]),
        )  # fmt: skip
        now = self._clock()
        for entry in entries:
            entry.asked, entry.tries = now, entry.tries + 1
        return before != [entry.answer for entry in entries]

    async def _ask_logs(self, unit: Unit, entries: Sequence[_Entry], clusters: frozenset[str]) -> None:
        if not entries or self._attribution is None:
            return
        since = min(entry.gone.after for entry in entries) - EARLIER
        answers, failures = await self._attribution.logs(unit, [one.gone.finding for one in entries], clusters, since)
        await asyncio.to_thread(self._joined, entries, answers, failures)

    def _joined(self, entries: Iterable[_Entry], answers: Sequence[AuditAnswer], failures: Sequence[str]) -> None:
        for entry in entries:
            gone = entry.gone
            last = gone.at + LATE
            inside = [
                each._replace(calls=tuple(one for one in each.calls if one.received is None or one.received <= last))
                for each in answers
            ]
            live = live_object(gone.finding, entry.inspection)
            # The drift's own write is told in whole milliseconds at the finest, and is not what undid it.
            since = gone.after + timedelta(microseconds=1)
            known = attributed(gone.finding, live, inside, failures, self._clock(), since=since)
            self._told(entry, known, bool(failures))

    async def _ask_clouds(self, entry: _Entry) -> None:
        if self._attribution is None:
            return
        from .attribution_cloud import attributed_cloud

        gone = entry.gone
        stamp = gone.finding.planes.get(Plane.ACTUAL)
        read = {Plane.ACTUAL: stamp._replace(observed_at=gone.at)} if stamp is not None else {}
        finding = gone.finding._replace(planes={**gone.finding.planes, **read})
        about, asked = await self._attribution.clouds([finding], entry.inspection)
        for each, question in about:
            known = attributed_cloud(each, question, asked, self._clock(), gone.at, after=gone.after)
            self._told(entry, known, any(isinstance(one.answer, str) for one in asked))

    def _told(self, entry: _Entry, known: Attributed, failed: bool) -> None:
        unseen = [sentence for sentence in known.unseen if "--since" not in sentence]
        entry.answer = undone(entry.gone, entry.unit, entry.inspection, known.lines, unseen=unseen)
        entry.failed = failed
        line = entry.answer.line
        entry.may_arrive = known.may_arrive and (line is None or not line.event_ids or line.confidence < 0.5)

    async def _ask_git(self, entries: Sequence[_Entry]) -> None:
        if self._history is None or not self._history.configured:
            return
        for entry in entries:
            if entry.inspection is None:
                continue
            places = places_of(entry.unit, entry.inspection)
            told = await self._history.told(entry.unit, places, [entry.gone.finding])
            merges = told[entry.gone.finding.ref]
            entry.answer = undone(entry.gone, entry.unit, entry.inspection, merges=merges)
            entry.failed = merges.merges is None

    def _of_object(self, gone: Gone, unit: Unit, inspection: Inspection) -> Undone:
        known = (
            attributed(gone.finding, live_object(gone.finding, inspection), ())
            if not gone.finding.ref.address
            else None
        )
        return undone(gone, unit, inspection, known.lines if known is not None else ())

    def _asks(self, gone: Gone) -> bool:
        if gone.how == CODIFIED:
            return self._history is not None and self._history.configured
        return self._attribution is not None and self._attribution.asks(gone.finding)

    def _is_open(self, entry: _Entry) -> bool:
        if entry.asked is None:
            return entry.answer.pending
        return (entry.failed or entry.may_arrive) and self._clock() - entry.gone.at <= GIVE_UP

    def _is_due(self, entry: _Entry, now: datetime) -> bool:
        if not self._is_open(entry):
            return False
        if entry.asked is None:
            return True
        if entry.failed:
            return now - entry.asked >= FAILED_AFTER
        waits = CLOUD_AGAIN_AFTER if entry.gone.finding.ref.address else AGAIN_AFTER
        return now - entry.asked >= timedelta(seconds=waits[min(entry.tries, len(waits)) - 1])


def _how(finding: Finding, inspection: Inspection) -> str:
    from drifttui.core.closeout import what_moved

    from .answers import finding as body_of

    return what_moved(body_of(finding), inspection).value
