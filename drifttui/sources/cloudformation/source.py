"""CloudFormation in one account: stacks with the drift that was last detected, and detection where a look needs it.

Detection makes the service read every resource with the caller's rights and writes its result into the stack: it is a
read with side effects. It takes from seconds to minutes; only a few looks wait for one, the others get what is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Final

from ...clients.access import Access
from ...clients.aws import Aws
from ...clients.aws_health import AwsHealth, Need
from ...clients.aws_settings import StackDriftSettings
from ...core.board import Mode
from ...core.cloudformation import drift_of, events_of, policy_event
from ...core.errors import DriftError, ReadOnly, SourceError, Throttled, inert
from ...core.health import SourceHealth, Standing
from ...core.identity import UnitId
from ...core.inspection import Event, Inspection
from ...core.planes import Plane
from ...core.ports import Batch, Clock
from ...core.unit import Condition, Unit
from .rows import row_of

SYSTEM: Final = "CloudFormation"
LIST_EVERY: Final = 60.0
AWAITED: Final = 2
"""Looks that wait for a detection."""
DETECTING: Final = 3
"""Detections at the same time, of which AWS allows only a few an account."""
FIRST_POLL, SLOWEST_POLL = 1.0, 15.0
SERVICE: Final = "cloudformation"
NESTED: Final = "AWS::CloudFormation::Stack"


class CloudFormationSource:
    """`UnitSource`, `Inspectable` and `Renewable`."""

    system: ClassVar[str] = SYSTEM
    planes: ClassVar[frozenset[Plane]] = frozenset(Plane)
    mode = Mode.LIVE

    def __init__(self, aws: Aws, clock: Clock, settings: StackDriftSettings, *, key: bytes) -> None:
        self.name = f"cloudformation:{inert(aws.settings.shown_name, 80)}"
        self._aws, self._clock, self._settings, self._key = aws, clock, settings, key
        self._units: dict[UnitId, Unit] = {}
        self._checker = AwsHealth(aws, self.name, SYSTEM, clock)
        self._detections: dict[UnitId, asyncio.Task[str]] = {}
        self._telling: set[asyncio.Task[None]] = set()
        self._awaited = 0
        self._room = asyncio.Semaphore(DETECTING)
        self._renewed: set[UnitId] = set()
        self._tried: dict[UnitId, datetime] = {}
        self._unchecked: dict[UnitId, str] = {}
        self._told: dict[UnitId, Inspection] = {}
        self._wake = asyncio.Event()
        self._blind_since: datetime | None = None
        self._listed_at: datetime | None = None

    async def check(self) -> SourceHealth:
        async def look() -> str:
            await self._aws.call(SERVICE, "DescribeStacks", region=(await self._regions())[0])
            return ""

        try:
            regions = ", ".join(await self._regions())
        except SourceError:
            regions = ""
        untried = {"cloudformation:DetectStackDrift": "detecting drift", "cloudformation:ListStackResources": "a look"}
        found = await self._checker.check(
            regions,
            "cached drift, detected anew where it is old",
            [Need("cloudformation:DescribeStacks", "the list of stacks", look)],
            untried=untried,
        )
        return found._replace(unit_count=len(self._units))

    async def watch(self) -> AsyncIterator[Batch]:
        """The whole list every minute; what a detection found as soon as it ends."""
        try:
            while True:
                yield await self._listing()
                ends = asyncio.get_running_loop().time() + LIST_EVERY
                while (left := ends - asyncio.get_running_loop().time()) > 0:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), left)
                    self._wake.clear()
                    told, self._told = self._told, {}
                    for unit, inspection in told.items():
                        if unit in self._units:
                            yield Batch(self.name, self._clock(), units=(self._units[unit],), inspection=inspection)
        finally:
            running = [*self._detections.values(), *self._telling]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def inspect(self, unit: Unit) -> Inspection:
        if not self._is_old(unit):
            return await self._read(self._units.get(unit.id, unit), [])
        gaps = await self._detected(unit)
        inspection = await self._read(self._units.get(unit.id, unit), gaps)
        self._told[unit.id] = inspection  # The row changed with it.
        self._wake.set()
        return inspection

    def renew(self, unit: UnitId) -> bool:
        if unit not in self._units:
            return False
        self._renewed.add(unit)
        return True

    async def close(self) -> None:
        await self._aws.close()

    # The list.

    async def _regions(self) -> list[str]:
        own = await self._aws.region()
        chosen = self._settings.regions or (own, *self._aws.settings.regions)
        return list(dict.fromkeys(region for region in chosen if region)) or ["us-east-1"]

    async def _listing(self) -> Batch:
        """Regions that do not answer keep their rows; what they said before goes stale."""
        now = self._clock()
        found: dict[UnitId, Unit] = {}
        failed: list[tuple[str, SourceError]] = []
        try:
            regions = await self._regions()
        except SourceError as error:
            regions, failed = [], [("", error)]
        for region in regions:
            try:
                async for page in self._aws.pages(SERVICE, "DescribeStacks", {}, marker="NextToken", region=region):
                    for stack in page.get("Stacks") or ():
                        row = self._row(stack, region)
                        if self._is_wanted(row.id.name) and stack.get("StackStatus") != "REVIEW_IN_PROGRESS":
                            found[row.id] = row
            except SourceError as error:
                failed.append((region, error))
                found |= {key: unit for key, unit in self._units.items() if key.namespace == region}
        if not regions:
            found = dict(self._units)
        self._units = found
        if not failed:
            self._listed_at = now
        return Batch(self.name, now, units=tuple(found.values()), complete=True, health=self._health(failed, regions))

    def _is_wanted(self, name: str) -> bool:
        return not self._settings.stacks or any(fnmatchcase(name, one) for one in self._settings.stacks)

    def _health(self, failed: list[tuple[str, SourceError]], regions: list[str]) -> SourceHealth:
        blind = bool(failed) and len(failed) >= len(regions)
        standing = Standing.BLIND if blind else Standing.DEGRADED if failed else Standing.OK
        self._blind_since = (self._blind_since or self._clock()) if blind else None
        error = failed[0][1] if failed else None
        seen = self._aws.counters
        return SourceHealth(
            self.name,
            SYSTEM,
            standing,
            address=", ".join(regions),
            error=f"{error.title}: {error.detail}" if error is not None else "",
            hint=error.hint if error is not None else "",
            newest_answer=self._listed_at,
            blind_since=self._blind_since,
            clock_skew=seen.clock_skew,
            latency_ms=seen.latency_ms,
            answers=seen.answers,
            errors=seen.errors,
            rate=seen.rate,
            unit_count=len(self._units),
            method=f"list every {LIST_EVERY:g}s, cached drift"
            + (f", {len(self._detections)} detections run" if self._detections else ""),
        )

    # Detection.

    def _is_old(self, unit: Unit) -> bool:
        if unit.id in self._renewed:
            self._renewed.discard(unit.id)
            return True
        tried = self._tried.get(unit.id)
        if tried is not None and self._clock() - tried < timedelta(seconds=self._settings.detect_after):
            return False  # A detection that failed does not get better by being repeated.
        if not self._settings.detect_after or any(one.type == "StackBusy" for one in unit.conditions):
            return False
        if unit.sync == "Unknown":
            return True
        age = self._clock() - unit.observed_at if unit.observed_at is not None else None
        return age is None or age > timedelta(seconds=self._settings.detect_after)

    async def _detected(self, unit: Unit) -> list[str]:
        """Starts a detection, and waits for it where not many do. Gives what is to be said about it."""
        if self._aws.access is Access.STRICT:
            return ["Drift is not detected anew under --read-only=strict: this is what was last detected."]
        self._tried[unit.id] = self._clock()
        task = self._detections.get(unit.id)
        if task is None:
            task = asyncio.create_task(self._detect(unit), name=f"detect {unit.id.name}")
            self._detections[unit.id] = task
            task.add_done_callback(lambda _: self._detections.pop(unit.id, None))
        if self._awaited >= AWAITED:
            task.add_done_callback(lambda done: self._later(unit, done))
            return ["Drift detection runs; this is what was detected before."]
        self._awaited += 1
        try:
            said = await asyncio.shield(task)
        finally:
            self._awaited -= 1
        return [said] if said else []

    def _later(self, unit: Unit, done: asyncio.Task[str]) -> None:
        """What nobody waited for comes by itself."""
        if not done.cancelled():
            telling = asyncio.create_task(self._tell(unit, done.result()))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    async def _tell(self, unit: Unit, said: str) -> None:
        with suppress(SourceError):
            self._told[unit.id] = await self._read(self._units.get(unit.id, unit), [said] if said else [])
            self._wake.set()

    async def _detect(self, unit: Unit) -> str:
        """One line where the detection failed or is partial; empty where it is whole. Raises nothing."""
        try:
            async with self._room:
                return await self._detect_and_wait(unit)
        except (SourceError, ReadOnly) as error:
            return f"Drift could not be detected: {error.one_line()}"

    async def _detect_and_wait(self, unit: Unit) -> str:
        region, asked = unit.id.namespace, {"StackName": unit.path or unit.id.name}
        started = await self._aws.call(SERVICE, "DetectStackDrift", asked, region=region)
        wanted = {"StackDriftDetectionId": started.get("StackDriftDetectionId")}
        ends = asyncio.get_running_loop().time() + self._settings.detect_timeout
        wait = FIRST_POLL
        while True:
            await asyncio.sleep(wait * self._settings.poll)
            wait = min(wait * 1.6, SLOWEST_POLL)
            try:
                state = await self._aws.call(SERVICE, "DescribeStackDriftDetectionStatus", wanted, region=region)
            except Throttled:
                wait = SLOWEST_POLL
                state = {}
            status = state.get("DetectionStatus")
            if status in ("DETECTION_COMPLETE", "DETECTION_FAILED"):
                break
            if asyncio.get_running_loop().time() > ends:
                return f"Drift detection did not end in {self._settings.detect_timeout:g} s; it goes on in AWS."
        await self._row_again(unit)
        reason = inert(str(state.get("DetectionStatusReason") or ""), 300)
        if status == "DETECTION_FAILED":
            return f"Drift detection failed and is partial: {reason or 'no reason is given'}"
        return f"Drift detection is partial: {reason}" if reason else ""

    async def _row_again(self, unit: Unit) -> None:
        asked = {"StackName": unit.path or unit.id.name}
        answer = await self._aws.call(SERVICE, "DescribeStacks", asked, region=unit.id.namespace)
        for stack in answer.get("Stacks") or ():
            row = self._row(stack, unit.id.namespace)
            self._units[row.id] = row

    # One stack.

    async def _read(self, unit: Unit, gaps: list[str]) -> Inspection:
        region, name = unit.id.namespace, unit.path or unit.id.name
        asked = {"StackName": name}
        listed = await self._all("ListStackResources", asked, "StackResourceSummaries", region)
        drifts: list[dict[str, Any]] = []
        wanted = {**asked, "MaxResults": 100}
        events: tuple[Event, ...] = ()
        try:
            drifts = await self._all("DescribeStackResourceDrifts", wanted, "StackResourceDrifts", region)
        except SourceError as error:
            gaps.append(f"Drift of the resources: {error.one_line()}")
        try:
            page = await self._aws.call(SERVICE, "DescribeStackEvents", asked, region=region)
            events = events_of(page.get("StackEvents") or [])
        except SourceError as error:
            gaps.append(f"Events: {error.one_line()}")
        try:
            policy = await self._aws.call(SERVICE, "GetStackPolicy", asked, region=region)
            denied = policy_event(policy.get("StackPolicyBody"))
            events = (denied, *events) if denied is not None else events
        except DriftError as error:
            gaps.append(f"Stack policy: {error.one_line()}")
        found = drift_of(listed, drifts, stack=unit.id.name, source=self.name, key=self._key)
        nested = [str(one.get("LogicalResourceId")) for one in listed if one.get("ResourceType") == NESTED]
        if nested:
            gaps.append(f"Nested stacks are units of their own: {', '.join(inert(one, 60) for one in nested[:6])}")
        self._unchecked[unit.id] = found.gaps[0] if found.gaps else ""
        times = [planes.actual.observed_at for planes in found.resources if planes.actual and planes.actual.observed_at]
        return Inspection(
            unit.id,
            min(times, default=unit.observed_at or self._clock()),
            resources=found.resources,
            comparisons=found.comparisons,
            events=events,
            gaps=(*gaps, *found.gaps),
        )

    def _row(self, stack: dict[str, Any], region: str) -> Unit:
        """IN_SYNC of a stack says nothing about resources that CloudFormation cannot check: the row says so."""
        row = row_of(stack, self.name, region, self._clock())
        said = self._unchecked.get(row.id)
        return row._replace(conditions=(*row.conditions, Condition("PartlyUnchecked", said))) if said else row

    async def _all(self, operation: str, asked: dict[str, Any], member: str, region: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        async for page in self._aws.pages(SERVICE, operation, asked, marker="NextToken", region=region):
            found += page.get(member) or ()
        return found
