"""Which item of one list is which item of another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from typing import Any, NamedTuple

from .normalize import covers
from .ownership import DEFAULTED_KEYS
from .schema import Shape

_EXCHANGES = 200
"""Items up to which a changed order is looked for; every one is held against every other."""

_PORT_KEYS = (("port", "protocol"), ("containerPort", "protocol"))


class Pairing(NamedTuple):
    """Positions: left and right of one item each, what only one side has, and whether common items changed places."""

    both: Sequence[tuple[int, int]]
    left: Sequence[int]
    right: Sequence[int]
    reordered: bool
    associative: bool
    """The items have keys of their own, so that others may add items to a list that a manifest declares."""


def key_of(item: Any, keys: tuple[str, ...]) -> Any:
    """The identity of an item; None where it lacks its keys. Without key names the item is its own key."""
    if not keys:
        return repr(item) if isinstance(item, (dict, list)) else (type(item).__name__, item)
    if type(item) is not dict:
        return None
    found = []
    for name in keys:
        value = item.get(name, DEFAULTED_KEYS.get(name))
        if value is None:
            return None
        found.append(repr(value) if isinstance(value, (dict, list)) else value)
    return tuple(found)


def pair(left: list[Any], right: list[Any], shape: Shape) -> Pairing | None:
    """None where neither keys nor positions tell which item is which: the lists differ as wholes."""
    if shape.keys is not None:
        found = _by_key(left, right, shape.keys)
        if found is not None:
            return found
    if _named(left) and _named(right) and (len(left) != len(right) or _moved(left, right)):
        named = _by_key(left, right, ("name",))
        return named._replace(associative=False) if named is not None else None
    return _by_place(left, right)


def find(items: Any, item: Any, position: int, shape: Shape) -> int | None:
    """Where in another list the same item is. By key where there is one, else by name, else by position."""
    if not isinstance(items, list):
        return None
    keys = shape.keys
    if keys is None and isinstance(item, dict) and isinstance(item.get("name"), str) and _named(items):
        keys = ("name",)
    if keys is None:
        return position if position < len(items) else None
    wanted = key_of(item, keys)
    if wanted is None:
        return position if position < len(items) else None
    if position < len(items) and key_of(items[position], keys) == wanted:
        return position
    return next((i for i, other in enumerate(items) if key_of(other, keys) == wanted), None)


def _by_key(left: list[Any], right: list[Any], keys: tuple[str, ...]) -> Pairing | None:
    if len(left) == len(right) and all(map(_same_item, left, right, repeat(keys))):
        return Pairing([(i, i) for i in range(len(left))], (), (), False, True)
    left_keys = [key_of(item, keys) for item in left]
    right_keys = [key_of(item, keys) for item in right]
    if None in left_keys or None in right_keys:
        return None
    places: dict[Any, list[int]] = {}
    for position, key in enumerate(right_keys):
        places.setdefault(key, []).append(position)
    both: list[tuple[int, int]] = []
    only_left: list[int] = []
    for position, key in enumerate(left_keys):
        here = places.get(key)
        if here:
            both.append((position, here.pop(0)))
        else:
            only_left.append(position)
    only_right = sorted(position for rest in places.values() for position in rest)
    if keys in _PORT_KEYS and only_left and only_right:
        _pair_ports(left, right, both, only_left, only_right)
    order = [there for _, there in both]
    return Pairing(both, only_left, only_right, order != sorted(order), True)


def _same_item(left: Any, right: Any, keys: tuple[str, ...]) -> bool:
    """The common case, without building keys: both lists have the same item at the same place."""
    if type(left) is not dict or type(right) is not dict or not keys:
        return False
    for name in keys:
        value = left.get(name)
        if value is None:
            value = DEFAULTED_KEYS.get(name)
        if value is None or value != right.get(name, DEFAULTED_KEYS.get(name)):
            return False
    return True


def _pair_ports(
    left: list[Any], right: list[Any], both: list[tuple[int, int]], only_left: list[int], only_right: list[int]
) -> None:
    """A port whose number changed keeps its name; a single one left on each side is the same one."""
    for here in list(only_left):
        name = left[here].get("name")
        there = next((t for t in only_right if name is not None and right[t].get("name") == name), None)
        if there is None and len(only_left) == len(only_right) == 1 and name is None:
            there = only_right[0] if right[only_right[0]].get("name") is None else None
        if there is not None:
            both.append((here, there))
            only_left.remove(here)
            only_right.remove(there)
    both.sort()


def _named(items: list[Any]) -> bool:
    names = [item.get("name") if type(item) is dict else None for item in items]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _moved(left: list[Any], right: list[Any]) -> bool:
    """More than one place holds another name: items were moved or exchanged rather than one renamed."""
    moved = [a for a, b in zip(left, right, strict=True) if a.get("name") != b.get("name")]
    return len(moved) > 1


def _by_place(left: list[Any], right: list[Any]) -> Pairing | None:
    """Equal beginnings and ends belong together; what is left in the middle does where it is as long on both sides."""
    if not all(type(item) is dict for item in left) or not all(type(item) is dict for item in right):
        return None
    start, shorter = 0, min(len(left), len(right))
    while start < shorter and covers(left[start], right[start]):
        start += 1
    end = 0
    while end < shorter - start and covers(left[-1 - end], right[-1 - end]):
        end += 1
    middle_left = range(start, len(left) - end)
    middle_right = range(start, len(right) - end)
    both = [(i, i) for i in range(start)]
    both += [(len(left) - i, len(right) - i) for i in range(end, 0, -1)]
    if len(middle_left) == len(middle_right):
        if len(middle_left) > 1 and _exchanged(left, right, middle_left):
            return None
        return Pairing(sorted([*both, *zip(middle_left, middle_right, strict=True)]), (), (), False, False)
    if middle_left and middle_right:
        return None
    return Pairing(both, list(middle_left), list(middle_right), False, False)


def _exchanged(left: list[Any], right: list[Any], places: range) -> bool:
    """Whether the same items stand in another order."""
    if len(places) > _EXCHANGES:
        return False
    free = list(places)
    for here in places:
        there = next((t for t in free if covers(left[here], right[t])), None)
        if there is None:
            return False
        free.remove(there)
    return True
