"""What a resource of a stack is called in AWS: the question to CloudTrail, made from what the planes hold of it.

The name in an address is Terraform's own. Ids, ARNs and names stand in the documents, and which of them a call names
depends on the type: an attachment is named by its two ends, a setting of a bucket by the bucket.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from .cloudformation_types import TERRAFORM_TYPES
from .cloudtrail_events import mapped
from .finding import Change
from .identity import ResourceRef
from .join_cloudtrail import CloudQuestion, snake
from .planes import Plane, ThreePlanes
from .pointers import build, parse

IDS: Final = 4
"""Ids of one question: each costs a lookup and more."""

_GIVEN_BY_AWS: Final = re.compile(r"[a-z]{1,12}-(?:[0-9a-f]{8}|[0-9a-f]{17})")
"""An id of EC2: whoever names it means it, so that no name is needed beside it."""

_USUAL: Final = ("id", "arn", "name")
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws_security_group_rule": ("security_group_id", "security_group_rule_id"),
    "aws_vpc_security_group_ingress_rule": ("security_group_id", "security_group_rule_id"),
    "aws_vpc_security_group_egress_rule": ("security_group_id", "security_group_rule_id"),
    "aws_route": ("route_table_id",),
    "aws_iam_role_policy": ("role", "name"),
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_user_policy": ("user", "name"),
    "aws_iam_user_policy_attachment": ("user", "policy_arn"),
    "aws_iam_group_policy": ("group", "name"),
    "aws_iam_group_policy_attachment": ("group", "policy_arn"),
    "aws_iam_policy_attachment": ("policy_arn",),
    "aws_iam_group_membership": ("group",),
    "aws_iam_user_group_membership": ("user",),
    "aws_iam_user_login_profile": ("user",),
    "aws_iam_access_key": ("id", "user"),
    "aws_s3_account_public_access_block": ("account_id", "id"),
    "aws_s3_object": ("bucket", "key"),
    "aws_db_instance": ("arn", "identifier"),
    "aws_rds_cluster": ("arn", "cluster_identifier"),
    "aws_rds_cluster_instance": ("arn", "identifier"),
    "aws_db_snapshot": ("db_snapshot_arn", "db_snapshot_identifier"),
    "aws_eks_access_entry": ("cluster_name", "principal_arn"),
    "aws_lambda_function": ("arn", "function_name"),
    "aws_lambda_permission": ("function_name", "statement_id"),
    "aws_lambda_alias": ("arn", "function_name", "name"),
    "aws_lambda_function_url": ("function_arn", "function_name"),
    "aws_lambda_event_source_mapping": ("uuid",),
    "aws_route53_zone": ("zone_id", "arn"),
    "aws_kms_key": ("key_id", "arn"),
    "aws_kms_key_policy": ("key_id",),
    "aws_kms_alias": ("name", "arn"),
    "aws_kms_grant": ("key_id", "grant_id"),
    "aws_secretsmanager_secret_version": ("secret_id", "arn"),
    "aws_secretsmanager_secret_policy": ("secret_arn",),
    "aws_secretsmanager_secret_rotation": ("secret_id",),
    "aws_autoscaling_policy": ("autoscaling_group_name", "name"),
    "aws_autoscaling_attachment": ("autoscaling_group_name", "lb_target_group_arn"),
    "aws_autoscaling_schedule": ("autoscaling_group_name", "scheduled_action_name"),
    "aws_lb_target_group_attachment": ("target_group_arn", "target_id"),
    "aws_cloudwatch_log_subscription_filter": ("log_group_name", "name"),
    "aws_cloudwatch_log_metric_filter": ("log_group_name", "name"),
    "aws_cloudwatch_log_resource_policy": ("policy_name",),
    "aws_cloudwatch_metric_alarm": ("arn", "alarm_name"),
    "aws_cloudwatch_dashboard": ("dashboard_name", "dashboard_arn"),
    "aws_cloudwatch_event_target": ("rule", "target_id"),
    "aws_sqs_queue": ("url", "arn"),
    "aws_sqs_queue_policy": ("queue_url",),
    "aws_ecr_repository_policy": ("repository",),
    "aws_wafv2_web_acl_association": ("resource_arn", "web_acl_arn"),
}
"""Attributes that name a resource, by type, where the usual ones do not; the most telling first."""


class Subject(NamedTuple):
    """`question` None: no call of AWS is about it, and `why` says so in one sentence."""

    question: CloudQuestion | None
    why: str = ""


def subject_of(ref: ResourceRef, planes: ThreePlanes | None) -> Subject:
    """Whom to ask CloudTrail about for a resource with an address."""
    kind = TERRAFORM_TYPES.get(ref.kind, ref.kind)
    if not kind.startswith(("aws_", "awscc_", "AWS::")):
        return Subject(None, f"{ref.kind} is no resource of AWS: CloudTrail records no call on it")
    ids = _ids(ref, kind, planes)
    if ids:
        return Subject(CloudQuestion(kind, ids))
    words = ref.address.partition(" (deposed ")[0].rpartition(".")[2] or ref.name
    name, _, key = words.partition("[")
    guesses = {name, name.replace("_", "-"), key.strip("]\"'")} - {""}
    return Subject(CloudQuestion(kind, tuple(sorted(guesses)), guessed=True))


def attribute_paths(kind: str, changes: Sequence[Change]) -> dict[str, str]:
    """Paths by the names that Terraform gives attributes, as the join knows them → the changes' own paths."""
    return {_translated(kind, change.path): change.path for change in changes}


