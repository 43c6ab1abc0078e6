"""Sync windows of an AppProject: whether Argo CD may sync an Application by itself now, and until when that lasts.

Semantics: argo-cd `pkg/apis/application/v1alpha1/types.go`, `SyncWindows.CanSync`: an active deny window forbids, else
an active allow window permits, else an inactive allow window forbids. Schedules are five-field cron in the window's
time zone, UTC by default; a window is open for `duration` after each of its starts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from .pointers import get

LONGEST: Final = timedelta(days=40)
"""Windows that last longer, and starts further ahead, are not followed."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ALIASES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class Cron(NamedTuple):
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    """Day of month is `*`; then only the day of the week counts, and the other way round. Where both are given, either
    is enough."""
    any_weekday: bool

    def on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        by_month, by_week = day.day in self.days, (day.weekday() + 1) % 7 in self.weekdays
        return by_month and by_week if self.any_day or self.any_weekday else by_month or by_week


class Verdict(NamedTuple):
    """Whether automation may sync, why, and until when that stays so (None: not followed that far)."""

    allowed: bool
    why: str
    until: datetime | None


def cron(text: str) -> Cron:
    """Raises `ValueError`."""
    parts = _ALIASES.get(text.strip().lower(), text).split()
    if len(parts) != 5:
        raise ValueError(f"a schedule has five fields: {text[:60]}")
    minutes, hours, days, months, weekdays = parts
    return Cron(
        _field(minutes, 0, 59),
        _field(hours, 0, 23),
        _field(days, 1, 31),
        _field(months, 1, 12, _MONTHS, 1),
        frozenset(each % 7 for each in _field(weekdays, 0, 7, _DAYS, 0)),
        days.startswith(("*", "?")),
        weekdays.startswith(("*", "?")),
    )


def _field(text: str, low: int, high: int, names: Sequence[str] = (), first: int = 0) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        whole, _, step = part.partition("/")
        begin, dash, end = whole.partition("-")
        if begin in ("*", "?"):
            start, stop = low, high if high != 7 else 6
        else:
            start = _number(begin, names, first)
            stop = _number(end, names, first) if dash else (high if step else start)
        width = _number(step, (), 0) if step else 1
        if not low <= start <= stop <= high or width < 1:
            raise ValueError(f"not a field of a schedule: {text[:60]}")
        found.update(range(start, stop + 1, width))
    return frozenset(found)


def _number(text: str, names: Sequence[str], first: int) -> int:
    if text in names:
        return names.index(text) + first
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"not a field of a schedule: {text[:60]}")
    return int(text)


def duration(text: str) -> timedelta:
    """Go's spelling: `1h30m`. Raises `ValueError`."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"no duration: {text[:60]}")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


class Window(NamedTuple):
    kind: str
    cron: Cron
    duration: timedelta
    zone: tzinfo
    words: str

    def open_until(self, at: datetime) -> datetime | None:
        """When the opening that it is in at `at` ends; None where it is closed."""
        starts = [start for start in self._starts(at - self.duration, at) if start + self.duration > at]
        return max(starts) + self.duration if starts else None

    def opens(self, at: datetime) -> datetime | None:
        """Its next start after `at`, within `LONGEST`."""
        return next(iter(self._starts(at, at + LONGEST)), None)

    def _starts(self, after: datetime, until: datetime) -> list[datetime]:
        """Starts in `(after, until]`, in order."""
        found: list[datetime] = []
        after = max(after, until - LONGEST)
        day = after.astimezone(self.zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        last = until.astimezone(self.zone).replace(tzinfo=None)
        while day <= last:
            if self.cron.on(day):
                for hour in sorted(self.cron.hours):
                    for minute in sorted(self.cron.minutes):
                        start = day.replace(hour=hour, minute=minute, tzinfo=self.zone).astimezone(UTC)
                        if after < start <= until:
                            found.append(start)
            day += timedelta(days=1)
        return found


def window_of(entry: Mapping[str, Any]) -> Window:
    """Raises `ValueError` for a schedule, a duration or a time zone that cannot be read."""
    zone: tzinfo = UTC
    if name := str(entry.get("timeZone") or ""):
        try:
            zone = ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"no time zone is called {name[:60]}") from None
    schedule, length = str(entry.get("schedule") or ""), str(entry.get("duration") or "")
    return Window(str(entry.get("kind") or ""), cron(schedule), duration(length), zone, f"{schedule} for {length}")


def matching(project: Any, application: Any) -> list[Mapping[str, Any]]:
    """The windows of the AppProject that are about this Application: by its name, cluster or namespace."""
    windows = get(project, ("spec", "syncWindows"))
    where = get(application, ("spec", "destination"))
    where = where if isinstance(where, dict) else {}
    name = str(get(application, ("metadata", "name")) or "")
    found: list[Mapping[str, Any]] = []
    for entry in windows if isinstance(windows, list) else ():
        if not isinstance(entry, dict):
            continue
        asked = [
            (entry.get("applications"), (name,)),
            (entry.get("clusters"), (str(where.get("name") or ""), str(where.get("server") or ""))),
            (entry.get("namespaces"), (str(where.get("namespace") or ""),)),
        ]
        answers = [_any(patterns, texts) for patterns, texts in asked if patterns]
        if answers and (all(answers) if entry.get("andOperator") is True else any(answers)):
            found.append(entry)
    return found


def _any(patterns: Any, texts: Sequence[str]) -> bool:
    return any(
        isinstance(each, str) and any(text and fnmatchcase(text, each) for text in texts)
        for each in (patterns if isinstance(patterns, list) else ())
    )


def verdict(entries: Sequence[Mapping[str, Any]], at: datetime) -> Verdict:
    """Raises `ValueError` where one window cannot be read: Argo CD then syncs nothing and says so."""
    windows = [window_of(entry) for entry in entries]
    found = _once(windows, at)
    until = found.until
    while not found.allowed and until is not None:
        after = _once(windows, until)
        if after.allowed:
            break
        until = after.until if after.until is not None and after.until - at < LONGEST else None
    return found._replace(until=until)


def _once(windows: Sequence[Window], at: datetime) -> Verdict:
    """What holds at one moment, and when to look again."""
    open_now = [(window, closes) for window in windows if (closes := window.open_until(at)) is not None]
    if denies := [(window, closes) for window, closes in open_now if window.kind == "deny"]:
        window, closes = max(denies, key=lambda each: each[1])
        return Verdict(False, f"deny window {window.words}", closes)
    allows = [window for window in windows if window.kind == "allow"]
    if allows and not any(window.kind == "allow" for window, _ in open_now):
        opening = [start for window in allows if (start := window.opens(at)) is not None]
        return Verdict(False, "no allow window is open", min(opening, default=None))
    return Verdict(True, "", None)


def window_words(project: Any, application: Any, at: datetime, effects: list[str], problem: str = "") -> None:
    """Adds what windows mean for a pause: one that forbids looks like a pause, and ends by itself."""
    if project is None:
        if problem:
            effects.append(f"sync windows are not known: {problem}")
        return
    try:
        found = verdict(matching(project, application), at)
    except ValueError as error:
        effects.append(f"a sync window cannot be read: {error}")
        return
    if found.allowed:
        return
    until = f"until {found.until:%Y-%m-%d %H:%M} UTC, but then it does" if found.until else "for now"
    effects.append(f"Argo CD does not sync it by itself {until} ({found.why}); the pause outlasts that")
