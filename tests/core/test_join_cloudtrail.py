"""CloudTrail: reading records of any completeness, and the call that explains a resource's drift."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drifttui.core.actors_aws import actor_of, read_principal
from drifttui.core.audit import ActorKind, Grade, Unreadable
from drifttui.core.audit_cloudtrail import CloudTrailCall, read_record
from drifttui.core.cloudtrail_events import TYPES, bare_name, mapped
from drifttui.core.cloudtrail_names import aliases, parse_address
from drifttui.core.errors import InputError
from drifttui.core.join import Answer
from drifttui.core.join_cloudtrail import CloudQuestion, who_cloudtrail
from drifttui.core.unseen import Log
from drifttui.core.via_aws import aws_via

from .test_audit_kubernetes import corpus

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
ERIN = {
    "type": "IAMUser",
    "arn": "arn:aws:iam::111122223333:user/erin",
    "userName": "erin",
    "accountId": "111122223333",
}
CLI = "aws-cli/2.22.0 md/awscrt#0.23 ua/2.0 os/linux"
ELB = "arn:aws:elasticloadbalancing:eu-west-1:111122223333"
TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 terraform-provider-aws/5.80 aws-sdk-go-v2/1.32"


def record(name: str, request: Any = None, at: float = 0.0, service: str = "ec2", **more: Any) -> dict[str, Any]:
    made = {
        "eventVersion": "1.11",
        "eventID": more.pop("id", f"{name}-{at}"),
        "eventTime": (AT + timedelta(seconds=at)).isoformat().replace("+00:00", "Z"),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": CLI,
        "userIdentity": ERIN,
        "requestParameters": request,
        "readOnly": False,
    }
    return made | more


def session(role: str, name: str, **context: Any) -> dict[str, Any]:
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::111122223333:assumed-role/{role}/{name}",
        "accountId": "111122223333",
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": role}, **context},
    }


def ask(kind: str, ids: tuple[str, ...], *records: dict[str, Any], paths: tuple[str, ...] = ()) -> Answer:
    log = Log(AT, AT + timedelta(hours=1), now=AT + timedelta(hours=9))
    return who_cloudtrail(CloudQuestion(kind, ids), [read_record(each) for each in records], log, paths=paths)


def reading(call: CloudTrailCall) -> dict[str, Any]:
    principal = call.principal
    return {
        "eventID": call.event_id,
        "eventTime": call.time_text,
        "eventSource": call.source,
        "eventName": call.name,
        "region": call.region,
        "source_ip": call.source_ip,
        "principal": {
            "type": principal.type,
            "arn": principal.arn,
            "user_name": principal.user_name,
            "role": principal.role,
            "session_name": principal.session_name,
            "invoked_by": principal.invoked_by,
            "account": principal.account,
        },
        "read_only": call.read_only,
        "error_code": call.error_code,
        "succeeded": call.succeeded,
    }


def test_trimmed_records_are_read_as_their_key_says() -> None:
    here = corpus("cloudtrail-panther")
    lines = (here / "events.jsonl").read_text().splitlines()
    for line, key in zip(lines, json.loads((here / "expected.json").read_text()), strict=True):
        assert reading(read_record(json.loads(line))) == key["expect"], key["line"]


def test_recorded_attacks_are_read_as_their_key_says() -> None:
    here = corpus("cloudtrail-stratus")
    held = {each["eventID"]: each for file in here.glob("logs/*.json") for each in json.loads(file.read_text())}
    for expected in json.loads((here / "expected.json").read_text())["events"]:
        found = reading(read_record(held[expected["eventID"]]))
        assert {name: found[name] for name in expected if name != "log"} == {
            name: value for name, value in expected.items() if name != "log"
        }


@pytest.mark.parametrize("with_path", [True, False], ids=["asked about the attribute", "not asked"])
def test_recorded_attacks_are_pinned_on_the_right_call(with_path: bool) -> None:
    here = corpus("cloudtrail-stratus")
    for question in json.loads((here / "expected.json").read_text())["questions"]:
        drift, expected = question["drift"], question["expect"]
        records = json.loads((here / question["log"]).read_text())
        ids = tuple(drift.get("identifier", {}).values())
        if "forbidden_eventID" in expected:
            named = next(each for each in records if each["eventID"] == expected["forbidden_eventID"])
            ids = tuple(
                text for text in [str((named["requestParameters"] or {}).get("secretId") or "ami-aCBbfd13bdb1d1E4b")]
            )
        paths = tuple(drift.get("changed", ())) if with_path else ()
        answer = ask(drift["terraform_type"], ids, *records, paths=paths)
        offered = {event for line in answer.lines for event in line.event_ids}
        if "forbidden_eventID" in expected:
            assert expected["forbidden_eventID"] not in offered
            assert answer.set_aside
        else:
            assert answer.lines[0].event_ids == (expected["eventID"],)
            assert answer.lines[0].actor.arn == expected["actor_arn"]


class TestWhoIsBlamed:
    RULE = {"groupId": "sg-0a1b", "ipPermissions": {"items": [{"fromPort": 22}]}}

    @pytest.mark.parametrize(
        "confuser",
        [
            record("AuthorizeSecurityGroupIngress", RULE, 9, errorCode="Client.UnauthorizedOperation"),
            record("AuthorizeSecurityGroupIngress", RULE, 9, errorCode="Client.DryRunOperation"),
            record("DescribeSecurityGroups", RULE, 9, readOnly=True),
            record("DescribeSecurityGroups", RULE, 9, readOnly=None),
            record("AuthorizeSecurityGroupIngress", {"groupId": "sg-0a1b2c"}, 9),
            record("RunInstances", {"instancesSet": {"items": [{"groupSet": ["sg-0a1b"]}]}}, 9),
        ],
        ids=["failed", "dry run", "read", "read by its name", "another group", "an instance in the group"],
    )
    def test_a_call_that_changed_nothing_is_never_offered(self, confuser: dict[str, Any]) -> None:
        real = record("AuthorizeSecurityGroupIngress", self.RULE, 1, id="real")
        answer = ask("aws_security_group", ("sg-0a1b",), real, confuser)
        assert [line.event_ids for line in answer.lines] == [("real",)]
        assert ask("aws_security_group", ("sg-0a1b",), confuser).lines == ()

    def test_the_one_who_opened_it_comes_before_the_pipeline_that_applied(self) -> None:
        person = record("AuthorizeSecurityGroupIngress", self.RULE, 1, id="person")
        applied = record("RevokeSecurityGroupIngress", self.RULE, 9, id="applied", userAgent=TERRAFORM)
        first, second = ask("aws_security_group", ("sg-0a1b",), person, applied).lines
        assert (first.event_ids, second.event_ids) == (("person",), ("applied",))
        assert any("Terraform wrote the same attribute later" in reason for reason in first.reasons)
        assert second.via == "Terraform"

    def test_attributes_keep_two_actors_apart(self) -> None:
        tags = record("CreateTags", {"resourcesSet": {"items": [{"resourceId": "sg-0a1b"}]}}, 5, id="tags")
        rule = record("AuthorizeSecurityGroupEgress", self.RULE, 1, id="rule")
        egress = ask("aws_security_group", ("sg-0a1b",), tags, rule, paths=("egress",))
        assert [line.event_ids for line in egress.lines] == [("rule",)]
        assert [
            line.event_ids for line in ask("aws_security_group", ("sg-0a1b",), tags, rule, paths=("/tags",)).lines
        ] == [("tags",)]

    def test_an_association_is_told_from_its_siblings(self) -> None:
        policy = "arn:aws:iam::aws:policy/{}"
        calls = [
            record("AttachRolePolicy", {"roleName": "app", "policyArn": policy.format(name)}, at, "iam", id=name)
            for at, name in ((1, "ReadOnlyAccess"), (2, "AdministratorAccess"))
        ]
        for ids in (("app", policy.format("ReadOnlyAccess")), ("app/" + policy.format("ReadOnlyAccess"),)):
            answer = ask("aws_iam_role_policy_attachment", ids, *calls)
            assert [line.event_ids for line in answer.lines] == [("ReadOnlyAccess",)]

    @pytest.mark.parametrize(
        ("kind", "given", "service", "name", "request_"),
        [
            (
                "aws_iam_role",
                "arn:aws:iam::111122223333:role/team/app",
                "iam",
                "UpdateAssumeRolePolicy",
                {"roleName": "app"},
            ),
            (
                "aws_iam_policy",
                "arn:aws:iam::111122223333:policy/app",
                "iam",
                "CreatePolicyVersion",
                {"policyArn": "arn:aws:iam::111122223333:policy/app"},
            ),
            ("aws_iam_group", "ops", "iam", "AttachGroupPolicy", {"groupName": "ops"}),
            ("aws_s3_bucket", "arn:aws:s3:::logs", "s3", "PutBucketVersioning", {"bucketName": "logs"}),
            ("aws_s3_bucket_policy", "logs", "s3", "DeleteBucketPolicy", {"bucketName": "logs"}),
            ("aws_s3_bucket_public_access_block", "logs", "s3", "PutBucketPublicAccessBlock", {"bucketName": "logs"}),
            ("aws_s3_bucket_acl", "logs,private", "s3", "PutBucketAcl", {"bucketName": "logs"}),
            ("aws_db_instance", "orders", "rds", "ModifyDBInstance", {"dBInstanceIdentifier": "orders"}),
            (
                "aws_db_instance",
                "arn:aws:rds:eu-west-1:111122223333:db:orders",
                "rds",
                "ModifyDBInstance",
                {"dBInstanceIdentifier": "ORDERS"},
            ),
            ("aws_db_parameter_group", "pg", "rds", "ModifyDBParameterGroup", {"dBParameterGroupName": "pg"}),
            ("aws_eks_cluster", "main", "eks", "UpdateClusterConfig", {"name": "main"}),
            (
                "aws_eks_node_group",
                "main:blue",
                "eks",
                "UpdateNodegroupConfig",
                {"name": "main", "nodegroupName": "blue"},
            ),
            ("aws_eks_addon", "main:coredns", "eks", "UpdateAddon", {"name": "main", "addonName": "coredns"}),
            (
                "aws_lambda_function",
                "pay",
                "lambda",
                "UpdateFunctionConfiguration20150331v2",
                {"functionName": "arn:aws:lambda:eu-west-1:111122223333:function:pay:7"},
            ),
            (
                "aws_route53_record",
                "Z1ABC_www.example.com_A",
                "route53",
                "ChangeResourceRecordSets",
                {
                    "hostedZoneId": "Z1ABC",
                    "changeBatch": {"changes": [{"resourceRecordSet": {"name": "www.example.com."}}]},
                },
            ),
            (
                "aws_route53_zone",
                "Z1ABC",
                "route53",
                "AssociateVPCWithHostedZone",
                {"hostedZoneId": "/hostedzone/Z1ABC"},
            ),
            (
                "aws_kms_key",
                "1234abcd-12ab",
                "kms",
                "DisableKey",
                {"keyId": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab"},
            ),
            (
                "aws_secretsmanager_secret",
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:pay/db-AbC123",
                "secretsmanager",
                "UpdateSecret",
                {"secretId": "pay/db"},
            ),
            (
                "aws_autoscaling_group",
                "workers",
                "autoscaling",
                "SetDesiredCapacity",
                {"autoScalingGroupName": "workers"},
            ),
            (
                "aws_lb",
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/edge/50dc6c49",
                "elasticloadbalancing",
                "ModifyLoadBalancerAttributes",
                {"loadBalancerArn": f"{ELB}:loadbalancer/app/edge/50dc6c49"},
            ),
            (
                "aws_lb_listener_rule",
                "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/app/edge/50d/f2f/9683",
                "elasticloadbalancing",
                "ModifyRule",
                {"ruleArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/app/edge/50d/f2f/9683"},
            ),
            (
                "aws_cloudtrail",
                "arn:aws:cloudtrail:eu-west-1:111122223333:trail/org",
                "cloudtrail",
                "StopLogging",
                {"name": "org"},
            ),
            (
                "aws_flow_log",
                "fl-1",
                "ec2",
                "DeleteFlowLogs",
                {"DeleteFlowLogsRequest": {"FlowLogId": {"content": "fl-1"}}},
            ),
            (
                "aws_cloudwatch_log_group",
                "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/pay:*",
                "logs",
                "DeleteRetentionPolicy",
                {"logGroupName": "/aws/pay"},
            ),
            ("aws_cloudwatch_metric_alarm", "p99", "monitoring", "DisableAlarmActions", {"alarmNames": ["p99"]}),
        ],
    )
    def test_ids_names_and_arns_find_the_call(
        self, kind: str, given: str, service: str, name: str, request_: dict[str, Any]
    ) -> None:
        answer = ask(kind, (given,), record(name, request_, 1, service))
        assert len(answer.lines) == 1
        assert answer.lines[0].confidence > 0.85
        assert answer.lines[0].grade is Grade.BODY

    def test_a_type_that_is_not_mapped_falls_back_and_says_so(self) -> None:
        call = record("UpdateThing", {"thingName": "boiler"}, 1, "iot")
        answer = ask("aws_iot_thing", ("boiler",), call)
        assert answer.lines[0].confidence < 0.6
        assert any("not mapped" in sentence for sentence in answer.unseen)

    def test_an_arn_of_another_account_is_another_resource(self) -> None:
        call = record("StopLogging", {"name": "org"}, 1, "cloudtrail", recipientAccountId="999900001111")
        assert ask("aws_cloudtrail", ("arn:aws:cloudtrail:eu-west-1:111122223333:trail/org",), call).lines == ()

    def test_records_of_organisation_and_account_trails_count_once(self) -> None:
        call = record("StopLogging", {"name": "org"}, 1, "cloudtrail")
        assert len(ask("aws_cloudtrail", ("org",), call, call).lines) == 1

    def test_late_delivery_is_always_said(self) -> None:
        assert any("may still arrive" in sentence for sentence in ask("aws_cloudtrail", ("org",)).unseen)


@pytest.mark.parametrize(
    ("identity", "kind", "short"),
    [
        (ERIN, ActorKind.PERSON, "erin"),
        ({"type": "Root", "arn": "arn:aws:iam::1:root", "accountId": "1"}, ActorKind.BREAK_GLASS, "root of 1"),
        (session("AWSReservedSSO_Admin_0a1b", "erin@example.com"), ActorKind.PERSON, "erin@example.com"),
        (session("AWSReservedSSO_Admin_0a1b", "erin"), ActorKind.PERSON, "erin"),
        (session("BreakGlassAdmin", "erin@example.com"), ActorKind.BREAK_GLASS, "erin@example.com"),
        (
            session("ops", "botocore-session-1732000000", sourceIdentity="erin@example.com"),
            ActorKind.PERSON,
            "erin@example.com",
        ),
        (session("ops", "aws-go-sdk-1722511821294449000"), ActorKind.UNKNOWN, "ops"),
        (session("github-actions-deploy", "GitHubActions"), ActorKind.CI, "GitHubActions"),
        (session("terraform-apply", "aws-go-sdk-1722511821294449000"), ActorKind.CI, "aws-go-sdk-1722511821294449000"),
        (
            session("AWSServiceRoleForAutoScaling", "AutoScaling"),
            ActorKind.CLOUD_SERVICE,
            "AWSServiceRoleForAutoScaling",
        ),
        ({"type": "AWSService", "invokedBy": "rds.amazonaws.com"}, ActorKind.CLOUD_SERVICE, "rds.amazonaws.com"),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "94e8"}, "accountId": "1"}, ActorKind.PERSON, "94e8"),
        (
            session(
                "deploy",
                "x-1",
                webIdFederationData={
                    "attributes": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}
                },
            ),
            ActorKind.CI,
            "repo:acme/app:ref:refs/heads/main",
        ),
        ({"type": "IAMUser", "arn": "arn:aws:iam::1:user/jenkins", "userName": "jenkins"}, ActorKind.CI, "jenkins"),
        (None, ActorKind.UNKNOWN, "unknown"),
        ("nonsense", ActorKind.UNKNOWN, "unknown"),
    ],
)
def test_who_stands_behind_an_identity(identity: Any, kind: ActorKind, short: str) -> None:
    actor = actor_of(read_principal(identity))
    assert (actor.kind, actor.words) == (kind, short)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"userAgent": CLI}, "AWS CLI"),
        ({"userAgent": "console.amazonaws.com"}, "console"),
        ({"userAgent": "Mozilla/5.0 (Macintosh)", "sessionCredentialFromConsole": "true"}, "console"),
        ({"userAgent": TERRAFORM}, "Terraform"),
        ({"userAgent": "APN/1.0 HashiCorp/1.0 Terraform/1.8.2 OpenTofu (+https://opentofu.org)"}, "OpenTofu"),
        ({"userAgent": "Boto3/1.35 Botocore/1.35"}, "SDK (Python)"),
        (
            {"userAgent": "cloudformation.amazonaws.com", "sourceIPAddress": "cloudformation.amazonaws.com"},
            "CloudFormation",
        ),
        ({"userIdentity": session("x", "y") | {"invokedBy": "autoscaling.amazonaws.com"}}, "Auto Scaling"),
        (
            {
                "userIdentity": session("cdk-hnb659fds-cfn-exec-role-1", "AWSCloudFormation")
                | {"invokedBy": "cloudformation.amazonaws.com"}
            },
            "CDK (CloudFormation)",
        ),
        ({"userAgent": None}, "API"),
    ],
)
def test_the_path_of_a_call_is_told(more: dict[str, Any], words: str) -> None:
    assert aws_via(read_record(record("StopLogging", {}, **more))) == words


@pytest.mark.parametrize("broken", [[], "x", {}, {"CloudTrailEvent": "{"}, {"eventName": 7}, {"CloudTrailEvent": "[]"}])
def test_what_is_no_record_is_refused(broken: Any) -> None:
    with pytest.raises(Unreadable):
        read_record(broken)


def test_answers_of_lookup_events_are_records_inside_a_text() -> None:
    inner = record("StopLogging", {"name": "org"})
    assert read_record({"EventId": "x", "CloudTrailEvent": json.dumps(inner)}).name == "StopLogging"


def test_addresses_are_taken_apart() -> None:
    assert parse_address('module.edge["eu"].aws_lb.this["a"]') == ("aws_lb", "this", "a")
    assert parse_address("aws_security_group.app_public") == ("aws_security_group", "app_public", "")
    with pytest.raises(InputError):
        parse_address("not an address")


def test_names_are_never_compared_as_parts_of_words() -> None:
    assert "sg-0a1b" not in aliases("sg-0a1b2c")
    assert {"pay/db", "pay/db-abc123"} <= aliases("arn:aws:secretsmanager:eu-west-1:1:secret:pay/db-AbC123")


def test_the_table_is_whole() -> None:
    assert all(entry.calls and entry.sources and entry.nouns for entry in TYPES.values())
    assert all(name == bare_name(name) for entry in TYPES.values() for name in entry.calls)
    assert mapped("aws_alb") is mapped("aws_lb") is not None
