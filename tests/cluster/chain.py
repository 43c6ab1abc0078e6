"""Owners across engines: a Kustomization of Flux applies an Application of Argo CD, which creates a Deployment.

What Flux applies is in a repository of its own, and its Git declares the automation of the Application, so that a pause
of the Application alone is put back when Flux reconciles.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.cluster.cluster import Cluster
from tests.cluster.flux_seed import GIT_REPOSITORIES, KUSTOMIZATIONS, condition
from tests.cluster.pausing import API, until
from tests.cluster.pausing_flux import REQUESTED, kustomization
from tests.cluster.repository import FRANK, Repository

ROOT, CHILD, NAMESPACE = "chain-root", "chain-web", "chain"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
IMAGE = "registry.example.com/chain/web:1.4.0"


def _deployment() -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": CHILD}
    container = {"name": "web", "image": IMAGE, "env": [{"name": "LOG_LEVEL", "value": "info"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": CHILD, "namespace": NAMESPACE},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _application(cluster: Cluster) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": CHILD,
            "namespace": "argocd",
            "annotations": {"argocd.argoproj.io/manifest-generate-paths": "."},
        },
        "spec": {
            "project": "default",
            "source": {"repoURL": cluster.state.git_url, "targetRevision": "main", "path": f"apps/{CHILD}"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": NAMESPACE},
            "syncPolicy": {"automated": {"enabled": True, "prune": True}, "syncOptions": ["CreateNamespace=true"]},
        },
    }


@contextmanager
def chained(cluster: Cluster) -> Iterator[None]:
    """There and synced; gone afterwards, with what they made."""
    cluster.repository.create()
    cluster.repository.commit({f"apps/{CHILD}/deployment.yaml": json.dumps(_deployment())}, "A deployment", FRANK)
    above = Repository(cluster.state.data / "git", "chain")
    above.create()
    above.commit({f"root/{CHILD}.yaml": json.dumps(_application(cluster))}, "Argo CD deploys it", FRANK)
    source = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": ROOT, "namespace": "flux-system"},
        "spec": {
            "interval": "10m",
            "url": cluster.state.git_url.replace("platform.git", "chain.git"),
            "ref": {"branch": "main"},
        },
    }
    root = kustomization(ROOT, "root", sourceRef={"kind": "GitRepository", "name": ROOT})
    items = {"apiVersion": "v1", "kind": "List", "items": [source, root]}
    cluster.kubectl("apply", "-f", "-", context="alice", stdin=json.dumps(items))
    try:
        until(f"{ROOT} is ready", lambda: condition(cluster, KUSTOMIZATIONS, ROOT) == "True")
        until(f"{CHILD} is synced", partial(_synced, cluster, "Synced"))
        yield
    finally:
        client = cluster.kube.client
        for path in (f"{KUSTOMIZATIONS}/{ROOT}", f"{GIT_REPOSITORIES}/{ROOT}", f"{API}/applications/{CHILD}"):
            client.delete(path)
        client.delete(f"/api/v1/namespaces/{NAMESPACE}")
        until(f"{CHILD} is gone", lambda: cluster.kube.object(f"{API}/applications/{CHILD}") is None)


def drift(cluster: Cluster) -> None:
    """A hotfix by hand, in the object at the end of the chain; returns when Argo CD has seen it."""
    image = f"web={IMAGE}-hotfix"
    cluster.kubectl("-n", NAMESPACE, "set", "image", f"deployment/{CHILD}", image, context="alice")
    until(f"{CHILD} differs", partial(_synced, cluster, "OutOfSync"))


def application(cluster: Cluster) -> dict[str, Any]:
    found = cluster.kube.object(f"{API}/applications/{CHILD}")
    assert found is not None
    return found


def automated(cluster: Cluster) -> dict[str, Any]:
    """The policy of the Application as it is now."""
    found: dict[str, Any] = application(cluster)["spec"]["syncPolicy"]["automated"]
    return found


def reconcile(cluster: Cluster) -> None:
    """Flux applies the Application once more, asked for and waited for."""
    token = uuid.uuid4().hex
    patch = {"metadata": {"annotations": {REQUESTED: token}}}
    cluster.kube.merge(f"{KUSTOMIZATIONS}/{ROOT}", patch).raise_for_status()

    def handled() -> bool:
        status = (cluster.kube.object(f"{KUSTOMIZATIONS}/{ROOT}") or {}).get("status", {})
        done = condition(cluster, KUSTOMIZATIONS, ROOT) == "True" and condition(
            cluster, KUSTOMIZATIONS, ROOT, "Reconciling"
        ) in ("", "False")
        return done and status.get("lastHandledReconcileAt") == token

    until(f"{ROOT} has reconciled", handled)


def _synced(cluster: Cluster, word: str) -> bool:
    found = cluster.kube.object(f"{API}/applications/{CHILD}") or {}
    return bool(found.get("status", {}).get("sync", {}).get("status") == word)
