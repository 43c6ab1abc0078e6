"""Core values as bytes: rows of the last session, and recorded sessions.

`msgspec` decodes NamedTuples directly, with types, at tens of thousands a second. Only `Unit.reverts` needs help: a
period and a moment are both strings in JSON, so a period travels as seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

import msgspec

from drifttui.core.finding import Change, Comparison, Hidden
from drifttui.core.health import SourceHealth
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.inspection import Event, Extra, IgnoreRule, Inspection, Node, Revision, SyncWindow
from drifttui.core.planes import ABSENT, UNKNOWN, Mark, Plane, ThreePlanes
from drifttui.core.ports import Batch
from drifttui.core.unit import Unit

FORMAT = 1
"""Version of both formats. An older or newer cache is not read; a newer recording is refused."""


def _wire_unit() -> type[Any]:
    hints = {**get_type_hints(Unit), "reverts": float | datetime | None}
    kind: Any = NamedTuple("WireUnit", list(hints.items()))  # type: ignore[misc]
    kind.__new__.__defaults__ = Unit.__new__.__defaults__
    kind._field_defaults = Unit._field_defaults  # What msgspec fills older and shorter rows up with.
    return kind


if TYPE_CHECKING:
    from drifttui.core.attributed import Attributed
    from drifttui.core.git import Merges
    from drifttui.core.origins import Origin
    from drifttui.core.undone import Undone

    WireUnit = Any
else:
    WireUnit = _wire_unit()


class WireChange(msgspec.Struct, omit_defaults=True, gc=False):
    """A plane that is in neither `planes` nor `absent` is unknown."""

    path: str
    label: str
    planes: dict[str, Any] = {}
    absent: list[str] = []
    sensitive: bool = False


class WireComparison(msgspec.Struct, omit_defaults=True, gc=False):
    ref: ResourceRef
    changes: list[WireChange] = []
    hidden: list[Hidden] = []
    missing: list[Plane] = []


class WireInspection(msgspec.Struct, omit_defaults=True, array_like=False, gc=False):
    unit: UnitId
    observed_at: datetime
    resources: list[ThreePlanes] = []
    extras: list[tuple[ResourceRef, Extra]] = []
    ignore_rules: list[IgnoreRule] = []
    tree: list[Node] = []
    revisions: list[Revision] = []
    events: list[Event] = []
    windows: list[SyncWindow] = []
    conflicts: list[str] = []
    gaps: list[str] = []
    list_keys: dict[str, dict[str, list[str]]] = {}
    defaults: dict[str, dict[str, Any]] = {}
    who: list[tuple[ResourceRef, msgspec.Raw]] = []
    """`Attributed`, decoded where there is any: its types are not worth a first frame's time."""
    comparisons: list[WireComparison] = []
    merges: list[tuple[ResourceRef, msgspec.Raw]] = []
    origins: list[msgspec.Raw] = []
    undone: list[msgspec.Raw] = []


class WireBatch(msgspec.Struct, omit_defaults=True, gc=False):
    """One line of a recorded session. `t` is in seconds since its start."""

    t: float
    source: str
    at: datetime
    units: list[WireUnit] = []
    removed: list[UnitId] = []
    complete: bool = False
    health: SourceHealth | None = None
    inspection: WireInspection | None = None


def unit_out(unit: Unit) -> Any:
    reverts = unit.reverts.total_seconds() if isinstance(unit.reverts, timedelta) else unit.reverts
    return WireUnit(*unit._replace(reverts=None))._replace(reverts=reverts)


def unit_in(wire: Any) -> Unit:
    seconds = wire.reverts
    if not isinstance(seconds, (int, float)):
        return Unit._make(wire)
    fields = list(wire)
    fields[_REVERTS] = timedelta(seconds=seconds)
    return Unit._make(fields)


_REVERTS = Unit._fields.index("reverts")


def units_out(units: Iterable[Unit]) -> bytes:
    """A snapshot of rows as MessagePack: `[FORMAT, [row, …]]`."""
    return msgspec.msgpack.encode((FORMAT, [unit_out(unit) for unit in units]))


def units_in(content: bytes) -> list[Unit]:
    """The inverse of `units_out`. Raises `ValueError` for anything else, other versions included."""
    try:
        version, rows = msgspec.msgpack.Decoder(tuple[int, list[WireUnit]]).decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error
    if version != FORMAT:
        raise ValueError(f"format {version}")
    return [unit_in(row) for row in rows]


