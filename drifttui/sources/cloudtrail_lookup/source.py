"""CloudTrail's LookupEvents: 90 days of management events, one attribute a question, two calls a second.

Wire: `LookupEvents` of the CloudTrail API (2013-11-01), newest first, 50 a page; the record itself is a string in
`CloudTrailEvent`. What AWS files under a resource's name differs by service, so a question that its index cannot answer
is asked again by the names of the calls, and the answer says so.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, NamedTuple

from ...clients.aws import Aws
from ...clients.aws_errors import Refused
from ...clients.aws_health import AwsHealth, Need, age
from ...clients.aws_pace import Pace
from ...core.audit_cloudtrail import CloudTrailCall
from ...core.audit_question import AuditAnswer, AuditQuestion, Trail, Unseen, Why
from ...core.cloudtrail_gathering import DELAY, CloudGathering
from ...core.cloudtrail_search import Lookup, accounts_of, by_call, by_name, mentions, needles, regions_of
from ...core.errors import SourceError, inert
from ...core.health import SourceHealth
from ...core.join_cloudtrail import CloudQuestion
from ...core.planes import Plane
from ...core.ports import Clock

SYSTEM: Final = "CloudTrail"
RETENTION: Final = timedelta(days=90)
PAGE: Final = 50
HELD: Final = 512
"""Answered lookups that are kept."""
HELD_CALLS: Final = 2000
"""Calls of one of them."""
_RESTARTS: Final = 2


class _Held(NamedTuple):
    """What one lookup answered for a closed range, which ends before anything that may still arrive."""

    since: datetime
    until: datetime
    calls: tuple[CloudTrailCall, ...]


class _Spent(Exception):
    """The budget of the question is used up."""


class CloudTrailLookup:
    """Implements `AuditSource`."""

    system: ClassVar[str] = SYSTEM
    planes: ClassVar[frozenset[Plane]] = frozenset()
    trail = Trail.CLOUDTRAIL

    def __init__(self, aws: Aws, clock: Clock, *, key: bytes, pace: Pace) -> None:
        self.name = f"cloudtrail:{inert(aws.settings.shown_name, 80)}"
        self.covers = frozenset({aws.settings.account} - {""})
        self._aws, self._clock, self._key, self._pace = aws, clock, key, pace
        self._held: OrderedDict[tuple[str, Lookup], _Held] = OrderedDict()
        self._health = AwsHealth(aws, self.name, SYSTEM, clock)

    async def calls(self, question: AuditQuestion) -> AuditAnswer:
        now = self._clock()
        gathering = CloudGathering(question, self._key, now)
        if not question.clouds:
            return AuditAnswer(self.name, asked_at=now, delay=DELAY, method="LookupEvents")
        account = await self._account()
        asking = _Asking(self, gathering, account, question, now)
        await asking.all(question.clouds, await self._regions())
        if asking.errors and not asking.answered:
            raise asking.errors[0]
        return gathering.answer(self.name, unseen=asking.said(), method=asking.method())

    async def check(self) -> SourceHealth:
        async def look() -> str:
            region = (await self._regions())[0]
            await self._pace.turn(await self._account(), region)
            page = await self._aws.call("cloudtrail", "LookupEvents", {"MaxResults": 1}, region=region)
            events = page.get("Events") or []
            return age(_utc(events[0].get("EventTime")) if events else None, self._clock())

        try:
            regions = ", ".join(await self._regions())
        except SourceError:
            regions = ""
        found = await self._health.check(
            regions,
            "LookupEvents",
            [Need("cloudtrail:LookupEvents", "who changed AWS resources", look)],
        )
        shared = "" if self._pace.shared else " (not shared with other sessions)"
        used = f"{sum(self._pace.used.values())} calls used, {self._pace.waiting} waiting{shared}"
        return found._replace(method=found.method.replace("LookupEvents", f"LookupEvents, {used}", 1))

    async def close(self) -> None:
        await self._aws.close()

    async def _account(self) -> str:
        account = await self._aws.account()
        if account:
            self.covers = frozenset({account})
        return account

    async def _regions(self) -> list[str]:
        own = await self._aws.region()
        return list(dict.fromkeys(region for region in (own, *self._aws.settings.regions) if region)) or ["us-east-1"]

    async def page(self, account: str, lookup: Lookup, more: dict[str, Any]) -> dict[str, Any]:
        await self._pace.turn(account, lookup.region)
        attribute = {"AttributeKey": lookup.key, "AttributeValue": lookup.value}
        return await self._aws.call(
            "cloudtrail",
            "LookupEvents",
            {"LookupAttributes": [attribute], "MaxResults": PAGE, **more},
            region=lookup.region,
        )

    def held(self, account: str, lookup: Lookup) -> _Held | None:
        found = self._held.get((account, lookup))
        if found is not None:
            self._held.move_to_end((account, lookup))
        return found

    def hold(self, account: str, lookup: Lookup, held: _Held) -> None:
        if len(held.calls) > HELD_CALLS:
            self._held.pop((account, lookup), None)
            return
        self._held[account, lookup] = held
        while len(self._held) > HELD:
            self._held.popitem(last=False)

    @property
    def look_back(self) -> timedelta:
        return timedelta(seconds=self._aws.settings.look_back)

    @property
    def budget(self) -> int:
        return self._aws.settings.lookup_calls


class _Asking:
    """One question, its budget and what became of it."""

    def __init__(
        self, source: CloudTrailLookup, gathering: CloudGathering, account: str, question: AuditQuestion, now: datetime
    ) -> None:
        self._source, self._gathering, self._account, self._now = source, gathering, account, now
        self._until = question.until or now
        asked = question.since or self._until - source.look_back
        self._since = max(asked, now - RETENTION)
        self._left = source.budget
        self._unseen: dict[Unseen, None] = {}
        self._keys: dict[str, None] = {}
        self.errors: list[SourceError] = []
        self.answered = 0
        if asked < self._since:
            self._note(Why.RETENTION, "LookupEvents keeps 90 days: earlier calls are not in it")
        elif question.since is None:
            self._note(
                Why.LEFT_OUT, f"LookupEvents was asked back to {self._since:%Y-%m-%d %H:%MZ}: --since goes further"
            )

    async def all(self, clouds: Sequence[CloudQuestion], configured: Sequence[str]) -> None:
        for cloud in clouds:
            others = accounts_of(cloud)
            if others and self._account and self._account not in others:
                self._note(Why.BLIND, f"{cloud} is in account {', '.join(sorted(others))}, not in {self._account}")
                self.answered += 1
                continue
            regions = regions_of(cloud, configured)
            names = by_name(cloud, regions)
            whole = await self._each(names)
            if self._explained(cloud):
                asked = ", ".join(dict.fromkeys(lookup.value for lookup in names))
                self._note(Why.LEFT_OUT, f"asked by resource name ({asked}): calls not filed under it are not seen")
                continue
            scans = by_call(cloud, regions)
            if not scans:
                self._note(
                    Why.LEFT_OUT, f"{cloud.kind or 'the type'} is not mapped to AWS calls: only names were asked"
                )
            elif whole:
                words = sorted({lookup.value for lookup in scans})
                shown = ", ".join(words[:3]) + (f" and {len(words) - 3} more" if len(words) > 3 else "")
                self._note(
                    Why.LEFT_OUT, f"no write is filed under the resource's name: searched by {scans[0].key} ({shown})"
                )
                await self._each(scans)

    async def _each(self, lookups: Sequence[Lookup]) -> bool:
        """Regions side by side, since each has its own limit. False where one had no answer."""
        regions = dict.fromkeys(lookup.region for lookup in lookups)
        rows = [[lookup for lookup in lookups if lookup.region == region] for region in regions]
        return all(await asyncio.gather(*(self._region(row) for row in rows)))

    async def _region(self, lookups: Sequence[Lookup]) -> bool:
        for number, lookup in enumerate(lookups):
            try:
                await self._lookup(lookup)
                self.answered += 1
                self._keys[lookup.key] = None
            except _Spent:
                rest = len(lookups) - number
                self._note(
                    Why.LEFT_OUT,
                    f"{self._source.budget} calls of LookupEvents are used up: {rest} lookups in {lookup.region} were "
                    "not finished; a shorter --since, log files in S3 or Athena tell more",
                )
                return False
            except SourceError as error:
                self.errors.append(error)
                self._note(Why.BLIND, f"{self._source.name} in {lookup.region}: {error.one_line()}")
                return False
        return True

    async def _lookup(self, lookup: Lookup) -> None:
        held = self._source.held(self._account, lookup)
        found: list[CloudTrailCall] = list(held.calls) if held else []
        for call in found:
            self._gathering.add(call)
        parts = [(self._since, self._until)]
        if held is not None:
            before = [(self._since, held.since)] if self._since < held.since else []
            after = [(held.until, self._until)] if self._until > held.until else []
            parts = [*after, *before]
        for since, until in parts:
            await self._part(lookup, since, until, found)
        closed = min(self._until, self._now - DELAY)
        since = min(self._since, held.since) if held else self._since
        closed = max(closed, held.until) if held else closed
        if closed > since:
            kept = {f"{call.event_id}{call.name}": call for call in found if call.time and call.time <= closed}
            self._source.hold(self._account, lookup, _Held(since, closed, tuple(kept.values())))

    async def _part(self, lookup: Lookup, since: datetime, until: datetime, found: list[CloudTrailCall]) -> None:
        token, restarts, oldest = "", 0, until
        while True:
            if self._left <= 0:
                raise _Spent
            self._left -= 1
            more: dict[str, Any] = {"StartTime": since, "EndTime": until}
            try:
                page = await self._source.page(self._account, lookup, {**more, "NextToken": token} if token else more)
            except Refused as error:
                if "NextToken" not in error.code or restarts == _RESTARTS or not token:
                    raise
                token, until, restarts = "", oldest, restarts + 1
                self._gathering.problems["page of LookupEvents that had to be asked anew"] += 1
                continue
            for event in page.get("Events") or []:
                self._gathering.events += 1
                call = self._gathering.read(event)
                if call is not None:
                    found.append(call)
                    self._gathering.add(call)
                at = _utc(event.get("EventTime"))
                oldest = min(oldest, at) if at else oldest
            token = str(page.get("NextToken") or "")
            if not token:
                return

    def _explained(self, cloud: CloudQuestion) -> bool:
        sought = needles((cloud,))
        return any(
            call.explains_drift and not (call.name or "").startswith(("Create", "Run", "Import"))
            for call in self._gathering.calls
            if mentions(call, sought)
        )

    def _note(self, why: Why, words: str) -> None:
        self._unseen[Unseen(why, words if words.startswith(self._source.name) else f"CloudTrail: {words}")] = None

    def said(self) -> tuple[Unseen, ...]:
        return tuple(self._unseen)

    def method(self) -> str:
        return f"LookupEvents by {', '.join(self._keys)}" if self._keys else "LookupEvents"


def _utc(value: Any) -> datetime | None:
    return value.astimezone(UTC) if isinstance(value, datetime) else None
