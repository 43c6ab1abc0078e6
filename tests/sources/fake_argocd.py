"""A server that speaks the part of Argo CD's REST interface that is read, on real sockets, with faults on demand.

It behaves as argo-cd v3.5.3 does where that matters: a stream sends its head with the first event only, keepalives are
`:` lines, an unknown application without its project is 403, lists hide what an account may not see.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Awaitable, Callable
from typing import Any

from tests.clients.raw_http import RawServer, Reply, Request

App = dict[str, Any]
Fault = Callable[[Request, Reply], Awaitable[None]]


def app(name: str, namespace: str = "argocd", **status: Any) -> App:
    return {
        "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}"},
        "spec": {
            "project": "default",
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            "source": {"repoURL": "https://git.example.com/platform.git", "path": f"apps/{name}"},
            "syncPolicy": {"automated": {"prune": True}},
        },
        "status": {
            "sync": {"status": "Synced", "revision": "a" * 40},
            "health": {"status": "Healthy"},
            "reconciledAt": "2026-03-01T02:59:00Z",
            **status,
        },
    }


class FakeArgoCD(RawServer):
    def __init__(self) -> None:
        super().__init__(self._handle)
        self.apps: dict[tuple[str, str], App] = {}
        self.version = 100
        self.server_version = "v3.5.3+c9c369e"
        self.token = "good"
        self.rights = {"applications/get", "projects/get", "clusters/get", "logs/get"}
        self.faults: dict[str, Fault] = {}
        """By path; a fault answers instead of the server until it is removed."""
        self.details: dict[str, Any] = {}
        """Answers by the path's last part: `managed-resources`, `resource-tree`, `events`, `syncwindows`, …"""
        self.settings: dict[str, Any] = {"trackingMethod": "annotation", "controllerNamespace": "argocd"}
        self.deaf = False
        """Events happen and are not sent, as when a buffer is full."""
        self.streams: list[asyncio.Queue[bytes | None]] = []
        self.streaming = asyncio.Event()
        """Somebody is subscribed."""

    def put(self, made: App) -> App:
        """Create or change an application, and tell the streams."""
        self.version += 1
        key = (made["metadata"]["namespace"], made["metadata"]["name"])
        made["metadata"]["resourceVersion"] = str(self.version)
        kind = "MODIFIED" if key in self.apps else "ADDED"
        self.apps[key] = made
        self._tell(kind, made)
        return made

    def change(self, name: str, namespace: str = "argocd", sync: str = "OutOfSync") -> App:
        made = copy.deepcopy(self.apps[namespace, name])
        made["status"]["sync"]["status"] = sync
        return self.put(made)

    def delete(self, name: str, namespace: str = "argocd") -> None:
        self.version += 1
        made = copy.deepcopy(self.apps.pop((namespace, name)))
        made["metadata"]["resourceVersion"] = str(self.version)
        self._tell("DELETED", made)

    def say(self, line: bytes) -> None:
        """Raw bytes to every stream."""
        for queue in self.streams:
            queue.put_nowait(line)

    def end_streams(self) -> None:
        for queue in self.streams:
            queue.put_nowait(None)

    def _tell(self, kind: str, made: App) -> None:
        if not self.deaf:
            self.say(b"data: " + json.dumps({"result": {"type": kind, "application": made}}).encode() + b" \n\n")

    async def _handle(self, request: Request, reply: Reply) -> None:
        if (fault := self.faults.get(request.path)) is not None:
            return await fault(request, reply)
        allowed = request.headers.get("authorization") == f"Bearer {self.token}"
        if request.path == "/api/version":
            return await reply.json({"Version": self.server_version})
        if request.path == "/api/v1/session/userinfo":
            return await reply.json({"loggedIn": True, "username": "operator"} if allowed else {})
        if request.path == "/api/v1/settings":
            return await reply.json(self.settings)
        if not allowed:
            return await reply.json({"error": "invalid session: token is expired", "code": 16}, 401)
        parts = request.path.removeprefix("/api/v1/").split("/")
        match parts:
            case ["account", "can-i", resource, action, *_]:
                await reply.json({"value": "yes" if f"{resource}/{action}" in self.rights else "no"})
            case ["applications"]:
                await self._list(request, reply)
            case ["stream", "applications"]:
                await self._stream(reply)
            case ["applications", name]:
                await self._one(name, request, reply)
            case ["applications", _, "revisions", revision, "metadata"]:
                await reply.json({"author": "Erin <erin@example.com>", "message": f"Change {revision[:4]}"})
            case ["applications", _, what]:
                await reply.json(self.details.get(what, {}))
            case _:
                await reply.json({"error": "Not Found", "code": 5}, 404)

    async def _list(self, request: Request, reply: Reply) -> None:
        fields = [field for field in request.query.get("fields", "").split(",") if field]
        items = [_projected(made, fields) if fields else made for made in self.apps.values()]
        await reply.json({"metadata": {"resourceVersion": str(self.version)}, "items": items or None})

    async def _one(self, name: str, request: Request, reply: Reply) -> None:
        found = self.apps.get((request.query.get("appNamespace", "argocd"), name))
        if found is not None:
            await reply.json(found)
        elif request.query.get("project"):
            await reply.json({"error": "not found", "code": 5}, 404)
        else:
            await reply.json({"error": "permission denied", "code": 7}, 403)

    async def _stream(self, reply: Reply) -> None:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.streams.append(queue)
        self.streaming.set()
        try:
            headed = False
            while (line := await queue.get()) is not None:
                if not headed:
                    await reply.head(content_type="text/event-stream", transfer_encoding="chunked")
                    headed = True
                await reply.chunk(line)
            if not headed:
                await reply.head(content_type="text/event-stream", transfer_encoding="chunked")
            await reply.raw(b"0\r\n\r\n")
        finally:
            self.streams.remove(queue)
            if not self.streams:
                self.streaming.clear()


def _projected(made: App, fields: list[str]) -> App:
    """Only what v3.5 projects: conditions, reconciledAt and the resourceVersion are not among it."""
    out: App = {}
    for field in fields:
        source: Any = made
        target = out
        *path, last = field.removeprefix("items.").split(".")
        if path[:1] == ["metadata"] and last == "resourceVersion":
            continue
        for part in path:
            source = (source or {}).get(part)
            target = target.setdefault(part, {})
        if source and last in source:
            target[last] = source[last]
    return out
