"""Applications as Argo CD's own API tells them: a list, a stream of server-sent events, and surveys in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import msgspec

from ...core.errors import BadAnswer, Missing, inert
from ...core.ports import Clock
from ...core.unit import Unit
from . import wire
from .feed import Alive, Changed, Deleted, Event, Listing, Lost
from .rest import GET, SURVEY_FIELDS, Rest, decoded, projectable
from .units import Rows, unit_id

ROWS_AT_ONCE = 500
"""Rows made before the loop gets a turn: about 5 ms."""


class RestFeed:
    method = "stream"
    optional = False

    def __init__(
        self, rest: Rest, rows: Rows, clock: Clock, projects: tuple[str, ...], version: Callable[[], str]
    ) -> None:
        self._rest, self._rows, self._clock, self._version = rest, rows, clock, version
        self._projects = frozenset(projects)

    async def listing(self) -> Listing:
        listing = await self._listed(await self._rest.applications())
        if not listing.units and not listing.gaps and not await self._rest.may("applications", "get", "*/*"):
            nothing = f"it lists no application, and {GET} is not permitted for all: there may be some"
            return listing._replace(gaps=(nothing,))
        return listing

    async def survey(self) -> Listing | None:
        if not projectable(self._version()):
            return None
        return await self._listed(await self._rest.applications(SURVEY_FIELDS))

    async def one(self, unit: Unit) -> Unit | None:
        try:
            application = await self._rest.application(unit.id, unit.project)
        except Missing:
            return None
        return self._rows(application, self._clock())

    async def events(self, version: str) -> AsyncGenerator[Event, None]:
        """`version` is not passed on: the server would use it to leave out events between the answer to a list and the
        moment that it stamped the list with, which no list has told either."""
        heads: list[Event] = []
        async with aclosing(self._rest.stream("0", lambda: heads.append(Alive()))) as lines:
            async for line in lines:
                while heads:
                    yield heads.pop()
                event = self._event(line)
                if event is not None:
                    yield event

    def _event(self, line: bytes | None) -> Event | None:
        """One line of server-sent events (HTML Living Standard §9.2.6); Argo CD's are all one line long."""
        if line is None:
            return Lost("an event was too long")
        if line.startswith(b":"):
            return Alive()
        if not line.startswith(b"data:"):
            return None
        try:
            message = msgspec.json.decode(line[5:], type=wire.StreamMessage)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Lost(f"an event could not be read: {inert(str(error))}")
        if message.error is not None:
            raise BadAnswer(
                f"{self._rest.http.name} ended the stream",
                message.error.message,
                "It is opened anew.",
                status=message.error.http_code or 500,
            )
        if message.result is None:
            return None
        application = message.result.application
        if not application.metadata.name:
            return Lost("an event names no application")
        hidden = self._projects and application.spec.project not in self._projects
        if hidden or message.result.type == "DELETED":
            return Deleted(unit_id(application, self._rows.source), application.metadata.resource_version)
        return Changed(self._rows(application, self._clock()))

    async def _listed(self, body: bytes | bytearray) -> Listing:
        """One by one: a single odd application hides no others, and what a row does not keep is freed before the next
        is decoded. All at once they are five times as large as the rows, in pages that are never given back."""
        at = self._clock()
        found = decoded(body, wire.RawList, self._rest.http.name, "/api/v1/applications")
        units: list[Unit] = []
        gaps: list[str] = []
        for number, raw in enumerate(found.items or (), 1):
            if number % ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
            try:
                application = _application.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                gaps.append(f"Application {number} of the list cannot be read: {inert(str(error))}")
                named = _named(raw, gaps[-1])
                if named is None:
                    continue
                application = named
            if not self._projects or application.spec.project in self._projects:
                units.append(self._rows(application, at))
        return Listing(tuple(units), found.metadata.resource_version, tuple(gaps))


_application = msgspec.json.Decoder(wire.Application)


class _Named(wire.Part, frozen=True):
    metadata: wire.Metadata = wire.Metadata()


def _named(raw: msgspec.Raw, why: str) -> wire.Application | None:
    """An application of which only the name can be read: everything else about it is unknown, which is not clean."""
    try:
        metadata = msgspec.json.decode(raw, type=_Named).metadata
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    unreadable = wire.ApplicationCondition("UnknownError", why)
    return wire.Application(metadata, status=wire.Status(conditions=[unreadable])) if metadata.name else None
