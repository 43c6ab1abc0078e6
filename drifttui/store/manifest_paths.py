"""From a field of the live object to the same field of a manifest, whose lists may be in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drifttui.core.pairing import find
from drifttui.core.planes import UNKNOWN
from drifttui.core.pointers import child
from drifttui.core.schema import UNSHAPED, Shape

from .yaml_edit import CannotEdit


def in_document(
    document: Any, actual: Any, tokens: Sequence[str], shape: Shape = UNSHAPED, gone: Any = UNKNOWN
) -> tuple[str, ...]:  # fmt: skip
    """Where a path of the actual object is in a manifest. Raises `CannotEdit`.

    Items of lists are found again by what their kind calls a key, by name, or by position where both lists are equally
    long. `gone` is the item that the actual list lacks: the last position is then another plane's.
    """
    found: list[str] = []
    for number, token in enumerate(tokens):
        inner = child(actual, token)
        if isinstance(actual, list):
            last = number + 1 == len(tokens)
            item = gone if last and gone is not UNKNOWN else inner
            place = _position(document, actual, item, token, shape)
            if place is None and (not last or gone is not UNKNOWN):
                raise CannotEdit("the item of the list is not in this file")
            token = str(len(document)) if place is None else place
        found.append(token)
        shape, actual, document = shape.below(tokens[number]), inner, child(document, token)
    return tuple(found)


def _position(document: Any, actual: list[Any], item: Any, token: str, shape: Shape) -> str | None:
    """None: the list has no such item."""
    if not isinstance(document, list):
        raise CannotEdit("the list is not in this file")
    keyed = shape.keys is not None or (isinstance(item, dict) and isinstance(item.get("name"), str))
    if not keyed:
        if len(document) == len(actual):
            return token
        raise CannotEdit("which item of the list it is cannot be told")
    place = find(document, item, len(document), shape)
    if place is None or not _twice(document, item, place, shape):
        return None if place is None else str(place)
    raise CannotEdit("several items of the list could be it")


def _twice(document: list[Any], item: Any, place: int, shape: Shape) -> bool:
    rest = document[place + 1 :]
    return find(rest, item, len(rest), shape) is not None
