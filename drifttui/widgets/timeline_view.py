"""The timeline: lanes over an axis, in which a blind source is a shaded run and never nothing; below it, each entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from drifttui.core.ages import span
from drifttui.core.timeline import Column as Slice
from drifttui.core.timeline import Entry, Kind, Window, columns
from drifttui.core.words import clean

from .cells import Line, Piece, fit, strip_of
from .lines_view import LinesView
from .table import Cells, Column, LineTable

SIGNS: Final[Mapping[Kind, Piece]] = {
    Kind.DRIFT: ("!", "high"),
    Kind.GONE: ("o", "ok"),
    Kind.CALL: ("@", "accent"),
    Kind.MERGE: ("m", "desired"),
    Kind.SYNC: ("s", "recorded"),
    Kind.EVENT: ("w", "warn"),
    Kind.VERDICT: ("v", "text"),
    Kind.PAUSE: ("=", "warn"),
    Kind.LINK: ("+", "text"),
    Kind.ACT: ("*", "text"),
    Kind.GAP: ("?", "unknown"),
}
"""A sign each, so that nothing is lost without colour."""

LANES: Final[Sequence[tuple[str, tuple[Kind, ...]]]] = (
    ("drift", (Kind.DRIFT, Kind.GONE)),
    ("calls", (Kind.CALL,)),
    ("merges", (Kind.MERGE,)),
    ("syncs", (Kind.SYNC,)),
    ("warnings", (Kind.EVENT,)),
    ("pauses", (Kind.PAUSE,)),
    ("decided", (Kind.VERDICT, Kind.LINK, Kind.ACT)),
    ("blind", (Kind.GAP,)),
)
_LABEL: Final = 10
BLIND: Final = "░"
_STEPS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)
)
_NARROW: Final = 60
_TICK: Final = 12
"""Cells that a time on the ruler needs at least."""


class TimelineAxis(LinesView):
    """Shows `entries` of `window`; `at` is the entry that the cursor of the list is on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "walk(-1)", "Left", show=False, id="left", tooltip="To the entry before, in time."),
        Binding("right", "walk(1)", "Right", show=False, id="right", tooltip="To the next entry, in time."),
        Binding("enter", "choose", "Open", id="open", tooltip="Go into what the cursor is on."),
    ]

    class Walked(Message):
        """The operator goes `by` entries on."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Pointed(Message):
        """The operator pointed at a moment."""

        def __init__(self, at: datetime) -> None:
            super().__init__()
            self.at = at

    class Chosen(Message):
        """The operator wants to go into the entry that the cursor is on."""

    def __init__(self, pane: str = "axis") -> None:
        super().__init__(pane)
        self.entries: Sequence[Entry] = ()
        self.lanes: Sequence[tuple[str, tuple[Kind, ...]]] = LANES
        self.window: Window | None = None
        self.at: Entry | None = None
        self._slices: tuple[Slice, ...] = ()

    def show(self, entries: Sequence[Entry], window: Window, at: Entry | None, kinds: frozenset[Kind]) -> None:
        """`kinds` are those of all entries, shown or not: lanes do not come and go with the window."""
        self.entries, self.window, self.at = entries, window, at
        self.lanes = [lane for lane in LANES if kinds & frozenset(lane[1])] or LANES[:1]
        self._cut()
        self.repaint()

    def _cut(self) -> None:
        self._slices = columns(self.entries, self.window, self.axis_width) if self.window else ()

    @property
    def axis_width(self) -> int:
        return max(1, self.inner_width - _LABEL - 1)

    @property
    def line_count(self) -> int:
        return len(self.lanes)

    @property
    def head_count(self) -> int:
        return 1

    @property
    def cursor(self) -> int | None:
        """The column that the chosen entry is in; that of its beginning, of a gap."""
        window, at = self.window, self.at
        if window is None or at is None or not window.holds(at) or not window.length:
            return None
        place = int(max(timedelta(0), at.at - window.since) / window.length * self.axis_width)
        return min(self.axis_width - 1, place)

    def head_line(self, index: int, width: int) -> Strip:
        line: list[Piece] = [(fit("", _LABEL), "muted"), *self._ruler()]
        return strip_of(line, width, self.palette)

    def _ruler(self) -> Line:
        """Times at round moments, each where it is."""
        window, width = self.window, self.axis_width
        if window is None or not window.length:
            return ()
        text = [" "] * width
        step = next((step for step in _STEPS if width * (step / window.length) >= _TICK), _STEPS[-1])
        form = "%H:%M:%S" if step < timedelta(minutes=1) else "%H:%M" if step < timedelta(days=1) else "%m-%d"
        tick = _rounded_up(window.since, step)
        for _ in range(width):
            place = int((tick - window.since) / window.length * width)
            shown = f"│{tick:{form}}"
            if tick > window.until or place + len(shown) > width:
                break
            text[place : place + len(shown)] = shown
            tick += step
        return [("".join(text), "muted")]

    def body_line(self, index: int, width: int) -> Strip:
        name, kinds = self.lanes[index]
        line: list[Piece] = [(fit(name, _LABEL), "muted")]
        here = self.cursor
        for place, slice_ in enumerate(self._slices):
            text, role = _cell(slice_, kinds)
            if place == here and text in (" ", BLIND):
                text, role = "│", "accent"
            elif place == here and self.at is not None and self.at.kind in kinds:
                role = "focus"
            if line[-1][1] == role and place:
                line[-1] = (line[-1][0] + text, role)
            else:
                line.append((text, role))
        return strip_of(line, width, self.palette)

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self._cut()
        self.refresh()

    def action_walk(self, by: int) -> None:
        self.post_message(self.Walked(by))

    def action_choose(self) -> None:
        self.post_message(self.Chosen())

    def on_click(self, event: events.Click) -> None:
        place = event.x - int(self.boxed) - _LABEL
        if self.window is not None and 0 <= place < self.axis_width:
            self.post_message(self.Pointed(self.window.since + self.window.length * ((place + 0.5) / self.axis_width)))


def _cell(slice_: Slice, kinds: Sequence[Kind]) -> Piece:
    """One sign, or how many there are; where a source was blind, what is empty is shaded: it is not known to be."""
    if kinds == (Kind.GAP,):
        return SIGNS[Kind.GAP] if slice_.blind else (" ", "faint")
    held = [(kind, slice_.counts[kind]) for kind in kinds if kind in slice_.counts]
    if not held:
        return (BLIND, "unknown") if slice_.blind else (" ", "faint")
    sign, role = SIGNS[held[0][0]]
    count = sum(times for _, times in held)
    return (sign, role) if count == 1 else (str(count) if count < 10 else "#", role)


def _rounded_up(at: datetime, step: timedelta) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    whole = -(-(at - midnight) // step)
    return midnight + step * whole


class EntryTable(LineTable[Entry]):
    """Every entry of the window, the newest last."""

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("at", "UTC", 8),
        Column("kind", "kind", 9),
        Column("unit", "unit", 12, 28, middle=True),
        Column("resource", "resource", 14, 32, middle=True, drop=2),
        Column("what", "what", 22, 100, want=26),
        Column("actor", "actor", 8, 26, middle=True, drop=1),
        Column("source", "told by", 8, 24, middle=True, drop=3),
    )

    def __init__(self, pane: str = "entries") -> None:
        super().__init__(pane)
        self.excuse: Sequence[Line] = ()
        self.now: datetime | None = None
        self.days = False
        """Times are of more than one day."""

    def columns(self) -> Sequence[Column]:
        narrow = {"kind": 0, "what": 10} if self.inner_width < _NARROW else {}
        return [
            c._replace(width=14 if c.id == "at" and self.days else narrow.get(c.id, c.width))
            for c in self.COLUMNS
            if narrow.get(c.id, 1)
        ]

    def of_days(self, several: bool) -> None:
        """Whether times need their date."""
        if several != self.days:
            self.days = several
            self._laid_out = None

    def empty_lines(self, width: int) -> Sequence[Line]:
        return self.excuse

    def cells(self, key: Entry) -> Cells:
        sign, role = SIGNS[key.kind]
        unit = key.unit.rsplit("/", 1)[-1] if key.kind is not Kind.GAP else key.source
        words = clean(key.words, 300).removeprefix(f"{clean(key.source, 300)} ")
        if key.kind is Kind.GAP and key.until is None and self.now is not None:
            lasts = span(max(0.0, (self.now - key.at).total_seconds()))
            words = words.replace("is blind", f"is blind, {lasts} so far", 1)
        kind: list[Piece] = [(f"{sign} {key.kind.value}", role)] if self.inner_width >= _NARROW else []
        return Cells(
            [
                (f"{key.at:%m-%d %H:%M:%S}" if self.days else f"{key.at:%H:%M:%S}", "muted"),
                *kind,
                (clean(unit, 200), "strong"),
                (clean(key.resource, 200), "text"),
                (words, "unknown" if key.kind is Kind.GAP else "text"),
                (clean(key.actor, 100), "text"),
                (clean(key.source, 100), "muted"),
            ],
            sign=(" ", "text") if kind else (sign, role),
            span=("what", [words], "unknown") if key.kind is Kind.GAP else None,
        )


def entry_lines_excuse(total: int, text: str) -> Sequence[Line]:
    """Why the list is empty: nothing known is not nothing done."""
    if text:
        return [(("  ", "text"), (f"None of {total:,} entries holds {clean(text, 100)}.", "muted"))]
    said = f"Nothing is known of this time; {total:,} entries lie outside it." if total else "Nothing is known yet."
    return [(("  ", "text"), (said, "unknown"))]
