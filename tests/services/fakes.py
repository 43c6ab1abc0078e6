"""Sources that say what a test tells them to say, and a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from drifttui.core.board import Board, Mode
from drifttui.core.errors import SourceError
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import Engine, ResourceRef, UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.planes import Document, Observation, Plane, ThreePlanes
from drifttui.core.ports import Batch
from drifttui.core.unit import Auto, Unit
from drifttui.services.collect import Collector

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


class HandClock:
    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **spans: float) -> None:
        self.at += timedelta(**spans)


def unit(name: str, source: str = "argocd:a", sync: str = "Synced", **more: Any) -> Unit:
    base = Unit(
        id=UnitId(Engine.ARGOCD, source, "argocd", name),
        sync=sync,
        health="Healthy",
        auto=Auto.ON,
        cluster="in-cluster",
        observed_at=NOW,
        version="1",
    )
    return base._replace(**more)


def deployment(name: str, replicas: int) -> Document:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "prod"},
        "spec": {"replicas": replicas},
    }


def inspection(of: Unit, desired: int, actual: int, at: datetime = NOW) -> Inspection:
    ref = ResourceRef(of.cluster, "apps", "Deployment", "prod", of.id.name)
    planes = ThreePlanes(
        ref,
        desired=Observation(ref, Plane.DESIRED, deployment(of.id.name, desired), of.id.source, "test", at),
        actual=Observation(ref, Plane.ACTUAL, deployment(of.id.name, actual), of.id.source, "test", at),
    )
    return Inspection(of.id, at, (planes,))


def health(name: str, standing: Standing, **more: Any) -> SourceHealth:
    base = SourceHealth(name, "Test", standing, newest_answer=NOW, method="stream")
    return base._replace(**more)


class ScriptedSource:
    """Yields what `say` puts in; inspects with `look`."""

    system: ClassVar[str] = "Test"
    planes: ClassVar[frozenset[Plane]] = frozenset(Plane)
    mode = Mode.LIVE

    def __init__(self, name: str = "argocd:a", look: Callable[[Unit], Inspection | Exception] | None = None) -> None:
        self.name = name
        self.batches: asyncio.Queue[Batch | Exception] = asyncio.Queue()
        self.looked: list[str] = []
        self.closed = False
        self._look = look
        self._loop: asyncio.AbstractEventLoop | None = None

    def say(self, batch: Batch | Exception) -> None:
        if self._loop is None:
            self.batches.put_nowait(batch)
        else:
            self._loop.call_soon_threadsafe(self.batches.put_nowait, batch)

    def batch(self, *units: Unit, standing: Standing = Standing.OK, **more: Any) -> Batch:
        return Batch(self.name, NOW, units=units, health=health(self.name, standing), **more)

    async def check(self) -> SourceHealth:
        return health(self.name, Standing.OK)

    async def watch(self) -> AsyncIterator[Batch]:
        self._loop = asyncio.get_running_loop()
        while True:
            batch = await self.batches.get()
            if isinstance(batch, Exception):
                raise batch
            yield batch

    async def inspect(self, of: Unit) -> Inspection:
        self.looked.append(of.id.name)
        answer = self._look(of) if self._look else inspection(of, 3, 3)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed = True


def board_where(collector: Collector, holds: Callable[[Board], bool], seconds: float = 10.0) -> Board:
    """The first board for which `holds`, from the collector's own thread. Fails with the last one seen."""
    import time

    ends = time.monotonic() + seconds
    board = Board()
    while time.monotonic() < ends:
        board = collector.drain() or board
        if holds(board):
            return board
        time.sleep(0.005)
    raise AssertionError(
        f"no such board; the last one has {dict(board.units)}, {dict(board.looks)}, {dict(board.sources)}"
    )


class Refused(SourceError):
    """Any refusal."""
