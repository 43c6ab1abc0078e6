"""When something ends, as an operator types it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from drifttui.core.errors import InputError
from drifttui.core.until import parse_until

NOW = datetime(2026, 5, 14, 4, 10, 4, 500, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("2h", NOW + timedelta(hours=2)),
        (" 1h30m ", NOW + timedelta(minutes=90)),
        ("06:30", datetime(2026, 5, 14, 6, 30, tzinfo=UTC)),
        ("6:30Z", datetime(2026, 5, 14, 6, 30, tzinfo=UTC)),
        ("04:10", datetime(2026, 5, 15, 4, 10, tzinfo=UTC)),
        ("2026-05-14T09:00+02:00", datetime(2026, 5, 14, 7, 0, tzinfo=UTC)),
        ("2026-05-15", datetime(2026, 5, 15, tzinfo=UTC)),
        ("2026-05-14T06:30Z", datetime(2026, 5, 14, 6, 30, tzinfo=UTC)),
    ],
)
def test_spans_times_of_day_and_moments(text: str, until: datetime) -> None:
    assert parse_until(text, NOW) == until
    there = NOW.astimezone(timezone(timedelta(hours=9)))
    assert parse_until(text, there) == until


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Nothing is no time"),
        ("soon", "soon is no time"),
        ("25:00", "25:00 is no time"),
        ("0s", "is over already"),
        ("2026-05-14T04:10Z", "is over already"),
        ("400d", "more than a year away"),
        ("9999y", "more than a year away"),
        ("9999-12-31", "more than a year away"),
        ("0001-01-01T00:00+14:00", "is no time"),
        ("\x1b[31m", "is no time"),
    ],
)
def test_anything_else_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(InputError, match=why) as refused:
        parse_until(text, NOW)
    assert "\x1b" not in str(refused.value)
