"""Units of Flux whose sources are no Git: an OCI artifact, a bucket of S3, a chart in a registry by either way.

Each makes one ConfigMap, called like the unit, whose source says that it has a timeout of 5s.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from moto.server import ThreadedMotoServer

from tests.cluster.cluster import Cluster
from tests.cluster.flux_seed import KUSTOMIZATIONS, condition
from tests.cluster.pausing import settings_of, until
from tests.cluster.pausing_flux import REQUESTED
from tests.cluster.processes import free_ports
from tests.cluster.registry import CHART, FLUX, Registry, archive

NAMESPACE = "depot"
ARTIFACT, BUCKET, REFERRED, CHARTED = "depot-artifact", "depot-bucket", "depot-referred", "depot-charted"
"""From an OCIRepository, a Bucket, a chart by `chartRef` to an OCIRepository, one of a HelmRepository of type oci."""

UNITS = (ARTIFACT, BUCKET, REFERRED, CHARTED)
RELEASES = (REFERRED, CHARTED)
SOURCES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system"
HELM_RELEASES = f"/apis/helm.toolkit.fluxcd.io/v2/namespaces/{NAMESPACE}/helmreleases"
CHART_NAME, CHART_VERSION, TAG = "settings", "0.1.0", "1.0.0"
KEY_ID, SECRET_KEY = "depot-key", "example-secret-key-of-the-bucket"

SOURCE_OF = {
    ARTIFACT: f"{SOURCES}/ocirepositories/{ARTIFACT}",
    BUCKET: f"{SOURCES}/buckets/{BUCKET}",
    REFERRED: f"{SOURCES}/ocirepositories/{REFERRED}",
    CHARTED: f"{SOURCES}/helmcharts/{NAMESPACE}-{CHARTED}",
}
"""What is fetched for each. helm-controller makes the chart of the last one."""


class Store:
    """S3 as moto serves it."""

    def __init__(self) -> None:
        self.port = free_ports(("s3",))["s3"]
        self._server: ThreadedMotoServer | None = None

    def start(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def put(self, bucket: str, name: str, text: str) -> None:
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET_KEY,
            config=Config(s3={"addressing_style": "path"}, proxies={}),
        )
        client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key=name, Body=text.encode())
        client.close()


@contextmanager
def depot(cluster: Cluster, registry: Registry, store: Store) -> Iterator[None]:
    """There and ready, both servers running; gone afterwards, with what they made."""
    _fill(registry, store)
    documents = [*_sources(registry, store), *_units()]
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    items = {"apiVersion": "v1", "kind": "List", "items": [home, *documents]}
    cluster.kubectl("apply", "-f", "-", context="alice", stdin=json.dumps(items))
    try:
        for name in UNITS:
            until(f"{name} is ready", partial(_ready, cluster, name))
        yield
    finally:
        client = cluster.kube.client
        for name in UNITS:
            client.delete(f"{path_of(name)}/{name}")
        for name in UNITS:
            until(f"{name} is gone", partial(_gone, cluster, name))
        for document in documents:
            kind = {"OCIRepository": "ocirepositories", "Bucket": "buckets", "HelmRepository": "helmrepositories"}
            if plural := kind.get(document["kind"]):
                client.delete(f"{SOURCES}/{plural}/{document['metadata']['name']}")
        client.delete(f"/api/v1/namespaces/flux-system/secrets/{BUCKET}")
        client.delete(f"/api/v1/namespaces/{NAMESPACE}")


def path_of(name: str) -> str:
    return HELM_RELEASES if name in RELEASES else KUSTOMIZATIONS


def ask(cluster: Cluster, name: str) -> None:
    """What the unit `name` is fetched from is fetched now, as `flux reconcile source` asks for it."""
    patch = {"metadata": {"annotations": {REQUESTED: uuid.uuid4().hex}}}
    cluster.kube.merge(SOURCE_OF[name], patch).raise_for_status()


def fetched(cluster: Cluster, name: str) -> str:
    """`True` or `False`, as its source says of itself."""
    path, _, source = SOURCE_OF[name].rpartition("/")
    return condition(cluster, path, source)


def _fill(registry: Registry, store: Store) -> None:
    def settings(name: str) -> str:
        made = json.loads(settings_of(name))
        made["metadata"]["namespace"] = NAMESPACE
        return json.dumps(made)

    registry.push("fleet/depot", TAG, archive({"app/settings.yaml": settings(ARTIFACT)}), FLUX)
    store.put("depot", "app/settings.yaml", settings(BUCKET))
    about = {"apiVersion": "v2", "name": CHART_NAME, "version": CHART_VERSION}
    chart = {
        f"{CHART_NAME}/Chart.yaml": json.dumps(about),
        f"{CHART_NAME}/templates/settings.yaml": settings_of("{{ .Release.Name }}"),
    }
    registry.push(f"charts/{CHART_NAME}", CHART_VERSION, archive(chart), CHART, about)


def _sources(registry: Registry, store: Store) -> list[dict[str, Any]]:
    def source(kind: str, name: str, **spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": "flux-system"},
            "spec": {"interval": "10m", "insecure": True, "timeout": "5s", **spec},
        }

    url = f"oci://{registry.address}"
    keys = {"accesskey": KEY_ID, "secretkey": SECRET_KEY}
    meta = {"name": BUCKET, "namespace": "flux-system"}
    chart = {"mediaType": CHART[1], "operation": "copy"}
    charts = f"{url}/charts"
    return [
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": keys},
        source("OCIRepository", ARTIFACT, url=f"{url}/fleet/depot", ref={"tag": TAG}),
        source(
            "OCIRepository", REFERRED, url=f"{charts}/{CHART_NAME}", ref={"tag": CHART_VERSION}, layerSelector=chart
        ),
        source("HelmRepository", CHARTED, type="oci", url=charts),
        source(
            "Bucket",
            BUCKET,
            provider="generic",
            endpoint=f"127.0.0.1:{store.port}",
            bucketName="depot",
            secretRef={"name": BUCKET},
        ),
    ]


def _units() -> list[dict[str, Any]]:
    def kustomization(name: str, kind: str) -> dict[str, Any]:
        spec = {"interval": "10m", "path": "./app", "prune": True, "sourceRef": {"kind": kind, "name": name}}
        return {
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": name, "namespace": "flux-system"},
            "spec": spec,
        }

    def release(name: str, **spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "helm.toolkit.fluxcd.io/v2",
            "kind": "HelmRelease",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"interval": "10m", "driftDetection": {"mode": "enabled"}, **spec},
        }

    # A range: an exact version that was fetched once is asked of no registry again.
    repository = {"kind": "HelmRepository", "name": CHARTED, "namespace": "flux-system"}
    chart = {"chart": CHART_NAME, "version": "0.1.x", "sourceRef": repository}
    return [
        kustomization(ARTIFACT, "OCIRepository"),
        kustomization(BUCKET, "Bucket"),
        release(REFERRED, chartRef={"kind": "OCIRepository", "name": REFERRED, "namespace": "flux-system"}),
        release(CHARTED, chart={"spec": chart}),
    ]


def _ready(cluster: Cluster, name: str) -> bool:
    return condition(cluster, path_of(name), name) == "True"


def _gone(cluster: Cluster, name: str) -> bool:
    return cluster.kube.object(f"{path_of(name)}/{name}") is None
