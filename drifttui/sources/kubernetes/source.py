"""The Kubernetes API of one cluster as a source of the actual plane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from ...clients.kube import KubeClient
from ...clients.kubeconfig import BrokenContext, KubeContext
from ...core.errors import Forbidden, SourceError, inert
from ...core.health import Permission, SourceHealth, Standing
from ...core.identity import ResourceRef
from ...core.planes import Observation, Plane
from ...core.ports import Clock
from .access import NEEDS, Right, Rights, identity
from .discovery import Discovery
from .events import EventsSeen, read_events
from .reading import Reader
from .schema import KindSchema, Schemas
from .watching import Trouble, Watching
from .wire import Version, decode

SYSTEM = "Kubernetes"
ANY_VERSION: Mapping[ResourceRef, str] = MappingProxyType({})


class KubernetesSource:
    """Implements `LiveReader`. One dead cluster is one dead source: nothing is shared with the others."""

    system: ClassVar[str] = SYSTEM
    planes: ClassVar[frozenset[Plane]] = frozenset({Plane.ACTUAL, Plane.RECORDED})

    def __init__(
        self,
        context: KubeContext,
        client: KubeClient,
        clock: Clock,
        *,
        key: bytes,
        aliases: frozenset[str] = frozenset(),
        concurrency: int = 8,
        object_limit: int = 16_000_000,
    ) -> None:
        self.name = f"kubernetes:{inert(context.name, 80)}"
        self.cluster = context.name
        self.aliases = aliases | {context.name, context.cluster_name, context.server}
        self.api = client
        """The bare calls, for a source that reads its own kinds in this cluster (`clients.kube_api.KubeApi`)."""
        self._namespace = context.namespace
        self._clock = clock
        self._key = key
        self._discovery = Discovery(client, clock)
        self._reader = Reader(
            self.name, client, self._discovery, clock, key, concurrency=concurrency, object_limit=object_limit
        )
        self._rights = Rights(client, clock)
        self._schemas = Schemas(client, self._discovery)
        self._blind_since: datetime | None = None

    async def check(self) -> SourceHealth:
        version = who = ""
        permissions: tuple[Permission, ...] = ()
        error, hint = "", ""
        standing = Standing.OK
        try:
            version = await self._version()
            who = await identity(self.api)
            permissions = tuple(
                await asyncio.gather(*(self._rights.permission(need, self._namespace) for need in NEEDS))
            )
        except SourceError as wrong:
            standing, hint = Standing.BLIND, wrong.hint
            error = f"{wrong.title}: {wrong.detail}" if wrong.detail else wrong.title
        now = self._clock()
        lacking = [
            right.name
            for need, right in zip(NEEDS, permissions, strict=False)
            if not need.optional and right.allowed is not True
        ]
        if standing is Standing.OK and lacking:
            standing = Standing.DEGRADED
            error = f"Not allowed, or not known to be: {', '.join(lacking)}"
            hint = f"Ask for these rights for {who or 'this identity'}; what they would show is unknown until then."
        self._blind_since = (self._blind_since or now) if standing is Standing.BLIND else None
        seen = self.api.counters
        return SourceHealth(
            name=self.name,
            system=SYSTEM,
            standing=standing,
            address=self.api.server,
            version=version,
            identity=who,
            error=error,
            hint=hint,
            permissions=permissions,
            checked_at=now,
            newest_answer=seen.newest_answer,
            blind_since=self._blind_since,
            clock_skew=seen.clock_skew,
            latency_ms=seen.latency_ms,
            answers=seen.answers,
            errors=seen.errors,
            rate=seen.rate,
            method="GET and watch",
        )

    async def read(
        self, refs: Sequence[ResourceRef], versions: Mapping[ResourceRef, str] = ANY_VERSION
    ) -> list[Observation | Exception]:
        """`versions` names the API version (`v1`) to read an object in, where the caller compares with a manifest: in
        another one the same object has other fields. One that is not served falls back to the server's preferred."""
        return await self._reader.read(refs, versions)

    async def events(self, namespace: str, refs: Sequence[ResourceRef]) -> EventsSeen:
        """Events about `refs`, or of the whole namespace where none are given. Raises `SourceError`."""
        return await read_events(self.api, self.cluster, namespace, refs, self._key)

    async def schema(self, group_kinds: Sequence[tuple[str, str]]) -> Mapping[str, KindSchema]:
        return await self._schemas.read(group_kinds)

    async def may(self, verb: str, ref: ResourceRef, subresource: str = "") -> bool | None:
        try:
            served = await self._discovery.find(ref.group, ref.kind)
            if served is None:
                return None
            namespace = ref.namespace if served.namespaced else ""
            return await self._rights.may(Right(verb, ref.group, served.plural, namespace, ref.name, subresource))
        except SourceError:
            return None

    def watch_objects(
        self, refs: Sequence[ResourceRef], trouble: Trouble = lambda error: None
    ) -> AsyncGenerator[Observation, None]:
        """Each change since `read` gave the object, until cancelled; the present state first where it was never read.
        After a gap every difference is told. `trouble` hears what interrupts a watch; a forbidden collection is given
        up."""
        return Watching(self.api, self._discovery, self._reader, refs, trouble=trouble).observations()

    async def close(self) -> None:
        await self.api.close()

    async def _version(self) -> str:
        try:
            return inert(decode(await self.api.get("/version"), Version, "/version").git_version, 40)
        except Forbidden:
            # Reachable and identified, which is what was asked; hardened clusters hide their version.
            return ""


class BrokenSource:
    """A kubeconfig entry that cannot be used: a source that is blind from the start and says why."""

    system: ClassVar[str] = SYSTEM
    planes: ClassVar[frozenset[Plane]] = frozenset()

    def __init__(self, broken: BrokenContext, clock: Clock) -> None:
        self.name = f"kubernetes:{broken.name}"
        self._broken = broken
        self._clock = clock
        self._since = clock()

    async def check(self) -> SourceHealth:
        error = self._broken.error
        return SourceHealth(
            name=self.name,
            system=SYSTEM,
            standing=Standing.BLIND,
            address=str(self._broken.file),
            error=f"{error.title}: {error.detail}",
            hint=error.hint,
            checked_at=self._clock(),
            blind_since=self._since,
        )

    async def close(self) -> None:
        return None
