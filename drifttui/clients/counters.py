"""What one connection has seen so far, for the source's health."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

WINDOW = 10.0
"""Seconds over which a rate is told."""


class Counters:
    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._moments: deque[float] = deque(maxlen=100_000)
        self.answers = 0
        self.errors = 0
        self.bytes = 0
        """Decompressed."""
        self.latency_ms: float | None = None
        """Of the newest whole answer."""
        self.newest_answer: datetime | None = None
        self.clock_skew: timedelta | None = None
        """The server's clock minus ours; None until it sent a Date."""

    def answered(self, at: datetime, latency_ms: float) -> None:
        self.answers += 1
        self.latency_ms = latency_ms
        self.newest_answer = at
        self._moments.append(self._monotonic())

    def received(self, size: int, at: datetime) -> None:
        """Bytes of a stream: it is alive, but no answer is complete."""
        self.bytes += size
        self.newest_answer = at

    def told(self, events: int) -> None:
        """Events of a stream."""
        now = self._monotonic()
        self._moments.extend([now] * events)

    @property
    def rate(self) -> float:
        """Answers and events a second over the last ten seconds."""
        since = self._monotonic() - WINDOW
        while self._moments and self._moments[0] < since:
            self._moments.popleft()
        return len(self._moments) / WINDOW
