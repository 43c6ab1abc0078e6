"""CloudTrail through Athena, whose answers moto does not give: a local server speaks its wire format."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.aws import Aws
from drifttui.clients.aws_settings import AwsSettings, TrailTable
from drifttui.clients.retry import Backoff
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Why
from drifttui.core.errors import BadAnswer, Forbidden, Unreachable
from drifttui.core.health import Standing
from drifttui.core.join_cloudtrail import CloudQuestion
from drifttui.core.ports import AuditSource
from drifttui.sources.cloudtrail_athena.source import CloudTrailAthena
from tests.clients.aws_server import ACCOUNT, Error, FakeAws, credentials, serving
from tests.sources.cloudtrail_trail import GROUP, KEY, NOW

COLUMNS = [
    "eventid", "eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress", "useragent", "errorcode",
    "readonly", "eventtype", "recipientaccountid", "requestparameters", "responseelements", "u_type", "u_arn",
    "u_account", "u_invoked", "u_name", "u_issuer_type", "u_issuer_arn", "u_issuer_name", "resource_arns",
]  # fmt: skip


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeAws]:
    credentials(monkeypatch, tmp_path)
    with serving(FakeAws()) as server:
        server.answers["StartQueryExecution"] = lambda call: {"QueryExecutionId": "q-1"}
        server.answers["StopQueryExecution"] = lambda call: {}
        server.answers["GetQueryExecution"] = lambda call: status("SUCCEEDED")
        yield server


def status(state: str, reason: str = "") -> dict[str, Any]:
    held: dict[str, Any] = {"State": state, **({"StateChangeReason": reason} if reason else {})}
    return {"QueryExecution": {"QueryExecutionId": "q-1", "Status": held, "Statistics": {"DataScannedInBytes": 4096}}}


def row(event_id: str, name: str = "AuthorizeSecurityGroupIngress", **more: str | None) -> dict[str, Any]:
    held: dict[str, str | None] = {
        "eventid": event_id, "eventname": name, "eventtime": "2026-11-21T10:00:00Z",
        "eventsource": "ec2.amazonaws.com", "awsregion": "eu-west-1", "readonly": "false",
        "requestparameters": '{"groupId": "sg-0a1b"}', "responseelements": "null", "u_type": "IAMUser",
        "u_name": "bob", "u_arn": f"arn:aws:iam::{ACCOUNT}:user/bob", "recipientaccountid": ACCOUNT, **more,
    }  # fmt: skip
    cells = [held.get(column) for column in COLUMNS]
    return {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in cells]}


def page(*rows: dict[str, Any], first: bool = True, token: str = "") -> dict[str, Any]:
    head = {"Data": [{"VarCharValue": column} for column in COLUMNS]}
    information = [{"Name": column, "Type": "varchar"} for column in COLUMNS]
    result = {"Rows": [head, *rows] if first else list(rows), "ResultSetMetadata": {"ColumnInfo": information}}
    return {"ResultSet": result, **({"NextToken": token} if token else {})}


def source(fake: FakeAws, access: Access = Access.READ_ONLY, **more: Any) -> CloudTrailAthena:
    aws = Aws(
        AwsSettings(name="prod", endpoint_url=fake.url), access=access, clock=lambda: NOW,
        backoff=Backoff(attempts=2, base=0.001, cap=0.001),
    )  # fmt: skip
    table = TrailTable(
        **{"database": "audit", "table": "cloudtrail", "output": "s3://results/x/", "poll": 0.001, **more}
    )
    return CloudTrailAthena(aws, table, lambda: NOW, key=KEY)


def ask(*clouds: CloudQuestion, days: float = 30) -> AuditQuestion:
    return AuditQuestion(clouds=clouds or (GROUP,), since=NOW - timedelta(days=days))


def words(answer: AuditAnswer, why: Why) -> str:
    return " | ".join(entry.words for entry in answer.unseen if entry.why is why)


async def test_a_query_is_started_awaited_and_read_page_by_page(fake: FakeAws) -> None:
    fake.sequence("GetQueryExecution", status("QUEUED"), status("RUNNING"), status("SUCCEEDED"))
    fake.sequence("GetQueryResults", page(row("1"), token="n"), page(row("2"), row("1"), first=False))
    held = source(fake)
    assert isinstance(held, AuditSource)
    answer = await held.calls(ask())
    assert [call.event_id for call in answer.cloud_calls] == ["1", "2"]
    assert answer.cloud_calls[0].principal.user_name == "bob"
    assert answer.scanned == 4096
    assert answer.method == "Athena query q-1"
    started = fake.asked("StartQueryExecution")[0].body
    assert started["WorkGroup"] == "primary"
    assert started["ResultConfiguration"] == {"OutputLocation": "s3://results/x/"}
    assert "strpos(" in started["QueryString"]
    assert "sg-0a1b" in started["QueryString"]
    assert "'2026/10/22' AND '2026/11/21'" in started["QueryString"]
    assert fake.asked("StopQueryExecution") == []


async def test_a_name_with_quotes_stays_a_name(fake: FakeAws) -> None:
    fake.sequence("GetQueryResults", page())
    await source(fake).calls(ask(CloudQuestion("", ("x') OR 1=1 --",))))
    assert "strpos" in fake.asked("StartQueryExecution")[0].body["QueryString"]
    assert "'x'') or 1=1 --'" in fake.asked("StartQueryExecution")[0].body["QueryString"]
    with pytest.raises(BadAnswer, match="cannot be asked about"):
        await source(fake).calls(ask(CloudQuestion("", ("x\x1b]0;y",))))


async def test_strict_read_only_starts_no_query(fake: FakeAws) -> None:
    with pytest.raises(BadAnswer, match="read-only=strict"):
        await source(fake, Access.STRICT).calls(ask())
    assert fake.asked("StartQueryExecution") == []


async def test_a_question_that_is_given_up_ends_the_query_at_the_store(fake: FakeAws) -> None:
    fake.sequence("GetQueryExecution", status("RUNNING"))
    task = asyncio.create_task(source(fake).calls(ask()))
    while not fake.asked("GetQueryExecution"):
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [call.body for call in fake.asked("StopQueryExecution")] == [{"QueryExecutionId": "q-1"}]


async def test_a_query_that_takes_too_long_is_stopped(fake: FakeAws) -> None:
    fake.sequence("GetQueryExecution", status("RUNNING"))
    with pytest.raises(Unreachable, match="too slow"):
        await source(fake, query_timeout=0.2).calls(ask())
    assert len(fake.asked("StopQueryExecution")) == 1


async def test_failures_are_one_line(fake: FakeAws) -> None:
    fake.sequence("GetQueryExecution", status("FAILED", "TABLE_NOT_FOUND: line 3:6: Table 'x' does not exist\n at"))
    with pytest.raises(BadAnswer, match="TABLE_NOT_FOUND"):
        await source(fake).calls(ask())
    fake.sequence(
        "StartQueryExecution", Error("AccessDeniedException", "not authorized to perform: athena:StartQueryExecution")
    )
    with pytest.raises(Forbidden) as caught:
        await source(fake).calls(ask())
    assert caught.value.permission == "athena:StartQueryExecution"


async def test_credentials_that_expire_between_pages_leave_what_was_read(fake: FakeAws) -> None:
    fake.sequence("GetQueryResults", page(row("1"), token="n"), Error("ExpiredTokenException"))
    answer = await source(fake).calls(ask())
    assert [call.event_id for call in answer.cloud_calls] == ["1"]
    assert "aws sso login" in words(answer, Why.BLIND)


async def test_odd_rows_are_counted_and_limits_are_said(fake: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drifttui.sources.cloudtrail_athena.source.LIMIT", 4)
    rows = [
        row("1", u_type="AssumedRole"),
        row("2", requestparameters='{"groupId": "sg-0a1b", "cut'),
        row("", eventname=None),
        {"Data": []},
    ]  # fmt: skip
    fake.sequence("GetQueryResults", page(*rows))
    answer = await source(fake).calls(ask())
    assert [call.event_id for call in answer.cloud_calls] == ["1", "2"]
    assert sum(answer.problems.values()) == 2
    assert "only the newest 4" in words(answer, Why.LEFT_OUT)
    assert "sourceIdentity" in words(answer, Why.LEVEL)


async def test_health_looks_at_the_table_without_a_query(fake: FakeAws) -> None:
    columns = [{"Name": name} for name in ("eventtime", "eventname", "useridentity", "requestparameters")]
    fake.sequence("GetTableMetadata", {"TableMetadata": {"Name": "cloudtrail", "Columns": columns}})
    fake.sequence("GetWorkGroup", {"WorkGroup": {"Name": "primary", "Configuration": {}}})
    health = await source(fake, Access.STRICT).check()
    assert health.standing is Standing.OK
    assert [right.allowed for right in health.permissions] == [True, True, None]
    fake.sequence("GetTableMetadata", {"TableMetadata": {"Name": "cloudtrail", "Columns": columns[:2]}})
    health = await source(fake, output="").check()
    assert health.standing is Standing.BLIND
    assert "no column requestparameters, useridentity" in health.error
