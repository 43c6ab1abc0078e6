"""What the API server says about Flux: kinds, units, sources, an artifact through its proxy, refusals."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cluster import flux_seed
from tests.cluster.recorder.exchange import Tape
from tests.cluster.recorder.scrub import Scrubber

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

GROUPS = ("kustomize.toolkit.fluxcd.io/v1", "helm.toolkit.fluxcd.io/v2", "source.toolkit.fluxcd.io/v1")
SOURCES = "/apis/source.toolkit.fluxcd.io/v1"
LISTS = {
    "kustomizations": "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations",
    "helmreleases": "/apis/helm.toolkit.fluxcd.io/v2/helmreleases",
    **{
        kind: f"{SOURCES}/{kind}"
        for kind in (
            "gitrepositories", "ocirepositories", "buckets", "helmrepositories", "helmcharts", "externalartifacts"
        )
    },
}  # fmt: skip


def record(cluster: Cluster, folder: Path, report: Callable[[str], None] = lambda line: None) -> int:
    """Replace `flux` in `folder`. Returns the size in bytes. Raises `Leak` when a secret would be published."""
    shutil.rmtree(folder / "flux", ignore_errors=True)
    scrubber = Scrubber(cluster)
    tape = Tape(folder, scrubber)
    client = cluster.kube_as("drifttui-readonly").client
    report("asking about Flux")
    for group in (*GROUPS, "fluxcd.controlplane.io/v1"):
        tape.get(client, f"flux/groups/{group.partition('/')[0]}", f"/apis/{group.partition('/')[0]}")
    for name, path in LISTS.items():
        tape.get(client, f"flux/{name}", path)
    version = client.get(LISTS["kustomizations"]).json()["metadata"]["resourceVersion"]
    watch = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version, "timeoutSeconds": "8"}
    with tape.listening(client, "flux/watch", LISTS["kustomizations"], watch):
        for suspended in (True, False):
            patch = {"spec": {"suspend": suspended}}
            cluster.kube.merge(f"{flux_seed.KUSTOMIZATIONS}/calendar", patch).raise_for_status()
    for name in (*flux_seed.READY, flux_seed.FAILING):
        tape.get(client, f"flux/units/{name}", f"{flux_seed.KUSTOMIZATIONS}/{name}")
    for name in flux_seed.RELEASED:
        tape.get(client, f"flux/units/{name}", f"{flux_seed.HELM_RELEASES}/{name}")
    for name in ("fleet", "moved"):
        tape.get(client, f"flux/sources/{name}", f"{flux_seed.GIT_REPOSITORIES}/{name}")
    tape.get(client, "flux/variables", "/api/v1/namespaces/flux-system/configmaps/cluster-facts")
    home = "/api/v1/namespaces"
    tape.get(client, "flux/refused/variables", f"{home}/flux-system/secrets/cluster-secrets")
    tape.get(client, "flux/refused/release", f"{home}/store/secrets/sh.helm.release.v1.mailer.v1")
    _artifact(cluster, tape)
    files = [path for path in (folder / "flux").rglob("*.json") if path.is_file()]
    scrubber.check(files)
    return sum(path.stat().st_size for path in files)


def _artifact(cluster: Cluster, tape: Tape) -> None:
    """Bytes, so as base64: changed by nobody, for their digest is in the source's status."""
    client = cluster.kube_as("drifttui-readonly").client
    status = client.get(f"{flux_seed.GIT_REPOSITORIES}/fleet").json()["status"]["artifact"]
    path = f"/api/v1/namespaces/flux-system/services/http:source-controller:80/proxy/{status['path']}"
    answer = client.get(path)
    answer.raise_for_status()
    document = {"method": "GET", "path": path, "status": 200, "body_base64": base64.b64encode(answer.content).decode()}
    tape.write("flux/artifact.json", json.dumps(document, indent=1) + "\n")
