"""The audit log of EKS: moto's CloudWatch Logs where it has the call, AWS's wire format where it has not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.aws import Aws
from drifttui.clients.aws_settings import AwsSettings, ClusterLog
from drifttui.clients.retry import Backoff
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Why
from drifttui.core.errors import BadAnswer, Missing, Unreachable
from drifttui.core.health import Standing
from drifttui.core.ports import AuditSource
from drifttui.core.resource_question import ResourceQuestion
from drifttui.sources.audit_cloudwatch.source import CloudWatchAudit
from tests.clients.aws_server import Call, Error, FakeAws, credentials, moto, serving
from tests.sources.audit_events import KEY, NOW, SYNCED_BY, TRACKED, WEB, event, line, operation


@pytest.fixture(autouse=True)
def own_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    credentials(monkeypatch, tmp_path)


@pytest.fixture
def fake() -> Iterator[FakeAws]:
    with serving(FakeAws()) as server:
        server.answers["DescribeLogGroups"] = lambda call: {
            "logGroups": [{"logGroupName": "/aws/eks/prod/cluster", "retentionInDays": 30}]
        }
        server.answers["StartQuery"] = lambda call: {"queryId": "q-1"}
        server.answers["StopQuery"] = lambda call: {"success": True}
        yield server


def source(url: str, now: datetime = NOW, access: Access = Access.READ_ONLY, **more: Any) -> CloudWatchAudit:
    aws = Aws(
        AwsSettings(name="prod", endpoint_url=url), access=access, clock=lambda: now,
        backoff=Backoff(attempts=2, base=0.001, cap=0.001),
    )  # fmt: skip
    return CloudWatchAudit(aws, ClusterLog(**{"name": "prod", "poll": 0.001, **more}), lambda: now, key=KEY)


def ask(hours: float = 2, *objects: ResourceQuestion, **more: Any) -> AuditQuestion:
    return AuditQuestion(objects=objects or (WEB,), since=NOW - timedelta(hours=hours), **more)


def logged(held: dict[str, Any] | str, minutes: float) -> dict[str, Any]:
    stamp = int((NOW - timedelta(minutes=minutes)).timestamp() * 1000)
    return {
        "logStreamName": "kube-apiserver-audit-0a", "timestamp": stamp, "ingestionTime": stamp,
        "message": held if isinstance(held, str) else line(held), "eventId": f"e{stamp}",
    }  # fmt: skip


def words(answer: AuditAnswer, why: Why) -> str:
    return " | ".join(entry.words for entry in answer.unseen if entry.why is why)


async def test_a_real_log_group_is_filtered_and_the_rest_is_left_out() -> None:
    now = datetime.now(UTC)
    minutes = (NOW - now).total_seconds() / 60
    with moto() as url:
        import botocore.session

        logs: Any = botocore.session.Session().create_client("logs", region_name="eu-west-1", endpoint_url=url)
        group = "/aws/eks/prod/cluster"
        logs.create_log_group(logGroupName=group)
        logs.put_retention_policy(logGroupName=group, retentionInDays=1)
        lines = [
            line(event("write", minutes + 5)),
            line(event("read", minutes + 4, verb="get")),
            line(
                event("other", minutes + 3, objectRef={"resource": "deployments", "namespace": "prod", "name": "api"})
            ),
            "I1121 not an event",
        ]
        for stream in ("kube-apiserver-audit-0a", "kube-apiserver-0a"):
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
            stamp = int(now.timestamp() * 1000) - 300_000
            events = [{"timestamp": stamp + n, "message": text} for n, text in enumerate(lines)]
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
        held = source(url, now)
        assert isinstance(held, AuditSource)
        question = AuditQuestion(objects=(WEB,), since=now - timedelta(hours=1))
        answer = await held.calls(question)
        assert {call.audit_id for call in answer.calls} == {"write"}, "moto does not look at the stream's prefix"
        assert answer.method == "FilterLogEvents"
        assert answer.problems["event that the log cut short or that is no JSON"] >= 1
        assert answer.newest is not None
        assert answer.may_still_arrive
        long = await held.calls(question._replace(since=now - timedelta(hours=30)))
        assert {call.audit_id for call in long.calls} == {"write"}
        assert long.method == "Logs Insights"
        assert "keeps 1 days" in words(long, Why.RETENTION)
        health = await held.check()
        assert health.standing is Standing.OK
        assert {right.name: right.allowed for right in health.permissions} == {
            "logs:DescribeLogGroups": True, "logs:DescribeLogStreams": True, "logs:FilterLogEvents": True,
            "logs:StartQuery": None,
        }  # fmt: skip
        assert "kept 1 days" in health.method
        missing = await source(url, now, name="other").check()
        assert missing.standing is not Standing.OK
        assert "no log group /aws/eks/other/cluster" in missing.error
        with pytest.raises(Missing):
            await source(url, now, name="other").calls(question)


async def test_an_empty_page_with_a_token_is_not_the_end(fake: FakeAws) -> None:
    fake.sequence(
        "FilterLogEvents",
        {"events": [], "nextToken": "a", "searchedLogStreams": []},
        {"events": [], "nextToken": "b"},
        {"events": [logged(event("1", 30), 30)]},
    )
    answer = await source(fake.url).calls(ask())
    assert [call.audit_id for call in answer.calls] == ["1"]
    body = fake.asked("FilterLogEvents")[0].body
    assert body["startTime"] == int((NOW - timedelta(hours=2)).timestamp() * 1000), "milliseconds"
    assert body["logStreamNamePrefix"] == "kube-apiserver-audit"
    assert '$.objectRef.name = "web"' in body["filterPattern"]
    assert len(body["filterPattern"]) <= 1024
    assert fake.asked("FilterLogEvents")[2].body["nextToken"] == "b"


async def test_pages_are_bounded_and_the_rest_is_said(fake: FakeAws) -> None:
    number = iter(range(1000))
    fake.answers["FilterLogEvents"] = lambda call: {"events": [], "nextToken": str(next(number))}
    answer = await source(fake.url, max_pages=3).calls(ask())
    assert len(fake.asked("FilterLogEvents")) == 3
    assert "there are more" in words(answer, Why.LEFT_OUT)


async def test_long_ranges_go_to_insights_in_seconds_with_their_limit(
    fake: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drifttui.sources.audit_cloudwatch.source.INSIGHTS_LIMIT", 2)
    rows = [
        [{"field": "@timestamp", "value": "2026-11-21 11:30:00.000"},
         {"field": "@message", "value": line(event(i, 30))}, {"field": "@ptr", "value": "x"}]
        for i in ("1", "2")
    ]  # fmt: skip
    statistics = {"recordsMatched": 2.0, "recordsScanned": 5000.0, "bytesScanned": 1e6}
    fake.sequence(
        "GetQueryResults",
        {"status": "Scheduled"},
        {"status": "Running", "results": rows[:1]},
        {"status": "Complete", "results": rows, "statistics": statistics},
    )
    answer = await source(fake.url).calls(ask(48))
    assert [call.audit_id for call in answer.calls] == ["1", "2"]
    assert (answer.events, answer.scanned) == (5000, 1_000_000)
    body = fake.asked("StartQuery")[0].body
    assert body["startTime"] == int((NOW - timedelta(hours=48)).timestamp())
    assert """@message like '"name":"web"'""" in body["queryString"]
    assert "only the newest 2" in words(answer, Why.LEFT_OUT)
    assert fake.asked("StopQuery") == []


async def test_strict_read_only_starts_no_insights_query_but_filters_a_shorter_range(fake: FakeAws) -> None:
    fake.sequence("FilterLogEvents", {"events": []})
    answer = await source(fake.url, access=Access.STRICT).calls(ask(48))
    assert fake.asked("StartQuery") == []
    body = fake.asked("FilterLogEvents")[0].body
    assert body["startTime"] == int((NOW - timedelta(hours=6)).timestamp() * 1000)
    assert "does without Logs Insights" in words(answer, Why.LEFT_OUT)


async def test_a_query_is_stopped_when_it_is_given_up_or_takes_too_long(fake: FakeAws) -> None:
    fake.sequence("GetQueryResults", {"status": "Running"})
    task = asyncio.create_task(source(fake.url).calls(ask(48)))
    while not fake.asked("GetQueryResults"):
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(fake.asked("StopQuery")) == 1
    with pytest.raises(Unreachable, match="too slow"):
        await source(fake.url, query_timeout=0.2).calls(ask(48))
    assert len(fake.asked("StopQuery")) == 2
    fake.sequence("GetQueryResults", {"status": "Failed"})
    with pytest.raises(BadAnswer, match="ended as Failed"):
        await source(fake.url).calls(ask(48))


async def test_an_error_after_the_first_page_leaves_what_was_read(fake: FakeAws) -> None:
    fake.sequence(
        "FilterLogEvents", {"events": [logged(event("1", 30), 30)], "nextToken": "a"}, Error("ExpiredTokenException")
    )
    answer = await source(fake.url).calls(ask())
    assert [call.audit_id for call in answer.calls] == ["1"]
    assert "aws sso login" in words(answer, Why.BLIND)


async def test_bad_records_are_counted(fake: FakeAws) -> None:
    whole = line(event("1", 30, requestObject={"x": "y" * 2_000_000}))
    events = [
        logged(whole, 30), logged(whole[:250_000], 29), logged("", 28), logged('{"kind":"Event","x":1}', 27),
        logged(event("future", -60), -60), logged(event("bidi", 26, user={"username": "bob\u202e\x1b[31m"}), 26),
    ]  # fmt: skip
    fake.sequence("FilterLogEvents", {"events": events})
    answer = await source(fake.url).calls(ask())
    assert {call.audit_id for call in answer.calls} == {"1", "future", "bidi"} or answer.future
    assert answer.problems["event that the log cut short or that is no JSON"] == 2
    assert sum(answer.problems.values()) == 3
    assert all("\x1b" not in call.authenticated_as for call in answer.calls)


async def test_what_eks_does_not_record_is_said(fake: FakeAws) -> None:
    synced = event("1", 30, user={"username": SYNCED_BY}, responseObject=TRACKED)
    fake.sequence("FilterLogEvents", {"events": [logged(synced, 30)]})
    secret = ResourceQuestion("", "Secret", "prod", "db")
    answer = await source(fake.url).calls(ask(2, WEB, secret))
    assert "Secret/prod/db without bodies" in words(answer, Why.LEVEL)
    assert "who asked for a sync" in words(answer, Why.LEVEL)
    assert len(fake.asked("FilterLogEvents")) == 1


async def test_syncs_are_followed_in_a_log_of_ones_own(fake: FakeAws) -> None:
    synced = event("1", 30, user={"username": SYNCED_BY}, responseObject=TRACKED)

    def answering(call: Call) -> dict[str, Any]:
        return {"events": [logged(operation(31) if "applications" in call.body["filterPattern"] else synced, 30)]}

    fake.answers["FilterLogEvents"] = answering
    answer = await source(fake.url, log_group="/k8s/audit").calls(ask())
    assert [entry.username for entry in answer.operations] == ["carol"]


async def test_names_that_cannot_stand_in_a_query_are_not_asked(fake: FakeAws) -> None:
    answer = await source(fake.url).calls(ask(2, WEB._replace(name='web" || $.a = "b')))
    assert "cannot stand in a query" in words(answer, Why.LEFT_OUT)
    assert fake.asked("FilterLogEvents") == []


async def test_asking_again_asks_only_for_what_is_new(fake: FakeAws) -> None:
    clock = {"now": NOW}
    aws = Aws(AwsSettings(endpoint_url=fake.url), clock=lambda: clock["now"])
    held = CloudWatchAudit(aws, ClusterLog(name="prod", poll=0.001), lambda: clock["now"], key=KEY)
    row = [{"field": "@message", "value": line(event("first", 60 * 10))}]
    fake.sequence("GetQueryResults", {"status": "Complete", "results": [row]})
    question = AuditQuestion((WEB,))
    assert [call.audit_id for call in (await held.calls(question)).calls] == ["first"]
    fake.sequence("FilterLogEvents", {"events": [logged(event("second", 1), 1), logged(event("first", 600), 600)]})
    clock["now"] = NOW + timedelta(minutes=2)
    answer = await held.calls(question)
    assert sorted(call.audit_id for call in answer.calls) == ["first", "second"]
    assert len(fake.asked("StartQuery")) == 1, "the day is not paid for again"
    body = fake.asked("FilterLogEvents")[0].body
    assert body["startTime"] == int((NOW - timedelta(minutes=5)).timestamp() * 1000)
    longer = AuditQuestion((WEB,), since=NOW - timedelta(days=3))
    await held.calls(longer)
    assert len(fake.asked("StartQuery")) == 2
