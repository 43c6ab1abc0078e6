"""The ways in which somebody does something: kubectl, a program of its own, a commit."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx

from tests.cluster.repository import Author
from tests.cluster.scenarios.model import Resource

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster


@dataclass(frozen=True)
class Kubectl:
    """One run of the real kubectl."""

    context: str
    arguments: Sequence[str]
    editor: str | None = None
    """A sed script that stands in for the person in `kubectl edit`."""

    def dry(self, context: str) -> Kubectl:
        """The same, asked of the server but not done, by somebody else."""
        return replace(self, context=context, arguments=[*self.arguments, "--dry-run=server"])

    def by(self, context: str) -> Kubectl:
        return replace(self, context=context)

    def run(self, cluster: Cluster, *, check: bool = True) -> None:
        cluster.kubectl(*self.arguments, context=self.context, editor=self.editor, check=check)


@dataclass(frozen=True)
class Apply:
    """Server-side apply by a program.

    Not by kubectl: it would first move every field of whoever owns the last-applied annotation, which is Argo CD, to
    the new manager, and so leave a trail that no controller leaves.
    """

    context: str
    resource: Resource
    manager: str
    document: Mapping[str, Any]
    dry_run: bool = False

    def dry(self, context: str) -> Apply:
        return replace(self, context=context, dry_run=True)

    def by(self, context: str) -> Apply:
        return replace(self, context=context)

    def run(self, cluster: Cluster, *, check: bool = True) -> None:
        query = {"fieldManager": self.manager} | ({"dryRun": "All"} if self.dry_run else {})
        identity = {"apiVersion": self.resource.api_version, "kind": self.resource.kind}
        metadata = {"name": self.resource.name, "namespace": self.resource.namespace}
        document = identity | dict(self.document)
        document["metadata"] = metadata | dict(self.document.get("metadata", {}))
        headers = {"Content-Type": "application/apply-patch+yaml", "User-Agent": f"{self.manager}/1.4.2"}
        answer = cluster.kube_as(self.context).client.patch(
            self.resource.path, params=query, content=json.dumps(document), headers=headers
        )
        if check:
            answer.raise_for_status()


@dataclass(frozen=True)
class Rewrite:
    """A controller reads the object and writes it back whole, unchanged.

    The body of its call holds the changed field, its time is the latest, and it is not the cause.
    """

    context: str
    resource: Resource

    def run(self, cluster: Cluster, *, check: bool = True) -> None:
        client = cluster.kube_as(self.context).client
        for _ in range(20):
            read = client.get(self.resource.path)
            answer = client.put(self.resource.path, json=read.json(), headers={"User-Agent": f"{self.context}/0.9.2"})
            if answer.status_code != 409:
                break
        if check:
            answer.raise_for_status()


@dataclass(frozen=True)
class Commit:
    """One text replaced in a unit's deployment, published, and brought to Argo CD's notice."""

    unit: str
    old: str
    new: str
    message: str
    author: Author

    def reverted(self) -> Commit:
        return replace(self, old=self.new, new=self.old, message=f'Revert "{self.message}"')

    def run(self, cluster: Cluster, *, check: bool = True) -> None:
        manifest = f"apps/{self.unit}/deployment.yaml"
        text = cluster.repository.read(manifest).replace(self.old, self.new, 1)
        cluster.repository.commit({manifest: text}, self.message, self.author)
        with suppress(httpx.TimeoutException):
            cluster.argocd().application(self.unit, refresh="normal")


@dataclass(frozen=True)
class Injection:
    """Waits until containers called `container` are added to the object, or no longer are.

    An admission policy acts, or stops, a moment after it was stored or removed. Asked with dry runs.
    """

    container: str
    resource: Resource
    on: bool

    def run(self, cluster: Cluster, *, check: bool = True) -> None:
        deadline = time.monotonic() + 30
        while self._acts(cluster) != self.on:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the injection of {self.container} never turned {'on' if self.on else 'off'}")
            time.sleep(0.2)

    def _acts(self, cluster: Cluster) -> bool:
        live = cluster.kube.object(self.resource.path) or {}
        others = [each for each in live["spec"]["template"]["spec"]["containers"] if each["name"] != self.container]
        without = {"spec": {"template": {"spec": {"containers": others}}}}
        answer = cluster.kube.merge(f"{self.resource.path}?dryRun=All", without)
        return answer.status_code == 200 and f'"name":"{self.container}"' in answer.text
