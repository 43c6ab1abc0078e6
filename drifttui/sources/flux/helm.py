"""What a Helm release declares: the manifest in its storage Secret.

Secret of type `helm.sh/release.v1`: `data.release` is base64 of base64 of gzip of JSON (helm
`pkg/storage/driver/util.go`, the same in v3 and v4). Hooks and `crds/` are not in the manifest, and a namespace that a
template left out is missing.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from ...clients.kube import KubeClient
from ...core.errors import BadAnswer, Missing
from . import manifests

UNPACKED_LIMIT = 64 * 1024 * 1024
_GZIP = b"\x1f\x8b\x08"


class Release(NamedTuple):
    name: str
    namespace: str
    version: int
    status: str
    objects: tuple[dict[str, Any], ...]
    hooks: int
    chart: str
    """`worker-0.3.0`"""


def secret_path(namespace: str, name: str, version: int) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.{name}.v{version}"


async def read(api: KubeClient, namespace: str, name: str, version: int) -> Release:
    """Raises `SourceError`: `Forbidden` names the right to read Secrets."""
    body = await api.get_object(secret_path(namespace, name, version), permission=f"get secrets in {namespace}")
    what = f"The release {name}.v{version}"
    try:
        stored = json.loads(body)["data"]["release"]
    except (ValueError, KeyError, TypeError):
        raise Missing(f"{what} holds no release", namespace, "What the chart declares is unknown.") from None
    return decoded(str(stored), what)


def decoded(stored: str, what: str) -> Release:
    """`stored` as the Secret's `data.release`. Raises `BadAnswer`, which quotes nothing: values may be secret."""
    try:
        inner = base64.b64decode(base64.b64decode(stored))
        if inner[:3] == _GZIP:
            unpacker = zlib.decompressobj(wbits=31)
            inner = unpacker.decompress(inner, UNPACKED_LIMIT)
            if unpacker.unconsumed_tail:
                raise BadAnswer(f"{what} is too large", f"more than {UNPACKED_LIMIT // 1_000_000} MB")
        found = json.loads(inner)
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise BadAnswer(
            f"{what} cannot be read", "it is not in Helm's format", "What it declares is unknown."
        ) from None
    if not isinstance(found, dict) or not isinstance(found.get("manifest"), str):
        raise BadAnswer(f"{what} cannot be read", "it holds no manifest", "What it declares is unknown.")
    info = _dict(found.get("info"))
    chart = _dict(_dict(found.get("chart")).get("metadata"))
    return Release(
        str(found.get("name") or ""),
        str(found.get("namespace") or ""),
        int(found.get("version") or 0),
        str(info.get("status") or ""),
        tuple(manifests.parse(found["manifest"], what)),
        len(found.get("hooks") or ()),
        f"{chart.get('name')}-{chart.get('version')}",
    )


def adopted(document: dict[str, Any], release: Release) -> dict[str, Any]:
    """With the label and annotations that Helm adds to everything that it installs."""
    metadata = dict(document["metadata"])
    metadata["labels"] = {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        "meta.helm.sh/release-name": release.name,
        "meta.helm.sh/release-namespace": release.namespace,
    }
    return {**document, "metadata": metadata}


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
