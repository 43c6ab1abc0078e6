"""A pane of lines that something else has worded: who, history, a source, help."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from textual import events
from textual.strip import Strip

from .cells import Line, Wording, nothing, strip_of
from .lines_view import LinesView


class TextPane(LinesView):
    """`word` sets what it says; the place in the text stays while `about` is the same."""

    def __init__(self, pane: str) -> None:
        super().__init__(pane)
        self._wording: Wording = nothing
        self._lines: Sequence[Line] = ()
        self._about: Hashable = None

    def word(self, about: Hashable, wording: Wording) -> None:
        self._wording = wording
        lines = wording(self.inner_width - 2)
        if about != self._about:
            self._about = about
            self.top = 0
        elif lines == self._lines:
            return
        self._lines = lines
        self.top = max(0, min(self.top, self.max_top))
        self.repaint()

    @property
    def line_count(self) -> int:
        return len(self._lines)

    @property
    def text(self) -> str:
        """Everything it says, also what is out of view."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def body_line(self, index: int, width: int) -> Strip:
        return strip_of(((" ", "text"), *self._lines[index]), width, self.palette)

    def on_resize(self, event: events.Resize) -> None:
        self._lines = self._wording(self.inner_width - 2)
        super().on_resize(event)
        self.repaint()
