"""Secret values in the bodies of audit events become digests before an event is kept.

A patch of a Secret does not say that it is one, and a JSON patch names no fields beside its path, so both are redacted
under what they stand for.
"""

from __future__ import annotations

from typing import Any, Final

from .audit_kubernetes import KubernetesCall
from .errors import BadAnswer
from .planes import ABSENT
from .pointers import get, parse
from .redact import digest, redact_document

_KINDS: Final = {"secrets": "Secret", "configmaps": "ConfigMap"}


def redacted(call: KubernetesCall, key: bytes, *, keep_status: bool = False) -> KubernetesCall:
    """The call with redacted bodies. Bodies that are nested too deep to be redacted are left out, as if truncated."""
    try:
        response = _object(call.response, call.resource, key) if isinstance(call.response, dict) else None
        request = _request(call, response, key)
    except (BadAnswer, RecursionError):
        return call._replace(request=None, response=None, truncated=True)
    if isinstance(response, dict) and not keep_status and response.get("kind") != "Status":
        response = {name: value for name, value in response.items() if name != "status"}
    return call._replace(request=request, response=response)


def _object(body: dict[str, Any], resource: str, key: bytes) -> dict[str, Any]:
    kind = _KINDS.get(resource)
    if kind is None or body.get("kind") in (kind, "Status", "DeleteOptions"):
        return redact_document(body, key)
    whole = redact_document({**body, "kind": kind}, key)
    return {name: value for name, value in whole.items() if name != "kind" or "kind" in body}


def _request(call: KubernetesCall, response: Any, key: bytes) -> Any:
    if isinstance(call.request, dict):
        return _object(call.request, call.resource, key)
    if isinstance(call.request, list):
        return [_operation(entry, call.resource, response, key) for entry in call.request]
    return None


def _operation(operation: Any, resource: str, response: Any, key: bytes) -> Any:
    """One operation of a JSON patch, its value redacted as what it is in the object."""
    if not isinstance(operation, dict) or "value" not in operation:
        return operation
    try:
        tokens = parse(str(operation.get("path")))
    except ValueError:
        return {**operation, "value": None}
    held = get(response, tokens) if isinstance(response, dict) and tokens[-1:] != ("-",) else ABSENT
    if held is not ABSENT:
        return {**operation, "value": held}
    nested: Any = operation["value"]
    if tokens[-1:] == ("value",) and "env" in tokens and isinstance(nested, str):
        return {**operation, "value": digest(nested, key)}
    for step in reversed(tokens):
        nested = [nested] if step.isdigit() or step == "-" else {step: nested}
    if not isinstance(nested, dict):
        nested = {"": nested}
    whole: Any = _object(nested, resource, key)
    if not tokens:
        return {**operation, "value": whole.get("") if isinstance(whole, dict) else None}
    value = get(whole, ["0" if step.isdigit() or step == "-" else step for step in tokens])
    return {**operation, "value": None if value is ABSENT else value}
