"""One AWS resource read without a plan: Cloud Control in its own wire format (moto has none), and what it lacks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.aws_settings import AwsSettings
from drifttui.clients.tofu_settings import StackSettings
from drifttui.core.cloud_control import Wanted, translated, wanted
from drifttui.core.direct import DirectAnswer
from drifttui.core.errors import BadAnswer, Forbidden, Missing
from drifttui.core.planes import ABSENT, UNKNOWN
from drifttui.core.ports import Batch
from drifttui.services.session import Settings
from drifttui.sources.tofu import SOURCE
from drifttui.sources.tofu.source import TofuSource
from tests.clients.aws_server import Error, FakeAws, Raw, credentials, serving

KEY = b"k" * 32
NOW = datetime(2026, 11, 21, 15, tzinfo=UTC)
ARN = "arn:aws:sqs:eu-central-1:123456789012:jobs"

QUEUE = {
    "id": "https://sqs/jobs", "url": "https://sqs/jobs", "arn": ARN, "name": "jobs", "delay_seconds": 0,
    "visibility_timeout_seconds": 30, "fifo_queue": False, "policy": "", "tags": {"team": "pay"},
    "redrive_policy": '{"maxReceiveCount":3,"deadLetterTargetArn":"arn:x"}', "kms_master_key_id": None,
}  # fmt: skip
LIVE = {
    "QueueUrl": "https://sqs/jobs", "Arn": ARN, "QueueName": "jobs", "DelaySeconds": 15, "VisibilityTimeout": 30,
    "RedrivePolicy": {"deadLetterTargetArn": "arn:x", "maxReceiveCount": 3},
    "Tags": [{"Key": "team", "Value": "pay"}, {"Key": "aws:cloudformation:stack-name", "Value": "s"}],
}  # fmt: skip
RECORDED = {
    "aws_sqs_queue": QUEUE,
    "aws_iam_role_policy": {"id": "app:read", "role": "app", "name": "read", "policy": '{"Statement": []}'},
    "aws_iam_role_policy_attachment": {"id": "x", "role": "app", "policy_arn": "arn:aws:iam::aws:policy/ReadOnly"},
    "aws_weird_thing": {"id": "w"},
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeAws]:
    credentials(monkeypatch, tmp_path)
    with serving(FakeAws()) as fake:
        yield fake


async def read(aws: FakeAws, tmp_path: Path, kind: str) -> DirectAnswer:
    """Of the resource `kind.it` in a recorded state."""
    resources = [
        {"mode": "managed", "type": name, "name": "it", "instances": [{"schema_version": 0, "attributes": attributes}]}
        for name, attributes in RECORDED.items()
    ]
    path = tmp_path / "terraform.tfstate"
    path.write_text(json.dumps({"version": 4, "serial": 1, "lineage": "l", "resources": resources}))
    account = AwsSettings(region="eu-west-1", endpoint_url=aws.url)
    settings = Settings(
        stacks=(StackSettings(state=str(path)),), aws=(account,), access=Access.READ_ONLY, redaction_key=KEY
    )
    source = SOURCE(settings, lambda: NOW)[0]
    assert isinstance(source, TofuSource)
    watching = source.watch()
    batch: Batch | None = None
    async with asyncio.timeout(20):
        async for batch in watching:
            if batch.inspection is not None:
                break
    await watching.aclose()  # type: ignore[attr-defined]
    assert batch is not None and batch.inspection is not None
    ref = next(planes.ref for planes in batch.inspection.resources if planes.ref.kind == kind)
    return await source.read_one(batch.units[0].id, ref.address)


def cloud_control(properties: Any) -> dict[str, Any]:
    described = {"Identifier": "https://sqs/jobs", "Properties": json.dumps(properties)}
    return {"TypeName": "AWS::SQS::Queue", "ResourceDescription": described}


async def test_one_resource_is_refreshed_in_the_words_of_its_record(aws: FakeAws, tmp_path: Path) -> None:
    aws.answers["GetResource"] = lambda call: cloud_control(LIVE)
    answer = await read(aws, tmp_path, "aws_sqs_queue")
    asked = aws.asked("GetResource")[0]
    assert asked.body == {"TypeName": "AWS::SQS::Queue", "Identifier": "https://sqs/jobs"}
    assert asked.region == "eu-central-1", "where its ARN says it is"
    (change,) = answer.comparison.changes
    assert (change.path, change.desired, change.recorded, change.actual) == ("/delay_seconds", UNKNOWN, 0, 15)
    assert [one.rule for one in answer.comparison.hidden] == ["terraform-json-spelling"]
    assert set(answer.unread) == {"fifo_queue", "policy"}, "its id and ARN are known: it was found by them"
    assert answer.observation.observed_at == NOW
    assert answer.observation.method == "Cloud Control GetResource"


async def test_what_is_gone_is_absent_and_what_cannot_be_asked_is_no_answer(aws: FakeAws, tmp_path: Path) -> None:
    aws.answers["GetResource"] = lambda call: Error("ResourceNotFoundException", "no such queue")
    gone = await read(aws, tmp_path, "aws_sqs_queue")
    assert gone.observation.document is None
    assert gone.comparison.changes[0].actual is ABSENT
    aws.answers["GetResource"] = lambda call: Error("UnsupportedActionException", "does not support READ")
    with pytest.raises(BadAnswer, match="Cloud Control cannot read AWS::SQS::Queue"):
        await read(aws, tmp_path, "aws_sqs_queue")
    aws.answers["GetResource"] = lambda call: Error("AccessDeniedException", "is not authorized to perform: x:Y", 400)
    with pytest.raises(Forbidden):
        await read(aws, tmp_path, "aws_sqs_queue")
    aws.answers["GetResource"] = lambda call: cloud_control([1])
    with pytest.raises(BadAnswer, match="cannot be read"):
        await read(aws, tmp_path, "aws_sqs_queue")
    with pytest.raises(BadAnswer, match="cannot be read by itself"):
        await read(aws, tmp_path, "aws_weird_thing")


IAM = "https://iam.amazonaws.com/doc/2010-05-08/"


def iam(operation: str, body: str) -> Raw:
    result = f"<{operation}Result>{body}</{operation}Result>"
    return Raw(f'<{operation}Response xmlns="{IAM}">{result}</{operation}Response>'.encode(), content_type="text/xml")


async def test_types_that_cloud_control_lacks_are_read_by_their_own_calls(aws: FakeAws, tmp_path: Path) -> None:
    document = "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%7D%5D%7D"
    aws.answers["GetRolePolicy"] = lambda call: iam(
        "GetRolePolicy",
        f"<RoleName>app</RoleName><PolicyName>read</PolicyName><PolicyDocument>{document}</PolicyDocument>",
    )
    policy = await read(aws, tmp_path, "aws_iam_role_policy")
    assert policy.observation.method == "IAM GetRolePolicy"
    assert [change.path for change in policy.comparison.changes] == ["/policy"]
    member = "<member><PolicyName>R</PolicyName><PolicyArn>arn:aws:iam::aws:policy/Other</PolicyArn></member>"
    aws.answers["ListAttachedRolePolicies"] = lambda call: iam(
        "ListAttachedRolePolicies",
        f"<IsTruncated>false</IsTruncated><AttachedPolicies>{member}</AttachedPolicies>",
    )
    attachment = await read(aws, tmp_path, "aws_iam_role_policy_attachment")
    assert attachment.observation.document is None
    assert attachment.comparison.changes[0].actual is ABSENT


def test_only_what_is_one_attribute_is_taken_over() -> None:
    recorded = {"name": "app", "assume_role_policy": "{}", "path": "/", "inline_policy": [{"name": "a"}], "arn": "x"}
    found = translated(
        "aws_iam_role",
        {"RoleName": "app", "AssumeRolePolicyDocument": {"a": 1}, "Path": "/team/", "Policies": [], "Arn": "x"},
        recorded,
        KEY,
    )
    assert found.attributes == {"name": "app", "assume_role_policy": '{"a": 1}', "path": "/team/", "arn": "x"}
    assert found.unread == ("inline_policy",)
    assert wanted("aws_ecs_service", {"id": "arn:s", "cluster": "c"}) == Wanted("AWS::ECS::Service", "arn:s|c")
    assert wanted("aws_ecs_service", {"id": "arn:s"}) is None
    secret = translated("aws_ssm_parameter", {"Name": "n", "Value": "hush"}, {"name": "n", "value": "old"}, KEY)
    assert secret.attributes is not None
    assert "hush" not in repr(secret.attributes["value"])


async def test_a_resource_that_is_not_recorded_is_not_read(tmp_path: Path) -> None:
    settings = Settings(stacks=(StackSettings(state="/nowhere/s.tfstate"),), redaction_key=KEY)
    source = SOURCE(settings, lambda: NOW)[0]
    assert isinstance(source, TofuSource)
    with pytest.raises(Missing):
        await source.read_one(source._id(source._stacks[0]), "aws_vpc.a")
