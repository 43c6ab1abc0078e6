"""When something ends, as an operator types it: a span from now, a time of day, or a moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from .ages import parse_span
from .errors import InputError, inert

LONGEST = timedelta(days=366)
"""A pause without an end is what this is here to prevent."""

_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)z?", re.IGNORECASE)


def parse_until(text: str, now: datetime) -> datetime:
    """UTC. `2h`, `1h30m`, `06:30` (the next one, UTC) or ISO 8601 (UTC where it names no offset).

    Raises `InputError` for anything else, for the past, and for more than a year.
    """
    wanted = text.strip()
    until = _moment(wanted, now)
    if until <= now:
        raise InputError(f"{inert(wanted, 40)} is over already", "", f"It is {now.astimezone(UTC):%Y-%m-%d %H:%MZ}.")
    if until - now > LONGEST:
        raise InputError(f"{inert(wanted, 40)} is more than a year away")
    return until


def _moment(text: str, now: datetime) -> datetime:
    here = now.astimezone(UTC)
    if match := _TIME_OF_DAY.fullmatch(text):
        at = here.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
        return at if at > here else at + timedelta(days=1)
    try:
        return here + parse_span(text)
    except OverflowError as error:
        raise InputError(f"{inert(text, 40)} is more than a year away") from error
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{inert(text, 40) or 'Nothing'} is no time", "", "Such as 2h, 06:30 (UTC) or 2026-05-14T06:30Z."
        ) from error
