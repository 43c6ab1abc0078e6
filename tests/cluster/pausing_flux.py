"""Units of Flux for pauses: a Kustomization alone, one whose parent declares `suspend: false`, and a HelmRelease.

They come from a repository of their own, so that nothing else of the cluster is reconciled for them. They are
reconciled when they are asked to be (`reconcile.fluxcd.io/requestedAt`, as `flux reconcile` does), or at their interval
of ten minutes. Each makes one ConfigMap, called like the unit, which Git says has a timeout of 5s.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from drifttui.core.ledger import canonical
from tests.cluster.cluster import Cluster
from tests.cluster.flux_seed import GIT_REPOSITORIES, KUSTOMIZATIONS, condition
from tests.cluster.pausing import NAMESPACE, settings_of, until
from tests.cluster.repository import FRANK, Repository

ALONE, DECLARED, RELEASE, PARENT = "pausing-alone", "pausing-declared", "pausing-release", "pausing-parent"
UNITS = (ALONE, DECLARED, RELEASE)
REPOSITORY = "pausing"
HELM_RELEASES = f"/apis/helm.toolkit.fluxcd.io/v2/namespaces/{NAMESPACE}/helmreleases"
REQUESTED = "reconcile.fluxcd.io/requestedAt"
"""The mark that asking leaves; Flux's own, and none of ours."""
RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile"
_LOGS = {KUSTOMIZATIONS: "kustomize-controller", HELM_RELEASES: "helm-controller"}


def kustomization(name: str, folder: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system", "labels": {"team": "pausing"}},
        "spec": {
            "interval": "10m",
            "path": f"./{folder}",
            "prune": True,
            "sourceRef": {"kind": "GitRepository", "name": REPOSITORY},
            **spec,
        },
    }


def _release() -> dict[str, Any]:
    chart = {
        "chart": "./chart",
        "reconcileStrategy": "Revision",
        "sourceRef": {"kind": "GitRepository", "name": REPOSITORY, "namespace": "flux-system"},
    }
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": RELEASE, "namespace": NAMESPACE},
        "spec": {"interval": "10m", "driftDetection": {"mode": "enabled"}, "chart": {"spec": chart}},
    }


def _files() -> dict[str, str | None]:
    made = {name: json.loads(settings_of(name)) for name in (ALONE, DECLARED)}
    for each in made.values():
        each["metadata"]["namespace"] = NAMESPACE
    return {
        **{f"apps/{name}/settings.yaml": json.dumps(each) for name, each in made.items()},
        f"parent/{DECLARED}.yaml": json.dumps(kustomization(DECLARED, f"apps/{DECLARED}", suspend=False)),
        "chart/Chart.yaml": json.dumps({"apiVersion": "v2", "name": "settings", "version": "0.1.0"}),
        "chart/templates/settings.yaml": settings_of("{{ .Release.Name }}"),
    }


@contextmanager
def pausing_units(cluster: Cluster) -> Iterator[None]:
    """There and ready; gone afterwards, with what they made."""
    repository = Repository(cluster.state.data / "git", REPOSITORY)
    repository.create()
    repository.commit(_files(), "Units that are paused", FRANK)
    source = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": REPOSITORY, "namespace": "flux-system"},
        "spec": {
            "interval": "10m",
            "url": cluster.state.git_url.replace("platform.git", f"{REPOSITORY}.git"),
            "ref": {"branch": "main"},
        },
    }
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    alone, parent = kustomization(ALONE, f"apps/{ALONE}"), kustomization(PARENT, "parent")
    items = {"apiVersion": "v1", "kind": "List", "items": [home, source, alone, parent, _release()]}
    cluster.kubectl("apply", "-f", "-", context="alice", stdin=json.dumps(items))
    try:
        for name in (*UNITS, PARENT):
            until(f"{name} is ready", partial(_ready, cluster, name))
        yield
    finally:
        client = cluster.kube.client
        # Deleted while suspended, a unit leaves what it made behind; the namespace takes that along.
        for name in (PARENT, DECLARED, ALONE, RELEASE):
            client.delete(f"{_path(name)}/{name}")
        for name in (PARENT, DECLARED, ALONE, RELEASE):
            until(f"{name} is gone", partial(_gone, cluster, name))
        client.delete(f"{GIT_REPOSITORIES}/{REPOSITORY}")
        client.delete(f"/api/v1/namespaces/{NAMESPACE}")


def read(cluster: Cluster, name: str) -> dict[str, Any]:
    found = cluster.kube.object(f"{_path(name)}/{name}")
    assert found is not None, name
    return found


def fingerprint(cluster: Cluster) -> dict[str, bytes]:
    """Byte for byte: the whole spec and what operators write into metadata, of every unit and of the parent."""
    found = {}
    for name in (*UNITS, PARENT):
        held = read(cluster, name)
        metadata = held["metadata"]
        kept = {key: metadata.get(key) for key in ("uid", "labels", "finalizers", "ownerReferences")}
        notes = {key: text for key, text in metadata.get("annotations", {}).items() if key != REQUESTED}
        found[name] = canonical({"spec": held["spec"], "metadata": {**kept, "annotations": notes or None}})
    return found


def reconcile(cluster: Cluster, name: str) -> str:
    """One real reconciliation, asked for and waited for: `done`, or `suspended`, as its controller logs it."""
    path, token = _path(name), uuid.uuid4().hex
    log = cluster.state.data / "logs" / f"{_LOGS[path]}.log"
    start = log.stat().st_size
    patch = {"metadata": {"annotations": {REQUESTED: token}}}
    cluster.kube.merge(f"{path}/{name}", patch).raise_for_status()

    def answer() -> str:
        # It marks a request as handled in either case, after it has logged that the object is suspended.
        if read(cluster, name).get("status", {}).get("lastHandledReconcileAt") != token:
            return ""
        with log.open("rb") as lines:
            lines.seek(start)
            if any(_says_suspended(line, name) for line in lines):
                return "suspended"
        return "done" if condition(cluster, path, name) == "True" else ""

    return str(until(f"{name} has reconciled", answer))


def resume_by_hand(cluster: Cluster, name: str, manager: str, *, to: bool | None) -> None:
    """As `flux resume` does, or an editor: `suspend` set to false, or (None) taken out."""
    resource = "helmrelease" if name == RELEASE else "kustomization"
    namespace = NAMESPACE if name == RELEASE else "flux-system"
    patch = json.dumps({"spec": {"suspend": to}})
    arguments = ("-n", namespace, "patch", resource, name, "--type=merge", "-p", patch, f"--field-manager={manager}")
    cluster.kubectl(*arguments, context="breakglass-carol")


def _says_suspended(line: bytes, name: str) -> bool:
    if b"suspended for this object" not in line:
        return False
    try:
        return bool(json.loads(line).get("name") == name)
    except ValueError:
        return False


def _path(name: str) -> str:
    return HELM_RELEASES if name == RELEASE else KUSTOMIZATIONS


def _ready(cluster: Cluster, name: str) -> bool:
    return condition(cluster, _path(name), name) == "True"


def _gone(cluster: Cluster, name: str) -> bool:
    return cluster.kube.object(f"{_path(name)}/{name}") is None
