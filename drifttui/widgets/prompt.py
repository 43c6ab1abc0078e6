"""The line at the bottom into which a filter or a command is typed, in the place of the keys: nothing else moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult, RenderResult
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from .cells import Line, line_width, strip_of
from .palette import palette

if TYPE_CHECKING:
    from textual.widgets import Input

    from .field import Field

_TEXT_AT_LEAST = 24


class Said(Widget):
    """A line beside the field."""

    ALLOW_SELECT = False

    def __init__(self, line: Line = ()) -> None:
        super().__init__()
        self.line = line

    def say(self, line: Line) -> None:
        self.line = line
        self.refresh()

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        return strip_of(self.line, self.size.width, palette(self.app.current_theme))


class Prompt(Widget):
    """`sign` is `/`, `:`, or the key that asked. Says what was typed; decides nothing."""

    class Typed(Message):
        """The text is another one."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    # Not subclasses of `Typed`: a handler of a message also gets those derived from it.

    class Kept(Message):
        """The operator pressed enter."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class CompletionAsked(Message):
        """The operator pressed tab."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Left(Message):
        """The operator wants what was before."""

    class Abandoned(Message):
        """The operator went on elsewhere, without an answer."""

    def __init__(self, sign: str, text: str, hint: str, past: list[str]) -> None:
        super().__init__(id="prompt")
        self.sign = sign
        self._text = text
        self._hint = hint
        self._past = [*past, text]
        self._place = len(past)
        self._told = Said()

    def compose(self) -> ComposeResult:
        # Textual's input costs milliseconds to import, and the first frame has none.
        from .field import Field

        lead = Said([(f" {self.sign} ", "key")])
        lead.styles.width = 3
        yield lead
        yield Field(self._text, placeholder=self._hint, compact=True, select_on_focus=False)
        yield self._told

    @property
    def field(self) -> Field:
        from .field import Field

        return self.query_one(Field)

    def tell(self, line: Line) -> None:
        """An answer to what is typed: a count, a completion, an error."""
        most = max(0, self.app.size.width - 3 - _TEXT_AT_LEAST)
        self._told.styles.width = min(most, line_width(line) + 1)
        self._told.say(line)

    def put(self, text: str) -> None:
        self.field.value = text
        self.field.cursor_position = len(text)

    def recall(self, by: int) -> None:
        place = self._place + by
        if 0 <= place < len(self._past):
            self._place = place
            self.put(self._past[place])

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Kept(event.value))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """A click elsewhere; not the terminal losing the focus while a name is copied from somewhere else."""
        if self.app.app_focus and self.is_attached:
            self.post_message(self.Abandoned())
