"""From a place in one plane to the same place in another, where list positions may be different ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .pairing import find
from .planes import ABSENT, Json, Mark
from .pointers import child, escape
from .schema import Shape

_LABEL_LIMIT = 80


class Place(NamedTuple):
    """`label` is the path for people, `value` what the other plane holds there, `position` the last list position."""

    label: str
    value: Json | Mark
    path: str


def locate(tokens: Sequence[str], document: Any, other: Any, shape: Shape) -> Place:
    """`tokens` lead through `document`; list items are found again in `other` by key, by name, or by position."""
    labels: list[str] = []
    path: list[str] = []
    for token in tokens:
        here = child(document, token)
        if isinstance(document, list):
            labels.append(f"[{item_name(here, shape, token)}]")
            position = find(other, here, int(token), shape) if here is not ABSENT else None
            other = other[position] if isinstance(other, list) and position is not None else ABSENT
            path.append(str(position) if position is not None else token)
        else:
            labels.append("/" + escape(token))
            other = child(other, token) if isinstance(other, dict) else ABSENT
            path.append(token)
        document = here
        shape = shape.below(token)
    return Place("".join(labels), other, "".join("/" + escape(token) for token in path))


def item_name(item: Any, shape: Shape, position: str) -> str:
    """What people call an item: its name, else its keys, else its position."""
    if isinstance(item, dict):
        name = item.get("name")
        if isinstance(name, str) and name:
            return _cut(name)
        if shape.keys:
            values = [item.get(key) for key in shape.keys]
            if all(isinstance(value, (str, int)) for value in values):
                return _cut("/".join(str(value) for value in values))
    elif shape.keys == () and isinstance(item, (str, int)):
        return _cut(str(item))
    return position


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL_LIMIT else text[: _LABEL_LIMIT - 1] + "…"
