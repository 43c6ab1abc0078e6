"""flux-operator beside Flux: its definitions, its controller as a process, and ResourceSets that it really reconciles.

There for the length of a `with` block: a cluster without it must look as if there were no such thing.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.cluster.build import FLUX_OPERATOR, Binaries, build_all
from tests.cluster.cluster import Cluster
from tests.cluster.flux import NAMESPACE as FLUX
from tests.cluster.flux_seed import condition
from tests.cluster.identities import write_kubeconfig
from tests.cluster.pausing import until
from tests.cluster.pausing_flux import REQUESTED
from tests.cluster.processes import free_ports

NAMESPACE = "operated"
GROUP = "fluxcd.controlplane.io"
API = f"/apis/{GROUP}/v1/namespaces/{NAMESPACE}"
SETS = f"{API}/resourcesets"
PROVIDERS = f"{API}/resourcesetinputproviders"
TEAMS, PROGRAM, INSTANCE = "teams", "program", "flux"
"""A ResourceSet of plain templates, one whose template is a program, and the one FluxInstance that may be."""

MADE = ("blue", "red")
"""What the first makes a ConfigMap and a Deployment for: from its own inputs, and from those of its provider."""

RECONCILE, EVERY = f"{GROUP}/reconcile", f"{GROUP}/reconcileEvery"


@contextmanager
def operator(cluster: Cluster, report: Callable[[str], None] = lambda line: None) -> Iterator[None]:
    """There and ready; gone afterwards, definitions and all."""
    built = build_all(report, FLUX_OPERATOR)
    kinds = "---\n".join(Path(path).read_text() for name, path in built.files.items() if name.endswith(".yaml"))
    _apply(cluster, kinds)
    _apply(cluster, json.dumps({"apiVersion": "v1", "kind": "List", "items": _account()}))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s", context="alice")
    _start(cluster, built)
    try:
        _apply(cluster, json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects()}))
        for name in (TEAMS, PROGRAM):
            until(f"{name} is ready", partial(_is, cluster, SETS, name, "True"))
        instances = f"/apis/{GROUP}/v1/namespaces/{FLUX}/fluxinstances"
        until("the instance has no distribution to install", partial(_is, cluster, instances, INSTANCE, "False"))
        yield
    finally:
        for path in (SETS, PROVIDERS, f"/apis/{GROUP}/v1/namespaces/{FLUX}/fluxinstances"):
            cluster.kube.client.delete(path)
        for name in (TEAMS, PROGRAM):
            until(f"{name} is gone", partial(_gone, cluster, name))
        cluster.processes.end("flux-operator")
        crds = [f"{each}.{GROUP}" for each in ("resourcesets", "resourcesetinputproviders", "fluxreports")]
        instance = json.dumps({"metadata": {"finalizers": None}})
        cluster.kubectl(
            "-n", FLUX, "patch", "fluxinstance", INSTANCE, "--type=merge", "-p", instance, context="alice", check=False
        )
        cluster.kubectl("delete", "crd", *crds, f"fluxinstances.{GROUP}", "--timeout=30s", context="alice")
        cluster.kube.client.delete(f"/api/v1/namespaces/{NAMESPACE}")


def reconcile(cluster: Cluster, name: str) -> None:
    """One real reconciliation of a ResourceSet, asked for and waited for."""
    token = uuid.uuid4().hex
    patch = {"metadata": {"annotations": {REQUESTED: token}}}
    cluster.kube.merge(f"{SETS}/{name}", patch).raise_for_status()

    def handled() -> bool:
        status = read(cluster, name).get("status", {})
        return status.get("lastHandledReconcileAt") == token and _is(cluster, SETS, name, "True")

    until(f"{name} has reconciled", handled)


def read(cluster: Cluster, name: str) -> dict[str, Any]:
    found = cluster.kube.object(f"{SETS}/{name}")
    assert found is not None, name
    return found


def annotate(cluster: Cluster, kind: str, name: str, value: str | None) -> None:
    """As an operator suspends one by hand; None takes the annotation away."""
    word = f"{RECONCILE}={value}" if value else f"{RECONCILE}-"
    cluster.kubectl("-n", NAMESPACE, "annotate", "--overwrite", kind, name, word, context="alice")


def timeout_of(cluster: Cluster, team: str) -> str:
    found = cluster.kube.object(f"/api/v1/namespaces/{NAMESPACE}/configmaps/team-{team}") or {}
    return str(found["data"]["timeout"])


def _gone(cluster: Cluster, name: str) -> bool:
    return cluster.kube.object(f"{SETS}/{name}") is None


def _is(cluster: Cluster, path: str, name: str, word: str) -> bool:
    return condition(cluster, path, name) == word


def _apply(cluster: Cluster, text: str) -> None:
    cluster.kubectl("apply", "--server-side", "--field-manager=installer", "-f", "-", context="alice", stdin=text)


def _start(cluster: Cluster, built: Binaries) -> None:
    ports = free_ports(("metrics", "health"))
    config = cluster.state.data / "kubeconfigs" / "flux-operator"
    token = cluster.kube.service_account_token(FLUX, "flux-operator")
    write_kubeconfig(config, cluster.state, {"flux-operator": {"token": token}}, "flux-operator")
    command = [
        built["operator"], "--enable-leader-election=false", "--web-server-port=0",
        f"--metrics-addr=127.0.0.1:{ports['metrics']}", f"--health-addr=127.0.0.1:{ports['health']}",
        f"--storage-path={cluster.state.folder('flux-operator')}",
    ]  # fmt: skip
    # It starts only where Go's FIPS module is on.
    environment = {"KUBECONFIG": str(config), "RUNTIME_NAMESPACE": FLUX, "GODEBUG": "fips140=on", "GOMAXPROCS": "2"}
    cluster.processes.start("flux-operator", command, environment)


def _account() -> list[dict[str, Any]]:
    who = {"kind": "ServiceAccount", "name": "flux-operator", "namespace": FLUX}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "flux-operator", "namespace": FLUX}},
        {**binding, "metadata": {"name": "flux-operator"}, "roleRef": role, "subjects": [who]},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
    ]


def _objects() -> list[dict[str, Any]]:
    def of(kind: str, name: str, spec: dict[str, Any], namespace: str = NAMESPACE) -> dict[str, Any]:
        meta = {"name": name, "namespace": namespace, "annotations": {EVERY: "20m"}}
        return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": meta, "spec": spec}

    labels = {"app.kubernetes.io/name": "team-<< inputs.team >>"}
    image = "registry.example.com/teams/<< inputs.team >>:<< inputs.version >>"
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "team-<< inputs.team >>", "namespace": NAMESPACE},
        "data": {"timeout": "5s", "from": "<< inputs.provider.name >>"},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "team-<< inputs.team >>", "namespace": NAMESPACE},
        "spec": {
            "replicas": "<< inputs.replicas >>",
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": image}]}},
        },
    }
    inputs = {"team": "blue", "replicas": 2, "version": "1.4.0"}
    values = {"team": "red", "replicas": 1, "version": "2.0.1"}
    program = (
        "<<- range $n := list 1 2 >>\n---\napiVersion: v1\nkind: ConfigMap\n"
        f"metadata:\n  name: program-<< $n >>\n  namespace: {NAMESPACE}\n<<- end >>\n"
    )
    common = {"labels": {"cost-center": "cc-12"}}
    teams = {
        "commonMetadata": common,
        "inputs": [inputs],
        "inputsFrom": [{"name": TEAMS}],
        "resources": [settings, deployment],
    }
    distribution = {"version": "2.x", "registry": "registry.example.com/fluxcd"}
    return [
        of("ResourceSetInputProvider", TEAMS, {"type": "Static", "defaultValues": values}),
        of("ResourceSet", TEAMS, teams),
        of("ResourceSet", PROGRAM, {"inputs": [{"team": "x"}], "resourcesTemplate": program}),
        of("FluxInstance", INSTANCE, {"distribution": distribution}, FLUX),
    ]
