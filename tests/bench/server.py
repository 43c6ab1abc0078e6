"""A local server that speaks Argo CD's wire format at any size: `python -m tests.bench.server --count 10000`.

In a process of its own, so that its work is not the program's. Prints its port on a line of its own when it is ready.
Paths, headers and the framing of events are those of answers recorded from Argo CD 3.5 (lists as one chunk, as
grpc-gateway writes them). `GET /-/rate/N` sets how many updates a second the stream tells from then on,
`GET /-/silent/1` makes it take requests without answering, `/-/silent/0` answer again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.bench import documents, fleet

TICK = 0.002
"""Seconds between events, or between small groups of them when there are more than 500 a second."""

VERSION_ANSWER = {"Version": "v3.5.3+c9c369e", "GoVersion": "go1.26.8", "Platform": "linux/amd64"}
SETTINGS_ANSWER = {
    "appLabelKey": "app.kubernetes.io/instance",
    "resourceOverrides": {"*/*": {"ignoreDifferences": "jqPathExpressions: null\njsonPointers:\n- /status\n"}},
    "trackingMethod": "annotation",
    "controllerNamespace": "argocd",
}
REVISION_ANSWER = {"author": "Erin Okafor <erin@example.com>", "date": "2026-11-20T08:40:00Z", "message": "Move it"}


def pruned(document: Any, fields: list[list[str]]) -> Any:
    """Only the paths in `fields`; lists are walked through, as Argo CD's own pruner does."""
    if isinstance(document, list):
        return [pruned(entry, fields) for entry in document]
    if not isinstance(document, dict) or any(not path for path in fields):
        return document
    found = {}
    for key in dict.fromkeys(path[0] for path in fields):
        if key in document:
            found[key] = pruned(document[key], [path[1:] for path in fields if path[0] == key])
    return found


