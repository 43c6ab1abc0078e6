"""What a plan needs, read through the Kubernetes API of the cluster that the control plane runs in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from drifttui.clients.kube import KubeClient
from drifttui.core.errors import BadAnswer, Forbidden, Missing, SourceError, inert
from drifttui.core.pause import Door, Target
from drifttui.core.planes import Document
from drifttui.core.pointers import get
from drifttui.core.ports import Clock
from drifttui.core.surroundings import ARGOPROJ, HELM, KUSTOMIZE, OPERATOR, Key, Tracking
from drifttui.core.sync_windows import duration
from drifttui.sources.kubernetes.access import Right, Rights

VERSIONS: Final[Mapping[str, str]] = {ARGOPROJ: "v1alpha1", KUSTOMIZE: "v1", HELM: "v2", OPERATOR: "v1"}
PLURALS: Final[Mapping[str, str]] = {
    "Application": "applications",
    "ApplicationSet": "applicationsets",
    "AppProject": "appprojects",
    "Kustomization": "kustomizations",
    "HelmRelease": "helmreleases",
    "ResourceSet": "resourcesets",
    "FluxInstance": "fluxinstances",
}
PAGE: Final = 500
METADATA: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
RESYNC: Final = ("120s", "60s")
"""Argo CD's defaults of `timeout.reconciliation` and its jitter."""
SCHEMA_KEPT: Final = timedelta(minutes=5)
SCHEMAS: Final = "/openapi/v3/apis/argoproj.io/v1alpha1"
ENABLED_IN_SCHEMA: Final = (
    *("components", "schemas", "io.argoproj.v1alpha1.Application", "properties", "spec", "properties", "syncPolicy"),
    *("properties", "automated", "properties", "enabled"),
)


