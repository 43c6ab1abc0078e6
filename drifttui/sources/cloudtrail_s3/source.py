"""CloudTrail's log files in S3, of one account or a whole organisation.

Only the prefixes that can hold the range are listed, the newest files are read first, and a question downloads no more
than its budget: a long range belongs to Athena. Files never change, so what one said about a resource is kept.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final, NamedTuple

from ...clients.aws import Aws
from ...clients.aws_health import AwsHealth, Need, age
from ...clients.aws_settings import TrailBucket
from ...core.audit_cloudtrail import CloudTrailCall
from ...core.audit_question import AuditAnswer, AuditQuestion, Trail, Unseen, Why
from ...core.cloudtrail_files import LATEST, delivered, folder, log_records, prefixes, unpacked
from ...core.cloudtrail_gathering import DELAY, CloudGathering
from ...core.cloudtrail_search import accounts_of, regions_of
from ...core.errors import Forbidden, Missing, SourceError, inert
from ...core.health import SourceHealth
from ...core.planes import Plane
from ...core.ports import Clock

SYSTEM: Final = "CloudTrail files"
AT_ONCE: Final = 4
"""Files in memory at a time."""
MAX_OBJECT: Final = 64_000_000
"""Compressed bytes of one file."""
KEPT_FILES: Final = 20_000
FOLDERS_FOR: Final = timedelta(minutes=10)
"""How long the list of accounts and regions is believed."""


class _File(NamedTuple):
    key: str
    size: int
    at: datetime


class CloudTrailFiles:
    """Implements `AuditSource`."""

    system: ClassVar[str] = SYSTEM
    planes: ClassVar[frozenset[Plane]] = frozenset()
    trail = Trail.CLOUDTRAIL

    def __init__(self, aws: Aws, bucket: TrailBucket, clock: Clock, *, key: bytes) -> None:
        self.name = f"cloudtrail-s3:{inert(aws.settings.shown_name, 80)}"
        self.covers = frozenset(bucket.accounts)
        self._aws, self._bucket, self._clock, self._key = aws, bucket, clock, key
        self._health = AwsHealth(aws, self.name, SYSTEM, clock)
        self._kept: OrderedDict[tuple[str, tuple[bytes, ...]], tuple[CloudTrailCall, ...]] = OrderedDict()
        self._folders: dict[str, tuple[datetime, list[str]]] = {}

    async def calls(self, question: AuditQuestion) -> AuditAnswer:
        now = self._clock()
        gathering = CloudGathering(question, self._key, now)
        if not question.clouds:
            return AuditAnswer(self.name, asked_at=now, delay=DELAY, method="S3 log files")
        until = question.until or now
        since = question.since or until - timedelta(seconds=self._bucket.look_back)
        unseen: list[Unseen] = []
        if question.since is None:
            unseen.append(
                Unseen(Why.LEFT_OUT, f"{self.name}: read back to {since:%Y-%m-%d %H:%MZ}: --since goes further")
            )
        files, errors = await self._list(question, since, until)
        if errors and not files:
            raise errors[0]
        unseen += [Unseen(Why.BLIND, f"{self.name}: {error.one_line()}") for error in errors]
        wanted, left = self._within_budget(files)
        if left:
            size = sum(file.size for file in left)
            newest = max(file.at for file in left)
            unseen.append(
                Unseen(
                    Why.LEFT_OUT,
                    f"{self.name}: {len(left)} log files ({size / 1e6:.0f} MB) up to {newest:%Y-%m-%d %H:%MZ} were not "
                    "read: narrow --since, raise max_bytes, or configure Athena",
                )
            )
        problems = Counter[str]()
        failed = await self._read_all(wanted, gathering, problems)
        if failed:
            unseen.append(Unseen(Why.BLIND, f"{self.name}: {failed[0].one_line()} {len(failed)} files were not read."))
            if len(failed) == len(wanted):
                raise failed[0]
        newest_file = max((file.at for file in files), default=None)
        return gathering.answer(
            self.name,
            unseen=unseen,
            problems=problems,
            scanned=sum(file.size for file in wanted),
            newest=gathering.newest or newest_file,
            method=f"{len(wanted)} log files in S3",
        )

    async def check(self) -> SourceHealth:
        now = self._clock()
        probe: list[str] = []

        async def listing() -> str:
            since = now - timedelta(hours=2)
            newest: datetime | None = None
            probe.clear()
            for base, account, region in await self._places((), ()):
                for prefix in prefixes(base, account, region, since, now)[:3]:
                    files = await self._page(prefix)
                    probe.extend(file.key for file in files[-1:])
                    found = [file.at for file in files]
                    newest = max([*found, *([newest] if newest else [])], default=None)
                if newest:
                    break
            return age(newest, now)

        async def reading() -> str:
            if not probe:
                raise Missing(
                    f"{self.name}: no log file in the last two hours", hint="Check whether the trail delivers."
                )
            await self._aws.body(self._bucket.bucket, probe[0], region=self._bucket.region, limit=1)
            return ""

        return await self._health.check(
            f"s3://{self._bucket.bucket}/{folder(self._bucket.prefix, self._bucket.organization)}",
            "log files in S3",
            [
                Need(f"s3:ListBucket on {self._bucket.bucket}", "finding the log files of a time", listing),
                Need(f"s3:GetObject on {self._bucket.bucket}", "reading them (kms:Decrypt where encrypted)", reading),
            ],
            "Check bucket, prefix and organization in [aws.trail].",
        )

    async def close(self) -> None:
        await self._aws.close()

    async def _list(
        self, question: AuditQuestion, since: datetime, until: datetime
    ) -> tuple[list[_File], list[SourceError]]:
        accounts = frozenset(account for cloud in question.clouds for account in accounts_of(cloud))
        own = [await self._aws.region(), *self._aws.settings.regions]
        regions: dict[str, None] = {}
        for cloud in question.clouds:
            # Without an ARN the region is not known: every region that is configured, or else that the bucket holds.
            found = regions_of(cloud, [region for region in own if region])
            regions.update(dict.fromkeys(found))
        places = await self._places(sorted(accounts), list(regions))
        wanted = [prefix for place in places for prefix in prefixes(*place, since, until)]
        room = asyncio.Semaphore(AT_ONCE)

        async def one(prefix: str) -> list[_File] | SourceError:
            async with room:
                try:
                    return await self._page(prefix)
                except SourceError as error:
                    return error

        answers = await asyncio.gather(*(one(prefix) for prefix in wanted))
        files = [file for answer in answers if isinstance(answer, list) for file in answer]
        late = until + LATEST
        chosen = {file.key: file for file in files if since - timedelta(minutes=1) <= file.at <= late}
        errors = {str(answer): answer for answer in answers if isinstance(answer, SourceError)}
        return sorted(chosen.values(), key=lambda file: file.at, reverse=True), list(errors.values())

    async def _places(self, accounts: Sequence[str], regions: Sequence[str]) -> list[tuple[str, str, str]]:
        """Folder, account and region, for all that may be asked about. Raises `SourceError`."""
        settings = self._bucket
        organization = settings.organization
        found: list[tuple[str, str, str]] = []
        chosen = list(accounts or settings.accounts)
        if not organization:
            names = await self._below(folder(settings.prefix, ""))
            nested = [name for name in names if name.startswith("o-")]
            if not any(name.isdigit() for name in names) and len(nested) == 1:
                organization = nested[0]
        if not chosen:
            names = await self._below(folder(settings.prefix, organization))
            chosen = [name for name in names if len(name) == 12 and name.isdigit()]
        for account in chosen:
            there = list(regions) or await self._below(folder(settings.prefix, organization, account))
            found += [(folder(settings.prefix, organization, account, region), account, region) for region in there]
        if not found:
            raise Missing(
                f"{self.name}: no log files",
                f"nothing below s3://{settings.bucket}/{folder(settings.prefix, organization)}",
                "Check bucket, prefix and organization in [aws.trail].",
            )
        return found

    async def _below(self, base: str) -> list[str]:
        """Names of the folders below one, remembered for a while."""
        now = self._clock()
        if base in self._folders and now - self._folders[base][0] < FOLDERS_FOR:
            return self._folders[base][1]
        names: list[str] = []
        asked = {"Bucket": self._bucket.bucket, "Prefix": base, "Delimiter": "/"}
        async for page in self._aws.pages(
            "s3", "ListObjectsV2", asked, marker="NextContinuationToken", into="ContinuationToken",
            region=self._bucket.region,
        ):  # fmt: skip
            names += [str(entry["Prefix"])[len(base) :].strip("/") for entry in page.get("CommonPrefixes") or []]
        self._folders[base] = (now, names)
        return names

    async def _page(self, prefix: str) -> list[_File]:
        files: list[_File] = []
        asked = {"Bucket": self._bucket.bucket, "Prefix": prefix}
        async for page in self._aws.pages(
            "s3", "ListObjectsV2", asked, marker="NextContinuationToken", into="ContinuationToken",
            region=self._bucket.region,
        ):  # fmt: skip
            for entry in page.get("Contents") or []:
                at = delivered(str(entry.get("Key", "")))
                if at is not None:
                    files.append(_File(str(entry["Key"]), int(entry.get("Size") or 0), at))
        return files

    def _within_budget(self, files: Sequence[_File]) -> tuple[list[_File], list[_File]]:
        room = self._bucket.max_bytes
        for number, file in enumerate(files):
            room -= file.size
            if room < 0:
                return list(files[:number]), list(files[number:])
        return list(files), []

    async def _read_all(
        self, files: Sequence[_File], gathering: CloudGathering, problems: Counter[str]
    ) -> list[SourceError]:
        waiting = list(reversed(files))
        failed: list[SourceError] = []

        async def worker() -> None:
            while waiting:
                file = waiting.pop()
                try:
                    await self._read(file, gathering, problems)
                except Missing:
                    problems["log file that vanished"] += 1
                except SourceError as error:
                    failed.append(error)
                    if isinstance(error, Forbidden) or not error.retryable:
                        failed.extend(error for _ in waiting)
                        waiting.clear()

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return failed

    async def _read(self, file: _File, gathering: CloudGathering, problems: Counter[str]) -> None:
        known = (file.key, gathering.needles)
        held = self._kept.get(known)
        if held is not None:
            for each in held:
                gathering.add(each)
            return
        content = await self._aws.body(self._bucket.bucket, file.key, region=self._bucket.region, limit=MAX_OBJECT)
        if len(content) >= MAX_OBJECT:
            problems[f"log file larger than {MAX_OBJECT // 1_000_000} MB, read in part"] += 1
        own = Counter[str]()

        records, events = await asyncio.to_thread(lambda: log_records(unpacked(content, own), gathering.needles, own))
        gathering.events += events - len(records)
        calls = [call for record in records if (call := gathering.matching(record)) is not None]
        for call in calls:
            gathering.add(call)
        problems.update(own)
        if not own:
            self._kept[known] = tuple(calls)
            while len(self._kept) > KEPT_FILES:
                self._kept.popitem(last=False)
