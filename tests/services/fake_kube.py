"""A Kubernetes API server in its wire format that holds a few objects, applies JSON patches, and fails where told to.

The answers are those of kube-apiserver 1.36, as `tests/cluster` shows them.
"""

from __future__ import annotations

import asyncio
import copy
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drifttui.clients.access import Access
from drifttui.clients.kube import KubeClient
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.clients.kubeconfig import KubeContext
from drifttui.clients.retry import Backoff
from drifttui.core.json_patch import PatchError, applied
from drifttui.core.pause import Door, Target
from drifttui.services.doors import KubernetesWay
from tests.clients.raw_http import RawServer, Reply, Request, serving

NAMESPACE = "argocd"
GENERIC = "the server rejected our request due to an error in our request"


def now() -> datetime:
    return datetime.now(UTC)


def application(name: str, automated: Mapping[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    policy = {"automated": dict({"prune": True, "selfHeal": True} if automated is None else automated)}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-of-{name}",
            "resourceVersion": "1",
            "annotations": {"team": "payments"},
            **metadata,
        },
        "spec": {"project": "default", "syncPolicy": policy, "source": {"repoURL": "https://git.example/a.git"}},
        "status": {"reconciledAt": "2026-11-21T03:00:00Z"},
    }


def target(name: str, kind: str = "Application", plural: str = "applications") -> Target:
    return Target(Door.KUBERNETES, "prod", "argoproj.io", "v1alpha1", plural, kind, NAMESPACE, name, "default")


class FakeKube:
    def __init__(self, *objects: dict[str, Any]) -> None:
        self.objects = {one["metadata"]["name"]: copy.deepcopy(one) for one in objects}
        self.patches: list[tuple[str, Any]] = []
        """(name, body) of every PATCH that arrived, in order."""
        self.queries: list[dict[str, str]] = []
        self.faults: dict[tuple[str, int], str] = {}
        """(name, number of its PATCH from 1) to `timeout after`, `cut after`, `cut before`, `timeout before`, `403`,
        `409`, `500 after`, `429`, `dropped` (answered, kept as it was)."""
        self.blind = False
        """GETs are answered 503."""
        self.after: Callable[[str], object] = lambda name: None
        """Called after each write that took effect: a controller that acts on it."""
        self.audit_ids: list[str] = []
        self._counts: dict[str, int] = {}

    async def handle(self, request: Request, reply: Reply) -> None:
        name = request.path.rpartition("/")[2]
        if request.method == "GET":
            await self._get(name, reply)
        elif request.method == "PATCH":
            await self._patch(name, request, reply)
        else:
            await status(reply, 405, "the server does not allow this method on the requested resource")

    def touch(self, name: str, change: Callable[[dict[str, Any]], None], manager: str = "kubectl-edit") -> None:
        """Somebody else changes it."""
        held = self.objects[name]
        change(held)
        self._written(held, manager)

    async def _get(self, name: str, reply: Reply) -> None:
        if self.blind:
            await status(reply, 503, "the server is currently unable to handle the request")
        elif name in self.objects:
            await reply.json(self.objects[name])
        else:
            await status(reply, 404, f'applications.argoproj.io "{name}" not found')

    async def _patch(self, name: str, request: Request, reply: Reply) -> None:
        self._counts[name] = self._counts.get(name, 0) + 1
        fault = self.faults.get((name, self._counts[name]), "")
        body = json.loads(request.body)
        self.patches.append((name, body))
        self.queries.append(request.query)
        if fault == "cut before":
            await reply.hang_up()
            return
        if fault == "timeout before":
            await asyncio.sleep(30)
        if fault == "403":
            await status(reply, 403, f'applications.argoproj.io "{name}" is forbidden: User "eve" cannot patch')
            return
        if fault in ("409", "429"):
            await status(reply, int(fault), "the object has been modified")
            return
        if name not in self.objects:
            await status(reply, 404, f'applications.argoproj.io "{name}" not found')
            return
        audit = str(uuid.uuid4())
        self.audit_ids.append(audit)
        if fault == "dropped":
            await reply.json(self.objects[name], audit_id=audit)
            return
        try:
            made: Any = applied(self.objects[name], body)
        except PatchError:
            await status(reply, 422, GENERIC)
            return
        self.objects[name] = made
        self._written(made, request.query.get("fieldManager", "unknown"))
        self.after(name)
        if fault == "timeout after":
            await asyncio.sleep(30)
        elif fault == "cut after":
            await reply.hang_up()
        elif fault == "500 after":
            await status(reply, 500, "etcdserver: request timed out")
        else:
            await reply.json(self.objects[name], audit_id=audit)

    def _written(self, held: dict[str, Any], manager: str) -> None:
        metadata = held["metadata"]
        metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
        entries = [each for each in metadata.get("managedFields", []) if each["manager"] != manager]
        entries.append(
            {
                "manager": manager,
                "operation": "Update",
                "apiVersion": "argoproj.io/v1alpha1",
                "time": now().isoformat(timespec="seconds").replace("+00:00", "Z"),
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {"f:syncPolicy": {"f:automated": {}}}},
            }
        )
        metadata["managedFields"] = entries


async def status(reply: Reply, code: int, message: str) -> None:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
    await reply.json(body, code)


class FakeWays:
    """`Ways` to one fake."""

    def __init__(self, client: KubeClient, server: RawServer) -> None:
        self.client, self.server = client, server
        self._way = KubernetesWay(client)

    def to(self, target: Target) -> KubernetesWay:
        return self._way


@asynccontextmanager
async def ways_to(fake: FakeKube, *, access: Access = Access.FULL, timeout: float = 0.4) -> AsyncIterator[FakeWays]:
    """The real client on a real socket."""
    async with serving(fake.handle) as server:
        client = kube_client(server.url, access=access, timeout=timeout)
        try:
            yield FakeWays(client, server)
        finally:
            await client.close()


def kube_client(url: str, *, access: Access = Access.FULL, timeout: float = 0.4) -> KubeClient:
    context = KubeContext("prod", Path("kubeconfig"), "prod", "prod", {"server": url}, {"token": "t"})
    settings = KubernetesSettings(timeout=timeout, connect_timeout=1.0)
    return KubeClient(context, now, settings=settings, access=access, backoff=Backoff(attempts=1))
