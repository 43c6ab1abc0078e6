"""LookupEvents within its limits: what is asked, what is not asked again, and what could not be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.aws import Aws
from drifttui.clients.aws_pace import Pace
from drifttui.clients.aws_settings import AwsSettings
from drifttui.clients.retry import Backoff
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Why
from drifttui.core.errors import Forbidden, Unauthenticated
from drifttui.core.health import Standing
from drifttui.core.join_cloudtrail import CloudQuestion
from drifttui.core.ports import AuditSource
from drifttui.sources.cloudtrail_lookup.source import CloudTrailLookup
from tests.clients.aws_server import ACCOUNT, Call, Error, FakeAws, credentials, serving
from tests.sources.cloudtrail_trail import GROUP, KEY, NOW, Lookups, event, record

WRITE = event(record("AuthorizeSecurityGroupIngress", 40), "sg-0a1b")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeAws]:
    credentials(monkeypatch, tmp_path)
    with serving(FakeAws()) as server:
        yield server


class Now:
    """A clock that the test moves, for the source and for its pace."""

    def __init__(self) -> None:
        self.at = NOW
        self.slept = 0.0

    def __call__(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds
        await asyncio.sleep(0)


def source(fake: FakeAws, now: Now | None = None, **more: Any) -> CloudTrailLookup:
    now = now or Now()
    aws = Aws(
        AwsSettings(name="prod", endpoint_url=fake.url, **more), access=Access.STRICT, clock=now,
        backoff=Backoff(attempts=2, base=0.001, cap=0.001),
    )  # fmt: skip
    pace = Pace(now=lambda: now.at.timestamp(), sleep=now.sleep)
    return CloudTrailLookup(aws, now, key=KEY, pace=pace)


def ask(*clouds: CloudQuestion, hours: float = 24, until: datetime | None = None) -> AuditQuestion:
    return AuditQuestion(clouds=clouds or (GROUP,), since=NOW - timedelta(hours=hours), until=until)


def asked(fake: FakeAws) -> list[tuple[str, str, str]]:
    found = []
    for call in fake.asked("LookupEvents"):
        attribute = call.body["LookupAttributes"][0]
        found.append((call.region, attribute["AttributeKey"], attribute["AttributeValue"]))
    return found


def words(answer: AuditAnswer, why: Why) -> str:
    return " | ".join(entry.words for entry in answer.unseen if entry.why is why)


async def test_a_write_that_is_filed_under_the_resource_is_one_call(fake: FakeAws) -> None:
    read = event(record("DescribeSecurityGroups", 30, readOnly=True), "sg-0a1b")
    fake.answers["LookupEvents"] = Lookups(eu_west_1=[WRITE, read])
    held = source(fake)
    assert isinstance(held, AuditSource)
    answer = await held.calls(ask())
    assert [call.name for call in answer.cloud_calls] == ["AuthorizeSecurityGroupIngress"]
    assert asked(fake) == [("eu-west-1", "ResourceName", "sg-0a1b")]
    assert answer.method == "LookupEvents by ResourceName"
    assert "asked by resource name (sg-0a1b)" in words(answer, Why.LEFT_OUT)
    assert "may still arrive" in words(answer, Why.LATE)
    assert answer.delay == timedelta(minutes=15)
    assert held.covers == {ACCOUNT}
    assert answer.events == 2


async def test_what_is_not_filed_is_searched_by_the_calls_of_the_type_and_said(fake: FakeAws) -> None:
    fake.answers["LookupEvents"] = Lookups(eu_west_1=[event(record("AuthorizeSecurityGroupIngress", 40))])
    answer = await source(fake).calls(ask())
    assert [call.name for call in answer.cloud_calls] == ["AuthorizeSecurityGroupIngress"]
    keys = {key for _, key, _ in asked(fake)}
    assert keys == {"ResourceName", "EventName"}
    assert "searched by EventName" in words(answer, Why.LEFT_OUT)


async def test_an_arn_says_where_and_under_which_names(fake: FakeAws) -> None:
    fake.answers["LookupEvents"] = Lookups()
    role = CloudQuestion("aws_iam_role", (f"arn:aws:iam::{ACCOUNT}:role/team/deployer",))
    await source(fake, regions=("eu-west-1", "ap-south-1")).calls(ask(role))
    assert {region for region, _, _ in asked(fake)} == {"us-east-1"}, "IAM is recorded there, whatever is configured"
    names = [value for _, key, value in asked(fake) if key == "ResourceName"]
    assert names[0].startswith("arn:aws:iam")
    assert "deployer" in names
    fake.calls.clear()
    key = CloudQuestion("aws_kms_key", (f"arn:aws:kms:ap-south-1:{ACCOUNT}:key/1234-ab",))
    await source(fake).calls(ask(key))
    assert {region for region, _, _ in asked(fake)} == {"ap-south-1"}


async def test_a_resource_of_another_account_is_not_asked_for_here(fake: FakeAws) -> None:
    other = CloudQuestion("aws_iam_role", ("arn:aws:iam::999999999999:role/x",))
    answer = await source(fake).calls(ask(other))
    assert asked(fake) == []
    assert "is in account 999999999999" in words(answer, Why.BLIND)


async def test_all_pages_are_read_and_an_invalid_token_is_recovered_from(fake: FakeAws) -> None:
    events = [event(record("AuthorizeSecurityGroupIngress", 20 + n, event_id=f"e{n}"), "sg-0a1b") for n in range(120)]
    lookups = Lookups(eu_west_1=events)
    lookups.break_token = True
    fake.answers["LookupEvents"] = lookups
    answer = await source(fake).calls(ask())
    assert {call.event_id for call in answer.cloud_calls} == {f"e{n}" for n in range(120)}
    assert answer.problems == {"page of LookupEvents that had to be asked anew": 1}
    assert len({call.event_id for call in answer.cloud_calls}) == len(answer.cloud_calls), "seen twice, told once"


async def test_two_calls_a_second_and_a_budget_that_is_told(fake: FakeAws) -> None:
    now = Now()
    fake.answers["LookupEvents"] = Lookups()
    answer = await source(fake, now, lookup_calls=5).calls(ask())
    assert len(asked(fake)) == 5
    assert now.slept == pytest.approx(sum(0.5 * n for n in range(5)))
    assert "5 calls of LookupEvents are used up" in words(answer, Why.LEFT_OUT)


async def test_what_was_answered_is_not_asked_again_but_what_may_still_arrive_is(fake: FakeAws) -> None:
    now = Now()
    lookups = Lookups(eu_west_1=[WRITE])
    fake.answers["LookupEvents"] = lookups
    held = source(fake, now)
    await held.calls(ask())
    now.at = NOW + timedelta(minutes=10)
    lookups.regions["eu-west-1"].append(event(record("RevokeSecurityGroupIngress", 5), "sg-0a1b"))
    fake.calls.clear()
    answer = await held.calls(ask())
    assert {call.name for call in answer.cloud_calls} == {"AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"}
    assert len(asked(fake)) == 1
    begins = fake.asked("LookupEvents")[0].body["StartTime"]
    assert begins == (NOW - timedelta(minutes=15)).timestamp(), "only the part that was not closed"
    fake.calls.clear()
    closed = await held.calls(ask(hours=24, until=NOW - timedelta(minutes=30)))
    assert asked(fake) == []
    assert [call.name for call in closed.cloud_calls] == ["AuthorizeSecurityGroupIngress"]
    assert not closed.may_still_arrive
    await held.calls(ask(hours=48, until=NOW - timedelta(minutes=30)))
    assert len(asked(fake)) == 1, "the older part"
    assert fake.asked("LookupEvents")[0].body["EndTime"] == (NOW - timedelta(hours=24)).timestamp()


async def test_credentials_that_expire_in_mid_query_leave_what_was_read(fake: FakeAws) -> None:
    events = [event(record("AuthorizeSecurityGroupIngress", 20 + n, event_id=f"e{n}"), "sg-0a1b") for n in range(60)]
    lookups = Lookups(eu_west_1=events, us_west_2=[])

    def expiring(call: Call) -> Any:
        return Error("ExpiredTokenException", "expired") if call.body.get("NextToken") else lookups(call)

    fake.answers["LookupEvents"] = expiring
    answer = await source(fake, regions=("us-west-2",)).calls(ask())
    assert len(answer.cloud_calls) == 50
    assert "aws sso login" in words(answer, Why.BLIND)


async def test_nothing_at_all_could_be_asked(fake: FakeAws) -> None:
    fake.sequence("LookupEvents", Error("AccessDeniedException", "not authorized to perform: cloudtrail:LookupEvents"))
    with pytest.raises(Forbidden) as caught:
        await source(fake).calls(ask())
    assert caught.value.permission == "cloudtrail:LookupEvents"
    fake.sequence("LookupEvents", Error("ExpiredTokenException"))
    with pytest.raises(Unauthenticated):
        await source(fake).calls(ask())


async def test_throttling_is_waited_out(fake: FakeAws) -> None:
    fake.sequence("LookupEvents", Error("ThrottlingException"), {"Events": [WRITE]})
    answer = await source(fake).calls(ask())
    assert len(answer.cloud_calls) == 1


async def test_records_that_cannot_be_read_are_counted(fake: FakeAws) -> None:
    damaged = {**WRITE, "CloudTrailEvent": WRITE["CloudTrailEvent"][:-20]}
    bare = {**WRITE, "CloudTrailEvent": "{}"}
    future = event(record("RevokeSecurityGroupIngress", -600), "sg-0a1b")
    huge = record("ModifySecurityGroupRules", 50, requestParameters={"groupId": "sg-0a1b", "x": "y" * 3_000_000})
    fake.sequence("LookupEvents", {"Events": [damaged, bare, future, WRITE, WRITE, event(huge, "sg-0a1b")]})
    answer = await source(fake).calls(ask())
    assert sum(answer.problems.values()) == 2
    assert answer.future == 1
    assert [call.name for call in answer.cloud_calls].count("AuthorizeSecurityGroupIngress") == 1
    assert {call.name for call in answer.cloud_calls} >= {"ModifySecurityGroupRules", "RevokeSecurityGroupIngress"}


async def test_secrets_in_requests_become_digests_and_names_stay(fake: FakeAws) -> None:
    arn = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:db-AbCdEf"
    put = record(
        "PutSecretValue", 30, eventSource="secretsmanager.amazonaws.com",
        requestParameters={"secretArn": arn, "secretString": "hunter2", "clientRequestToken": "abc"},
    )  # fmt: skip
    fake.answers["LookupEvents"] = Lookups(eu_west_1=[event(put, arn)])
    answer = await source(fake).calls(ask(CloudQuestion("aws_secretsmanager_secret_version", (arn,))))
    (call,) = answer.cloud_calls
    assert "hunter2" not in repr(call)
    assert call.request["secretArn"] == arn


async def test_earlier_than_ninety_days_is_said(fake: FakeAws) -> None:
    fake.answers["LookupEvents"] = Lookups()
    answer = await source(fake).calls(ask(hours=24 * 120))
    assert "keeps 90 days" in words(answer, Why.RETENTION)
    assert fake.asked("LookupEvents")[0].body["StartTime"] == (NOW - timedelta(days=90)).timestamp()


async def test_an_unmapped_type_is_asked_by_name_alone(fake: FakeAws) -> None:
    fake.answers["LookupEvents"] = Lookups()
    answer = await source(fake).calls(ask(CloudQuestion("aws_glue_job", ("nightly",))))
    assert asked(fake) == [("eu-west-1", "ResourceName", "nightly")]
    assert "not mapped" in words(answer, Why.LEFT_OUT)


async def test_health_names_permission_budget_and_the_age_of_the_newest_event(fake: FakeAws) -> None:
    fake.answers["LookupEvents"] = Lookups(eu_west_1=[WRITE])
    health = await source(fake).check()
    assert health.standing is Standing.OK
    assert health.permissions[0][:2] == ("cloudtrail:LookupEvents", True)
    assert "newest event 40 min old" in health.method
    assert "1 calls used, 0 waiting" in health.method
    assert health.identity.endswith("drifttui-bob")
    health = await source(fake, account="210987654321").check()
    assert health.standing is Standing.DEGRADED
    assert "the credentials are of 123456789012, the settings say 210987654321" in health.error
    fake.sequence("LookupEvents", Error("AccessDeniedException", "not authorized to perform: cloudtrail:LookupEvents"))
    health = await source(fake).check()
    assert health.standing is Standing.BLIND
    assert health.permissions[0][:2] == ("cloudtrail:LookupEvents", False)
    assert "Ask for cloudtrail:LookupEvents" in health.hint


async def test_a_range_that_ends_long_ago_is_looked_back_from_its_end(fake: FakeAws) -> None:
    old = event(record("AuthorizeSecurityGroupIngress", 60 * 24 * 10, event_id="old"), "sg-0a1b")
    fake.answers["LookupEvents"] = Lookups(eu_west_1=[old, WRITE])
    until = NOW - timedelta(days=9)
    answer = await source(fake).calls(AuditQuestion(clouds=(GROUP,), until=until))
    assert [call.event_id for call in answer.cloud_calls] == ["old"]
    assert not answer.may_still_arrive
