"""Puts the context's present credential on every request, and a new TLS connection under it when that changes.

It sits where httpx meets the network, because three things do not fit into a header mapping that is asked for once:
a token that expires, a client certificate that a plugin rotates, and impersonation headers that occur several times.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx

from ..core.errors import InputError, Unreachable, inert
from .kube_credentials import Credential, material
from .kube_login import Login
from .kube_proxy import proxy_of
from .kubeconfig import KubeContext
from .tls import Tls

CONNECTIONS = 64
"""Watches hold one each."""


class KubeTransport(httpx.AsyncBaseTransport):
    """Raises what httpx raises, `Unauthenticated` where there is no credential to send, and `Unreachable` where the
    kubeconfig's certificates or proxy cannot be used."""

    def __init__(self, context: KubeContext, login: Login) -> None:
        self._context = context
        self._login = login
        self._proof: tuple[bytes, bytes] | None = None
        self._open: list[httpx.AsyncHTTPTransport] = []
        self._building = asyncio.Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.headers.multi_items()
        if name := self._context.cluster.get("tls-server-name"):
            request.extensions = {**request.extensions, "sni_hostname": str(name)}
        credential = await self._login.current()
        response = await self._send(request, asked, credential)
        if response.status_code == 401 and self._login.renewable:
            try:
                fresh = await self._login.current(credential)
            except BaseException:
                await response.aclose()
                raise
            if fresh is not credential:
                await response.aclose()
                return await self._send(request, asked, fresh)
        return response

    async def _send(
        self, request: httpx.Request, asked: list[tuple[str, str]], credential: Credential
    ) -> httpx.Response:
        proof = [(name, one) for name, value in credential.headers.items() for one in value.split("\n")]
        request.headers = httpx.Headers([*asked, *proof])
        below = await self._below(credential)
        return await below.handle_async_request(request)

    async def aclose(self) -> None:
        while self._open:
            await self._open.pop().aclose()

    async def _below(self, credential: Credential) -> httpx.AsyncHTTPTransport:
        proof = (credential.certificate, credential.key)
        async with self._building:
            if self._proof != proof:
                self._open.append(await asyncio.to_thread(self._connected, credential))
                self._proof = proof
                # The one before may still carry a watch; that before it has long been idle.
                while len(self._open) > 2:
                    await self._open.pop(0).aclose()
            return self._open[-1]

    def _connected(self, credential: Credential) -> httpx.AsyncHTTPTransport:
        """Building the TLS context takes tens of milliseconds, hence in a thread."""
        verify: Any = False
        if self._context.server.startswith("https"):
            try:
                verify = Tls(
                    ca_data=material(self._context, "certificate-authority", entry="cluster"),
                    insecure=bool(self._context.cluster.get("insecure-skip-tls-verify")),
                    cert_data=credential.certificate,
                    key_data=credential.key,
                ).context()
            except InputError as error:
                raise self._unusable(error.detail, error.hint) from error
        try:
            return httpx.AsyncHTTPTransport(
                verify=verify,
                proxy=proxy_of(self._context),
                limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=8, keepalive_expiry=30.0),
                socket_options=_keepalive(),
            )
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            # The address may hold a password; the error may quote it.
            why = f"its proxy address cannot be used ({type(error).__name__})"
            hint = "http:// and https:// proxies work; socks5:// needs the package socksio."
            raise self._unusable(why, hint) from None

    def _unusable(self, why: str, hint: str) -> Unreachable:
        name = inert(self._context.name, 80)
        wrong = Unreachable(f"No way to {name}", f"{self._context.file}, context {name}: {why}", hint)
        wrong.retryable = False
        return wrong


def _keepalive() -> list[tuple[int, int, int]]:
    """A silent watch is normal for minutes, so a half-open connection is found by the kernel: within about a minute."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 4)):
        if (option := getattr(socket, name, None)) is not None:
            options.append((socket.IPPROTO_TCP, option, value))
    return options
