"""Kubernetes itself: etcd, API server, controllers, scheduler, and KWOK for the nodes and pods."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.cluster.build import KWOK_STAGES
from tests.cluster.identities import COMPONENTS, certificate_user, write_kubeconfig
from tests.cluster.kube import Kube
from tests.cluster.pki import Authority
from tests.cluster.processes import Processes
from tests.cluster.state import State

HERE = Path(__file__).parent
NODES = 3


class ControlPlane:
    """Starts the servers in the order in which they need each other. Raises `ServerDied` or `TimeoutError`."""

    def __init__(self, state: State, authority: Authority, processes: Processes) -> None:
        self._state = state
        self._authority = authority
        self._processes = processes
        self._server = authority.server("drifttui-cluster")

    def start(self) -> None:
        self._start_etcd()
        self._start_git()
        self._start_apiserver()
        for who in COMPONENTS:
            user = certificate_user(self._authority, who)
            write_kubeconfig(self._config(who.context), self._state, {who.context: user}, who.context)
        with Kube(self._state) as kube:
            self.wait_until("the API server is ready", lambda: _ready(kube))
        self._start_controllers()
        self.apply((HERE / "manifests" / "rbac.yaml").read_text())
        self.apply(_nodes())

    def apply(self, manifest: str, *extra: str, manager: str = "bootstrap") -> None:
        """Server-side, as the bootstrap administrator. Fields that the same `manager` no longer names are removed."""
        command = [self._state.binaries["kubectl"], "--kubeconfig", str(self._config("kubernetes-admin"))]
        command += [f"--cache-dir={self._state.data / 'tmp' / 'discovery'}", "apply"]
        command += ["--server-side", "--force-conflicts", f"--field-manager={manager}", *extra, "-f", "-"]
        done = subprocess.run(command, input=manifest, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"kubectl apply failed: {done.stderr[-2000:]}")

    def wait_until(self, what: str, done: Callable[[], bool], limit: float = 120.0) -> None:
        """Poll `done`, and notice at once when a server has died instead."""
        deadline = time.monotonic() + limit
        while not done():
            self._processes.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {limit:.0f} s until {what}")
            time.sleep(0.1)

    def _config(self, component: str) -> Path:
        return self._state.data / "kubeconfigs" / component

    def _port(self, name: str) -> str:
        return str(self._state.ports[name])

    def _start_etcd(self) -> None:
        client, peer = (f"{self._port(name)}" for name in ("etcd", "etcd-peer"))
        self._processes.start(
            "etcd",
            [
                self._state.binaries["etcd"],
                f"--data-dir={self._state.folder('etcd')}",
                f"--listen-client-urls=https://127.0.0.1:{client}",
                f"--advertise-client-urls=https://127.0.0.1:{client}",
                f"--listen-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-cluster=default=http://127.0.0.1:{peer}",
                f"--cert-file={self._server.certificate}",
                f"--key-file={self._server.key}",
                f"--trusted-ca-file={self._state.ca}",
                "--client-cert-auth",
                "--unsafe-no-fsync",
                "--log-level=warn",
            ],
        )

    def _start_git(self) -> None:
        root = str(self._state.folder("git"))
        command = [sys.executable, "-m", "tests.cluster.gitserver", root, self._port("git")]
        self._processes.start("git", command, {"PYTHONPATH": str(HERE.parents[1])})

    def _start_apiserver(self) -> None:
        signing = self._authority.signing_key("service-accounts")
        front = self._authority.client("front-proxy", file_name="front-proxy")
        self._state.folder("audit")
        self._processes.start(
            "kube-apiserver",
            [
                self._state.binaries["kube-apiserver"],
                "--bind-address=127.0.0.1",
                "--advertise-address=127.0.0.1",
                # An endpoint may not be a loopback address, so nobody may try to publish one.
                "--endpoint-reconciler-type=none",
                f"--secure-port={self._port('apiserver')}",
                f"--tls-cert-file={self._server.certificate}",
                f"--tls-private-key-file={self._server.key}",
                f"--client-ca-file={self._state.ca}",
                f"--requestheader-client-ca-file={self._state.ca}",
                "--requestheader-allowed-names=front-proxy",
                "--requestheader-username-headers=X-Remote-User",
                "--requestheader-group-headers=X-Remote-Group",
                "--requestheader-extra-headers-prefix=X-Remote-Extra-",
                f"--proxy-client-cert-file={front.certificate}",
                f"--proxy-client-key-file={front.key}",
                f"--etcd-servers=https://127.0.0.1:{self._port('etcd')}",
                f"--etcd-cafile={self._state.ca}",
                f"--etcd-certfile={self._server.certificate}",
                f"--etcd-keyfile={self._server.key}",
                "--authorization-mode=Node,RBAC",
                "--service-cluster-ip-range=10.96.0.0/16",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-signing-key-file={signing.key}",
                f"--service-account-key-file={signing.certificate}",
                f"--audit-policy-file={HERE / 'manifests' / 'audit-policy.yaml'}",
                f"--audit-log-path={self._state.audit_log}",
                "--audit-log-mode=blocking",
                # A cluster that is left running writes about a megabyte a minute.
                "--audit-log-maxsize=200",
                "--audit-log-maxbackup=3",
                "--profiling=false",
            ],
        )

    def _start_controllers(self) -> None:
        ca = self._authority.pair
        common = ["--bind-address=127.0.0.1", "--leader-elect=false", "--profiling=false"]
        for name in ("controller-manager", "scheduler"):
            config = self._config(f"kube-{name}")
            command = [self._state.binaries[f"kube-{name}"], *common, f"--kubeconfig={config}"]
            command += [f"--authentication-kubeconfig={config}", f"--authorization-kubeconfig={config}"]
            command += [f"--secure-port={self._port(name)}", f"--cert-dir={self._state.folder('pki')}"]
            if name == "controller-manager":
                command += [
                    # Each controller acts under its own name, so the audit log can tell them apart.
                    "--use-service-account-credentials",
                    f"--service-account-private-key-file={self._state.data / 'pki' / 'service-accounts.key'}",
                    f"--root-ca-file={self._state.ca}",
                    f"--cluster-signing-cert-file={ca.certificate}",
                    f"--cluster-signing-key-file={ca.key}",
                    "--horizontal-pod-autoscaler-sync-period=3s",
                ]
            self._processes.start(f"kube-{name}", command)
        self._processes.start(
            "kwok",
            [
                self._state.binaries["kwok"],
                f"--kubeconfig={self._config('kwok')}",
                "--manage-all-nodes",
                "--node-ip=127.0.0.1",
                f"--node-port={self._port('kwok')}",
                f"--server-address=127.0.0.1:{self._port('kwok')}",
                "--cidr=10.244.0.0/16",
                # Without leases the node controller would take every node for dead after forty seconds.
                "--node-lease-duration-seconds=40",
                f"--tls-cert-file={self._server.certificate}",
                f"--tls-private-key-file={self._server.key}",
                *(f"--config={self._state.binaries[name]}" for name in KWOK_STAGES),
            ],
        )


def _ready(kube: Kube) -> bool:
    try:
        return kube.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _nodes() -> str:
    """KWOK keeps whatever capacity a node declares, so declare a plausible one."""
    room = {"cpu": "32", "memory": "128Gi", "pods": "500"}
    items = [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": f"node-{number}",
                "labels": {"kubernetes.io/os": "linux", "topology.kubernetes.io/zone": f"zone-{number}"},
            },
            "status": {"allocatable": room, "capacity": room},
        }
        for number in range(1, NODES + 1)
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
