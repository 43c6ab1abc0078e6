"""The colour of every role, per theme. A role also has a word or a sign on screen: a theme may be nothing but bold.

`drift-safe` uses the palette of Okabe and Ito, which keeps apart for every common colour blindness; `drift-ansi` the
sixteen colours of the terminal itself; `drift-plain` no colour at all, for NO_COLOR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

Colours = Mapping[str, str]
"""Role → a Rich style definition."""

BARE: Final = "drift-plain"
ANSI: Final = "drift-ansi"

_DARK: Final[Colours] = {
    "back": "#0f141b",
    "text": "#d3dae3",
    "strong": "bold #eef3f8",
    "muted": "#8793a3",
    "faint": "#56616f",
    "border": "#2b3541",
    "focus": "#6cb6ff",
    "accent": "#6cb6ff",
    "key": "bold #6cb6ff",
    "cursor": "on #1d3148",
    "cursor-away": "on #19212b",
    "critical": "bold #ff7b72",
    "high": "bold #ffa657",
    "medium": "#e8cd6f",
    "low": "#79a8d0",
    "info": "#8793a3",
    "unknown": "#c79bff",
    "desired": "#7ee2a8",
    "recorded": "#8fb7ff",
    "actual": "#ffb86b",
    "ok": "#56c98a",
    "warn": "#e8b84b",
    "bad": "bold #ff7b72",
    "prod": "bold #ffffff on #b42318",
    "other-env": "#d3dae3 on #2b3541",
    "paused": "bold #0f141b on #e8b84b",
    "overdue": "bold #ffffff on #b42318",
    "blind": "bold #ffffff on #8a3ab9",
    "replay": "bold #ffffff on #5b3fc4",
    "demo": "bold #0f141b on #4fd1c5",
    "locked": "#8793a3",
    "name": "#8fc7ff",
    "string": "#c3d2a5",
    "number": "#e0b18f",
}

_LIGHT: Final[Colours] = {
    "back": "#fbfbf9",
    "text": "#24292f",
    "strong": "bold #0b0f14",
    "muted": "#57606a",
    "faint": "#8c959f",
    "border": "#c8cfd6",
    "focus": "#0550ae",
    "accent": "#0550ae",
    "key": "bold #0550ae",
    "cursor": "on #d7e6fb",
    "cursor-away": "on #ebeef1",
    "critical": "bold #b3151b",
    "high": "bold #a04000",
    "medium": "#7a5a00",
    "low": "#2f5d86",
    "info": "#57606a",
    "unknown": "#7229b8",
    "desired": "#0f6b3c",
    "recorded": "#0b57b8",
    "actual": "#9a4600",
    "ok": "#0f6b3c",
    "warn": "#8a5a00",
    "bad": "bold #b3151b",
    "prod": "bold #ffffff on #b3151b",
    "other-env": "#24292f on #dfe4e8",
    "paused": "bold #24292f on #f2c94c",
    "overdue": "bold #ffffff on #b3151b",
    "blind": "bold #ffffff on #7229b8",
    "replay": "bold #ffffff on #5b3fc4",
    "demo": "bold #ffffff on #0b7a75",
    "locked": "#57606a",
    "name": "#0550ae",
    "string": "#3f5d12",
    "number": "#8f3d00",
}

_SAFE: Final[Colours] = {
    **_DARK,
    "critical": "bold #ff8c4a",
    "high": "bold #e69f00",
    "medium": "#f0e442",
    "low": "#56b4e9",
    "unknown": "#e39bc4",
    "desired": "#56b4e9",
    "recorded": "#d0d0d0",
    "actual": "#e69f00",
    "ok": "#56b4e9",
    "warn": "#f0e442",
    "bad": "bold #ff8c4a",
    "prod": "bold #000000 on #ff8c4a",
    "paused": "bold #000000 on #f0e442",
    "overdue": "bold #000000 on #ff8c4a",
    "blind": "bold #000000 on #e39bc4",
    "replay": "bold #ffffff on #0072b2",
    "demo": "bold #000000 on #56b4e9",
    "string": "#d3dae3",
    "number": "#f0e442",
}

_CONTRAST: Final[Colours] = {
    **_DARK,
    "back": "#000000",
    "text": "#ffffff",
    "strong": "bold #ffffff",
    "muted": "#dcdcdc",
    "faint": "#b4b4b4",
    "border": "#b4b4b4",
    "focus": "bold #ffff00",
    "accent": "#ffff00",
    "key": "bold #ffff00",
    "cursor": "bold #000000 on #ffffff",
    "cursor-away": "on #333333",
    "critical": "bold #ff9c94",
    "high": "bold #ffc078",
    "medium": "#ffe680",
    "low": "#a8d4ff",
    "info": "#dcdcdc",
    "unknown": "bold #dcb8ff",
    "desired": "#9dffc4",
    "recorded": "#b5d0ff",
    "actual": "#ffd09c",
    "locked": "#ffffff",
    "string": "#ffffff",
}

_SIXTEEN: Final[Colours] = {
    "back": "default",
    "text": "default",
    "strong": "bold",
    "muted": "default",
    "faint": "bright_black",
    "border": "bright_black",
    "focus": "bold bright_cyan",
    "accent": "cyan",
    "key": "bold cyan",
    "cursor": "reverse",
    "cursor-away": "underline",
    "critical": "bold bright_red",
    "high": "bold yellow",
    "medium": "yellow",
    "low": "blue",
    "info": "default",
    "unknown": "bold magenta",
    "desired": "green",
    "recorded": "cyan",
    "actual": "yellow",
    "ok": "green",
    "warn": "yellow",
    "bad": "bold bright_red",
    "prod": "bold white on red",
    "other-env": "reverse",
    "paused": "bold black on yellow",
    "overdue": "bold white on red",
    "blind": "bold white on magenta",
    "replay": "bold white on blue",
    "demo": "bold black on cyan",
    "locked": "default",
    "name": "cyan",
    "string": "default",
    "number": "default",
}

_PLAIN: Final[Colours] = {
    **dict.fromkeys(_SIXTEEN, ""),
    "strong": "bold",
    "faint": "dim",
    "border": "dim",
    "focus": "bold",
    "key": "bold",
    "cursor": "reverse",
    "cursor-away": "underline",
    "critical": "bold",
    "high": "bold",
    "bad": "bold",
    "prod": "bold reverse",
    "other-env": "reverse",
    "paused": "bold reverse",
    "overdue": "bold reverse underline",
    "blind": "bold reverse",
    "replay": "bold reverse",
    "demo": "bold reverse",
}

COLOURS: Final[Mapping[str, Colours]] = {
    "drift-dark": _DARK,
    "drift-light": _LIGHT,
    "drift-safe": _SAFE,
    "drift-contrast": _CONTRAST,
    ANSI: _SIXTEEN,
    BARE: _PLAIN,
}

CYCLE: Final = ("drift-dark", "drift-light", "drift-safe", "drift-contrast", ANSI)
"""What the theme key goes through."""


def themes() -> list[Theme]:
    """For Textual's own parts: prompt, palette, messages."""
    return [_ansi(name) if name in (ANSI, BARE) else _true(name, colours) for name, colours in COLOURS.items()]


def _true(name: str, colours: Colours) -> Theme:
    def one(role: str) -> str:
        return colours[role].replace("bold ", "").split(" on ")[0]

    return Theme(
        name=name,
        primary=one("accent"),
        secondary=one("recorded"),
        warning=one("warn"),
        error=one("critical"),
        success=one("ok"),
        accent=one("accent"),
        foreground=one("text"),
        background=one("back"),
        surface=one("back"),
        panel=one("border"),
        dark=name != "drift-light",
    )


def _ansi(name: str) -> Theme:
    return replace(BUILTIN_THEMES["ansi-dark"], name=name, primary="ansi_cyan", accent="ansi_cyan")
