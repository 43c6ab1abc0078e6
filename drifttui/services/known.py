"""What the sources of a session have said so far: units, looks into them, health, who claims what. Of one thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from drifttui.core.board import Board, Look
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import UnitId
from drifttui.core.ports import Batch, Clock
from drifttui.core.unit import Unit

from .claims import Claims
from .outgoing import Outgoing

if TYPE_CHECKING:
    from .acts_watch import Told
    from .direct import DirectReads
    from .recording import Recording

INSPECTIONS_KEPT = 32
"""Whole documents kept; older ones are read again when their unit is opened."""


class Known:
    """`template` says what holds for every board of the session, `told` what the ledger says by now.
    Everything that changes is marked in `outgoing`."""

    def __init__(self, template: Board, clock: Clock, told: Callable[[], Told]) -> None:
        self.units: dict[UnitId, Unit] = {}
        self.looks: dict[UnitId, Look] = {}
        self.health: dict[str, SourceHealth] = {}
        self.opened: UnitId | None = None
        """The unit that the operator looks at."""
        self.recorder: Recording | None = None
        self.direct: DirectReads | None = None
        """What was read directly; None before anything was."""
        self.outgoing = Outgoing(self._board)
        self._template = template
        self._clock = clock
        self._told = told
        self._claims = Claims()
        self._inspected: OrderedDict[UnitId, None] = OrderedDict()

    def remember(self, units: Iterable[Unit]) -> None:
        """Rows of the last session."""
        self.units = {unit.id: unit for unit in units}
        for name in {unit.source for unit in self.units} - self.health.keys():
            self.health[name] = SourceHealth(name, "", Standing.STARTING)

    def forget_strangers(self, sources: Collection[str]) -> None:
        """Rows of the last session whose source is not one of these."""
        self.units = {key: unit for key, unit in self.units.items() if key.source in sources}

    def looked_at(self, unit: UnitId) -> tuple[Unit, Look] | None:
        return (self.units[unit], self.looks[unit]) if unit in self.units and unit in self.looks else None

    def listed(self, unit: Unit) -> Unit | None:
        """A source lists this; gives what was known of it before."""
        before = self.units.get(unit.id)
        self.units[unit.id] = self._claims.owned(unit)
        return before

    def gone(self, unit: UnitId) -> set[UnitId]:
        """Gives the others of whom something else is true now."""
        self.units.pop(unit, None)
        self.looks.pop(unit, None)
        if self.direct is not None:
            self.direct.forget(unit)
        return self._tell(self._claims.forget(unit, self.units))

    def keep(self, unit: UnitId, look: Look, places: frozenset[str]) -> set[UnitId]:
        """A new look into a listed unit, whose cluster has these names. Gives the others of whom something else is true
        now."""
        self._inspected[unit] = None
        self._inspected.move_to_end(unit)
        while len(self._inspected) > INSPECTIONS_KEPT:
            oldest, _ = self._inspected.popitem(last=False)
            if oldest != self.opened and (held := self.looks.get(oldest)) is not None:
                self.looks[oldest] = replace(held, inspection=None)
        others = self._claims.seen(self.units[unit], look.inspection, places, self.units)
        self.set_look(unit, look)
        return self._tell(others)

    def set_look(self, unit: UnitId, look: Look) -> None:
        look = self._claims.told(unit, look)
        self.looks[unit] = look = self.direct.told(unit, look) if self.direct is not None else look
        if self.recorder is not None:
            self.recorder.look(unit, look)
        self.outgoing.mark({unit})

    def read_directly(self, unit: UnitId) -> None:
        """There is news of a direct read in this unit."""
        if unit in self.units:
            self.set_look(unit, self.looks.get(unit) or Look())

    def record(self, batch: Batch) -> None:
        if self.recorder is not None:
            self.recorder.batch(batch)

    def under(self, incident: str) -> None:
        """What everything done from now on is linked to; empty: nothing."""
        self._template = replace(self._template, incident=incident)
        if self.recorder is not None:
            self.recorder.incident(incident)

    def _tell(self, others: set[UnitId]) -> set[UnitId]:
        """Those of them that are listed, with what another unit's look or end says of them."""
        listed = others & self.units.keys()
        for key in listed:
            self.units[key] = self._claims.owned(self.units[key])
            self.set_look(key, self.looks.get(key) or Look())
        return listed

    def _board(self, version: int, changed: frozenset[UnitId] | None) -> Board:
        told = self._told()
        return replace(
            self._template,
            units=dict(self.units),
            looks=dict(self.looks),
            sources=self.health | told.health,
            at=self._clock(),
            version=version,
            changed=changed,
            acts=told.acts,
        )
