"""Units of Flux: a repository of their own, a parent with children, Helm releases, and sources that fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from tests.cluster.repository import ERIN, FRANK, Repository

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

HERE = Path(__file__).parent
KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations"
HELM_RELEASES = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/store/helmreleases"
GIT_REPOSITORIES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories"

READY = ("estate", "calendar", "frontend", "backend", "prices", "notices", "heals", "adrift")
RELEASED = ("mailer", "indexer", "reporter")
FAILING = "sealed"
"""It holds a Secret that nobody here can decrypt."""


def seed(cluster: Cluster, report: Callable[[str], None] = lambda line: None) -> None:
    """Commit, apply, wait until all that can be ready is; then one source goes away and one unit is suspended."""
    began = time.monotonic()
    files = {
        str(path.relative_to(HERE / "flux_repo")): path.read_text()
        for path in sorted((HERE / "flux_repo").rglob("*"))
        if path.is_file()
    }
    repository = flux_repository(cluster)
    repository.create()
    repository.commit({name: text for name, text in files.items() if "charts" in name}, "A chart for workers", FRANK)
    repository.commit(files, "The store, by Flux", ERIN)
    text = (HERE / "manifests" / "flux-units.yaml").read_text()
    filled = Template(text).substitute(GIT_URL=git_url(cluster), DEAD_PORT=str(cluster.state.ports["dead"]))
    cluster.kubectl("apply", "-f", "-", context="alice", stdin=filled)
    report(f"waiting for {len(READY) + len(RELEASED)} units of Flux")
    until(cluster, "every unit of Flux is ready", lambda: all(map(bool, _ready(cluster))))
    gone = {"spec": {"url": git_url(cluster).replace("fleet.git", "gone.git")}}
    cluster.kube.merge(f"{GIT_REPOSITORIES}/moved", gone).raise_for_status()
    cluster.kubectl(
        "-n", "flux-system", "patch", "kustomization", "notices", "--type=merge", "-p", '{"spec":{"suspend":true}}',
        context="alice",
    )  # fmt: skip
    until(
        cluster, "the source that went away is missed", lambda: condition(cluster, GIT_REPOSITORIES, "moved") == "False"
    )
    until(cluster, "what is sealed fails", lambda: _failed(cluster, KUSTOMIZATIONS, FAILING))
    cluster.state = cluster.state.but(timings=dict(cluster.state.timings) | {"flux seed": time.monotonic() - began})


def git_url(cluster: Cluster) -> str:
    return cluster.state.git_url.replace("platform.git", "fleet.git")


def flux_repository(cluster: Cluster) -> Repository:
    return Repository(cluster.state.data / "git", "fleet")


def condition(cluster: Cluster, path: str, name: str, kind: str = "Ready") -> str:
    """`True`, `False`, `Unknown`, or empty where it is not there (yet)."""
    found: Mapping[str, Any] = cluster.kube.object(f"{path}/{name}") or {}
    conditions = found.get("status", {}).get("conditions", [])
    return next((str(each["status"]) for each in conditions if each["type"] == kind), "")


def until(cluster: Cluster, what: str, done: Callable[[], bool], limit: float = 120.0) -> None:
    """Raises `TimeoutError`."""
    deadline = time.monotonic() + limit
    while not done():
        cluster.processes.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit:.0f} s until {what}")
        time.sleep(0.3)


def _ready(cluster: Cluster) -> list[bool]:
    wanted = [(KUSTOMIZATIONS, name) for name in READY] + [(HELM_RELEASES, name) for name in RELEASED]
    return [condition(cluster, path, name) == "True" for path, name in wanted]


def _failed(cluster: Cluster, path: str, name: str) -> bool:
    return condition(cluster, path, name) == "False"
