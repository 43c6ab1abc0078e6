"""Keeps one credential fresh: refreshed before it expires and once when the server rejects it, one flight at a time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from ..core.errors import Unauthenticated, inert
from ..core.ports import Clock
from .http_errors import Clean
from .kube_credentials import Credential, impersonation, written
from .kube_exec import run_plugin
from .kube_provider import ask_provider
from .kubeconfig import KubeContext

EARLY = timedelta(seconds=30)
"""A credential is replaced this long before it expires, so that it does not expire on the way."""

AT_LEAST = timedelta(seconds=10)
"""A credential, or a failure to get one, is kept at least this long. A plugin that hands out expired tokens, or our
clock running ahead, would otherwise start it for every single call."""

FILE_FOR = timedelta(seconds=10)
"""A token file is read again after this; a kubelet replaces it in place."""


class Login:
    """The credential of one context. Safe to ask from many tasks of one event loop."""

    def __init__(self, context: KubeContext, clock: Clock, *, timeout: float, clean: Clean = inert) -> None:
        """`timeout` in seconds is that of a plugin or provider; `clean` takes secrets out of what one said."""
        self._context = context
        self._clock = clock
        self._timeout = timeout
        self._clean = clean
        self._lock = asyncio.Lock()
        self._held: Credential | Unauthenticated | None = None
        self._until = clock()
        self._forced_at: datetime | None = None

    @property
    def renewable(self) -> bool:
        """Whether asking again can bring another credential than the one that was rejected."""
        return any(self._context.user.get(key) for key in ("exec", "auth-provider", "tokenFile"))

    async def current(self, rejected: Credential | None = None) -> Credential:
        """The credential to use now. `rejected` is the one that the server has just refused with 401: unless another
        task has replaced it already, it is replaced now; a login that only ever brings rejected ones is asked again
        no more often than `AT_LEAST`. Raises only `Unauthenticated`."""
        async with self._lock:
            held = self._held
            now = self._clock()
            forced = rejected is not None and held is rejected
            forced = forced and (self._forced_at is None or now - self._forced_at >= AT_LEAST)
            if forced:
                self._forced_at = now
            if held is None or now >= self._until or forced:
                held = await self._fetch()
                self._held = held
                self._until = self._good_until(held)
            if isinstance(held, Unauthenticated):
                raise held
            assert held is not None
            return held

    async def _fetch(self) -> Credential | Unauthenticated:
        user = self._context.user
        try:
            if not any(user.get(key) for key in ("token", "tokenFile")):
                if user.get("exec"):
                    fetched = await run_plugin(self._context, timeout=self._timeout)
                    return fetched._replace(headers={**impersonation(user), **fetched.headers})
                if user.get("auth-provider"):
                    return await ask_provider(self._context, timeout=self._timeout)
            return await asyncio.to_thread(written, self._context)
        except Unauthenticated as error:
            return Unauthenticated(error.title, self._clean(error.detail), self._clean(error.hint))

    def _good_until(self, held: Credential | Unauthenticated) -> datetime:
        now = self._clock()
        if isinstance(held, Unauthenticated):
            return now + AT_LEAST
        if held.expires_at is not None:
            return max(held.expires_at - EARLY, now + AT_LEAST)
        return now + FILE_FOR if self._context.user.get("tokenFile") else datetime.max.replace(tzinfo=UTC)
