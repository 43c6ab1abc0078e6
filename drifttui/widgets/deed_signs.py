"""What rows say of pauses and links, in a word or a sign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from drifttui.core.ages import Times, countdown
from drifttui.core.deeds import link_state

from .cells import Piece

if TYPE_CHECKING:
    from drifttui.core.acts import LinkRecord, PauseRecord


def pause_word(pause: PauseRecord, times: Times, room: int = 0) -> Piece:
    """`PAUSED 2h left`, `OVERDUE by 40m`; in a narrow column without the small words. `room` in cells; 0: any."""
    overdue = pause.overdue(times.now)
    word, role = ("OVERDUE", "overdue") if overdue else ("PAUSED", "paused")
    if times.exact:
        return f"{word} {times.short(pause.until)}", role
    span = times.short(pause.until) if overdue else _left(pause, times)
    long = f"{word} by {span}" if overdue else f"{word} {span} left"
    return (long if not room or len(long) <= room else f"{word} {span}"), role


def _left(pause: PauseRecord, times: Times) -> str:
    seconds = (pause.until - times.now).total_seconds()
    return countdown(seconds) if seconds < 60 else Times(pause.until).short(times.now)


def link_sign(links: Sequence[LinkRecord], now: datetime) -> str:
    """Behind a name: covered by an incident or change, or by one that no longer covers it."""
    if not links:
        return ""
    states = [link_state(link, now) for link in links]
    return " ⚑" if "" in states else f" ⚑ {states[0]}"
