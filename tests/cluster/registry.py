"""An OCI registry as its authors wrote it (distribution), on loopback, and pushing to it.

Pushed over plain HTTP as the distribution specification says: blobs first, each in one `PUT` to the place that the
registry names, then the manifest under its tag.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import httpx

from tests.cluster.build import REGISTRY, build_all
from tests.cluster.processes import free_ports

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
FLUX = ("application/vnd.cncf.flux.config.v1+json", "application/vnd.cncf.flux.content.v1.tar+gzip")
"""Media types of what `flux push artifact` makes: of its config and of its one layer."""

CHART = ("application/vnd.cncf.helm.config.v1+json", "application/vnd.cncf.helm.chart.content.v1.tar+gzip")
"""The same of `helm push`."""

_CONFIG = """
version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: "{storage}"}}
http:
  addr: "127.0.0.1:{port}"
"""


class Registry:
    """One registry in the data folder of a cluster. What was pushed stays while it is stopped."""

    def __init__(self, cluster: Cluster, report: Callable[[str], None] = lambda line: None) -> None:
        self._cluster = cluster
        self._program = build_all(report, REGISTRY)["registry"]
        self.address = f"127.0.0.1:{free_ports(('registry',))['registry']}"
        self._settings = cluster.state.folder("registry") / "config.yaml"
        port = self.address.rpartition(":")[2]
        self._settings.write_text(_CONFIG.format(storage=cluster.state.folder("registry-storage"), port=port))

    def start(self) -> None:
        """It listens a moment later; the first push waits for that."""
        command = [self._program, "serve", str(self._settings)]
        self._cluster.processes.start("registry", command, {"OTEL_TRACES_EXPORTER": "none"})

    def stop(self) -> None:
        self._cluster.processes.end("registry")

    def push(
        self, name: str, tag: str, layer: bytes, kinds: tuple[str, str], config: Mapping[str, str] | None = None
    ) -> str:
        """The digest of the manifest. `kinds` are the media types of config and layer. Raises `httpx.HTTPError`."""
        about = json.dumps(dict(config or {})).encode()
        transport = httpx.HTTPTransport(retries=6)
        with httpx.Client(base_url=f"http://{self.address}/v2/{name}/", transport=transport, timeout=10) as client:
            parts = [
                {"mediaType": kind, "digest": _blob(client, content), "size": len(content)}
                for kind, content in zip(kinds, (about, layer), strict=True)
            ]
            manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
            body = json.dumps(manifest).encode()
            answer = client.put(f"manifests/{tag}", content=body, headers={"Content-Type": MANIFEST})
            answer.raise_for_status()
            return answer.headers["Docker-Content-Digest"]


def archive(files: Mapping[str, str]) -> bytes:
    """A `.tar.gz`, the same bytes for the same files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(packed.getvalue(), mtime=0)


def _blob(client: httpx.Client, content: bytes) -> str:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    begun = client.post("blobs/uploads/")
    begun.raise_for_status()
    place = httpx.URL(begun.headers["Location"]).copy_merge_params({"digest": digest})
    client.put(place, content=content, headers={"Content-Type": "application/octet-stream"}).raise_for_status()
    return digest
