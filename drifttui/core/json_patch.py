"""JSON Patch (RFC 6902) as data: operations are made here, the server applies them; `applied` says what it will make.

One thing is taken from what servers do and not from the RFC: `test` for null also holds where there is nothing, as in
`evanphx/json-patch`, which kube-apiserver and Argo CD both use. It is how a patch says "and nobody has set it since".
A server that takes the RFC by its word refuses such a patch, which changes nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from .planes import ABSENT, Json, Mark
from .pointers import child, get, parse

Operation = Mapping[str, Any]
Patch = tuple[Operation, ...]


class PatchError(ValueError):
    """A test that does not hold, or a place that is not there. Nothing was changed."""


def test(pointer: str, value: Json | Mark) -> Operation:
    """That the value is this; `ABSENT` for "nothing is there", whose parent must be."""
    return {"op": "test", "path": pointer, "value": None if value is ABSENT else copy.deepcopy(value)}


def add(pointer: str, value: Json) -> Operation:
    return {"op": "add", "path": pointer, "value": copy.deepcopy(value)}


def replace(pointer: str, value: Json) -> Operation:
    return {"op": "replace", "path": pointer, "value": copy.deepcopy(value)}


def remove(pointer: str) -> Operation:
    return {"op": "remove", "path": pointer}


def put(document: Json, pointer: str, value: Json | Mark) -> Patch:
    """What brings the value at `pointer` to `value`: with objects that are missing on the way, and its tests first.

    `ABSENT` removes. Empty where it is so already.
    """
    tokens = parse(pointer)
    now = get(document, tokens)
    if now is value or (now is not ABSENT and value is not ABSENT and same(now, value)):
        return ()
    if value is ABSENT:
        return (test(pointer, now), remove(pointer))
    if now is not ABSENT:
        return (test(pointer, now), replace(pointer, value))
    there = document
    for depth, token in enumerate(tokens):
        below = child(there, token)
        if below is ABSENT or below is None:
            whole: Json = value
            for rest in reversed(tokens[depth + 1 :]):
                whole = {rest: whole}
            place = "/" + "/".join(pointer[1:].split("/")[: depth + 1])
            return (test(place, ABSENT), add(place, whole))
        there = below
    raise AssertionError("unreachable: the value is absent, so a step on the way is")


def applied(document: Json, patch: Sequence[Operation]) -> Json:
    """The document after all operations. Raises `PatchError`, and then none was applied."""
    made = copy.deepcopy(document)
    for operation in patch:
        made = _one(made, operation)
    return made


def _one(document: Json, operation: Operation) -> Json:
    op, pointer = operation.get("op"), operation.get("path")
    if not isinstance(pointer, str):
        raise PatchError(f"an operation without a path: {op}")
    tokens = parse(pointer)
    now = get(document, tokens)
    if op == "test":
        wanted = operation.get("value")
        if now is ABSENT and tokens and not isinstance(get(document, tokens[:-1]), (dict, list)):
            raise PatchError(f"{pointer}: its parent is not there")
        if not same(None if now is ABSENT else now, wanted):
            raise PatchError(f"{pointer} is not as expected")
        return document
    if not tokens:
        raise PatchError("the whole document is not replaced")
    parent, last = get(document, tokens[:-1]), tokens[-1]
    if not isinstance(parent, (dict, list)):
        raise PatchError(f"{pointer}: its parent is not there")
    if op in ("remove", "replace") and now is ABSENT:
        raise PatchError(f"{pointer} is not there")
    if isinstance(parent, dict):
        _in_object(parent, last, op, operation)
    else:
        _in_list(parent, last, op, operation)
    return document


def _in_object(parent: dict[str, Any], key: str, op: Any, operation: Operation) -> None:
    match op:
        case "add" | "replace":
            parent[key] = copy.deepcopy(operation.get("value"))
        case "remove":
            del parent[key]
        case _:
            raise PatchError(f"{op} is not used here")


def _in_list(parent: list[Any], key: str, op: Any, operation: Operation) -> None:
    position = len(parent) if key == "-" else int(key) if key.isascii() and key.isdigit() else -1
    if not 0 <= position <= len(parent) or (op != "add" and position == len(parent)):
        raise PatchError(f"no position {key}")
    match op:
        case "add":
            parent.insert(position, copy.deepcopy(operation.get("value")))
        case "replace":
            parent[position] = copy.deepcopy(operation.get("value"))
        case "remove":
            del parent[position]
        case _:
            raise PatchError(f"{op} is not used here")


def same(one: Json, other: Json) -> bool:
    """Equal as JSON: `true` is not `1`."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)
