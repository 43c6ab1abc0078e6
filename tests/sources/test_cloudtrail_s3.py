"""CloudTrail's log files in a bucket of moto: which are listed, which are read, and what goes wrong on the way."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.aws import Aws
from drifttui.clients.aws_settings import AwsSettings, TrailBucket
from drifttui.clients.retry import Backoff
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Why
from drifttui.core.errors import Missing
from drifttui.core.health import Standing
from drifttui.core.join_cloudtrail import CloudQuestion
from drifttui.core.ports import AuditSource
from drifttui.sources.cloudtrail_s3.source import CloudTrailFiles
from tests.clients.aws_server import ACCOUNT, credentials, moto
from tests.sources.cloudtrail_trail import GROUP, KEY, NOW, record

OTHER = "210987654321"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto() as url:
        yield url


class Bucket:
    """Puts log files where a trail puts them."""

    def __init__(self, url: str, name: str) -> None:
        import botocore.session

        self.url, self.name = url, name
        self.client: Any = botocore.session.Session().create_client("s3", region_name="eu-west-1", endpoint_url=url)
        self.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.number = 0

    def key(self, at: datetime, account: str, region: str, base: str) -> str:
        self.number += 1
        name = f"{account}_CloudTrail_{region}_{at:%Y%m%dT%H%MZ}_{self.number:016d}.json.gz"
        return f"{base}/{account}/CloudTrail/{region}/{at:%Y/%m/%d}/{name}"

    def put(
        self,
        minutes: float,
        *records: Any,
        account: str = ACCOUNT,
        region: str = "eu-west-1",
        base: str = "AWSLogs",
        body: bytes | None = None,
    ) -> str:
        """A file delivered so many minutes before `NOW`."""
        key = self.key(NOW - timedelta(minutes=minutes), account, region, base)
        content = gzip.compress(json.dumps({"Records": list(records)}).encode()) if body is None else body
        self.client.put_object(Bucket=self.name, Key=key, Body=content)
        return key


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    credentials(monkeypatch, tmp_path)
    return Bucket(server, f"trail-{os.urandom(6).hex()}")


class Counting(Aws):
    """The real client, with a list of what it was asked."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.asked: list[tuple[str, str]] = []

    async def call(self, service: str, operation: str, params: Any = None, *, region: str = "") -> dict[str, Any]:
        self.asked.append((operation, str((params or {}).get("Prefix", ""))))
        return await super().call(service, operation, params, region=region)

    async def body(self, bucket: str, key: str, *, region: str = "", limit: int) -> bytes:
        self.asked.append(("GetObject", key))
        return await super().body(bucket, key, region=region, limit=limit)


def source(bucket: Bucket, **more: Any) -> tuple[CloudTrailFiles, Counting]:
    aws = Counting(
        AwsSettings(name="prod", endpoint_url=bucket.url), access=Access.STRICT, clock=lambda: NOW,
        backoff=Backoff(attempts=2, base=0.001, cap=0.001),
    )  # fmt: skip
    return CloudTrailFiles(aws, TrailBucket(bucket=bucket.name, **more), lambda: NOW, key=KEY), aws


def ask(hours: float = 3, *clouds: CloudQuestion, until: datetime | None = None) -> AuditQuestion:
    return AuditQuestion(clouds=clouds or (GROUP,), since=NOW - timedelta(hours=hours), until=until)


def names(answer: AuditAnswer) -> set[str | None]:
    return {call.event_id for call in answer.cloud_calls}


def words(answer: AuditAnswer, why: Why) -> str:
    return " | ".join(entry.words for entry in answer.unseen if entry.why is why)


