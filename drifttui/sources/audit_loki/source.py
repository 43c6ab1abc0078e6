"""The Kubernetes audit log in Loki, through `GET /loki/api/v1/query_range`.

Answers hold `data.result[].values` of [nanoseconds, line], newest first with `direction=backward`. A page is at most
`limit` lines, so older pages are asked with an earlier `end`, which is exclusive.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

import msgspec

from ...clients.http import Http
from ...clients.http_errors import undecodable
from ...clients.loki_settings import LokiSettings
from ...core.audit_gathering import Gathering
from ...core.audit_logql import deletions, operations, writes
from ...core.audit_question import AuditAnswer, AuditQuestion, Trail, Unseen, Why
from ...core.errors import BadAnswer, Forbidden, SourceError, inert
from ...core.follow import application_of
from ...core.health import Permission, SourceHealth, Standing
from ...core.planes import Plane
from ...core.ports import Clock
from ...core.redact import redact_text

SYSTEM: Final = "Loki"
RANGE: Final = "/loki/api/v1/query_range"
DELAY: Final = timedelta(minutes=2)
"""Agents ship in batches; Loki itself answers for what it has at once."""
_LINE: Final = 32 << 20
_HINTS: Final = (
    ("time range", "Set a smaller `window` in [[loki]]."),
    ("max entries limit", "Set a smaller `page` in [[loki]]."),
)
"""What helps, by words of its refusals (Loki 3.7)."""


class _Stream(msgspec.Struct):
    values: list[tuple[str, str]] = []


class _Summary(msgspec.Struct, rename="camel"):
    total_bytes_processed: int = 0
    total_lines_processed: int = 0


class _Stats(msgspec.Struct):
    summary: _Summary = msgspec.field(default_factory=_Summary)


class _Data(msgspec.Struct, rename="camel"):
    result_type: str = ""
    result: list[_Stream] = []
    stats: _Stats = msgspec.field(default_factory=_Stats)


class _Answer(msgspec.Struct):
    data: _Data = msgspec.field(default_factory=_Data)


class LokiAudit:
    """Implements `AuditSource`."""

    system: ClassVar[str] = SYSTEM
    planes: ClassVar[frozenset[Plane]] = frozenset()
    trail = Trail.KUBERNETES

    def __init__(self, http: Http, settings: LokiSettings, clock: Clock, *, key: bytes) -> None:
        self.name = f"loki:{inert(settings.shown_name, 80)}"
        self.covers = frozenset({settings.cluster, *settings.covers} - {""})
        self._http, self._settings, self._clock, self._key = http, settings, clock, key
        self._blind_since: datetime | None = None

    async def calls(self, question: AuditQuestion) -> AuditAnswer:
        now = self._clock()
        gathering = Gathering(question, self._key, now)
        if not question.objects:
            return gathering.answer(self.name, method="Loki")
        until = question.until or now
        since = question.since or until - timedelta(seconds=self._settings.look_back)
        reading = _Reading(since, until, gathering)
        if question.since is None:
            reading.unseen.append((Why.LEFT_OUT, f"asked back to {since:%Y-%m-%d %H:%MZ}: --since goes further"))
        selector = self._settings.selector
        for statement in (*writes(selector, question.objects), *deletions(selector, question.objects)):
            await self._query(statement, reading)
        if any("argocd" in call.authenticated_as for call in gathering.calls):
            bodies = (body for call in gathering.calls for body in (call.response, call.request))
            found = {name.rpartition("_")[2] for body in bodies if (name := application_of(body))}
            reading.operations_only = True
            await self._query(operations(selector, question.applications or sorted(found)), reading)
        if now - until < DELAY:
            reading.unseen.append((Why.LATE, "lines are shipped in batches: the newest calls may still arrive"))
        return gathering.answer(
            self.name,
            unseen=tuple(Unseen(why, f"{self.name}: {words}") for why, words in dict.fromkeys(reading.unseen)),
            first=reading.first,
            newest=reading.newest,
            delay=DELAY,
            events=reading.looked,
            scanned=reading.scanned,
            problems=reading.problems,
            method="LogQL",
        )

    async def check(self) -> SourceHealth:
        now = self._clock()
        error = hint = note = ""
        standing, allowed = Standing.OK, None
        try:
            end = _ns(now)
            page = await self._page(self._settings.selector, end - 3_600_000_000_000, end, 1)
            allowed = True
            times = [int(at) for stream in page.result for at, _ in stream.values if at.isdigit()]
            if times:
                note = f", newest line {max(0.0, now.timestamp() - max(times) / 1e9):.0f} s old"
            else:
                standing, note = Standing.DEGRADED, ""
                error = f"No line in the last hour: {self._settings.selector}"
                hint = "Check the selector, and whether the log is shipped."
        except SourceError as wrong:
            allowed = False if isinstance(wrong, Forbidden) else None
            standing, hint = Standing.BLIND, wrong.hint
            error = f"{wrong.title}: {wrong.detail}" if wrong.detail else wrong.title
        self._blind_since = (self._blind_since or now) if standing is Standing.BLIND else None
        seen = self._http.counters
        return SourceHealth(
            name=self.name,
            system=SYSTEM,
            standing=standing,
            address=f"{self._http.base_url} {self._settings.selector}",
            version=await self._version() if allowed else "",
            identity=self._settings.tenant or self._settings.username,
            error=error,
            hint=hint,
            permissions=(Permission("query_range", allowed, "who changed objects"),),
            checked_at=now,
            newest_answer=seen.newest_answer,
            blind_since=self._blind_since,
            clock_skew=seen.clock_skew,
            latency_ms=seen.latency_ms,
            answers=seen.answers,
            errors=seen.errors,
            rate=seen.rate,
            method=f"query_range{note}" + (", certificate not verified" if self._settings.insecure else ""),
        )

    async def close(self) -> None:
        await self._http.close()

    async def _query(self, statement: str, reading: _Reading) -> None:
        """Windows and pages, newest first, until the range, the lines allowed, or Loki's patience end."""
        first, last = _ns(reading.since), _ns(reading.until) + 1
        window = int(self._settings.window * 1e9)
        end = last
        while end > first:
            start = max(first, end - window)
            below = end
            while True:
                room = self._settings.max_lines - reading.lines
                if room <= 0:
                    words = f"{reading.lines} lines were fetched and there may be older ones: narrow --since"
                    reading.unseen.append((Why.LEFT_OUT, words))
                    return
                size = min(self._settings.page, room)
                try:
                    page = await self._page(statement, start, below, size)
                except SourceError as error:
                    if not reading.pages:
                        raise
                    reading.unseen.append((Why.BLIND, error.one_line()))
                    return
                oldest, count = reading.take(page)
                if count < size or oldest is None:
                    break
                if oldest + 1 >= below:
                    reading.unseen.append(
                        (Why.LEFT_OUT, f"more than {size} lines of one moment: some of them were not fetched")
                    )
                    below = oldest
                else:
                    below = oldest + 1
            end = start

    async def _page(self, statement: str, start: int, end: int, limit: int) -> _Data:
        asked: Mapping[str, str] = {
            "query": statement,
            "start": str(start),
            "end": str(end),
            "limit": str(limit),
            "direction": "backward",
        }
        try:
            answer = await self._http.get(RANGE, asked, permission="query_range")
        except BadAnswer as error:
            if error.status != 400:
                raise
            hint = next((hint for word, hint in _HINTS if word in error.detail), "Check the selector in [[loki]].")
            raise BadAnswer(error.title, error.detail, hint, status=400) from error
        try:
            return msgspec.json.decode(answer.body, type=_Answer).data
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        try:
            # A line with bytes that are no UTF-8: Loki hands out what it was given.
            text = bytes(answer.body).decode("utf-8", "replace")
            return msgspec.json.decode(text, type=_Answer).data
        except msgspec.DecodeError as error:
            raise undecodable(self._http.name, RANGE, error) from error

    async def _version(self) -> str:
        try:
            answer = await self._http.get("/loki/api/v1/status/buildinfo")
            return inert(str(json.loads(answer.body).get("version") or ""), 40)
        except (SourceError, ValueError, AttributeError):
            return ""


