"""A control plane's cluster and its Argo CD on local sockets, with objects as the real ones gave them."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from drifttui.clients.access import Access
from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.services.reach import Reach
from drifttui.services.session import Settings
from tests.clients.raw_http import RawServer, Reply, Request
from tests.core.pause_documents import AT

SCHEMA = "/openapi/v3/apis/argoproj.io/v1alpha1"
CONFIG = "/api/v1/namespaces/argocd/configmaps"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def schema(*fields: str) -> dict[str, Any]:
    """As kube-apiserver publishes a definition whose `automated` has these fields."""
    made: dict[str, Any] = {"properties": {name: {"type": "boolean"} for name in fields}, "type": "object"}
    for name in ("automated", "syncPolicy", "spec"):
        made = {"properties": {name: made}, "type": "object"}
    return {"components": {"schemas": {"io.argoproj.v1alpha1.Application": made}}}


class Cluster(RawServer):
    """Objects by path; lists are made of them. `refused` answers paths with a status."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        super().__init__(self._handle)
        self.objects: dict[str, dict[str, Any]] = {}
        self.denied: set[str] = set()
        """`patch applications`"""
        self.refused: dict[str, int] = {}
        self.extra: dict[str, Any] = {
            SCHEMA: schema("prune", "selfHeal", "allowEmpty", "enabled"),
            f"{CONFIG}/argocd-cm": {"data": {}},
            f"{CONFIG}/argocd-cmd-params-cm": {"data": {}},
        }
        for each in objects:
            self.put(each)

    def put(self, document: dict[str, Any]) -> None:
        self.objects[path_of(document)] = copy.deepcopy(document)

    async def _handle(self, request: Request, reply: Reply) -> None:
        if status := self.refused.get(request.path):
            await reply.json({"kind": "Status", "code": status, "message": "refused by the test"}, status)
        elif request.path == REVIEWS:
            asked = json.loads(request.body)["spec"]["resourceAttributes"]
            allowed = f"{asked['verb']} {asked['resource']}" not in self.denied
            await reply.json({"kind": "SelfSubjectAccessReview", "status": {"allowed": allowed}}, 201)
        elif request.path in self.extra:
            await reply.json(self.extra[request.path])
        elif request.path in self.objects:
            await reply.json(self.objects[request.path])
        elif request.path.rsplit("/", 1)[-1] in ("applications", "kustomizations", "helmreleases"):
            await self._list(request, reply)
        else:
            await reply.json({"kind": "Status", "code": 404, "message": "not found"}, 404)

    async def _list(self, request: Request, reply: Reply) -> None:
        root, _, plural = request.path.rpartition("/")
        items = [
            {key: value for key, value in each.items() if key not in ("kind", "apiVersion")}
            for path, each in sorted(self.objects.items())
            if path.startswith(root) and f"/{plural}/" in path
        ]
        await reply.json({"metadata": {}, "items": items})


class Argo(RawServer):
    """Objects by kind and name, without a kind, as its REST interface gives them."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        super().__init__(self._handle)
        self.objects = {(each["kind"].lower() + "s", each["metadata"]["name"]): copy.deepcopy(each) for each in objects}
        self.version = "v3.5.3+c9c369e"
        self.rights = {"applications/get", "applications/update", "applications/sync", "applicationsets/update"}

    async def _handle(self, request: Request, reply: Reply) -> None:
        match request.path.removeprefix("/api/").split("/"):
            case ["version"]:
                await reply.json({"Version": self.version})
            case ["v1", "settings"]:
                await reply.json({"trackingMethod": "annotation", "controllerNamespace": "argocd"})
            case ["v1", "account", "can-i", resource, action, *_]:
                await reply.json({"value": "yes" if f"{resource}/{action}" in self.rights else "no"})
            case ["v1", "applications"]:
                await reply.json(
                    {"items": [self._bare(each) for (kind, _), each in self.objects.items() if kind == "applications"]}
                )
            case ["v1", plural, name] if (plural, name) in self.objects:
                await reply.json(self._bare(self.objects[plural, name]))
            case ["v1", "applications" | "applicationsets", _]:
                await reply.json({"error": "permission denied", "code": 7}, 403)
            case _:
                await reply.json({"error": "Not Found", "code": 5}, 404)

    @staticmethod
    def _bare(document: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in document.items() if key not in ("kind", "apiVersion")}


def path_of(document: dict[str, Any]) -> str:
    kind, metadata = document["kind"], document["metadata"]
    return f"/apis/{document['apiVersion']}/namespaces/{metadata['namespace']}/{kind.lower()}s/{metadata['name']}"


def kubeconfig(folder: Path, **clusters: RawServer) -> Path:
    """One context per cluster, of its name."""
    names = list(clusters)
    path = folder / "kubeconfig"
    path.write_text(
        json.dumps(
            {
                "current-context": names[0] if names else "",
                "contexts": [{"name": each, "context": {"cluster": each, "user": "me"}} for each in names],
                "clusters": [{"name": each, "cluster": {"server": clusters[each].url}} for each in names],
                "users": [{"name": "me", "user": {"token": "example"}}],
            }
        )
    )
    return path


def settings(
    folder: Path, *, cluster: Cluster | None = None, argo: Argo | None = None, crd: bool = False, **more: Any
) -> Settings:
    """`crd`: applications are read from the cluster alone."""
    config = kubeconfig(folder, **({"prod": cluster} if cluster else {}))
    kubernetes = KubernetesSettings(
        kubeconfig=config, contexts=("*",), argocd_context="prod" if cluster else "", enabled=cluster is not None
    )
    token = folder / "token"
    token.write_text("good")
    servers = (ArgoCDSettings(name="eu", server=argo.url, plain_text=True, token_file=token),) if argo else ()
    return Settings(
        argocd=servers,
        argocd_crd_contexts=("prod",) if crd else (),
        kubernetes=kubernetes,
        access=more.pop("access", Access.FULL),
    )


@asynccontextmanager
async def serving(*servers: RawServer | None) -> AsyncIterator[None]:
    there = [each for each in servers if each is not None]
    await asyncio.gather(*(each.start() for each in there))
    try:
        yield
    finally:
        await asyncio.gather(*(each.stop() for each in there))


@asynccontextmanager
async def reaching(
    folder: Path, source: str, *, cluster: Cluster | None = None, argo: Argo | None = None, **more: Any
) -> AsyncIterator[Reach]:
    clock: Callable[[], Any] = lambda: AT  # noqa: E731
    async with serving(cluster, argo):
        reach = Reach(settings(folder, cluster=cluster, argo=argo, **more), source, clock)
        try:
            yield reach
        finally:
            await reach.close()
