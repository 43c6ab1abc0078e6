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
    """`label` is the path for people, `value` what the other plane holds there."""

    label: str
    value: Json | Mark


def locate(tokens: Sequence[str], document: Any, other: Any, shape: Shape) -> Place:
    """`tokens` lead through `document`; list items are found again in `other` by key, by name, or by position."""
    label = ""
    for token in tokens:
        if type(document) is list:
            here = child(document, token)
            label += f"[{item_name(here, shape, token)}]"
            if type(other) is list and here is not ABSENT:
                position = find(other, here, int(token), shape)
                other = other[position] if position is not None else ABSENT
            else:
                other = ABSENT
        else:
            here = document.get(token, ABSENT) if type(document) is dict else ABSENT
            label += f"/{token}" if "/" not in token else "/" + escape(token)
            other = other.get(token, ABSENT) if type(other) is dict else ABSENT
        document = here
        shape = shape.below(token)
    return Place(label, other)


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