def _translated(kind: str, path: str) -> str:
    if "::" not in kind or not path:
        return path
    try:
        head, *rest = parse(path)
    except ValueError:
        return path
    return build((_RENAMED.get((kind, head), snake(head)), *rest))


_RENAMED: Final = {
    ("AWS::EC2::SecurityGroup", "SecurityGroupIngress"): "ingress",
    ("AWS::EC2::SecurityGroup", "SecurityGroupEgress"): "egress",
    ("AWS::IAM::Role", "AssumeRolePolicyDocument"): "assume_role_policy",
    ("AWS::IAM::Role", "ManagedPolicyArns"): "managed_policy_arns",
    ("AWS::IAM::Role", "Policies"): "inline_policy",
    ("AWS::IAM::ManagedPolicy", "PolicyDocument"): "policy",
    ("AWS::S3::Bucket", "BucketEncryption"): "server_side_encryption_configuration",
    ("AWS::S3::Bucket", "VersioningConfiguration"): "versioning",
    ("AWS::S3::Bucket", "LifecycleConfiguration"): "lifecycle_rule",
    ("AWS::S3::Bucket", "LoggingConfiguration"): "logging",
    ("AWS::S3::Bucket", "AccessControl"): "acl",
    ("AWS::S3::Bucket", "CorsConfiguration"): "cors_rule",
    ("AWS::S3::Bucket", "WebsiteConfiguration"): "website",
    ("AWS::S3::BucketPolicy", "PolicyDocument"): "policy",
    ("AWS::SQS::QueuePolicy", "PolicyDocument"): "policy",
    ("AWS::RDS::DBInstance", "DBInstanceClass"): "instance_class",
    ("AWS::RDS::DBInstance", "VPCSecurityGroups"): "vpc_security_group_ids",
    ("AWS::EC2::Instance", "SecurityGroupIds"): "vpc_security_group_ids",
    ("AWS::KMS::Key", "KeyPolicy"): "policy",
}
"""Properties whose Terraform attribute is more than another spelling."""


def _ids(ref: ResourceRef, kind: str, planes: ThreePlanes | None) -> tuple[str, ...]:
    documents = [] if planes is None else [planes.value(plane) for plane in (Plane.RECORDED, Plane.ACTUAL)]
    if planes is not None and not any(isinstance(each, dict) for each in documents):
        documents.append(planes.value(Plane.DESIRED))
    # CloudFormation's resources are called by their physical ids where they have one, else as in the template.
    found: dict[str, None] = {ref.name: None} if "::" in ref.kind and ref.name not in ("", ref.address) else {}
    for document in documents:
        if isinstance(document, dict):
            found.update(dict.fromkeys(_named(ref.kind, kind, document)))
    sure = [text for text in found if _GIVEN_BY_AWS.fullmatch(text)]
    if sure and kind not in _KEYS:
        found = dict.fromkeys(text for text in found if text in sure or text.startswith("arn:"))
    return tuple(found)[:IDS]


def _named(given: str, kind: str, document: Mapping[str, Any]) -> list[str]:
    keys: Sequence[str]
    if "::" in given:
        keys = _of_cloudformation(given, document)
    elif kind in _KEYS:
        keys = _KEYS[kind]
    elif kind.startswith("aws_s3_bucket"):
        keys = ("bucket", "arn") if kind == "aws_s3_bucket" else ("bucket",)
    else:
        keys = _USUAL if mapped(kind) is None or not kind.endswith("_record") else ("id",)
    values = (document.get(key) for key in keys)
    return [text for text in values if isinstance(text, str) and 0 < len(text) <= 2048]


def _of_cloudformation(kind: str, document: Mapping[str, Any]) -> list[str]:
    """Properties that identify: `GroupId` of a SecurityGroup, `BucketName`, `RoleName`, `Arn`."""
    noun = kind.rpartition("::")[2].lower()
    found = [key for key in ("Id", "Arn") if key in document]
    for key in document:
        word = re.sub(r"(?:Id|Name|Arn|Identifier|Url)$", "", key)
        if word and word != key and noun.endswith(word.lower()):
            found.append(key)
    return list(dict.fromkeys(found))
