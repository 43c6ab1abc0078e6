"""One resource of AWS that a stack of CloudFormation and a stack of OpenTofu both manage, through `drifttui scan`.

The stack of CloudFormation is moto's, drift detection in front of it (see `tests.sources.moto_cloudformation`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from tests.clients.aws_server import ACCOUNT, credentials
from tests.core.terraform_documents import change, plan, resource
from tests.sources.moto_cloudformation import Account, account
from tests.sources.test_cloudformation import drift

TEMPLATE = {
    "Resources": {
        "Orders": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders", "DelaySeconds": 0}},
        "Alerts": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alerts"}},
    }
}


def arn(service: str, name: str, region: str = "eu-west-1") -> str:
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{name}"


def queue(region: str = "eu-west-1", delay: int = 0) -> dict[str, Any]:
    url = f"https://sqs.{region}.amazonaws.com/{ACCOUNT}/orders"
    return {"id": url, "url": url, "arn": arn("sqs", "orders", region), "name": "orders", "delay_seconds": delay}


def topic(region: str = "eu-west-1") -> dict[str, Any]:
    return {"id": arn("sns", "alerts", region), "arn": arn("sns", "alerts", region), "name": "alerts"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Account]:
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setenv("HOME", str(tmp_path))
    credentials(monkeypatch, tmp_path)
    with account() as held:
        held.client("cloudformation").create_stack(StackName="shop", TemplateBody=json.dumps(TEMPLATE))
        held.drifts["shop"] = [
            drift("Orders", "AWS::SQS::Queue", "MODIFIED", {"QueueName": "orders", "DelaySeconds": 0},
                  {"QueueName": "orders", "DelaySeconds": 30}, ("/DelaySeconds", "0", "30", "NOT_EQUAL"))
            | {"PhysicalResourceId": queue()["id"]},
            drift("Alerts", "AWS::SNS::Topic", "IN_SYNC", {"TopicName": "alerts"}, {"TopicName": "alerts"})
            | {"PhysicalResourceId": topic()["id"]},
        ]  # fmt: skip
        yield held


def scan(
    aws: Account, folder: Path, capsys: pytest.CaptureFixture[str], stack: str, document: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    """What `drifttui scan --json` says of the account and of one stack beside it."""
    (folder / "made.json").write_text(json.dumps(document))
    config = folder / "config.toml"
    config.write_text(
        f'[[aws]]\nname = "ops"\nregion = "eu-west-1"\nendpoint_url = "{aws.url}"\nlookup = false\n'
        f'[aws.cloudformation]\npoll = 0.01\n[[stack]]\nname = "queues"\n{stack} = "{folder}/made.json"\n'
        + ("refreshed = true\n" if stack == "plan" else "")
    )
    capsys.readouterr()
    code = main(["scan", "--json", "--all", "--no-kubernetes", "--config", str(config)])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def drifted() -> dict[str, Any]:
    """By hand somebody set a delay of 30 seconds; both engines see it."""
    recorded = [resource("aws_sns_topic.alerts", topic()), resource("aws_sqs_queue.orders", queue())]
    return plan([], [change("aws_sqs_queue.orders", "update", queue(), queue(delay=30))], recorded)


def test_what_two_engines_manage_in_aws_is_one_resource_with_two_owners(
    aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = scan(aws, tmp_path, capsys, "plan", drifted())
    assert code == 2
    units = {each["name"]: each for each in answer["units"]}
    assert {name: each["engine"] for name, each in units.items()} == {"shop": "cloudformation", "queues": "opentofu"}
    shared = {(each["unit"].split("/")[0], each["what"], each["how"]) for each in answer["conflicts"]}
    assert shared == {
        (engine, what, "by the same name in the same place")
        for engine in ("cloudformation", "opentofu")
        for what in (f"aws_sqs_queue {queue()['id']}", f"aws_sns_topic {topic()['arn']}")
    }
    assert answer["summary"]["shared"] == 2
    for name, other in (("shop", "opentofu queues (aws_sqs_queue.orders)"), ("queues", "cloudformation shop (Orders)")):
        (finding,) = units[name]["findings"]
        reason = finding["verdict"]["reasons"][-1]
        assert reason["rule"] == "owners.two"
        assert other in reason["fact"]
        assert (finding["verdict"]["action"], finding["verdict"]["auto_heal"]) == ("migrate", False)
        assert "OwnedTwice" in {each["type"] for each in units[name]["conditions"]}


def test_a_state_alone_is_enough_to_find_the_other_owner(
    aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing drifted, and the state says nothing about drift: that two engines own the topic is a finding all the
    same."""
    aws.drifts["shop"] = [{**one, "StackResourceDriftStatus": "IN_SYNC"} for one in aws.drifts["shop"][1:]]
    state = {"version": 4, "serial": 1, "lineage": "abc-1", "resources": [
        {"mode": "managed", "type": "aws_sns_topic", "name": "alerts",
         "instances": [{"schema_version": 0, "attributes": topic()}]}]}  # fmt: skip
    code, answer = scan(aws, tmp_path, capsys, "state", state)
    assert code == 2
    assert {each["what"] for each in answer["conflicts"]} == {f"aws_sns_topic {topic()['arn']}"}
    assert not any(each["findings"] for each in answer["units"])


def test_the_same_name_in_another_region_is_another_resource(
    aws: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.drifts["shop"] = [{**one, "StackResourceDriftStatus": "IN_SYNC"} for one in aws.drifts["shop"][1:]]
    elsewhere = [resource("aws_sns_topic.alerts", topic("us-east-1")),
                 resource("aws_sqs_queue.orders", queue("us-east-1"))]  # fmt: skip
    _, answer = scan(aws, tmp_path, capsys, "plan", plan([], [], elsewhere))
    assert answer["conflicts"] == []
    assert answer["summary"]["shared"] == 0
