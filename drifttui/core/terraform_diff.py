"""What differs between two planes of one resource, with the third beside it.

A plan has no schema: a list may be a list or a set, of texts or of blocks. Position alone is no identity: blocks are
paired where a key or their number leaves one way to do it, and a list is compared whole everywhere else.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from .finding import Change
from .normalize import same
from .planes import ABSENT, UNKNOWN, Json, Mark, Plane
from .pointers import build
from .redact import holds_secret, is_digest
from .rules_terraform import equality, is_set_like
from .terraform_marks import shown

Values = Mapping[Plane, Json | Mark]
"""One value per plane. `ABSENT`: looked, not there. `UNKNOWN`: nobody could say."""

_KEYS: Final = ("key", "name", "id", "device_name", "rule_number", "priority", "port", "sid", "path", "host", "zone")
"""Attributes that tell blocks of one list apart, the best first. All blocks must have it and no two may share it."""


class Difference(NamedTuple):
    """`tokens` counts list positions in the actual plane where the item is there, else recorded, else desired."""

    tokens: tuple[str, ...]
    label: str
    values: Values


def differences(values: Values, left: Plane, right: Plane) -> Iterator[Difference]:
    """Every place where `left` and `right` differ, in the order of the document."""
    return _walk(values, left, right, (), "")


def change(found: Difference) -> Change:
    """The difference as it is shown; parts known only after apply are left out."""
    planes = {plane: _shown(value) for plane, value in found.values.items()}
    return Change(
        path=build(found.tokens),
        label=found.label or build(found.tokens),
        desired=planes.get(Plane.DESIRED, UNKNOWN),
        recorded=planes.get(Plane.RECORDED, UNKNOWN),
        actual=planes.get(Plane.ACTUAL, UNKNOWN),
        sensitive=any(not isinstance(value, Mark) and holds_secret(value) for value in planes.values()),
    )


def _shown(value: Json | Mark) -> Json | Mark:
    return value if isinstance(value, Mark) else shown(value)


def _walk(values: Values, left: Plane, right: Plane, tokens: tuple[str, ...], label: str) -> Iterator[Difference]:
    one, other = values[left], values[right]
    if one is other or (not isinstance(one, Mark) and not isinstance(other, Mark) and same(one, other)):
        return
    if _is_object(one) and _is_object(other):
        for key in dict.fromkeys((*_keys(values.get(Plane.ACTUAL)), *_keys(one), *_keys(other))):
            below: Values = {plane: _child(value, key) for plane, value in values.items()}
            yield from _walk(below, left, right, (*tokens, key), f"{label}/{key}")
        return
    if isinstance(one, list) and isinstance(other, list):
        pairs = _pairs(values, left, right)
        if pairs is None:
            pairs = _items(values, one, other, left, right, tokens)
        if pairs is not None:
            for position, name, items in pairs:
                yield from _walk(items, left, right, (*tokens, str(position)), f"{label}[{name}]")
            return
    yield Difference(tokens, label, values)


def _is_object(value: Json | Mark) -> bool:
    return isinstance(value, dict) and not is_digest(value)


def _keys(value: Json | Mark) -> Sequence[str]:
    return tuple(value) if isinstance(value, dict) and not is_digest(value) else ()


def _child(value: Json | Mark, key: str) -> Json | Mark:
    """What is under a key. Below a digest nothing can be known; below null or another type there is nothing."""
    if value is UNKNOWN or is_digest(value):
        return UNKNOWN
    return value.get(key, ABSENT) if isinstance(value, dict) else ABSENT


Pair = tuple[int, str, Values]
"""(position, name for people, values) of one item."""


def _pairs(values: Values, left: Plane, right: Plane) -> list[Pair] | None:
    """Items of both lists side by side; None where the list has to be shown whole."""
    lists = {plane: value for plane, value in values.items() if isinstance(value, list)}
    if not all(isinstance(item, dict) and not is_digest(item) for items in lists.values() for item in items):
        return None
    if any(not isinstance(value, (list, Mark)) and value is not None for value in values.values()):
        return None
    if all(len(items) == 1 for items in lists.values()):
        return [_pair(values, dict.fromkeys(lists, 0), "0")]
    key = next((key for key in _KEYS if all(_tells_apart(items, key) for items in lists.values())), None)
    if key is not None:
        return _by_key(values, lists, key)
    return _the_one_that_differs(values, lists, left, right)


def _tells_apart(items: list[Any], key: str) -> bool:
    held = [item.get(key) for item in items]
    return all(isinstance(value, (str, int)) and value != "" for value in held) and len(set(map(_dump, held))) == len(
        held
    )


def _by_key(values: Values, lists: Mapping[Plane, list[Any]], key: str) -> list[Pair]:
    places = {plane: {_dump(item[key]): at for at, item in enumerate(items)} for plane, items in lists.items()}
    order = [plane for plane in (Plane.ACTUAL, Plane.RECORDED, Plane.DESIRED) if plane in places]
    found = []
    for name in dict.fromkeys(name for plane in order for name in places[plane]):
        held = {plane: places[plane][name] for plane in order if name in places[plane]}
        item = lists[next(iter(held))][next(iter(held.values()))]
        found.append(_pair(values, held, str(item[key])))
    return found


def _the_one_that_differs(
    values: Values, lists: Mapping[Plane, list[Any]], left: Plane, right: Plane
) -> list[Pair] | None:
    """Blocks without a key of which all but one are the same on both sides."""
    if len(lists[left]) != len(lists[right]):
        return None
    alone = {plane: _without(lists[plane], lists[other]) for plane, other in ((left, right), (right, left))}
    if any(len(positions) != 1 for positions in alone.values()):
        return None
    held = {plane: positions[0] for plane, positions in alone.items()}
    for plane, items in lists.items():
        if plane in held:
            continue
        at = next((at for at, item in enumerate(items) for side in held if same(item, lists[side][held[side]])), None)
        if at is None:
            return None
        held[plane] = at
    return [_pair(values, held, str(_position(held)))]


def _items(
    values: Values, one: list[Any], other: list[Any], left: Plane, right: Plane, tokens: Sequence[str]
) -> list[Pair] | None:
    """What came and what went, where the item itself says which one it is: in a set, and in a list that kept its order
    and only grew or only shrank. None where items were replaced in place or moved.
    """
    lists = [value for value in values.values() if isinstance(value, list)]
    if not one or not other or any(item is UNKNOWN for items in lists for item in items):
        return None
    gone, new = _without(one, other), _without(other, one)
    if not is_set_like(tokens):
        stayed = [_dump(item) for at, item in enumerate(one) if at not in set(gone)]
        if (gone and new) or stayed != [_dump(item) for at, item in enumerate(other) if at not in set(new)]:
            return None
    if not (gone or new) or equality(one, other, tokens):
        return None  # The same in another spelling: shown or hidden as a whole.
    found = []
    for plane, items, positions in ((left, one, gone), (right, other, new)):
        for position in positions:
            held = {plane: position}
            for third, value in values.items():
                if third not in (left, right) and isinstance(value, list):
                    at = next((at for at, item in enumerate(value) if same(item, items[position])), None)
                    held |= {} if at is None else {third: at}
            found.append(_pair(values, held, str(_position(held))))
    return found


def _without(items: list[Any], others: list[Any]) -> list[int]:
    """Positions of the items that `others` lacks."""
    there = Counter(map(_dump, others))
    left = []
    for position, item in enumerate(items):
        text = _dump(item)
        if there[text]:
            there[text] -= 1
        else:
            left.append(position)
    return left


def _pair(values: Values, held: Mapping[Plane, int], name: str) -> Pair:
    below: dict[Plane, Json | Mark] = {}
    for plane, value in values.items():
        if isinstance(value, list):
            below[plane] = value[held[plane]] if plane in held else ABSENT
        else:
            below[plane] = UNKNOWN if value is UNKNOWN else ABSENT
    return _position(held), name, below


def _position(held: Mapping[Plane, int]) -> int:
    return next(held[plane] for plane in (Plane.ACTUAL, Plane.RECORDED, Plane.DESIRED) if plane in held)


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)
