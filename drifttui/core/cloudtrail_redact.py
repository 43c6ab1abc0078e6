"""Secret values in CloudTrail records become digests before a call is kept. ARNs are names, in whatever field."""

from __future__ import annotations

from typing import Any

from .audit_cloudtrail import CloudTrailCall
from .errors import BadAnswer
from .redact import redact_document


def redacted_call(call: CloudTrailCall, key: bytes) -> CloudTrailCall:
    """Bodies that are nested too deep to be redacted are left out."""
    try:
        return call._replace(request=_clean(call.request, key), response=_clean(call.response, key))
    except (BadAnswer, RecursionError):
        return call._replace(request=None, response=None)


def _clean(body: Any, key: bytes) -> Any:
    if not isinstance(body, dict):
        return redact_document({"": body}, key)[""] if isinstance(body, list | str) else body
    return _names_back(body, redact_document(body, key))


def _names_back(before: Any, after: Any) -> Any:
    if before is after:
        return after
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        return {name: _names_back(value, after[name]) for name, value in before.items()}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [_names_back(one, other) for one, other in zip(before, after, strict=True)]
    return before if isinstance(before, str) and before.startswith("arn:") and " " not in before else after
