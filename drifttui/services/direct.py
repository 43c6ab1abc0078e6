"""Direct reads: one AWS resource of a stack, now, without a plan. For a command once, for a session again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from drifttui.core.board import Look
from drifttui.core.direct import DirectAnswer, DirectRead, refusal
from drifttui.core.errors import DriftError, InputError, inert
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.planes import Plane
from drifttui.core.ports import Clock, DirectReader, Source

AT_ONCE = 4
TIMEOUT = 120.0
"""Seconds for one read, with the state that may have to be pulled before it."""


class Target(NamedTuple):
    """A resource, and who reads it."""

    reader: DirectReader
    unit: UnitId
    ref: ResourceRef


async def find(sources: Sequence[Source], address: str) -> Target:
    """The one resource of that address, `STACK/ADDRESS` where several stacks have it.

    Raises `InputError` for what cannot be asked so, and the stack's own error where it could not be read.
    """
    readers = [source for source in sources if isinstance(source, DirectReader)]
    if not readers:
        raise InputError(
            "No stack is configured", "a direct read is of a stack's resource", "Give --stack DIR|FILE, or [[stack]]."
        )
    known = await asyncio.gather(*(reader.recorded() for reader in readers), return_exceptions=True)
    found: list[Target] = []
    units: list[str] = []
    names: list[str] = []
    failed: list[DriftError] = []
    for reader, answer in zip(readers, known, strict=True):
        if isinstance(answer, DriftError):
            failed.append(answer)
            continue
        if isinstance(answer, BaseException):
            raise answer
        for unit, refs in answer.items():
            units.append(unit.name)
            names += [ref.address for ref in refs]
            asked = {address, address.removeprefix(f"{unit.name}/")}
            found += [Target(reader, unit, ref) for ref in refs if ref.address in asked]
    if len(found) == 1:
        target = found[0]
        if why := refusal(target.unit, target.ref):
            raise InputError(f"Cannot read {inert(target.ref.short, 100)} directly", why, "Make a plan of the stack.")
        return target
    if found:
        among = ", ".join(target.unit.name for target in found[:4])
        raise InputError(
            f"{len(found)} stacks have {inert(address, 100)}",
            among,
            f"Give {found[0].unit.name}/{inert(address, 100)}.",
        )
    if failed:
        raise failed[0]
    last = address.rpartition(".")[2].partition("[")[0].lower()
    near = [inert(name, 80) for name in names if last and last in name.lower()][:3]
    hint = f"Did you mean {', '.join(near)}?" if near else "`drifttui scan --state FILE` lists addresses."
    raise InputError(f"No resource {inert(address, 120)}", f"recorded by {inert(', '.join(units[:4]), 160)}", hint)


class DirectReads:
    """What was asked directly in this session, by unit. In the collector's thread; `tell` hears of every news."""

    def __init__(self, clock: Clock, tell: Callable[[UnitId], None], failed: Callable[[BaseException], None]) -> None:
        """`failed` gets what is a bug and no answer."""
        self._clock, self._tell, self._failed = clock, tell, failed
        self._held: dict[UnitId, dict[str, DirectRead]] = {}
        self._running: dict[tuple[UnitId, str], asyncio.Task[None]] = {}
        self._room: asyncio.Semaphore | None = None

    def ask(self, sources: Mapping[str, Source], unit: UnitId, address: str) -> None:
        """Asks now. A second question about the same resource waits for no answer to the first."""
        key = (unit, address)
        if (before := self._running.pop(key, None)) is not None:
            before.cancel()
        reader = sources.get(unit.source)
        self._keep(unit, DirectRead(address, self._clock()))
        task = self._running[key] = asyncio.create_task(self._read(reader, unit, address), name=f"direct {address}")
        task.add_done_callback(self._ended)

    def cancel(self, unit: UnitId, address: str) -> None:
        """Nobody waits for it any more."""
        if (task := self._running.pop((unit, address), None)) is not None:
            task.cancel()
            self._held.get(unit, {}).pop(address, None)
            self._tell(unit)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)

    async def _read(self, reader: Source | None, unit: UnitId, address: str) -> None:
        room = self._room = self._room or asyncio.Semaphore(AT_ONCE)
        asked = self._clock()
        try:
            async with room, asyncio.timeout(TIMEOUT):
                if not isinstance(reader, DirectReader):
                    raise InputError(f"Nothing reads {unit.name} directly", unit.source)
                answer = await reader.read_one(unit, address)
            done = DirectRead(address, asked, answer, "", self._clock())
        except TimeoutError:
            done = DirectRead(address, asked, None, f"No answer within {TIMEOUT:g} s.", self._clock())
        except DriftError as error:
            done = DirectRead(address, asked, None, error.one_line(), self._clock())
        self._running.pop((unit, address), None)
        self._keep(unit, done)

    def _keep(self, unit: UnitId, read: DirectRead) -> None:
        self._held.setdefault(unit, {})[read.address] = read
        self._tell(unit)

    def told(self, unit: UnitId, look: Look) -> Look:
        """`look` with what was read directly since. What a newer plan has looked at itself is dropped."""
        held = self._held.get(unit)
        if not held:
            return look if not look.direct else replace(look, direct=())
        for address, read in list(held.items()):
            if read.answer is not None and look.inspection is not None and _newer(look.inspection, read.answer):
                del held[address]
        return replace(look, direct=tuple(held.values()))

    def forget(self, unit: UnitId) -> None:
        self._held.pop(unit, None)
        for key in [key for key in self._running if key[0] == unit]:
            self._running.pop(key).cancel()

    async def close(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _newer(inspection: Inspection, answer: DirectAnswer) -> bool:
    """Whether a plan looked at this resource after it was read directly."""
    read = answer.observation
    planes = next((each for each in inspection.resources if each.ref.address == read.ref.address), None)
    seen = planes.plane(Plane.ACTUAL) if planes is not None else None
    if seen is None or seen.observed_at is None or read.observed_at is None:
        return False
    return seen.observed_at > read.observed_at
