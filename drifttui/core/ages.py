"""How times are said: as ages by default, as exact UTC where the operator asks for it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_SPANS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_PART = re.compile(r"(\d+)([smhdwy])")


def span(seconds: float) -> str:
    """`42s`, `12m`, `2h`, `31d`, `3y`: one unit, rounded down, at most four characters for a century.

    A negative span carries a `+`: the other clock runs ahead of ours, and an age of zero would hide that.
    """
    if seconds < 0:
        return "0s" if seconds > -2 else "+" + span(-seconds)
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86400:
        return f"{whole // 3600}h"
    if whole < 86400 * 1000:
        return f"{whole // 86400}d"
    return f"{whole // 31536000}y"


def countdown(seconds: float) -> str:
    """`4m12s`, `2h5m`, `8s`: two units, because an operator decides by it. Never below `0s`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60}m"
    return f"{whole // 86400}d{whole % 86400 // 3600}h"


def parse_span(text: str) -> timedelta:
    """The inverse of both: `90s`, `1h30m`, `2d`. Raises `ValueError`."""
    compact = text.strip().lower()
    parts = _PART.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ValueError(text)
    try:
        return timedelta(seconds=sum(int(number) * _SPANS[unit] for number, unit in parts))
    except OverflowError as error:
        raise ValueError(text) from error


class Times(NamedTuple):
    """What now is, and how times are shown. Handed down whole, so that one key changes every time on screen at once."""

    now: datetime
    exact: bool = False

    def short(self, then: datetime | None) -> str:
        """For a column: `12m`; exact `03:58:02Z`, or `05-14 03:58Z` for another day. `?` where nobody knows."""
        if then is None:
            return "?"
        if not self.exact:
            return span((self.now - then).total_seconds())
        utc = then.astimezone(UTC)
        same_day = utc.date() == self.now.astimezone(UTC).date()
        return utc.strftime("%H:%M:%SZ" if same_day else "%m-%d %H:%MZ")

    def ago(self, then: datetime | None) -> str:
        """For a sentence: `12m ago`; exact `at 2026-05-14 03:58:02Z`."""
        if then is None:
            return "at an unknown time"
        if self.exact:
            return "at " + self.full(then)
        seconds = (self.now - then).total_seconds()
        return f"{span(seconds)} ago" if seconds > -2 else f"{span(-seconds)} ahead of our clock"

    def full(self, then: datetime) -> str:
        return then.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")

    def until(self, then: datetime) -> str:
        """`in 4m12s`; exact `at 04:02:14Z`; `due` once it has passed."""
        seconds = (then - self.now).total_seconds()
        if seconds <= 0:
            return "due"
        return f"at {self.short(then)}" if self.exact else f"in {countdown(seconds)}"

    @property
    def width(self) -> int:
        """Cells that `short` needs."""
        return 12 if self.exact else 4
