"""Units of their own for pauses: one alone, one of an ApplicationSet, one of an app of apps. All heal themselves, and
both owners put automation back, so that a pause which does not hold is seen not to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx

from drifttui.core.ledger import canonical
from tests.cluster.cluster import Cluster
from tests.cluster.repository import FRANK

API = "/apis/argoproj.io/v1alpha1/namespaces/argocd"
NAMESPACE = "pausing"
REFRESH_SET = "argocd.argoproj.io/application-set-refresh"
ALONE, OF_SET, NESTED, ROOT, SET = "pausing-alone", "pausing-set-eu", "pausing-nested", "pausing-root", "pausing-set"
LIMIT = 60.0
ASKED = ("argocd.argoproj.io/refresh", "argocd.argoproj.io/hydrate")
"""What Argo CD leaves on an Application that was asked to reconcile, as these tests do."""


def application(cluster: Cluster, name: str, folder: str = "", **automated: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": "argocd",
            "annotations": {"argocd.argoproj.io/manifest-generate-paths": "."},
        },
        "spec": spec(cluster, folder or name, **automated),
    }


def spec(cluster: Cluster, folder: str, **automated: Any) -> dict[str, Any]:
    return {
        "project": "platform",
        "source": {"repoURL": cluster.state.git_url, "targetRevision": "main", "path": f"apps/{folder}"},
        "destination": {
            "server": "https://kubernetes.default.svc",
            "namespace": "argocd" if folder == ROOT else NAMESPACE,
        },
        "syncPolicy": {"automated": {"selfHeal": True, **automated}, "syncOptions": ["CreateNamespace=true"]},
    }


def settings_of(name: str) -> str:
    return json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"timeout": "5s"}}, indent=1
    )


@contextmanager
def pausing_units(cluster: Cluster) -> Iterator[None]:
    """There and synced; gone afterwards, with what they made."""
    names = (ALONE, OF_SET, NESTED)
    # What its Git says counts: a parent puts back only what its manifest names.
    child = application(cluster, NESTED, prune=True, enabled=True)
    files: dict[str, str | None] = {f"apps/{name}/settings.yaml": settings_of(name) for name in names}
    files[f"apps/{ROOT}/{NESTED}.yaml"] = json.dumps(child, indent=1)
    cluster.repository.commit(files, "Units that are paused", FRANK)
    generated = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": SET, "namespace": "argocd"},
        "spec": {
            "generators": [{"list": {"elements": [{"region": "eu"}]}}],
            "template": {
                "metadata": {"name": "pausing-set-{{region}}"},
                "spec": spec(cluster, OF_SET, prune=True, enabled=True),
            },
        },
    }
    client = cluster.kube.client
    client.post(f"{API}/applications", json=application(cluster, ALONE, prune=True)).raise_for_status()
    client.post(f"{API}/applications", json=application(cluster, ROOT, prune=True)).raise_for_status()
    client.post(f"{API}/applicationsets", json=generated).raise_for_status()
    try:
        for name in (*names, ROOT):
            until(f"{name} is synced", partial(_settled, cluster, name))
        # Its controller writes the whole object anew, in its own spelling, when it is asked to reconcile.
        reconcile(cluster, sets=(SET,))
        yield
    finally:
        client.delete(f"{API}/applicationsets/{SET}")
        for name in (ROOT, NESTED, OF_SET, ALONE):
            client.delete(f"{API}/applications/{name}")
        client.delete(f"/api/v1/namespaces/{NAMESPACE}")
        cluster.repository.commit(dict.fromkeys(files), "No units that are paused any more", FRANK)


def read(cluster: Cluster, name: str, plural: str = "applications") -> dict[str, Any]:
    found = cluster.kube.object(f"{API}/{plural}/{name}")
    assert found is not None, name
    return found


def fingerprint(cluster: Cluster) -> dict[str, bytes]:
    """Byte for byte: the whole spec and what operators write into metadata, of every unit and owner."""
    found = {}
    for name, plural in (*((n, "applications") for n in (ALONE, OF_SET, NESTED, ROOT)), (SET, "applicationsets")):
        held = read(cluster, name, plural)
        metadata = held["metadata"]
        kept = {key: metadata.get(key) for key in ("uid", "labels", "finalizers", "ownerReferences")}
        notes = {k: v for k, v in metadata.get("annotations", {}).items() if not k.startswith(ASKED)}
        kept |= {"annotations": notes or None}
        found[f"{plural}/{name}"] = canonical({"spec": held["spec"], "metadata": kept})
    return found


def change(cluster: Cluster, name: str, value: str) -> None:
    """A hotfix by hand, through the real kubectl."""
    patch = json.dumps({"data": {"timeout": value}})
    cluster.kubectl("-n", NAMESPACE, "patch", "configmap", name, "--type=merge", "-p", patch, context="alice")


def value(cluster: Cluster, name: str) -> str:
    found = cluster.kube.object(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{name}")
    return str(found["data"]["timeout"]) if found else ""


def reconcile(cluster: Cluster, *applications: str, sets: tuple[str, ...] = ()) -> None:
    """One real reconciliation of each, owners first: asked for, and waited for."""
    for name in sets:
        cluster.kube.merge(
            f"{API}/applicationsets/{name}", {"metadata": {"annotations": {REFRESH_SET: "true"}}}
        ).raise_for_status()
        until(f"{name} has reconciled", partial(_refreshed, cluster, name))
    for name in applications:
        before = cluster.argocd().application(name)["status"].get("reconciledAt")
        until(f"{name} has reconciled", partial(_compared_since, cluster, name, before))


def _refreshed(cluster: Cluster, name: str) -> bool:
    """The controller takes the annotation off when it has reconciled."""
    return REFRESH_SET not in read(cluster, name, "applicationsets")["metadata"].get("annotations", {})


def _compared_since(cluster: Cluster, name: str, before: str | None) -> bool:
    """On a busy machine a refresh may be answered never: the next look tells whether it happened."""
    argocd = cluster.argocd()
    try:
        found = argocd.application(name, refresh="normal")
    except httpx.TimeoutException:
        found = argocd.application(name)
    return bool(found["status"]["reconciledAt"] != before)


def until(what: str, ask: Callable[[], Any], limit: float = LIMIT) -> Any:
    deadline = time.monotonic() + limit
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit:.0f} s until {what}")
        time.sleep(0.2)
    return answer


def _settled(cluster: Cluster, name: str) -> bool:
    found = cluster.kube.object(f"{API}/applications/{name}")
    status = (found or {}).get("status", {})
    quiet = found is not None and "operation" not in found
    return quiet and status.get("sync", {}).get("status") == "Synced" and bool(status.get("history") or name == ROOT)
