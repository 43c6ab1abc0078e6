"""What a crash left open in the journal: read every object again, say what is true, and finish or undo.

Nothing is sent that would not be sent by hand: a step that stands is left, one that does not is written or taken back
with the tests of its own plan, so that what somebody did in between is never overwritten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from drifttui.core.acts import ActRecord, PauseRecord, PauseState
from drifttui.core.errors import DriftError, inert
from drifttui.core.pause import Plan, Purpose, Write, WriteKind
from drifttui.core.pause_json import plan_from
from drifttui.core.pause_stand import Stand, departures, stand
from drifttui.core.planes import Document
from drifttui.core.ports import Clock

from .doors import Ways
from .journal import Journal, acts_of, note_outcome
from .stepping import Sleep, Stepper
from .writing import Carried, Carrying, Tell, never, under_way, untold


class Choice(StrEnum):
    FINISH = "finish"
    UNDO = "undo"


Choose = Callable[[Plan], Choice]
"""What to do with a plan of which some steps stand and others do not."""


def by_purpose(plan: Plan) -> Choice:
    """A resume is finished, for nothing may stay paused by half. A pause is undone: nobody waits for it any more."""
    return Choice.FINISH if plan.purpose is Purpose.RESUME else Choice.UNDO


class Recovered(NamedTuple):
    act: str
    unit: str
    purpose: str
    result: str
    """An outcome (`cancelled`, `written`, `resumed`, `rolled-back`), `at work` where its process still runs, or
    `unknown`: it stays open."""
    words: str

    @property
    def open(self) -> bool:
        return self.result in ("unknown", "at work")

    @property
    def line(self) -> str:
        name = self.unit.rpartition("/")[2]
        return inert(f"{self.purpose} of {name}, left open: {self.result}" + (f", {self.words}" if self.words else ""))


async def recover(
    ways: Ways,
    ledger: Journal,
    *,
    clock: Clock,
    choose: Choose = by_purpose,
    progress: Tell = untold,
    sleep: Sleep = asyncio.sleep,
) -> tuple[Recovered, ...]:
    """Every open act whose process is dead, in the order in which they began. Empty where nothing is open.

    What has become `written` is to be watched from here on (`unverified`). Raises `DriftError` only where the ledger
    cannot be read or written.
    """
    found = []
    for act in (await acts_of(ledger)).open:
        if await under_way(ledger, act, clock):
            found.append(Recovered(act.id, act.unit, act.purpose, "at work", f"{act.actor} began it and still runs"))
            continue
        found.append(await _one(act, ways, ledger, clock, choose, progress, sleep))
    return tuple(found)


def unverified(pauses: tuple[PauseRecord, ...] | list[PauseRecord]) -> list[PauseRecord]:
    """Written, and nobody has proven them: their watcher died, or nobody waited."""
    return [pause for pause in pauses if pause.state is PauseState.WRITTEN and pause.plan]


async def _one(
    act: ActRecord, ways: Ways, ledger: Journal, clock: Clock, choose: Choose, progress: Tell, sleep: Sleep
) -> Recovered:  # fmt: skip
    def told(result: str, words: str = "") -> Recovered:
        return Recovered(act.id, act.unit, act.purpose, result, words)

    try:
        plan = plan_from(act.plan)
    except ValueError as error:
        return told("unknown", f"its plan cannot be read: {inert(str(error), 120)}")
    stepper = Stepper(ways, sleep)
    writes = [write for write in plan.writes if not write.skipped and write.kind is not WriteKind.STOP_OPERATION]
    try:
        documents = [await stepper.read(write) for write in writes]
    except DriftError as error:
        return told("unknown", error.one_line())
    stands = [_effective(write, document) for write, document in zip(writes, documents, strict=True)]
    there = [write for write, found in zip(writes, stands, strict=True) if found is Stand.AFTER]
    carrying = Carrying(plan, ways, ledger, clock, progress, never, sleep)
    if all(found is Stand.AFTER for found in stands):
        result = "written" if plan.purpose is Purpose.PAUSE else "resumed"
        await note_outcome(ledger, act.id, result, "everything had been written when its process ended")
        return told(result, "everything had been written when its process ended")
    if not there and Stand.OTHER not in stands:
        await note_outcome(ledger, act.id, "cancelled", _nothing(stands))
        return told("cancelled", _nothing(stands))
    if Stand.OTHER in stands or Stand.GONE in stands:
        odd = ", ".join(
            f"{write.target.short} is {found}" + (", somebody changed it since" if found is Stand.OTHER else "")
            for write, found in zip(writes, stands, strict=True)
            if found in (Stand.OTHER, Stand.GONE)
        )
        if plan.purpose is Purpose.RESUME:
            return told("unknown", f"{odd}. Look at it, then resume {plan.unit.name} anew.")
        return _came_to(told, await carrying.take_back(there, odd), f"{odd}; nothing of it is left standing")
    missing = [write for write, found in zip(writes, stands, strict=True) if found is Stand.BEFORE]
    if choose(plan) is Choice.FINISH and all(write.number > max(w.number for w in there) for write in missing):
        return _came_to(told, await carrying.write(missing, there), "the rest was written")
    return _came_to(told, await carrying.take_back(there, "its process ended in the middle"), "it was taken back")


def _effective(write: Write, document: Document | None) -> Stand:
    """What somebody changed beside it, such as the annotation, does not make a step undone."""
    found = stand(write, document)
    if found is Stand.OTHER and not any(each.undoes for each in departures(write, document)):
        return Stand.AFTER
    return found


def _came_to(told: Callable[[str, str], Recovered], carried: Carried, words: str) -> Recovered:
    return told(carried.result, words if carried.ok or carried.result == "rolled-back" else carried.message)


def _nothing(stands: list[Stand]) -> str:
    return "nothing had been written" if Stand.GONE not in stands else "nothing of it stands: its object is gone"
