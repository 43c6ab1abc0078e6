"""What every tracker does alike: one configured server, bounded answers, texts made harmless, a check for `doctor`."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from ...clients.access import Access
from ...clients.http import Http, Limits
from ...clients.retry import Backoff
from ...clients.tls import Tls
from ...clients.tracker_settings import TrackerSettings
from ...clients.tracker_token import TrackerToken
from ...core.audit import moment
from ...core.errors import BadAnswer, InputError, Missing, SourceError, inert
from ...core.health import Permission, SourceHealth, Standing
from ...core.link_refs import LinkRef, Tracker, read_ref
from ...core.planes import Plane
from ...core.ports import Clock
from ...core.redact import redact_text
from ...core.tracker import Resolved

BODY: Final = 4 * 1024 * 1024
"""Largest answer in bytes. An incident with a long history has a twentieth of it."""

TITLE: Final = 200
WORD: Final = 60


class TrackerSource(ABC):
    """One tracker under one identity. Reads one record at a time and writes nothing.

    A `core.ports.Source` that fills no plane. It stands beside the registered sources (`drifttui.sources`): those
    decide whether units are known, and no unit is unknown because a ticket could not be read.
    """

    system: ClassVar[str]
    tracker: ClassVar[Tracker]
    planes: ClassVar[frozenset[Plane]] = frozenset()
    public: ClassVar[str] = ""
    """The server where none is configured; empty where everybody has one of their own."""
    variables: ClassVar[tuple[str, ...]] = ()
    """Environment variables with a token, the first that is set counts."""
    right: ClassVar[str] = "read incidents"

    def __init__(
        self, settings: TrackerSettings, clock: Clock, key: bytes, environment: Mapping[str, str], access: Access
    ) -> None:
        self.name = f"tracker:{self.tracker}"
        self.settings = settings
        self._clock, self._key, self._environment = clock, key, environment
        self.server = (settings.server or environment.get(f"{self.tracker.upper()}_SERVER", "") or self.public).rstrip(
            "/"
        )
        named = settings.token_env or next((one for one in self.variables if environment.get(one)), "")
        self.token = TrackerToken(
            self.system, settings.token_file, named or self.variables[0], environment, self.proof
        )  # fmt: skip
        self._tls = Tls(ca_file=str(settings.ca_file or ""))
        self._http: Http | None = None
        self._access = access

    @property
    def configured(self) -> bool:
        """Somebody meant it to be asked: a table in the settings file, or a token in the environment."""
        settings = self.settings
        given = settings.server or settings.token_file or settings.token_env
        return bool(given) or any(self._environment.get(name) for name in self.variables)

    @property
    def ready(self) -> bool:
        """There is a server and a token to ask it with."""
        settings = self.settings
        names = (settings.token_env,) if settings.token_env else self.variables
        return bool(self.server) and bool(settings.token_file or any(self._environment.get(name) for name in names))

    @property
    def api(self) -> str:
        """Where the interface is, under the server."""
        return self.server

    # What each tracker says for itself.

    @abstractmethod
    def proof(self, token: str) -> Mapping[str, str]:
        """The headers that carry the token."""

    @abstractmethod
    async def whoami(self) -> str:
        """Who we are to it, empty where it does not say. Raises `SourceError`."""

    @abstractmethod
    async def read(self, ref: LinkRef) -> Resolved: ...

    def holds(self, host: str) -> bool:
        """Whether addresses on `host` are records of the configured server."""
        return host == urlsplit(self.server).netloc.lower()

    # The same for all.

    async def resolve(self, ref: LinkRef) -> Resolved:
        host = urlsplit(ref.url).netloc.lower() if "://" in ref.url else ""
        if host and not self.holds(host):
            raise Missing(
                f"{inert(host, 80)} is not the configured server of {self.system}",
                urlsplit(self.server).netloc,
                f"Its title is not read. [trackers.{self.tracker}] in the settings names another server.",
            )
        return await self.read(ref)

    async def check(self) -> SourceHealth:
        now = self._clock()
        health = SourceHealth(self.name, self.system, Standing.OFF, inert(self.server), checked_at=now)
        if not self.server:
            hint = f"Set server in [trackers.{self.tracker}], or {self.tracker.upper()}_SERVER."
            return health._replace(error=f"{self.system}: a token, and no server to ask.", hint=hint)
        if not self.ready:
            return health._replace(error=f"{self.system}: a server, and no token.", hint=self.token.hint)
        try:
            identity = self.said(await self.whoami(), WORD)
        except SourceError as error:
            allowed = False if error.kind == "forbidden" else None
            return health._replace(
                standing=Standing.DEGRADED if allowed is False else Standing.BLIND,
                error=f"{error.title}: {error.detail}" if error.detail else error.title,
                hint=error.hint,
                permissions=(Permission(self.right, allowed, "titles and states of change links"),),
            )
        counters = self.http.counters
        return health._replace(
            standing=Standing.OK,
            identity=identity,
            permissions=(Permission(self.right, True, "titles and states of change links"),),
            newest_answer=counters.newest_answer,
            clock_skew=counters.clock_skew,
            latency_ms=counters.latency_ms,
            answers=counters.answers,
            method="asked when a link is shown",
        )

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    @property
    def http(self) -> Http:
        if self._http is None:
            self._http = Http(
                self.api,
                name=self.system,
                tls=self._tls,
                auth=self.token,
                access=self._access,
                limits=Limits(total=self.settings.timeout, body=BODY),
                backoff=Backoff(attempts=2),
                login=self.token.hint,
                clean=self._clean,
                headers=self.headers,
                clock=self._clock,
            )
        return self._http

    headers: ClassVar[Mapping[str, str]] = {}

    async def asked(self, path: str, params: Mapping[str, str] | None = None, accept: str = "") -> dict[str, Any]:
        """The JSON object at `path`. Raises `SourceError`."""
        answer = await self.http.get(path, params, accept=accept or "application/json", permission=self.right)
        try:
            found = json.loads(bytes(answer.body))
        except (ValueError, RecursionError) as error:
            raise self.odd(path, "no JSON") from error
        if not isinstance(found, dict):
            raise self.odd(path, "no JSON object")
        return found

    def odd(self, path: str, what: str) -> SourceError:
        return BadAnswer(
            f"{self.system}: the answer is not in the expected format", f"{path}: {what}", "Check the address."
        )

    def said(self, value: Any, limit: int = TITLE) -> str:
        """A foreign text, made harmless; empty for anything that is none."""
        return inert(self._clean(value), limit) if isinstance(value, str) else ""

    def web(self, value: Any) -> str:
        """A foreign address in its normal form, without secrets; empty for what is no http address."""
        try:
            found = read_ref(value) if isinstance(value, str) else None
        except InputError:
            return ""
        return found.url if found is not None else ""

    def at(self, value: Any) -> datetime | None:
        return moment(value)

    def _clean(self, text: str) -> str:
        return inert(redact_text(self.token.hidden(text[: TITLE * 8]), self._key))


def inner(value: Any, *keys: str) -> Any:
    """The value behind `keys`; None where anything on the way is not an object or lacks the key."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


Make = Callable[[TrackerSettings, Clock, bytes, Mapping[str, str], Access], TrackerSource]
