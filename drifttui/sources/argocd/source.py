"""One Argo CD server through its REST interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from ...clients.access import Access
from ...clients.argocd_http import argocd_http
from ...clients.argocd_settings import ArgoCDSettings
from ...clients.http import Http
from ...core.board import Mode
from ...core.errors import DriftError, SourceError, Unauthenticated, Unreachable
from ...core.health import Permission, SourceHealth
from ...core.inspection import Inspection
from ...core.planes import Plane
from ...core.ports import Batch, Clock
from ...core.unit import Unit
from . import crd_system, wire
from .health import HealthBook
from .inspect import Inspector
from .rest import Rest, decoded, projectable
from .rest_feed import RestFeed
from .units import Rows
from .watch import Pace, Watch
from .wire_detail import Settings

SETTINGS_AGE = timedelta(minutes=5)


class _Right(NamedTuple):
    resource: str
    action: str
    needed_for: str
    scoped: bool = True
    """Argo CD checks it against `project/application`."""


RIGHTS = (
    _Right("applications", "get", "the list of units and everything in them"),
    _Right("projects", "get", "sync windows of whole projects (optional)", scoped=False),
    _Right("clusters", "get", "names of clusters (optional)", scoped=False),
    _Right("logs", "get", "logs of pods (optional)"),
    _Right("applications", "update", "pausing and resuming (optional)"),
    _Right("applications", "sync", "stopping a running sync (optional)"),
)


class ArgoCDSource:
    """`UnitSource` and `Inspectable` over one server. `name` is `argocd:` and what the operator calls it."""

    system: ClassVar[str] = "Argo CD"
    planes: ClassVar[frozenset[Plane]] = frozenset(Plane)
    mode = Mode.LIVE

    def __init__(
        self,
        settings: ArgoCDSettings,
        http: Http,
        clock: Clock,
        *,
        key: bytes,
        clean: Callable[[str], str],
        notes: tuple[str, ...] = (),
        pace: Pace | None = None,
    ) -> None:
        self.name = http.name
        self._clock, self._clean, self._pace = clock, clean, pace or Pace()
        self._http = http
        self._rest = Rest(http, settings)
        self._rows = Rows(self.name, clean)
        self._book = HealthBook(self.name, http.base_url, http.counters)
        self._book.notes = notes
        self._feed = RestFeed(self._rest, self._rows, clock, settings.projects, lambda: self._book.version)
        self._settings: tuple[datetime, Settings] | None = None
        self._inspector = Inspector(
            self._rest, clock, source=self.name, key=key, clean=clean, settings=self._read_settings
        )

    async def check(self) -> SourceHealth:
        now = self._clock()
        try:
            self._book.version = await self._rest.version()
            user = await self._rest.user()
            self._book.identity = user.username or ("somebody" if user.logged_in else "anonymous")
            self._book.permissions = await self._permissions()
        except SourceError as error:
            self._book.blind(error, now, 0, now)
        else:
            self._book.well(self._book.method or self._feed.method)
        self._book.checked_at = self._clock()
        return self._book.health()

    def watch(self) -> AsyncIterator[Batch]:
        return Watch(self._feed, self._book, self._clock, pace=self._pace, prepare=self._prepare).batches()

    async def inspect(self, unit: Unit) -> Inspection:
        return await self._inspector(unit)

    async def close(self) -> None:
        await self._http.close()

    async def _prepare(self) -> None:
        """What rows and health need besides the list, which alone must be had: a proxy may let less through."""
        version, user, settings = await asyncio.gather(
            self._rest.version(), self._rest.user(), self._read_settings(), return_exceptions=True
        )
        for answer in (version, user, settings):
            if isinstance(answer, BaseException) and not isinstance(answer, SourceError):
                raise answer
        if isinstance(version, Unreachable):
            raise version
        if not isinstance(version, BaseException):
            self._book.version = version
        if not isinstance(user, BaseException):
            self._book.identity = user.username or "anonymous"
        if not isinstance(settings, BaseException):
            self._rows.tracking = crd_system.tracking(settings)

    async def _read_settings(self) -> Settings:
        now = self._clock()
        if self._settings is None or now - self._settings[0] > SETTINGS_AGE:
            self._settings = (now, await self._rest.settings())
        return self._settings[1]

    async def _permissions(self) -> tuple[Permission, ...]:
        """Asked for everything first. An account that is confined to some projects gets a no to that, and is asked
        about an application that it sees."""
        first, *others = RIGHTS
        # One alone first: where the token is refused, no other question is left running behind the answer.
        wide = [await self._may(first, "*/*")]
        wide += await asyncio.gather(*(self._may(right, "*/*" if right.scoped else "*") for right in others))
        sample = await self._sample() if False in wide else None
        return tuple([await self._permission(right, yes, sample) for right, yes in zip(RIGHTS, wide, strict=True)])

    async def _permission(self, right: _Right, wide: bool | None, sample: str | None) -> Permission:
        name = f"{right.resource},{right.action}"
        if wide is False and right.scoped and sample and await self._may(right, sample):
            return Permission(name, True, f"{right.needed_for}; in some projects only")
        return Permission(name, wide, right.needed_for)

    async def _may(self, right: _Right, what: str) -> bool | None:
        try:
            return await self._rest.may(right.resource, right.action, what)
        except Unauthenticated:
            raise
        except SourceError:
            return None

    async def _sample(self) -> str | None:
        """`project/name` of one application that this account sees, `project/namespace/name` outside of home."""
        fields = "items.metadata.name,items.metadata.namespace,items.spec.project"
        body = await self._rest.applications(fields if projectable(self._book.version) else "")
        found = decoded(body, wire.ApplicationList, self.name, "/api/v1/applications").items
        if not found:
            return None
        one, home = found[0], (await self._read_settings()).controller_namespace
        middle = "" if one.metadata.namespace == home else f"{one.metadata.namespace}/"
        return f"{one.spec.project}/{middle}{one.metadata.name}"


def argocd_source(
    settings: ArgoCDSettings,
    clock: Clock,
    *,
    key: bytes,
    clean: Callable[[str], str],
    access: Access,
    environment: Mapping[str, str],
    pace: Pace | None = None,
) -> ArgoCDSource:
    """The source of one server. Raises `InputError` where nothing says which server that is."""
    http = argocd_http(settings, clock, clean=clean, access=access, environment=environment)
    login = settings.login()
    notes = []
    if login.insecure and not login.plain_text:
        notes.append("its certificate is not checked")
    if login.plain_text and login.server.rpartition(":")[0] not in ("localhost", "127.0.0.1", "[::1]"):
        notes.append("the token travels in plain text")
    return ArgoCDSource(settings, http, clock, key=key, clean=clean, notes=tuple(notes), pace=pace)


class UnusableSource:
    """A server that the settings name but do not lead to. Always blind, and says why, so that it is not overlooked."""

    system: ClassVar[str] = "Argo CD"
    planes: ClassVar[frozenset[Plane]] = frozenset()
    mode = Mode.LIVE

    def __init__(self, name: str, error: DriftError, clock: Clock) -> None:
        from ...clients.counters import Counters

        self.name = name
        self._error, self._clock = error, clock
        self._book = HealthBook(name, "", Counters(lambda: 0.0))

    async def check(self) -> SourceHealth:
        now = self._clock()
        self._book.blind(self._error, now, 0, now)
        self._book.retry_at = None
        self._book.checked_at = now
        return self._book.health()

    async def watch(self) -> AsyncIterator[Batch]:
        yield Batch(self.name, self._clock(), health=await self.check())
        await asyncio.Event().wait()

    async def inspect(self, unit: Unit) -> Inspection:
        raise Unreachable(self._error.title, self._error.detail, self._error.hint)

    async def close(self) -> None:
        """Nothing is open."""
