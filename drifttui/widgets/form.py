"""Fields of a form, each on its line: a text that is typed, or one word out of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from .cells import Line, Piece, line_width, strip_of, width_of
from .palette import palette
from .prompt import Said

LABEL = 10
"""Cells of what stands in front of a field."""


class FormField(Input):
    """Every printable key types. The caret stands still."""

    cursor_blink = reactive(False, init=False)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "screen.pane(-1)", "Previous field", show=False),
        Binding("down", "screen.pane(1)", "Next field", show=False),
    ]


class Entry(Widget):
    """A label, a text field, and what is to be said about what was typed."""

    ALLOW_SELECT = False

    def __init__(self, name: str, label: str, value: str = "", hint: str = "", *, wide: int = LABEL) -> None:
        super().__init__(id=f"entry-{name}", classes="entry")
        self.label = label
        self._value, self._hint, self._wide = value, hint, wide
        self._lead, self._told = Said(), Said()

    def compose(self) -> ComposeResult:
        self._lead.styles.width = self._wide + 2
        yield self._lead
        yield FormField(self._value, placeholder=self._hint, compact=True, select_on_focus=False)
        self._told.styles.width = 3
        yield self._told

    def on_mount(self) -> None:
        self._mark(False)
        self.tell(())

    @property
    def field(self) -> FormField:
        return self.query_one(FormField)

    @property
    def value(self) -> str:
        return self.field.value.strip() if self.is_mounted else self._value

    def put(self, text: str) -> None:
        self.field.value = text
        self.field.cursor_position = len(text)

    def rename(self, label: str) -> None:
        self.label, self._wide = label, max(LABEL, width_of(label) + 2)
        self._lead.styles.width = self._wide + 2
        self._mark(self.field.has_focus)

    def tell(self, line: Line) -> None:
        """Beside the field; the field gives way, down to a third of the line."""
        most = max(3, self.size.width - self._wide - 2 - self.size.width // 3) if self.size.width else 60
        self._told.styles.width = min(most, line_width(line) + 4)
        self._told.say([(" ] ", "border"), *line])

    def _mark(self, here: bool) -> None:
        lead = self.label.ljust(self._wide - 1)
        self._lead.say([("▌" if here else " ", "accent"), (lead, "focus" if here else "muted"), ("[ ", "border")])

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self._mark(True)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        self._mark(False)


class OneOf(Widget, can_focus=True):
    """All choices stand there, the chosen one in brackets; arrows choose, and so does a first letter."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "choose(-1)", "Before", show=False),
        Binding("right,space", "choose(1)", "Next", show=False),
        Binding("up", "screen.pane(-1)", "Previous field", show=False),
        Binding("down", "screen.pane(1)", "Next field", show=False),
        Binding("enter", "submit", "Confirm", show=False),
    ]

    class Changed(Message):
        def __init__(self, field: OneOf) -> None:
            super().__init__()
            self.field = field

    class Submitted(Message):
        def __init__(self, field: OneOf) -> None:
            super().__init__()
            self.field = field

    def __init__(self, name: str, label: str, options: Sequence[str], chosen: str, starred: str = "") -> None:
        super().__init__(id=f"entry-{name}", classes="one-of")
        self.label = label
        self.options = list(options)
        self.chosen = chosen if chosen in options else self.options[0]
        self.starred = starred
        """What somebody else chose: it carries a `*`."""

    @property
    def value(self) -> str:
        return self.chosen

    def choose(self, option: str) -> None:
        if option != self.chosen:
            self.chosen = option
            self.refresh()
            self.post_message(self.Changed(self))

    def action_choose(self, by: int) -> None:
        self.choose(self.options[(self.options.index(self.chosen) + by) % len(self.options)])

    def action_submit(self) -> None:
        self.post_message(self.Submitted(self))

    def on_key(self, event: events.Key) -> None:
        if event.character and event.character.isalnum():
            here = self.options.index(self.chosen)
            later = self.options[here + 1 :] + self.options[: here + 1]
            if found := next((option for option in later if option.startswith(event.character)), None):
                self.choose(found)
            event.stop()

    def on_click(self) -> None:
        self.focus(scroll_visible=False)

    def watch_has_focus(self, focus: bool) -> None:
        super().watch_has_focus(focus)
        self.refresh()

    # Drawing.

    def _lines(self, width: int) -> list[Line]:
        here = self.has_focus
        lead = self.label.ljust(LABEL - 1)
        line: list[Piece] = [("▌" if here else " ", "accent"), (lead, "focus" if here else "muted")]
        used, lines = LABEL, []
        for option in self.options:
            star = "*" if option == self.starred else ""
            chosen = option == self.chosen
            text = f"[{option}{star}]" if chosen else f" {option}{star} "
            if used + width_of(text) > width and used > LABEL:
                lines.append(line)
                line, used = [(" " * LABEL, "text")], LABEL
            line.append((text, ("focus" if here else "strong") if chosen else "muted"))
            used += width_of(text)
        return [*lines, line]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        lines = self._lines(self.size.width)
        return strip_of(lines[y] if y < len(lines) else (), self.size.width, palette(self.app.current_theme))
