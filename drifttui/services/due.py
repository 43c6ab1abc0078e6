"""Which unit to look into next.

The opened unit first, then what the engine calls different or cannot compare (production first), then what was looked
into a while ago; of an engine that compares nothing in between, every unit. Synced units are left alone until somebody
opens them: a server in trouble is not asked for ten thousand renderings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from drifttui.core.board import Depth, Look
from drifttui.core.identity import UnitId
from drifttui.core.unit import APPLIED, Unit

AGAIN_AFTER = timedelta(seconds=60)
"""A unit with drift is looked into again after this long without news."""

OPENED_AFTER = timedelta(seconds=10)
"""The same for the unit that is open on the screen."""

APPLIED_AFTER = timedelta(minutes=2)
"""The same for a unit whose engine does not look at live objects in between."""

FAILED_AFTER = timedelta(seconds=20)
"""A look that failed is tried again after this long."""

WAKE_EVERY = 1.0
"""Seconds between looks at the clock."""


class Due:
    """A queue of units, kept in the I/O thread."""

    def __init__(self) -> None:
        self._first: dict[UnitId, None] = {}
        self._wanted: dict[UnitId, None] = {}
        self._running: set[UnitId] = set()
        self._begun: dict[UnitId, datetime] = {}
        """When each was last looked into, whatever came of it: what was read may be as old as the plan of a stack."""
        self._wake = asyncio.Event()
        self.check_again = asyncio.Event()

    def unit_changed(self, before: Unit | None, after: Unit, look: Look | None) -> None:
        """News about a unit: worth a look where it differs now, or where findings of it are held."""
        same = before is not None and (before.sync, before.revision, before.out_of_sync, before.health) == (
            after.sync,
            after.revision,
            after.out_of_sync,
            after.health,
        )
        if same and look is not None and look.depth is not Depth.LISTED:
            return
        self.touched(after, look)

    def touched(self, unit: Unit, look: Look | None) -> None:
        """Objects of the unit changed. Of a synced one without findings nothing is read for that: on a busy day this
        would be a look into every unit, over and over."""
        if unit.sync != "Synced" or unit.error is not None or (look is not None and look.findings):
            self.again(unit.id)

    def again(self, unit: UnitId, *, first: bool = False) -> None:
        (self._first if first else self._wanted)[unit] = None
        self._wake.set()

    def opened(self, unit: UnitId | None) -> None:
        if unit is not None:
            self.again(unit, first=True)

    def forget(self, unit: UnitId) -> None:
        self._first.pop(unit, None)
        self._wanted.pop(unit, None)
        self._begun.pop(unit, None)

    def looked(self, unit: UnitId) -> None:
        self._running.discard(unit)
        self._wake.set()

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is being looked into."""
        return not (self._first or self._wanted or self._running)

    def check_sources_now(self) -> None:
        self.check_again.set()
        self.check_again = asyncio.Event()

    async def wait(self) -> None:
        """Until there may be something to do."""
        try:
            await asyncio.wait_for(self._wake.wait(), WAKE_EVERY)
        except TimeoutError:
            pass
        self._wake.clear()

    def next(
        self,
        units: Mapping[UnitId, Unit],
        looks: Mapping[UnitId, Look],
        opened: UnitId | None,
        now: datetime,
        can_look: Callable[[Unit], bool],
    ) -> Unit | None:
        """The unit to look into now, or None. It is taken: `looked` gives it back."""
        if not self._first and not self._wanted:
            self._by_the_clock(units, looks, opened, now)
        for queue in (self._first, self._wanted):
            for gone in [key for key in queue if (unit := units.get(key)) is None or not can_look(unit)]:
                del queue[gone]
            free = (key for key in queue if key not in self._running)
            key = next(free, None) if queue is self._first else min(free, key=lambda k: _rank(units[k]), default=None)
            if key is not None:
                del queue[key]
                self._running.add(key)
                self._begun[key] = now
                return units[key]
        return None

    def _by_the_clock(
        self, units: Mapping[UnitId, Unit], looks: Mapping[UnitId, Look], opened: UnitId | None, now: datetime
    ) -> None:
        for key, look in looks.items():
            if look.at is None or key in self._running:
                continue
            wait = AGAIN_AFTER
            if look.depth is Depth.FAILED:
                wait = FAILED_AFTER
            elif key == opened:
                wait = OPENED_AFTER
            elif not look.findings:
                unit = units.get(key)
                if unit is None or unit.sync != APPLIED:
                    continue
                wait = APPLIED_AFTER
            if now - max(look.at, self._begun.get(key, look.at)) >= wait:
                self._wanted[key] = None


def _rank(unit: Unit | None) -> tuple[int, int, str]:
    if unit is None:
        return (9, 9, "")
    return (
        0 if unit.environment == "prod" else 1,
        0 if unit.health in ("Degraded", "Missing") else 1,
        unit.id.name,
    )
