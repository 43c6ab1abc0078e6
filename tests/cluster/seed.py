"""The units: manifests committed to Git by people, and the Applications that point there."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from tests.cluster.repository import ERIN, FRANK, RELEASE_BOT

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

HERE = Path(__file__).parent
UNITS = 19
"""Applications that exist once the ApplicationSet and the app of apps have made their children."""


def seed(cluster: Cluster, report: Callable[[str], None] = lambda line: None) -> None:
    """Commit, apply, and wait until Argo CD has synced every unit. Does nothing that was already done."""
    began = time.monotonic()
    publish(cluster)
    apply_applications(cluster)
    report(f"waiting for {UNITS} units")
    cluster.argocd().sync("reports", "team-blue")
    wait_until_settled(cluster)
    timings = dict(cluster.state.timings) | {"seed": time.monotonic() - began}
    cluster.state = cluster.state.but(seeded=True, timings=timings)


def publish(cluster: Cluster) -> None:
    """Two people and a program have worked on this repository, so that history has more than one author."""
    cluster.repository.create()
    files = {str(path.relative_to(HERE)): path.read_text() for path in sorted((HERE / "apps").rglob("*.yaml"))}
    files = {name: Template(text).safe_substitute(GIT_URL=cluster.state.git_url) for name, text in files.items()}
    ours = {name: text for name, text in files.items() if "/edge-" in name or "/platform" in name or "/dns" in name}
    cluster.repository.commit({"README.md": "Manifests of every unit.\n"}, "Begin", RELEASE_BOT)
    cluster.repository.commit(ours, "Edge proxies and platform services", FRANK)
    cluster.repository.commit(files, "Shop and payments\n\nReviewed-by: Frank Meyer <frank@example.com>", ERIN)


def apply_applications(cluster: Cluster) -> None:
    text = (HERE / "manifests" / "applications.yaml").read_text()
    manifest = Template(text).safe_substitute(GIT_URL=cluster.state.git_url)
    cluster.kubectl("apply", "-f", "-", context="alice", stdin=manifest)


def wait_until_settled(cluster: Cluster, limit: float = 120.0) -> None:
    """Until every unit is synced and healthy. Raises `TimeoutError` naming those that are not."""
    argocd = cluster.argocd()
    deadline = time.monotonic() + limit
    while True:
        found = argocd.applications()
        states = {each["metadata"]["name"]: _state(each) for each in found}
        waiting = [f"{name} ({', '.join(state)})" for name, state in states.items() if state != ("Synced", "Healthy")]
        if len(found) >= UNITS and not waiting:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {limit:.0f} s {len(found)} units exist and these wait: {', '.join(waiting)}")
        cluster.processes.check()
        time.sleep(0.5)


def _state(application: Mapping[str, Any]) -> tuple[str, str]:
    """Sync and health, empty as long as Argo CD has not looked at it."""
    status = application.get("status", {})
    return status.get("sync", {}).get("status", ""), status.get("health", {}).get("status", "")
