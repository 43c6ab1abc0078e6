"""Applications as Kubernetes tells them: paged lists and watches of the objects, without an Argo CD token.

Protocol: kubernetes.io/docs/reference/using-api/api-concepts, "Efficient detection of changes" and "Retrieving large
results sets in chunks".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

import msgspec

from ...clients.counters import Counters
from ...clients.http_errors import undecodable
from ...clients.kube_api import NO_PARAMS, KubeApi
from ...core.errors import BadAnswer, DriftError, Forbidden, Missing, SourceError, Unreachable, inert
from ...core.identity import UnitId
from ...core.ports import Clock
from ...core.unit import Unit
from . import wire
from .feed import Alive, Changed, Deleted, Event, Listing, Lost
from .rest import decoded
from .units import Rows, unit_id
from .wire_detail import ApplicationInFull

GROUP = "/apis/argoproj.io/v1alpha1"
PAGE = 500
WATCH_SECONDS = 240
HOME = "argocd"
"""Where Argo CD keeps its applications unless told otherwise."""


LIST = "list applications.argoproj.io"


class _Expired(Exception):
    """410 Gone: what the page or the watch goes on from is no longer kept."""


class CrdFeed:
    method = "stream, CRDs through Kubernetes"
    optional = True

    def __init__(self, api: Callable[[], KubeApi], rows: Rows, clock: Clock, namespace: str = "") -> None:
        self._make, self._rows, self._clock = api, rows, clock
        self._namespace = namespace
        self._made: KubeApi | None = None
        self.counters = Counters(time.monotonic)
        self._only = ""
        """The line about what is not seen, where only one namespace may be read."""

    async def listing(self) -> Listing:
        await self.probe()
        try:
            return await self._pages(PAGE)
        except _Expired:
            return await self._pages(0)

    async def probe(self) -> None:
        """Find out what may be listed: everything, else the applications in Argo CD's usual namespace."""
        if self._only:
            return
        try:
            await self.get(self._path, {"limit": "1"})
        except Forbidden as error:
            wanted = Forbidden(error.title, error.detail, f"Ask for the permission to {LIST}.", permission=LIST)
            if self._namespace:
                raise wanted from error
            self._namespace = HOME
            try:
                await self.get(self._path, {"limit": "1"})
            except SourceError:
                self._namespace = ""
                raise wanted from error
            self._only = f"only applications in {HOME} are seen: {LIST} in all namespaces is forbidden"

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    @property
    def gaps(self) -> tuple[str, ...]:
        return (self._only,) if self._only else ()

    async def survey(self) -> Listing | None:
        """A watch goes on from where it stopped, so that nothing falls through and whole lists do for the rest."""
        return None

    async def one(self, unit: Unit) -> Unit | None:
        try:
            return self._rows(await self.application(unit.id), self._clock())
        except Missing:
            return None

    async def application(self, unit: UnitId) -> ApplicationInFull:
        path = f"{GROUP}/namespaces/{unit.namespace}/applications/{unit.name}"
        return decoded(await self.get(path), ApplicationInFull, self._rows.source, path)

    async def events(self, version: str) -> AsyncGenerator[Event, None]:
        """Goes on by itself after the server's regular ends; ends where something was missed (410)."""
        while True:
            began = version
            params = {
                "watch": "1",
                "allowWatchBookmarks": "true",
                "resourceVersion": version,
                "timeoutSeconds": str(WATCH_SECONDS),
            }
            try:
                async with aclosing(self.api.stream(self._path, params)) as lines:  # type: ignore[type-var]
                    async for line in lines:
                        self.counters.received(len(line), self._clock())
                        event, version = self._event(line, version)
                        yield event
            except _Expired:
                return
            except SourceError as error:
                self.counters.errors += 1
                if error.kind == "missing" or getattr(error, "status", None) == 410:
                    return
                raise
            yield Alive()
            if version == began:
                await asyncio.sleep(1.0)

    @property
    def api(self) -> KubeApi:
        """Raises `Unreachable` where the context cannot be used, each time anew: it may be mended meanwhile."""
        if self._made is None:
            try:
                self._made = self._make()
            except SourceError:
                raise
            except DriftError as error:
                wrong = Unreachable(error.title, error.detail, error.hint)
                wrong.retryable = False
                raise wrong from error
        return self._made

    async def get(self, path: str, params: Mapping[str, str] = NO_PARAMS) -> bytes:
        """A counted read."""
        begun = time.monotonic()
        try:
            body = await self.api.get(path, params)
        except SourceError:
            self.counters.errors += 1
            raise
        self.counters.bytes += len(body)
        self.counters.answered(self._clock(), (time.monotonic() - begun) * 1000)
        return body

    @property
    def _path(self) -> str:
        return f"{GROUP}/namespaces/{self._namespace}/applications" if self._namespace else f"{GROUP}/applications"

    async def _pages(self, size: int) -> Listing:
        units: list[Unit] = []
        gaps: list[str] = [*self.gaps]
        more, version = "", ""
        while True:
            params = ({"limit": str(size)} if size else {}) | ({"continue": more} if more else {})
            try:
                body = await self.get(self._path, params)
            except SourceError as error:
                if more and (error.kind == "missing" or getattr(error, "status", None) == 410):
                    raise _Expired from error
                raise
            page = decoded(body, wire.RawList, self._rows.source, self._path)
            at = self._clock()
            for raw in page.items or ():
                try:
                    units.append(self._rows(msgspec.json.decode(raw, type=wire.Application), at))
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    gaps.append(f"An application cannot be read: {inert(str(error))}")
            await asyncio.sleep(0)
            version, more = page.metadata.resource_version, page.metadata.continue_
            if not more:
                return Listing(tuple(units), version, tuple(gaps))

    def _event(self, line: bytes, version: str) -> tuple[Event, str]:
        """One watch line, and the version to go on from after it."""
        try:
            told = msgspec.json.decode(line, type=wire.WatchLine)
            if told.type in ("BOOKMARK", "ERROR"):
                status = msgspec.json.decode(told.object, type=wire.WatchStatus)
                if told.type == "BOOKMARK":
                    return Alive(), status.metadata.resource_version or version
                if status.code == 410:
                    raise _Expired
                raise BadAnswer(
                    f"{self._rows.source}: the watch failed", status.message, "It is begun anew.", status=500
                )
            application = msgspec.json.decode(told.object, type=wire.Application)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Lost(undecodable(self._rows.source, "watch", error).one_line()), version
        own = application.metadata.resource_version
        if told.type == "DELETED":
            return Deleted(unit_id(application, self._rows.source), own), own or version
        return Changed(self._rows(application, self._clock())), own or version
