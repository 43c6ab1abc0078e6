"""What the triage screen of drifttui shows, as far as a measurement must know it."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.bench.fleet import WORDS
from tests.bench.screen_model import Screen

CURSOR = "▌"
"""In the gutter of the line that the cursor is on, in every list: that of units is the leftmost."""

_NAME = re.compile(r"\b[a-z]+-\d{5}\b")
_UNDER_CURSOR = re.compile(r"[│┃ ]?" + CURSOR + r"[^│┃]*?\b([a-z]+-\d{5})\b")


def first_frame(screen: Screen) -> bool:
    """The app's own first frame with its header, rows or not. An error's traceback names the program as well."""
    return "drifttui" in screen.line(0)


def rows(screen: Screen) -> list[str]:
    """Names of applications, top to bottom: the list of units is the leftmost pane."""
    found = (_NAME.search(screen.line(y)) for y in range(screen.rows))
    return [match[0] for match in found if match]


def all_units(count: int) -> Callable[[Screen], bool]:
    """The header counts them all, and rows fill the list."""
    return lambda screen: f"{count:,}" in screen and len(rows(screen)) >= min(count, 6)


def stale_units(count: int) -> Callable[[Screen], bool]:
    """The same, and rows say that nobody has vouched for them since."""
    everything = all_units(count)
    return lambda screen: everything(screen) and "stale" in screen


def under_cursor(screen: Screen) -> str:
    """Name of the application that the cursor is on; empty where it is on none."""
    for y in range(screen.rows):
        if match := _UNDER_CURSOR.match(screen.line(y)):
            return match[1]
    return ""


def cursor_left(name: str) -> Callable[[Screen], bool]:
    """The cursor is on another application than `name`."""
    return lambda screen: under_cursor(screen) not in ("", name)


_SORTED = re.compile(r"\w+[▾▴]")

FILTER, UNDO_FILTER = "/", "\x1b"
SORT = "s"
WHOLE_DOCUMENT = "f"
LEAVE = "q"


def only(word: str, count: int) -> Callable[[Screen], bool]:
    """The list shows applications of this word and no others, names the word and counts them: a tenth of all."""
    counted, named = f"{count // len(WORDS):,} of {count:,}", re.compile(rf"Units ─ {word} ")

    def shown(screen: Screen) -> bool:
        names = rows(screen)
        said = counted in screen and named.search(screen.text()) is not None
        return said and bool(names) and all(name.startswith(word) for name in names)

    return shown


def sorted_by(screen: Screen) -> str:
    """The head of the column that the list is sorted by, with its sign."""
    found = _SORTED.search(screen.text())
    return found[0] if found else ""


def sorted_otherwise(column: str) -> Callable[[Screen], bool]:
    """The list is there in another order. Two orders may begin with the same rows; the sign moves in any case."""
    return lambda screen: bool(rows(screen)) and sorted_by(screen) not in ("", column)


def whole_document(screen: Screen) -> bool:
    """The planes of a long Deployment stand side by side, many lines of them."""
    return "whole document" in screen and screen.text().count("SETTING_") >= 10


def opened(screen: Screen) -> bool:
    """The finding of the big Deployment is there, with its changes."""
    return "SETTING_" in screen
