"""One AWS resource read by itself and not through a plan: which one to ask for, and its answer in Terraform's words.

Cloud Control answers with the properties of the CloudFormation type. Only what is one attribute under another spelling
is taken over; whatever else is recorded stays unread and is named, so that an answer never says more than was seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from .direct import provider_only
from .direct_types import only_recorded
from .finding import Change, Comparison, Hidden
from .identity import ResourceRef
from .planes import ABSENT, UNKNOWN, Json, Mark, Plane
from .redact import digest, holds_secret, is_digest
from .rules_terraform import computed, equality
from .terraform_diff import change, differences
from .terraform_marks import always_sensitive, sealed


class Wanted(NamedTuple):
    """As Cloud Control's GetResource takes it."""

    type_name: str
    identifier: str


class _Type(NamedTuple):
    name: str
    keys: tuple[str, ...] = ("id",)
    """Attributes that make up the primary identifier, joined by `|`."""
    spelled: Mapping[str, str] = {}
    """Attribute → property, where they are not one name."""


_POLICY: Final = {"policy": "PolicyDocument", "name": "ManagedPolicyName"}
_INSTANCE: Final = {"ami": "ImageId", "vpc_security_group_ids": "SecurityGroupIds"}
_TAGS: Final = frozenset({"tags", "tags_all"})
TYPES: Final[Mapping[str, _Type]] = {
    "aws_api_gateway_rest_api": _Type("AWS::ApiGateway::RestApi"),
    "aws_autoscaling_group": _Type("AWS::AutoScaling::AutoScalingGroup", ("name",)),
    "aws_cloudfront_distribution": _Type("AWS::CloudFront::Distribution"),
    "aws_cloudwatch_event_rule": _Type("AWS::Events::Rule", ("arn",)),
    "aws_cloudwatch_log_group": _Type("AWS::Logs::LogGroup", ("name",), {"name": "LogGroupName"}),
    "aws_cloudwatch_metric_alarm": _Type("AWS::CloudWatch::Alarm", ("alarm_name",)),
    "aws_db_instance": _Type(
        "AWS::RDS::DBInstance",
        ("identifier",),
        {"identifier": "DBInstanceIdentifier", "instance_class": "DBInstanceClass", "db_name": "DBName"},
    ),
    "aws_dynamodb_table": _Type("AWS::DynamoDB::Table", ("name",)),
    "aws_ecr_repository": _Type("AWS::ECR::Repository", ("name",)),
    "aws_ecs_cluster": _Type("AWS::ECS::Cluster", ("name",)),
    "aws_ecs_service": _Type("AWS::ECS::Service", ("id", "cluster")),
    "aws_efs_file_system": _Type("AWS::EFS::FileSystem"),
    "aws_eks_cluster": _Type("AWS::EKS::Cluster", ("name",)),
    "aws_iam_policy": _Type("AWS::IAM::ManagedPolicy", ("arn",), _POLICY),
    "aws_iam_role": _Type("AWS::IAM::Role", ("name",), {"assume_role_policy": "AssumeRolePolicyDocument"}),
    "aws_iam_user": _Type("AWS::IAM::User", ("name",)),
    "aws_instance": _Type("AWS::EC2::Instance", ("id",), _INSTANCE),
    "aws_internet_gateway": _Type("AWS::EC2::InternetGateway"),
    "aws_kinesis_stream": _Type("AWS::Kinesis::Stream", ("name",)),
    "aws_kms_key": _Type("AWS::KMS::Key", ("key_id",), {"policy": "KeyPolicy", "is_enabled": "Enabled"}),
    "aws_lambda_function": _Type("AWS::Lambda::Function", ("function_name",)),
    "aws_lb": _Type("AWS::ElasticLoadBalancingV2::LoadBalancer", ("arn",)),
    "aws_lb_listener": _Type("AWS::ElasticLoadBalancingV2::Listener", ("arn",)),
    "aws_lb_target_group": _Type("AWS::ElasticLoadBalancingV2::TargetGroup", ("arn",)),
    "aws_route53_zone": _Type("AWS::Route53::HostedZone", ("zone_id",)),
    "aws_route_table": _Type("AWS::EC2::RouteTable"),
    "aws_s3_bucket": _Type("AWS::S3::Bucket", ("bucket",), {"bucket": "BucketName"}),
    "aws_secretsmanager_secret": _Type("AWS::SecretsManager::Secret", ("arn",)),
    "aws_security_group": _Type(
        "AWS::EC2::SecurityGroup", spelled={"name": "GroupName", "description": "GroupDescription"}
    ),
    "aws_sfn_state_machine": _Type("AWS::StepFunctions::StateMachine", ("arn",)),
    "aws_sns_topic": _Type("AWS::SNS::Topic", ("arn",)),
    "aws_sqs_queue": _Type(
        "AWS::SQS::Queue",
        ("url",),
        {
            "visibility_timeout_seconds": "VisibilityTimeout",
            "message_retention_seconds": "MessageRetentionPeriod",
            "max_message_size": "MaximumMessageSize",
            "receive_wait_time_seconds": "ReceiveMessageWaitTimeSeconds",
            "name": "QueueName",
        },
    ),
    "aws_ssm_parameter": _Type("AWS::SSM::Parameter", ("name",)),
    "aws_subnet": _Type("AWS::EC2::Subnet"),
    "aws_vpc": _Type("AWS::EC2::VPC"),
}


