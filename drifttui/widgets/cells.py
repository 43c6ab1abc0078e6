"""Text into a given number of terminal cells. Names are cut in the middle: both ends tell them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from .palette import Palette

Piece = tuple[str, str]
"""(text, role)"""

Line = Sequence[Piece]

Wording = Callable[[int], Sequence[Line]]
"""Width in cells → lines."""

CUT = "…"


def nothing(_: int) -> Sequence[Line]:
    return ()


class Excuse:
    """What an empty pane says, worded when it is painted: before the first layout nobody knows its width."""

    def __init__(self, wording: Wording = nothing) -> None:
        self._wording = wording
        self._width = -1
        self._lines: Sequence[Line] = ()

    def lines(self, width: int) -> Sequence[Line]:
        """For a pane of `width` cells inside its frame."""
        if width != self._width:
            self._width, self._lines = width, self._wording(max(1, width - 4))
        return self._lines


def width_of(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int, middle: bool = False) -> str:
    """At most `width` cells, with a mark where something is missing."""
    if len(text) > width * 8 + 64:
        text = text[: width * 4 + 32] + text[-(width * 4 + 32) :] if middle else text[: width * 8 + 64]
    if width_of(text) <= width:
        return text
    if width <= 1:
        return CUT[:width]
    if not middle or width < 5:
        return (text[: width - 1] if text.isascii() else set_cell_size(text, width - 1).rstrip()) + CUT
    head = width // 2
    tail = width - head - 1
    if text.isascii():
        return text[:head] + CUT + text[-tail:]
    reverse = set_cell_size(text[::-1], tail)[::-1].lstrip()
    return set_cell_size(text, head).rstrip() + CUT + reverse


def fit(text: str, width: int, right: bool = False, middle: bool = False) -> str:
    """Exactly `width` cells."""
    text = cut(text, width, middle)
    space = " " * (width - width_of(text))
    return space + text if right else text + space


def line_width(line: Line) -> int:
    return sum(width_of(text) for text, _ in line)


def strip_of(line: Line, width: int, palette: Palette, cursor: int = 0, skip: int = 0) -> Strip:
    """`line` in exactly `width` cells, the first `skip` cells scrolled away."""
    segments = []
    left = width
    for text, role in line:
        if skip:
            size = width_of(text)
            if size <= skip:
                skip -= size
                continue
            text = text[skip:]
            skip = 0
        size = width_of(text)
        if size > left:
            text = cut(text, left)
            size = width_of(text)
        if text:
            segments.append(Segment(text, palette.style(role, cursor)))
        left -= size
        if left <= 0:
            break
    if left > 0:
        segments.append(Segment(" " * left, palette.style("text", cursor)))
    return Strip(segments, width).simplify()


def wrapped(text: str, width: int, role: str, indent: str = "") -> list[Line]:
    """A sentence on as many lines as it takes, each behind `indent`. A word longer than a line is broken."""
    room = max(8, width - width_of(indent))
    lines: list[Line] = []
    current = ""
    for word in text.split():
        while width_of(word) > room:
            if current:
                lines.append(((indent, role), (current, role)))
                current = ""
            part = set_cell_size(word, room).rstrip() or word[:1]
            lines.append(((indent, role), (part, role)))
            word = word[len(part) :]
        if not word:
            continue
        joined = f"{current} {word}" if current else word
        if width_of(joined) > room:
            lines.append(((indent, role), (current, role)))
            joined = word
        current = joined
    if current:
        lines.append(((indent, role), (current, role)))
    return lines


def joined(groups: Iterable[Line], between: str = "  ") -> list[Piece]:
    """Groups on one line with air between them; empty ones vanish."""
    line: list[Piece] = []
    for group in groups:
        if group:
            if line:
                line.append((between, "muted"))
            line.extend(group)
    return line
