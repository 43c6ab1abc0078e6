"""Which path the API server keeps an object under."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from ...clients.kube import KubeClient
from ...core.errors import BadAnswer, Missing, SourceError
from .wire import Served, ServedList, decode


class Places:
    """Learned per group and version, kept for as long as the source lives; what was not served is asked for again."""

    def __init__(self, api: Callable[[], KubeClient]) -> None:
        self._api = api
        self._known: dict[str, Mapping[str, Served]] = {}

    async def of(self, document: Mapping[str, Any]) -> tuple[str, str]:
        """Path of the object and the words of a right to it (`deployments.apps in shop`). Raises `SourceError`."""
        version, kind = str(document.get("apiVersion") or ""), str(document.get("kind") or "")
        metadata = document.get("metadata") or {}
        name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or "")
        served = await self.served(version, kind)
        if served is None:
            raise Missing(f"{kind} is not served", version, "Its definition may not be installed yet.")
        bad = any(part in (".", "..") or "/" in part for part in (name, namespace)) or not name
        if bad or (served.namespaced and not namespace):
            raise BadAnswer(f"{kind}/{name} cannot be asked for", "its name or namespace is none that Kubernetes holds")
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        place = f"/namespaces/{quote(namespace, safe='')}" if served.namespaced else ""
        group = version.rpartition("/")[0]
        words = f"{served.name}.{group}" if group else served.name
        where = f" in {namespace}" if served.namespaced else ""
        return f"{root}{place}/{served.name}/{quote(name, safe='')}", f"{words}{where}"

    async def served(self, version: str, kind: str) -> Served | None:
        """None where this version of the group does not serve the kind. Raises `SourceError`."""
        held = self._known.get(version)
        if held is None or kind not in held:
            path = f"/apis/{version}" if "/" in version else f"/api/{version}"
            try:
                found = decode(await self._api().get(path), ServedList, path)
            except Missing:
                return None
            held = {one.kind: one for one in found.resources or () if "/" not in one.name}
            self._known[version] = held
        return held.get(kind)

    async def namespaced(self, version: str, kind: str) -> bool | None:
        """None where nobody can tell."""
        try:
            served = await self.served(version, kind)
        except SourceError:
            return None
        return served.namespaced if served else None
