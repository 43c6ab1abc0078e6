"""From a role to a Rich style, with and without the cursor on it. Built once per theme."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from .themes import COLOURS, Colours

AWAY: Final = 1
"""The cursor's row in a pane without the focus."""
HERE: Final = 2

CHIPS: Final = frozenset({"prod", "other-env", "paused", "overdue", "blind", "replay", "demo"})
"""Roles with a background of their own, which must not run on into the space behind a word."""


class Palette:
    """`style(role)` is a dictionary look-up: it is asked for every cell."""

    def __init__(self, colours: Colours) -> None:
        self._styles: dict[tuple[str, int], Style] = {}
        cursors = {0: Style(), AWAY: Style.parse(colours["cursor-away"]), HERE: Style.parse(colours["cursor"])}
        back = Style.parse(f"on {colours['back']}") if colours["back"] not in ("", "default") else Style()
        for role, definition in colours.items():
            if role == "back":
                continue
            style = Style.parse(definition) if definition else Style()
            coloured = style.bgcolor is not None
            style = style if coloured else back + style
            for cursor, tint in cursors.items():
                self._styles[role, cursor] = style + tint if cursor and not coloured else style
        self._text = self._styles["text", 0]

    def style(self, role: str, cursor: int = 0) -> Style:
        return self._styles.get((role, cursor), self._text)


@lru_cache(maxsize=8)
def _known(name: str) -> Palette:
    return Palette(COLOURS[name])


def palette(theme: Theme) -> Palette:
    """Any theme of Textual works: roles that it does not name are mixed from those it does."""
    return _known(theme.name) if theme.name in COLOURS else _mixed(theme)


def _mixed(theme: Theme) -> Palette:
    if theme.ansi:
        return _known("drift-ansi")
    base: Mapping[str, str] = COLOURS["drift-dark" if theme.dark else "drift-light"]
    back = Color.parse(theme.background or ("#121212" if theme.dark else "#efefef"))
    text = Color.parse(theme.foreground) if theme.foreground else back.inverse
    accent = Color.parse(theme.accent or theme.primary)
    return Palette(
        {
            **base,
            "back": back.hex6,
            "text": text.hex6,
            "strong": f"bold {text.hex6}",
            "muted": text.blend(back, 0.35).hex6,
            "faint": text.blend(back, 0.6).hex6,
            "border": text.blend(back, 0.75).hex6,
            "focus": accent.hex6,
            "accent": accent.hex6,
            "key": f"bold {accent.hex6}",
            "cursor": f"on {back.blend(accent, 0.25).hex6}",
            "cursor-away": f"on {back.blend(text, 0.08).hex6}",
        }
    )


class Bare(LineFilter):
    """Takes every colour out of what is drawn. Textual's own NO_COLOR is shades of grey."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, _bare(style) if style else None, control) for text, style, control in segments]


@lru_cache(maxsize=512)
def _bare(style: Style) -> Style:
    return style.without_color + Style.null()
