"""A framed pane that draws single lines on demand and scrolls by itself, without animation, children or scrollbars.

Textual's own scrolling views animate, mount scrollbars and lay out again; a pane that only ever shows lines needs none
of that, and a key then costs what the lines cost that change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.reactive import var
from textual.strip import Strip
from textual.widget import Widget

from .cells import Line, Piece, cut, line_width, strip_of, width_of
from .palette import Palette, palette


class LinesView(Widget, can_focus=True):
    """`body_line` draws line `index`. The frame is a box, or only a rule on top where space is short.

    | Key(s) | Description |
    | :- | :- |
    | up,k · down,j | One line. |
    | ctrl+u · ctrl+d | Half a page. |
    | pageup,ctrl+b · pagedown,ctrl+f | A page. |
    | g,home · G,end | First or last. |
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "lines(-1)", "Up", show=False, id="up"),
        Binding("down,j", "lines(1)", "Down", show=False, id="down"),
        Binding("ctrl+u", "half(-1)", "Half a page up", show=False, id="half-up"),
        Binding("ctrl+d", "half(1)", "Half a page down", show=False, id="half-down"),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False, id="page-up"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="page-down"),
        Binding("g,home", "first", "First", show=False, id="first"),
        Binding("G,end", "last", "Last", show=False, id="last"),
    ]
    ALLOW_SELECT = False

    boxed: var[bool] = var(True)
    """A box all around, or a rule on top."""

    def __init__(self, pane: str) -> None:
        super().__init__(id=pane)
        self.top = 0
        self.heading: Line = ()
        self.aside: Line = ()
        """At the right end of the title: counts."""
        self.notice: Line = ()
        """At the right end of the lower edge: what waits. Beside the title where there is no lower edge."""
        self._painted: dict[int, Strip] = {}

    # What subclasses say.

    @property
    def line_count(self) -> int:
        return 0

    @property
    def head_count(self) -> int:
        """Lines under the title that do not scroll."""
        return 0

    def head_line(self, index: int, width: int) -> Strip:
        return Strip.blank(width)

    def body_line(self, index: int, width: int) -> Strip:
        return Strip.blank(width)

    def empty_lines(self, width: int) -> Sequence[Line]:
        """Shown where there is no line."""
        return ()

    # Geometry.

    @property
    def inner_width(self) -> int:
        return max(1, self.outer_size.width - (2 if self.boxed else 0))

    @property
    def body_top(self) -> int:
        return 1 + self.head_count

    @property
    def body_height(self) -> int:
        return max(0, self.outer_size.height - self.body_top - (1 if self.boxed else 0))

    @property
    def palette(self) -> Palette:
        return palette(self.app.current_theme)

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        strip = self._painted[y] = self._line_at(y)
        return strip

    def _line_at(self, y: int) -> Strip:
        width = self.outer_size.width
        if y == 0:
            return self._title(width)
        if self.boxed and y == self.outer_size.height - 1:
            return self._edge(width)
        inner = self.inner_width
        at = y - 1
        if at < self.head_count:
            strip = self.head_line(at, inner)
        else:
            at -= self.head_count
            index = self.top + at
            if index < self.line_count:
                strip = self.body_line(index, inner)
            elif self.line_count == 0:
                lines = self.empty_lines(inner)
                strip = strip_of(lines[at] if at < len(lines) else (), inner, self.palette)
            else:
                strip = strip_of((), inner, self.palette)
        if not self.boxed:
            return strip
        side = self.palette.style(self._border_role)
        return Strip([Segment("│", side), *strip, Segment(self._right_side(y), side)], width)

    @property
    def _border_role(self) -> str:
        return "focus" if self.has_focus else "border"

    def _right_side(self, y: int) -> str:
        """The box's own side is the scrollbar: heavy where the shown part is."""
        lines, height = self.line_count, self.body_height
        at = y - self.body_top
        if lines <= height or at < 0:
            return "│"
        size = max(1, height * height // lines)
        start = round(self.top * (height - size) / max(1, lines - height))
        return "┃" if start <= at < start + size else "│"

    def _title(self, width: int) -> Strip:
        rule = self._border_role
        aside: list[Piece] = list(self.aside)
        if self.notice and not self.boxed:
            aside = [*self.notice, *([("  ", rule)] if aside else []), *aside]
        right = line_width(aside) + 2 if aside else 0
        ends = ("╭─", "─╮") if self.boxed else ("──", "──")
        room = width - 4 - right - 2
        if room < 8 and aside:
            aside, right, room = [], 0, width - 6
        line: list[Piece] = [(ends[0] + " ", rule)]
        used = 0
        for number, (text, role) in enumerate(self.heading):
            size = width_of(text)
            if used + size > room:
                text = cut(text, room - used)
                size = width_of(text)
            if text:
                line.append((text, role if number or role != "strong" or not self.has_focus else "focus"))
            used += size
            if used >= room:
                break
        fill = width - used - 3 - 3 - right
        line.append((" " + "─" * max(0, fill), rule))
        if aside:
            line += [(" ", rule), *aside, (" ", rule)]
        line.append((ends[1], rule))
        return strip_of(line, width, self.palette)

    def _edge(self, width: int) -> Strip:
        rule = self._border_role
        if not self.notice:
            return strip_of([("╰" + "─" * (width - 2) + "╯", rule)], width, self.palette)
        text = [(cut(part, width - 8), role) for part, role in self.notice]
        fill = width - line_width(text) - 5
        return strip_of([("╰" + "─" * fill + " ", rule), *text, (" ─╯", rule)], width, self.palette)

    # Painting no more than what changed.

    def repaint_lines(self, first: int, last: int) -> None:
        """Lines `first` to `last` of the body, as far as they are on screen."""
        start = max(first, self.top) - self.top
        end = min(last, self.top + self.body_height - 1) - self.top
        if start <= end:
            self.refresh(Region(0, self.body_top + start, self.outer_size.width, end - start + 1))

    def repaint(self) -> None:
        """Lines that are no longer what is on screen: a terminal behind a slow link pays for each of them."""
        width, height = self.outer_size
        if not width or not self._painted:
            self.refresh()
            return
        regions = []
        for y in range(height):
            held = self._painted.get(y)
            if held is None or held != self._line_at(y):
                regions.append(Region(0, y, width, 1))
        if regions:
            self.refresh(*regions)

    def say(self, heading: Line, aside: Line = (), notice: Line = ()) -> None:
        """What stands in the frame."""
        new = (tuple(heading), tuple(aside), tuple(notice))
        if new != (self.heading, self.aside, self.notice):
            self.heading, self.aside, self.notice = new
            self.repaint()

    def watch_boxed(self) -> None:
        self.refresh()

    def watch_has_focus(self, focus: bool) -> None:
        super().watch_has_focus(focus)
        self.repaint()

    # Scrolling.

    @property
    def max_top(self) -> int:
        return max(0, self.line_count - self.body_height)

    def show_from(self, top: int) -> None:
        top = max(0, min(top, self.max_top))
        if top != self.top:
            self.top = top
            self.repaint()

    def on_resize(self, event: events.Resize) -> None:
        self._painted.clear()
        self.top = max(0, min(self.top, self.max_top))

    def action_lines(self, by: int) -> None:
        self.show_from(self.top + by)

    def action_half(self, by: int) -> None:
        self.show_from(self.top + by * max(1, self.body_height // 2))

    def action_page(self, by: int) -> None:
        self.show_from(self.top + by * max(1, self.body_height - 1))

    def action_first(self) -> None:
        self.show_from(0)

    def action_last(self) -> None:
        self.show_from(self.max_top)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.show_from(self.top + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.show_from(self.top - 3)
