"""An API server of a few objects that speaks the real wire format and misbehaves where a test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from drifttui.clients.access import Access
from drifttui.clients.kube import KubeClient
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.clients.kubeconfig import KubeContext
from drifttui.clients.retry import Backoff
from drifttui.core.identity import ResourceRef
from drifttui.sources.kubernetes.source import KubernetesSource
from tests.clients.raw_http import RawServer, Reply, Request, serving

KEY = b"k" * 32
Answer = Callable[[Request, Reply], Awaitable[None]]

RESOURCES = {
    "": {"v1": [("configmaps", "ConfigMap", True), ("secrets", "Secret", True), ("namespaces", "Namespace", False)]},
    "apps": {"v1": [("deployments", "Deployment", True)], "v1beta1": [("deployments", "Deployment", True)]},
}


def ref(kind: str, name: str, namespace: str = "pay") -> ResourceRef:
    return ResourceRef("prod", "apps" if kind == "Deployment" else "", kind, namespace, name)


def body(kind: str, name: str, version: int = 1, namespace: str = "pay", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "resourceVersion": str(version)}
    return {"kind": kind, "apiVersion": "apps/v1" if kind == "Deployment" else "v1", "metadata": metadata, **more}


class ApiServer:
    """Objects by path. `answers` overrides one path; `watches` are the scripted answers to watch requests, in order;
    after the last one watches stay silent."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.version = 100
        self.answers: dict[str, Answer] = {}
        self.watches: list[Answer] = []
        self.token = ""
        self.denied: set[str] = set()
        self.aggregated = True
        self.stale: set[str] = set()
        self.http: RawServer

    def put(self, document: dict[str, Any]) -> None:
        metadata = document["metadata"]
        root = "/apis/apps/v1" if document["kind"] == "Deployment" else "/api/v1"
        path = f"{root}/namespaces/{metadata['namespace']}/{document['kind'].lower()}s/{metadata['name']}"
        self.objects[path] = document
        self.version = max(self.version, int(metadata["resourceVersion"]))

    def asked(self, path: str) -> int:
        return len(self.http.asked(path))

    async def handle(self, request: Request, reply: Reply) -> None:
        if self.token and request.headers.get("authorization") != f"Bearer {self.token}":
            await self.status(reply, 401, "Unauthorized")
        elif answer := self.answers.get(request.path):
            await answer(request, reply)
        elif request.method == "POST":
            await self._review(request, reply)
        elif request.path in ("/api", "/apis"):
            await reply.json(self._discovery(request))
        elif request.path == "/version":
            await reply.json({"major": "1", "minor": "36", "gitVersion": "v1.36.3"})
        elif request.query.get("watch"):
            await self._watch(request, reply)
        elif document := self.objects.get(request.path):
            await reply.json(document)
        else:
            await self._list_or_nothing(request, reply)

    async def status(self, reply: Reply, code: int, message: str, **headers: str) -> None:
        failed = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
        await reply.json(failed, code, **headers)

    def _discovery(self, request: Request) -> dict[str, Any]:
        groups = {"": RESOURCES[""]} if request.path == "/api" else {"apps": RESOURCES["apps"]}
        if not self.aggregated:
            if request.path == "/api":
                return {"kind": "APIVersions", "versions": ["v1"]}
            versions = [{"groupVersion": f"apps/{v}", "version": v} for v in reversed(RESOURCES["apps"])]
            group = {"name": "apps", "versions": versions, "preferredVersion": {"version": "v1"}}
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}
        assert "as=APIGroupDiscoveryList" in request.headers["accept"]
        items = [
            {
                "metadata": {"name": name} if name else {},
                "versions": [
                    {
                        "version": version,
                        "freshness": "Stale" if name in self.stale else "Current",
                        "resources": [] if name in self.stale else [_aggregated(*entry) for entry in entries],
                    }
                    for version, entries in versions.items()
                ],
            }
            for name, versions in groups.items()
        ]
        return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}

    async def _review(self, request: Request, reply: Reply) -> None:
        asked = json.loads(request.body)
        if asked["kind"] == "SelfSubjectReview":
            user = {"username": "alice@example.com", "groups": ["sre", "system:authenticated"]}
            await reply.json({"kind": "SelfSubjectReview", "status": {"userInfo": user}}, 201)
            return
        attributes = asked["spec"]["resourceAttributes"]
        allowed = f"{attributes['verb']} {attributes['resource']}" not in self.denied
        await reply.json({"kind": "SelfSubjectAccessReview", "status": {"allowed": allowed}}, 201)

    async def _watch(self, request: Request, reply: Reply) -> None:
        if self.watches:
            await self.watches.pop(0)(request, reply)
            return
        await reply.head(content_type="application/json", transfer_encoding="chunked")
        await asyncio.Event().wait()

    async def _list_or_nothing(self, request: Request, reply: Reply) -> None:
        plural = request.path.rsplit("/", 1)[-1]
        if plural not in ("configmaps", "secrets", "deployments"):
            await self.status(reply, 404, f'"{plural}" not found')
            return
        name = request.query.get("fieldSelector", "").removeprefix("metadata.name=")
        items = [
            # Like the real server: items of a list carry no kind.
            {key: value for key, value in document.items() if key not in ("kind", "apiVersion")}
            for path, document in sorted(self.objects.items())
            if path.startswith(request.path + "/") and (not name or document["metadata"]["name"] == name)
        ]
        await reply.json({"kind": "List", "metadata": {"resourceVersion": str(self.version)}, "items": items})


def _aggregated(plural: str, kind: str, namespaced: bool) -> dict[str, Any]:
    return {
        "resource": plural,
        "responseKind": {"group": "", "version": "", "kind": kind},
        "scope": "Namespaced" if namespaced else "Cluster",
        "verbs": ["get", "list", "watch"],
    }


def events(*lines: dict[str, Any]) -> Answer:
    """A watch that tells `lines` and is then ended by the server, as a timeout does."""

    async def answer(request: Request, reply: Reply) -> None:
        await reply.head(content_type="application/json", transfer_encoding="chunked")
        for line in lines:
            await reply.chunk(json.dumps(line).encode() + b"\n")
        await reply.raw(b"0\r\n\r\n")

    return answer


def changed(kind: str, document: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": document}


class Moment:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def context_of(url: str, name: str = "prod", **user: Any) -> KubeContext:
    from pathlib import Path

    return KubeContext(name, Path("config"), f"{name}-cluster", "me", {"server": url}, user)


def source_of(
    context: KubeContext, *, clock: Moment | None = None, access: Access = Access.FULL, **settings: Any
) -> KubernetesSource:
    clock = clock or Moment()
    chosen = KubernetesSettings(**{"timeout": 20.0, **settings})
    # Two tries without a delay: what is tested is the line, not the wait.
    client = KubeClient(context, clock, settings=chosen, access=access, backoff=Backoff(attempts=2, base=0.0))
    return KubernetesSource(context, client, clock, key=KEY, object_limit=chosen.object_limit)


@asynccontextmanager
async def cluster(**user: Any) -> AsyncIterator[SimpleNamespace]:
    """A server `api` and a `source` that reads it as user `user`."""
    api = ApiServer()
    async with serving(api.handle) as http:
        api.http = http
        source = source_of(context_of(http.url, **user))
        try:
            yield SimpleNamespace(api=api, source=source)
        finally:
            await source.close()
