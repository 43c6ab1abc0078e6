"""HTTP to one server: bounded in time, size and tries, read-only where asked, and every failure in one clear line.

The only code of this program that speaks HTTP. httpx is imported when the first client is built, so that importing
this module costs nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ..core.errors import DriftError, SourceError, Throttled, Unauthenticated, Unreachable, inert
from .access import Access, Effect, permit
from .counters import Counters
from .http_errors import (
    Clean,
    http_date,
    not_json,
    refused_answer,
    refused_connection,
    too_large,
    too_slow,
)
from .limits import Limits as Limits
from .lines import Gathering, Lines
from .retry import Backoff, Rng
from .tls import Tls

if TYPE_CHECKING:
    import httpx

Auth = Callable[[bool], Awaitable[Mapping[str, str]]]
"""Gives the headers that prove who we are. True asks to read them anew: the server did not accept the last ones.
Raises `Unauthenticated` where there are none."""


class _NoHead(Exception):
    """A stream was asked for, and nothing at all came back in `Limits.open`."""


class Answer(NamedTuple):
    body: bytes | bytearray
    status: int
    headers: Mapping[str, str]
    received_at: datetime


class Http:
    """One server under one identity. Connections are kept alive and shared by all calls.

    Every method raises only `SourceError`, and `ReadOnly` for what `access` refuses. `name` is how errors call the
    server; `login` is the hint for refused credentials; `clean` takes secrets out of quoted texts.
    """

    def __init__(
        self,
        base_url: str,
        *,
        name: str,
        tls: Tls | Callable[[], Tls] | None = None,
        auth: Auth | None = None,
        access: Access = Access.FULL,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        login: str = "",
        plain_errors: bool = False,
        clean: Clean = inert,
        proxy: str | None = None,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
        rng: Rng = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.name = name
        self.access = access
        self.limits = limits or Limits()
        self.counters = Counters(monotonic)
        self._tls, self._auth, self._clean = tls, auth, clean
        self._login, self._plain = login, plain_errors
        self._backoff = backoff or Backoff()
        self._proxy, self._headers, self._transport = proxy, dict(headers or {}), transport
        self._clock, self._monotonic, self._rng, self._sleep = clock, monotonic, rng, sleep
        self._client: httpx.AsyncClient | None = None
        self._extensions: dict[str, str] = {}
        self._proof: Mapping[str, str] | None = None
        self._building = asyncio.Lock()

    async def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: str = "application/json",
        effect: Effect = Effect.NONE,
        permission: str = "",
        body_limit: int | None = None,
        total: float | None = None,
    ) -> Answer:
        """A GET, tried again on errors that may pass. A page instead of JSON is a `BadAnswer`."""
        answer = await self.request(
            "GET",
            path,
            params,
            accept=accept,
            effect=effect,
            permission=permission,
            body_limit=body_limit,
            total=total,
        )
        if "json" in accept and (
            wrong := not_json(self.name, path, answer.headers.get("content-type", ""), answer.body)
        ):
            raise self._failed(wrong)
        return answer

    async def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        content: bytes | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        effect: Effect,
        permission: str = "",
        body_limit: int | None = None,
        total: float | None = None,
    ) -> Answer:
        """One call. Only what changes nothing is tried again; a write that got no answer is the caller's to re-read.

        `content_type` is sent exactly so: Argo CD refuses `application/json; charset=utf-8` with 415, and any
        non-GET without one.
        """
        permit(self.access, method, path, self.name, effect)
        limit = self.limits.total if total is None else total
        tries = 1 if effect is Effect.WRITE else self._backoff.attempts
        headers = {"accept": accept}
        if method not in ("GET", "HEAD"):
            headers["content-type"] = content_type
        try:
            async with asyncio.timeout(limit):
                for failures in range(1, tries + 1):
                    try:
                        return await self._once(
                            method, path, params, headers, content, permission, body_limit or self.limits.body
                        )
                    except SourceError as error:
                        wait = error.retry_after if isinstance(error, Throttled) else None
                        if not error.retryable or failures == tries or (wait or 0.0) > self._backoff.cap:
                            raise
                        await self._sleep(self._backoff.delay(failures, self._rng, wait))
                raise AssertionError("unreachable: the last try returns or raises")
        except TimeoutError as error:
            raise self._failed(too_slow(self.name, path, limit)) from error

    async def lines(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        accept: str,
        permission: str = "",
        opened: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[bytes | None, None]:
        """The lines of an answer that does not end, without newlines; None for one that was too long and was skipped.

        Ends when the server ends the answer, or sent no head for `limits.open` seconds: there may be nothing to tell,
        or the connection may be half-open, and only asking otherwise can tell which. Raises `Unreachable` when no byte
        came for `limits.idle` seconds after the head. `opened` is called when the head arrived.
        """
        permit(self.access, "GET", path, self.name, Effect.NONE)
        try:
            async with self._opened("GET", path, params, {"accept": accept}, None, permission, stream=True) as response:
                opened()
                async with aclosing(self._lines(path, response)) as lines:
                    async for line in lines:
                        yield line
        except _NoHead:
            return

    async def _lines(self, path: str, response: httpx.Response) -> AsyncGenerator[bytes | None, None]:
        lines, gathering = Lines(self.limits.line), Gathering()
        if wrong := not_json(self.name, path, response.headers.get("content-type", ""), b""):
            raise self._failed(wrong)
        chunks = response.aiter_bytes()
        while True:
            gathering.asked()
            try:
                async with asyncio.timeout(self.limits.idle):
                    chunk = await anext(chunks, b"")
            except TimeoutError as error:
                raise self._failed(
                    Unreachable(
                        f"{self.name}: the stream went silent",
                        f"{path}: no bytes for {self.limits.idle:g} s",
                        "The connection is taken for dead and opened anew.",
                    )
                ) from error
            except SourceError:
                raise
            except Exception as error:
                raise self._failed(self._mapped(error)) from error
            if not chunk:
                return
            self.counters.received(len(chunk), self._clock())
            await gathering.got(len(chunk))
            for line in lines.feed(chunk):
                yield line

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        content: bytes | None,
        permission: str,
        body_limit: int,
    ) -> Answer:
        begun = self._monotonic()
        async with self._opened(method, path, params, headers, content, permission) as response:
            declared = response.headers.get("content-length", "")
            if declared.isdigit() and int(declared[:18]) > body_limit:
                raise self._failed(too_large(self.name, path, body_limit))
            body = await self._body(response, path, body_limit)
            now = self._clock()
            self.counters.answered(now, (self._monotonic() - begun) * 1000)
            return Answer(body, response.status_code, response.headers, now)

    @asynccontextmanager
    async def _opened(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        content: bytes | None,
        permission: str,
        *,
        stream: bool = False,
    ) -> AsyncIterator[httpx.Response]:
        """A 2xx answer whose body is still to be read. Credentials that were refused are read anew, once."""
        client = await self._ready()
        for again in (False, True):
            proof = await self._proven()
            request = client.build_request(
                method,
                self.base_url + path,
                params=params,
                headers={**headers, **proof},
                content=content,
                extensions={**self._extensions, "timeout": self._timeouts(stream)},
            )
            begun = self._clock()
            try:
                response = await client.send(request, stream=True)
            except Exception as error:
                if stream and type(error).__name__ == "ReadTimeout":
                    raise _NoHead from error
                raise self._failed(self._mapped(error)) from error
            try:
                self._note_clock(response, begun)
                if response.status_code == 401 and not again and self._auth is not None:
                    renewed = await self._renewed(proof)
                    if renewed:
                        continue
                if not response.is_success:
                    raise self._failed(await self._refused(response, path, permission))
                yield response
                return
            finally:
                await response.aclose()

    async def _body(self, response: httpx.Response, path: str, limit: int) -> bytearray:
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                self.counters.bytes += len(chunk)
                if len(body) > limit:
                    raise self._failed(too_large(self.name, path, limit))
        except SourceError:
            raise
        except Exception as error:
            raise self._failed(self._mapped(error)) from error
        return body

    async def _refused(self, response: httpx.Response, path: str, permission: str) -> SourceError:
        try:
            body = bytes(await self._body(response, path, 1024 * 1024))
        except SourceError:
            body = b""
        return refused_answer(
            self.name,
            path,
            response.status_code,
            response.headers,
            body,
            now=self._clock(),
            clean=self._clean,
            permission=permission,
            login=self._login,
            plain=self._plain,
        )

    async def _proven(self) -> Mapping[str, str]:
        if self._auth is None:
            return {}
        if self._proof is None:
            try:
                self._proof = await self._auth(False)
            except SourceError as error:
                raise self._failed(error) from error
        return self._proof

    async def _renewed(self, refused: Mapping[str, str]) -> bool:
        """Whether other credentials than the refused ones are there now."""
        assert self._auth is not None
        if self._proof is not None and self._proof != refused:
            return True
        try:
            self._proof = await self._auth(True)
        except Unauthenticated:
            return False
        return self._proof != refused

    async def _ready(self) -> httpx.AsyncClient:
        async with self._building:
            if self._client is None:
                try:
                    self._client = await asyncio.to_thread(self._build)
                except DriftError as error:
                    wrong = Unreachable(f"{self.name}: {error.title}", error.detail, error.hint)
                    wrong.retryable = False
                    raise self._failed(wrong) from error
            return self._client

    def _build(self) -> httpx.AsyncClient:
        """Building the TLS context takes tens of milliseconds, hence in a thread."""
        import httpx

        tls = (self._tls() if callable(self._tls) else self._tls) or Tls()
        if tls.server_name:
            self._extensions["sni_hostname"] = tls.server_name
        secure = self.base_url.startswith("https") or self._proxy is not None
        return httpx.AsyncClient(
            verify=tls.context() if secure and self._transport is None else False,
            headers={"user-agent": "drifttui", **self._headers},
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=30.0),
            proxy=self._proxy,
            transport=self._transport,
        )

    def _timeouts(self, stream: bool) -> dict[str, float | None]:
        limits = self.limits
        read = limits.open if stream else limits.between_bytes
        return {"connect": limits.connect, "read": read, "write": limits.between_bytes, "pool": limits.connect}

    def _mapped(self, error: Exception) -> SourceError:
        """`error` as one of ours. What is neither httpx's nor the network's is a bug, and is raised as it is."""
        import httpx

        if isinstance(error, (httpx.HTTPError, httpx.InvalidURL, OSError)):
            return refused_connection(self.name, self.base_url, error)
        raise error

    def _note_clock(self, response: httpx.Response, begun: datetime) -> None:
        """Date has whole seconds: half of one is added, and less than one apart is no skew. An answer that took long
        tells nothing, because nobody knows when in that time it was dated."""
        date, now = http_date(response.headers.get("date", "")), self._clock()
        if date is None or now - begun > timedelta(seconds=2):
            return
        ours = begun + (now - begun) / 2
        skew = (date + timedelta(milliseconds=500) - ours).total_seconds()
        self.counters.clock_skew = timedelta(seconds=round(skew) if abs(skew) > 1.0 else 0)

    def _failed(self, error: SourceError) -> SourceError:
        self.counters.errors += 1
        return error
