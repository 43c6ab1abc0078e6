"""Which AWS types can be read one at a time, by which call, and which of their attributes no cloud holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OWN_CALLS: Final[Mapping[str, str]] = {
    "aws_alb": "ELBv2 DescribeLoadBalancers",
    "aws_alb_listener": "ELBv2 DescribeListeners",
    "aws_alb_target_group": "ELBv2 DescribeTargetGroups",
    "aws_autoscaling_group": "Auto Scaling DescribeAutoScalingGroups",
    "aws_db_instance": "RDS DescribeDBInstances",
    "aws_eks_cluster": "EKS DescribeCluster",
    "aws_eks_node_group": "EKS DescribeNodegroup",
    "aws_iam_group_policy": "IAM GetGroupPolicy",
    "aws_iam_group_policy_attachment": "IAM ListAttachedGroupPolicies",
    "aws_iam_instance_profile": "IAM GetInstanceProfile",
    "aws_iam_policy": "IAM GetPolicy and GetPolicyVersion",
    "aws_iam_role": "IAM GetRole",
    "aws_iam_role_policy": "IAM GetRolePolicy",
    "aws_iam_role_policy_attachment": "IAM ListAttachedRolePolicies",
    "aws_iam_user_policy": "IAM GetUserPolicy",
    "aws_iam_user_policy_attachment": "IAM ListAttachedUserPolicies",
    "aws_instance": "EC2 DescribeInstances",
    "aws_kms_alias": "KMS DescribeKey",
    "aws_kms_key": "KMS DescribeKey",
    "aws_lambda_function": "Lambda GetFunction",
    "aws_lambda_permission": "Lambda GetPolicy",
    "aws_lb": "ELBv2 DescribeLoadBalancers",
    "aws_lb_listener": "ELBv2 DescribeListeners",
    "aws_lb_target_group": "ELBv2 DescribeTargetGroups",
    "aws_rds_cluster": "RDS DescribeDBClusters",
    "aws_route53_record": "Route 53 ListResourceRecordSets",
    "aws_route53_zone": "Route 53 GetHostedZone",
    "aws_s3_bucket": "S3 HeadBucket and the calls for its parts",
    "aws_s3_bucket_ownership_controls": "S3 GetBucketOwnershipControls",
    "aws_s3_bucket_policy": "S3 GetBucketPolicy",
    "aws_s3_bucket_public_access_block": "S3 GetPublicAccessBlock",
    "aws_s3_bucket_server_side_encryption_configuration": "S3 GetBucketEncryption",
    "aws_s3_bucket_versioning": "S3 GetBucketVersioning",
    "aws_secretsmanager_secret": "Secrets Manager DescribeSecret",
    "aws_secretsmanager_secret_rotation": "Secrets Manager DescribeSecret",
    "aws_secretsmanager_secret_version": "Secrets Manager DescribeSecret",
    "aws_security_group": "EC2 DescribeSecurityGroups",
    "aws_security_group_rule": "EC2 DescribeSecurityGroups",
    "aws_sqs_queue_policy": "SQS GetQueueAttributes",
    "aws_vpc_security_group_egress_rule": "EC2 DescribeSecurityGroupRules",
    "aws_vpc_security_group_ingress_rule": "EC2 DescribeSecurityGroupRules",
}
"""Type → how its answer was had. These are read by their service's own call: Cloud Control lacks the type, or tells its
most telling attributes only in a shape that is not Terraform's (rules of groups, policies, lists of blocks)."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ANYWHERE: Final = _words(
    """
    alias_prefix allow_major_version_upgrade allow_overwrite apply_immediately bootstrap_self_managed_addons
    bucket_prefix bypass_policy_lockout_safety_check delete_automated_backups deletion_window_in_days
    final_snapshot_identifier force_delete force_delete_warm_pool force_destroy force_detach_policies
    force_overwrite_replica_secret force_update_version get_password_data identifier_prefix
    ignore_failed_scaling_activities master_password_wo master_password_wo_version min_elb_capacity name_prefix
    node_group_name_prefix password_wo password_wo_version policy_wo recovery_window_in_days
    replace_security_groups_on_destroy replacement_security_group_ids revoke_rules_on_delete rotate_immediately
    secret_string_wo secret_string_wo_version skip_destroy skip_final_snapshot statement_id_prefix timeouts
    user_data_replace_on_change wait_for_capacity_timeout wait_for_elb_capacity wait_for_fulfillment
    """
)
_OF_ONE_TYPE: Final[Mapping[str, frozenset[str]]] = {
    "aws_lambda_function": _words("filename publish s3_bucket s3_key s3_object_version"),
    "aws_db_instance": _words("snapshot_identifier"),
    "aws_rds_cluster": _words("snapshot_identifier"),
}


def only_recorded(kind: str, attribute: str) -> bool:
    """A setting of the provider's own behaviour: nothing in AWS holds it, so that nothing there can differ from it."""
    return attribute in _ANYWHERE or attribute in _OF_ONE_TYPE.get(kind, ())


def readable_type(kind: str) -> bool:
    if kind in OWN_CALLS:
        return True
    from .cloud_control import TYPES  # Not for the first frame: it brings the rules of plans along.

    return kind in TYPES
