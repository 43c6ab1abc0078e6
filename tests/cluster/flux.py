"""Flux: its own definitions, its four controllers as processes, on a control plane that is up.

Started only where somebody asks for it, on a cluster that may already run Argo CD.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from tests.cluster.build import FLUX, build_all
from tests.cluster.identities import FLUX as ACCOUNTS
from tests.cluster.identities import write_kubeconfig
from tests.cluster.processes import free_ports

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

HERE = Path(__file__).parent
NAMESPACE = "flux-system"
SERVED = "source-controller.flux-system.svc.cluster.local."
"""What artifacts are called by, as in a real cluster; the controllers are told where that really is."""

CONTROLLERS = ("notification", "source", "kustomize", "helm")
PORTS = (
    *("flux-storage", "flux-events", "flux-receiver"),
    *(f"flux-{name}-{what}" for name in CONTROLLERS for what in ("metrics", "health")),
)


def start(cluster: Cluster, report: Callable[[str], None] = lambda line: None) -> None:
    """Definitions, rights and controllers; does nothing where they run already. Builds what is missing."""
    if cluster.has_flux:
        return
    began = time.monotonic()
    built = build_all(report, FLUX)
    cluster.state = cluster.state.but(
        ports=dict(cluster.state.ports) | free_ports(PORTS),
        versions=dict(cluster.state.versions) | dict(built.versions),
        binaries=dict(cluster.state.binaries) | {name: str(path) for name, path in built.files.items()},
    )
    report("starting Flux")
    _install(cluster)
    for who in ACCOUNTS:
        token = cluster.kube.service_account_token(NAMESPACE, who.context)
        write_kubeconfig(_config(cluster, who.context), cluster.state, {who.context: {"token": token}}, who.context)
    for name, arguments in _commands(cluster).items():
        cluster.processes.start(name, [cluster.state.binaries[name], *arguments], _environment(cluster, name))
    timings = dict(cluster.state.timings) | {"flux": time.monotonic() - began}
    cluster.state = cluster.state.but(processes=cluster.processes.started, timings=timings)


def host_address() -> str:
    """An address of this machine that is not loopback: the API server proxies to no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            found = str(probe.getsockname()[0])
        except OSError:
            found = socket.gethostbyname(socket.gethostname())
    if found.startswith("127."):
        raise RuntimeError("this machine has no address but loopback, to which no API server proxies")
    return found


def _install(cluster: Cluster) -> None:
    kinds = [path for name, path in cluster.state.binaries.items() if name.startswith("flux-")]
    text = "---\n".join(Path(path).read_text() for path in kinds)
    _apply(cluster, text)
    ours = Template((HERE / "manifests" / "flux.yaml").read_text())
    filled = ours.substitute(HOST_IP=host_address(), STORAGE_PORT=str(cluster.state.ports["flux-storage"]))
    _apply(cluster, filled)
    address = host_address()
    running = {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")],
    }
    answer = cluster.kube.merge(f"/api/v1/namespaces/{NAMESPACE}/pods/source-controller/status", {"status": running})
    answer.raise_for_status()
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s", context="alice")


def _apply(cluster: Cluster, text: str) -> None:
    arguments = ("apply", "--server-side", "--force-conflicts", "--field-manager=flux-install", "-f", "-")
    cluster.kubectl(*arguments, context="alice", stdin=text)


def _config(cluster: Cluster, component: str) -> Path:
    return cluster.state.data / "kubeconfigs" / component


def _commands(cluster: Cluster) -> dict[str, list[str]]:
    port = cluster.state.ports
    storage = cluster.state.folder("flux-storage")

    def common(name: str) -> list[str]:
        return [
            "--enable-leader-election=false",
            "--log-level=info",
            f"--metrics-addr=127.0.0.1:{port[f'flux-{name}-metrics']}",
            f"--health-addr=127.0.0.1:{port[f'flux-{name}-health']}",
        ]

    events = f"http://127.0.0.1:{port['flux-events']}/"
    return {
        "notification-controller": [
            *common("notification"),
            f"--events-addr=127.0.0.1:{port['flux-events']}",
            f"--receiverAddr=127.0.0.1:{port['flux-receiver']}",
        ],
        "source-controller": [
            *common("source"), f"--events-addr={events}", f"--storage-path={storage}",
            f"--storage-addr={host_address()}:{port['flux-storage']}", f"--storage-adv-addr={SERVED}",
        ],
        "kustomize-controller": [*common("kustomize"), f"--events-addr={events}", "--requeue-dependency=2s"],
        "helm-controller": [*common("helm"), f"--events-addr={events}", "--requeue-dependency=2s"],
    }  # fmt: skip


def _environment(cluster: Cluster, component: str) -> dict[str, str]:
    return {
        "KUBECONFIG": str(_config(cluster, component)),
        "RUNTIME_NAMESPACE": NAMESPACE,
        "SOURCE_CONTROLLER_LOCALHOST": f"{host_address()}:{cluster.state.ports['flux-storage']}",
        "GOMAXPROCS": str(min(4, os.cpu_count() or 1)),
    }
