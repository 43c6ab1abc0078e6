"""Whether an owner's source of truth declares a field of an object: only then does the owner put the field back.

An engine that applies (three-way or server-side) leaves alone what its manifest does not name. So an Application whose
Git says `automated: {}` keeps an `enabled: false` that somebody added, although its parent heals itself.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from .lastapplied import LAST_APPLIED
from .planes import ABSENT
from .pointers import get, parse


def declared(document: Any, pointer: str, managers: Sequence[str]) -> bool | None:
    """By the owner's last apply: server-side as one of `managers`, else client-side. None where neither tells.

    Who updates a field takes it out of the entry of the owner that applied it, until that applies it again. So a field
    that somebody else holds now may be declared all the same."""
    tokens = parse(pointer)
    sets = _applied_sets(document, managers)
    if sets:
        if any(_names(fields, tokens) for fields in sets):
            return True
        return None if set(holders(document, pointer)) - set(managers) else False
    annotations = get(document, ("metadata", "annotations"))
    text = annotations.get(LAST_APPLIED) if isinstance(annotations, dict) else None
    if not isinstance(text, str):
        return None
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return get(manifest, tokens) is not ABSENT if isinstance(manifest, dict) else None


def holders(document: Any, pointer: str) -> tuple[str, ...]:
    """Managers whose entry names exactly this field."""
    tokens = parse(pointer)
    found = []
    for entry in _entries(document):
        fields = entry.get("fieldsV1")
        if isinstance(fields, dict) and _names(fields, tokens):
            found.append(str(entry.get("manager") or ""))
    return tuple(dict.fromkeys(found))


def _applied_sets(document: Any, managers: Sequence[str]) -> list[dict[str, Any]]:
    return [
        entry["fieldsV1"]
        for entry in _entries(document)
        if entry.get("operation") == "Apply"
        and entry.get("manager") in managers
        and isinstance(entry.get("fieldsV1"), dict)
    ]


def _entries(document: Any) -> list[dict[str, Any]]:
    entries = get(document, ("metadata", "managedFields"))
    return [each for each in entries if isinstance(each, dict)] if isinstance(entries, list) else []


def _names(fields: Any, tokens: Sequence[str]) -> bool:
    """Exactly: `f:automated: {}` is an empty object that was applied, not everything that may be in it."""
    for token in tokens:
        fields = fields.get(f"f:{token}") if isinstance(fields, dict) else None
        if fields is None:
            return False
    return True
