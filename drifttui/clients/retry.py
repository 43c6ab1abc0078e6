"""When to try again, and after how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Rng = Callable[[], float]
"""A number in [0, 1); injected so that tests know the delays."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential delays with full jitter: many clients that lost one server do not come back in step."""

    attempts: int = 3
    """Tries of one call, the first included."""
    base: float = 0.25
    """Seconds; the ceiling of the first delay."""
    cap: float = 5.0
    """Seconds; no delay is longer, whatever the server asks for."""

    def delay(self, failures: int, rng: Rng, retry_after: float | None = None) -> float:
        """Seconds to wait after `failures` (1 or more) in a row. A server's Retry-After is a floor up to `cap`."""
        ceiling = min(self.cap, self.base * 2.0 ** min(failures - 1, 32))
        return min(self.cap, max(retry_after or 0.0, rng() * ceiling))
