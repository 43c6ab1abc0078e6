"""What managedFields alone can say: the client that last wrote a field, never who held it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any, Final

from .actor_words import ENGINES
from .audit import Actor, Grade, Line
from .finding import Owner
from .ownership import ManagedFields
from .planes import ABSENT
from .pointers import child, escape, parse
from .via import words_for_manager

_FIELDS_OF_ENTRY: Final = 5
"""Fields named per manager where nobody asked about one."""
_BUILT_IN: Final = frozenset({"kube-controller-manager", "kube-scheduler", "kubelet", "kube-apiserver"})


def owner_lines(live: Any, explained: Collection[str], path: str | None = None) -> list[Line]:
    """Lines from the live object alone: for one field its newest holder; without `path` what each manager holds that no
    event explains. Engines and the control plane's own managers are left out there: holding is their work.
    """
    held = ManagedFields(live)
    if not held.known:
        return []
    if path is not None:
        owners = held.at(parse(path)) if "[" not in path else ()
        return [line_of(path, owners[0])] if owners else []
    lines = []
    for entry in live["metadata"]["managedFields"]:
        if not isinstance(entry, dict) or entry.get("subresource") == "status":
            continue
        manager = str(entry.get("manager") or "")
        fields = entry.get("fieldsV1")
        quiet = manager in explained or (manager in _BUILT_IN and not entry.get("subresource"))
        if quiet or ENGINES.search(manager) or not isinstance(fields, dict):
            continue
        for number, pointer in enumerate(_leaves(fields, live, "")):
            if number >= _FIELDS_OF_ENTRY:
                break
            owner = next((each for each in held.at(parse(pointer)) if each.manager == manager), None)
            if owner is not None:
                lines.append(line_of(pointer, owner))
    return lines


def line_of(path: str, owner: Owner) -> Line:
    """A line that names the path by which a field was last written, and nobody."""
    via = words_for_manager(owner.manager, owner.subresource, owner.operation, path.split("/"))
    reasons = (
        f"managedFields: {owner.manager} holds the field; a manager is named by the client and is no identity",
        "its time is that of its last write to any of its fields",
    )
    return Line(path, Actor(""), via, owner.time, 0.3, Grade.OWNERSHIP, (), reasons)


def _leaves(fields: dict[str, Any], value: Any, at: str) -> Iterator[str]:
    """Pointers of what an entry holds, deepest first named."""
    below = {name: inner for name, inner in fields.items() if name != "." and isinstance(inner, dict)}
    if not below:
        if at:
            yield at
        return
    for name, inner in below.items():
        token = _token(name, value)
        if token is not None:
            yield from _leaves(inner, child(value, token), f"{at}/{escape(token)}")


def _token(name: str, value: Any) -> str | None:
    kind, rest = name[:2], name[2:]
    if kind == "f:":
        return rest if child(value, rest) is not ABSENT else None
    if not isinstance(value, list):
        return None
    if kind == "i:":
        return rest
    try:
        wanted = json.loads(rest)
    except (ValueError, RecursionError):
        return None
    for position, item in enumerate(value):
        if kind == "v:" and item == wanted:
            return str(position)
        if kind == "k:" and isinstance(item, dict) and isinstance(wanted, dict) and wanted.items() <= item.items():
            return str(position)
    return None
