"""Files of Kubernetes objects, read as `kubectl` reads them, so that spelling alone never looks like drift.

YAML becomes JSON under the rules of sigs.k8s.io/yaml (go-yaml v2): `yes` and `on` are booleans, dates are texts, `0777`
is octal, `1e3` a number, `1:30` a text, keys become texts. What has no place in JSON (NaN, cycles), what every parser
reads differently (duplicate keys), and what is made to hurt (alias bombs, endless nesting) is refused with one line
that names file and line.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from drifttui.core.errors import InputError
from drifttui.core.planes import Document
from drifttui.core.pointers import MAX_DEPTH, too_deep

FILE_LIMIT = 64 * 1024 * 1024
"""Bytes. All manifests of a large cluster fit in it."""

VALUES_LIMIT = 2_000_000
"""Values that one file may expand to, counting what aliases repeat."""

_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_NOT_JSON = frozenset({".nan", ".NaN", ".NAN"} | {s + w for s in ("", "+", "-") for w in (".inf", ".Inf", ".INF")})
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"


def read(name: str, stdin: Callable[[], bytes] | None = None) -> list[Document]:
    """The objects in one file; items of lists one by one. `-` is standard input. Raises `InputError`."""
    shown = "standard input" if name == "-" else name
    body = _bytes(name, shown, stdin)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{shown} is not UTF-8", f"at byte {error.start}", "Save it as UTF-8.") from None
    values = _json(text, shown) if text.lstrip()[:1] in ("{", "[") else None
    found: list[Document] = []
    for value in values if values is not None else _yaml(text, shown):
        found.extend(_objects(value, shown))
    if not found:
        raise InputError(f"{shown} holds no object", "", "Give a file with at least one Kubernetes object.")
    return found


def _bytes(name: str, shown: str, stdin: Callable[[], bytes] | None) -> bytes:
    try:
        body = (stdin or (lambda: sys.stdin.buffer.read(FILE_LIMIT + 1)))() if name == "-" else _file(Path(name))
    except OSError as error:
        raise InputError(f"{shown} cannot be read", error.strerror or str(error)) from None
    if len(body) > FILE_LIMIT:
        raise InputError(f"{shown} is too large", f"more than {FILE_LIMIT // 1024 // 1024} MB")
    return body


def _file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_LIMIT + 1)


def _objects(value: Any, shown: str) -> Iterator[Document]:
    if value is None:
        return
    if not isinstance(value, dict):
        raise InputError(f"{shown} holds no object", f"found {_kind(value)}", "Give Kubernetes objects.")
    items = value.get("items")
    if isinstance(items, list) and str(value.get("kind") or "").endswith("List"):
        for item in items:
            yield from _objects(item, shown)
        return
    if not isinstance(value.get("metadata") or {}, dict):
        raise InputError(f"{shown}: metadata is no object", str(value.get("kind") or ""))
    yield value


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", bool: "a boolean"}.get(type(value), "a number")


def _json(text: str, shown: str) -> list[Any] | None:
    """None where it is no JSON, which YAML's flow style resembles."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        held = dict(found)
        if len(held) != len(found):
            seen: set[str] = set()
            twice = next(key for key, _ in found if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise InputError(f"{shown}: a key is there twice", twice, "Keep one of them.")
        return held

    def constant(word: str) -> Any:
        raise InputError(f"{shown}: {word} is no JSON", "", "Write a number or a text.")

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError:
        return None
    except (RecursionError, ValueError) as error:
        if isinstance(error, ValueError):
            raise InputError(f"{shown} cannot be read", str(error)) from None
        raise InputError(f"{shown} is nested too deep", f"more than {MAX_DEPTH} levels") from None
    if too_deep(value):
        raise InputError(f"{shown} is nested too deep", f"more than {MAX_DEPTH} levels")
    return [value]


class _Open(NamedTuple):
    """A container that is being filled. `merges` are what `<<` brings in; a mapping waits in `key` for its value."""

    value: Any
    anchor: str
    key: list[Any]
    merges: list[Any]
    before: int


def _yaml(text: str, shown: str) -> Iterator[Any]:
    """Documents one by one, built from the parser's events without recursion."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        yield from _documents(yaml.parse(text, Loader=loader), shown, yaml)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        where = f"{shown}:{line}" if line else shown
        raise InputError(f"{where} is no YAML", error.problem or error.context or "", "Mend the file.") from None
    except yaml.YAMLError as error:
        raise InputError(f"{shown} is no YAML", str(error), "Mend the file.") from None


def _documents(events: Any, shown: str, yaml: Any) -> Iterator[Any]:
    stack: list[_Open] = []
    anchors: dict[str, tuple[Any, int]] = {}
    count = 0
    root: Any = None
    for event in events:
        where = f"{shown}:{event.start_mark.line + 1}"
        if isinstance(event, yaml.DocumentStartEvent):
            anchors, root = {}, None
            continue
        if isinstance(event, yaml.DocumentEndEvent):
            yield root
            continue
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            count += 1
            if len(stack) >= MAX_DEPTH:
                raise InputError(f"{where} is nested too deep", f"more than {MAX_DEPTH} levels")
            held: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            stack.append(_Open(held, event.anchor or "", [], [], count))
            continue
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            done = stack.pop()
            value = _merged(done, where)
            if done.anchor:
                anchors[done.anchor] = (value, count - done.before + 1)
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            value = _scalar(event, where)
            if event.anchor:
                anchors[event.anchor] = (value, 1)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise InputError(f"{where}: unknown alias", f"*{event.anchor}", "An alias follows its anchor.")
            value, size = anchors[event.anchor]
            count += size
        else:
            continue
        if count > VALUES_LIMIT:
            raise InputError(f"{where} expands too far", f"more than {VALUES_LIMIT} values", "Use fewer aliases.")
        if stack:
            _put(stack[-1], value, event, where, yaml)
        else:
            root = value


class _Merge:
    """The key `<<`."""


_MERGE = _Merge()


def _put(parent: _Open, value: Any, event: Any, where: str, yaml: Any) -> None:
    if isinstance(parent.value, list):
        parent.value.append(value)
        return
    if not parent.key:
        plain = isinstance(event, yaml.ScalarEvent) and not event.style and event.value == "<<"
        parent.key.append(_MERGE if plain else _key(value, where))
        return
    key = parent.key.pop()
    if key is _MERGE:
        parent.merges.append(value)
    elif key in parent.value:
        raise InputError(f"{where}: a key is there twice", str(key), "Keep one of them.")
    else:
        parent.value[key] = value


def _merged(done: _Open, where: str) -> Any:
    """Own keys win over merged ones, and earlier merged objects over later ones."""
    for merge in done.merges:
        for source in merge if isinstance(merge, list) else [merge]:
            if not isinstance(source, dict):
                raise InputError(f"{where}: << takes objects", "", "Merge an object.")
            for key, value in source.items():
                done.value.setdefault(key, value)
    return done.value


def _key(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    raise InputError(f"{where}: a key is no text", "", "Use texts as keys.")


def _scalar(event: Any, where: str) -> Any:
    text: str = event.value
    tag = event.tag or ""
    plain = not event.style
    if tag == "!" or tag == f"{_TAG}str" or (not tag and not plain):
        return text
    if tag == f"{_TAG}binary":
        return text
    if tag and tag.removeprefix(_TAG) not in ("null", "bool", "int", "float", "timestamp"):
        raise InputError(f"{where}: an unknown tag", tag, "Kubernetes objects have no tags of their own.")
    if text in _NOT_JSON:
        raise InputError(f"{where}: {text} is no JSON", "", "Write a number or a text.")
    value = _resolved(text)
    if tag == f"{_TAG}float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _resolved(text: str) -> Any:
    """What a plain scalar means: go-yaml v2, `resolve.go`."""
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if text[0] not in "+-.0123456789":
        return text
    plain = text.replace("_", "") if text[0] != "." else text
    whole = _INTEGER.fullmatch(plain)
    if whole is not None and len(plain) <= 66:
        sign, hexadecimal, octal, binary, decimal = whole.groups()
        number = int(
            hexadecimal or octal or binary or decimal, 16 if hexadecimal else 8 if octal else 2 if binary else 10
        )
        number = -number if sign == "-" else number
        return number if -(2**63) <= number < 2**64 else float(number)
    if _FLOAT.fullmatch(plain) and len(plain) <= 400:
        value = float(plain)
        if math.isinf(value):
            return text
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    return text
