"""JSON Pointers (RFC 6901), the way this program names fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .planes import ABSENT, Json, Mark

MAX_DEPTH = 200
"""Levels of nesting that a document may have. Custom resource definitions reach forty; what is deeper than this is made
to break readers, and Python's own recursion ends near a thousand."""


def escape(token: str) -> str:
    """One key as it stands between two slashes."""
    if "~" in token or "/" in token:
        return token.replace("~", "~0").replace("/", "~1")
    return token


def unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~") if "~" in token else token


def parse(pointer: str) -> tuple[str, ...]:
    """The keys of a pointer; `""` has none. Raises `ValueError` where it does not start with a slash."""
    if not pointer:
        return ()
    if pointer[0] != "/":
        raise ValueError(f"a JSON pointer starts with a slash: {pointer!r}")
    if "~" in pointer:
        return tuple(unescape(token) for token in pointer[1:].split("/"))
    return tuple(pointer[1:].split("/"))


def build(tokens: Iterable[str]) -> str:
    return "".join("/" + escape(token) for token in tokens)


def child(container: Any, token: str) -> Json | Mark:
    """What is under one key or position; `ABSENT` where there is nothing."""
    if isinstance(container, dict):
        return container.get(token, ABSENT)
    if isinstance(container, list) and token.isascii() and token.isdigit() and len(token) < 10:
        position = int(token)
        return container[position] if position < len(container) else ABSENT
    return ABSENT


def get(document: Any, tokens: Sequence[str]) -> Json | Mark:
    """The value at a path; `ABSENT` where any step is missing."""
    for token in tokens:
        document = child(document, token)
        if document is ABSENT:
            return ABSENT
    return document


def without(document: Any, tokens: Sequence[str]) -> Json:
    """A copy without the value at a path, sharing everything that is not on the way to it."""
    if not tokens or child(document, tokens[0]) is ABSENT:
        return document
    token, rest = tokens[0], tokens[1:]
    if isinstance(document, dict):
        if rest:
            return {**document, token: without(document[token], rest)}
        return {key: value for key, value in document.items() if key != token}
    position = int(token)
    if rest:
        return [*document[:position], without(document[position], rest), *document[position + 1 :]]
    return document[:position] + document[position + 1 :]


def too_deep(document: Any, limit: int = MAX_DEPTH) -> bool:
    """Whether anything is nested deeper than `limit`. Walks level by level, so that depth itself cannot break it."""
    level = [document]
    for _ in range(limit):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(item for item in value.values() if isinstance(item, (dict, list)))
            elif isinstance(value, list):
                below.extend(item for item in value if isinstance(item, (dict, list)))
        if not below:
            return False
        level = below
    return True
