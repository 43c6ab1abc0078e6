"""What acting does in its thread: the verbs of pausing, writing, holding, recovery, deciding and linking, one after
another as an operator's ask needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from drifttui.core.acts import Acts, PauseRecord
from drifttui.core.asks import Answer, Choice, LinkWish
from drifttui.core.errors import DriftError, inert
from drifttui.core.finding import Finding
from drifttui.core.identity import UnitId
from drifttui.core.link_refs import read_ref
from drifttui.core.link_standing import link_name
from drifttui.core.pause import Plan, Progress, Purpose
from drifttui.core.pause_json import plan_from
from drifttui.core.pause_note import note_is_for, note_of, record_of
from drifttui.core.pause_owners import Request
from drifttui.core.pause_plan import overdue_words
from drifttui.core.tracker import Resolvers
from drifttui.core.unit import Unit
from drifttui.store.ledger import Ledger, open_ledger

from .deciding import give_verdict
from .doors import Doors
from .holding import check, hold
from .linking import Rereading, link_to_incident, make_link
from .pausing import plan_pauses, plan_resumes, seen_pauses
from .reach import Reach
from .recovery import recover, unverified
from .session import Settings
from .writing import Tell, carry_out, untold

_ASKED: Final = "asked when the plan is confirmed"
_OVERDUE: Final = "it does not end by itself: after its end it counts as overdue"
_USUAL: Final = timedelta(hours=2)
"""Stands for the end that the operator has not said yet, while the plan is looked at."""

CHECK_EVERY: Final = 60.0
"""Seconds between looks at the pauses that stand by this ledger: one small GET per object."""

_MOST_NOTES: Final = 40
"""Units on which annotations are looked for at once."""


class Work:
    """Lives in one event loop. Raises `DriftError` from everything but `close`."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime], news: Callable[[Acts], None]) -> None:
        self._settings, self._clock, self._news = settings, clock, news
        self._ledger: Ledger = open_ledger(settings.ledger or None, clock=clock)
        self._doors = Doors(settings, clock)
        self._reaches: dict[str, Reach] = {}
        self._trackers: Resolvers | None = None
        self._units: dict[UnitId, Unit] = {}
        """Those that were planned for, as they were listed then."""
        self._writing = asyncio.Lock()

    async def written(self) -> None:
        """Nothing is half written any more: whoever writes was told that the session ends."""
        async with self._writing:
            return

    async def close(self) -> None:
        closing = [self._doors.close(), *(reach.close() for reach in self._reaches.values())]
        closing += [tracker.close() for tracker in (self._trackers or {}).values()]
        await asyncio.gather(*closing, return_exceptions=True)
        await asyncio.to_thread(self._ledger.close)

    async def acts(self) -> Acts:
        acts = await asyncio.to_thread(self._ledger.acts)
        self._news(acts)
        return acts

    def _reach(self, source: str) -> Reach:
        if source not in self._reaches:
            self._reaches[source] = Reach(self._settings, source, self._clock)
        return self._reaches[source]

    # Planning.

    async def pauses(
        self, units: Sequence[Unit], reason: str = _ASKED, until: datetime | None = None, link: str = ""
    ) -> tuple[Plan, ...]:
        """Without a reason and an end: to be looked at, and made anew with them when it is confirmed."""
        self._units |= {unit.id: unit for unit in units}
        acts, at = await self.acts(), self._clock()
        end = until or at + _USUAL

        async def plan(some: Sequence[Unit]) -> tuple[Plan, ...]:
            return await plan_pauses(
                [(unit, self._reach(unit.id.source)) for unit in some],
                acts,
                at=at,
                actor=self._ledger.actor,
                reason=reason,
                until=end,
                link=link,
            )

        plans = await _each(units, plan, Purpose.PAUSE, at)
        if until is not None:
            return plans
        told = overdue_words(Request("", "", "", at, reason, end, link))
        return tuple(
            plan._replace(
                reason="", until=None, effects=tuple(_OVERDUE if said == told else said for said in plan.effects)
            )
            for plan in plans
        )

    async def resumes(
        self, units: Sequence[Unit], findings: Mapping[UnitId, Sequence[Finding]]
    ) -> tuple[Plan, ...]:  # fmt: skip
        acts, at = await self.acts(), self._clock()

        async def plan(some: Sequence[Unit]) -> tuple[Plan, ...]:
            pairs = [(unit, self._reach(unit.id.source)) for unit in some]
            return await plan_resumes(pairs, acts, at=at, actor=self._ledger.actor, findings=findings)

        return await _each(units, plan, Purpose.RESUME, at)

    # Writing.

    async def carry_out(self, shown: Sequence[Plan], tell: Tell, leaving: Callable[[], bool]) -> None:
        """Progress is told by the ids of the plans that were shown."""
        plans, names = await self._confirmed(shown, tell)

        def told(progress: Progress) -> None:
            tell(progress._replace(plan=names[progress.plan]))

        async with self._writing:
            carried = await carry_out(
                plans, self._doors, self._ledger, clock=self._clock, progress=told, cancelled=leaving
            )
            await self.acts()
        standing = [each.plan for each in carried if each.ok and each.plan.purpose is Purpose.PAUSE]
        await asyncio.gather(*(self._tie(plan) for plan in standing), self._watch(standing, told, leaving))

    async def _confirmed(self, shown: Sequence[Plan], tell: Tell) -> tuple[list[Plan], dict[str, str]]:
        """Pauses are made anew with what the operator said, for that goes into what is written; one that is another
        plan now than the one that was confirmed is told so, and left. Second: id of each plan → id of the one shown."""
        plans = [plan for plan in shown if plan.purpose is Purpose.RESUME]
        names = {plan.id: plan.id for plan in plans}
        asked = [plan for plan in shown if plan.purpose is Purpose.PAUSE]
        if not asked:
            return plans, names
        first = asked[0]
        units = [self._units[plan.unit] for plan in asked]
        try:
            made = await self.pauses(units, first.reason, first.until, first.link)
        except DriftError as error:
            for plan in asked:
                tell(_failed(plan, f"nothing was written: {error.one_line()}"))
            return plans, names
        for old, new in zip(asked, made, strict=True):
            if _shape(old) != _shape(new):
                tell(_failed(old, f"nothing was written: {_differs(old, new)}. Look at the plan again."))
                continue
            left_out = {write.number for write in old.writes if write.skipped}
            writes = tuple(write._replace(skipped=write.number in left_out) for write in new.writes)
            plans.append(new._replace(writes=writes))
            names[new.id] = old.id
        return plans, names

    async def _tie(self, plan: Plan) -> None:
        if plan.link:
            resolvers = await self._resolvers()
            await link_to_incident(self._ledger, plan.link, clock=self._clock, pauses=[plan.id], resolvers=resolvers)
            await self.acts()

    async def _watch(self, plans: Sequence[Plan], tell: Tell, leaving: Callable[[], bool]) -> None:
        """Each by itself, so that the first one proven is on the screen at once."""

        async def one(plan: Plan) -> None:
            await hold([plan], self._doors, self._ledger, clock=self._clock, progress=tell, cancelled=leaving)
            await self.acts()

        await asyncio.gather(*(one(plan) for plan in plans))

    # What stands.

    async def begin(self, incident: Callable[[], str], leaving: Callable[[], bool]) -> AsyncGenerator[Answer, None]:
        """Finishes what a crash left; then looks after what stands until the session ends."""
        async with self._writing:
            found = await recover(self._doors, self._ledger, clock=self._clock)
        for each in found:
            yield Answer(each.line, failed=each.open)
        acts = await self.acts()
        unproven = [plan_from(pause.plan) for pause in unverified(list(acts.pauses.values()))]
        watching = asyncio.create_task(self._watch(unproven, untold, leaving))
        reread = Rereading(self._ledger, await self._resolvers(), self._clock)
        try:
            while not leaving():
                for answer in await self._looked_after():
                    yield answer
                with suppress(DriftError):
                    if await reread(incident()):
                        await self.acts()
                await asyncio.sleep(CHECK_EVERY)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _looked_after(self) -> list[Answer]:
        """What has been undone since the last look."""
        before = await self.acts()
        standing = [pause for pause in before.pauses.values() if pause.standing and pause.plan]
        if not standing:
            return []
        await check(standing, self._doors, self._ledger, clock=self._clock)
        after = (await self.acts()).pauses
        return [
            Answer(f"the pause of {_name(pause)} is {after[pause.id].state}: {after[pause.id].message}", failed=True)
            for pause in standing
            if pause.id in after and not after[pause.id].standing
        ]

    async def seen_on(self, units: Sequence[Unit]) -> Mapping[str, PauseRecord]:
        """Pauses that annotations on these units tell of. What cannot be read tells nothing."""
        found: dict[str, PauseRecord] = {}
        sources: dict[str, list[Unit]] = {}
        for unit in units:
            sources.setdefault(unit.id.source, []).append(unit)
        for source, some in sources.items():
            reach = Reach(self._settings, source, self._clock)
            with suppress(DriftError):
                if len(some) > _MOST_NOTES:
                    found |= {pause.unit: pause for pause in await seen_pauses(reach)}
                else:
                    read = [await _note(unit, reach) for unit in some]
                    found |= {pause.unit: pause for pause in read if pause is not None}
            await reach.close()
        return found

    # Records.

    async def classify(self, findings: Sequence[Finding], choice: Choice, incident: str) -> Answer:
        await give_verdict(
            self._ledger,
            findings,
            choice.drift_class,
            choice.action,
            choice.note,
            clock=self._clock,
            cause=choice.cause,
            incident=incident,
            resolvers=await self._resolvers(),
        )
        await self.acts()
        what = findings[0].ref.short if len(findings) == 1 else f"{len(findings)} findings"
        return Answer(f"{what} classified {choice.drift_class}, {choice.action}")

    async def link(self, wish: LinkWish) -> Answer:
        record = await make_link(
            self._ledger,
            wish.ref,
            wish.kind,
            clock=self._clock,
            expires=wish.expires,
            approver=wish.approver,
            note=wish.note,
            units=wish.units,
            findings=wish.findings,
            pauses=wish.pauses,
            resolvers=await self._resolvers(),
        )
        await self.acts()
        return Answer(f"linked to {link_name(record)}" + (f", not read: {record.problem}" if record.problem else ""))

    async def incident(self, ref: str) -> tuple[str, str]:
        """The normal form of the reference, and what to say."""
        if not ref:
            return "", "no incident: what is done from now on is linked to nothing"
        named = read_ref(ref)
        record = await make_link(self._ledger, named.text, clock=self._clock, resolvers=await self._resolvers())
        await self.acts()
        return named.text, f"what is done from now on is linked to {link_name(record)}"

    async def _resolvers(self) -> Resolvers:
        if self._trackers is None:
            from drifttui.sources.trackers import build_trackers, resolvers

            self._trackers = resolvers(build_trackers(self._settings, self._clock))
        return self._trackers