async def test_only_prefixes_that_can_hold_the_range_are_listed(bucket: Bucket) -> None:
    bucket.put(30, record("AuthorizeSecurityGroupIngress", 40, event_id="in"))
    bucket.put(60 * 20, record("AuthorizeSecurityGroupIngress", 60 * 20 + 5, event_id="long-ago"))
    bucket.put(30, record("AuthorizeSecurityGroupIngress", 40, event_id="there"), region="us-east-1")
    held, aws = source(bucket)
    assert isinstance(held, AuditSource)
    answer = await held.calls(ask())
    assert names(answer) == {"in"}
    listed = [prefix for operation, prefix in aws.asked if operation == "ListObjectsV2" and "_CloudTrail_" in prefix]
    assert {prefix.rpartition("_")[2] for prefix in listed} == {f"20261121T{hour:02d}" for hour in (9, 10, 11, 12, 13)}
    assert sum(operation == "GetObject" for operation, _ in aws.asked) == 1
    assert answer.scanned > 0
    assert "1 log files in S3" in answer.method
    assert answer.may_still_arrive


async def test_a_file_delivered_in_the_next_hour_or_day_belongs_to_the_range(bucket: Bucket) -> None:
    bucket.put(725, record("AuthorizeSecurityGroupIngress", 728, event_id="late"))
    held, aws = source(bucket)
    until = NOW - timedelta(hours=12, minutes=5)
    answer = await held.calls(ask(60, until=until))
    assert names(answer) == {"late"}, "an event of the evening lies under the next day"
    days = [prefix for operation, prefix in aws.asked if operation == "ListObjectsV2" and prefix.endswith("/")]
    assert any("/2026/11/21/" in day for day in days)
    assert any("/2026/11/19/" in day for day in days)
    assert not answer.may_still_arrive


async def test_an_organisation_trail_with_a_prefix_is_found_by_listing(bucket: Bucket) -> None:
    base = "audit/AWSLogs/o-abc123"
    bucket.put(30, record("AuthorizeSecurityGroupIngress", 40, event_id="a"), base=base)
    bucket.put(30, record("AuthorizeSecurityGroupIngress", 41, event_id="b"), base=base, account=OTHER)
    held, aws = source(bucket, prefix="audit")
    assert names(await held.calls(ask())) == {"a", "b"}
    asked = len(aws.asked)
    named = CloudQuestion("aws_security_group", (f"arn:aws:ec2:eu-west-1:{OTHER}:security-group/sg-0a1b",))
    assert names(await held.calls(ask(3, named))) == {"b"}
    assert all(OTHER in prefix for _, prefix in aws.asked[asked:] if prefix), "the ARN says whose folder"
    explicit, _ = source(bucket, prefix="audit/", organization="o-abc123", accounts=(ACCOUNT,))
    assert names(await explicit.calls(ask())) == {"a"}


async def test_duplicates_are_told_once_and_order_does_not_matter(bucket: Bucket) -> None:
    one, two = (record("AuthorizeSecurityGroupIngress", n, event_id=f"e{n}") for n in (50, 40))
    bucket.put(30, two, one)
    bucket.put(25, one, two)
    answer = await source(bucket)[0].calls(ask())
    assert sorted(str(call.event_id) for call in answer.cloud_calls) == ["e40", "e50"]


