"""Every application once: merges lists and streams that overtake each other. Pure; the caller does the reading.

The order of truth is the object's resourceVersion, which Argo CD itself compares as an integer. Three things go wrong
between a list and a stream, and each has its rule here:
- an older answer arrives after a newer one: it is dropped;
- a list was made before an application appeared on the stream, or by a replica of the server that lags behind the
  one that streams: it must not remove that application;
- an application was deleted, and an answer from before says that it exists: it stays deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from types import MappingProxyType
from typing import NamedTuple

from ...core.identity import UnitId
from ...core.unit import Unit

GRAVES = 10_000
"""Deletions remembered, oldest forgotten first."""


class Difference(NamedTuple):
    units: tuple[Unit, ...] = ()
    removed: tuple[UnitId, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.units or self.removed)


def number(version: str) -> int:
    """A resourceVersion as the integer that it is in practice; 0 where it is none, which orders nothing."""
    return int(version) if version.isdigit() else 0


class Fleet:
    def __init__(self) -> None:
        self._units: dict[UnitId, Unit] = {}
        self._graves: dict[UnitId, int] = {}
        self._told: set[UnitId] | None = None

    @property
    def units(self) -> Mapping[UnitId, Unit]:
        return MappingProxyType(self._units)

    def listing(self) -> None:
        """A list is being asked for: what the stream tells from here on is newer than what that list may lack."""
        self._told = set()

    def told(self, unit: Unit) -> bool:
        """The stream added or changed `unit`. False where that is old news."""
        if self._told is not None:
            self._told.add(unit.id)
        return self._take(unit)

    def gone(self, unit: UnitId, version: str) -> bool:
        """The stream deleted `unit`. False where a later answer already says that it is there again."""
        held = self._units.get(unit)
        at = number(version)
        if held is not None and at and number(held.version) > at:
            return False
        if self._told is not None:
            self._told.discard(unit)
        self._bury(unit, max(at, number(held.version) if held else 0))
        return self._units.pop(unit, None) is not None

    def listed(self, units: Iterable[Unit], version: str) -> Difference:
        """A whole list, true at `version`, arrived: what it changed."""
        fresh, seen = [], set()
        for unit in units:
            seen.add(unit.id)
            held = self._units.get(unit.id)
            if self._take(unit) and (held is None or held._replace(observed_at=unit.observed_at) != unit):
                fresh.append(unit)
        return Difference(tuple(fresh), self.surveyed(seen, version))

    def surveyed(self, seen: Set[UnitId], version: str) -> tuple[UnitId, ...]:
        """All that there was at `version` was named: forget and return the others, but for those that are newer."""
        told, self._told = self._told or set(), None
        at = number(version)
        removed = tuple(
            unit
            for unit, held in self._units.items()
            if unit not in seen and unit not in told and not (at and number(held.version) > at)
        )
        for unit in removed:
            del self._units[unit]
        return removed

    def forget(self) -> None:
        """Start over: nothing held orders the next list. For a server that was restored from a backup."""
        self._graves.clear()
        self._units = {key: unit._replace(version="") for key, unit in self._units.items()}

    def _take(self, unit: Unit) -> bool:
        at = number(unit.version)
        held = self._units.get(unit.id)
        if at and at <= self._graves.get(unit.id, 0):
            return False
        if held is not None and at and number(held.version) > at:
            return False
        self._graves.pop(unit.id, None)
        self._units[unit.id] = unit
        return True

    def _bury(self, unit: UnitId, version: int) -> None:
        if not version:
            return
        self._graves.pop(unit, None)
        self._graves[unit] = version
        while len(self._graves) > GRAVES:
            del self._graves[next(iter(self._graves))]
