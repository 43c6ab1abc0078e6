"""List keys and defaults of kinds, from the cluster's own OpenAPI v3.

`/openapi/v3` names one document per group and version; the address of each holds the hash of its content, so what was
taken out of one stays true for as long as it is named (kubernetes.io/docs/concepts/overview/kubernetes-api).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ...clients.kube import KubeClient
from ...core.schema import from_openapi
from .discovery import Discovery
from .wire import SchemaIndex, decode

INDEX = "/openapi/v3"
GroupKind = tuple[str, str]


class KindSchema(NamedTuple):
    """Of one kind; paths as in `Inspection.list_keys` and `Inspection.defaults`."""

    list_keys: Mapping[str, tuple[str, ...]]
    defaults: Mapping[str, object]


class Schemas:
    """Keeps what was taken out of the documents, not the documents: one is megabytes."""

    def __init__(self, client: KubeClient, discovery: Discovery) -> None:
        self._client = client
        self._discovery = discovery
        self._known: dict[tuple[str, GroupKind], KindSchema] = {}
        self._lock = asyncio.Lock()

    async def read(self, group_kinds: Sequence[GroupKind]) -> dict[str, KindSchema]:
        """Keyed `group/Kind`. Kinds that the cluster does not serve are left out. Raises `SourceError`."""
        wanted: dict[str, list[GroupKind]] = {}
        for group, kind in dict.fromkeys(group_kinds):
            if served := await self._discovery.find(group, kind):
                prefix = "apis" if group else "api"
                wanted.setdefault(f"{prefix}/{served.api_version}", []).append((group, kind))
        found: dict[str, KindSchema] = {}
        if not wanted:
            return found
        async with self._lock:
            index = decode(await self._client.get(INDEX, permission=f"get {INDEX}"), SchemaIndex, INDEX)
            for place, kinds in wanted.items():
                if entry := (index.paths or {}).get(place):
                    url = entry.server_relative_url
                    await self._learn(url, [kind for kind in kinds if (url, kind) not in self._known])
                    found |= {f"{g}/{k}": self._known[url, (g, k)] for g, k in kinds}
        return found

    async def _learn(self, url: str, kinds: Sequence[GroupKind]) -> None:
        if not kinds:
            return
        address = urlsplit(url)
        body = await self._client.get(address.path, dict(parse_qsl(address.query)), permission=f"get {INDEX}")
        document: dict[str, Any] = decode(body, dict, address.path)
        list_keys, defaults = from_openapi(document, kinds)
        for group, kind in kinds:
            name = f"{group}/{kind}"
            self._known[url, (group, kind)] = KindSchema(list_keys.get(name, {}), defaults.get(name, {}))
