"""The archive that Flux applies from: fetched through the API server's proxy to source-controller, digest verified.

`status.artifact` (source.toolkit.fluxcd.io/v1): `url` names a Service inside the cluster, `digest` is `sha256:…` over
the archive.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from ...clients.artifact import unpack
from ...clients.kube import KubeClient
from ...core.errors import BadAnswer, Missing, inert

ARCHIVE_LIMIT = 50 * 1024 * 1024
"""Bytes, packed."""

KEPT = 8
KEPT_BYTES = 8 * 1024 * 1024

_HASHES = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


class Fetched(NamedTuple):
    files: Mapping[str, bytes]
    revision: str
    digest: str


class Artifacts:
    """Archives by digest, the newest few of a moderate size: many units share one."""

    def __init__(self) -> None:
        self._kept: dict[str, Fetched] = {}

    async def fetch(self, api: KubeClient, named: str, source: Mapping[str, Any]) -> Fetched:
        """As `fetch`, from memory where the digest is known."""
        artifact = (source.get("status") or {}).get("artifact") or {}
        held = self._kept.get(str(artifact.get("digest")))
        if held is not None:
            return held._replace(revision=str(artifact.get("revision") or ""))
        found = await fetch(api, named, source)
        if sum(map(len, found.files.values())) <= KEPT_BYTES:
            self._kept[found.digest] = found
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return found


async def fetch(api: KubeClient, named: str, source: Mapping[str, Any]) -> Fetched:
    """The archive of `source` (a whole source object), which messages call `named`. Raises `SourceError`."""
    status = source.get("status")
    artifact = status.get("artifact") if isinstance(status, dict) else None
    if not isinstance(artifact, dict) or not artifact.get("url"):
        raise Missing(f"{named} has no artifact", "nothing was fetched yet", "What Git declares is unknown until then.")
    path = proxied(str(artifact["url"]))
    algorithm, _, wanted = str(artifact.get("digest") or "").partition(":")
    known = _HASHES.get(algorithm)
    if known is None or not wanted:
        raise BadAnswer(f"The artifact of {named} is not used", f"its digest is of a kind not known here: {algorithm}")
    service = path.partition("/proxy/")[0].rpartition("/")[2]
    body = await api.get(path, accept="*/*", permission=f"get services/proxy {service}", body_limit=ARCHIVE_LIMIT)
    if known(body).hexdigest() != wanted:
        raise BadAnswer(
            f"The artifact of {named} is not used",
            "what was answered is not what its digest says",
            "source-controller may have replaced it meanwhile; look again.",
        )
    return Fetched(
        unpack(body, f"The artifact of {named}"), str(artifact.get("revision") or ""), f"{algorithm}:{wanted}"
    )


def proxied(url: str) -> str:
    """`http://SERVICE.NAMESPACE.svc…/PATH` as a path of the API server. Raises `BadAnswer` for any other address:
    only the cluster itself is asked."""
    parts = urlsplit(url)
    labels = (parts.hostname or "").rstrip(".").split(".")
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("http", "https") or len(labels) < 2 or (len(labels) > 2 and labels[2] != "svc"):
        raise BadAnswer("The artifact is not inside the cluster", inert(f"{parts.scheme}://{parts.hostname}", 120))
    service, namespace = labels[:2]
    if any(step in (".", "..") for step in parts.path.split("/")):
        raise BadAnswer("The artifact's path is none", inert(parts.path, 120))
    number = port or (443 if parts.scheme == "https" else 80)
    where = f"{parts.scheme}:{quote(service, safe='')}:{number}"
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/services/{where}/proxy{quote(parts.path)}"
