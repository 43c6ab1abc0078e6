"""Which AWS operations this program may call, and what each may change: anything that is not listed is a write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..core.errors import ReadOnly
from .access import Access, Effect

READS: Final[Mapping[str, frozenset[str]]] = {
    "autoscaling": frozenset({"DescribeAutoScalingGroups"}),
    "athena": frozenset({"GetQueryExecution", "GetQueryResults", "GetTableMetadata", "GetWorkGroup"}),
    "cloudformation": frozenset(
        {
            "DescribeStackDriftDetectionStatus", "DescribeStackEvents", "DescribeStackResourceDrifts",
            "DescribeStackResources", "DescribeStacks", "GetStackPolicy", "GetTemplate", "GetTemplateSummary",
            "ListStackResources", "ListStacks",
        }
    ),
    "cloudcontrol": frozenset({"GetResource"}),
    "dynamodb": frozenset({"GetItem"}),
    "cloudtrail": frozenset({"DescribeTrails", "GetTrail", "GetTrailStatus", "GetEventSelectors", "LookupEvents"}),
    "config": frozenset({"GetResourceConfigHistory"}),
    "ec2": frozenset(
        {"DescribeInstanceAttribute", "DescribeInstances", "DescribeSecurityGroupRules", "DescribeSecurityGroups"}
    ),
    "eks": frozenset({"DescribeCluster", "DescribeNodegroup"}),
    "elbv2": frozenset(
        {
            "DescribeListeners", "DescribeLoadBalancerAttributes", "DescribeLoadBalancers", "DescribeTags",
            "DescribeTargetGroupAttributes", "DescribeTargetGroups",
        }
    ),
    "iam": frozenset(
        {
            "GetGroupPolicy", "GetInstanceProfile", "GetPolicy", "GetPolicyVersion", "GetRole", "GetRolePolicy",
            "GetUserPolicy", "ListAttachedGroupPolicies", "ListAttachedRolePolicies", "ListAttachedUserPolicies",
            "ListRolePolicies",
        }
    ),
    "kms": frozenset({"DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"}),
    "lambda": frozenset({"GetFunction", "GetPolicy"}),
    "logs": frozenset({"DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents", "GetQueryResults"}),
    "rds": frozenset({"DescribeDBClusters", "DescribeDBInstances"}),
    "route53": frozenset({"GetHostedZone", "ListResourceRecordSets", "ListTagsForResource"}),
    "s3": frozenset(
        {
            "GetBucketEncryption", "GetBucketLocation", "GetBucketOwnershipControls", "GetBucketPolicy",
            "GetBucketTagging", "GetBucketVersioning", "GetObject", "GetPublicAccessBlock",
            "GetObjectLockConfiguration", "HeadBucket", "HeadObject",
            "ListObjectVersions", "ListObjectsV2",
        }
    ),
    "secretsmanager": frozenset({"DescribeSecret", "GetResourcePolicy"}),
    "sqs": frozenset({"GetQueueAttributes"}),
    "sts": frozenset({"GetCallerIdentity"}),
}  # fmt: skip

LOGINS: Final[Mapping[str, frozenset[str]]] = {
    "sts": frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetSessionToken"}),
    "sso": frozenset({"GetRoleCredentials", "ListAccountRoles", "ListAccounts"}),
    "sso-oidc": frozenset({"CreateToken", "RegisterClient", "StartDeviceAuthorization"}),
    "signin": frozenset({"CreateOAuth2Token"}),
}
"""What the SDK itself calls to get credentials."""

SIDE_EFFECTS: Final[Mapping[str, frozenset[str]]] = {
    "athena": frozenset({"StartQueryExecution", "StopQueryExecution"}),
    "cloudformation": frozenset({"DetectStackDrift", "DetectStackResourceDrift", "DetectStackSetDrift"}),
    "logs": frozenset({"StartQuery", "StopQuery"}),
}
"""Reads that cost money, create a query or make the service work."""


def effect_of(service: str, operation: str) -> Effect:
    for effect, known in ((Effect.NONE, READS), (Effect.NONE, LOGINS), (Effect.SIDE_EFFECT, SIDE_EFFECTS)):
        if operation in known.get(service, ()):
            return effect
    return Effect.WRITE


def permit_operation(access: Access, service: str, operation: str, name: str) -> None:
    """Raises `ReadOnly` for what `access` rules out."""
    effect = effect_of(service, operation)
    if access is not Access.FULL and effect is Effect.WRITE:
        raise ReadOnly("Refused by --read-only", f"{service}:{operation} at {name}", "Nothing was sent.")
    if access is Access.STRICT and effect is Effect.SIDE_EFFECT:
        raise ReadOnly(
            "Refused by --read-only=strict",
            f"{service}:{operation} at {name} costs money or makes the service work",
            "Nothing was sent.",
        )
