"""Does a pause hold? Reads again, for a while after writing or at any later time, and provokes nothing.

It counts as holding once every owner that was read tells of three reconciliations since, or the plan's time to watch
is over with three looks in it, and everything that was written is as it was written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from drifttui.clients.kube_write import FIELD_MANAGER
from drifttui.core.acts import PauseRecord, PauseState
from drifttui.core.ages import span
from drifttui.core.errors import DriftError, inert
from drifttui.core.pause import Plan, Progress, Target, Write, WriteKind
from drifttui.core.pause_json import plan_from
from drifttui.core.pause_note import NOTE_POINTER
from drifttui.core.pause_stand import Blame, Stand, blame, departures, reconciled_at, stand
from drifttui.core.planes import Document
from drifttui.core.ports import Clock

from .doors import Ways
from .journal import Journal, acts_of, note_outcome
from .stepping import Sleep
from .writing import Tell, never, untold

TIMES: Final = 3
"""Reconciliations of every owner, and looks, until it counts as holding."""

PACE: Final = 5.0
"""Seconds between looks: one small GET per object."""


class Look(NamedTuple):
    """One look at everything that a plan wrote."""

    at: datetime
    holds: bool | None
    """None: something could not be read."""
    words: str = ""
    """Why not, or what is different and does no harm."""
    by: str = ""
    """The field manager that undid it, as far as the object tells."""
    resumed: bool = False
    """Everything is exactly as before the pause, its annotation gone: a colleague resumed it."""
    gone: bool = False
    """What was paused is not there any more."""
    reconciled: tuple[tuple[Target, str], ...] = ()
    """Per object, what changes with every reconciliation; empty where it does not tell."""


class Held(NamedTuple):
    plan: Plan
    result: str
    """`holding`, `undone`, `resumed` by somebody elsewhere, or `unknown`: watching ended before it was proven."""
    message: str = ""
    by: str = ""
    checks: int = 0


async def look(plan: Plan, ways: Ways, clock: Clock) -> Look:
    """Never raises what a server can cause."""
    writes = [write for write in plan.writes if _leaned_on(write)]
    found = await asyncio.gather(*(_read(write, ways) for write in writes))
    now = clock()
    unread = [answer for answer in found if isinstance(answer, str)]
    read = [(write, answer) for write, answer in zip(writes, found, strict=True) if not isinstance(answer, str)]
    told = tuple((write.target, reconciled_at(document)) for write, document in read)
    apart = [(document, each) for write, document in read for each in departures(write, document)]
    back = [(document, each) for document, each in apart if each.undoes]
    if back:
        document, departure = back[0]
        who = blame(document, departure.field, plan.at)
        resumed = not unread and _given_back(plan, read, [blame(document, each.field) for document, each in back])
        words = "everything is as it was before the pause" if resumed else f"{departure.words}, {who.words(now)}"
        return Look(
            now,
            False,
            words,
            who.manager,
            resumed=resumed,
            gone=any(document is None for _, document in read),
            reconciled=told,
        )
    if unread:
        return Look(now, None, "; ".join(dict.fromkeys(unread)), reconciled=told)
    return Look(now, True, "; ".join(each.words for _, each in apart), reconciled=told)


async def hold(
    plans: Sequence[Plan],
    ways: Ways,
    ledger: Journal,
    *,
    clock: Clock,
    progress: Tell = untold,
    cancelled: Callable[[], bool] = never,
    sleep: Sleep = asyncio.sleep,
    pace: float = PACE,
) -> tuple[Held, ...]:
    """Watches pauses that were just written, all at once, and journals what each came to.

    Who stops watching (`cancelled`) leaves the pause as written: nothing is claimed. Raises `DriftError` only where the
    ledger cannot be written.
    """
    return tuple(
        await asyncio.gather(
            *(Watching(plan, ways, ledger, clock, progress, cancelled, sleep, pace).run() for plan in plans)
        )
    )


class Watching:
    """One plan from its outcome `written` until it is proven or undone."""

    def __init__(
        self,
        plan: Plan,
        ways: Ways,
        ledger: Journal,
        clock: Clock,
        tell: Tell,
        cancelled: Callable[[], bool],
        sleep: Sleep,
        pace: float,
    ) -> None:
        self._plan, self._ways, self._ledger, self._clock = plan, ways, ledger, clock
        self._tell, self._cancelled, self._sleep, self._pace = tell, cancelled, sleep, pace
        self._began = clock()
        self._seen: dict[Target, list[str]] = {}
        self._checks = 0

    async def run(self) -> Held:
        ends = self._began + self._plan.watch_for
        unread = ""
        while True:
            seen = await look(self._plan, self._ways, self._clock)
            if seen.holds is False:
                result = "resumed" if seen.resumed else "undone"
                return await self._proven(result, seen.words, seen.by)
            if seen.holds:
                self._checks += 1
                self._count(seen)
                if self._enough or (self._clock() >= ends and self._checks >= TIMES):
                    return await self._proven("holding", self._evidence(seen.words))
            unread = "" if seen.holds else seen.words
            # What cannot be read is watched as long again, then nobody claims anything.
            if self._cancelled() or (unread and self._clock() >= ends + self._plan.watch_for):
                return self._ended(Held(self._plan, "unknown", unread or "not watched to the end", "", self._checks))
            self._say(f"not readable: {unread}" if unread else f"as written, {self._evidence('')}")
            await self._sleep(self._pace)

    def _count(self, seen: Look) -> None:
        for target, moment in seen.reconciled:
            moments = self._seen.setdefault(target, [])
            if moment and (not moments or moments[-1] != moment):
                moments.append(moment)

    @property
    def _enough(self) -> bool:
        """Every object told of so many reconciliations; what it said at the first look was one before."""
        counts = self._counts
        return bool(counts) and self._checks >= TIMES and min(counts) >= TIMES

    @property
    def _counts(self) -> list[int]:
        return [max(0, len(moments) - 1) for moments in self._seen.values()]

    def _evidence(self, more: str) -> str:
        after = span((self._clock() - self._began).total_seconds())
        words = f"checked {self._checks} times in {after}"
        if counts := self._counts:
            words += f", {min(counts)} reconciliations seen" if min(counts) else ""
        return f"{words}; {more}" if more else words

    async def _proven(self, result: str, message: str, by: str = "") -> Held:
        held = Held(self._plan, result, inert(message, 500), by, self._checks)
        await note_outcome(self._ledger, self._plan.id, result, held.message, by=by, checks=self._checks)
        return self._ended(held)

    def _ended(self, held: Held) -> Held:
        words = f"{held.result}: {held.message}" if held.message else held.result
        bad = held.result in ("undone", "unknown")
        self._tell(Progress(self._plan.id, held.result, inert(words, 500), done=True, failed=bad))
        return held

    def _say(self, words: str) -> None:
        self._tell(Progress(self._plan.id, "verifying", inert(words, 500)))


class Checked(NamedTuple):
    """A standing pause, looked at again."""

    pause: PauseRecord
    look: Look


async def check(
    pauses: Sequence[PauseRecord], ways: Ways, ledger: Journal, *, clock: Clock, at_once: int = 8
) -> tuple[Checked, ...]:
    """Looks again at pauses that stand by the ledger, and journals those that were undone since.

    One that was only written becomes holding when its time to watch is long over: it stood all the while. Raises
    `DriftError` only where the ledger cannot be written.
    """
    places = asyncio.Semaphore(at_once)

    async def one(pause: PauseRecord) -> Checked:
        try:
            plan = plan_from(pause.plan)
        except ValueError as error:
            return Checked(pause, Look(clock(), None, f"its plan cannot be read: {inert(str(error), 120)}"))
        async with places:
            return Checked(pause, await look(plan, ways, clock))

    found = await asyncio.gather(*(one(pause) for pause in pauses))
    acts = await acts_of(ledger)
    for pause, seen in found:
        now = acts.pauses.get(pause.id)
        if now is None or not now.standing or now.state is PauseState.INTENDED:
            continue
        if seen.holds is False:
            result = "resumed" if seen.resumed else "undone"
            await note_outcome(ledger, pause.id, result, inert(seen.words, 500), by=seen.by, checks=pause.checks + 1)
        elif seen.holds and now.state is PauseState.WRITTEN and _long_over(pause, seen.at):
            words = f"it still stood {span((seen.at - pause.at).total_seconds())} after it was written"
            await note_outcome(ledger, pause.id, "holding", words, checks=pause.checks + 1)
    return tuple(found)


def _long_over(pause: PauseRecord, now: datetime) -> bool:
    return now - pause.at >= plan_from(pause.plan).watch_for


def _given_back(plan: Plan, read: Sequence[tuple[Write, Document | None]], who: Sequence[Blame]) -> bool:
    """Whether somebody resumed it elsewhere: policy, owners and annotation are as before, and it was no owner that put
    them back. What a resume takes off leaves no holder; what it sets again, drifttui holds."""
    exactly = all(stand(write, document) is Stand.BEFORE for write, document in read)
    ours = all(each.manager == FIELD_MANAGER for each in who if each.exact)
    noted = any(NOTE_POINTER in write.captured for write, _ in read)
    return exactly and ours and (any(each.exact for each in who) or (noted and plan.holds))


def _leaned_on(write: Write) -> bool:
    """A skipped step stands by another pause, unless the operator left it out."""
    return write.kind is not WriteKind.STOP_OPERATION and not (write.skipped and write.optional)


async def _read(write: Write, ways: Ways) -> Document | str | None:
    """A text where it could not be read."""
    try:
        return await ways.to(write.target).read(write.target)
    except DriftError as error:
        return error.one_line()
