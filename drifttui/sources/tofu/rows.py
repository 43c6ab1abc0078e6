"""A stack as one row of the worklist, and as an inspection."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ...core.errors import SourceError
from ...core.identity import UnitId
from ...core.inspection import Inspection, Revision
from ...core.planes import Observation, Plane, ThreePlanes
from ...core.unit import Auto, Condition, Operation, Unit, environment_of

if TYPE_CHECKING:
    from ...clients.tofu import Steps
    from .reading import Read, Reader


def row_of(unit: UnitId, reader: Reader, read: Read | None, failed: SourceError | None, steps: Steps | None) -> Unit:
    """`failed`: why the newest reading brought nothing; what an older one said is then not to be believed."""
    settings = reader.settings
    answer = read.answer if read is not None else None
    conditions: list[Condition] = list(answer.conditions) if answer is not None else []
    if failed is not None:
        conditions.insert(0, Condition("ReadFailed", failed.one_line(), read.at if read else None, error=True))
    if steps is not None and read is None:
        conditions.insert(0, Condition("Planning", f"Nobody knows yet: {steps.words}."))
    known = answer is not None and read is not None and failed is None
    lock = read.lock if read is not None else None
    return Unit(
        id=unit,
        sync=answer.sync if known and answer is not None else "Unknown",
        health="Progressing" if lock is not None else "Unknown",
        auto=Auto.BY_HAND,
        cluster=settings.cluster,
        environment=settings.environment or environment_of({}, reader.name, settings.workspace, settings.cluster),
        revision=read.revision if read is not None else "",
        reconciled_at=read.true_at if known and read is not None else None,
        observed_at=read.true_at if read is not None and read.answer is not None else None,
        conditions=tuple(conditions),
        operation=None
        if lock is None
        else Operation("Running", lock.created, message=lock.words, initiated_by=lock.who, automated=False),
        path=reader.place,
        out_of_sync=answer.out_of_sync if known and answer is not None else (),
    )


def inspection_of(unit: UnitId, read: Read | None, steps: Steps | None, now: datetime) -> Inspection:
    """What was read; an empty one that says so while nothing was."""
    if read is None or read.answer is None:
        doing = steps.words if steps is not None else "it waits for its turn"
        return Inspection(unit, now, gaps=(f"The stack has not been read yet: {doing}.",))
    answer = read.answer
    gaps = [f"{one.type}: {one.message}" for one in answer.conditions if one.error]
    return Inspection(
        unit,
        read.true_at or read.at,
        resources=tuple(_by(planes, unit.source) for planes in answer.resources),
        comparisons=answer.comparisons,
        revisions=(Revision(read.revision, read.true_at),) if read.revision else (),
        gaps=tuple(gaps),
    )


def _by(planes: ThreePlanes, source: str) -> ThreePlanes:
    def stamped(plane: Plane) -> Observation | None:
        seen = planes.plane(plane)
        return seen._replace(source=source) if seen is not None else None

    return ThreePlanes(planes.ref, stamped(Plane.DESIRED), stamped(Plane.RECORDED), stamped(Plane.ACTUAL))
