"""How one Argo CD stands right now, from what its connection counted and what the watch met."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...clients.counters import Counters
from ...core.errors import DriftError, inert
from ...core.health import Permission, SourceHealth, Standing

SKEW = timedelta(seconds=30)
"""From here on the clocks are told to be apart: ages on the screen are wrong by as much."""

ESSENTIAL = frozenset({"applications,get"})
"""Without these the list of units is not whole."""


class HealthBook:
    """Keeps the standing; `health` is the page of the moment."""

    def __init__(self, name: str, address: str, counters: Counters) -> None:
        self.name, self.address, self.counters = inert(name, 80), inert(address), counters
        self.version = ""
        self.identity = ""
        self.permissions: tuple[Permission, ...] = ()
        self.checked_at: datetime | None = None
        self.method = ""
        self.unit_count = 0
        self.attempt = 0
        self.retry_at: datetime | None = None
        self.notes: tuple[str, ...] = ()
        """What an operator should know although nothing is missing: the certificate is not checked."""
        self.gaps: tuple[str, ...] = ()
        """What its last list did not hold, one line each."""
        self._standing = Standing.STARTING
        self._blind_since: datetime | None = None
        self._error = ""
        self._hint = ""

    def well(self, method: str) -> None:
        self._standing, self.method = Standing.OK, method
        self._error = self._hint = ""
        self._blind_since = self.retry_at = None
        self.attempt = 0

    def lame(self, error: DriftError | str, method: str, attempt: int = 0, retry_at: datetime | None = None) -> None:
        """It answers, but not everything or not as it should."""
        self._standing, self.method = Standing.DEGRADED, method
        self._tell(error)
        self._blind_since = None
        self.attempt, self.retry_at = attempt, retry_at

    def blind(self, error: DriftError, at: datetime, attempt: int, retry_at: datetime) -> None:
        self._standing = Standing.BLIND
        self._tell(error)
        self._blind_since = self._blind_since or at
        self.attempt, self.retry_at = attempt, retry_at

    def off(self, error: DriftError, retry_at: datetime) -> None:
        """There is no Argo CD here."""
        self._standing = Standing.OFF
        self._tell(error)
        self._blind_since, self.attempt, self.retry_at = None, 0, retry_at

    def health(self) -> SourceHealth:
        counters, warnings = self.counters, [*self.gaps, *self.notes]
        refused = [p.name for p in self.permissions if p.allowed is False and p.name in ESSENTIAL]
        if refused:
            warnings.append(f"not permitted: {', '.join(refused)}")
        if counters.clock_skew and abs(counters.clock_skew) >= SKEW:
            ahead = "ahead of" if counters.clock_skew > timedelta() else "behind"
            warnings.append(f"its clock is {abs(counters.clock_skew).total_seconds():.0f} s {ahead} this one")
        standing, error, hint = self._standing, self._error or "; ".join(warnings), self._hint
        if standing is Standing.OK and (refused or self.gaps):
            standing = Standing.DEGRADED
        return SourceHealth(
            name=self.name,
            system="Argo CD",
            standing=standing,
            address=self.address,
            version=self.version,
            identity=self.identity,
            error=error,
            hint=hint,
            permissions=self.permissions,
            checked_at=self.checked_at,
            newest_answer=counters.newest_answer,
            blind_since=self._blind_since,
            clock_skew=counters.clock_skew,
            latency_ms=counters.latency_ms,
            answers=counters.answers,
            errors=counters.errors,
            rate=counters.rate,
            unit_count=self.unit_count,
            method=self.method,
            attempt=self.attempt,
            retry_at=self.retry_at,
        )

    def _tell(self, error: DriftError | str) -> None:
        if isinstance(error, str):
            self._error, self._hint = error, ""
        else:
            self._error = f"{error.title}: {error.detail}" if error.detail else error.title
            self._hint = error.hint
