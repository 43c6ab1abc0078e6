"""What the keys and commands of a replay do to its time. A Protocol: the screens know no feed but this way."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from drifttui.core.ages import parse_span

if TYPE_CHECKING:
    from .base import DriftScreen


@runtime_checkable
class Scrubs(Protocol):
    """An app that shows a replay."""

    def seek(self, at: datetime) -> None: ...

    def note(self, text: str) -> str:
        """Keeps a note at the mark that was passed last; gives what to say about it."""
        ...

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """First and last moment; None while the bundle is being opened."""
        ...


def has_time(app: type) -> bool:
    """Whether an app of this class shows a replay."""
    return hasattr(app, "seek") and hasattr(app, "note")


_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?z?", re.IGNORECASE)


def go_to(screen: DriftScreen, text: str) -> None:
    """`:at 03:58`, `:at +90s` from the beginning, `:at 2026-11-21T03:58Z`."""
    app = screen.app
    span = app.span if isinstance(app, Scrubs) else None
    if not isinstance(app, Scrubs) or span is None:
        screen.tell("only a replay has another time than now", "bad")
        return
    at = moment(text.strip(), *span)
    if at is None:
        screen.tell("a time such as 03:58, 03:58:02 or +90s", "bad")
    else:
        app.seek(at)


def moment(text: str, since: datetime, until: datetime) -> datetime | None:
    """A time of day means the one within the record, else the nearest after it begins."""
    if text.startswith("+"):
        try:
            return since + parse_span(text[1:])
        except (ValueError, OverflowError):
            return None
    if match := _CLOCK.fullmatch(text):
        try:
            at = since.replace(hour=int(match[1]), minute=int(match[2]), second=int(match[3] or 0), microsecond=0)
        except ValueError:
            return None
        return at if at >= since.replace(second=0, microsecond=0) else at + timedelta(days=1)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=since.tzinfo)


def note(screen: DriftScreen, text: str) -> None:
    """`:note TEXT`; without a text the note goes."""
    app = screen.app
    if not isinstance(app, Scrubs):
        screen.tell("notes belong to a replay", "bad")
        return
    said = app.note(text)
    screen.tell(said, "muted")
