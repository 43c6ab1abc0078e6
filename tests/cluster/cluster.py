"""The one way to get a control plane: start one, or attach to one that another process started."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.argo import ArgoCD
from tests.cluster.argoapi import ArgoAPI
from tests.cluster.audit import AuditLog
from tests.cluster.build import build_all
from tests.cluster.control_plane import ControlPlane
from tests.cluster.identities import (
    DEFAULT_CONTEXT,
    PEOPLE,
    certificate_user,
    write_kubeconfig,
)
from tests.cluster.kube import Kube
from tests.cluster.pki import Authority
from tests.cluster.processes import Processes, Watchdog, free_ports, marked
from tests.cluster.repository import Repository
from tests.cluster.state import PORTS, State

Report = Callable[[str], None]


def _silent(_line: str) -> None:
    """Say nothing."""


class Cluster:
    """A running control plane. Everything that a scenario or a test needs hangs off it."""

    def __init__(self, state: State, watchdog: Watchdog | None = None) -> None:
        self.state = state
        self.processes = Processes(state.data, state.processes)
        self.kube = Kube(state)
        self.audit = AuditLog(state.audit_log)
        self.repository = Repository(state.data / "git")
        self._watchdog = watchdog
        self._argocd: dict[str, ArgoAPI] = {}
        self._people: dict[str, Kube] = {}

    @classmethod
    def start(cls, data: Path, *, owned: bool, report: Report = _silent, argocd: bool = True) -> Cluster:
        """Build what is missing and start everything. An `owned` cluster ends with this process, however that ends."""
        binaries = build_all(report)
        began = time.monotonic()
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if data.stat().st_uid != os.getuid():
            raise PermissionError(f"{data} belongs to somebody else")
        if any(data.iterdir()):
            raise FileExistsError(f"{data} holds something else, which stopping the cluster would remove")
        files = {name: str(path) for name, path in binaries.files.items()}
        state = State(data, free_ports(PORTS), dict(binaries.versions), files).write()
        watchdog = Watchdog(data) if owned else None
        # Written down at each start, so that even a half-started cluster can be ended by another process.
        processes = Processes(data, on_start=lambda started: state.but(processes=started))
        try:
            authority = Authority(state.folder("pki"))
            report("starting Kubernetes")
            plane = ControlPlane(state, authority, processes)
            plane.start()
            with Kube(state) as kube:
                _write_people(state, authority, kube)
                state.folder("tokens")
                if argocd:
                    report("starting Argo CD")
                    ArgoCD(state, plane, processes, kube).start()
        except BaseException:
            processes.stop()
            if watchdog:
                watchdog.release()
            raise
        ready = state.but(processes=processes.started, timings={"servers": time.monotonic() - began})
        cluster = cls(ready, watchdog)
        cluster.processes = processes
        if owned:
            atexit.register(cluster.stop)
        return cluster

    @classmethod
    def attach(cls, data: Path) -> Cluster | None:
        """The cluster in `data` when all of its servers are alive; None when there is none, or only the rest of one."""
        state = State.read(data)
        if state is None or not state.processes:
            return None
        processes = Processes(data, state.processes)
        if not all(processes.alive(each) for each in state.processes) or not state.kubeconfig.exists():
            return None
        return cls(state)

    def stop(self) -> None:
        """End every process and remove the data folder. Safe to call twice, and on what is left of a crash."""
        apis: list[Kube | ArgoAPI] = [self.kube, *self._people.values(), *self._argocd.values()]
        for each in apis:
            each.client.close()
        self.processes.stop()
        stop(self.state.data)
        if self._watchdog:
            self._watchdog.release()
            self._watchdog = None

    @property
    def has_flux(self) -> bool:
        return "flux" in self.state.versions

    def argocd(self, account: str = "operator") -> ArgoAPI:
        if account not in self._argocd:
            self._argocd[account] = ArgoAPI(self.state, account)
        return self._argocd[account]

    def kube_as(self, context: str) -> Kube:
        """The API server as one of the people or programs of the kubeconfig."""
        if context not in self._people:
            self._people[context] = Kube(self.state, context)
        return self._people[context]

    def kubectl(
        self, *arguments: str, context: str, stdin: str | None = None, editor: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """The real kubectl as a person runs it, so that user agent and field manager are the real ones.

        `editor` is a sed script that does the typing in `kubectl edit`.
        """
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.state.data)}
        if editor:
            environment["KUBE_EDITOR"] = f"sed -i -e '{editor}'"
        command = [self.state.binaries["kubectl"], "--kubeconfig", str(self.state.kubeconfig), "--context", context]
        done = subprocess.run(
            [*command, *arguments], input=stdin, env=environment, capture_output=True, text=True, check=False
        )
        if check and done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)} as {context}: {done.stderr.strip()}")
        return done

    def start_command(self) -> str:
        """What a person types to point `drifttui` at this cluster."""
        return (
            f"drifttui --kubeconfig {self.state.kubeconfig} --argocd-server {self.state.argocd_url} "
            f"--argocd-token-file {self.state.token_file('operator')} --argocd-ca-file {self.state.ca}"
        )


def stop(data: Path) -> int:
    """End the cluster of `data`, or what is left of it. Returns how many processes survived, which should be none."""
    state = State.read(data)
    Processes(data, state.processes if state else ()).stop()
    left = marked(data)
    if state is not None and not left:
        shutil.rmtree(data, ignore_errors=True)
    return len(left)


@contextmanager
def running_cluster(report: Report = _silent, *, seeded: bool = True, argocd: bool = True) -> Iterator[Cluster]:
    """A cluster for the length of a `with` block. It shares nothing with the person's but the built binaries."""
    from tests.cluster.seed import seed

    data = Path(tempfile.mkdtemp(prefix="drifttui-cluster-test-"))
    cluster = Cluster.start(data, owned=True, report=report, argocd=argocd)
    try:
        if seeded and argocd:
            seed(cluster, report)
        yield cluster
    finally:
        cluster.stop()


def _write_people(state: State, authority: Authority, kube: Kube) -> None:
    users = {}
    for who in PEOPLE:
        if who.service_account:
            users[who.context] = {"token": kube.service_account_token(*who.service_account)}
        else:
            users[who.context] = certificate_user(authority, who)
    write_kubeconfig(state.kubeconfig, state, users, DEFAULT_CONTEXT)


def describe(cluster: Cluster) -> str:
    """Addresses and files of a running cluster, as JSON lines that a person can read."""
    state = cluster.state
    flux = {"flux": f"controllers {state.versions['flux']}, in flux-system"} if cluster.has_flux else {}
    facts = {
        "kubernetes": f"{state.versions['kubernetes']} at {state.api_url}",
        "argocd": f"{state.versions['argocd']} at {state.argocd_url}",
        **flux,
        "git": state.git_url,
        "kubeconfig": str(state.kubeconfig),
        "ca": str(state.ca),
        "tokens": str(state.data / "tokens"),
        "audit log": str(state.audit_log),
    }
    return json.dumps(facts, indent=1)
