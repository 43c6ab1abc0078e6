"""The ways to the objects that plans write: one per kubeconfig context and per Argo CD server."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from drifttui.core.errors import BadAnswer, InputError, Missing, PreconditionFailed, inert
from drifttui.core.json_patch import replace, test
from drifttui.core.pause import Door, Target, WriteKind
from drifttui.core.pause_argocd import PHASE
from drifttui.core.planes import Document
from drifttui.core.ports import Clock
from drifttui.core.redact import redact_text

if TYPE_CHECKING:
    from drifttui.clients.argocd_write import ArgoCDWriter
    from drifttui.clients.kube import KubeClient

    from .session import Settings

Patch = Sequence[Mapping[str, Any]]


class Receipt:
    """What a server said to a write."""

    __slots__ = ("audit_id", "document")

    def __init__(self, document: Document | None = None, audit_id: str = "") -> None:
        self.document = document
        """The object as stored; None where the answer does not hold it."""
        self.audit_id = audit_id


class Way(Protocol):
    """One server under one identity."""

    checks_tests: bool
    """Whether a `test` holds against what the write replaces. False: read again right before and right after."""

    async def read(self, target: Target) -> Document | None:
        """The object as it is now; None where there is none. Raises `SourceError`."""
        ...

    async def write(self, target: Target, kind: WriteKind, patch: Patch) -> Receipt:
        """Sent once. Raises as `clients.write_once` says, and `ReadOnly`."""
        ...


class Ways(Protocol):
    def to(self, target: Target) -> Way:
        """Raises `InputError` where no way leads there."""
        ...


class Doors:
    """Implements `Ways` over the settings. Each way is opened when first asked for; `close` once."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._open: dict[tuple[Door, str], KubernetesWay | ArgoCDWay] = {}

    def to(self, target: Target) -> Way:
        key = (target.door, target.server)
        if key not in self._open:
            made = self._kubernetes if target.door is Door.KUBERNETES else self._argocd
            self._open[key] = made(target.server)
        return self._open[key]

    async def close(self) -> None:
        ways, self._open = list(self._open.values()), {}
        await asyncio.gather(*(way.close() for way in ways), return_exceptions=True)

    def _kubernetes(self, context: str) -> KubernetesWay:
        return KubernetesWay(self._settings.kube_api(context))

    def _argocd(self, name: str) -> ArgoCDWay:
        from drifttui.clients.argocd_http import argocd_http, source_name
        from drifttui.clients.argocd_write import ArgoCDWriter

        key = self._settings.redaction_key
        for entry in self._settings.argocd:
            if source_name(entry) == name:
                http = argocd_http(
                    entry,
                    self._clock,
                    clean=lambda text: inert(redact_text(text, key)),
                    access=self._settings.access,
                    environment=os.environ,
                )
                return ArgoCDWay(ArgoCDWriter(http), http.close)
        raise InputError(f"No Argo CD server {name}", "in the settings", "`drifttui doctor` lists the sources.")


class KubernetesWay:
    """Writes with the precondition that its patch tests."""

    checks_tests = True

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def read(self, target: Target) -> Document | None:
        from drifttui.clients.kube_write import object_path, right

        path = object_path(target)
        try:
            body = await self._client.get_object(path, permission=right(target, "get"))
        except Missing:
            return None
        try:
            document = json.loads(body)
        except ValueError as error:
            raise BadAnswer(f"{self._client.context}: the answer is not in the expected format", path) from error
        if not isinstance(document, dict):
            raise BadAnswer(f"{self._client.context}: the answer is not in the expected format", path)
        return document

    async def write(self, target: Target, kind: WriteKind, patch: Patch) -> Receipt:
        from drifttui.clients.kube_write import KubeWriter

        if kind is WriteKind.STOP_OPERATION and not patch:
            patch = (test(PHASE, "Running"), replace(PHASE, "Terminating"))
        written = await KubeWriter(self._client.http).patch(target, patch)
        return Receipt(written.document, written.audit_id)

    async def close(self) -> None:
        await self._client.close()


class ArgoCDWay:
    """Argo CD's REST interface: no precondition holds there, so that what was written is read again."""

    checks_tests = False

    def __init__(self, writer: ArgoCDWriter, close: Any) -> None:
        self._writer, self.close = writer, close

    async def read(self, target: Target) -> Document | None:
        try:
            return await self._writer.application(target)
        except Missing:
            return None

    async def write(self, target: Target, kind: WriteKind, patch: Patch) -> Receipt:
        if kind is WriteKind.STOP_OPERATION:
            await self._writer.stop_operation(target)
            return Receipt()
        if not patch:
            raise PreconditionFailed(f"{target.short}: nothing to write")
        written = await self._writer.patch(target, patch)
        return Receipt(written.document, written.audit_id)
