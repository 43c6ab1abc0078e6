"""Argo CD's REST interface: paths, parameters and the permissions that they need.

Formats: argo-cd `server/*/*.proto` and `pkg/apiclient/application/forwarder_overwrite.go` of v3.5.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from ...clients.access import Effect
from ...clients.argocd_settings import ArgoCDSettings
from ...clients.http import Http
from ...clients.http_errors import undecodable
from ...core.identity import UnitId
from . import wire_detail

T = TypeVar("T")

GET = "applications,get"

SURVEY_FIELDS = ",".join(
    f"items.{field}"
    for field in (
        "metadata.name",
        "metadata.namespace",
        "metadata.annotations",
        "spec.destination",
        "spec.project",
        "spec.source",
        "spec.sources",
        "spec.sourceHydrator",
        "spec.syncPolicy",
        "status.sync.status",
        "status.health",
        "status.operationState.phase",
        "status.operationState.startedAt",
        "status.operationState.finishedAt",
    )
)
"""Only fields of the server's fixed list work, the others are dropped without a word; those under `spec` since v3.5.
A field beside its own parent (`spec` and `spec.project`) makes the server answer 500.
Conditions, reconciledAt, owners and the resourceVersion are not among them, so that a row cannot be made from it."""

STREAM_FIELDS = ",".join(
    f"result.{field}"
    for field in (
        "type",
        *(
            f"application.{field}"
            for field in (
                "metadata.name",
                "metadata.namespace",
                "metadata.resourceVersion",
                "metadata.labels",
                "metadata.annotations",
                "metadata.ownerReferences",
                "spec.project",
                "spec.destination",
                "spec.source.repoURL",
                "spec.source.path",
                "spec.source.chart",
                "spec.source.targetRevision",
                "spec.sources.repoURL",
                "spec.sources.path",
                "spec.sources.chart",
                "spec.sources.targetRevision",
                "spec.sourceHydrator",
                "spec.syncPolicy.automated",
                "status.sync.status",
                "status.sync.revision",
                "status.sync.revisions",
                "status.health.status",
                "status.conditions",
                "status.reconciledAt",
                "status.operationState.phase",
                "status.operationState.message",
                "status.operationState.startedAt",
                "status.operationState.finishedAt",
                "status.operationState.operation.initiatedBy",
                "status.operationState.operation.sync.revision",
                "status.operationState.operation.sync.revisions",
                "status.operationState.syncResult.revision",
                "status.operationState.syncResult.revisions",
                "status.resources.group",
                "status.resources.kind",
                "status.resources.namespace",
                "status.resources.name",
                "status.resources.status",
                "status.resources.hook",
                "operation.initiatedBy",
                "operation.sync.revision",
                "operation.sync.revisions",
            )
        ),
    )
)
"""On the stream any path works. Namespace and resourceVersion must be among them: the server drops an event that looks
like the one before of the same *name*, so that two applications of one name would swallow each other's."""


class Rest:
    """Typed answers of one server. Every method raises only `SourceError`, or `ReadOnly` as `Http` does."""

    def __init__(self, http: Http, settings: ArgoCDSettings) -> None:
        self.http = http
        self._settings = settings

    async def version(self) -> str:
        return (await self._read("/api/version", wire_detail.Version)).version

    async def user(self) -> wire_detail.UserInfo:
        """Answers also for refused credentials, with `logged_in` false."""
        return await self._read("/api/v1/session/userinfo", wire_detail.UserInfo)

    async def may(self, resource: str, action: str, what: str) -> bool:
        path = f"/api/v1/account/can-i/{resource}/{action}/{quote(what, safe='/')}"
        return (await self._read(path, wire_detail.Answer)).value == "yes"

    async def applications(self, fields: str = "") -> bytes | bytearray:
        """The undecoded list: decoding tens of megabytes is the caller's to place."""
        answer = await self.http.get(
            "/api/v1/applications",
            self._filter() | ({"fields": fields} if fields else {}),
            permission=GET,
            body_limit=self._settings.list_limit,
            total=self._settings.list_timeout,
        )
        return answer.body

    def stream(self, version: str, opened: Callable[[], None]) -> AsyncGenerator[bytes | None, None]:
        """Lines of server-sent events. Of the two forms only this one has keepalives."""
        return self.http.lines(
            "/api/v1/stream/applications",
            self._filter() | {"resourceVersion": version or "0", "fields": STREAM_FIELDS},
            accept="text/event-stream",
            permission=GET,
            opened=opened,
        )

    async def application(self, unit: UnitId, project: str) -> wire_detail.ApplicationInFull:
        return await self._of(unit, project, "", wire_detail.ApplicationInFull)

    async def managed_resources(self, unit: UnitId, project: str) -> wire_detail.ManagedResources:
        """Target and live state from Argo CD's cache. Where that is empty, the server refreshes the application."""
        return await self._of(unit, project, "/managed-resources", wire_detail.ManagedResources, Effect.SIDE_EFFECT)

    async def tree(self, unit: UnitId, project: str) -> wire_detail.Tree:
        """From the same cache, with the same effect."""
        return await self._of(unit, project, "/resource-tree", wire_detail.Tree, Effect.SIDE_EFFECT)

    async def events(self, unit: UnitId, project: str) -> wire_detail.EventList:
        return await self._of(unit, project, "/events", wire_detail.EventList)

    async def windows(self, unit: UnitId, project: str) -> wire_detail.Windows:
        return await self._of(unit, project, "/syncwindows", wire_detail.Windows)

    async def revision(
        self, unit: UnitId, project: str, revision: str, source: int | None, history: int | None
    ) -> wire_detail.RevisionMetadata:
        """`source` and `history` (index and history id) say which repository, where there are several sources."""
        more = {} if source is None or history is None else {"sourceIndex": str(source), "versionId": str(history)}
        path = f"/revisions/{quote(revision, safe='')}/metadata"
        return await self._of(unit, project, path, wire_detail.RevisionMetadata, more=more)

    async def settings(self) -> wire_detail.Settings:
        return await self._read("/api/v1/settings", wire_detail.Settings)

    async def _of(
        self,
        unit: UnitId,
        project: str,
        path: str,
        kind: type[T],
        effect: Effect = Effect.NONE,
        more: Mapping[str, str] | None = None,
    ) -> T:
        """Always with project and namespace: without the project a server hides 404 behind 403."""
        params = {"appNamespace": unit.namespace, **({"project": project} if project else {}), **(more or {})}
        where = f"/api/v1/applications/{quote(unit.name, safe='')}{path}"
        return await self._read(where, kind, params, permission=GET, effect=effect)

    async def _read(self, path: str, kind: type[T], params: Mapping[str, str] | None = None, **how: Any) -> T:
        answer = await self.http.get(path, params, body_limit=self._settings.object_limit, **how)
        return decoded(answer.body, kind, self.http.name, path)

    def _filter(self) -> dict[str, str]:
        settings = self._settings
        return {
            name: value
            for name, value in (
                ("projects", settings.projects[0] if len(settings.projects) == 1 else ""),
                ("selector", settings.selector),
                ("appNamespace", settings.namespace),
            )
            if value
        }


def decoded(body: bytes | bytearray, kind: type[T], name: str, where: str) -> T:
    """Raises `BadAnswer` that names the first field which is not as expected."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise undecodable(name, where, error) from error


def projectable(version: str) -> bool:
    """Whether a list can be asked for its `spec` alone: since v3.5."""
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= (3, 5)
