"""Who holds a field, from `metadata.managedFields`.

Each entry carries a set of paths as nested objects (FieldsV1, kubernetes-sigs/structured-merge-diff): `f:name` is a
field, `k:{…}` the list item with these keys, `v:…` the item of a set with this value, `i:n` the item at a position, and
`.` the container itself. Nothing is parsed before somebody asks about a path, and then only along that path.

What the format cannot tell: a removed field has no holder, and the time of an entry is that of its last write to any of
its fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from .finding import Owner
from .planes import ABSENT
from .pointers import child, parse

DEFAULTED_KEYS: Final[Mapping[str, Any]] = {"protocol": "TCP"}
"""Keys that the server fills in, so that an entry names them where a manifest does not."""


class ManagedFields:
    """The entries of one object, read once and searched many times."""

    def __init__(self, document: Any) -> None:
        self._document = document
        metadata = document.get("metadata") if isinstance(document, dict) else None
        entries = metadata.get("managedFields") if isinstance(metadata, dict) else None
        self._entries = [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
        self._owners: list[Owner | None] = [None] * len(self._entries)

    @property
    def known(self) -> bool:
        """False where the object carries no entries, so that nothing can be said about any field."""
        return bool(self._entries)

    def at(self, tokens: Sequence[str]) -> tuple[Owner, ...]:
        """Every manager that holds the field, the one with the newest entry first.

        A manager that holds fields below a container counts as one of its holders; one that holds a whole list or
        object without naming what is in it holds everything below.
        """
        if not self._entries:
            return ()
        found = []
        for position, entry in enumerate(self._entries):
            fields = entry.get("fieldsV1")
            if isinstance(fields, dict) and _holds(fields, self._document, tokens):
                found.append(self._owner(position))
        if len(found) > 1:
            found.sort(key=_newest_first)
        return tuple(found)

    def _owner(self, position: int) -> Owner:
        held = self._owners[position]
        if held is None:
            entry = self._entries[position]
            held = self._owners[position] = Owner(
                manager=str(entry.get("manager") or ""),
                operation=str(entry.get("operation") or ""),
                subresource=str(entry.get("subresource") or ""),
                time=_time(entry.get("time")),
            )
        return held


def owners(document: Any, path: str) -> tuple[Owner, ...]:
    """Every manager that holds the field at a JSON pointer into `document`, the one with the newest entry first."""
    return ManagedFields(document).at(parse(path))


def _newest_first(owner: Owner) -> tuple[float, str]:
    return (-owner.time.timestamp() if owner.time else 0.0, owner.manager)


def _time(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _holds(fields: dict[str, Any], value: Any, tokens: Sequence[str]) -> bool:
    for token in tokens:
        if not fields:
            return True
        below: Any
        if type(value) is list:
            value = child(value, token)
            below = _item(fields, value, token)
        else:
            below = fields.get("f:" + token)
            value = value.get(token) if type(value) is dict else None
        if type(below) is not dict:
            return False
        fields = below
    return True


def _item(fields: dict[str, Any], item: Any, token: str) -> Any:
    """What an entry says about one item of a list; None where it says nothing."""
    if type(item) is dict:
        # Most lists are keyed by name, and the server writes keys as compact JSON: one lookup instead of a search.
        below = fields.get(f'k:{{"name":"{item.get("name")}"}}')
        if below is not None:
            return below
    for name, below in fields.items():
        kind = name[:2]
        if kind == "k:":
            if isinstance(item, dict) and _has_keys(item, name[2:]):
                return below
        elif kind == "v:":
            if item is not ABSENT and not isinstance(item, (dict, list)) and _is_value(item, name[2:]):
                return below
        elif kind == "i:" and name[2:] == token:
            return below
    return None


def _has_keys(item: dict[str, Any], text: str) -> bool:
    keys = _parsed(text)
    if not isinstance(keys, dict) or not keys:
        return False
    return all(item.get(name, DEFAULTED_KEYS.get(name)) == value for name, value in keys.items())


def _is_value(item: Any, text: str) -> bool:
    value = _parsed(text)
    return bool(type(value) is type(item) and value == item)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Any:
    """None for what is no JSON: managed fields come from outside."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
