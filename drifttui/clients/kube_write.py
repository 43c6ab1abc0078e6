"""Changes one Kubernetes object. Nothing else in this program does.

Formats: Kubernetes API concepts, "Patches", "Field validation"; RFC 6902 and RFC 7396.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from ..core.errors import BadAnswer
from ..core.pause import Target
from .http import Http
from .http_errors import undecodable
from .write_once import unknown, write_once

FIELD_MANAGER = "drifttui"
"""Under which the API server books what we wrote. It does not begin with `kubectl`: what such managers own, Flux takes
back."""

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"


class Written(NamedTuple):
    document: dict[str, Any]
    """The object as the server stored it, after admission."""
    audit_id: str = ""
    """Names the write in the server's audit log."""


class KubeWriter:
    """Every call raises what `write_once` raises, and `ReadOnly` before anything is sent."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def patch(self, target: Target, patch: Sequence[Mapping[str, Any]]) -> Written:
        """A JSON patch. A `test` in it that does not hold is a `PreconditionFailed`."""
        return await self._send(target, JSON_PATCH, list(patch))

    async def merge(self, target: Target, document: Mapping[str, Any]) -> Written:
        """A JSON merge patch. A `metadata.resourceVersion` in it makes a conflict a `PreconditionFailed`."""
        return await self._send(target, MERGE_PATCH, document)

    async def _send(self, target: Target, content_type: str, body: Any) -> Written:
        path = object_path(target)
        answer = await write_once(
            self._http,
            "PATCH",
            path,
            {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"},
            content=json.dumps(body).encode(),
            content_type=content_type,
            permission=right(target),
            changed=_too_late,
        )
        return Written(whole(self._http, path, answer.body), answer.headers.get("audit-id", ""))


def _too_late(error: BadAnswer) -> bool:
    """409, or a `test` that does not hold, which the API server answers like any patch that it cannot apply: with 422
    and this text. Other texts with 422 say what is invalid."""
    return error.status == 409 or (error.status == 422 and "due to an error in our request" in error.detail)


def object_path(target: Target) -> str:
    """The absolute API path. Names are escaped: with `..` for one a client would walk up the path."""
    root = f"/apis/{quote(target.group, safe='')}" if target.group else "/api"
    place = f"/namespaces/{quote(target.namespace, safe='')}" if target.namespace else ""
    parts = (root, quote(target.version, safe=""), place.strip("/"), target.plural, quote(target.name, safe=""))
    if target.name in ("", ".", "..") or target.namespace in (".", ".."):
        raise BadAnswer(f"{target.short} cannot be written", "its name is none that Kubernetes can hold")
    return "/".join(part for part in parts if part)


def right(target: Target, verb: str = "patch") -> str:
    """As `kubectl auth can-i` says it: `patch applications.argoproj.io in argocd`."""
    what = f"{target.plural}.{target.group}" if target.group else target.plural
    return f"{verb} {what}" + (f" in {target.namespace}" if target.namespace else "")


def whole(http: Http, path: str, body: bytes | bytearray) -> dict[str, Any]:
    """The object in an answer to a write. What cannot be read was written all the same: `OutcomeUnknown`."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise unknown(http, undecodable(http.name, path, error)) from error
    if not isinstance(document, dict) or not isinstance(document.get("metadata"), dict):
        raise unknown(http, undecodable(http.name, path, ValueError("no object"))) from None
    return document
