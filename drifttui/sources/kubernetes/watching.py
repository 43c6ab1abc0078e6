"""Changes of some objects as they happen: one list and one watch per collection, each in a task of its own.

Protocol: kubernetes.io/docs/reference/using-api/api-concepts, "Efficient detection of changes". A resourceVersion that
the server has forgotten is told as HTTP 410 or, after a 200, as an ERROR event whose Status has code 410; both mean
that something was missed, so the collection is listed again and every difference to what was told before is told.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence

import msgspec

from ...clients.kube import KubeClient
from ...clients.retry import Backoff, Rng
from ...core.errors import BadAnswer, Forbidden, Missing, SourceError, inert
from ...core.identity import ResourceRef
from ...core.planes import Observation
from .discovery import Discovery, Served
from .reading import NOT_SERVED, Reader, check, escaped, permission
from .wire import Head, RawList, WatchEvent, decode

PAGE = 500
QUEUE = 1_000
"""Observations that wait for the reader. A full queue slows the watch down; it loses nothing."""

RECONNECT = Backoff(attempts=1, base=1.0, cap=30.0)
NOT_THERE_YET = 30.0
"""Seconds until a kind that is not served is looked for again."""

Trouble = Callable[[SourceError], None]
"""Told of every error that interrupts a watch or spoils one object. After a `Forbidden` that collection is not watched
any more."""

Sleep = Callable[[float], Awaitable[None]]


class Watching:
    """Some references being watched. Use `observations` once."""

    def __init__(
        self,
        client: KubeClient,
        discovery: Discovery,
        reader: Reader,
        refs: Sequence[ResourceRef],
        *,
        trouble: Trouble,
        rng: Rng = random.random,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._queue: asyncio.Queue[Observation | Exception] = asyncio.Queue(QUEUE)
        collections: dict[tuple[str, str, str], dict[str, ResourceRef]] = {}
        for ref in refs:
            collections.setdefault((ref.group, ref.kind, ref.namespace), {})[ref.name] = ref
        self._followed = [
            _Collection(client, discovery, reader, wanted, self._queue, trouble, rng, sleep)
            for wanted in collections.values()
        ]

    async def observations(self) -> AsyncGenerator[Observation, None]:
        """Each change since `Reader.read` gave the object; the present state first where it was never read."""
        tasks = [asyncio.create_task(self._guarded(collection)) for collection in self._followed]
        try:
            while True:
                item = await self._queue.get()
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _guarded(self, collection: _Collection) -> None:
        try:
            await collection.follow()
        except Exception as error:
            # A bug in one task ends the whole watch, loudly.
            await self._queue.put(error)


class _Collection:
    """Objects of one kind in one namespace."""

    def __init__(
        self,
        client: KubeClient,
        discovery: Discovery,
        reader: Reader,
        wanted: Mapping[str, ResourceRef],
        queue: asyncio.Queue[Observation | Exception],
        trouble: Trouble,
        rng: Rng,
        sleep: Sleep,
    ) -> None:
        self._client, self._discovery, self._reader = client, discovery, reader
        self._wanted, self._queue, self._trouble = dict(wanted), queue, trouble
        self._rng, self._sleep = rng, sleep
        self._told = {ref: last for ref in wanted.values() if (last := reader.last_read(ref)) is not None}
        """The resourceVersion told last; empty where the object was not there."""
        self._version = ""
        """Where to watch from; empty where the collection has to be listed first."""
        self._failures = 0

    async def follow(self) -> None:
        """Until cancelled, or until it turns out to be forbidden."""
        while self._wanted:
            try:
                served = await self._find()
                if served is None:
                    await self._sleep(NOT_THERE_YET)
                    continue
                if not self._version:
                    await self._list(served)
                await self._watch(served)
                # A proxy that ends every watch at once must not make this a busy loop.
                await self._sleep(RECONNECT.delay(1, self._rng))
            except Forbidden as error:
                self._trouble(error)
                return
            except SourceError as error:
                self._failures += 1
                # HTTP tells 410 and 404 alike; the list says which it was.
                gap = isinstance(error, Missing)
                if gap or isinstance(error, BadAnswer):
                    self._version = ""
                if not gap or self._failures > 1:
                    self._trouble(error)
                    wait = getattr(error, "retry_after", None)
                    await self._sleep(RECONNECT.delay(self._failures, self._rng, wait))

    async def _find(self) -> Served | None:
        first = next(iter(self._wanted.values()))
        served = await self._discovery.find(first.group, first.kind)
        for name, ref in list(self._wanted.items()):
            if served is None:
                await self._tell(ref, "", self._reader.absent(ref, NOT_SERVED))
                self._version = ""
                continue
            try:
                check(ref, served)
            except BadAnswer as error:
                self._trouble(error)
                del self._wanted[name]
        return served

    async def _list(self, served: Served) -> None:
        path, right = self._place(served, "list")
        params = {"limit": str(PAGE), **self._selector}
        missing = dict(self._wanted)
        while True:
            page = decode(await self._client.get(path, params, permission=right), RawList, path)
            for item in page.items or ():
                head = decode(item, Head, path)
                if (ref := missing.pop(head.metadata.name, None)) is not None:
                    await self._tell_object(ref, served, item, head, "LIST")
            if not page.metadata.more:
                break
            params["continue"] = page.metadata.more
        for ref in missing.values():
            await self._tell(ref, "", self._reader.absent(ref, "LIST"))
        self._version = page.metadata.resource_version

    async def _watch(self, served: Served) -> None:
        """Until the server ends the answer, as it regularly does."""
        path, right = self._place(served, "watch")
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            **self._selector,
        }
        async for line in self._client.stream(path, params, permission=right):
            if not line:
                self._trouble(BadAnswer(f"A change of {served.resource} is too large", path, "It is not read."))
                continue
            event = decode(line, WatchEvent, path)
            head = decode(event.object, Head, path)
            if event.type == "ERROR":
                said = f"{path}: {head.code} {inert(head.message, 160)}"
                kind = Missing if head.code == 410 else BadAnswer
                raise kind(f"The watch of {served.resource} was ended", said, "It is opened anew.")
            self._failures = 0
            self._version = head.metadata.resource_version or self._version
            ref = self._wanted.get(head.metadata.name)
            if ref is None or event.type == "BOOKMARK":
                continue
            if event.type == "DELETED":
                await self._tell(ref, "", self._reader.absent(ref, "WATCH", self._version))
            else:
                await self._tell_object(ref, served, event.object, head, "WATCH")

    def _place(self, served: Served, verb: str) -> tuple[str, str]:
        namespace = next(iter(self._wanted.values())).namespace
        return served.path(namespace), permission(verb, served, namespace)

    @property
    def _selector(self) -> dict[str, str]:
        """The server selects one object. Several it cannot (field selectors know no "or"): they are picked here."""
        if len(self._wanted) > 1:
            return {}
        return {"fieldSelector": f"metadata.name={escaped(next(iter(self._wanted)))}"}

    async def _tell_object(self, ref: ResourceRef, served: Served, body: msgspec.Raw, head: Head, method: str) -> None:
        version = head.metadata.resource_version
        if version and self._told.get(ref) == version:
            return
        try:
            await self._tell(ref, version, self._reader.observation(ref, served, body, method))
        except BadAnswer as error:
            self._trouble(error)

    async def _tell(self, ref: ResourceRef, version: str, seen: Observation) -> None:
        if self._told.get(ref) != version or (version == "" and seen.document is not None):
            self._told[ref] = version
            await self._queue.put(seen)
