"""Access policies that are written differently and grant the same.

AWS stores a policy in its own spelling: lists of one become texts, lists are sets, statements have no order, an account
number is its root, values of conditions are texts (IAM user guide, "Grammar of the IAM JSON policy language"). Google's
bindings are a set of members per role and condition. What is not understood is compared as it stands.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final

_TOP: Final = frozenset({"Version", "Id", "Statement"})
_BINDINGS: Final = frozenset({"bindings", "auditConfigs", "etag", "version"})
_ACTIONS: Final = frozenset({"Action", "NotAction"})
_RESOURCES: Final = frozenset({"Resource", "NotResource"})
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ROOT: Final = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):root")
_TEXT_LIMIT: Final = 1_000_000


class _Other(ValueError):
    """Not in the grammar."""


def parsed(text: str) -> Any:
    """The object or list in a text; None where it is none, or where a reader would have to guess."""
    if len(text) > _TEXT_LIMIT or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text, object_pairs_hook=_once, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        raise _Other("a key stands twice")
    return held


def normal_form(document: Any) -> str | None:
    """The same text for policies that grant the same; None for what is no policy."""
    if not isinstance(document, dict):
        return None
    try:
        if "Statement" in document and _TOP.issuperset(document):
            return _dump(_policy(document))
        if "bindings" in document and _BINDINGS.issuperset(document):
            return _dump(_google(document))
    except (_Other, TypeError):
        return None
    return None


def _policy(document: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in document.items() if key != "Statement"}
    statements = document["Statement"]
    statements = statements if isinstance(statements, list) else [statements]
    return {**rest, "Statement": sorted(_dump(_statement(one)) for one in statements)}


def _statement(statement: Any) -> dict[str, Any]:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise _Other("no statement")
    if not _ACTIONS.intersection(statement):
        raise _Other("no action")
    normal: dict[str, Any] = {}
    for key, value in statement.items():
        if key in _ACTIONS:
            normal[key] = sorted({text.lower() for text in _texts(value)})
        elif key in _RESOURCES:
            normal[key] = sorted(set(_texts(value)))
        elif key in ("Principal", "NotPrincipal"):
            normal[key] = _principal(value, wild=key == "Principal")
        elif key == "Condition":
            normal[key] = _condition(value)
        elif key != "Sid" or value:
            normal[key] = value
    return normal


def _principal(value: Any, *, wild: bool) -> Any:
    if value == "*":
        return {"AWS": ["*"]} if wild else value
    if not isinstance(value, dict):
        raise _Other("no principal")
    return {
        kind: sorted({_account(text) if kind == "AWS" else text for text in _texts(names)})
        for kind, names in value.items()
    }


def _account(text: str) -> str:
    root = _ROOT.fullmatch(text)
    return root[1] if root else text


def _condition(value: Any) -> Any:
    if not isinstance(value, dict) or not all(isinstance(keys, dict) for keys in value.values()):
        raise _Other("no condition")
    return {
        operator: {
            key: sorted({_scalar(item) for item in (held if isinstance(held, list) else [held])})
            for key, held in keys.items()
        }
        for operator, keys in value.items()
    }


def _google(document: dict[str, Any]) -> dict[str, Any]:
    bindings = document["bindings"]
    if not isinstance(bindings, list):
        raise _Other("no bindings")
    normal = []
    for binding in bindings:
        if not isinstance(binding, dict):
            raise _Other("no binding")
        normal.append(_dump({**binding, "members": sorted(set(_texts(binding.get("members", []))))}))
    return {**document, "bindings": sorted(normal)}


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in found):
        raise _Other("no text")
    return found


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int)):
        return str(value)
    raise _Other("no scalar")


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
