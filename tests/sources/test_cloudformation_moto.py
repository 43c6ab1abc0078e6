"""CloudFormation against moto's server: the same client, with stacks that a template really made.

moto has no drift detection (see `moto_cloudformation`), no nested stacks' `ParentId`, no throttling and no change sets
with DeploymentMode; what is said of those is tested on recorded answers in `test_cloudformation`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.aws import Aws
from drifttui.clients.aws_settings import AwsSettings, StackDriftSettings
from drifttui.clients.retry import Backoff
from drifttui.core.health import Standing
from drifttui.services.judge import compare_all
from drifttui.sources.cloudformation.source import CloudFormationSource
from tests.clients.aws_server import ACCOUNT, credentials
from tests.sources.moto_cloudformation import Account, account
from tests.sources.test_cloudformation import drift

TEMPLATE = {
    "Resources": {
        "Orders": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders", "DelaySeconds": 0}},
        "Alerts": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alerts"}},
    }
}
POLICY = {
    "Statement": [
        {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/Orders"},
    ]
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Account]:
    credentials(monkeypatch, tmp_path)
    with account() as held:
        made = held.client("cloudformation")
        tags = [{"Key": "Environment", "Value": "production"}]
        made.create_stack(StackName="shop", TemplateBody=json.dumps(TEMPLATE), Tags=tags)
        made.create_stack(StackName="calm", TemplateBody=json.dumps({"Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "calm-bucket"}}}}))  # fmt: skip
        made.set_stack_policy(StackName="shop", StackPolicyBody=json.dumps(POLICY))
        held.drifts["shop"] = [
            drift("Orders", "AWS::SQS::Queue", "MODIFIED", {"QueueName": "orders", "DelaySeconds": 0},
                  {"QueueName": "orders", "DelaySeconds": 30}, ("/DelaySeconds", "0", "30", "NOT_EQUAL"))
            | {"PhysicalResourceId": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/orders"},
            drift("Alerts", "AWS::SNS::Topic", "IN_SYNC", {"TopicName": "alerts"}, {"TopicName": "alerts"})
            | {"PhysicalResourceId": f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts"},
        ]  # fmt: skip
        yield held


def source(aws: Account, access: Access = Access.READ_ONLY, **more: Any) -> CloudFormationSource:
    settings = AwsSettings(name="ops", region="eu-west-1", endpoint_url=aws.url)
    client = Aws(settings, access=access, backoff=Backoff(attempts=3, base=0.001, cap=0.002))
    chosen = StackDriftSettings(**{"poll": 0.001, **more})
    return CloudFormationSource(client, lambda: datetime.now(UTC), chosen, key=b"k" * 32)


async def test_stacks_are_listed_detected_and_read(aws: Account) -> None:
    found = source(aws)
    watching = found.watch()
    try:
        first = await asyncio.wait_for(anext(watching), 30)
        rows = {unit.id.name: unit for unit in first.units}
        assert {name: unit.sync for name, unit in rows.items()} == {"shop": "Unknown", "calm": "Unknown"}
        shop = rows["shop"]
        assert (shop.cluster, shop.environment, shop.health) == (f"{ACCOUNT}/eu-west-1", "prod", "Healthy")
        assert shop.path.startswith(f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/shop/")
        inspection = await asyncio.wait_for(found.inspect(shop), 30)
        told = await asyncio.wait_for(anext(watching), 30)
    finally:
        await watching.aclose()  # type: ignore[attr-defined]
        await found.close()
    assert [name for name in aws.asked if "Detect" in name] == [
        "DetectStackDrift", "DescribeStackDriftDetectionStatus", "DescribeStackDriftDetectionStatus",
    ]  # fmt: skip
    assert [(unit.id.name, unit.sync) for unit in told.units] == [("shop", "OutOfSync")]
    compared = {one.ref.address: one for one in compare_all(inspection)}
    (delay,) = compared["Orders"].changes
    assert (delay.path, delay.desired, delay.recorded, delay.actual) == ("/DelaySeconds", 0, 0, 30)
    assert not compared["Alerts"].changes
    refs = {planes.ref.address: planes.ref for planes in inspection.resources}
    listed = aws.client("cloudformation").list_stack_resources(StackName="shop")["StackResourceSummaries"]
    assert {name: ref.name for name, ref in refs.items()} == {
        one["LogicalResourceId"]: one["PhysicalResourceId"] for one in listed
    }
    policy, *events = inspection.events
    assert "denies Update:* on LogicalResourceId/Orders" in policy.message
    assert {event.reason for event in events} >= {"CREATE_COMPLETE"}
    assert not inspection.gaps


async def test_a_stack_whose_resources_are_like_the_template_is_clean_and_strict_asks_for_nothing(aws: Account) -> None:
    aws.drifts["calm"] = [
        drift("Bucket", "AWS::S3::Bucket", "IN_SYNC", {"BucketName": "calm-bucket"}, {"BucketName": "calm-bucket"})
        | {"PhysicalResourceId": "calm-bucket"}
    ]
    strict = source(aws, Access.STRICT, stacks=("calm",))
    watching = strict.watch()
    (unit,) = (await asyncio.wait_for(anext(watching), 30)).units
    inspection = await strict.inspect(unit)
    await watching.aclose()  # type: ignore[attr-defined]
    await strict.close()
    assert any("--read-only=strict" in gap for gap in inspection.gaps)
    assert inspection.uncompared == 1
    assert "DetectStackDrift" not in aws.asked
    found = source(aws, stacks=("calm",))
    watching = found.watch()
    (unit,) = (await asyncio.wait_for(anext(watching), 30)).units
    clean = await asyncio.wait_for(found.inspect(unit), 30)
    told = await asyncio.wait_for(anext(watching), 30)
    await watching.aclose()  # type: ignore[attr-defined]
    await found.close()
    assert (told.units[0].sync, clean.uncompared) == ("Synced", 0)


async def test_check_says_what_it_may_read(aws: Account) -> None:
    found = source(aws)
    health = await found.check()
    await found.close()
    assert health.standing is Standing.OK
    allowed = {one.name: one.allowed for one in health.permissions}
    assert allowed["cloudformation:DescribeStacks"] is True
    assert allowed["cloudformation:DetectStackDrift"] is None, "asking would detect"


async def test_a_stack_that_goes_away_is_a_gap_and_no_crash(aws: Account) -> None:
    found = source(aws, detect_after=0)
    watching = found.watch()
    units = (await asyncio.wait_for(anext(watching), 30)).units
    await watching.aclose()  # type: ignore[attr-defined]
    aws.client("cloudformation").delete_stack(StackName="calm")
    gone = next(unit for unit in units if unit.id.name == "calm")
    inspection = await found.inspect(gone)
    await found.close()
    assert inspection.uncompared or inspection.gaps or not inspection.resources
    assert all("\n" not in gap for gap in inspection.gaps)