async def _each(
    units: Sequence[Unit], plan: Callable[[Sequence[Unit]], Awaitable[tuple[Plan, ...]]], purpose: Purpose, at: datetime
) -> tuple[Plan, ...]:
    """Plans that know of each other. A unit that cannot be read is left out and says why, and the others are planned
    without it; a single one raises `DriftError`."""
    try:
        return await plan(units)
    except DriftError:
        if len(units) == 1:
            raise
    refused: dict[UnitId, DriftError] = {}
    for unit in units:
        try:
            await plan([unit])
        except DriftError as error:
            refused[unit.id] = error
    made = {each.unit: each for each in await plan([unit for unit in units if unit.id not in refused])}
    return tuple(made.get(unit.id) or _unreadable(unit, purpose, at, refused[unit.id]) for unit in units)


async def _note(unit: Unit, reach: Reach) -> PauseRecord | None:
    try:
        note = note_of((await reach.around(unit)).unit.document)
    except (DriftError, ValueError):
        return None
    return record_of(note, unit.id) if note is not None and note_is_for(note, unit.id) else None


def _unreadable(unit: Unit, purpose: Purpose, at: datetime, error: DriftError) -> Plan:
    return Plan(
        "unread", purpose, unit.id, unit.cluster, unit.environment, at, (), (), (), blocked=(error.one_line(),)
    )  # fmt: skip


def _shape(plan: Plan) -> object:
    """What the operator agreed to. Effects tell of the end and of what runs at this moment; they may differ."""
    writes = tuple((write.kind, write.target, write.words, write.optional) for write in plan.writes)
    return writes, plan.undoers, plan.blocked, plan.unknown


def _differs(old: Plan, new: Plan) -> str:
    if new.blocked:
        return "; ".join(new.blocked)
    if len(new.undoers) != len(old.undoers):
        return "its owners are others now"
    return "it is not as it was when the plan was made"


def _failed(plan: Plan, words: str) -> Progress:
    return Progress(plan.id, "failed", inert(words, 500), done=True, failed=True)


def _name(pause: PauseRecord) -> str:
    return pause.unit.rpartition("/")[2]
