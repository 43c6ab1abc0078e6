"""What a plan or state says about its values: sensitive, and known only after apply.

Both are trees shaped like the value with `true` at marked places; `false`, `{}`, `[]` and null mark nothing. Plans and
states hold sensitive values in plain text: the tree is all that protects them, so that anything in it that is not
understood counts as marked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from .errors import BadAnswer
from .planes import ABSENT, UNKNOWN, Json
from .pointers import build, get, parse
from .redact import digest, is_digest, redact_document

Marks = Literal[True] | Mapping[str, Any]
"""`True`: everything below. Otherwise marks by key or position, both as text; an empty one marks nothing."""

NOTHING: Final[Mapping[str, Any]] = {}

_ALWAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "kubernetes_secret": ("data", "binary_data"),
    "kubernetes_secret_v1": ("data", "binary_data"),
    "random_password": ("result", "bcrypt_hash"),
    "aws_secretsmanager_secret_version": ("secret_string", "secret_binary"),
    "aws_iam_access_key": ("secret", "ses_smtp_password_v4"),
    "aws_ssm_parameter": ("value",),
    "google_secret_manager_secret_version": ("secret_data",),
    "google_service_account_key": ("private_key",),
    "azurerm_key_vault_secret": ("value",),
    "vault_generic_secret": ("data_json", "data"),
    "vault_kv_secret_v2": ("data_json", "data"),
}
"""Attributes that hold secrets whatever the marks say: old providers and old formats mark nothing."""

_ENCODED: Final = ("user_data_base64", "custom_data", "custom_data_base64")
"""Scripts in base64, which no search for secrets can look into."""


def marks(tree: Any) -> Marks:
    """A mask of a document, normalised."""
    if tree is None or tree is False:
        return NOTHING
    if isinstance(tree, dict):
        below = {str(key): marks(value) for key, value in tree.items()}
    elif isinstance(tree, list):
        below = {str(position): marks(value) for position, value in enumerate(tree)}
    else:
        return True
    return {key: value for key, value in below.items() if value is True or value}


def joined(*trees: Marks) -> Marks:
    """Marked where any is. A value that one plane calls sensitive is sensitive in all of them."""
    whole: dict[str, Any] = {}
    for tree in trees:
        if tree is True:
            return True
        for key, value in tree.items():
            whole[key] = joined(whole[key], value) if key in whole else value
    return whole


def marks_of_paths(paths: Iterable[Any]) -> Marks:
    """The mask that `sensitive_attributes` of a state file spells as lists of steps.

    A step is `{"type": "get_attr", "value": "name"}` or `{"type": "index", "value": {"value": 0, "type": "number"}}`.
    A step that is not understood ends its path early, so that more is marked and never less.
    """
    whole: Marks = NOTHING
    for path in paths:
        keys: list[str] = []
        for step in path if isinstance(path, list) else ():
            key = _step(step)
            if key is None:
                break
            keys.append(key)
        tree: Marks = True
        for key in reversed(keys):
            tree = {key: tree}
        whole = joined(whole, tree)
    return whole


def _step(step: Any) -> str | None:
    value = step.get("value") if isinstance(step, dict) else None
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(int(value))
    return None


def marked_paths(tree: Marks, at: tuple[str, ...] = ()) -> list[str]:
    """JSON Pointers of everything marked; `""` where it is the whole."""
    if tree is True:
        return [build(at)]
    return [path for key, below in tree.items() for path in marked_paths(below, (*at, key))]


def always_sensitive(kind: str) -> Marks:
    """Marks that follow from the resource type alone."""
    return dict.fromkeys((*_ALWAYS.get(kind, ()), *_ENCODED), True)


def sealed(value: Json, tree: Marks, key: bytes) -> Json:
    """`value` without secrets: marked parts as digests, then whatever gives itself away by name or shape.

    Null and empty text stay: that nothing is there is no secret, and null must not look like a value.
    """
    return _by_name(_by_mark(value, tree, key), key)


def _by_mark(value: Json, tree: Marks, key: bytes) -> Json:
    if tree is True:
        if value is None or value == "" or is_digest(value):
            return value
        return digest(value if isinstance(value, str) else json.dumps(value, sort_keys=True), key)
    if not tree:
        return value
    if isinstance(value, dict):
        return {name: _by_mark(part, tree.get(name, NOTHING), key) for name, part in value.items()}
    if isinstance(value, list):
        return [_by_mark(part, tree.get(str(at), NOTHING), key) for at, part in enumerate(value)]
    # Marks below a value that has no parts: the provider changed its shape. Better hidden than shown.
    return _by_mark(value, True, key)


def _by_name(value: Json, key: bytes) -> Json:
    if isinstance(value, dict):
        return _texts(redact_document(value, key), key)
    return _texts(redact_document({"": value}, key)[""], key)


def _texts(value: Json, key: bytes) -> Json:
    """JSON inside a text (task definitions, policies, dashboards) is looked into like any other structure.

    Only a text that held a secret is written anew; its spelling is lost with it, its meaning is not.
    """
    if isinstance(value, str):
        if value[:1] not in ("{", "["):
            return value
        try:
            held = json.loads(value)
        except (ValueError, RecursionError):
            return value
        try:
            redacted = redact_document({"": held}, key)[""]
        except BadAnswer:
            return digest(value, key)
        return value if redacted is held else json.dumps(redacted, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, dict):
        return value if is_digest(value) else {name: _texts(part, key) for name, part in value.items()}
    if isinstance(value, list):
        return [_texts(part, key) for part in value]
    return value


def with_unknown(value: Json, tree: Marks) -> Json:
    """`value` with `UNKNOWN` where it is known after apply only; such values are absent or null in `after`."""
    if tree is True:
        return UNKNOWN
    if not tree:
        return value
    if value is None and all(name.isdigit() for name in tree):
        return UNKNOWN
    if value is None or isinstance(value, dict):
        held = dict(value or {})
        for name, below in tree.items():
            held[name] = with_unknown(held.get(name), below)
        return held
    if isinstance(value, list):
        return [with_unknown(part, tree.get(str(at), NOTHING)) for at, part in enumerate(value)]
    return value


def shown(value: Json) -> Json:
    """`value` fit for JSON: parts that are unknown are left out of objects and are null in lists."""
    if isinstance(value, dict):
        return {name: shown(part) for name, part in value.items() if part is not UNKNOWN}
    if isinstance(value, list):
        return [None if part is UNKNOWN else shown(part) for part in value]
    return value


def sensitive_paths(value: Json, tree: Marks) -> tuple[str, ...]:
    """Marked paths that exist in `value`, also those that hold null."""
    return tuple(path for path in marked_paths(tree) if get(value, parse(path)) is not ABSENT)
