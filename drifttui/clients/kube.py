"""One Kubernetes API server under one kubeconfig context."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping

from ..core.errors import inert
from ..core.ports import Clock
from .access import Access, Effect
from .counters import Counters
from .http import Http, Limits
from .http_errors import Clean
from .kube_api import NO_PARAMS
from .kube_login import Login
from .kube_settings import KubernetesSettings
from .kubeconfig import KubeContext
from .retry import Backoff

WATCH_SECONDS = 240
"""The server ends a watch after this; a stream that is silent for longer is dead."""


class KubeClient:
    """Implements `KubeApi`. Credentials are fetched with the first request and kept fresh.

    Every call raises only `SourceError`. What is no GET is a review: a POST that changes nothing, so `--read-only`
    leaves it alone. Writing is `clients.kube_write`'s.
    """

    def __init__(
        self,
        context: KubeContext,
        clock: Clock,
        *,
        settings: KubernetesSettings | None = None,
        access: Access = Access.FULL,
        clean: Clean = inert,
        backoff: Backoff | None = None,
    ) -> None:
        settings = settings or KubernetesSettings()
        self.context = context.name
        self.cluster_name = context.cluster_name
        self.server = context.server
        self.file = context.file
        self._entry = context
        self._login = Login(context, clock, timeout=settings.exec_timeout, clean=clean)
        self._clock, self._clean, self._access, self._backoff = clock, clean, access, backoff
        self._limits = Limits(
            connect=settings.connect_timeout,
            total=settings.timeout,
            between_bytes=settings.timeout,
            body=settings.list_limit,
            line=settings.object_limit,
            idle=WATCH_SECONDS + 15.0,
            open=settings.timeout,
        )
        self._object_limit = settings.object_limit
        self._made: Http | None = None

    @property
    def counters(self) -> Counters:
        return self.http.counters

    async def get(
        self,
        path: str,
        params: Mapping[str, str] = NO_PARAMS,
        *,
        accept: str = "application/json",
        permission: str = "",
        body_limit: int | None = None,
    ) -> bytes:
        """`permission` is what a 403 names as missing; `body_limit` is in bytes, by default that of lists."""
        answer = await self.http.get(path, params, accept=accept, permission=permission, body_limit=body_limit)
        return bytes(answer.body)

    async def get_object(self, path: str, *, permission: str = "") -> bytes:
        """One object, refused where it is larger than any that etcd can hold."""
        return await self.get(path, permission=permission, body_limit=self._object_limit)

    async def review(self, path: str, body: Mapping[str, object], *, permission: str = "") -> bytes:
        """Create a review (SelfSubjectAccessReview, SelfSubjectReview): the server answers it and stores nothing."""
        answer = await self.http.request(
            "POST", path, content=json.dumps(body).encode(), effect=Effect.POSTED_READ, permission=permission
        )
        return bytes(answer.body)

    async def dry_run_apply(
        self, path: str, document: Mapping[str, object], *, manager: str, permission: str = ""
    ) -> bytes:
        """What the object at `path` would be after `manager` applied `document` by force. Nothing is changed: the
        server answers a dry run, which admission webhooks see. Raises `ReadOnly` too, under `--read-only=strict`."""
        answer = await self.http.request(
            "PATCH",
            path,
            {"dryRun": "All", "force": "true", "fieldManager": manager},
            content=json.dumps(document).encode(),
            content_type="application/apply-patch+yaml",
            effect=Effect.DRY_RUN,
            permission=permission,
            body_limit=self._object_limit,
        )
        return bytes(answer.body)

    async def stream(
        self, path: str, params: Mapping[str, str] = NO_PARAMS, *, permission: str = ""
    ) -> AsyncIterator[bytes]:
        """A watch, line by line. An empty line stands for one that was too long and was skipped."""
        params = {"timeoutSeconds": str(WATCH_SECONDS), **params}
        async for line in self.http.lines(path, params, accept="application/json", permission=permission):
            yield line or b""

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    @property
    def http(self) -> Http:
        """Made when first asked for."""
        if self._made is None:
            from .kube_transport import KubeTransport

            self._made = Http(
                self.server,
                name=f"Kubernetes {inert(self.context, 60)}",
                access=self._access,
                limits=self._limits,
                backoff=self._backoff,
                login=f"Renew the credentials of user {inert(self._entry.user_name, 60)} in {self.file}.",
                clean=self._clean,
                transport=KubeTransport(self._entry, self._login),
                clock=self._clock,
            )
        return self._made
