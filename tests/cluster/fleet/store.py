"""The store: two Kustomizations and a HelmRelease of a real Flux, beside the units of Argo CD."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import yaml

from tests.cluster import flux
from tests.cluster.cluster import Cluster
from tests.cluster.flux_seed import HELM_RELEASES, KUSTOMIZATIONS, condition, flux_repository, git_url, until
from tests.cluster.repository import ERIN, FRANK

NAMESPACE = "store"
FILES = Path(flux.__file__).parent / "flux_repo"
FOLDERS = ("apps/frontend", "apps/prices", "charts/worker")
SOURCE = {"kind": "GitRepository", "name": "store", "namespace": "flux-system"}


def _kustomization(name: str, path: str) -> dict[str, object]:
    return {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": {"interval": "30m", "path": path, "prune": True, "targetNamespace": NAMESPACE, "sourceRef": SOURCE},
    }


def _objects(url: str) -> list[dict[str, object]]:
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "store", "namespace": "flux-system"},
            "spec": {"interval": "10m", "url": url, "ref": {"branch": "main"}},
        },
        _kustomization("frontend", "./apps/frontend"),
        _kustomization("prices", "./apps/prices/live"),
        {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"name": "mailer", "namespace": NAMESPACE},
            "spec": {
                "interval": "30m",
                "driftDetection": {"mode": "warn"},
                "chart": {"spec": {"chart": "./charts/worker", "reconcileStrategy": "Revision", "sourceRef": SOURCE}},
                "values": {"image": "registry.example.com/store/mailer:5.1.0", "replicas": 2},
            },
        },
    ]


def install(cluster: Cluster, say: Callable[[str], None]) -> None:
    """Flux and its three units, ready."""
    flux.start(cluster, say)
    files: dict[str, str | None] = {
        str(path.relative_to(FILES)): path.read_text()
        for folder in FOLDERS
        for path in sorted((FILES / folder).rglob("*"))
        if path.is_file()
    }
    repository = flux_repository(cluster)
    repository.create()
    repository.commit({name: text for name, text in files.items() if "charts" in name}, "A chart for workers", FRANK)
    repository.commit(files, "The store, by Flux", ERIN)
    text = "---\n".join(yaml.safe_dump(each, sort_keys=False) for each in _objects(git_url(cluster)))
    cluster.kubectl("apply", "-f", "-", context="alice", stdin=text)
    wanted = [(KUSTOMIZATIONS, "frontend"), (KUSTOMIZATIONS, "prices"), (HELM_RELEASES, "mailer")]
    until(
        cluster, "the store is ready", lambda: all(condition(cluster, *each) == "True" for each in wanted), limit=240.0
    )
