"""Looks into one unit: what its engine says, what its cluster says, what differs, and what the rules make of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING

from drifttui.core.board import Depth, Look
from drifttui.core.errors import DriftError, Missing, SourceError
from drifttui.core.finding import Finding
from drifttui.core.identity import STACKS, ResourceRef, UnitId
from drifttui.core.inspection import Event, Inspection
from drifttui.core.lastapplied import recorded_of
from drifttui.core.planes import Observation, ThreePlanes
from drifttui.core.ports import Clock, Inspectable, LiveReader, Renewable, Source
from drifttui.core.redact import is_mask
from drifttui.core.unit import Unit

if TYPE_CHECKING:
    from drifttui.core.undone import Undone

    from .attribution import Attribution
    from .history import History
    from .undoing import Undoing

Judge = Callable[[Unit, Inspection, Sequence[Finding], datetime], tuple[tuple[Finding, ...], int]]
"""Findings of an inspection, carrying ids on from earlier ones, and how many removals by rules there were."""

SETTLE = 0.4
"""Seconds to wait after a change of a live object: an edit is often several writes."""


class Looker:
    """Reads through whichever sources know the unit; knows nothing about any system by name."""

    def __init__(
        self,
        sources: Sequence[Source],
        judge: Judge,
        clock: Clock,
        attribution: Attribution | None = None,
        history: History | None = None,
        undoing: Callable[[], Undoing] | None = None,
    ) -> None:
        """`attribution` and `history` are what `judge` asks for actors and merges; None: nobody is asked. `undoing`
        makes what tells who undid what is gone; without it recordings alone do."""
        self._inspectable: Mapping[str, Inspectable] = {s.name: s for s in sources if isinstance(s, Inspectable)}
        self._renewable: Sequence[Renewable] = [s for s in sources if isinstance(s, Renewable)]
        self._readers: Sequence[LiveReader] = [s for s in sources if isinstance(s, LiveReader)]
        self._judge = judge
        self._clock = clock
        self.attribution = attribution
        self.history = history
        self._undoing_by = undoing
        asked = attribution is not None or history is not None
        self.undoing = undoing() if undoing is not None and asked else None

    def clusters(self, unit: Unit) -> frozenset[str]:
        """Every name by which the cluster of this unit is called here."""
        reader = self.reader(unit)
        known = frozenset((unit.cluster,))
        return known | reader.aliases | {reader.cluster} if reader is not None else known

    def renew(self, unit: UnitId) -> None:
        """What is held of this unit does not do any more, where its source holds answers."""
        for source in self._renewable:
            source.renew(unit)

    def can_look(self, unit: Unit) -> bool:
        return unit.id.source in self._inspectable

    def reader(self, unit: Unit) -> LiveReader | None:
        """The Kubernetes API that runs this unit, if a kubeconfig context leads there."""
        return next((reader for reader in self._readers if unit.cluster in reader.aliases), None)

    async def inspect(self, unit: Unit) -> Inspection:
        """The engine's answer, with live objects read from the cluster itself where that is possible.

        Raises `SourceError` where the engine does not answer; a cluster that does not becomes a gap.
        """
        source = self._inspectable.get(unit.id.source)
        if source is None:
            raise Missing(f"Nothing reads {unit.id.source}", unit.id.name, "See the sources screen.")
        inspection = await source.inspect(unit)
        if unit.id.engine in STACKS:
            return inspection
        reader = self.reader(unit)
        if reader is None:
            gap = f"No kubeconfig context leads to {unit.cluster}: the actual plane is what {unit.id.source} holds."
            return inspection._replace(gaps=(*inspection.gaps, gap))
        return await self._enriched(unit, inspection, reader)

    async def _enriched(self, unit: Unit, inspection: Inspection, reader: LiveReader) -> Inspection:
        refs = [planes.ref for planes in inspection.resources]
        versions = {planes.ref: version for planes in inspection.resources if (version := _version(planes))}
        kinds = sorted({(ref.group, ref.kind) for ref in refs})
        answers, schema, events = await asyncio.gather(
            reader.read(refs, versions), _schema(reader, kinds), _events(reader, unit, inspection)
        )
        gaps = list(inspection.gaps)
        resources = []
        failed: dict[str, int] = {}
        for planes, answer in zip(inspection.resources, answers, strict=True):
            if isinstance(answer, Observation):
                resources.append(with_live(planes, answer))
                continue
            resources.append(planes)
            line = answer.one_line() if isinstance(answer, SourceError) else f"{type(answer).__name__}: {answer}"
            failed[line] = failed.get(line, 0) + 1
        gaps += [line if times == 1 else f"{line} ({times} objects)" for line, times in failed.items()]
        list_keys, defaults, gap = schema
        found, other_gap = events
        gaps += [line for line in (gap, other_gap) if line]
        return inspection._replace(
            resources=tuple(resources),
            gaps=tuple(gaps),
            list_keys=list_keys,
            defaults=defaults,
            events=found or inspection.events,
        )

    def judge(self, unit: Unit, inspection: Inspection, before: Look | None) -> Look:
        earlier = before.findings if before else ()
        findings, hidden = self._judge(unit, inspection, earlier, self._clock())
        undone = self._undone(unit, inspection, before, findings)
        at, uncompared = inspection.observed_at, inspection.uncompared
        return Look(Depth.READ, findings, inspection, hidden, at, uncompared=uncompared, undone=undone)

    def _undone(
        self, unit: Unit, inspection: Inspection, before: Look | None, findings: Sequence[Finding]
    ) -> tuple[Undone, ...]:
        earlier = before.findings if before else ()
        if (
            self.undoing is None
            and self._undoing_by is not None
            and {one.id for one in earlier} - {one.id for one in findings}
        ):
            self.undoing = self._undoing_by()
        if self.undoing is not None:
            return self.undoing.saw(unit, inspection, earlier, findings)
        held = (*(before.undone if before else ()), *inspection.undone)
        return tuple({one.finding: one for one in held}.values())

    async def changes_of(self, unit: Unit, inspection: Inspection, tell: Callable[[], None]) -> None:
        """Objects of the opened unit tell of their changes, so that an edit is on screen before any poll."""
        try:
            await self.wait_for_changes(unit, [planes.ref for planes in inspection.resources], tell)
        except DriftError:
            return  # The source's own health says so; the unit is still looked at by the clock.

    async def wait_for_changes(self, unit: Unit, refs: Sequence[ResourceRef], tell: Callable[[], None]) -> None:
        """Calls `tell` soon after one of these objects changed, until cancelled. Returns at once without a reader."""
        reader = self.reader(unit)
        if reader is None or not refs or unit.id.engine in STACKS:
            return
        pending: asyncio.TimerHandle | None = None
        loop = asyncio.get_running_loop()
        async with aclosing(reader.watch_objects(refs)) as changes:  # type: ignore[type-var]
            async for _ in changes:
                if pending is not None:
                    pending.cancel()
                pending = loop.call_later(SETTLE, tell)


def with_live(planes: ThreePlanes, live: Observation) -> ThreePlanes:
    """`live` as the actual plane; what the engine applied last, read from the same object, as the recorded one.

    Where the engine has masked the values of a Secret, only its own two answers can be held against each other: real
    digests beside masks would say nothing, so its actual plane stays.
    """
    if _masked(planes.desired) and _masked(planes.actual):
        return planes
    planes = planes.seen(live)
    applied = recorded_of(live)
    return planes if applied is None else planes._replace(recorded=applied)


def _masked(observation: Observation | None) -> bool:
    """Whether the values of a Secret are masks there. One that lacks values altogether holds none."""
    document = observation.document if observation is not None else None
    if document is None or document.get("kind") != "Secret":
        return False
    values = document.get("data")
    return isinstance(values, dict) and any(is_mask(value) for value in values.values())


def _version(planes: ThreePlanes) -> str:
    """The API version of the manifest (`v1` of `apps/v1`): in another one the same object has other fields."""
    document = planes.desired.document if planes.desired else None
    return str(document.get("apiVersion") or "").rpartition("/")[2] if document else ""


async def _schema(
    reader: LiveReader, kinds: Sequence[tuple[str, str]]
) -> tuple[dict[str, Mapping[str, tuple[str, ...]]], dict[str, Mapping[str, object]], str]:
    """List keys, defaults, and a line where the cluster's OpenAPI could not be read."""
    try:
        answer = await reader.schema(kinds)
    except SourceError as error:
        return {}, {}, f"Lists of custom resources are compared whole: {error.one_line()}"
    return (
        {kind: keys for kind, (keys, _) in answer.items()},
        {kind: values for kind, (_, values) in answer.items()},
        "",
    )


async def _events(reader: LiveReader, unit: Unit, inspection: Inspection) -> tuple[tuple[Event, ...], str]:
    """Events of the unit's objects, also of Pods and ReplicaSets that no manifest declares."""
    refs = [planes.ref for planes in inspection.resources] + [node.ref for node in inspection.tree]
    if not refs:
        return (), ""
    try:
        return await reader.events(unit.namespace, tuple(dict.fromkeys(refs)))
    except SourceError as error:
        return (), f"Events: {error.one_line()}"
