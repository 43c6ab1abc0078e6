"""What goes into the ledger holds no secrets: free texts are searched for what gives itself away as one.

Only prose is touched. Patches and captured policies must come back byte for byte, ids and hashes mean something.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .redact import redact_text

PROSE: Final = frozenset(
    {
        *("note", "reason", "message", "title", "approver", "problem", "state", "by", "text", "words", "summary"),
        *("url", "ref", "link", "now", "effects", "undo", "blocked", "unknown", "who", "how", "when", "lever"),
    }
)
"""Keys whose texts, or lists of texts, are written by people or quoted from other systems."""

EXACT: Final = frozenset({"patch", "captured", "target"})


def cleaned(body: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """`body` with secrets in its prose replaced by `hmac:…`, and characters there that no store can keep by `?`."""
    return {name: value if name in EXACT else _value(name, value, key) for name, value in body.items()}


def _value(name: str, value: Any, key: bytes) -> Any:
    if isinstance(value, str):
        return _text(value, key) if name in PROSE else value
    if isinstance(value, Mapping):
        return cleaned(value, key)
    if isinstance(value, (list, tuple)):
        if name == "undo" and any(isinstance(each, Mapping) for each in value):
            return list(value)
        return [_value(name, each, key) for each in value]
    return value


def _text(text: str, key: bytes) -> str:
    return redact_text(text.encode("utf-8", "replace").decode("utf-8"), key)
