"""CloudFormation in its own wire format, through the real SDK: moto has no drift detection.

Query protocol of 2010-05-15: form bodies with `Action=…`, answers in XML. See tests.clients.aws_server.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import pytest

from drifttui.clients.access import Access
from drifttui.clients.aws import Aws
from drifttui.clients.aws_settings import AwsSettings, StackDriftSettings
from drifttui.clients.retry import Backoff
from drifttui.core.health import Standing
from drifttui.core.inspection import Inspection
from drifttui.core.planes import ABSENT
from drifttui.core.ports import Batch
from drifttui.core.unit import Unit
from drifttui.services.judge import Judgement, compare_all
from drifttui.services.look import Looker
from drifttui.sources.cloudformation.source import CloudFormationSource
from tests.clients.aws_server import ACCOUNT, Answer, Call, FakeAws, Raw, credentials, serving

NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
XMLNS = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
ARN = f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/{{name}}/6f0c-11"


def xml(operation: str, value: Any) -> Raw:
    body = f"<{operation}Result>{_element(value)}</{operation}Result>"
    return Raw(f'<{operation}Response xmlns="{XMLNS}">{body}</{operation}Response>'.encode(), content_type="text/xml")


def _element(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{name}>{_element(part)}</{name}>" for name, part in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{_element(part)}</member>" for part in value)
    return escape(str(value))


def refusal(code: str, message: str, status: int = 400) -> Raw:
    body = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Raw(f'<ErrorResponse xmlns="{XMLNS}">{body}</ErrorResponse>'.encode(), status, "text/xml")


def stack(name: str, drift: str = "IN_SYNC", status: str = "UPDATE_COMPLETE", **more: Any) -> dict[str, Any]:
    checked = {} if drift == "NOT_CHECKED" else {"LastCheckTimestamp": "2026-11-21T14:58:00Z"}
    return {
        "StackName": name, "StackId": ARN.format(name=name), "StackStatus": status,
        "CreationTime": "2026-01-01T00:00:00Z", "LastUpdatedTime": "2026-11-20T08:00:00Z",
        "DriftInformation": {"StackDriftStatus": drift, **checked},
        "Tags": [{"Key": "Environment", "Value": "production"}], **more,
    }  # fmt: skip


def drift(name: str, kind: str, status: str, expected: Any = None, actual: Any = None, *differences: Any) -> Any:
    held = {
        "StackId": ARN.format(name="shop"), "LogicalResourceId": name, "PhysicalResourceId": f"shop-{name.lower()}",
        "ResourceType": kind, "StackResourceDriftStatus": status, "Timestamp": "2026-11-21T14:58:00Z",
        "PropertyDifferences": [
            {"PropertyPath": path, "ExpectedValue": one, "ActualValue": other, "DifferenceType": how}
            for path, one, other, how in differences
        ],
    }  # fmt: skip
    held |= {} if expected is None else {"ExpectedProperties": json.dumps(expected)}
    return held | ({} if actual is None else {"ActualProperties": json.dumps(actual)})


DRIFTS = [
    drift(
        "Queue", "AWS::SQS::Queue", "MODIFIED",
        {"DelaySeconds": 0, "QueueName": "q", "Tags": [{"Key": "a", "Value": "1"}]},
        {"DelaySeconds": 5, "QueueName": "q", "Tags": []},
        ("/DelaySeconds", "0", "5", "NOT_EQUAL"), ("/Tags/0", '{"Key":"a","Value":"1"}', "null", "REMOVE"),
    ),
    drift("Topic", "AWS::SNS::Topic", "DELETED", {"TopicName": "t"}),
    drift("Bucket", "AWS::S3::Bucket", "IN_SYNC", {"BucketName": "b"}, {"BucketName": "b"}),
    drift(
        "Db", "AWS::RDS::DBInstance", "MODIFIED",
        {"MasterUserPassword": "hunter2hunter2", "AllocatedStorage": "20"},
        {"MasterUserPassword": "changed-by-hand", "AllocatedStorage": "20"},
        ("/MasterUserPassword", "hunter2hunter2", "changed-by-hand", "NOT_EQUAL"),
    ),
    drift("Rule", "AWS::Events::Rule", "UNKNOWN") | {"DriftStatusReason": "Access denied for events:DescribeRule"},
]  # fmt: skip

LISTED = [
    {"LogicalResourceId": one["LogicalResourceId"], "PhysicalResourceId": one["PhysicalResourceId"],
     "ResourceType": one["ResourceType"], "ResourceStatus": "CREATE_COMPLETE",
     "LastUpdatedTimestamp": "2026-11-20T08:00:00Z",
     "DriftInformation": {"StackResourceDriftStatus": one["StackResourceDriftStatus"]}}
    for one in DRIFTS
] + [
    {"LogicalResourceId": name, "PhysicalResourceId": name.lower(), "ResourceType": kind,
     "ResourceStatus": "CREATE_COMPLETE", "LastUpdatedTimestamp": "2026-11-20T08:00:00Z",
     "DriftInformation": {"StackResourceDriftStatus": status}}
    for name, kind, status in (("Custom", "Custom::Thing", "UNSUPPORTED"),
                               ("Inner", "AWS::CloudFormation::Stack", "NOT_CHECKED"))
]  # fmt: skip

EVENTS = [
    {"StackId": ARN.format(name="shop"), "EventId": "1", "StackName": "shop", "LogicalResourceId": "Db",
     "ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": "no capacity", "Timestamp": "2026-11-20T08:00:00Z"},
]  # fmt: skip

POLICY = json.dumps({"Statement": [{"Effect": "Deny", "Action": "Update:*", "Principal": "*",
                                    "Resource": "LogicalResourceId/Db"}]})  # fmt: skip


def answering(operation: str, value: Any) -> Callable[[Call], Answer]:
    return lambda call: xml(operation, value)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeAws]:
    credentials(monkeypatch, tmp_path)
    fake = FakeAws()
    for operation, value in (
        ("DescribeStacks", {"Stacks": [stack("shop", "DRIFTED"), stack("calm")]}),
        ("ListStackResources", {"StackResourceSummaries": LISTED}),
        ("DescribeStackResourceDrifts", {"StackResourceDrifts": DRIFTS}),
        ("DescribeStackEvents", {"StackEvents": EVENTS}),
        ("GetStackPolicy", {"StackPolicyBody": POLICY}),
        ("DetectStackDrift", {"StackDriftDetectionId": "d-1"}),
    ):
        fake.answers[operation] = answering(operation, value)
    with serving(fake):
        yield fake


def source(aws: FakeAws, access: Access = Access.READ_ONLY, **more: Any) -> CloudFormationSource:
    settings = AwsSettings(name="ops", region="eu-west-1", endpoint_url=aws.url)
    client = Aws(settings, access=access, backoff=Backoff(attempts=3, base=0.001, cap=0.002))
    chosen = StackDriftSettings(**{"poll": 0.001, **more})
    return CloudFormationSource(client, lambda: NOW, chosen, key=b"k" * 32)


async def listed(found: CloudFormationSource) -> Batch:
    watching = found.watch()
    batch = await asyncio.wait_for(anext(watching), 20)
    await watching.aclose()  # type: ignore[attr-defined]
    return batch


async def opened(found: CloudFormationSource, name: str = "shop") -> tuple[Unit, Inspection]:
    batch = await listed(found)
    unit = next(unit for unit in batch.units if unit.id.name == name)
    return unit, await asyncio.wait_for(found.inspect(unit), 20)


async def test_stacks_are_rows_of_all_pages_and_regions(aws: FakeAws) -> None:
    def stacks(call: Call) -> Answer:
        if call.region == "us-east-1":
            return xml("DescribeStacks", {"Stacks": [stack("shop", "NOT_CHECKED", "UPDATE_IN_PROGRESS")]})
        if "NextToken" in call.body["query"]:
            inner = stack("shop-Inner-1", ParentId=ARN.format(name="shop"), RootId=ARN.format(name="shop"))
            return xml("DescribeStacks", {"Stacks": [inner]})
        page = [stack("shop", "DRIFTED"), stack("calm", status="UPDATE_ROLLBACK_COMPLETE"), stack("new", "NOT_CHECKED")]
        return xml("DescribeStacks", {"Stacks": page, "NextToken": "more"})

    aws.answers["DescribeStacks"] = stacks
    batch = await listed(source(aws, regions=("eu-west-1", "us-east-1")))
    assert batch.complete
    assert batch.health is not None
    assert batch.health.standing is Standing.OK
    units = {(unit.id.namespace, unit.id.name): unit for unit in batch.units}
    assert {key: unit.sync for key, unit in units.items()} == {
        ("eu-west-1", "shop"): "OutOfSync",
        ("eu-west-1", "calm"): "Synced",
        ("eu-west-1", "new"): "Unknown",
        ("eu-west-1", "shop-Inner-1"): "Synced",
        ("us-east-1", "shop"): "Unknown",
    }
    shop, calm = units["eu-west-1", "shop"], units["eu-west-1", "calm"]
    assert (shop.cluster, shop.environment, shop.health) == (f"{ACCOUNT}/eu-west-1", "prod", "Healthy")
    assert shop.observed_at == datetime(2026, 11, 21, 14, 58, tzinfo=UTC), "as old as the detection"
    assert calm.health == "Degraded"
    assert units["eu-west-1", "shop-Inner-1"].owner == "Stack/shop"
    assert units["us-east-1", "shop"].operation is not None
    assert units["us-east-1", "shop"].operation.running


async def test_drifted_properties_are_planes_and_what_cannot_be_checked_is_unknown(aws: FakeAws) -> None:
    found = source(aws)
    unit, inspection = await opened(found)
    assert not aws.asked("DetectStackDrift"), "two minutes old is new enough"
    compared = {one.ref.address: one for one in compare_all(inspection)}
    delay, tag = compared["Queue"].changes
    assert (delay.path, delay.desired, delay.recorded, delay.actual) == ("/DelaySeconds", 0, 0, 5)
    assert (tag.path, tag.desired, tag.actual) == ("/Tags/0", {"Key": "a", "Value": "1"}, ABSENT)
    assert compared["Topic"].changes[0].actual is ABSENT
    assert not compared["Bucket"].changes
    assert not compared["Bucket"].missing
    assert compared["Db"].changes[0].sensitive
    assert "hunter2" not in repr(inspection)
    assert "changed-by-hand" not in repr(inspection)
    for name in ("Rule", "Custom", "Inner"):
        assert len(compared[name].missing) == 3
    assert inspection.uncompared == 3
    gaps = "\n".join(inspection.gaps)
    assert "cannot check their type: Custom" in gaps
    assert "could not check them: Rule (Access denied for events:DescribeRule)" in gaps
    assert "Nested stacks are units of their own: Inner" in gaps
    assert "denies Update:* on LogicalResourceId/Db" in inspection.events[0].message
    assert (inspection.events[1].reason, inspection.events[1].warning) == ("UPDATE_FAILED", True)
    look = Looker([found], Judgement(), lambda: NOW).judge(unit, inspection, None)
    assert {finding.ref.address for finding in look.findings} == {"Queue", "Topic", "Db"}
    assert all(finding.verdict is not None for finding in look.findings)


async def test_old_drift_is_detected_anew_and_waited_for(aws: FakeAws) -> None:
    aws.sequence(
        "DescribeStackDriftDetectionStatus",
        *(_status(name) for name in ("DETECTION_IN_PROGRESS", "DETECTION_IN_PROGRESS", "DETECTION_COMPLETE")),
    )
    aws.sequence(
        "DescribeStacks",
        xml("DescribeStacks", {"Stacks": [stack("shop", "NOT_CHECKED")]}),
        xml("DescribeStacks", {"Stacks": [stack("shop", "DRIFTED")]}),
    )
    found = source(aws)
    watching = found.watch()
    unit = (await anext(watching)).units[0]
    assert unit.sync == "Unknown"
    inspection = await asyncio.wait_for(found.inspect(unit), 20)
    told = await asyncio.wait_for(anext(watching), 20)
    await watching.aclose()  # type: ignore[attr-defined]
    assert told.units[0].sync == "OutOfSync"
    assert told.inspection == inspection
    assert len(aws.asked("DescribeStackDriftDetectionStatus")) == 3
    asked = parse_qs(aws.asked("DetectStackDrift")[0].body["query"])
    assert asked["StackName"] == [ARN.format(name="shop")], "by its id: a name may be used again"


def _status(status: str, reason: str = "") -> Answer:
    more = {"DetectionStatusReason": reason} if reason else {}
    return xml("DescribeStackDriftDetectionStatus", {
        "StackId": ARN.format(name="shop"), "StackDriftDetectionId": "d-1", "DetectionStatus": status,
        "Timestamp": "2026-11-21T15:00:00Z", **more})  # fmt: skip


async def test_a_detection_that_fails_or_is_partial_says_so_and_is_not_repeated(aws: FakeAws) -> None:
    aws.answers["DescribeStacks"] = answering("DescribeStacks", {"Stacks": [stack("shop", "NOT_CHECKED")]})
    aws.sequence("DescribeStackDriftDetectionStatus", _status("DETECTION_FAILED", "Failed to check Db"))
    found = source(aws)
    unit, inspection = await opened(found)
    assert any("failed and is partial: Failed to check Db" in gap for gap in inspection.gaps)
    await found.inspect(unit)
    assert len(aws.asked("DetectStackDrift")) == 1
    assert found.renew(unit.id)
    aws.sequence("DescribeStackDriftDetectionStatus", _status("DETECTION_COMPLETE", "1 resource was skipped"))
    again = await found.inspect(unit)
    assert any("is partial: 1 resource was skipped" in gap for gap in again.gaps)
    assert len(aws.asked("DetectStackDrift")) == 2


async def test_strict_detects_nothing(aws: FakeAws) -> None:
    aws.answers["DescribeStacks"] = answering("DescribeStacks", {"Stacks": [stack("shop", "NOT_CHECKED")]})
    _, inspection = await opened(source(aws, Access.STRICT))
    assert not aws.asked("DetectStackDrift")
    assert any("--read-only=strict" in gap for gap in inspection.gaps)


async def test_what_is_refused_is_a_gap_and_what_is_throttled_is_asked_again(aws: FakeAws) -> None:
    denied = "User: arn:aws:iam::123456789012:user/bob is not authorized to perform: cloudformation:GetStackPolicy"
    aws.answers["GetStackPolicy"] = lambda call: refusal("AccessDenied", denied, 403)
    aws.sequence(
        "DescribeStackResourceDrifts",
        refusal("Throttling", "Rate exceeded"),
        xml("DescribeStackResourceDrifts", {"StackResourceDrifts": DRIFTS}),
    )
    _, inspection = await opened(source(aws))
    assert any(gap.startswith("Stack policy: ") and "cloudformation:GetStackPolicy" in gap for gap in inspection.gaps)
    assert any(planes.actual for planes in inspection.resources)


async def test_a_region_that_does_not_answer_keeps_its_rows(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drifttui.sources.cloudformation.source.LIST_EVERY", 0.05)
    found = source(aws)
    watching = found.watch()
    first = await asyncio.wait_for(anext(watching), 20)
    aws.answers["DescribeStacks"] = lambda call: refusal("ExpiredToken", "The security token is expired", 403)
    second = await asyncio.wait_for(anext(watching), 20)
    await watching.aclose()  # type: ignore[attr-defined]
    assert {unit.id for unit in second.units} == {unit.id for unit in first.units}
    assert second.health is not None
    assert second.health.standing is Standing.BLIND
    assert "the session has expired" in second.health.error
    assert (await found.check()).standing is not Standing.OK
