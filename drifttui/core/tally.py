"""Counts over all rows, kept up to date row by row: a thousand updates a second must not count ten thousand rows."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from .rows import UnitRow


class Tally(NamedTuple):
    """Whatever a filter hides is in."""

    units: int = 0
    clusters: int = 0
    drifted: int = 0
    unsure: int = 0
    """Neither drifted nor clean: nobody can say."""
    paused: int = 0
    production: bool = False


class Tallying:
    def __init__(self) -> None:
        self._clusters: Counter[str] = Counter()
        self._counts = [0, 0, 0, 0, 0]

    def add(self, row: UnitRow) -> None:
        self._count(row, 1)

    def remove(self, row: UnitRow) -> None:
        self._count(row, -1)

    def _count(self, row: UnitRow, by: int) -> None:
        unit, counts = row.unit, self._counts
        counts[0] += by
        self._clusters[unit.cluster] += by
        if not self._clusters[unit.cluster]:
            del self._clusters[unit.cluster]
        if row.drifted:
            counts[1] += by
        elif row.unsure:
            counts[2] += by
        if row.paused:
            counts[3] += by
        if unit.environment == "prod":
            counts[4] += by

    @property
    def tally(self) -> Tally:
        units, drifted, unsure, paused, production = self._counts
        return Tally(units, len(self._clusters), drifted, unsure, paused, production > 0)
