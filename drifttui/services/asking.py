"""Asks who, and which merge, beside a collector: a few units at a time, the open one first, and again when there may be
more to know. Audit logs and Git are asked apart: neither waits for the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, Protocol

from drifttui.core.board import Look
from drifttui.core.errors import SourceError
from drifttui.core.finding import Finding
from drifttui.core.identity import UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.ports import AuditFollower, Source
from drifttui.core.unit import Unit

if TYPE_CHECKING:
    from .attribution import Attribution
    from .look import Looker

UNITS_AT_ONCE: Final = 2
CLOCK: Final = 2.0
"""Seconds between looks for what is due by the clock."""
FOLLOW_AGAIN: Final = 30.0


class Asked(Protocol):
    """An `Attribution`, a `History`, or an `Undoing`."""

    @property
    def configured(self) -> bool: ...

    def due(self, unit: UnitId, look: Look) -> list[Finding]: ...

    def waits(self, unit: UnitId) -> bool: ...

    def forget(self, unit: UnitId) -> None: ...

    async def ask(self, unit: Unit, look: Look, clusters: frozenset[str]) -> bool: ...


Want = tuple[UnitId, int]
"""A unit, and the place of whom it is asked about."""


class Asking:
    """`held` gives a unit with its last look, `tell` gets a new one where more is known. Asks nobody before it
    knows `through` whom."""

    def __init__(
        self, held: Callable[[UnitId], tuple[Unit, Look] | None], tell: Callable[[UnitId, Look], None]
    ) -> None:
        self._held, self._tell = held, tell
        self._looker: Looker | None = None
        self._attribution: Attribution | None = None
        self._asked: tuple[Asked, ...] = ()
        self._first: dict[Want, None] = {}
        self._wanted: dict[Want, None] = {}
        self._waiting: set[UnitId] = set()
        """Units about which it is asked again by the clock."""
        self._running: dict[asyncio.Task[bool], Want] = {}
        self._wake = asyncio.Event()

    def through(self, looker: Looker) -> None:
        self._looker = looker
        self._attribution = looker.attribution
        askers: tuple[Asked | None, ...] = (looker.attribution, looker.history, looker.undoing)
        self._asked = tuple(each for each in askers if each is not None and each.configured)

    @property
    def idle(self) -> bool:
        """Nothing is being asked or waits to be asked. What may still arrive is not waited for."""
        return not (self._first or self._wanted or self._running)

    def about(self, unit: UnitId, *, first: bool = False) -> None:
        """There is a new look into this unit."""
        held = self._held(unit)
        if held is None:
            return
        for place, asked in enumerate(self._asked):
            if asked.due(unit, held[1]):
                (self._first if first else self._wanted)[unit, place] = None
                self._wake.set()
        if any(asked.waits(unit) for asked in self._asked):
            self._waiting.add(unit)
        else:
            self._waiting.discard(unit)

    def judge(self, unit: UnitId) -> None:
        """What is known of this unit is judged again, and nothing is read for that."""
        held = self._held(unit)
        if self._looker is not None and held is not None and held[1].inspection is not None:
            self._tell(unit, self._looker.judge(held[0], held[1].inspection, held[1]))

    def forget(self, unit: UnitId) -> None:
        self._waiting.discard(unit)
        for place, asked in enumerate(self._asked):
            self._first.pop((unit, place), None)
            self._wanted.pop((unit, place), None)
            asked.forget(unit)

    def jobs(self, sources: Iterable[Source]) -> list[Coroutine[Any, Any, None]]:
        if self._looker is None or not self._asked:
            return []
        jobs = [self._work(self._looker), self._by_the_clock()]
        attribution = self._attribution
        if attribution is not None:
            jobs += [self._follow(source, attribution) for source in sources if isinstance(source, AuditFollower)]
        return jobs

    async def _work(self, looker: Looker) -> None:
        try:
            while True:
                self._start(looker)
                waiting = asyncio.create_task(self._wake.wait())
                done, _ = await asyncio.wait({*self._running, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                self._wake.clear()
                for task in list(self._running):
                    if task in done:
                        (unit, _), news = self._running[task], task.result()
                        del self._running[task]
                        if news:
                            self.judge(unit)
                        self.about(unit)
        finally:
            for task in self._running:
                task.cancel()

    def _start(self, looker: Looker) -> None:
        for queue in (self._first, self._wanted):
            for want in [key for key in queue if key not in self._running.values()]:
                unit, place = want
                if queue is self._wanted and sum(at == place for _, at in self._running.values()) >= UNITS_AT_ONCE:
                    continue
                del queue[want]
                if (held := self._held(unit)) is not None:
                    task = asyncio.create_task(self._asked[place].ask(*held, looker.clusters(held[0])))
                    self._running[task] = want

    async def _by_the_clock(self) -> None:
        while True:
            await asyncio.sleep(CLOCK)
            for unit in list(self._waiting):
                self.about(unit)

    async def _follow(self, source: AuditFollower, attribution: Attribution) -> None:
        while True:
            try:
                async with aclosing(source.arrivals()) as arrivals:  # type: ignore[type-var]
                    async for names in arrivals:
                        for unit in attribution.arrived(names):
                            self.about(unit)
            except SourceError:
                pass  # Its own health says so.
            await asyncio.sleep(FOLLOW_AGAIN)


def with_who(look: Look) -> Inspection | None:
    """The inspection as it is recorded: with what is known about its findings."""
    if look.inspection is None:
        return None
    return look.inspection._replace(
        who={each.ref: each.who for each in look.findings if each.who is not None},
        merges={each.ref: each.merges for each in look.findings if each.merges is not None},
        undone=look.undone,
    )
