"""Variables of post-build substitution, by the rules of Flux (fluxcd/pkg/envsubst, a form of drone/envsubst).

`${name}` with the operators below; `$${name}` is a literal `${name}`; a `$` before anything else stays. Operators that
are seldom used (patterns, `${name#prefix}`, replacement) are refused rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

NAME: Final = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_OPENING: Final = re.compile(r"\$\$\{|\$\{")
_DEFAULTS: Final = (":-", ":=", ":+", ":?", "-", "=", "+", "?")
_SUBSTRING: Final = re.compile(r":(\d+)(?::(\d+))?")

MAX_DEPTH: Final = 20


class NotSubstituted(ValueError):
    """What stands there cannot be worked out here; the message says which."""


class Unknown(NotSubstituted):
    """A variable whose value could not be read decides."""


def substitute(
    text: str, values: Mapping[str, str], unknown: bool = False, uncertain: frozenset[str] = frozenset()
) -> str:
    """`text` with its variables. A variable that is not in `values` is empty.

    `unknown` says that some values could not be read: a variable that is not in `values` then raises `Unknown`, and so
    does one of `uncertain`, whose value something unread may override.
    """
    return _Substitution(values, unknown, uncertain).text(text, 0)


class _Substitution:
    def __init__(self, values: Mapping[str, str], unknown: bool, uncertain: frozenset[str]) -> None:
        self._values, self._unknown, self._uncertain = values, unknown, uncertain

    def text(self, text: str, depth: int) -> str:
        if depth > MAX_DEPTH:
            raise NotSubstituted("variables are nested too deep")
        parts: list[str] = []
        at = 0
        while found := _OPENING.search(text, at):
            parts.append(text[at : found.start()])
            if found[0] == "$${":
                parts.append("${")
                at = found.end()
                continue
            end = _closing(text, found.end())
            parts.append(self._expression(text[found.end() : end], depth))
            at = end + 1
        parts.append(text[at:])
        return "".join(parts)

    def _expression(self, inner: str, depth: int) -> str:
        if inner.startswith("#") and NAME.fullmatch(inner[1:]):
            return str(len(self._value(inner[1:])))
        name = NAME.match(inner)
        if name is None:
            raise NotSubstituted(f"${{{inner[:40]}}} names no variable")
        rest = inner[name.end() :]
        value = self._value(name[0])
        if not rest:
            return value
        if found := _SUBSTRING.fullmatch(rest):
            begin = int(found[1])
            return value[begin:] if found[2] is None else value[begin : begin + int(found[2])]
        for operator in _DEFAULTS:
            if rest.startswith(operator):
                return value or self.text(rest[len(operator) :], depth + 1)
        match rest:
            case ",,":
                return value.lower()
            case "^^":
                return value.upper()
            case ",":
                return value[:1].lower() + value[1:]
            case "^":
                return value[:1].upper() + value[1:]
        raise NotSubstituted(f"the operator in ${{{inner[:40]}}} is not worked out here")

    def _value(self, name: str) -> str:
        if name in self._uncertain or (self._unknown and name not in self._values):
            raise Unknown(name)
        return self._values.get(name, "")


def _closing(text: str, begin: int) -> int:
    """Where the brace that closes ends; nested expressions have their own."""
    depth = 1
    at = begin
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
            at += 1
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return at
        at += 1
    raise NotSubstituted("a ${ is never closed")
