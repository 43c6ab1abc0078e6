"""The keys of this screen on one line. Textual's footer mounts a widget per key at every change of focus, and leaks."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import RenderResult
from textual.strip import Strip
from textual.widget import Widget

from .cells import Line, Piece, line_width, strip_of
from .palette import palette


class KeyBar(Widget):
    """`show` takes (key, word) from the most to the least needed; what does not fit is in the help."""

    ALLOW_SELECT = False

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._keys: Sequence[tuple[str, str]] = ()
        self._aside: Line = ()

    def show(self, keys: Sequence[tuple[str, str]], aside: Line = ()) -> None:
        if (keys, aside) != (self._keys, self._aside):
            self._keys, self._aside = keys, aside
            self.refresh()

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        aside = line_width(self._aside)
        room = width - aside - (3 if aside else 1)
        line: list[Piece] = []
        used = 0
        for key, word in self._keys:
            lead = "  " if line else " "
            size = len(lead) + len(key) + 1 + len(word)
            if used + size <= room:
                line += [(lead, "text"), (key, "key"), (" " + word, "muted")]
                used += size
        if aside:
            line.append((" " * max(0, width - used - aside - 1), "text"))
            line.extend(self._aside)
        return strip_of(line, width, palette(self.app.current_theme))
