"""What is to be told next, merged until somebody asks: a burst of events about one application is one row."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from ...core.health import SourceHealth
from ...core.identity import UnitId
from ...core.ports import Batch
from ...core.unit import Unit


class Inbox:
    """Bounded by the number of applications, however long nobody asks."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._units: dict[UnitId, Unit] = {}
        self._removed: dict[UnitId, None] = {}
        self._touched: dict[UnitId, None] = {}
        self.complete = False
        self.filled = asyncio.Event()

    def put(self, unit: Unit, *, touched: bool = False) -> None:
        self._units[unit.id] = unit
        self._removed.pop(unit.id, None)
        if touched:
            self._touched[unit.id] = None
        self.filled.set()

    def drop(self, unit: UnitId) -> None:
        self._units.pop(unit, None)
        self._touched.pop(unit, None)
        self._removed[unit] = None
        self.filled.set()

    def replace(self, units: Mapping[UnitId, Unit]) -> None:
        """All of them: what is waiting is part of it."""
        self._units = dict(units)
        self._removed.clear()
        self.complete = True
        self.filled.set()

    def poke(self) -> None:
        """There is something to tell about the source itself."""
        self.filled.set()

    def take(self, at: datetime, health: SourceHealth) -> Batch:
        batch = Batch(
            self._source,
            at,
            units=tuple(self._units.values()),
            removed=() if self.complete else tuple(self._removed),
            complete=self.complete,
            health=health,
            touched=tuple(self._touched),
        )
        self._units, self._removed, self._touched = {}, {}, {}
        self.complete = False
        self.filled.clear()
        return batch
