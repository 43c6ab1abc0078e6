"""The units as their engines list them right now, without looking into any: enough to find the one that is meant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing

from drifttui.core.board import Board
from drifttui.core.errors import DriftError
from drifttui.core.finding import Finding
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import UnitId
from drifttui.core.ports import Batch, Clock, Source, UnitSource
from drifttui.core.unit import Unit

from .look import Judge, Looker


async def units_now(sources: Sequence[Source], clock: Clock, timeout: float) -> Board:
    """The first whole list of every source that has one. A source that gives none in time is blind on the board."""
    listing = [source for source in sources if isinstance(source, UnitSource)]
    batches = await asyncio.gather(*(_first(source, timeout) for source in listing))
    units: dict[UnitId, Unit] = {}
    health: dict[str, SourceHealth] = {}
    for source, batch in zip(listing, batches, strict=True):
        if batch is None:
            said = f"no list of units in {timeout:g} s"
            health[source.name] = SourceHealth(source.name, source.system, Standing.BLIND, error=said)
            continue
        units |= {unit.id: unit for unit in batch.units}
        if batch.health is not None:
            health[source.name] = batch.health
    return Board(units=units, sources=health, at=clock(), mode=listing[0].mode if listing else Board().mode)


async def findings_of(
    sources: Sequence[Source], units: Sequence[Unit], judge: Judge, clock: Clock
) -> tuple[Mapping[UnitId, Sequence[Finding]], tuple[str, ...]]:
    """What differs in each unit, and a line for each that could not be looked into: it is missing from the mapping."""
    looker = Looker(sources, judge, clock)
    found: dict[UnitId, Sequence[Finding]] = {}
    problems = []
    for unit in units:
        try:
            found[unit.id] = looker.judge(unit, await looker.inspect(unit), None).findings
        except DriftError as error:
            problems.append(f"{unit.id.name} could not be looked into: {error.one_line()}")
    return found, tuple(problems)


async def _first(source: UnitSource, timeout: float) -> Batch | None:
    """The last batch before a complete one may still say why there is none."""
    last: Batch | None = None
    try:
        async with asyncio.timeout(timeout), aclosing(source.watch()) as batches:  # type: ignore[type-var]
            async for batch in batches:
                last = batch
                given_up = batch.health is not None and batch.health.standing in (Standing.BLIND, Standing.OFF)
                if batch.complete or given_up:
                    return batch
    except TimeoutError:
        return last
    return last
