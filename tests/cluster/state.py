"""What one cluster is: where its files are, which ports it took, which processes it runs."""

from __future__ import annotations

import json
import os
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tests.cluster.processes import Process

PORTS = (
    "etcd", "etcd-peer", "apiserver", "controller-manager", "scheduler", "kwok", "git", "redis",
    "argocd", "argocd-metrics", "repo-server", "repo-server-metrics", "controller-metrics",
    "applicationset-metrics", "applicationset-probe", "applicationset-webhook", "dead",
)  # fmt: skip
"""`dead` is a port on which nothing ever listens: the broken cluster of the kubeconfig."""


@dataclass(frozen=True)
class State:
    """Written to `state.json` after every change, so that another process can attach, stop or clean up."""

    data: Path
    ports: Mapping[str, int]
    versions: Mapping[str, str]
    binaries: Mapping[str, str]
    processes: Sequence[Process] = ()
    seeded: bool = False
    timings: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, data: Path) -> State | None:
        try:
            raw = json.loads((data / "state.json").read_text())
        except FileNotFoundError:
            return None
        processes = [Process(**each) for each in raw.pop("processes")]
        return cls(**raw | {"data": Path(raw["data"]), "processes": processes})

    def write(self) -> State:
        content = json.dumps(asdict(self) | {"data": str(self.data)}, indent=1)
        handle, path = tempfile.mkstemp(dir=self.data)
        with os.fdopen(handle, "w") as file:
            file.write(content)
        Path(path).replace(self.data / "state.json")
        return self

    def but(self, **changes: object) -> State:
        return replace(self, **changes).write()  # type: ignore[arg-type]

    @property
    def api_url(self) -> str:
        return f"https://127.0.0.1:{self.ports['apiserver']}"

    @property
    def argocd_url(self) -> str:
        return f"https://127.0.0.1:{self.ports['argocd']}"

    @property
    def git_url(self) -> str:
        """Of the repository that holds every manifest."""
        return f"http://127.0.0.1:{self.ports['git']}/platform.git"

    @property
    def ca(self) -> Path:
        return self.data / "pki" / "ca.crt"

    @property
    def kubeconfig(self) -> Path:
        """The person's kubeconfig: one context per identity, and one for the cluster that does not answer."""
        return self.data / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        return self.data / "audit" / "audit.log"

    def token_file(self, account: str) -> Path:
        return self.data / "tokens" / f"{account}.token"

    def folder(self, name: str) -> Path:
        path = self.data / name
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path


def default_data() -> Path:
    """The person's cluster: one per user, found again by `down` and `status`."""
    chosen = os.environ.get("DRIFTTUI_CLUSTER_DATA_DIR")
    return Path(chosen) if chosen else Path(tempfile.gettempdir()) / f"drifttui-cluster-{os.getuid()}"


def trusting(state: State) -> ssl.SSLContext:
    """A context that trusts this cluster's own authority and nobody else."""
    return ssl.create_default_context(cafile=str(state.ca))
