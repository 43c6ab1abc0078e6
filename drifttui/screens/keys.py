"""Every key, read from the bindings themselves: the line at the bottom, the help and the README say what is bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from textual.binding import Binding

from drifttui.core.errors import InputError, inert

from .scrubbing import has_time

if TYPE_CHECKING:
    from .base import DriftScreen

_NAMES: Final = {
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "question_mark": "?",
    "full_stop": ".",
    "slash": "/",
    "colon": ":",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "comma": ",",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "right_curly_bracket": "}",
    "left_curly_bracket": "{",
    "plus": "+",
    "minus": "-",
}
_LEAD: Final = (
    *(
        "open",
        "direct",
        "play",
        "step",
        "jump",
        "own",
        "drafts",
        "yes",
        "request",
        "write-drafts",
        "clone",
        "classify",
        "pause",
        "resume",
        "link",
        "export",
    ),
    *("filter", "help", "command", "next-pane", "zoom"),
)
"""Ids that come first on the line of keys."""


_LIVE: Final = frozenset({"classify", "pause", "resume", "link", "export", "direct", "drafts"})
"""What a replay has no use for: these keys say so in one line, and need no room."""


class Key(NamedTuple):
    id: str
    keys: str
    """As an operator reads it: `up k`."""
    word: str
    description: str
    shown: bool


def spoken(keys: str) -> str:
    return " ".join(_NAMES.get(key, key) for key in keys.split(","))


def keys_of(owner: type[Any], keymap: Mapping[str, str]) -> Iterator[Key]:
    """Of one class alone, with the operator's own keys in place."""
    for binding in owner.__dict__.get("BINDINGS", ()):
        if isinstance(binding, Binding) and binding.id:
            keys = spoken(keymap.get(binding.id, binding.key))
            yield Key(binding.id, keys, binding.description, binding.tooltip or binding.description, binding.show)


def all_keys(owners: Sequence[type[Any]], keymap: Mapping[str, str]) -> list[Key]:
    found: dict[str, Key] = {}
    for owner in owners:
        for base in reversed(owner.__mro__):
            for key in keys_of(base, keymap):
                found.setdefault(key.id, key)
    return list(found.values())


def shown_keys(screen: DriftScreen) -> list[tuple[str, str]]:
    """(key, word) for the line at the bottom, the most needed first."""
    owners = [type(screen), *dict.fromkeys(type(pane) for pane in screen.panes), type(screen.app)]
    idle = screen.idle_keys | _LIVE if has_time(type(screen.app)) else screen.idle_keys
    keys = [key for key in all_keys(owners, screen.host.options.keys) if key.shown and key.id not in idle]
    keys.sort(key=lambda key: _LEAD.index(key.id) if key.id in _LEAD else len(_LEAD))
    return [(key.keys.split(" ")[0], key.word.lower()) for key in keys]


def check_names(keymap: Mapping[str, str], known: Sequence[str]) -> None:
    """Raises `InputError` for a key of the settings file that names no action."""
    for name in keymap:
        if name not in known:
            names = ", ".join(sorted(known))
            raise InputError(f"Settings: no key is called {inert(name, 40)}", "", f"Names: {names}.")
