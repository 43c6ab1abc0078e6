"""A recorded session as a source: the same batches in the same order, at the pace at which they came.

Replay and demo have no code path of their own: what was recorded from the real systems goes through the same merging,
comparing and judging as a live session does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from drifttui.core.board import Mode
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.planes import Plane
from drifttui.core.ports import Batch, Clock, Source
from drifttui.store.recordings import Recording

PATIENCE = 0.05
"""Seconds between looks at the clock, so that a scrubbed or sped-up clock is followed."""


class ReplayClock:
    """Time inside a recording. It stands still until the first call, then runs at `rate`.

    `lead` seconds are already over at the start: what a session gathered before anybody looked.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        rate: float = 1.0,
        lead: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._started = recording.started
        self._rate = rate
        self._lead = lead
        self._monotonic = monotonic
        self._zero: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the start of the recording."""
        if self._zero is None:
            self._zero = self._monotonic()
        return self._lead + (self._monotonic() - self._zero) * self._rate

    def __call__(self) -> datetime:
        return self._started + timedelta(seconds=self.elapsed)


class ReplaySource:
    """Every source of a recorded session at once; each batch keeps the name of the source that gave it."""

    system: ClassVar[str] = "Recording"
    planes: ClassVar[frozenset[Plane]] = frozenset(Plane)
    mode = Mode.REPLAY

    def __init__(self, recording: Recording, clock: ReplayClock, name: str = "recording") -> None:
        self.name = name
        self._recording = recording
        self._clock = clock

    async def check(self) -> SourceHealth:
        end = self._recording.started + timedelta(seconds=self._recording.seconds)
        return SourceHealth(
            name=self.name,
            system=self.system,
            standing=Standing.OK,
            address=self._recording.title,
            method=f"recorded {self._recording.started:%Y-%m-%d %H:%M}Z to {end:%H:%M}Z",
            checked_at=self._clock(),
            newest_answer=min(self._clock(), end),
        )

    async def watch(self) -> AsyncIterator[Batch]:
        yield Batch(self.name, self._clock(), health=await self.check())
        for at, batch in self._recording.batches:
            while self._clock.elapsed < at:
                await asyncio.sleep(PATIENCE)
            yield batch
        while True:
            await asyncio.sleep(3600)

    async def close(self) -> None:
        return None


def _sources(settings: Any, clock: Clock) -> Sequence[Source]:
    recording = getattr(settings, "recording", None)
    if not isinstance(recording, Recording) or not isinstance(clock, ReplayClock):
        return ()
    return (ReplaySource(recording, clock),)


class _Factory:
    system = ReplaySource.system
    option_help = "a session recorded before"

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]:
        return _sources(settings, clock)


SOURCE = _Factory()