class State:
    """All applications, with what changes kept apart from the text that does not."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.newest = 100_000 + count
        self.versions = [100_000 + index for index in range(count)]
        self.health = ["Healthy"] * count
        self.reconciled = [_time(0)] * count
        self.rate = 0.0
        self._turn = 0
        self._lists: dict[str, tuple[int, bytes]] = {}

    def update(self) -> int:
        """Change the next application; returns its index. Far apart, so that neighbours on the screen are not one
        burst; every tenth change also turns its health, which a survey tells as well."""
        self._turn += 1
        index = self._turn * 7919 % self.count
        self.newest += 1
        self.versions[index] = self.newest
        self.reconciled[index] = _time(self._turn // 100)
        if self._turn % 10 == 0:
            self.health[index] = "Progressing" if self.health[index] == "Healthy" else "Healthy"
        return index

    def listing(self, fields: str) -> bytes:
        held = self._lists.get(fields)
        if held is not None and held[0] == self.newest:
            return held[1]
        items = b",".join(self._filled(index, self._item(index, fields)) for index in range(self.count))
        body = b'{"metadata":{"resourceVersion":"%d"},"items":[%s]}' % (self.newest, items)
        self._lists[fields] = (self.newest, body)
        return body

    def one(self, index: int) -> bytes:
        return self._filled(index, self._item(index, ""))

    def event(self, index: int, fields: str) -> bytes:
        return b"data: %s \n\n\n" % self._filled(index, self._event(index, fields))

    def _filled(self, index: int, text: bytes) -> bytes:
        sync = b"OutOfSync" if fleet.drifts(index, self.count) else b"Synced"
        return (
            text.replace(fleet.VERSION.encode(), b"%d" % self.versions[index])
            .replace(fleet.SYNC.encode(), sync)
            .replace(fleet.HEALTH.encode(), self.health[index].encode())
            .replace(fleet.AT.encode(), self.reconciled[index].encode())
        )

    @cache  # noqa: B019 - one State lives as long as the process
    def _item(self, index: int, fields: str) -> bytes:
        document: Any = fleet.application(index, self.count)
        if fields:
            document = pruned({"items": [document]}, _paths(fields))["items"][0]
        return json.dumps(document, separators=(",", ":")).encode()

    @cache  # noqa: B019
    def _event(self, index: int, fields: str) -> bytes:
        document: Any = {"result": {"type": "MODIFIED", "application": fleet.application(index, self.count)}}
        if fields:
            document = pruned(document, _paths(fields))
        return json.dumps(document, separators=(",", ":")).encode()


@lru_cache(maxsize=16)
def _paths(fields: str) -> list[list[str]]:
    return [path.split(".") for path in fields.split(",")]


def _time(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_795_250_000 + seconds))


class Server:
    def __init__(self, state: State) -> None:
        self._state = state
        self._streams: dict[asyncio.StreamWriter, str] = {}
        self._talking = asyncio.Event()
        self._talking.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                target = head.split(b" ", 2)[1].decode()
                if not target.startswith("/-/"):
                    await self._talking.wait()
                if "/stream/applications" in target:
                    await self._stream(target, reader, writer)
                    return
                await self._answer(target, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            return
        finally:
            writer.close()

    async def update(self) -> None:
        """Tell changes at the wanted rate, for ever. What a slow client has not taken yet waits in its socket."""
        due, last = 0.0, time.monotonic()
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            due = min(due + (now - last) * self._state.rate, 200.0)
            last = now
            while due >= 1.0:
                due -= 1.0
                index = self._state.update()
                for writer, fields in list(self._streams.items()):
                    writer.write(_chunk(self._state.event(index, fields)))

    async def _stream(self, target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_head("text/event-stream"))
        self._streams[writer] = _query(target).get("fields", "")
        try:
            while await reader.read(4096):
                pass
        finally:
            del self._streams[writer]

    async def _answer(self, target: str, writer: asyncio.StreamWriter) -> None:
        body = self._body(target)
        if body is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
            return
        writer.write(_head("application/json") + b"%x\r\n" % len(body))
        view = memoryview(body)
        for start in range(0, len(view), 1 << 20):
            writer.write(view[start : start + (1 << 20)])
            await writer.drain()
        writer.write(b"\r\n0\r\n\r\n")
        await writer.drain()

    def _body(self, target: str) -> bytes | None:
        path, query = unquote(urlsplit(target).path), _query(target)
        match [part for part in path.split("/") if part]:
            case ["-", "rate", number]:
                self._state.rate = float(number)
                return b"{}"
            case ["-", "silent", word]:
                (self._talking.clear if word == "1" else self._talking.set)()
                return b"{}"
            case ["api", "version"]:
                return _json(VERSION_ANSWER)
            case ["api", "v1", "session", "userinfo"]:
                return _json({"loggedIn": True, "username": "bench", "iss": "argocd"})
            case ["api", "v1", "settings"]:
                return _json(SETTINGS_ANSWER)
            case ["api", "v1", "account", "can-i", *_]:
                return _json({"value": "yes"})
            case ["api", "v1", "applications"]:
                return self._state.listing(query.get("fields", ""))
            case ["api", "v1", "applications", name, *rest]:
                return self._about(int(name.rpartition("-")[2]), rest)
        return None

    def _about(self, index: int, rest: list[str]) -> bytes | None:
        match rest:
            case []:
                return self._state.one(index)
            case ["managed-resources"]:
                return _json(documents.managed_resources(index, self._state.count))
            case ["resource-tree"]:
                return _json(documents.tree(index))
            case ["events"]:
                return _json({"metadata": {"resourceVersion": "1"}, "items": []})
            case ["syncwindows"]:
                return _json({"canSync": True})
            case ["revisions", _, "metadata"]:
                return _json(REVISION_ANSWER)
        return None


def _query(target: str) -> Mapping[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def _head(kind: str) -> bytes:
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nGrpc-Metadata-Content-Type: application/grpc\r\n"
        f"Vary: Accept-Encoding\r\nDate: {time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime())}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    ).encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _json(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


async def _main(count: int) -> None:
    state = State(count)
    state.listing("")
    server = Server(state)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 20)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await server.update()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args().count))