class KubernetesDoor:
    """One context. Every method raises only `SourceError`, unless it says that it does not."""

    door = Door.KUBERNETES

    def __init__(self, client: KubeClient, clock: Clock) -> None:
        self.server = client.context
        self._client, self._clock = client, clock
        self._schema: tuple[datetime, tuple[bool | None, str]] | None = None
        self._rights = Rights(client, clock)

    def target(self, key: Key, document: Document) -> Target:
        project = get(document, ("spec", "project"))
        return Target(
            door=self.door,
            server=self.server,
            group=key.group,
            version=VERSIONS.get(key.group, "v1"),
            plural=PLURALS.get(key.kind, key.kind.lower() + "s"),
            kind=key.kind,
            namespace=key.namespace,
            name=key.name,
            project=project if isinstance(project, str) else "",
        )

    async def read(self, key: Key) -> Document:
        path = f"{self._root(key)}/namespaces/{quote(key.namespace, safe='')}/{PLURALS[key.kind]}"
        path += f"/{quote(key.name, safe='')}"
        right = Right("get", key.group, PLURALS[key.kind], key.namespace)
        return self._document(await self._client.get_object(path, permission=right.words), path)

    async def may(self, target: Target, verb: str = "patch") -> bool | None:
        """None where the cluster did not say. Raises nothing."""
        try:
            return await self._rights.may(self._right(target, verb), fresh=True)
        except SourceError:
            return None

    def needs(self, target: Target, verb: str = "patch") -> str:
        return self._right(target, verb)._replace(name="").words

    async def may_stop(self, target: Target) -> tuple[bool | None, str]:
        """Applications have no status subresource: who may patch one may also end its sync."""
        return await self.may(target), self.needs(target)

    async def enabled_known(self) -> tuple[bool | None, str]:
        """By the schema that this cluster serves for Applications, kept for five minutes: it is megabytes. Raises
        nothing."""
        now = self._clock()
        if self._schema is None or now - self._schema[0] > SCHEMA_KEPT:
            answer = await self._read_schema()
            if answer[0] is None:
                return answer
            self._schema = (now, answer)
        return self._schema[1]

    async def _read_schema(self) -> tuple[bool | None, str]:
        try:
            schema = self._document(await self._client.get(SCHEMAS), SCHEMAS)
        except SourceError as error:
            return None, f"its schema could not be read ({error.title})"
        if not isinstance(get(schema, ENABLED_IN_SCHEMA[:3]), dict):
            return None, "the cluster serves no schema of Applications"
        known = isinstance(get(schema, ENABLED_IN_SCHEMA), dict)
        return known, "the schema of applications.argoproj.io" if known else "This Argo CD (by its schema)"

    async def tracking(self, home: str) -> Tracking:
        data = await self._config("argocd-cm", home)
        method = data.get("application.resourceTrackingMethod", "annotation")
        label = data.get("application.instanceLabelKey", "app.kubernetes.io/instance")
        return Tracking(label if "label" in method else "", home)

    async def parameters(self, home: str) -> Mapping[str, str] | None:
        """None where they may not be read; empty where there are none. Raises nothing."""
        try:
            return await self._config("argocd-cmd-params-cm", home)
        except Missing:
            return {}
        except SourceError:
            return None

    async def project(self, name: str, home: str) -> Document:
        return await self.read(Key(ARGOPROJ, "AppProject", home, name))

    async def all_of(
        self, group: str, kind: str, namespace: str = "", *, accept: str = "application/json"
    ) -> list[Document]:
        """Every object of a kind, in pages."""
        place = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
        path = f"{self._root(Key(group, kind, '', ''))}{place}/{PLURALS[kind]}"
        right = Right("list", group, PLURALS[kind], namespace)
        found: list[Document] = []
        more = ""
        while True:
            params = {"limit": str(PAGE)} | ({"continue": more} if more else {})
            page = self._document(await self._client.get(path, params, accept=accept, permission=right.words), path)
            items = page.get("items")
            found += [
                {**item, "kind": kind, "apiVersion": f"{group}/{VERSIONS[group]}"}
                for item in (items if isinstance(items, list) else ())
                if isinstance(item, dict)
            ]
            told = get(page, ("metadata", "continue"))
            more = told if isinstance(told, str) else ""
            if not more:
                return found

    async def serves(self, group: str) -> bool:
        """Whether the cluster knows the group: to list what it does not know may be forbidden as well."""
        try:
            await self._client.get(f"/apis/{group}")
        except Missing:
            return False
        return True

    async def metadata_of(self, group: str, kind: str) -> list[Document]:
        """Of every object only its metadata: thousands of them are looked through for one annotation."""
        return await self.all_of(group, kind, accept=METADATA)

    async def applications(self) -> list[Document]:
        """The metadata of all that may be listed: everywhere, else in Argo CD's usual namespace."""
        try:
            return await self.metadata_of(ARGOPROJ, "Application")
        except Forbidden:
            return await self.all_of(ARGOPROJ, "Application", Tracking().home, accept=METADATA)

    async def resync(self, home: str) -> timedelta | None:
        """How often Argo CD compares with Git by itself, with the most that its jitter adds. Raises nothing."""
        try:
            data = await self._config("argocd-cm", home)
            wait = duration(data.get("timeout.reconciliation") or RESYNC[0])
            return wait + duration(data.get("timeout.reconciliation.jitter") or RESYNC[1])
        except (SourceError, ValueError):
            return None

    async def close(self) -> None:
        await self._client.close()

    async def _config(self, name: str, home: str) -> Mapping[str, str]:
        path = f"/api/v1/namespaces/{quote(home, safe='')}/configmaps/{name}"
        data = self._document(await self._client.get_object(path), path).get("data")
        return {key: text for key, text in data.items() if isinstance(text, str)} if isinstance(data, dict) else {}

    def _right(self, target: Target, verb: str) -> Right:
        return Right(verb, target.group, target.plural, target.namespace, target.name)

    @staticmethod
    def _root(key: Key) -> str:
        return f"/apis/{key.group}/{VERSIONS[key.group]}"

    def _document(self, body: bytes, path: str) -> dict[str, Any]:
        try:
            found = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(f"Kubernetes {inert(self.server, 60)}", f"{path} is no JSON", "Try again.") from error
        if not isinstance(found, dict):
            raise BadAnswer(f"Kubernetes {inert(self.server, 60)}", f"{path} is no object", "Try again.")
        return found