class _Reading:
    """What came out of one question so far."""

    def __init__(self, since: datetime, until: datetime, gathering: Gathering) -> None:
        self.since, self.until = since, until
        self.unseen: list[tuple[Why, str]] = []
        self.problems: dict[str, int] = {}
        self.first: datetime | None = None
        self.newest: datetime | None = None
        self.lines = self.pages = self.scanned = self.looked = 0
        self.operations_only = False
        self._gathering = gathering
        self._seen: set[tuple[str, int]] = set()

    def take(self, page: _Data) -> tuple[int | None, int]:
        """The oldest moment in nanoseconds and how many lines there were, those known already among them."""
        self.pages += 1
        self.scanned += page.stats.summary.total_bytes_processed
        self.looked += page.stats.summary.total_lines_processed
        oldest, count = None, 0
        for stream in page.result:
            for written, line in stream.values:
                count += 1
                at = int(written) if written.isdigit() else None
                oldest = at if oldest is None or (at is not None and at < oldest) else oldest
                known = (written, hash((line, self.operations_only)))
                if known not in self._seen:
                    self._seen.add(known)
                    self._line(at, line)
        return oldest, count

    def _line(self, nanoseconds: int | None, line: str) -> None:
        self.lines += 1
        if nanoseconds is not None:
            at = datetime.fromtimestamp(nanoseconds / 1e9, UTC)
            self.newest = at if self.newest is None or at > self.newest else self.newest
            self.first = at if self.first is None or at < self.first else self.first
        start = line.find("{")
        try:
            if len(line) > _LINE or start < 0:
                raise ValueError
            record = json.loads(line[start:])
        except (ValueError, RecursionError):
            words = "line that is no JSON or was cut"
            self.problems[words] = self.problems.get(words, 0) + 1
            return
        held = record.get("log", record.get("message")) if isinstance(record, dict) and "verb" not in record else None
        if isinstance(held, str) and held.lstrip()[:1] == "{":
            try:
                record = json.loads(held)
            except (ValueError, RecursionError):
                pass
        self._gathering.take(record, operations_only=self.operations_only)


def _ns(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1000


def loki_source(settings: LokiSettings, clock: Clock, *, key: bytes, **more: Any) -> LokiAudit:
    """`more` goes to `Http` (tests bring `backoff`)."""

    async def auth(renew: bool) -> Mapping[str, str]:
        return settings.proof()

    def clean(text: str) -> str:
        for secret in settings.secrets():
            text = text.replace(secret, "…")
        return inert(redact_text(text, key))

    http = Http(
        settings.url,
        name=f"Loki {inert(settings.shown_name, 80)}",
        tls=settings.tls,
        auth=auth,
        limits=settings.limits(),
        login="Check tenant, user and token in [[loki]].",
        plain_errors=True,
        clean=clean,
        clock=clock,
        **more,
    )
    return LokiAudit(http, settings, clock, key=key)
