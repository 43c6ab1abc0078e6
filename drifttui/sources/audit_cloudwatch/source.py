"""The Kubernetes audit log of EKS, where it lies: CloudWatch Logs, `/aws/eks/<cluster>/cluster`.

Short ranges through `FilterLogEvents` (milliseconds; an empty page with a token is not the end), long ones through Logs
Insights (seconds; asynchronous; 10,000 rows). EKS decides the levels: no bodies of Secrets, ConfigMaps and custom
resources.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, NamedTuple

from ...clients.access import Access
from ...clients.aws import Aws
from ...clients.aws_health import AwsHealth, Need, age
from ...clients.aws_query import running
from ...clients.aws_settings import ClusterLog
from ...core.audit_cloudwatch import (
    INSIGHTS_LIMIT,
    askable,
    insights,
    insights_operations,
    operations_pattern,
    patterns,
    without_bodies,
)
from ...core.audit_gathering import Gathering
from ...core.audit_question import AuditAnswer, AuditQuestion, Trail, Unseen, Why
from ...core.errors import BadAnswer, Missing, ReadOnly, SourceError, Unreachable, inert
from ...core.health import SourceHealth
from ...core.planes import Plane
from ...core.ports import Clock

SYSTEM: Final = "EKS audit log"
STREAMS: Final = "kube-apiserver-audit"
DELAY: Final = timedelta(minutes=5)
"""Delivery is best effort, usually within minutes."""
_DEFAULT: Final = "/aws/eks/{name}/cluster"


HELD: Final = 64
"""Answers that are kept, so that asking again only asks for what is new: a query over a day costs."""


class _Held(NamedTuple):
    since: datetime
    until: datetime
    """Before what may still arrive."""
    answer: AuditAnswer


class CloudWatchAudit:
    """Implements `AuditSource`."""

    system: ClassVar[str] = SYSTEM
    planes: ClassVar[frozenset[Plane]] = frozenset()
    trail = Trail.KUBERNETES

    def __init__(
        self,
        aws: Aws,
        cluster: ClusterLog,
        clock: Clock,
        *,
        key: bytes,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.name = f"eks-audit:{inert(cluster.name, 80)}"
        region, account = cluster.region or aws.settings.region, aws.settings.account
        arn = {f"arn:aws:eks:{region}:{account}:cluster/{cluster.name}"} if region and account else set()
        self.covers = frozenset({cluster.name, *cluster.covers, *arn})
        self._aws, self._cluster, self._clock, self._key, self._sleep = aws, cluster, clock, key, sleep
        self._group = cluster.log_group or _DEFAULT.format(name=cluster.name)
        self._eks = self._group.startswith("/aws/eks/")
        self._health = AwsHealth(aws, self.name, SYSTEM, clock)
        self._retention: timedelta | None = None
        self._asked_retention = False
        self._held: OrderedDict[tuple[Any, ...], _Held] = OrderedDict()

    async def calls(self, question: AuditQuestion) -> AuditAnswer:
        now = self._clock()
        gathering = Gathering(question, self._key, now)
        wanted = [entry for entry in question.objects if askable(entry)]
        unseen = [
            Unseen(Why.LEFT_OUT, f"{self.name}: {entry} cannot stand in a query")
            for entry in question.objects
            if not askable(entry)
        ]
        if not wanted:
            return gathering.answer(self.name, unseen=tuple(unseen), method="CloudWatch Logs")
        until = question.until or now
        since = question.since or until - timedelta(seconds=self._cluster.look_back)
        if question.since is None:
            unseen.append(
                Unseen(Why.LEFT_OUT, f"{self.name}: asked back to {since:%Y-%m-%d %H:%MZ}: --since goes further")
            )
        short = timedelta(seconds=self._cluster.insights_after)
        if self._aws.access is Access.STRICT and until - since > short:
            since = until - short
            words = f"--read-only=strict does without Logs Insights: asked back to {since:%Y-%m-%d %H:%MZ} only"
            unseen.append(Unseen(Why.LEFT_OUT, f"{self.name}: {words}"))
        retention = await self._kept()
        if retention is not None and since < now - retention:
            unseen.append(Unseen(Why.RETENTION, f"{self.name}: the log group keeps {retention.days} days"))
        asked_before = (question.objects, question.status, question.applications)
        held = self._held.get(asked_before) if question.until is None else None
        if held is not None and held.since > since:
            held = None
        reading = _Reading(max(since, held.until) if held else since, until, gathering)
        long = (until - reading.since).total_seconds() > self._cluster.insights_after
        if long:
            await self._insights(insights(wanted, STREAMS), reading)
        else:
            for pattern in patterns(wanted):
                await self._filter(pattern, reading)
        known = (*(held.answer.calls if held else ()), *gathering.calls)
        argo = any("argocd" in call.authenticated_as for call in known)
        if argo and not self._eks:
            reading.operations_only = True
            if long:
                await self._insights(insights_operations(STREAMS), reading)
            else:
                await self._filter(operations_pattern(), reading)
        bare = without_bodies(wanted) if self._eks else []
        if bare:
            unseen.append(Unseen(Why.LEVEL, f"{self.name}: EKS records calls on {', '.join(bare[:3])} without bodies"))
        if argo and self._eks:
            unseen.append(
                Unseen(
                    Why.LEVEL,
                    f"{self.name}: EKS records no bodies of Applications, so who asked for a sync is not in it",
                )
            )
        if now - until < DELAY:
            unseen.append(
                Unseen(Why.LATE, f"{self.name}: EKS delivers some minutes late: newer calls may still arrive")
            )
        answer = gathering.answer(
            self.name,
            unseen=(*unseen, *(Unseen(why, f"{self.name}: {words}") for why, words in reading.unseen)),
            newest=reading.newest,
            first=reading.first,
            delay=DELAY,
            events=reading.events,
            scanned=reading.scanned,
            problems=reading.problems,
            method="Logs Insights" if long else "FilterLogEvents",
        )
        if held is not None:
            answer = _joined(held.answer, answer)
        if question.until is None and not reading.unseen:
            self._held[asked_before] = _Held(min(since, held.since) if held else since, now - DELAY, answer)
            while len(self._held) > HELD:
                self._held.popitem(last=False)
        return answer

    async def check(self) -> SourceHealth:
        async def group() -> str:
            found = await self._describe()
            if found is None:
                raise Missing(
                    f"{self.name}: no log group {self._group}",
                    hint="Switch on the cluster's audit log: EKS leaves it off by default.",
                )
            days = found.get("retentionInDays")
            return f"kept {days} days" if days else "kept for ever"

        async def streams() -> str:
            newest = 0
            async for page in self._pages("DescribeLogStreams", {"logStreamNamePrefix": STREAMS}, limit=5):
                newest = max([newest, *(int(e.get("lastEventTimestamp") or 0) for e in page.get("logStreams") or [])])
            if not newest:
                raise Missing(
                    f"{self.name}: no stream {STREAMS}-…", self._group, "Switch on the log type `audit` of the cluster."
                )
            return age(_moment(newest), self._clock())

        async def look() -> str:
            asked = {"startTime": _ms(self._clock() - timedelta(minutes=1)), "limit": 1, "logStreamNamePrefix": STREAMS}
            async for _ in self._pages("FilterLogEvents", asked, limit=1):
                break
            return ""

        return await self._health.check(
            self._group,
            "FilterLogEvents, Insights for long ranges",
            [
                Need("logs:DescribeLogGroups", "how long events are kept", group),
                Need("logs:DescribeLogStreams", "the age of the newest event", streams),
                Need("logs:FilterLogEvents", "who changed objects", look),
            ],
            untried={"logs:StartQuery": "long ranges; not tried, because it costs"},
        )

    async def close(self) -> None:
        await self._aws.close()

    async def _filter(self, pattern: str, reading: _Reading) -> None:
        asked = {
            "filterPattern": pattern,
            "startTime": _ms(reading.since),
            "endTime": _ms(reading.until),
            "logStreamNamePrefix": STREAMS,
        }
        pages = 0
        try:
            async for page in self._pages("FilterLogEvents", asked, limit=self._cluster.max_pages):
                pages += 1
                for event in page.get("events") or []:
                    reading.take(str(event.get("message", "")), _moment(event.get("timestamp")))
                reading.more = bool(page.get("nextToken"))
        except SourceError as error:
            if not pages:
                raise
            reading.unseen.append((Why.BLIND, f"{error.one_line()} {pages} pages were read."))
            return
        if reading.more:
            reading.unseen.append((Why.LEFT_OUT, f"{pages} pages were read and there are more: narrow --since"))

    async def _pages(self, operation: str, asked: dict[str, Any], limit: int) -> AsyncIterator[dict[str, Any]]:
        number = 0
        async for page in self._aws.pages(
            "logs", operation, {"logGroupName": self._group, **asked}, marker="nextToken", region=self._cluster.region
        ):
            yield page
            number += 1
            if number >= limit:
                return

    async def _insights(self, statement: str, reading: _Reading) -> None:
        async with running(lambda: self._start(statement, reading), self._stop) as query:
            await self._results(query, reading)

    async def _start(self, statement: str, reading: _Reading) -> str:
        asked = {
            "logGroupName": self._group,
            "startTime": int(reading.since.timestamp()),
            "endTime": int(reading.until.timestamp()) + 1,
            "queryString": statement,
            "limit": INSIGHTS_LIMIT,
        }
        try:
            return str((await self._aws.call("logs", "StartQuery", asked, region=self._cluster.region))["queryId"])
        except ReadOnly as error:
            hint = "Ask about a shorter range, or without --read-only=strict."
            raise BadAnswer(f"{self.name}: {error.title}", error.detail, hint) from error

    async def _stop(self, query: str) -> None:
        try:
            await self._aws.call("logs", "StopQuery", {"queryId": query}, region=self._cluster.region)
        except (SourceError, ReadOnly):
            return

    async def _results(self, query: str, reading: _Reading) -> None:
        try:
            async with asyncio.timeout(self._cluster.query_timeout):
                while True:
                    answer = await self._aws.call(
                        "logs", "GetQueryResults", {"queryId": query}, region=self._cluster.region
                    )
                    status = answer.get("status")
                    if status == "Complete":
                        break
                    if status in ("Failed", "Cancelled", "Timeout", "Unknown"):
                        raise BadAnswer(f"{self.name}: the query ended as {status}", self._group, "Narrow --since.")
                    await self._sleep(self._cluster.poll)
        except TimeoutError as error:
            raise Unreachable(
                f"{self.name} is too slow",
                f"Logs Insights gave no result within {self._cluster.query_timeout:g} s",
                "The query was stopped; narrow --since or raise query_timeout.",
            ) from error
        rows = 0
        while True:
            for row in answer.get("results") or []:
                rows += 1
                held = {str(cell.get("field")): str(cell.get("value") or "") for cell in row}
                reading.take(held.get("@message", ""), _written(held.get("@timestamp", "")))
            token = answer.get("nextToken")
            if not token:
                break
            answer = await self._aws.call(
                "logs", "GetQueryResults", {"queryId": query, "nextToken": token}, region=self._cluster.region
            )
        statistics = answer.get("statistics") or {}
        reading.scanned += int(statistics.get("bytesScanned") or 0)
        reading.looked += int(statistics.get("recordsScanned") or 0)
        if rows >= INSIGHTS_LIMIT:
            reading.unseen.append((Why.LEFT_OUT, f"only the newest {rows} events were fetched: narrow --since"))

    async def _describe(self) -> dict[str, Any] | None:
        answer = await self._aws.call(
            "logs", "DescribeLogGroups", {"logGroupNamePrefix": self._group}, region=self._cluster.region
        )
        found: list[dict[str, Any]] = answer.get("logGroups") or []
        return next((entry for entry in found if entry.get("logGroupName") == self._group), None)

    async def _kept(self) -> timedelta | None:
        """How long events are kept; None for ever, or where it may not be asked."""
        if not self._asked_retention:
            try:
                found = await self._describe()
            except SourceError:
                return None
            self._asked_retention = True
            days = (found or {}).get("retentionInDays")
            self._retention = timedelta(days=int(days)) if days else None
        return self._retention


def _joined(before: AuditAnswer, after: AuditAnswer) -> AuditAnswer:
    """What is known by now: events at the seam are in both."""
    known = {(call.audit_id, call.stage) for call in after.calls}
    calls = (*(call for call in before.calls if (call.audit_id, call.stage) not in known), *after.calls)
    return after._replace(
        calls=calls,
        operations=tuple(dict.fromkeys((*before.operations, *after.operations))),
        deletions=(*before.deletions, *after.deletions),
        first=min((at for at in (before.first, after.first) if at), default=None),
        newest=max((at for at in (before.newest, after.newest) if at), default=None),
        problems={**before.problems, **after.problems},
    )


class _Reading:
    """What came out of one question so far."""

    def __init__(self, since: datetime, until: datetime, gathering: Gathering) -> None:
        self.since, self.until = since, until
        self.unseen: list[tuple[Why, str]] = []
        self.problems: dict[str, int] = {}
        self.newest: datetime | None = None
        self.first: datetime | None = None
        self.scanned = self.looked = self._taken = 0
        self.more = self.operations_only = False
        self._gathering = gathering

    @property
    def events(self) -> int:
        return self.looked or self._taken

    def take(self, message: str, at: datetime | None) -> None:
        self._taken += 1
        if at is not None:
            self.newest = at if self.newest is None or at > self.newest else self.newest
            self.first = at if self.first is None or at < self.first else self.first
        try:
            record = json.loads(message)
        except (ValueError, RecursionError):
            words = "event that the log cut short or that is no JSON"
            self.problems[words] = self.problems.get(words, 0) + 1
            return
        self._gathering.take(record, operations_only=self.operations_only)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _moment(milliseconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _written(text: str) -> datetime | None:
    """`2026-11-21 08:41:47.123` of Insights, in UTC."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None
