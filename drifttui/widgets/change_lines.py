"""Changes worded in three shapes: one below the other, desired beside actual, and a column per plane."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

from drifttui.core.finding import Change
from drifttui.core.planes import ABSENT, UNKNOWN, Json, Mark, Plane
from drifttui.core.words import clean

from .cells import Line, Piece, cut, fit, line_width, width_of
from .values import Beside, beside, differing, text_lines

SIGNS: Final = {Plane.DESIRED: "-", Plane.RECORDED: "=", Plane.ACTUAL: "+"}
_WRAPPED: Final = 6
"""Rows that one long value may take before it is cut."""


class Shape(StrEnum):
    UNIFIED = "unified"
    SIDE = "side by side"
    THREE = "three columns"


def planes_of(shape: Shape) -> tuple[Plane, ...]:
    return tuple(Plane) if shape is Shape.THREE else (Plane.DESIRED, Plane.ACTUAL)


def change_lines(change: Change, width: int, shape: Shape, *, short: bool = False, note: str = "") -> list[Line]:
    """`short` puts a change on one line where it fits, for panes of a few lines. `note` stands beside its name."""
    if shape is Shape.THREE:
        return [_label(change, width, note), *_three(change, width)]
    if shape is Shape.SIDE:
        return [_label(change, width, note, aside=True), *_side(change, width)]
    if short and (line := _one_line(change, width, note)):
        return [line]
    return [_label(change, width, note), *_unified(change, width)]


def _label(change: Change, width: int, said: str = "", aside: bool = False) -> Line:
    label = clean(change.label or change.path, 1000) or "whole object"
    notes = []
    if change.sensitive:
        notes.append("secret, digest only")
    if aside and (note := _recorded_note(change)):
        notes.append(note)
    if said:
        notes.append(cut(clean(said, 200), max(12, width - 16)))
    note = " · ".join(notes)
    room = width - (width_of(note) + 2 if note else 0)
    line: list[Piece] = [(cut(label, room, middle=True), "name")]
    if note:
        line += [(" " * max(2, width - line_width(line) - width_of(note)), "text"), (note, "muted")]
    return line


def _recorded_note(change: Change) -> str:
    if change.recorded is UNKNOWN:
        return ""
    if change.recorded == change.desired:
        return "recorded = desired"
    if change.recorded == change.actual:
        return "recorded = actual"
    return "recorded differs from both"


def _groups(change: Change) -> list[tuple[list[Plane], Json | Mark]]:
    """Planes that say the same, together. A recorded plane that nobody could read is said once, in the title."""
    groups: list[tuple[list[Plane], Json | Mark]] = []
    for plane in Plane:
        value = change.value(plane)
        if value is UNKNOWN and plane is Plane.RECORDED:
            continue
        for planes, held in groups:
            if type(held) is type(value) and held == value:
                planes.append(plane)
                break
        else:
            groups.append(([plane], value))
    return groups


def _head(planes: Sequence[Plane]) -> list[Piece]:
    sign = "+" if Plane.ACTUAL in planes else SIGNS[planes[0]]
    pieces: list[Piece] = [(f"  {sign} ", _voice(planes))]
    for number, plane in enumerate(planes):
        pieces.append((plane + (" " if number < len(planes) - 1 else ""), plane))
    return pieces


def _voice(planes: Sequence[Plane]) -> Plane:
    """Whose colour a value has that several planes share."""
    return Plane.ACTUAL if Plane.ACTUAL in planes else planes[0]


def _unified(change: Change, width: int) -> Iterator[Line]:
    groups = _groups(change)
    column = max(line_width(_head(planes)) for planes, _ in groups) + 2
    if len(groups) == 2 and any(len(text_lines(value)) > 1 for _, value in groups):
        (left, one), (right, other) = groups
        yield from _patch(left, right, beside(one, other), width)
        return
    actual = change.actual if change.actual is not UNKNOWN else change.desired
    for planes, value in groups:
        against = change.desired if Plane.ACTUAL in planes else actual
        head = _head(planes)
        head.append((" " * (column - line_width(head)), "text"))
        lines = text_lines(value)
        if len(lines) > 1:
            yield head
            for text in lines:
                yield [("    ", "text"), (text, _voice(planes))]
            continue
        pieces = _marked(lines[0], value, against, _voice(planes))
        yield from _flow(head, pieces, width, column)


def _patch(left: list[Plane], right: list[Plane], rows: list[Beside], width: int) -> Iterator[Line]:
    """As `diff -u` shows it, with the planes named on the first lines."""
    yield [*_head(left), ("   ", "text"), *_head(right)]
    waiting: list[str] = []
    for row in [*rows, Beside(None, None, False)]:
        if row.differs:
            if row.left is not None:
                yield [("    - ", _voice(left)), (row.left, _voice(left))]
            if row.right is not None:
                waiting.append(row.right)
            continue
        for text in waiting:
            yield [("    + ", _voice(right)), (text, _voice(right))]
        waiting = []
        if row.left is not None:
            yield [("      ", "muted"), (row.left, "muted")]


def _marked(text: str, value: Json | Mark, other: Json | Mark, role: str) -> list[Piece]:
    """The part that differs in the colour of its plane; what is the same in both in that of text."""
    if value is ABSENT or value is UNKNOWN or not isinstance(value, str) or not isinstance(other, str):
        return [(text, role)]
    against = text_lines(other)[0]
    if against == text:
        return [(text, "text")]
    start, end, _ = differing(text, against)
    if start + len(text) - end < 3:
        return [(text, role)]
    return [(text[:start], "text"), (text[start:end] or "", role), (text[end:], "text")]


def _flow(head: list[Piece], pieces: list[Piece], width: int, column: int) -> Iterator[Line]:
    """A long value goes on under its own beginning."""
    room = max(10, width - column)
    line, left, rows = list(head), room, 1
    for text, role in pieces:
        while width_of(text) > left:
            if rows == _WRAPPED:
                line.append((cut(text, left), role))
                yield line
                return
            line.append((text[:left], role))
            text = text[left:]
            yield line
            line, left, rows = [(" " * column, "text")], room, rows + 1
        line.append((text, role))
        left -= width_of(text)
    yield line


def _one_line(change: Change, width: int, note: str) -> Line | None:
    groups = _groups(change)
    line: list[Piece] = [(clean(change.label or change.path, 1000) or "whole object", "name"), (" ", "text")]
    for planes, value in groups:
        lines = text_lines(value)
        if len(lines) > 1:
            return None
        line += [*_head(planes), (": ", "muted"), (lines[0], _voice(planes))]
    if change.sensitive:
        line.append(("  secret, digest only", "muted"))
    if note:
        line.append((f"  {clean(note, 200)}", "muted"))
    return line if line_width(line) <= width else None


def _side(change: Change, width: int) -> Iterator[Line]:
    size = (width - 3) // 2
    for row in beside(change.desired, change.actual):
        yield from _columns([row.left, row.right], [Plane.DESIRED, Plane.ACTUAL], row.differs, size)
    if change.recorded is not UNKNOWN and change.recorded not in (change.desired, change.actual):
        lines = text_lines(change.recorded)
        yield [("= recorded  ", Plane.RECORDED), (lines[0], Plane.RECORDED)]
        for text in lines[1:]:
            yield [("            ", "text"), (text, Plane.RECORDED)]


def _three(change: Change, width: int) -> Iterator[Line]:
    """Desired and actual aligned; recorded beside whichever it equals, else in its own order."""
    size = (width - 6) // 3
    rows = beside(change.desired, change.actual)
    if change.recorded == change.desired and type(change.recorded) is type(change.desired):
        middle: list[str | None] = [row.left for row in rows]
    elif change.recorded == change.actual and type(change.recorded) is type(change.actual):
        middle = [row.right for row in rows]
    else:
        middle = list(text_lines(change.recorded))
    for at in range(max(len(rows), len(middle))):
        row = rows[at] if at < len(rows) else Beside(None, None, True)
        recorded = middle[at] if at < len(middle) else None
        yield from _columns([row.left, recorded, row.right], list(Plane), row.differs, size)


def _columns(texts: Sequence[str | None], planes: Sequence[Plane], differs: bool, size: int) -> Iterator[Line]:
    """One row, or several where a text is wider than its column. Only what differs has the colour of its plane."""
    room = max(4, size - 2)
    parts = [_chunks(text, room) for text in texts]
    marks = _marks(texts) if differs else None
    starts = [0] * len(texts)
    for at in range(max(len(part) for part in parts)):
        line: list[Piece] = []
        for number, (part, plane) in enumerate(zip(parts, planes, strict=True)):
            if number:
                line.append((" │ ", "border"))
            text = part[at] if at < len(part) else ""
            sign = SIGNS[plane] if differs and at == 0 and texts[number] is not None else " "
            role = plane if differs else "muted"
            line.append((f"{sign} ", role))
            if marks is None:
                line.append((text, role))
            else:
                first, last = (max(0, mark - starts[number]) for mark in marks[number])
                line += [(text[:first], "text"), (text[first:last], role), (text[last:], "text")]
            line.append((" " * (size - 2 - width_of(text)), "text"))
            starts[number] += len(text)
        yield line


def _marks(texts: Sequence[str | None]) -> list[tuple[int, int]] | None:
    """Where each text is not as the last one; None where little is common, and colouring parts would only confuse."""
    known = [text for text in texts if text is not None]
    if len(known) != len(texts) or len(set(known)) < 2:
        return None
    last = next(text for text in reversed(known) if text != known[-1])
    marks = []
    for text in known:
        start, end, _ = differing(text, last if text == known[-1] else known[-1])
        if text != last and start + len(text) - end < 4:
            return None
        marks.append((start, end))
    return marks


def _chunks(text: str | None, room: int) -> list[str]:
    if text is None:
        return [""]
    if width_of(text) <= room:
        return [text]
    step = room if text.isascii() else max(1, room // 2)
    chunks = [text[start : start + step] for start in range(0, min(len(text), step * _WRAPPED), step)]
    if len(text) > step * _WRAPPED:
        chunks[-1] = chunks[-1][:-1] + "…"
    return chunks


def column_titles(titles: Sequence[tuple[Plane, str]], width: int, shape: Shape) -> Line:
    """The line above the changes: each plane with its sign, and its revision or age."""
    if shape is Shape.UNIFIED:
        words: list[Piece] = []
        for plane, text in titles:
            words += [(f"{SIGNS[plane]} {plane} ", plane), (f"{text}   ", "muted")]
        return words
    shown = [(plane, text) for plane, text in titles if plane in planes_of(shape)]
    size = (width - 3 * (len(shown) - 1)) // len(shown)
    line: list[Piece] = []
    for number, (plane, text) in enumerate(shown):
        if number:
            line.append((" │ ", "border"))
        line += [(fit(f"{SIGNS[plane]} {plane} {text}", size), plane)]
    return line