class Direct(NamedTuple):
    """What one resource says of itself. `attributes` None: it is not there."""

    attributes: dict[str, Any] | None
    unread: tuple[str, ...] = ()
    """Recorded attributes of which the answer says nothing."""


def wanted(kind: str, recorded: Mapping[str, Any]) -> Wanted | None:
    """What to ask Cloud Control for; None where it does not know the type or the record lacks the name."""
    known = TYPES.get(kind)
    if known is None:
        return None
    parts = [recorded.get(key) for key in known.keys]
    if not all(isinstance(part, str) and part for part in parts):
        return None
    return Wanted(known.name, "|".join(map(str, parts)))


def translated(kind: str, properties: Mapping[str, Any], recorded: Mapping[str, Any], key: bytes) -> Direct:
    """`properties` as the attributes that are recorded, sealed under `key`."""
    known = TYPES.get(kind)
    spelled = known.spelled if known is not None else {}
    noun = known.name.rpartition("::")[2] if known is not None else ""
    by_word = {name.lower(): value for name, value in properties.items()}
    found: dict[str, Any] = {}
    for attribute, held in recorded.items():
        word = attribute.replace("_", "")
        names = (spelled.get(attribute, "").lower(), word, f"{noun.lower()}{word}")
        value = next((by_word[name] for name in names if name in by_word), ABSENT)
        shaped = UNKNOWN if value is ABSENT or attribute in _TAGS else _shaped(value, held)
        if shaped is not UNKNOWN:
            found[attribute] = shaped
    if (given := pairs(by_word.get("tags"))) is not None:
        found.update(tags_of(given, recorded))
    return told(kind, found, recorded, key, asked_by=known.keys if known is not None else ())


def told(
    kind: str, found: Mapping[str, Any], recorded: Mapping[str, Any], key: bytes, *, asked_by: Sequence[str] = ()
) -> Direct:
    """What a call told of the recorded attributes, sealed: what is a digest in the record becomes one.

    `asked_by` are the attributes by which it was found. With them the id and the ARN are known, which AWS gives once.
    """
    held = {name: value for name, value in found.items() if name in recorded}
    for name in ("id", "arn", *asked_by):
        if name in recorded:
            held.setdefault(name, recorded[name])
    unread = tuple(
        name
        for name, value in recorded.items()
        if name not in held and value is not None and not only_recorded(kind, name)
    )
    held = {name: _sealed_like(value, recorded[name], key) for name, value in held.items()}
    document = sealed(held, always_sensitive(kind), key)
    return Direct(document if isinstance(document, dict) else {}, unread)


def _sealed_like(value: Any, held: Any, key: bytes) -> Any:
    """Digests where the record has them: what a plan or state marked sensitive stays so."""
    if is_digest(held):
        if value is UNKNOWN or value is None or value == "" or is_digest(value):
            return value
        return digest(value if isinstance(value, str) else json.dumps(value, sort_keys=True), key)
    if isinstance(value, dict) and isinstance(held, dict):
        return {name: _sealed_like(part, held.get(name), key) for name, part in value.items()}
    if isinstance(value, list) and isinstance(held, list) and held:
        # Positions may differ: what is secret in any item is in all of them.
        pattern = next((one for one in held if holds_secret(one)), held[0])
        return [_sealed_like(part, pattern, key) for part in value]
    return value


