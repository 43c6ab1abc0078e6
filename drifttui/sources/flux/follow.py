"""All objects of one kind: a paged list, then a watch that goes on from it, for as long as the session lasts.

Protocol: kubernetes.io/docs/reference/using-api/api-concepts, "Efficient detection of changes".
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing
from enum import Enum
from typing import NamedTuple

import msgspec

from ...clients.kube import KubeClient
from ...clients.retry import Backoff
from ...core.errors import BadAnswer, Forbidden, Missing, SourceError, inert
from . import wire
from .kinds import Kind
from .wire import FluxObject

PAGE = 500
WATCH_SECONDS = 240
ASK_AGAIN = 60.0
"""Seconds before a kind that is not there, or not allowed, is asked for again."""

LIVED = 20.0
"""Seconds after which a watch that ends was no failure."""

Key = tuple[str, str, str]
"""Kind, namespace, name."""


class Stand(Enum):
    STARTING = "starting"
    WATCHED = "watched"
    LAME = "lame"
    """Listed, and the watch is down."""
    BLIND = "blind"
    FORBIDDEN = "forbidden"
    ABSENT = "absent"


class Changed(NamedTuple):
    """`keys` of objects that differ now; None where the whole list is new."""

    keys: frozenset[Key] | None


class _Expired(Exception):
    """410 Gone."""


class Follower:
    """One kind. `objects` is what is known; `tell` hears of every change, and of every change of `stand`."""

    def __init__(self, kind: Kind, api: Callable[[], KubeClient], tell: Callable[[Changed], None]) -> None:
        self.kind = kind
        self.objects: dict[Key, FluxObject] = {}
        self.stand = Stand.STARTING
        self.error: SourceError | None = None
        self.attempt = 0
        self.unread = 0
        """Objects in the last list that could not be decoded."""
        self._api, self._tell = api, tell
        self._backoff = Backoff(base=1.0, cap=30.0)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                version = await self._list()
            except Missing:
                self._stands(Stand.ABSENT, None, empty=True)
                await asyncio.sleep(ASK_AGAIN)
            except Forbidden as error:
                self._stands(Stand.FORBIDDEN, error, empty=True)
                await asyncio.sleep(ASK_AGAIN)
            except (SourceError, _Expired) as error:
                self._failed(Stand.BLIND, error)
                await asyncio.sleep(self._backoff.delay(self.attempt, random.random))
            else:
                await self._watch(version)

    def vacant(self) -> None:
        """Its group is not served."""
        self._stands(Stand.ABSENT, None, empty=True)

    async def _watch(self, version: str) -> None:
        loop = asyncio.get_running_loop()
        self._stands(Stand.WATCHED, None)
        while True:
            begun = loop.time()
            try:
                version = await self._stream(version)
            except _Expired:
                return
            except SourceError as error:
                if loop.time() - begun > LIVED:
                    self.attempt = 0
                self._failed(Stand.LAME, error)
                await asyncio.sleep(self._backoff.delay(self.attempt, random.random))
                return
            if loop.time() - begun < 1.0:
                await asyncio.sleep(1.0)

    async def _list(self) -> str:
        found: dict[Key, FluxObject] = {}
        more, version, unread = "", "", 0
        while True:
            params = {"limit": str(PAGE)} | ({"continue": more} if more else {})
            try:
                body = await self._api().get(self.kind.path, params, permission=f"list {self.kind.resource}")
            except SourceError as error:
                if more and (isinstance(error, Missing) or getattr(error, "status", None) == 410):
                    raise _Expired from error
                raise
            page = wire.decode(body, wire.RawList, self.kind.path)
            for raw in page.items or ():
                try:
                    one = msgspec.json.decode(raw, type=FluxObject)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    unread += 1
                    continue
                found[self._key(one)] = one
            await asyncio.sleep(0)
            version, more = page.metadata.resource_version, page.metadata.more
            if not more:
                break
        self.objects, self.unread = found, unread
        self._tell(Changed(None))
        return version

    async def _stream(self, version: str) -> str:
        """Until the server ends it; the version to go on from."""
        params = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        lines = self._api().stream(self.kind.path, params, permission=f"watch {self.kind.resource}")
        async with aclosing(lines) as stream:  # type: ignore[type-var]
            async for line in stream:
                self.attempt = 0
                if not line:
                    raise _Expired
                version = self._line(line) or version
        return version

    def _line(self, line: bytes) -> str:
        told = wire.decode(line, wire.WatchLine, self.kind.path)
        if told.type in ("BOOKMARK", "ERROR"):
            status = wire.decode(told.object, wire.WatchStatus, self.kind.path)
            if told.type == "BOOKMARK":
                return status.metadata.resource_version
            if status.code == 410:
                raise _Expired
            raise BadAnswer("The watch failed", inert(status.message), "It is begun anew.", status=500)
        one = wire.decode(told.object, FluxObject, self.kind.path)
        key = self._key(one)
        if told.type == "DELETED":
            self.objects.pop(key, None)
        else:
            self.objects[key] = one
        self._tell(Changed(frozenset({key})))
        return one.metadata.resource_version

    def _key(self, one: FluxObject) -> Key:
        return self.kind.kind, one.metadata.namespace, one.metadata.name

    def _stands(self, stand: Stand, error: SourceError | None, *, empty: bool = False) -> None:
        self.stand, self.error, self.attempt = stand, error, 0
        if empty:
            self.objects = {}
        self._tell(Changed(None if empty else frozenset()))

    def _failed(self, stand: Stand, error: Exception) -> None:
        self.stand = stand
        self.error = error if isinstance(error, SourceError) else None
        self.attempt += 1
        self._tell(Changed(frozenset()))
