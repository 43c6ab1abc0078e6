"""Which paths a cluster serves a kind under."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote

from ...clients.kube import KubeClient
from ...core.errors import BadAnswer, SourceError
from ...core.ports import Clock
from .wire import DiscoveredGroup, DiscoveryAnswer, LegacyResources, decode

AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"
    "application/json"
)
"""One answer for all groups (since 1.27); an older server falls back to the last form, a list without resources."""

KEPT = timedelta(minutes=10)
"""A cluster seldom learns new kinds."""

ASK_AGAIN = timedelta(seconds=30)
"""For a kind that was not there: its CRD may just have been installed."""


FAILED_FOR = timedelta(seconds=5)
"""A failure to read answers everybody who asks meanwhile: a hundred objects of a dead cluster must not wait for a
hundred timeouts one after the other."""


class Served(NamedTuple):
    """One kind in one version."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str] = frozenset()

    @property
    def resource(self) -> str:
        """`deployments.apps`: how permissions call it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str, name: str = "") -> str:
        """The collection, or the object `name` in it. Names go in quoted: one with a slash is still one segment."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        middle = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        return f"{root}{middle}/{self.plural}" + (f"/{quote(name, safe='')}" if name else "")


class Discovery:
    """The kinds of one cluster, read once and kept."""

    def __init__(self, client: KubeClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kinds: dict[tuple[str, str], list[Served]] = {}
        self._stale: set[str] = set()
        self._legacy: dict[str, list[str]] | None = None
        self._read_groups: set[str] = set()
        self._read_at: datetime | None = None
        self._failed: tuple[datetime, SourceError] | None = None

    async def find(self, group: str, kind: str, version: str = "") -> Served | None:
        """`kind` in `version` if that is served, else in the version that the server prefers; None where it serves no
        such kind. Raises `SourceError` where that cannot be told."""
        async with self._lock:
            found = self._kinds.get((group, kind))
            age = None if self._read_at is None else self._clock() - self._read_at
            if age is None or age >= KEPT or (not found and age >= ASK_AGAIN):
                try:
                    await self._read_unless_just_failed()
                except SourceError:
                    # A kind that was served is taken to be served still: the object's own GET tells the truth.
                    if not found:
                        raise
            if self._legacy is not None and group not in self._read_groups:
                await self._read_group(group)
            found = self._kinds.get((group, kind), found)
        if found:
            return next((served for served in found if served.version == version), found[0])
        if group in self._stale:
            raise BadAnswer(
                f"Kubernetes {self._client.context} cannot tell about {kind}.{group}",
                "the aggregated API behind this group does not answer",
                f"Look at: kubectl get apiservices | grep {group}",
            )
        return None

    async def _read_unless_just_failed(self) -> None:
        if self._failed and self._clock() - self._failed[0] < FAILED_FOR:
            raise self._failed[1]
        try:
            await self._read()
        except SourceError as error:
            self._failed = (self._clock(), error)
            raise
        self._failed = None

    async def _read(self) -> None:
        core, named = await asyncio.gather(self._ask("/api"), self._ask("/apis"))
        if named.kind == "APIGroupDiscoveryList":
            self._legacy = None
            self._kinds, self._stale = _aggregated([*(core.items or ()), *(named.items or ())])
        else:
            self._kinds, self._stale = {}, set()
            self._legacy = {"": ["v1"]}
            for group in named.groups or ():
                preferred = group.preferred_version.version if group.preferred_version else ""
                versions = [version.version for version in group.versions or ()]
                self._legacy[group.name] = sorted(versions, key=lambda version: version != preferred)
        self._read_groups = set()
        self._read_at = self._clock()

    async def _ask(self, path: str) -> DiscoveryAnswer:
        body = await self._client.get(path, accept=AGGREGATED, permission=f"get {path}")
        return decode(body, DiscoveryAnswer, path)

    async def _read_group(self, group: str) -> None:
        assert self._legacy is not None
        self._read_groups.add(group)
        for version in self._legacy.get(group, ()):
            path = f"/apis/{group}/{version}" if group else f"/api/{version}"
            try:
                answer = decode(await self._client.get(path, permission=f"get {path}"), LegacyResources, path)
            except SourceError:
                self._stale.add(group)
                continue
            for item in answer.resources or ():
                if "/" not in item.name:
                    verbs = frozenset(item.verbs or ())
                    served = Served(group, version, item.kind, item.name, item.namespaced, verbs)
                    _remember(self._kinds, served)


def _aggregated(groups: Iterable[DiscoveredGroup]) -> tuple[dict[tuple[str, str], list[Served]], set[str]]:
    kinds: dict[tuple[str, str], list[Served]] = {}
    stale: set[str] = set()
    for group in groups:
        name = group.metadata.name
        for version in group.versions or ():
            if version.freshness == "Stale":
                stale.add(name)
            for item in version.resources or ():
                if item.response_kind is None or not item.resource:
                    continue
                kind, verbs = item.response_kind.kind, frozenset(item.verbs or ())
                _remember(kinds, Served(name, version.version, kind, item.resource, item.scope == "Namespaced", verbs))
    return kinds, stale


def _remember(kinds: dict[tuple[str, str], list[Served]], served: Served) -> None:
    """Versions in the server's order of preference. A kind may have a second resource that only creates (`bindings`):
    one that can be read comes first."""
    held = kinds.setdefault((served.group, served.kind), [])
    if all(served != other for other in held):
        held.append(served)
        held.sort(key=lambda one: "get" not in one.verbs)
