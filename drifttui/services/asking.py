"""Asks who, beside a collector: a few units at a time, the open one first, and again when there may be more to know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

from drifttui.core.board import Look
from drifttui.core.errors import SourceError
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


class Asking:
    """`held` gives a unit with its last look, `tell` gets a new one where more is known. Asks nobody before it
    knows `through` whom."""

    def __init__(
        self, held: Callable[[UnitId], tuple[Unit, Look] | None], tell: Callable[[UnitId, Look], None]
    ) -> None:
        self._held, self._tell = held, tell
        self._looker: Looker | None = None
        self._attribution: Attribution | None = None
        self._first: dict[UnitId, None] = {}
        self._wanted: dict[UnitId, None] = {}
        self._waiting: set[UnitId] = set()
        """Units about which it is asked again by the clock."""
        self._running: dict[asyncio.Task[bool], UnitId] = {}
        self._wake = asyncio.Event()

    def through(self, looker: Looker) -> None:
        self._looker = looker
        self._attribution = looker.attribution

    @property
    def idle(self) -> bool:
        """Nothing is being asked or waits to be asked. What may still arrive is not waited for."""
        return not (self._first or self._wanted or self._running)

    def about(self, unit: UnitId, *, first: bool = False) -> None:
        """There is a new look into this unit."""
        held = self._held(unit)
        if held is None or self._attribution is None:
            return
        if self._attribution.due(unit, held[1]):
            (self._first if first else self._wanted)[unit] = None
            self._wake.set()
        if self._attribution.waits(unit):
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
        self._first.pop(unit, None)
        self._wanted.pop(unit, None)
        if self._attribution is not None:
            self._attribution.forget(unit)

    def jobs(self, sources: Iterable[Source]) -> list[Coroutine[Any, Any, None]]:
        if self._looker is None or self._attribution is None or not self._attribution.configured:
            return []
        attribution = self._attribution
        following = [self._follow(source, attribution) for source in sources if isinstance(source, AuditFollower)]
        return [self._work(self._looker, attribution), self._by_the_clock(), *following]

    async def _work(self, looker: Looker, attribution: Attribution) -> None:
        try:
            while True:
                self._start(looker, attribution)
                waiting = asyncio.create_task(self._wake.wait())
                done, _ = await asyncio.wait({*self._running, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                self._wake.clear()
                for task in list(self._running):
                    if task in done:
                        unit, news = self._running[task], task.result()
                        del self._running[task]
                        if news:
                            self.judge(unit)
                        self.about(unit)
        finally:
            for task in self._running:
                task.cancel()

    def _start(self, looker: Looker, attribution: Attribution) -> None:
        for queue in (self._first, self._wanted):
            for unit in [key for key in queue if key not in self._running.values()]:
                if len(self._running) >= UNITS_AT_ONCE and queue is self._wanted:
                    return
                del queue[unit]
                if (held := self._held(unit)) is not None:
                    task = asyncio.create_task(attribution.ask(*held, looker.clusters(held[0])))
                    self._running[task] = unit

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
    return look.inspection._replace(who={each.ref: each.who for each in look.findings if each.who is not None})
