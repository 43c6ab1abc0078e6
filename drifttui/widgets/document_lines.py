"""The whole document of all planes, a line at a time: five thousand lines cost no more than those on screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from drifttui.core.align import AlignedRow, RowKind
from drifttui.core.planes import ABSENT, UNKNOWN, Mark, Plane
from drifttui.core.words import clean

from .cells import CUT, Line, Piece, cut, fit, width_of
from .change_lines import SIGNS, Shape, planes_of
from .values import differing

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?|true|false|null")


class Document:
    """Lines of aligned rows in one shape. `starts` are the first lines of every changed stretch."""

    def __init__(self, rows: Sequence[AlignedRow], shape: Shape) -> None:
        self._rows = rows
        self._shape = shape
        self._lines: list[tuple[int, Plane | None]] = []
        if shape is Shape.UNIFIED:
            for at, row in enumerate(rows):
                if row.changed and row.kind is RowKind.LEAF and row.desired != row.actual:
                    self._lines += [(at, plane) for plane in _told_apart(row)]
                else:
                    self._lines.append((at, None))
        else:
            self._lines = [(at, None) for at in range(len(rows))]
        self.starts = self._stretches()

    def __len__(self) -> int:
        return len(self._lines)

    def _stretches(self) -> list[int]:
        starts, inside = [], False
        for line, (at, _) in enumerate(self._lines):
            changed = self._rows[at].changed
            if changed and not inside:
                starts.append(line)
            inside = changed
        return starts

    def line(self, index: int, width: int) -> Line:
        at, plane = self._lines[index]
        row = self._rows[at]
        if self._shape is not Shape.UNIFIED:
            return self._beside(row, width)
        indent = "  " * min(row.depth, 40)
        label = clean(row.label, 300)
        if plane is not None:
            head = f"{SIGNS[plane]} {indent}{label}: "
            return [(head, plane), (_telling(row, plane, max(12, width - len(head))), plane)]
        line: list[Piece] = [("! " if row.changed else "  ", "high" if row.changed else "faint"), (indent, "text")]
        value = row.actual if row.actual is not UNKNOWN and row.actual is not ABSENT else row.desired
        line += [(label, "name"), (":", "muted")]
        if row.kind is RowKind.LEAF:
            line += [(" ", "text"), (_said(value), _role(value))]
        if row.hidden_rule:
            line.append((f"   hidden by {clean(row.hidden_rule, 80)}", "muted"))
        return line

    def _beside(self, row: AlignedRow, width: int) -> Line:
        planes = planes_of(self._shape)
        size = (width - 3 * (len(planes) - 1)) // len(planes)
        indent = "  " * min(row.depth, 40)
        label = clean(row.label, 300)
        line: list[Piece] = []
        for number, plane in enumerate(planes):
            if number:
                line.append((" │ ", "border"))
            value = _cell(row, plane)
            sign = SIGNS[plane] if row.changed and row.kind is RowKind.LEAF else " "
            if value is ABSENT:
                line.append((fit(f"{sign} {indent}–" if row.changed else "", size), plane))
            elif row.changed and row.kind is RowKind.LEAF:
                head = cut(f"{sign} {indent}{label}: ", size)
                line.append((fit(head + _telling(row, plane, size - len(head)), size), plane))
            else:
                head = fit(f"  {indent}{label}: ", min(size, len(indent) + len(label) + 4))
                line += [(head, "name"), (fit(_said(value), size - len(head)), _role(value))]
        return line


def _told_apart(row: AlignedRow) -> Sequence[Plane]:
    """Planes that need a line of their own: recorded only where it differs from both others."""
    apart = row.recorded is not UNKNOWN and row.recorded not in (row.desired, row.actual)
    return tuple(Plane) if apart else (Plane.DESIRED, Plane.ACTUAL)


def _cell(row: AlignedRow, plane: Plane) -> str | Mark:
    return {Plane.DESIRED: row.desired, Plane.RECORDED: row.recorded, Plane.ACTUAL: row.actual}[plane]


def _telling(row: AlignedRow, plane: Plane, room: int) -> str:
    """The value of a plane in `room` cells, with the part that differs in sight."""
    text = _said(_cell(row, plane))
    if width_of(text) <= room:
        return text
    other = _said(row.actual if plane is not Plane.ACTUAL else row.desired)
    _, end, _ = differing(text, other)
    if end < room:
        return cut(text, room)
    return CUT + cut(text[max(0, end - room + 2) :], room - 1)


def _said(value: str | Mark) -> str:
    if value is ABSENT:
        return "–"
    return "?" if isinstance(value, Mark) else clean(value, 400)


def _role(value: str | Mark) -> str:
    if isinstance(value, Mark):
        return "unknown" if value is UNKNOWN else "muted"
    return "number" if _NUMBER.fullmatch(value) else "string"