def pairs(value: Json) -> dict[str, Any] | None:
    """A map, also where AWS spells it as a list of keys and values."""
    if isinstance(value, dict):
        return value if all(not isinstance(part, (dict, list)) for part in value.values()) else None
    if not isinstance(value, list):
        return None
    found: dict[str, Any] = {}
    for one in value:
        names = {str(name).lower(): part for name, part in one.items()} if isinstance(one, dict) else {}
        name = next((names[word] for word in ("key", "tagkey") if word in names), None)
        if name is None:
            return None
        found[str(name)] = next((names[word] for word in ("value", "tagvalue") if word in names), None)
    return found


def tags_of(given: Mapping[str, Any], recorded: Mapping[str, Any]) -> dict[str, Any]:
    """`tags` and `tags_all`. AWS' own are in no configuration; those of the provider's `default_tags` are in the second
    alone."""
    everything = {str(name): value for name, value in given.items() if not str(name).startswith("aws:")}
    own, whole = recorded.get("tags") or {}, recorded.get("tags_all") or {}
    default = {name: value for name, value in whole.items() if name not in own} if isinstance(whole, dict) else {}
    of_itself = {name: value for name, value in everything.items() if default.get(name, ABSENT) != value}
    return {"tags": of_itself, "tags_all": everything}


def _shaped(value: Json, held: Json) -> Json | Mark:
    """`value` in the shape in which it is recorded; unknown where that takes more than a change of spelling."""
    if held is None or is_digest(held):
        return value if not isinstance(value, (dict, list)) else UNKNOWN
    if isinstance(held, str):
        return json.dumps(value) if isinstance(value, dict) else value if not isinstance(value, list) else UNKNOWN
    if isinstance(held, dict):
        given = pairs(value)
        return given if given is not None else UNKNOWN
    if isinstance(held, list):
        plain = isinstance(value, list) and not any(isinstance(one, (dict, list)) for one in (*value, *held))
        return value if plain else UNKNOWN
    return UNKNOWN if isinstance(value, (dict, list)) else value


def compared(
    ref: ResourceRef, recorded: Mapping[str, Any], seen: Direct, desired: Mapping[str, Any] | None = None
) -> tuple[Comparison, tuple[str, ...]]:
    """Recorded against what was read just now, by the rules of plans, and everything that stays unread.

    `desired` is as the stack's plan had it; what it lacks may be known after apply only.
    """
    missing = (Plane.DESIRED,) if desired is None else ()
    if seen.attributes is None:
        wanted_: Json | Mark = UNKNOWN if desired is None else dict(desired)
        return Comparison(ref, (Change("", "", wanted_, dict(recorded), ABSENT),), (), missing), ()
    unread = list(seen.unread)
    actual: dict[str, Any] = {name: seen.attributes.get(name, UNKNOWN) for name in recorded}
    planned: Json | Mark = UNKNOWN if desired is None else {name: desired.get(name, UNKNOWN) for name in recorded}
    changes: list[Change] = []
    hidden = list(
        provider_only([name for name in recorded if only_recorded(ref.kind, name) and name not in seen.attributes])
    )
    values: dict[Plane, Json | Mark] = {Plane.DESIRED: planned, Plane.RECORDED: dict(recorded), Plane.ACTUAL: actual}
    for found in differences(values, Plane.RECORDED, Plane.ACTUAL):
        left, right = found.values[Plane.RECORDED], found.values[Plane.ACTUAL]
        shown = change(found)
        if right is UNKNOWN:
            if len(found.tokens) > 1 and left is not None and left is not ABSENT:
                unread.append(shown.path)
            continue
        rule = computed(left, right, found.tokens, ref.kind, {}) or equality(left, right, found.tokens)
        if rule:
            hidden.append(Hidden(rule, shown.path))
        else:
            changes.append(shown)
    return Comparison(ref, tuple(changes), tuple(hidden), missing), tuple(dict.fromkeys(unread))
