"""Looks into units beside a collector: a few at a time, the opened one first, and that one as soon as its objects
tell of a change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from drifttui.core.board import Depth, Look
from drifttui.core.errors import SourceError
from drifttui.core.identity import UnitId
from drifttui.core.ports import Batch, Clock
from drifttui.core.unit import Unit

from .due import Due
from .known import Known

if TYPE_CHECKING:
    from .look import Looker

LOOKS_AT_ONCE = 4
"""Units looked into at the same time: enough to fill the list, few enough not to burden a server in trouble."""


class Looking:
    """`keep` is given every look that was read. Looks into nothing before `work` knows through whom."""

    def __init__(self, known: Known, due: Due, clock: Clock, keep: Callable[[Unit, Look], None]) -> None:
        self._known, self._due, self._clock, self._keep = known, due, clock, keep
        self._watch: asyncio.Task[None] | None = None
        """Of the objects of the opened unit."""

    def open(self, unit: UnitId | None) -> None:
        if unit == self._known.opened:
            return
        self._known.opened = unit
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._due.opened(unit)

    def refresh_all(self) -> None:
        """Again where something differs, or where the last look failed."""
        for key, held in self._known.looks.items():
            if held.findings or held.depth is Depth.FAILED:
                self._due.again(key)

    async def work(self, looker: Looker) -> None:
        known, due = self._known, self._due
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                while len(running) < LOOKS_AT_ONCE:
                    unit = due.next(known.units, known.looks, known.opened, self._clock(), looker.can_look)
                    if unit is None:
                        break
                    running.add(asyncio.create_task(self._look(unit, looker)))
                waiting = asyncio.create_task(due.wait())
                done, _ = await asyncio.wait({*running, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                for task in done - {waiting}:
                    running.discard(task)
                    task.result()
        finally:
            for task in running:
                task.cancel()
            if self._watch is not None:
                self._watch.cancel()
                await asyncio.gather(self._watch, return_exceptions=True)

    async def _look(self, unit: Unit, looker: Looker) -> None:
        known, due, key = self._known, self._due, unit.id
        before = known.looks.get(key) or Look()
        if key == known.opened or before.depth is Depth.LISTED:
            known.set_look(key, replace(before, depth=Depth.READING, error="", hint=""))
        try:
            inspection = await looker.inspect(unit)
        except SourceError as error:
            kept = (before.findings, before.inspection, before.hidden)
            why = (self._clock(), error.one_line(), error.hint)
            known.set_look(key, Look(Depth.FAILED, *kept, *why, undone=before.undone))
            due.looked(key)
            return
        current = known.units.get(key)
        if current is None:
            due.looked(key)
            return
        known.record(Batch(key.source, self._clock(), inspection=inspection))
        self._keep(current, looker.judge(current, inspection, before))
        # Not before: from then on it counts as settled, for whoever asks from another thread.
        due.looked(key)
        if key == known.opened and self._watch is None:
            changes = looker.changes_of(current, inspection, lambda: due.again(key, first=True))
            self._watch = asyncio.create_task(changes)
