"""Carries out plans that were confirmed: read afresh, journal the intent, write, journal the outcome.

A step that is refused takes back what the steps before it wrote, in reverse order. What nobody can decide stays open
in the journal, and `services.recovery` asks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from drifttui.core.acts import ActRecord
from drifttui.core.errors import DriftError, LedgerError, inert
from drifttui.core.pause import Plan, Progress, Purpose, Write, WriteKind
from drifttui.core.pause_stand import departures
from drifttui.core.ports import Clock

from .doors import Ways
from .journal import Journal, acts_of, at_work, intend, note_outcome, note_step
from .stepping import Sleep, Step, Stepper

GRACE: Final = timedelta(minutes=10)
"""How long an open act of another machine is taken for one that is under way."""

WORDS_LIMIT: Final = 500

Tell = Callable[[Progress], None]


class Carried(NamedTuple):
    plan: Plan
    result: str
    """`written`, `resumed`; `refused`: not even begun; `cancelled`, `failed`: begun, nothing was written;
    `rolled-back`; `unknown`: nobody can tell, and the act stays open."""
    message: str = ""

    @property
    def ok(self) -> bool:
        return self.result in ("written", "resumed")


def never() -> bool:
    return False


def untold(_progress: Progress) -> None:
    """For callers that want the result alone."""


async def carry_out(
    plans: Sequence[Plan],
    ways: Ways,
    ledger: Journal,
    *,
    clock: Clock,
    progress: Tell = untold,
    cancelled: Callable[[], bool] = never,
    sleep: Sleep = asyncio.sleep,
) -> tuple[Carried, ...]:
    """One plan after another, in the order given; one that fails does not keep the next from being tried.

    `cancelled` is asked before every write; what is written of a plan by then is taken back. Raises `DriftError` only
    where the ledger cannot be written; what was written until then is taken back.
    """
    return tuple(
        [await Carrying(plan, ways, ledger, clock, progress, cancelled, sleep).run() for plan in plans]
    )  # fmt: skip


class Carrying:
    """One plan on its way."""

    def __init__(
        self,
        plan: Plan,
        ways: Ways,
        ledger: Journal,
        clock: Clock,
        tell: Tell,
        cancelled: Callable[[], bool] = never,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.plan = plan
        self._ledger, self._clock, self._tell, self._cancelled = ledger, clock, tell, cancelled
        self._stepper = Stepper(ways, sleep)
        self._writes = [write for write in plan.writes if not write.skipped]

    async def run(self) -> Carried:
        """From the fresh look to the outcome."""
        try:
            why = await self.obstacles()
        except DriftError as error:
            why = error.one_line()
        if why:
            return self._ended("refused", why)
        await intend(self._ledger, self.plan)
        if other := await self._somebody_else(mine=True):
            return await self._outcome("cancelled", other)
        self._said("journalled", "journalled")
        for write in self.plan.writes:
            if write.skipped:
                await note_step(self._ledger, self.plan.id, write.number, Step("skipped"))
        return await self.write(self._writes)

    async def obstacles(self) -> str:
        """Why this cannot begin, in one line; empty where it can. Raises `DriftError` where that cannot be read."""
        if self.plan.blocked:
            return "; ".join(self.plan.blocked)
        if self.plan.purpose is Purpose.PAUSE and (not self.plan.reason or self.plan.until is None):
            return "a pause needs a reason and an end"
        if not self._writes:
            return "the plan writes nothing"
        if other := await self._somebody_else(mine=False):
            return other
        for write in self.plan.writes:
            if write.skipped and not write.optional and (missing := await self._missing(write)):
                return f"it leans on what is not there: {missing}"
        for write in self._writes:
            if changed := await self._stepper.obstacles(write):
                return f"changed since it was planned: {'; '.join(changed)}"
        return ""

    async def _missing(self, write: Write) -> str:
        """What is not as a step by another pause left it, on which this plan relies."""
        return "; ".join(e.words for e in departures(write, await self._stepper.read(write)) if e.undoes)

    async def write(self, writes: Sequence[Write], before: Sequence[Write] = ()) -> Carried:
        """Write these; `before` are those of the same plan that stand already, to be taken back with them."""
        done = list(before)
        total = len(self._writes)
        for place, write in enumerate(writes, total - len(writes) + 1):
            if self._cancelled():
                return await self._back(done, "cancelled by the operator", "cancelled")
            self._said("writing", f"writing {place}/{total}: {write.words}")
            step = await self._stepper.write(write)
            self._said("writing", f"answered {place}/{total}: {step.result}")
            if step.result == "written":
                done.append(write)
            await self._journalled(write, step, done)
            if step.result == "refused" and write.kind is not WriteKind.STOP_OPERATION:
                return await self._back(done, step.message, "failed")
            if step.result == "unknown":
                return self._ended("unknown", step.message)
            self._said("writing", f"{step.result} {place}/{total}")
        return await self._outcome("written" if self.plan.purpose is Purpose.PAUSE else "resumed")

    async def _journalled(self, write: Write, step: Step, done: Sequence[Write]) -> None:
        """What the journal cannot hold must not stand: raises `DriftError` after taking it back."""
        try:
            await note_step(self._ledger, self.plan.id, write.number, step)
        except DriftError as error:
            left = await self._undo(done, journal=False)
            what = f"could not be taken back: {left}" if left else "what was written was taken back"
            raise LedgerError(error.title, f"{error.detail}; {what}", error.hint) from error

    async def take_back(self, writes: Sequence[Write], message: str) -> Carried:
        """Undo these steps, the last one first."""
        return await self._back(list(writes), message, "cancelled")

    async def _back(self, done: list[Write], message: str, nothing: str) -> Carried:
        """`nothing` is the outcome where nothing had been written."""
        if not done:
            return await self._outcome(nothing, message)
        left = await self._undo(done, journal=True)
        if left:
            return self._ended("unknown", f"could not be taken back: {left}. Before that: {message}")
        return await self._outcome("rolled-back", f"{message}; what was written before was taken back")

    async def _undo(self, done: Sequence[Write], *, journal: bool) -> str:
        """What could not be taken back, with the reason; empty: nothing is left."""
        left = []
        for write in reversed(done):
            self._said("writing", f"taking back {write.target.short}")
            step = await self._stepper.take_back(write)
            if journal:
                await note_step(self._ledger, self.plan.id, write.number, step)
            if step.result not in ("undone", "skipped"):
                left.append(f"{write.target.short} ({step.message})")
        return ", ".join(left)

    async def _somebody_else(self, *, mine: bool) -> str:
        """Another drifttui at the same unit. With `mine` our own intent is journalled: whoever was first goes on."""
        for act in (await acts_of(self._ledger)).open:
            if act.id == self.plan.id and mine:
                return ""
            if act.unit != str(self.plan.unit) or act.id == self.plan.id:
                continue
            if await under_way(self._ledger, act, self._clock):
                return f"{act.actor} is at work on {self.plan.unit.name}: {act.purpose}, {act.id}"
        return ""

    async def _outcome(self, result: str, message: str = "") -> Carried:
        await note_outcome(self._ledger, self.plan.id, result, inert(message, WORDS_LIMIT))
        return self._ended(result, message)

    def _ended(self, result: str, message: str = "") -> Carried:
        carried = Carried(self.plan, result, inert(message, WORDS_LIMIT))
        self._tell(_end(carried))
        return carried

    def _said(self, phase: str, words: str) -> None:
        self._tell(Progress(self.plan.id, phase, inert(words, WORDS_LIMIT)))


async def under_way(ledger: Journal, act: ActRecord, clock: Clock) -> bool:
    """Whether another process is at an open act, as far as can be told: on other machines by its age alone."""
    alive = await at_work(ledger, act)
    return clock() - act.at < GRACE if alive is None else alive


def _end(carried: Carried) -> Progress:
    phases = {"refused": "failed", "rolled-back": "failed"}
    phase = phases.get(carried.result, carried.result)
    words = f"{carried.result}: {carried.message}" if carried.message else carried.result
    return Progress(
        carried.plan.id, phase, words, done=carried.result != "written", failed=phase in ("failed", "unknown")
    )  # fmt: skip
