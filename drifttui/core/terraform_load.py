"""Bytes that somebody calls a plan or a state → JSON, or one line that says what they are instead.

Strict where a lenient reader would guess: a repeated key, a number that no float can hold, `NaN` or a document that
ends in the middle are refused, because what a reader silently drops cannot be called clean.
"""

from __future__ import annotations

import codecs
import json
from decimal import Decimal
from math import isfinite
from typing import Any, Final, NoReturn

from .errors import InputError, inert
from .pointers import too_deep

LIMIT_BYTES: Final = 256 * 1024 * 1024
"""Largest document that is read. Reading takes about six times its size in memory."""

_EXACT_DIGITS: Final = 15
"""Digits that every float keeps."""

_SHOW = "Give the output of `tofu show -json PLANFILE` or `terraform show -json PLANFILE`."


class _Repeated(ValueError):
    """A key stands twice in one object."""


def load(data: bytes, name: str, limit: int = LIMIT_BYTES) -> Any:
    """One JSON document. Raises `InputError`, which names `name` and, where there is one, the place."""
    refuse_size(len(data), name, limit)
    _refuse_other_formats(data, name)
    try:
        document = json.loads(
            _text(data, name), object_pairs_hook=_object, parse_float=_number, parse_constant=_refuse_constant
        )
    except RecursionError:
        _refuse_depth(name)
    except json.JSONDecodeError as error:
        raise InputError(f"{inert(name)} is no JSON", _place(error), _SHOW) from None
    except _Repeated as error:
        raise InputError(
            f"{inert(name)} holds one key twice", str(error), "Nothing is compared; make the file again."
        ) from None
    except ValueError as error:
        raise InputError(f"{inert(name)} cannot be read", str(error), _SHOW) from None
    if too_deep(document):
        _refuse_depth(name)
    return document


def refuse_size(size: int, name: str, limit: int = LIMIT_BYTES) -> None:
    """Raises `InputError` for a file of `size` bytes that is too large to be read, before anybody reads it."""
    if size > limit:
        raise InputError(
            f"{inert(name)} is too large",
            f"{size // 2**20} MB; at most {limit // 2**20} MB are read",
            "Split the stack, or plan with -target.",
        )


def is_event_stream(data: bytes) -> bool:
    """Whether this is the UI stream of `plan -json`: one JSON object per line, each with `@level` and `type`."""
    first = data.lstrip(codecs.BOM_UTF8).lstrip()[:65536].split(b"\n", 1)[0]
    if b'"@level"' not in first:
        return False
    try:
        event = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(event, dict) and "@message" in event and "type" in event


def load_lines(data: bytes, name: str, limit: int = LIMIT_BYTES) -> list[dict[str, Any]]:
    """The objects of a stream. Raises `InputError` with the number of the line that is none."""
    refuse_size(len(data), name, limit)
    events = []
    for number, line in enumerate(_text(data, name).split("\n"), 1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            raise InputError(f"{inert(name)} is no complete event stream", f"line {number} is no JSON object", _SHOW)
        events.append(event)
    return events


def _refuse_other_formats(data: bytes, name: str) -> None:
    head = data[:4096].lstrip(codecs.BOM_UTF8).lstrip()
    shown = inert(name)
    if not head:
        raise InputError(f"{shown} is empty", "", _SHOW)
    if data.startswith(b"PK\x03\x04"):
        raise InputError(f"{shown} is a binary plan file", "", "Run `tofu show -json` on it and give that output.")
    if data.startswith(b"\x1f\x8b"):
        raise InputError(f"{shown} is compressed", "gzip", "Decompress it first.")
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return
    if head.startswith(b"# This file is maintained automatically by"):
        raise InputError(f"{shown} is a dependency lock file", "", _SHOW)
    if head[:1] not in b"{[":
        raise InputError(f"{shown} is no JSON", "it does not start with {", _SHOW)


def _text(data: bytes, name: str) -> str:
    """PowerShell writes UTF-16 with a byte order mark, everything else UTF-8."""
    try:
        return data.decode("utf-8-sig" if data.startswith(codecs.BOM_UTF8) else json.detect_encoding(data))
    except UnicodeDecodeError as error:
        raise InputError(
            f"{inert(name)} is no text", f"byte {error.start} is not {error.encoding.upper()}", _SHOW
        ) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Repeated(f"`{inert(key, 80)}`")
            seen.add(key)
    return held


def _number(text: str) -> float | str:
    """A float where it says the same; else the digits as text, so that a difference in the last one stays visible."""
    number = float(text)
    if not isfinite(number):
        return text
    if len(text) <= _EXACT_DIGITS and "e" not in text.lower():
        return number
    return number if Decimal(repr(number)) == Decimal(text) else text


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _place(error: json.JSONDecodeError) -> str:
    if not error.doc[error.pos :].strip():
        return f"it ends in the middle, in line {error.lineno}"
    return f"line {error.lineno}, column {error.colno}: {error.msg}"


def _refuse_depth(name: str) -> NoReturn:
    raise InputError(f"{inert(name)} is nested too deep", "", "Nothing is compared.")