async def test_damage_is_counted_and_what_can_be_read_is_read(bucket: Bucket) -> None:
    whole = gzip.compress(
        json.dumps(
            {"Records": [record("AuthorizeSecurityGroupIngress", 40 + n / 100, event_id=f"t{n}") for n in range(500)]}
        ).encode()
    )
    bucket.put(30, body=whole[: len(whole) * 3 // 4])
    text = json.dumps({"Records": [record("RevokeSecurityGroupIngress", 35, event_id="latin", userAgent="caf@")]})
    bucket.put(29, body=gzip.compress(text.encode().replace(b"caf@", b"caf\xe9")))
    bucket.put(28, body=b"<html>sg-0a1b</html>")
    bucket.put(27, body=b"")
    bucket.put(26, body=b"\x1f\x8bsg-0a1b rubbish")
    inner = json.dumps({"Records": [record("ModifySecurityGroupRules", 33, event_id="after")]})[12:]
    bucket.put(25, body=gzip.compress(b'{"Records": [{"eventVersion": "1.11", "broken": sg-0a1b},' + inner.encode()))
    huge = record(
        "RevokeSecurityGroupEgress", 31, event_id="huge", requestParameters={"groupId": "sg-0a1b", "x": "y" * 5_000_000}
    )
    bucket.put(24, huge, record("RevokeSecurityGroupEgress", -900, event_id="future"), "no record", {"nor": "sg-0a1b"})
    answer = await source(bucket)[0].calls(ask())
    assert {"latin", "after", "huge", "future"} <= names(answer)
    assert sum(str(name).startswith("t") for name in names(answer)) > 100, "the part before the cut"
    assert answer.problems["compressed log file that ends early"] == 1
    assert answer.problems["compressed log file that is damaged"] == 1
    assert answer.problems["log file with bytes that are no UTF-8"] == 1
    assert answer.problems["log file without records"] == 1
    assert answer.problems["damaged record of a log file"] == 2
    assert answer.problems["record that is no CloudTrail event (no eventName: not a CloudTrail record)"] == 1
    assert answer.future == 1


async def test_a_file_that_vanishes_is_counted(bucket: Bucket) -> None:
    bucket.put(30, record("AuthorizeSecurityGroupIngress", 40, event_id="stays"))
    gone = bucket.put(29, record("AuthorizeSecurityGroupIngress", 39, event_id="gone"))
    held, aws = source(bucket)
    real = aws.body

    async def vanishing(name: str, key: str, **more: Any) -> bytes:
        if key == gone:
            bucket.client.delete_object(Bucket=name, Key=key)
        return await real(name, key, **more)

    aws.body = vanishing  # type: ignore[method-assign, assignment]
    answer = await held.calls(ask())
    assert names(answer) == {"stays"}
    assert answer.problems["log file that vanished"] == 1


async def test_no_more_is_downloaded_than_allowed_and_the_newest_first(bucket: Bucket) -> None:
    padding = os.urandom(3000).hex()
    for minutes in (170, 100, 30):
        write = record(
            "AuthorizeSecurityGroupIngress", minutes + 5, event_id=f"m{minutes}", additionalEventData=padding
        )
        bucket.put(minutes, write)
    answer = await source(bucket, max_bytes=8000)[0].calls(ask())
    assert names(answer) == {"m30", "m100"}
    assert "1 log files" in words(answer, Why.LEFT_OUT)
    assert "Athena" in words(answer, Why.LEFT_OUT)


async def test_what_a_file_said_is_kept_for_every_range(bucket: Bucket) -> None:
    bucket.put(
        30, record("AuthorizeSecurityGroupIngress", 40, event_id="new"), record("CreateTags", 150, event_id="old")
    )
    held, aws = source(bucket)
    assert names(await held.calls(ask(1))) == {"new"}
    asked = len(aws.asked)
    assert names(await held.calls(ask(3))) == {"new", "old"}
    assert not any(operation == "GetObject" for operation, _ in aws.asked[asked:])


async def test_files_about_other_things_are_not_parsed(bucket: Bucket) -> None:
    bucket.put(
        30, *(record("AuthorizeSecurityGroupIngress", 40, requestParameters={"groupId": "sg-9"}) for _ in range(50))
    )
    answer = await source(bucket)[0].calls(ask())
    assert answer.cloud_calls == ()
    assert answer.events == 0
    assert answer.scanned > 0


async def test_health_finds_the_newest_file_and_a_wrong_place_says_so(bucket: Bucket) -> None:
    bucket.put(12, record("AuthorizeSecurityGroupIngress", 20))
    health = await source(bucket)[0].check()
    assert health.standing is Standing.OK
    assert "newest event 12 min old" in health.method
    assert health.address == f"s3://{bucket.name}/AWSLogs/"
    held, _ = source(bucket, prefix="elsewhere")
    health = await held.check()
    assert health.standing is Standing.BLIND
    assert "no log files" in health.error
    with pytest.raises(Missing):
        await held.calls(ask())
