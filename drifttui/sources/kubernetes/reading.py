"""Single objects, as they are now."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence

import msgspec

from ...clients.kube import KubeClient
from ...core.errors import BadAnswer, Missing, SourceError, Unauthenticated, Unreachable, inert
from ...core.identity import ResourceRef
from ...core.planes import Document, Observation, Plane
from ...core.ports import Clock
from ...core.redact import redact_document
from .discovery import Discovery, Served
from .wire import document

GET = "GET"
NOT_SERVED = "discovery: kind not served"
"""`Observation.method` where the cluster has no such kind, so that there can be no such object."""


REMEMBERED = 10_000
"""References whose last version is kept, so that a watch can start from what was read."""


class Reader:
    """Turns references into observations; the only place where bodies of objects become documents.

    A document is redacted before anything else sees it.
    """

    def __init__(
        self,
        source: str,
        client: KubeClient,
        discovery: Discovery,
        clock: Clock,
        key: bytes,
        *,
        concurrency: int,
        object_limit: int,
    ) -> None:
        self._source = source
        self._client = client
        self._discovery = discovery
        self._clock = clock
        self._key = key
        self._places = asyncio.Semaphore(concurrency)
        self._object_limit = object_limit
        self._last: dict[ResourceRef, str] = {}

    async def read(
        self, refs: Sequence[ResourceRef], versions: Mapping[ResourceRef, str]
    ) -> list[Observation | Exception]:
        """In the order asked. A `SourceError` stands for what could not be read.

        Once the cluster does not answer at all, what has not been asked yet is not asked any more: a hundred objects
        would otherwise take a hundred timeouts to say the same.
        """
        gone: list[SourceError] = []

        async def one(ref: ResourceRef) -> Observation | Exception:
            async with self._places:
                if gone:
                    return gone[0]
                try:
                    seen = await self.get(ref, versions.get(ref, ""))
                    self._remember(seen)
                    return seen
                except SourceError as error:
                    if isinstance(error, Unreachable | Unauthenticated):
                        gone.append(error)
                    return error

        return list(await asyncio.gather(*(one(ref) for ref in refs)))

    def last_read(self, ref: ResourceRef) -> str | None:
        """The resourceVersion that `read` gave last; empty where nothing was there, None where it was not read."""
        return self._last.get(ref)

    def _remember(self, seen: Observation) -> None:
        self._last.pop(seen.ref, None)
        self._last[seen.ref] = seen.revision
        if len(self._last) > REMEMBERED:
            del self._last[next(iter(self._last))]

    async def get(self, ref: ResourceRef, version: str = "") -> Observation:
        """Raises `SourceError`; an object that is not there is an observation without a document."""
        served = await self._discovery.find(ref.group, ref.kind, version)
        if served is None:
            return self.absent(ref, NOT_SERVED)
        check(ref, served)
        path = served.path(ref.namespace, ref.name)
        try:
            body = await self._client.get_object(path, permission=permission("get", served, ref.namespace))
        except Missing:
            return self.absent(ref, GET)
        return self.observation(ref, served, body, GET)

    def observation(self, ref: ResourceRef, served: Served, body: bytes | msgspec.Raw, method: str) -> Observation:
        """Raises `BadAnswer`. Kind and version are what was asked for: items of a list carry none, and without its
        kind a Secret would not be known for one."""
        where = served.path(ref.namespace, ref.name)
        if len(memoryview(body)) > self._object_limit:
            raise BadAnswer(
                f"{inert(ref.short, 100)} is too large",
                f"{where}: {len(memoryview(body)) // 1_000_000} MB",
                f"Objects over {self._object_limit // 1_000_000} MB are not read.",
            )
        held = {**document(body, where), "apiVersion": served.api_version, "kind": served.kind}
        found: Document = redact_document(held, self._key)
        version = str(found["metadata"].get("resourceVersion") or "")
        return Observation(ref, Plane.ACTUAL, found, self._source, method, self._clock(), version)

    def absent(self, ref: ResourceRef, method: str, version: str = "") -> Observation:
        return Observation(ref, Plane.ACTUAL, None, self._source, method, self._clock(), version)


def check(ref: ResourceRef, served: Served) -> None:
    """Raises `BadAnswer` for what no API server holds (apimachinery `IsValidPathSegmentName`): with `..` for a name a
    client would walk up the path."""
    why = ""
    for part in (ref.name, ref.namespace):
        if part in (".", "..") or "/" in part or "%" in part:
            why = "its name is none that Kubernetes can hold"
    if not ref.name:
        why = "it has no name"
    elif served.namespaced and not ref.namespace:
        why = "its kind lives in namespaces, and none is given"
    if why:
        raise BadAnswer(f"{inert(ref.short, 100)} cannot be read", why, "Look at what names it.")


def permission(verb: str, served: Served, namespace: str, subresource: str = "") -> str:
    """A right in the words of `kubectl auth can-i`: `get deployments.apps in payments`."""
    what = f"{served.resource}/{subresource}" if subresource else served.resource
    where = f" in {namespace}" if served.namespaced and namespace else ""
    return inert(f"{verb} {what}{where}", 120)


def escaped(value: str) -> str:
    """A value in a field selector (apimachinery `fields.EscapeValue`)."""
    return re.sub(r"([\\,=])", r"\\\1", value)
