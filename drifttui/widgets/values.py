"""Values of three planes as text lines that stand beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

from drifttui.core.planes import ABSENT, UNKNOWN, Json, Mark
from drifttui.core.words import clean, value_text

MOST_LINES: Final = 400
"""Of one value. The rest is counted."""

_COMPARED_LINES: Final = 1500
"""Longer texts are compared by their common beginning and end only: aligning lines costs their product."""

_CONTEXT: Final = 2


class Beside(NamedTuple):
    """One line of each plane; None where that plane has none here. `differs` tells context from change."""

    left: str | None
    right: str | None
    differs: bool


def text_lines(value: Json | Mark) -> list[str]:
    """One line for what is short, else a line per line of text or per entry."""
    if isinstance(value, str) and "\n" in value.rstrip("\n"):
        return _bounded(clean(line, 2000) for line in _split(value))
    if isinstance(value, dict) and set(value) == {"digest"}:
        return [value_text(value)]
    if isinstance(value, (dict, list)) and value:
        flat = value_text(value)
        if len(flat) <= 72 and not (isinstance(value, dict) and len(value) > 2):
            return [flat]
        return _bounded(entry_lines(value))
    return [value_text(value, 2000)]


def _split(text: str) -> Iterator[str]:
    """Lines of `text` one by one: a text of megabytes is not split for the part that is shown."""
    start, taken = 0, 0
    while start < len(text):
        end = text.find("\n", start)
        if end < 0 or taken > 100_000:
            yield text[start : start + 4000]
            return
        yield text[start:end]
        start, taken = end + 1, taken + 1


def _bounded(lines: Iterator[str]) -> list[str]:
    taken: list[str] = []
    for line in lines:
        if len(taken) == MOST_LINES:
            taken.append(f"… and {sum(1 for _ in lines) + 1:,} more lines")
            break
        taken.append(line)
    return taken


def entry_lines(value: Json, indent: str = "", depth: int = 0) -> Iterator[str]:
    """The way of YAML, for reading only."""
    if depth > 30:
        yield indent + "…"
    elif isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(f"{indent}{clean(str(key), 300)}:", item, indent + "  ", depth)
    elif isinstance(value, list) and value:
        for item in value:
            if isinstance(item, dict) and item:
                inner = list(entry_lines(item, indent + "  ", depth + 1))
                yield indent + "- " + inner[0].lstrip()
                yield from inner[1:]
            else:
                yield from _entry(indent + "-", item, indent + "  ", depth)
    else:
        yield indent + value_text(value)


def _entry(head: str, item: Json, indent: str, depth: int) -> Iterator[str]:
    if isinstance(item, (dict, list)) and item:
        yield head
        yield from entry_lines(item, indent, depth + 1)
    elif isinstance(item, str) and "\n" in item.rstrip("\n"):
        yield head + " |"
        for line in _split(item):
            yield indent + clean(line, 2000)
    else:
        yield f"{head} {value_text(item, 2000)}"


def beside(left: Json | Mark, right: Json | Mark) -> list[Beside]:
    """Both values, lines that are the same on the same row; long stretches of equal lines are left out."""
    a, b = text_lines(left), text_lines(right)
    if len(a) == 1 and len(b) == 1:
        return [Beside(a[0], b[0], a != b or left is UNKNOWN or left is ABSENT or right is ABSENT)]
    rows: list[Beside] = []
    for tag, a1, a2, b1, b2 in _opcodes(a, b):
        if tag == "equal":
            _same_stretch(rows, a[a1:a2], first=a1 == 0, last=a2 == len(a))
            continue
        for offset in range(max(a2 - a1, b2 - b1)):
            one = a[a1 + offset] if a1 + offset < a2 else None
            other = b[b1 + offset] if b1 + offset < b2 else None
            rows.append(Beside(one, other, True))
    return rows


def _same_stretch(rows: list[Beside], lines: list[str], *, first: bool, last: bool) -> None:
    head = 0 if first else _CONTEXT
    tail = 0 if last else _CONTEXT
    if len(lines) <= head + tail + 1:
        rows.extend(Beside(line, line, False) for line in lines)
        return
    rows.extend(Beside(line, line, False) for line in lines[:head])
    left_out = len(lines) - head - tail
    mark = f"  … {left_out} equal lines"
    rows.append(Beside(mark, mark, False))
    rows.extend(Beside(line, line, False) for line in lines[len(lines) - tail :] if tail)


def _opcodes(a: list[str], b: list[str]) -> Sequence[Any]:
    """As of `difflib`: (tag, from and to in `a`, from and to in `b`)."""
    if max(len(a), len(b)) <= _COMPARED_LINES:
        return SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    codes = [("equal", 0, start, 0, start), ("replace", start, len(a) - end, start, len(b) - end)]
    return [*codes, ("equal", len(a) - end, len(a), len(b) - end, len(b))]


def differing(one: str, other: str) -> tuple[int, int, int]:
    """(length of the common beginning, where the difference ends in `one`, and in `other`)."""
    most = min(len(one), len(other))
    start = 0
    while start < most and one[start] == other[start]:
        start += 1
    end = 0
    while end < most - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return start, len(one) - end, len(other) - end
