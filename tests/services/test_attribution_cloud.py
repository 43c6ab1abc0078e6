"""Who changed a stack's resources: CloudTrail asked beside a running session, joined, shown, and judged by."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.clients.access import Access
from drifttui.clients.audit_settings import AuditSettings
from drifttui.clients.aws import Aws
from drifttui.clients.aws_settings import AwsSettings, TrailBucket
from drifttui.core.ages import Times
from drifttui.core.attributed import Attributed
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Trail, Unseen, Why
from drifttui.core.board import Depth, Look
from drifttui.core.cloudformation import drift_of
from drifttui.core.cloudtrail_gathering import CloudGathering
from drifttui.core.errors import Missing, Unreachable
from drifttui.core.finding import Finding
from drifttui.core.health import Standing
from drifttui.core.inspection import Inspection
from drifttui.core.join_cloudtrail import CloudQuestion
from drifttui.core.unit import Unit
from drifttui.core.words import who_word
from drifttui.services.attribution import Attribution
from drifttui.services.collect import Collector
from drifttui.services.judge import Judgement
from drifttui.services.look import Looker
from drifttui.services.who_live import live_answer, live_json
from drifttui.sources.audit_log import AuditLogFactory
from drifttui.sources.audit_log.cloudtrail import CloudTrailLog
from drifttui.sources.cloudtrail_s3.source import CloudTrailFiles
from drifttui.widgets.who_lines import who_lines
from tests.clients.aws_server import ACCOUNT, credentials, moto
from tests.core.terraform_documents import plan
from tests.core.test_audit_kubernetes import corpus
from tests.sources.cloudtrail_trail import KEY, NOW, record
from tests.sources.test_cloudtrail_s3 import Bucket

from .fakes import HandClock, ScriptedSource, board_where
from .stacks import GROUP, drift, opened, planned, stack
from .test_attribution import WEB, Scripted, held, log, scaled
from .test_attribution import source as audit_log

EDGE = stack("edge", NOW)
SG = {"groupId": "sg-0a1b0a1b", "ipPermissions": {"items": [{"fromPort": 22, "toPort": 22}]}}
ADMIN = "arn:aws:iam::aws:policy/Admin"
TOFU = "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 terraform-provider-aws/5.80 aws-sdk-go-v2/1.32"


def wrote(name: str = "AuthorizeSecurityGroupIngress", minutes: float = 40, **more: Any) -> dict[str, Any]:
    return record(name, minutes, **{"requestParameters": SG, **more})


class CloudTrail(Scripted):
    """Answers out of records as they are written, through the same gathering as every source."""

    trail = Trail.CLOUDTRAIL

    def __init__(self, *records: dict[str, Any], clock: Any = lambda: NOW, error: Exception | None = None) -> None:
        super().__init__()
        self.records, self.clock, self.error = list(records), clock, error

    async def calls(self, question: AuditQuestion) -> AuditAnswer:
        self.asked.append(question)
        if self.error is not None:
            raise self.error
        gathering = CloudGathering(question, KEY, self.clock())
        for each in self.records:
            gathering.take(each)
        return gathering.answer(self.name)


def only(found: Inspection, of: Unit = EDGE) -> Finding:
    findings, _ = Judgement()(of, found, (), NOW)
    (one,) = findings
    return one


def ask(attribution: Attribution, found: Inspection, of: Unit = EDGE) -> Attributed:
    one = only(found, of)
    asyncio.run(attribution.ask(of, Look(Depth.READ, (one,), found, at=NOW), frozenset((of.cluster,))))
    return attribution.known(one, found)


def who_of(found: Inspection, *records: dict[str, Any]) -> Attributed:
    return ask(Attribution([CloudTrail(*records)], lambda: NOW), found)


def test_the_writer_of_an_attribute_is_named_and_its_confusers_are_not() -> None:
    refused = wrote(minutes=35, who="mallory", errorCode="Client.UnauthorizedOperation", event_id="refused")
    read = wrote("DescribeSecurityGroups", 30, readOnly=True, event_id="read")
    tagged = wrote("CreateTags", 20, who="alice", event_id="tagged", requestParameters={
        "resourcesSet": {"items": [{"resourceId": "sg-0a1b0a1b"}]}, "tagSet": {"items": [{"key": "a", "value": "b"}]}
    })  # fmt: skip
    after = wrote("RevokeSecurityGroupIngress", -20, who="carol", event_id="after")
    who = who_of(planned(EDGE, NOW, opened()), wrote(event_id="opened"), refused, read, tagged, after)
    assert who.best is not None
    assert (who.best.path, who.best.actor.short) == ("/ingress", "bob@example.com")
    assert who.best.event_ids == ("opened",)
    assert who.best.confidence >= 0.9
    assert {line.path for line in who.lines} == {"/ingress"}
    assert any("failed (Client.UnauthorizedOperation)" in sentence for sentence in who.set_aside)
    assert "1 × after the resource was read (2026-11-21 12:00:00Z)" in who.set_aside
    assert who.events is not None
    assert [(each.source, each.verb, each.actor_kind, each.touches) for each in who.events] == [
        ("cloudtrail", "AuthorizeSecurityGroupIngress", "human", ("/ingress",))
    ]
    assert who.best_raw is not None
    assert who.best_raw.request == SG


def test_every_attribute_has_its_own_writer_and_an_engine_comes_after_people() -> None:
    tagged = wrote("CreateTags", 20, who="alice", event_id="tagged", requestParameters={
        "resourcesSet": {"items": [{"resourceId": "sg-0a1b0a1b"}]}, "tagSet": {"items": [{"key": "team"}]}
    })  # fmt: skip
    engine = wrote(minutes=10, who="ci", userAgent=TOFU, event_id="engine")
    who = who_of(planned(EDGE, NOW, opened(tags={"team": "edge"})), wrote(event_id="opened"), tagged, engine)
    first = {line.path: line for line in reversed(who.lines)}
    assert {path: line.actor.short for path, line in first.items()} == {
        "/ingress": "bob@example.com",
        "/tags/team": "alice@example.com",
    }
    assert [line.event_ids for line in who.lines if line.path == "/ingress"] == [("opened",), ("engine",)]


def test_what_is_gone_was_deleted_by_whoever_deleted_it() -> None:
    role = {"id": "deploy", "arn": f"arn:aws:iam::{ACCOUNT}:role/deploy", "name": "deploy"}
    found = planned(EDGE, NOW, drift("aws_iam_role.deploy", role, None))
    made = record("CreateRole", 900, eventSource="iam.amazonaws.com", requestParameters={"roleName": "deploy"},
                  userAgent=TOFU, who="ci")  # fmt: skip
    gone = record("DeleteRole", 50, eventSource="iam.amazonaws.com", requestParameters={"roleName": "deploy"},
                  event_id="gone")  # fmt: skip
    who = who_of(found, made, gone)
    assert who.best is not None
    assert (who.best.event_ids, who.best.actor.short) == (("gone",), "bob@example.com")


def test_nobody_is_never_claimed_and_the_type_that_is_not_mapped_is_told() -> None:
    job = {"id": "nightly", "name": "nightly", "timeout": 60}
    found = planned(EDGE, NOW, drift("aws_glue_job.nightly", job, {**job, "timeout": 90}))
    who = who_of(found)
    assert who.events is None
    assert who.lines == ()
    assert any("not mapped" in sentence for sentence in who.unseen)


def test_what_is_no_resource_of_aws_is_asked_of_nobody() -> None:
    found = planned(EDGE, NOW, drift("random_id.x", {"id": "a", "hex": "1"}, {"id": "a", "hex": "2"}))
    trail = CloudTrail()
    attribution = Attribution([trail], lambda: NOW)
    who = ask(attribution, found)
    assert not trail.asked
    assert who.unseen == ("random_id is no resource of AWS: CloudTrail records no call on it",)
    assert not attribution.waits(EDGE.id)


def test_an_account_that_nobody_records_is_told() -> None:
    trail = CloudTrail(wrote())
    trail.covers = frozenset({"210987654321"})
    who = ask(Attribution([trail], lambda: NOW), planned(EDGE, NOW, opened()))
    assert not trail.asked
    assert who.unseen[0] == f"no source of CloudTrail records account {ACCOUNT}"


def test_what_may_still_arrive_is_asked_for_until_it_must_have_arrived() -> None:
    clock = HandClock(NOW)
    trail = CloudTrail(clock=clock)
    attribution = Attribution([trail], clock)
    found = planned(EDGE, NOW, opened())
    assert ask(attribution, found).may_arrive
    times = []
    for second in range(0, 3600, 10):
        before = len(trail.asked)
        if second == 600:
            trail.records.append(wrote(minutes=1, event_id="late"))
        who = ask(attribution, found)
        if len(trail.asked) > before:
            times.append(second)
        clock.forward(seconds=10)
    assert who.best is not None
    assert who.best.event_ids == ("late",)
    assert not who.may_arrive
    assert not any("may still arrive" in sentence for sentence in who.unseen)
    assert times[-1] >= 15 * 60, "the last question comes after everything was delivered"
    assert len(times) < 10


def test_a_plan_of_yesterday_is_asked_about_yesterday_once() -> None:
    clock = HandClock(NOW)
    trail = CloudTrail(wrote(minutes=60 * 25), clock=clock)
    attribution = Attribution([trail], clock)
    at = NOW - timedelta(days=1)
    who = ask(attribution, planned(EDGE, at, opened()))
    (question,) = trail.asked
    assert question.until is not None
    assert abs(question.until - at) <= timedelta(minutes=1)
    assert not who.may_arrive
    clock.forward(hours=1)
    ask(attribution, planned(EDGE, at, opened()))
    assert len(trail.asked) == 1


def test_a_source_that_fails_is_told_and_asked_again() -> None:
    clock = HandClock(NOW)
    trail = CloudTrail(clock=clock, error=Unreachable("AWS prod: the session has expired"))
    attribution = Attribution([trail], clock)
    who = ask(attribution, planned(EDGE, NOW, opened()))
    assert who.events is None
    assert "the session has expired" in who.unseen[0]
    trail.error = None
    trail.records.append(wrote(event_id="opened"))
    clock.forward(seconds=31)
    who = ask(attribution, planned(EDGE, NOW, opened()))
    assert who.best is not None
    assert who.best.event_ids == ("opened",)


def test_without_cloudtrail_the_pane_says_so() -> None:
    found = planned(EDGE, NOW, opened())
    text = shown(ask(Attribution([], lambda: NOW), found), found)
    assert "Person: unknown, because CloudTrail: no AWS account is configured" in text
    assert "manager for it" not in text


def test_the_pane_leads_with_the_one_line_and_shows_the_call() -> None:
    found = planned(EDGE, NOW, opened())
    text = shown(who_of(found, wrote(event_id="opened", sourceIPAddress="198.51.100.7")), found)
    assert text.startswith("bob@example.com, person, by console, 52m ago. Certain.")
    assert "11:20:00Z CloudTrail AuthorizeSecurityGroupIngress ec2 in eu-west-1 198.51.100.7" in text
    assert "id opened" in text
    assert '"fromPort": 22' in text
    assert "Person: unknown" not in text
    assert "managers of fields" not in text


def shown(who: Attributed, found: Inspection) -> str:
    one = only(found)._replace(who=who)
    times = Times(NOW + timedelta(minutes=12, seconds=5))
    lines = who_lines(one, EDGE, Look(Depth.READ, (one,), found, at=NOW), times, 200)
    return "\n".join("".join(text for text, _ in line) for line in lines)


def test_recorded_attacks_are_pinned_on_the_right_call_from_a_plan_alone() -> None:
    here = corpus("cloudtrail-stratus")
    asked = 0
    for question in json.loads((here / "expected.json").read_text())["questions"]:
        if "eventID" not in question["expect"]:
            continue
        told = question["drift"]
        attribute = told["changed"][0].replace(" ", "_")
        values = {**told["identifier"], attribute: "as declared"}
        after = None if "deleted" in attribute else {**values, attribute: "otherwise"}
        records = json.loads((here / question["log"]).read_text())
        at = max(datetime.fromisoformat(each["eventTime"]) for each in records) + timedelta(minutes=30)
        trail = CloudTrail(*records, clock=lambda at=at: at)
        who = ask(
            Attribution([trail], trail.clock), planned(EDGE, at, drift(f"{told['terraform_type']}.a", values, after))
        )
        assert who.best is not None, told
        assert who.best.event_ids == (question["expect"]["eventID"],), told
        assert who.best.actor.arn == question["expect"]["actor_arn"]
        asked += 1
    assert asked == 7


# In a session.


@pytest.fixture
def started() -> Iterator[list[Collector]]:
    collectors: list[Collector] = []
    yield collectors
    for collector in collectors:
        collector.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with moto() as url:
        yield url


def session(started: list[Collector], audit: Sequence[Any], look: Any, *units: Unit) -> Collector:
    source = ScriptedSource("tofu", look=look)
    clock = HandClock(NOW)
    attribution = Attribution(audit, clock)
    looker = Looker([source, *audit], Judgement(who=attribution.known), clock, attribution)
    collector = Collector([source, *audit], looker, clock)
    collector.start()
    started.append(collector)
    source.say(source.batch(*units, complete=True))
    return collector


def test_log_files_in_a_bucket_name_the_actor_on_the_board(
    started: list[Collector], server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    credentials(monkeypatch, tmp_path)
    bucket = Bucket(server, "stack-trail")
    bucket.put(30, wrote(event_id="opened"), wrote("DescribeSecurityGroups", 41, readOnly=True))
    bucket.put(20, wrote(minutes=25, who="mallory", errorCode="Client.UnauthorizedOperation"))
    aws = Aws(AwsSettings(name="prod", endpoint_url=server), access=Access.STRICT, clock=lambda: NOW)
    files = CloudTrailFiles(aws, TrailBucket(bucket=bucket.name), lambda: NOW, key=KEY)
    collector = session(started, [files], lambda of: planned(of, NOW, opened()), EDGE)
    board = board_where(collector, lambda b: any(each.who and each.who.sources for each in b.findings), 30)
    (one,) = board.findings
    assert who_word(one) == "bob"
    assert one.who is not None
    assert one.who.sources == (files.name,)
    assert one.who.line_for("/ingress") is not None
    assert one.verdict is not None
    assert any("bob@example.com" in str(reason) for reason in one.verdict.reasons)
    for target in ("edge", "aws_security_group.app_public"):
        answer = live_json(live_answer(board, target))
        assert [(line["path"], line["actor"]["short"], line["via"]) for line in answer["lines"]] == [
            ("/ingress", "bob@example.com", "console")
        ]
        assert answer["lines"][0]["event_ids"] == ["opened"]


def test_a_mixed_session_asks_each_trail_about_its_own_only(started: list[Collector], tmp_path: Path) -> None:
    trail = CloudTrail(wrote(event_id="opened"))
    cluster = Scripted(AuditAnswer("scripted"))
    asked_files = audit_log(log(tmp_path / "audit.log", scaled("bob@example.com")))
    trail.name = "cloudtrail"
    web = WEB._replace(id=WEB.id._replace(source="tofu"))

    def look(of: Unit) -> Inspection:
        return planned(of, NOW, opened()) if of.id == EDGE.id else held(of)

    collector = session(started, [trail, cluster, asked_files], look, EDGE, web)
    board = board_where(
        collector, lambda b: len([each for each in b.findings if each.who and each.who.sources]) == 2, 30
    )
    by = {each.unit.name: each.who for each in board.findings if each.who}
    assert by["edge"].sources == ("cloudtrail",)
    assert set(by["web"].sources) == {"scripted", "audit-log"}
    assert all(not question.objects for question in trail.asked)
    assert all(not question.clouds for question in cluster.asked)


# What is asked.


@pytest.mark.parametrize(
    ("address", "values", "ids"),
    [
        ("aws_security_group.a", GROUP, ("sg-0a1b0a1b", GROUP["arn"])),
        ("aws_iam_role_policy_attachment.a", {"id": "x-1", "role": "deploy", "policy_arn": ADMIN}, ("deploy", ADMIN)),
        ("aws_s3_bucket_policy.a", {"id": "logs", "bucket": "logs", "policy": "{}"}, ("logs",)),
        ("aws_db_instance.a", {"id": "db-ABC", "identifier": "orders", "name": "app"}, ("orders",)),
        ("aws_route53_record.a", {"id": "Z1_www.a.io_A", "name": "www", "zone_id": "Z1"}, ("Z1_www.a.io_A",)),
        ("aws_security_group_rule.a", {"id": "sgrule-1", "security_group_id": "sg-1"}, ("sg-1",)),
        ("aws_lambda_function.a", {"id": "f", "function_name": "f"}, ("f",)),
        ("module.net[\"eu.1\"].aws_sqs_queue.a", {"tags": {"a": "b"}}, ("a",)),
    ],
)  # fmt: skip
def test_ids_come_from_the_planes_by_type(address: str, values: dict[str, Any], ids: tuple[str, ...]) -> None:
    trail = CloudTrail()
    ask(Attribution([trail], lambda: NOW), planned(EDGE, NOW, drift(address, values, {**values, "extra": "x"})))
    (question,) = trail.asked
    (cloud,) = question.clouds
    assert cloud.ids == ids
    assert cloud.guessed is (values == {"tags": {"a": "b"}})


def of_cloudformation(
    kind: str, physical: str, expected: dict[str, Any], actual: dict[str, Any], path: str
) -> Inspection:
    answer = {
        "LogicalResourceId": "Web",
        "PhysicalResourceId": physical,
        "ResourceType": kind,
        "StackResourceDriftStatus": "MODIFIED",
        "ExpectedProperties": json.dumps(expected),
        "ActualProperties": json.dumps(actual),
        "PropertyDifferences": [{"PropertyPath": path, "DifferenceType": "NOT_EQUAL"}],
        "Timestamp": NOW,
    }
    found = drift_of([], [answer], stack="edge", source="cloudformation:prod", key=KEY)
    return Inspection(EDGE.id, NOW, found.resources, comparisons=found.comparisons)


def test_resources_of_cloudformation_are_asked_about_by_their_physical_ids() -> None:
    before = {"GroupName": "web", "SecurityGroupIngress": [{"CidrIp": "10.0.0.0/8"}]}
    after = {"GroupName": "web", "SecurityGroupIngress": [{"CidrIp": "0.0.0.0/0"}]}
    path = "/SecurityGroupIngress/0/CidrIp"
    found = of_cloudformation("AWS::EC2::SecurityGroup", "sg-0a1b0a1b", before, after, path)
    trail = CloudTrail(wrote(event_id="opened"), wrote("CreateTags", 20, who="alice", event_id="tagged"))
    who = ask(Attribution([trail], lambda: NOW), found)
    assert trail.asked[0].clouds == (CloudQuestion("aws_security_group", ("sg-0a1b0a1b",)),)
    assert who.best is not None
    assert (who.best.path, who.best.event_ids, who.best.actor.short) == (path, ("opened",), "bob@example.com")
    assert who.events is not None
    assert [each.touches for each in who.events] == [(path,)]


def test_reasons_of_limits_are_told_with_the_source() -> None:
    left = Unseen(Why.LEFT_OUT, "LookupEvents was asked back to yesterday")
    trail = CloudTrail(wrote())
    calls = trail.calls

    async def limited(question: AuditQuestion) -> AuditAnswer:
        answer = await calls(question)
        return answer._replace(unseen=(*answer.unseen, left))

    trail.calls = limited  # type: ignore[method-assign]
    assert left.words in ask(Attribution([trail], lambda: NOW), planned(EDGE, NOW, opened())).unseen


async def test_files_of_cloudtrail_are_a_source_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "day.json").write_text(json.dumps({"Records": [wrote(event_id="opened"), {"eventID": "sg-0a1b0a1b"}]}))
    settings = SimpleNamespace(audit=AuditSettings(cloudtrail=(tmp_path,)), redaction_key=KEY)
    (files,) = AuditLogFactory()(settings, lambda: NOW)
    assert isinstance(files, CloudTrailLog)
    assert (await files.check()).standing is Standing.OK
    answer = await files.calls(AuditQuestion(clouds=(CloudQuestion("aws_security_group", ("sg-0a1b0a1b",)),)))
    assert [call.event_id for call in answer.cloud_calls] == ["opened"]
    assert sum(answer.problems.values()) == 1
    assert not answer.may_still_arrive
    (tmp_path / "day.json").unlink()
    assert (await files.check()).standing is Standing.BLIND
    with pytest.raises(Missing):
        await CloudTrailLog((tmp_path / "gone",), lambda: NOW, key=KEY).calls(
            AuditQuestion(clouds=(CloudQuestion("", ("x",)),))
        )


def test_the_command_joins_a_plan_with_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime.now(UTC)
    (tmp_path / "plan.json").write_text(
        json.dumps({**plan([], [opened()]), "timestamp": f"{now - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"})
    )
    at = f"{now - timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"
    (tmp_path / "trail.json").write_text(json.dumps({"Records": [wrote(event_id="opened", eventTime=at)]}))
    config = tmp_path / "config.toml"
    config.write_text(f'[kubernetes]\nenabled = false\n[[stack]]\nname = "edge"\nplan = "{tmp_path}/plan.json"\n')
    given = ["--cloudtrail", str(tmp_path / "trail.json"), "--config", str(config), "--json"]
    for target in ("edge", "aws_security_group.app_public"):
        assert main(["who", target, *given]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert [(line["path"], line["actor"]["short"], line["event_ids"]) for line in answer["lines"]] == [
            ("/ingress", "bob@example.com", ["opened"])
        ]
