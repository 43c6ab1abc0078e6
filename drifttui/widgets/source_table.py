"""One row per source: does it answer, what does it read, and how old is its newest answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from drifttui.core.ages import Times
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.words import clean

from .cells import Line, wrapped
from .table import Cells, Column, LineTable

STANDING_ROLES = {
    Standing.STARTING: "warn",
    Standing.OK: "ok",
    Standing.DEGRADED: "warn",
    Standing.BLIND: "blind",
    Standing.OFF: "muted",
}

_ALLOWED = {True: ("allowed", "ok"), False: ("denied", "bad"), None: ("unknown", "unknown")}


class SourceTable(LineTable[str]):
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("source", "source", 18, 44, middle=True),
        Column("standing", "standing", 9),
        Column("age", "age", 4, right=True),
        Column("units", "units", 6, right=True, drop=4),
        Column("rate", "rate", 7, right=True, drop=3),
        Column("latency", "latency", 8, right=True, drop=5),
        Column("denied", "denied", 6, right=True, drop=2),
        Column("method", "reads by", 12, 40, drop=6),
        Column("error", "last error", 12, 120, drop=1),
    )

    def __init__(self, pane: str = "sources") -> None:
        super().__init__(pane)
        self.sources: Mapping[str, SourceHealth] = {}

    def columns(self) -> Sequence[Column]:
        width = self.times.width if self.times else 4
        return [c._replace(width=width) if c.id == "age" else c for c in self.COLUMNS]

    def empty_lines(self, width: int) -> Sequence[Line]:
        return [(("  ", "text"), ("Starting: no source yet.", "muted"))]

    def cells(self, key: str) -> Cells:
        health, times = self.sources.get(key), self.times
        if health is None or times is None:
            return Cells([("", "text")] * len(self.COLUMNS))
        denied = sum(1 for permission in health.permissions if permission.allowed is False)
        latency = f"{health.latency_ms:,.0f} ms" if health.latency_ms is not None else "?"
        return Cells(
            [
                (clean(health.name, 200), "strong"),
                (health.standing, STANDING_ROLES[health.standing]),
                (times.short(health.newest_answer), "text"),
                (f"{health.unit_count:,}" if health.unit_count else "", "text"),
                (f"{health.rate:.1f}/s", "muted"),
                (latency, "muted"),
                (str(denied) if denied else "", "bad"),
                (clean(health.method, 80) or "?", "muted"),
                (clean(health.error, 400), "unknown"),
            ]
        )


def source_lines(health: SourceHealth, times: Times, width: int) -> list[Line]:
    """Everything known about one source; what it may not do, and what to do about it."""
    lines: list[Line] = []

    def fact(label: str, text: str, role: str = "text") -> None:
        for number, line in enumerate(wrapped(text, width - 12, role)):
            lines.append([(f"{label:<12}" if number == 0 else " " * 12, "muted"), *line])

    if health.error:
        lines += wrapped(clean(health.error, 400), width, "unknown")
        lines += wrapped(clean(health.hint, 400) or "No advice is known for this.", width, "text")
        lines.append(())
    fact("system", f"{clean(health.system, 60)} {clean(health.version, 60)}")
    fact("address", clean(health.address, 200) or "?")
    fact("identity", clean(health.identity, 200) or "unknown: it does not tell who we are")
    fact("reads by", clean(health.method, 100) or "?")
    fact("newest", f"{times.ago(health.newest_answer)}")
    fact("checked", f"{times.ago(health.checked_at)}")
    if health.blind_since:
        fact("blind since", times.ago(health.blind_since), "unknown")
    if health.attempt:
        again = f", again {times.until(health.retry_at)}" if health.retry_at else ""
        fact("attempt", f"{health.attempt}{again}", "warn")
    fact("answers", f"{health.answers:,}, errors {health.errors:,}, {health.rate:.1f}/s")
    fact(
        "clock", _skew(health), "warn" if health.clock_skew and abs(health.clock_skew.total_seconds()) > 30 else "text"
    )
    lines += [(), [("permissions", "muted")]]
    for permission in health.permissions:
        word, role = _ALLOWED[permission.allowed]
        lines.append(
            [
                (f"  {word:<8}", role),
                (f" {clean(permission.name, 100)}", "text"),
                (f"  {clean(permission.needed_for, 160)}", "muted"),
            ]
        )
    if not health.permissions:
        lines.append([("  unknown: not asked yet", "unknown")])
    return lines


def _skew(health: SourceHealth) -> str:
    if health.clock_skew is None:
        return "unknown: it does not tell its time"
    seconds = health.clock_skew.total_seconds()
    if abs(seconds) < 2:
        return "agrees with ours"
    return f"{abs(seconds):.0f}s {'ahead of' if seconds > 0 else 'behind'} ours: ages of its answers are off by that"
