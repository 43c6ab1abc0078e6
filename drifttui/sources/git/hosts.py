"""What hosts of repositories do alike: one server, one token that goes nowhere else, one budget of questions."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import quote

from ...clients.access import Access
from ...clients.git_settings import GitSettings
from ...clients.http import Http, Limits
from ...clients.http_errors import budget_spent
from ...clients.retry import Backoff
from ...clients.tls import Tls
from ...clients.tracker_token import TrackerToken
from ...core.audit import moment
from ...core.errors import BadAnswer, Forbidden, Missing, SourceError, Throttled, inert
from ...core.git import Commit, host_of, pull_request_of
from ...core.health import Permission, SourceHealth, Standing
from ...core.ports import Clock
from ...core.redact import redact_text
from .base import TITLE, GitReader

BODY: Final = 16 * 1024 * 1024
"""Largest answer in bytes: the tree of a repository of a hundred thousand files."""
TEXT: Final = 2 * 1024 * 1024
PAGES: Final = 10
PAGE: Final = 100
RESERVE: Final = 10
"""Questions of the host's budget that are left to others who use the same token."""
RIGHT: Final = "contents: read"


class HostGit(GitReader):
    """One host under one identity. Reads only."""

    opened = 30
    variables: ClassVar[tuple[str, ...]] = ()
    """Environment variables with a token for a host for which none is named."""

    def __init__(
        self, settings: GitSettings, clock: Clock, key: bytes, access: Access, environment: Mapping[str, str]
    ) -> None:
        super().__init__(clock, key)
        self.name = f"git:{inert(settings.name, 80)}"
        self.host = settings.name
        self._settings, self._access = settings, access
        named = settings.token_env or next((one for one in self.variables if environment.get(one)), "")
        self._has_token = bool(settings.token_file or named)
        self._token = TrackerToken(self.system, settings.token_file, named, environment, self.proof)
        self._http: Http | None = None
        self._spent_until: datetime | None = None
        self.lazy = False
        """Nobody configured it, only its token is there: it is not contacted before a unit's repository lies on it."""
        self._used = False

    # What each host says for itself.

    @property
    @abstractmethod
    def api(self) -> str:
        """Where the interface is."""

    @abstractmethod
    def proof(self, token: str) -> Mapping[str, str]:
        """The headers that carry the token."""

    @abstractmethod
    async def whoami(self) -> str:
        """Who we are to it, empty where it does not say. Raises `SourceError`."""

    # The same for all.

    def holds(self, repo: str) -> bool:
        return host_of(repo)[0] == self.host

    @property
    def http(self) -> Http:
        if self._http is None:
            self._http = Http(
                self.api,
                name=self.system,
                tls=Tls(ca_file=str(self._settings.ca_file or "")),
                auth=self._token if self._has_token else None,
                access=self._access,
                limits=Limits(total=self._settings.timeout, body=BODY),
                backoff=Backoff(attempts=2),
                login=self._token.hint if self._has_token else f"Name a token in [[git]] host = {self.host}.",
                clean=self._clean,
                clock=self._clock,
            )
        return self._http

    async def asked(self, path: str, params: Mapping[str, str] | None = None) -> tuple[Any, Mapping[str, str]]:
        """The JSON at `path`, and the headers. Raises `SourceError`."""
        answer = await self._get(path, params, "application/json", BODY)
        try:
            return json.loads(bytes(answer[0])), answer[1]
        except (ValueError, RecursionError) as error:
            raise self.odd(path, "no JSON") from error

    async def raw(self, path: str, params: Mapping[str, str], accept: str = "*/*") -> str | None:
        try:
            body, headers = await self._get(path, params, accept, TEXT)
        except Missing:
            return None
        if headers.get("content-type", "").startswith("text/html"):
            raise self.odd(path, "a web page instead of a file")
        text = bytes(body)
        return None if b"\x00" in text[:8192] else text.decode("utf-8", "replace")

    async def _get(
        self, path: str, params: Mapping[str, str] | None, accept: str, limit: int
    ) -> tuple[bytes | bytearray, Mapping[str, str]]:
        self._used = True
        now = self._clock()
        if self._spent_until is not None and now < self._spent_until:
            wait = (self._spent_until - now).total_seconds()
            raise Throttled(f"{self.system} asks to slow down", self.host, f"It is asked again in {wait:.0f} s.",
                            retry_after=wait)  # fmt: skip
        try:
            answer = await self.http.get(path, params, accept=accept, permission=RIGHT, body_limit=limit)
        except Throttled as error:
            self._spent_until = now + timedelta(seconds=error.retry_after or 60.0)
            raise
        if (spent := budget_spent(answer.headers, now, RESERVE)) is not None:
            self._spent_until = now + timedelta(seconds=spent)
        return answer.body, answer.headers

    async def listed(self, path: str, params: Mapping[str, str], most: int) -> tuple[list[dict[str, Any]], bool]:
        """Up to `most` entries over all pages, and whether these are all. Pages are counted: no address that an
        answer names is followed."""
        found: list[dict[str, Any]] = []
        size = min(PAGE, most + 1)
        for page in range(1, PAGES + 1):
            entries, _ = await self.asked(path, {**params, **self.page_of(page, size)})
            if not isinstance(entries, list):
                raise self.odd(path, "no list")
            found += [entry for entry in entries if isinstance(entry, dict)]
            if len(entries) < size:
                return found[:most], len(found) <= most
            if len(found) > most:
                return found[:most], False
        return found[:most], False

    def page_of(self, page: int, size: int) -> Mapping[str, str]:
        return {"page": str(page), "per_page": str(size)}

    def odd(self, path: str, what: str) -> SourceError:
        return BadAnswer(f"{self.system}: the answer is not in the expected format", f"{path}: {what}",
                         "Check host and kind in [[git]].")  # fmt: skip

    def hash_in(self, path: str, value: Any) -> str:
        """Of a commit. Raises `SourceError` where there is none."""
        if not (sha := sha_of(value)):
            raise self.odd(path, "a commit without a hash")
        return sha

    def commit_in(self, path: str, entry: Any) -> Commit:
        """A commit in GitHub's format, which Gitea speaks too."""
        message = inner(entry, "commit", "message")
        return Commit(
            self.hash_in(path, inner(entry, "sha")),
            self.at(inner(entry, "commit", "committer", "date")),
            self.name_said(inner(entry, "commit", "author", "name")) or self.name_said(inner(entry, "author", "login")),
            self.name_said(inner(entry, "commit", "committer", "name")),
            self.said(first_line(message)),
            pull_request_of(message) if isinstance(message, str) else "",
            files_of(inner(entry, "files"), "filename"),
            self.said(inner(entry, "html_url"), 300),
        )

    def merged_by(self, commit: Commit, requests: Any, sign: str, number: str, url: str) -> Commit:
        """The commit as the first of these requests brought it; as it is where none of them was merged. `number` and
        `url` are how the host calls both."""
        merged = [one for one in requests if inner(one, "merged_at")] if isinstance(requests, list) else []
        if not merged:
            return commit
        first = min(merged, key=lambda one: str(one["merged_at"]))
        said = inner(first, number)
        return commit._replace(
            pull_request=f"{sign}{said}" if isinstance(said, int) else commit.pull_request,
            time=self.at(first["merged_at"]) or commit.time,
            url=self.said(inner(first, url), 300) or commit.url,
        )

    def said(self, text: Any, limit: int = TITLE) -> str:
        return inert(self._clean(text[: limit * 8]), limit) if isinstance(text, str) else ""

    def at(self, value: Any) -> datetime | None:
        return moment(value)

    def _clean(self, text: str) -> str:
        return inert(redact_text(self._token.hidden(text), self._key))

    async def check(self) -> SourceHealth:
        now = self._clock()
        health = SourceHealth(self.name, self.system, Standing.OFF, inert(self.api), checked_at=now)
        if self.lazy and not self._used:
            return health._replace(method="asked when a unit's repository lies there")
        used = self._used
        try:
            identity = self.name_said(await self.whoami())
        except SourceError as error:
            self._used = used
            refused = isinstance(error, Forbidden)
            waits = isinstance(error, Throttled)
            return health._replace(
                standing=Standing.DEGRADED if refused or waits or self.lazy else Standing.BLIND,
                error=f"{error.title}: {error.detail}" if error.detail else error.title,
                hint=error.hint,
                permissions=(Permission(RIGHT, False if refused else None, "commits and merge requests"),),
            )
        counters = self.http.counters
        return health._replace(
            standing=Standing.OK,
            identity=identity,
            permissions=(Permission(RIGHT, None, "commits and merge requests"),),
            newest_answer=counters.newest_answer,
            clock_skew=counters.clock_skew,
            latency_ms=counters.latency_ms,
            answers=counters.answers,
            method="asked about what differs",
        )

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


def repos_at(repo: str) -> str:
    """As GitHub and Gitea address it."""
    return f"/repos/{quote(host_of(repo)[1])}"


def inner(value: Any, *keys: str) -> Any:
    """The value behind `keys`; None where anything on the way is no object or lacks the key."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def first_line(text: Any) -> str:
    return next((line for line in text[:4000].splitlines() if line.strip()), "") if isinstance(text, str) else ""


def files_of(entries: Any, key: str) -> tuple[str, ...]:
    found: Sequence[Any] = entries if isinstance(entries, list) else ()
    return tuple(inert(str(one[key]), 300) for one in found[:100] if isinstance(one, dict) and key in one)


def sha_of(value: Any) -> str:
    """A hash; empty for anything else, so that nothing foreign gets into a path."""
    text = value if isinstance(value, str) else ""
    return text if 40 <= len(text) <= 64 and all(c in "0123456789abcdef" for c in text) else ""
