"""A local HTTP/1.1 server that can misbehave byte by byte: real sockets, so that real faults are met."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    """Decoded, without the query."""
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Reply:
    """The answer to one request, written as raw as the test wants it."""

    def __init__(self, writer: asyncio.StreamWriter, date: datetime | None) -> None:
        self.writer = writer
        self.date = date
        self.keep = True

    async def raw(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: int = 200, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Whatever"]
        if self.date is not None:
            lines.append(f"date: {format_datetime(self.date.astimezone(UTC), usegmt=True)}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.raw(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def send(self, body: bytes, status: int = 200, content_type: str = "application/json", **more: str) -> None:
        await self.head(status, content_type=content_type, content_length=str(len(body)), **more)
        await self.raw(body)

    async def json(self, value: object, status: int = 200, **more: str) -> None:
        await self.send(json.dumps(value).encode(), status, **more)

    async def chunk(self, data: bytes) -> None:
        await self.raw(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def hang_up(self) -> None:
        self.keep = False
        self.writer.close()


Handler = Callable[[Request, Reply], Awaitable[None]]


class RawServer:
    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[Request] = []
        self.date: datetime | None = None
        self.scheme = "http"
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        self.scheme = "https" if context else "http"
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and break those that are open, as a server that dies does."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._serve(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first = await reader.readexactly(1)
        if first == b"\x16":
            writer.write(b"HTTP/1.1 400 Client sent a TLS record to a plain port\r\n\r\n")
            return False
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        request = Request(method, unquote(parts.path), query, headers, body)
        self.requests.append(request)
        reply = Reply(writer, self.date)
        await self.handler(request, reply)
        return reply.keep


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    server = RawServer(handler)
    await server.start(context)
    try:
        yield server
    finally:
        await server.stop()