def batch_out(batch: Batch, t: float) -> bytes:
    look = batch.inspection
    wire = WireBatch(
        t=round(t, 3),
        source=batch.source,
        at=batch.at,
        units=[unit_out(unit) for unit in batch.units],
        removed=list(batch.removed),
        complete=batch.complete,
        health=batch.health,
        inspection=None
        if look is None
        else WireInspection(
            unit=look.unit,
            observed_at=look.observed_at,
            resources=list(look.resources),
            extras=list(look.extras.items()),
            ignore_rules=list(look.ignore_rules),
            tree=list(look.tree),
            revisions=list(look.revisions),
            events=list(look.events),
            windows=list(look.windows),
            conflicts=list(look.conflicts),
            gaps=list(look.gaps),
            list_keys={
                kind: {path: list(keys) for path, keys in paths.items()} for kind, paths in look.list_keys.items()
            },
            defaults={kind: dict(paths) for kind, paths in look.defaults.items()},
            who=[(ref, msgspec.Raw(msgspec.json.encode(who))) for ref, who in look.who.items()],
            comparisons=[_comparison_out(one) for one in look.comparisons.values()],
            merges=[(ref, msgspec.Raw(msgspec.json.encode(found))) for ref, found in look.merges.items()],
            origins=[msgspec.Raw(msgspec.json.encode(origin)) for origin in look.origins],
            undone=[msgspec.Raw(msgspec.json.encode(one)) for one in look.undone],
        ),
    )
    return msgspec.json.encode(wire)


_BATCHES = msgspec.json.Decoder(WireBatch)


def batch_in(line: bytes) -> tuple[float, Batch]:
    """Seconds since the start, and the batch. Raises `ValueError` for a line that is none."""
    try:
        wire = _BATCHES.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error
    look = wire.inspection
    return wire.t, Batch(
        source=wire.source,
        at=wire.at,
        units=tuple(unit_in(unit) for unit in wire.units),
        removed=tuple(wire.removed),
        complete=wire.complete,
        health=wire.health,
        inspection=None
        if look is None
        else Inspection(
            unit=look.unit,
            observed_at=look.observed_at,
            resources=tuple(look.resources),
            extras=dict(look.extras),
            ignore_rules=tuple(look.ignore_rules),
            tree=tuple(look.tree),
            revisions=tuple(look.revisions),
            events=tuple(look.events),
            windows=tuple(look.windows),
            conflicts=tuple(look.conflicts),
            gaps=tuple(look.gaps),
            list_keys={
                kind: {path: tuple(keys) for path, keys in paths.items()} for kind, paths in look.list_keys.items()
            },
            defaults=look.defaults,
            who=_who_in(look.who),
            comparisons={one.ref: _comparison_in(one) for one in look.comparisons},
            merges=_merges_in(look.merges),
            origins=_origins_in(look.origins),
            undone=_undone_in(look.undone),
        ),
    )


def _comparison_out(one: Comparison) -> WireComparison:
    return WireComparison(
        one.ref,
        [
            WireChange(
                change.path,
                change.label,
                {plane: value for plane in Plane if not isinstance(value := change.value(plane), Mark)},
                [plane for plane in Plane if change.value(plane) is ABSENT],
                change.sensitive,
            )
            for change in one.changes
        ],
        list(one.hidden),
        list(one.missing),
    )


def _comparison_in(wire: WireComparison) -> Comparison:
    changes = []
    for one in wire.changes:
        desired, recorded, actual = (
            ABSENT if plane in one.absent else one.planes.get(plane, UNKNOWN) for plane in Plane
        )
        changes.append(Change(one.path, one.label, desired, recorded, actual, sensitive=one.sensitive))
    return Comparison(wire.ref, tuple(changes), tuple(wire.hidden), tuple(wire.missing))


def _who_in(held: list[tuple[ResourceRef, msgspec.Raw]]) -> dict[ResourceRef, Attributed]:
    if not held:
        return {}
    from drifttui.core.attributed import Attributed

    decoder = msgspec.json.Decoder(Attributed)
    return {ref: decoder.decode(who) for ref, who in held}


def _merges_in(held: list[tuple[ResourceRef, msgspec.Raw]]) -> dict[ResourceRef, Merges]:
    if not held:
        return {}
    from drifttui.core.git import Merges

    decoder = msgspec.json.Decoder(Merges)
    return {ref: decoder.decode(found) for ref, found in held}


def _origins_in(held: list[msgspec.Raw]) -> tuple[Origin, ...]:
    if not held:
        return ()
    from drifttui.core.origins import Origin

    decoder = msgspec.json.Decoder(Origin)
    return tuple(decoder.decode(origin) for origin in held)


def _undone_in(held: list[msgspec.Raw]) -> tuple[Undone, ...]:
    if not held:
        return ()
    from drifttui.core.undone import Undone

    decoder = msgspec.json.Decoder(Undone)
    return tuple(decoder.decode(one) for one in held)
