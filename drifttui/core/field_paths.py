"""Fields named so that two states of one object can be held against each other: list items by key, not by position.

`/spec/containers/0/image` of today may be `/spec/containers/1/image` of the state that an audit event holds. Here both
are `("spec", "containers", Key(name=web), "image")`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .ownership import DEFAULTED_KEYS
from .planes import ABSENT, Json, Mark
from .pointers import MAX_DEPTH, child, escape
from .redact import is_digest
from .schema import Shape


class Key(NamedTuple):
    """One item of a list by the fields that identify it. An item of a set has the one pair `("", value)`."""

    pairs: tuple[tuple[str, Any], ...]

    def meets(self, other: Key) -> bool:
        """Whether both can be the same item: every field that both name agrees, and there is one."""
        mine, theirs = dict(self.pairs), dict(other.pairs)
        shared = mine.keys() & theirs.keys()
        return bool(shared) and all(mine[name] == theirs[name] for name in shared)


Token = str | Key
Path = tuple[Token, ...]


class Written(NamedTuple):
    """One field that a call wrote. `before` and `after` are `UNKNOWN` where no record tells."""

    path: Path
    before: Json | Mark
    after: Json | Mark
    declared: bool = False
    """The call named the field without necessarily changing it: an apply or a whole object."""


def list_keys(shape: Shape, *lists: Any, guess: bool) -> tuple[str, ...] | None:
    """The key fields of a list, None where it can only be taken whole.

    `guess` allows `name` where every item of every list has a name of its own: custom resources rarely say more.
    """
    if shape.keys is not None:
        return shape.keys
    if not guess:
        return None
    for items in lists:
        names = [item.get("name") if isinstance(item, dict) else None for item in items or ()]
        if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
            return None
    return ("name",)


def item_key(item: Any, keys: tuple[str, ...]) -> Key | None:
    """None for an item that lacks all of its keys."""
    if not keys:
        return Key((("", repr(item) if isinstance(item, (dict, list)) else item),))
    if not isinstance(item, dict):
        return None
    pairs = []
    for name in keys:
        value = item.get(name, DEFAULTED_KEYS.get(name))
        if value is not None and not isinstance(value, (dict, list)):
            pairs.append((name, value))
    return Key(tuple(pairs)) if pairs else None


def keyed(tokens: Sequence[str], document: Any, shape: Shape, *, guess: bool) -> Path:
    """A pointer's tokens with positions turned into keys as far as `document` tells; below a whole list it ends there.

    A position that leads nowhere stays a position.
    """
    found: list[Token] = []
    for token in tokens:
        if isinstance(document, list):
            keys = list_keys(shape, document, guess=guess)
            if keys is None:
                return tuple(found)
            item = child(document, token)
            key = item_key(item, keys) if item is not ABSENT else None
            found.append(key or token)
            shape, document = shape.below("*"), item
        else:
            found.append(token)
            shape, document = shape.below(token), child(document, token)
    return tuple(found)


def pointer(path: Path, document: Any) -> str:
    """A JSON Pointer into `document`; an item that is not in it is named by its key, as in `/env/[name=A]`."""
    parts = []
    for token in path:
        if isinstance(token, Key):
            position = _position(token, document)
            if position is None:
                words = ",".join(f"{name}={value}" if name else str(value) for name, value in token.pairs)
                parts.append(f"[{escape(words)}]")
                document = ABSENT
            else:
                parts.append(str(position))
                document = document[position]
        else:
            parts.append(escape(token))
            document = child(document, token)
    return "".join("/" + part for part in parts)


def _position(key: Key, items: Any) -> int | None:
    if not isinstance(items, list):
        return None
    names = tuple(name for name, _ in key.pairs)
    keys = () if names == ("",) else names
    for position, item in enumerate(items):
        found = item_key(item, keys)
        if found is not None and found.meets(key):
            return position
    return None


def value_at(path: Path, document: Any) -> Json | Mark:
    for token in path:
        if isinstance(token, Key):
            position = _position(token, document)
            if position is None:
                return ABSENT
            document = document[position]
        else:
            document = child(document, token)
        if document is ABSENT:
            return ABSENT
    return document


def relation(asked: Path, written: Path) -> str:
    """How a written field stands to the one asked about: `same`, `contains`, `under`, or empty for another field."""
    for mine, theirs in zip(asked, written, strict=False):
        if isinstance(mine, Key) and isinstance(theirs, Key):
            if not mine.meets(theirs):
                return ""
        elif isinstance(mine, Key) or isinstance(theirs, Key):
            other = theirs if isinstance(mine, Key) else mine
            if isinstance(other, str) and not (other.isdigit() or other == "-"):
                return ""
        elif mine != theirs:
            return ""
    if len(asked) == len(written):
        return "same"
    return "contains" if len(written) < len(asked) else "under"


def differences(before: Any, after: Any, shape: Shape, *, guess: bool, at: Path = ()) -> Iterator[Written]:
    """Every field that differs; what is wholly new or gone is named once, at its top."""
    if before == after or len(at) > MAX_DEPTH:
        return
    if isinstance(before, dict) and isinstance(after, dict) and not is_digest(before) and not is_digest(after):
        for name in sorted(before.keys() | after.keys(), key=str):
            old, new = before.get(name, ABSENT), after.get(name, ABSENT)
            if old is ABSENT or new is ABSENT:
                yield Written((*at, name), old, new)
            else:
                yield from differences(old, new, shape.below(name), guess=guess, at=(*at, name))
        return
    if isinstance(before, list) and isinstance(after, list):
        keys = list_keys(shape, before, after, guess=guess)
        old_items, new_items = _by_key(before, keys), _by_key(after, keys)
        if keys is not None and old_items is not None and new_items is not None:
            for key in [*old_items, *(key for key in new_items if key not in old_items)]:
                old, new = old_items.get(key, ABSENT), new_items.get(key, ABSENT)
                if old is ABSENT or new is ABSENT:
                    yield Written((*at, key), old, new)
                else:
                    yield from differences(old, new, shape.below("*"), guess=guess, at=(*at, key))
            return
    yield Written(at, before, after)


def _by_key(items: list[Any], keys: tuple[str, ...] | None) -> dict[Key, Any] | None:
    """None where an item has no key or two have the same."""
    if keys is None:
        return None
    found: dict[Key, Any] = {}
    for item in items:
        key = item_key(item, keys)
        if key is None or key in found:
            return None
        found[key] = item
    return found
