"""A table of any length: one strip per visible row, cached; a moved cursor repaints two lines.

Textual's DataTable counts every update into every cache key, so that 500 updates a second repaint everything; here an
update drops one strip. Rows are asked for when they come into view, so ten thousand cost no more than fifty.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from drifttui.core.ages import Times

from .cells import Piece, cut, fit, strip_of, width_of
from .lines_view import LinesView
from .palette import AWAY, CHIPS, HERE, Palette

K = TypeVar("K", bound=Hashable)

_CACHED = 512

PICKED: Piece = ("*", "accent")
"""The sign of a marked row."""


class Column(NamedTuple):
    id: str
    title: str
    width: int
    """Cells at least."""
    most: int = 0
    """Cells at most where there is room; 0: no more than `width`."""
    right: bool = False
    middle: bool = False
    """Cut in the middle."""
    drop: int = 0
    """Columns with the highest number go first where space is short; 0 stays always."""
    want: int = 0
    """Cells that this column is to have before the one that is dropped first is shown at all."""


class Cells(NamedTuple):
    """One row: a piece per column, a sign in the gutter, and perhaps one text across several columns."""

    pieces: Sequence[Piece]
    sign: Piece = (" ", "text")
    span: tuple[str, Sequence[str], str] | None = None
    """(column, texts, role): from this column to the right end, the first text that fits, else the last one cut."""


class LineTable(LinesView, Generic[K]):
    """Shows `keys` in their order. The cursor belongs to a key, not to a position."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open", id="open", tooltip="Go into what the cursor is on."),
        Binding("space", "pick", "Mark", show=False, id="mark", tooltip="Mark this row, to act on several at once."),
    ]
    PICKS: ClassVar[bool] = False
    """Rows can be marked."""

    class Moved(Message):
        """The cursor is on another row; `by_hand` where the operator moved it."""

        def __init__(self, table: LineTable[Any], key: Any, by_hand: bool = False) -> None:
            super().__init__()
            self.table = table
            self.key = key
            self.by_hand = by_hand

        @property
        def control(self) -> LineTable[Any]:
            return self.table

    class Chosen(Moved):
        """The operator wants to go into this row."""

    class Picked(Moved):
        """The operator marked a row, or took a mark away."""

    class SortAsked(Message):
        """The operator clicked a column's title."""

        def __init__(self, table: LineTable[Any], column: str) -> None:
            super().__init__()
            self.table = table
            self.column = column

        @property
        def control(self) -> LineTable[Any]:
            return self.table

    def __init__(self, pane: str) -> None:
        super().__init__(pane)
        self.keys: list[K] = []
        self.cursor = 0
        self.touched = False
        """The operator has moved the cursor or the view."""
        self.picked: set[K] = set()
        """What the operator marked, to act on it."""
        self.times: Times | None = None
        self.sorted_by: tuple[str, bool] = ("", False)
        self._strips: dict[tuple[K, int], Strip] = {}
        self._laid_out: tuple[int, int, list[tuple[int, Column, int]]] | None = None
        self._painted_with: Palette | None = None

    # What subclasses say.

    def columns(self) -> Sequence[Column]:
        return ()

    def cells(self, key: K) -> Cells:
        return Cells(())

    # The list.

    @property
    def line_count(self) -> int:
        return len(self.keys)

    @property
    def head_count(self) -> int:
        return 1

    @property
    def key(self) -> K | None:
        """What the cursor is on."""
        return self.keys[self.cursor] if self.cursor < len(self.keys) else None

    def show(self, keys: list[K], sorted_by: tuple[str, bool] | None = None, at: K | None = None) -> None:
        """Another order. The cursor stays on its key and, where it can, on its line of the screen; but a view that
        begins with the first row goes on doing so, for what comes in is what is worst.

        `at` puts it on that key instead. A cursor whose key is gone stays where it was.
        """
        before = self.key
        wanted = before if at is None else at
        line = self.cursor - self.top
        self.keys = keys
        if sorted_by is not None:
            self.sorted_by = sorted_by
        place = self.cursor
        if wanted is not None:
            try:
                place = keys.index(wanted)
            except ValueError:
                place = self.cursor
        self.cursor = max(0, min(place, len(keys) - 1))
        self.top = max(0, min(self.cursor - line, self.max_top)) if self.top else 0
        self._keep_in_view()
        self.repaint()
        if self.key != before:
            self.post_message(self.Moved(self, self.key))

    def changed(self, keys: Iterable[K] | None) -> None:
        """These rows say something else; None: any may."""
        if keys is None:
            self._strips.clear()
            self.repaint()
            return
        for key in keys:
            for state in (0, AWAY, HERE):
                self._strips.pop((key, state), None)
        self.repaint()

    def tick(self, times: Times) -> None:
        """Another moment: repaints only rows whose text is no longer the same."""
        wider = self.times is None or self.times.exact != times.exact
        self.times = times
        if wider:
            self._laid_out = None
            self._strips.clear()
            self.repaint()
            return
        self._strips.clear()
        self.repaint()

    # Drawing.

    def _state(self, index: int) -> int:
        if index != self.cursor:
            return 0
        return HERE if self.has_focus else AWAY

    def laid_out(self, width: int) -> list[tuple[int, Column, int]]:
        """(position in `columns`, column, cells) of the columns that fit, in their order."""
        columns = self.columns()
        known = self._laid_out
        if known is not None and known[0] == width and known[1] == len(columns):
            return known[2]
        chosen = list(enumerate(columns))
        room = width - 1

        def needed(wanted: bool = False) -> int:
            return sum(max(column.width, column.want if wanted else 0) + 1 for _, column in chosen)

        for number, (place, column) in enumerate(sorted(chosen, key=lambda pair: -pair[1].drop)):
            if needed(wanted=number == 0) <= room or column.drop == 0:
                break
            chosen = [pair for pair in chosen if pair[0] != place]
        sizes = {place: column.width for place, column in chosen}
        spare = room - needed()
        growing = [pair for pair in chosen if pair[1].most > pair[1].width]
        while spare > 0 and growing:
            for place, column in list(growing):
                if spare <= 0:
                    break
                sizes[place] += 1
                spare -= 1
                if sizes[place] >= column.most:
                    growing.remove((place, column))
        result = [(place, column, sizes[place]) for place, column in chosen]
        self._laid_out = (width, len(columns), result)
        self._strips.clear()
        return result

    def head_line(self, index: int, width: int) -> Strip:
        line: list[Piece] = [(" ", "muted")]
        name, backwards = self.sorted_by
        for _, column, size in self.laid_out(width):
            here = column.id == name
            title = column.title + (("▴" if backwards else "▾") if here else "")
            line.append((fit(title, size, column.right) + " ", "accent" if here else "muted"))
        return strip_of(line, width, self.palette)

    def body_line(self, index: int, width: int) -> Strip:
        if self._painted_with is not self.palette:
            self._painted_with = self.palette
            self._strips.clear()
        state = self._state(index)
        layout = self.laid_out(width)
        key = self.keys[index]
        strip = self._strips.get((key, state))
        if strip is None or strip.cell_length != width:
            cells = self.cells(key)
            if key in self.picked:
                cells = cells._replace(sign=PICKED)
            strip = self._drawn(cells, layout, width, state)
            if len(self._strips) >= _CACHED:
                self._strips.clear()
            self._strips[key, state] = strip
        return strip

    def _drawn(self, cells: Cells, layout: list[tuple[int, Column, int]], width: int, state: int) -> Strip:
        style = self.palette.style
        sign = ("▌", "accent") if state and cells.sign is not PICKED else cells.sign
        segments = [Segment(sign[0], style(sign[1], state))]
        left = width - 1
        plain = style("text", state)
        for place, column, size in layout:
            if cells.span is not None and column.id == cells.span[0]:
                _, texts, role = cells.span
                text = next((text for text in texts if width_of(text) <= left), cut(texts[-1], left))
                segments.append(Segment(text, style(role, state)))
                left -= width_of(text)
                break
            text, role = cells.pieces[place]
            if role in CHIPS:
                text = cut(text, size)
                segments.append(Segment(text, style(role, state)))
                segments.append(Segment(" " * (size - width_of(text) + 1), plain))
            else:
                segments.append(Segment(fit(text, size, column.right, column.middle), style(role, state)))
                segments.append(Segment(" ", plain))
            left -= size + 1
        if left > 0:
            segments.append(Segment(" " * left, plain))
        return Strip(segments, width).simplify()

    # The cursor.

    def move_to(self, index: int, *, jump: bool = False) -> None:
        """`jump` brings the row to the middle; else the view moves by half a page when the cursor leaves it, so that
        most keys repaint two lines."""
        self.touched = True
        index = max(0, min(index, len(self.keys) - 1))
        if index == self.cursor or not self.keys:
            return
        before, self.cursor = self.cursor, index
        if self._keep_in_view(jump):
            self.repaint()
        else:
            self.repaint_lines(before, before)
            self.repaint_lines(index, index)
        self.post_message(self.Moved(self, self.key, by_hand=not jump))

    def _keep_in_view(self, jump: bool = False) -> bool:
        height = self.body_height
        if height <= 0:
            return False
        top = self.top
        if self.cursor < top:
            top = self.cursor - (height // 2 if jump else (height - 1) // 2)
        elif self.cursor >= top + height:
            top = self.cursor - height // 2
        top = max(0, min(top, self.max_top))
        moved, self.top = top != self.top, top
        return moved

    def go_to(self, key: K) -> bool:
        """Puts the cursor on `key`; False where the list does not hold it."""
        if key not in self.keys:
            return False
        self.move_to(self.keys.index(key), jump=True)
        return True

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self._keep_in_view()

    def action_lines(self, by: int) -> None:
        self.move_to(self.cursor + by)

    def action_half(self, by: int) -> None:
        self._scroll_cursor(by * max(1, self.body_height // 2))

    def action_page(self, by: int) -> None:
        self._scroll_cursor(by * max(1, self.body_height))

    def _scroll_cursor(self, by: int) -> None:
        """The view and the cursor move together, so that the cursor keeps its line of the screen."""
        self.top = max(0, min(self.top + by, self.max_top))
        self.move_to(self.cursor + by)
        self.repaint()

    def action_first(self) -> None:
        self.move_to(0)

    def action_last(self) -> None:
        self.move_to(len(self.keys) - 1)

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self, self.key))

    def action_pick(self) -> None:
        """Marks the row and goes on to the next, so that a held key marks several."""
        key = self.key
        if not self.PICKS or key is None:
            return
        self.picked ^= {key}
        self.changed((key,))
        self.move_to(self.cursor + 1)
        self.post_message(self.Picked(self, key, by_hand=True))

    def pick_none(self) -> None:
        picked, self.picked = self.picked, set()
        self.changed(picked)

    def on_click(self, event: events.Click) -> None:
        if event.y == 1:
            at = 1 + int(self.boxed)
            for _, column, size in self.laid_out(self.inner_width):
                if at <= event.x < at + size + 1:
                    self.post_message(self.SortAsked(self, column.id))
                    return
                at += size + 1
            return
        index = self.top + event.y - self.body_top
        if self.body_top <= event.y < self.body_top + self.body_height and index < len(self.keys):
            if index == self.cursor:
                self.action_choose()
            else:
                self.move_to(index)
