"""The units on a control plane of their own, and the ways in which people touch them.

The clusters are as many addresses of one API server, each registered with Argo CD and in the kubeconfig under a
name of its own, and each through a forwarder that can be cut, so that a cluster can really go away.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.cluster.cluster import Cluster, running_cluster
from tests.cluster.forwarder import Forwarder
from tests.cluster.repository import ERIN, FRANK, RELEASE_BOT

from .declared import CLUSTERS, SERVICES, application_set, manifests


class Fleet:
    """The units and what happens to them. `at(service, cluster)` is the namespace of one unit."""

    def __init__(self, cluster: Cluster, forwarders: Mapping[str, Forwarder]) -> None:
        self.cluster = cluster
        self.forwarders = forwarders

    @staticmethod
    def at(service: str, cluster: str) -> str:
        return f"{service}-{cluster}"

    def register(self) -> None:
        """The clusters in Argo CD, as `argocd cluster add` would write them."""
        self.cluster.kubectl("-n", "kube-system", "create", "serviceaccount", "argocd-manager", context="alice")
        self.cluster.kubectl(
            "create", "clusterrolebinding", "argocd-manager", "--clusterrole=cluster-admin",
            "--serviceaccount=kube-system:argocd-manager", context="alice",
        )  # fmt: skip
        token = self.cluster.kube.service_account_token("kube-system", "argocd-manager")
        authority = base64.b64encode(self.cluster.state.ca.read_bytes()).decode()
        secrets = [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {
                    "name": f"cluster-{name}",
                    "namespace": "argocd",
                    "labels": {"argocd.argoproj.io/secret-type": "cluster", "env": CLUSTERS[name]},
                },
                "stringData": {
                    "name": name,
                    "server": forwarder.url,
                    "config": json.dumps({"bearerToken": token, "tlsClientConfig": {"caData": authority}}),
                },
            }
            for name, forwarder in self.forwarders.items()
        ]
        self._apply(secrets)

    def kubeconfig(self, path: Path) -> Path:
        """One context per cluster, as alice."""
        document = yaml.safe_load(self.cluster.state.kubeconfig.read_text())
        user = next(each["user"] for each in document["users"] if each["name"] == "alice")
        ca = str(self.cluster.state.ca)
        document |= {
            "current-context": "prod-eu-west-1",
            "clusters": [
                {"name": name, "cluster": {"server": forwarder.url, "certificate-authority": ca}}
                for name, forwarder in self.forwarders.items()
            ],
            "contexts": [{"name": name, "context": {"cluster": name, "user": "alice"}} for name in self.forwarders],
            "users": [{"name": "alice", "user": user}],
        }
        path.write_text(yaml.safe_dump(document))
        path.chmod(0o600)
        return path

    def create(self, say: Callable[[str], None], limit: float = 900.0) -> None:
        repository = self.cluster.repository
        repository.create()
        repository.commit({"README.md": "Manifests of every unit.\n"}, "Begin", RELEASE_BOT)
        for author, names in ((ERIN, list(SERVICES)[:8]), (FRANK, list(SERVICES)[8:])):
            files: dict[str, str | None] = {}
            for name in names:
                folders = (
                    [f"{name}/{env}" for env in ("prod", "staging", "dev")] if name == "recommendations" else [name]
                )
                files |= {f"fleet/{folder}/{name}.yaml": manifests(name) for folder in folders}
            repository.commit(files, f"Services of team {SERVICES[names[0]][1]}", author)
        self._apply([application_set(service, self.cluster.state.git_url) for service in SERVICES])
        synced: set[str] = set()
        ends = time.monotonic() + limit
        while True:
            found = self.cluster.argocd().applications()
            for each in found:
                name = each["metadata"]["name"]
                if name.startswith("pricing") and name not in synced:
                    self.cluster.argocd().sync(name)
                    synced.add(name)
            settled = sum(
                each.get("status", {}).get("sync", {}).get("status") == "Synced"
                and each.get("status", {}).get("health", {}).get("status") == "Healthy"
                for each in found
            )
            say(f"{settled} of {len(SERVICES) * len(CLUSTERS)} units settled")
            if settled == len(SERVICES) * len(CLUSTERS):
                return
            if time.monotonic() > ends:
                raise TimeoutError(f"only {settled} units settled in {limit:.0f} s")
            time.sleep(5)

    def _apply(self, objects: list[dict[str, Any]]) -> None:
        text = "---\n".join(yaml.safe_dump(each, sort_keys=False) for each in objects)
        self.cluster.kubectl("apply", "-f", "-", context="alice", stdin=text)

    def do(self, who: str, service: str, cluster: str, *arguments: str, editor: str | None = None) -> None:
        """One kubectl call in the namespace of one unit."""
        self.cluster.kubectl("-n", self.at(service, cluster), *arguments, context=who, editor=editor)

    def pause(self, service: str, cluster: str) -> None:
        """What the Argo CD UI does when somebody switches auto-sync off."""
        self.cluster.kubectl(
            "-n", "argocd", "patch", "application", self.at(service, cluster), "--type=merge",
            "-p", '{"spec":{"syncPolicy":{"automated":{"enabled":false}}}}', context="alice",
        )  # fmt: skip

    def release(self, service: str, image: str, message: str) -> None:
        """A commit, and Argo CD has seen it everywhere."""
        self.cluster.repository.commit({f"fleet/{service}/{service}.yaml": manifests(service, image)}, message, ERIN)
        self.refresh(service)

    def refresh(self, *services: str) -> None:
        for name in (self.at(service, cluster) for service in services for cluster in CLUSTERS):
            with suppress(httpx.TimeoutException):  # It was asked; on a busy machine nobody waits for the answer.
                self.cluster.argocd().application(name, refresh="normal")


@contextmanager
def fleet(say: Callable[[str], None]) -> Iterator[Fleet]:
    with running_cluster(say, seeded=False) as cluster:
        forwarders = {name: Forwarder(cluster.state.ports["apiserver"]) for name in CLUSTERS}
        try:
            made = Fleet(cluster, forwarders)
            made.register()
            made.create(say)
            yield made
        finally:
            for forwarder in forwarders.values():
                forwarder.close()
