"""Changes one Application through Argo CD's REST interface.

Formats and behaviour: argo-cd v3.5 `server/application/application.proto` and `application.go` (`Patch`,
`validateAndUpdateApp`, `updateApp`, `TerminateOperation`).

Weaker than the same change through Kubernetes, in three ways that the operator is told (`CAVEATS`). An ApplicationSet
cannot be changed here at all: its interface knows only creation, which replaces the whole object.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ..core.errors import BadAnswer, InputError, PreconditionFailed
from ..core.pause import Target
from .http import Http
from .http_errors import undecodable
from .kube_write import Written, whole
from .write_once import write_once

CAVEATS = (
    "Argo CD has no precondition on writes: it is read again right before and right after.",
    "Argo CD renders the manifests before it accepts a change, which fails while Git or the chart is broken.",
    "An Application whose destination has both a name and a server is refused.",
)


class ArgoCDWriter:
    """Every writing call raises what `write_once` raises, and `ReadOnly` before anything is sent."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def application(self, target: Target) -> dict[str, Any]:
        """The whole Application as the server's informer has it. Raises `SourceError`."""
        path = self._path(target)
        answer = await self._http.get(path, self._query(target), permission="applications,get")
        try:
            document = json.loads(answer.body)
        except ValueError as error:
            raise undecodable(self._http.name, path, error) from error
        if not isinstance(document, dict):
            raise undecodable(self._http.name, path, ValueError("no object"))
        return document

    async def patch(self, target: Target, patch: Sequence[Mapping[str, Any]]) -> Written:
        """A JSON patch on spec, labels, annotations and finalizers; the server ignores the rest.

        Its tests hold against what the server read, not against what it overwrites: between the two lies its
        rendering of the manifests, and on a conflict it writes its own copy of the spec over the other's.
        """
        path = self._path(target)
        body = {
            "name": target.name,
            "patch": json.dumps(list(patch)),
            "patchType": "json",
            **self._query(target),
        }
        answer = await write_once(
            self._http,
            "PATCH",
            path,
            {},
            content=json.dumps(body).encode(),
            permission="applications, update",
            changed=_test_failed,
        )
        return Written(whole(self._http, path, answer.body), answer.headers.get("audit-id", ""))

    async def stop_operation(self, target: Target) -> None:
        """Ends the sync that is running. `PreconditionFailed` where none is."""
        await write_once(
            self._http,
            "DELETE",
            f"{self._path(target)}/operation",
            self._query(target),
            permission="applications, sync",
            changed=lambda error: error.status == 400 and "No operation is in progress" in error.detail,
        )

    def _path(self, target: Target) -> str:
        if target.kind != "Application":
            raise InputError(
                f"{target.short} cannot be changed through Argo CD",
                "its REST interface can only replace it whole",
                "Give the kubeconfig context of the cluster that Argo CD runs in: --argocd-cluster.",
            )
        if target.name in ("", ".", ".."):
            raise PreconditionFailed(f"{target.short} cannot be written", "its name is none that Kubernetes can hold")
        return f"/api/v1/applications/{quote(target.name, safe='')}"

    def _query(self, target: Target) -> dict[str, str]:
        """Without the project a server hides 404 behind 403."""
        return {"appNamespace": target.namespace, **({"project": target.project} if target.project else {})}


def _test_failed(error: BadAnswer) -> bool:
    """A failed `test` is a plain error of Go there, and so a 500."""
    return error.status in (409, 412) or (error.status == 500 and "error applying patch" in error.detail)
