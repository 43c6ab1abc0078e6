"""The line of time of a replay: where it is, how fast it goes, what is marked, and the presenter's note."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from textual.app import RenderResult
from textual.strip import Strip
from textual.widget import Widget

from drifttui.core.ages import countdown
from drifttui.core.words import clean

from .cells import Line, Piece, cut, line_width, strip_of
from .palette import palette

_SIGNS = {
    "drift": ("!", "high"),
    "gone": ("o", "ok"),
    "gap": ("?", "unknown"),
    "call": ("@", "accent"),
    "verdict": ("v", "text"),
    "pause": ("=", "warn"),
    "link": ("+", "text"),
    "act": ("*", "text"),
}
"""Marks by kind. A sign each, so that nothing is lost without colour."""


_WIDE = 100
"""Below this the axis gets the room of what the clock says already."""

_CLOCK = 6
"""Cells of the longest countdown below a day, `59m59s`."""


class Moment(NamedTuple):
    """What the scrubber shows."""

    since: datetime | None
    until: datetime | None
    at: datetime
    playing: bool
    rate: float
    marks: Sequence[tuple[datetime, str]] = ()
    """Time and kind."""
    words: str = ""
    """The mark that was passed last."""
    note: str = ""
    exact: bool = False
    """The day as well."""
    reading: int = 0
    """Frames read so far, while the bundle is still being opened."""


class Scrubber(Widget):
    """Two lines while there is a note, else one."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(id="scrubber")
        self._moment: Moment | None = None

    def show(self, moment: Moment) -> None:
        if moment != self._moment:
            grown = bool(moment.note) != bool(self._moment and self._moment.note)
            self._moment = moment
            if grown:
                self.styles.height = 2 if moment.note else 1
            self.refresh()

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        width, moment = self.size.width, self._moment
        line: Line = ()
        if moment is not None:
            line = lines(moment, width)[y] if y < len(lines(moment, width)) else ()
        return strip_of(line, width, palette(self.app.current_theme))


def lines(moment: Moment, width: int) -> list[Line]:
    """The scrubber in `width` cells; a second line where there is a note. Every part has its place whatever it says,
    so that the axis stands still while time goes on."""
    if moment.since is None or moment.until is None:
        words = f"opening, {moment.reading:,} records read" if moment.reading else "opening"
        return [((" ", "text"), (words, "muted"), ("  q", "key"), (" leaves", "muted"))]
    ended = moment.at >= moment.until and not moment.playing
    state = "end" if ended else f"{'play' if moment.playing else 'stop'} {moment.rate:g}x"
    head: list[Piece] = [
        (" ", "text"),
        (f"{moment.at:%Y-%m-%d %H:%M:%SZ}" if moment.exact else f"{moment.at:%H:%M:%SZ}", "strong"),
        ("  ", "text"),
        (f"{state:<10}", "ok" if moment.playing else "warn"),
    ]
    total = moment.until - moment.since
    tail: list[Piece] = [(" ", "text")]
    if width >= _WIDE:
        whole = countdown(total.total_seconds())
        passed = countdown((moment.at - moment.since).total_seconds())
        tail.append((f"{passed:>{max(_CLOCK, len(whole))}} of {whole}  ", "muted"))
    place = width // 3
    said = "the end: , plays it again" if ended else clean(moment.words, 200)
    words = cut(said, place - 1)
    found: list[Line] = [
        (
            *head,
            *axis(moment, total, max(8, width - line_width(head) - line_width(tail) - place)),
            *tail,
            (words, "text"),
        )
    ]
    if moment.note:
        found.append(((" note ", "key"), (clean(moment.note, 500), "strong")))
    return found


def axis(moment: Moment, total: timedelta, width: int) -> Line:
    """Marks where they happened, the moment on top of them."""
    assert moment.since is not None
    cells: list[Piece] = [("-", "faint")] * width
    last = width - 1

    def place(at: datetime) -> int:
        assert moment.since is not None
        return min(last, max(0, round(last * ((at - moment.since) / total)))) if total else 0

    here = place(moment.at)
    for column in range(here):
        cells[column] = ("=", "accent")
    for at, kind in moment.marks:
        cells[place(at)] = _SIGNS.get(kind, ("|", "muted"))
    cells[here] = ("#", "strong")
    merged: list[Piece] = []
    for text, role in cells:
        if merged and merged[-1][1] == role:
            merged[-1] = (merged[-1][0] + text, role)
        else:
            merged.append((text, role))
    return merged
