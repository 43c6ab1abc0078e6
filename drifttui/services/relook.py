"""What was found, from recorded batches: the same judgement as in a live session, at the recorded times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from drifttui.core.board import Look
from drifttui.core.identity import UnitId
from drifttui.core.ports import Batch
from drifttui.core.unit import Unit
from drifttui.store.journal import Kept

from .judge import Judgement
from .look import Looker
from .recording import look_body


class Relooked(NamedTuple):
    """A batch, and the look that came of the inspection in it."""

    at: datetime
    batch: Batch
    unit: UnitId | None = None
    look: Look | None = None


def relook(batches: Iterable[tuple[datetime, Batch]], judgement: Judgement | None = None) -> Iterator[Relooked]:
    """Each batch with its look. Inspections of units that no batch listed before are passed on without one."""
    moment: list[datetime] = []
    looker = Looker([], judgement or Judgement(), lambda: moment[0])
    units: dict[UnitId, Unit] = {}
    looks: dict[UnitId, Look] = {}
    for at, batch in batches:
        moment[:] = [at]
        if batch.complete:
            for key in [key for key in units if key.source == batch.source]:
                del units[key]
        units.update((unit.id, unit) for unit in batch.units)
        for key in batch.removed:
            units.pop(key, None)
        inspection = batch.inspection
        unit = units.get(inspection.unit) if inspection is not None else None
        if inspection is None or unit is None:
            yield Relooked(at, batch)
            continue
        look = looks[unit.id] = looker.judge(unit, inspection, looks.get(unit.id))
        yield Relooked(at, batch, unit.id, look)


def as_records(
    batches: Iterable[tuple[datetime, Batch]], judgement: Judgement | None = None
) -> Iterator[tuple[datetime, Kept]]:
    """As a session would have kept them: each batch, and behind it what was found."""
    for found in relook(batches, judgement):
        yield found.at, Kept(0.0, found.batch)
        if found.look is not None and found.unit is not None:
            yield found.at, Kept(0.0, None, look_body(found.unit, found.look, found.at))
