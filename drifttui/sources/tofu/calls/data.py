"""Databases, keys, secrets, names and queues. Values of secrets are never asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ....core.cloud_control import pairs, tags_of
from ....core.errors import Missing, inert
from .asked import Asked, Attributes, Reading, alike, block, dotless, first, picked, truths


async def _database(asked: Asked) -> Attributes:
    name = asked.name("identifier", "id")
    answer = await asked.call("rds", "DescribeDBInstances", DBInstanceIdentifier=name)
    one, held = first(answer, "DBInstances", name), asked.recorded
    found = picked(
        one,
        {
            "identifier": "DBInstanceIdentifier", "arn": "DBInstanceArn", "resource_id": "DbiResourceId",
            "instance_class": "DBInstanceClass", "engine": "Engine", "engine_version_actual": "EngineVersion",
            "db_name": "DBName", "username": "MasterUsername", "allocated_storage": "AllocatedStorage",
            "storage_type": "StorageType", "iops": "Iops", "kms_key_id": "KmsKeyId", "status": "DBInstanceStatus",
            "availability_zone": "AvailabilityZone", "backup_retention_period": "BackupRetentionPeriod",
            "backup_window": "PreferredBackupWindow", "maintenance_window": "PreferredMaintenanceWindow",
            "ca_cert_identifier": "CACertificateIdentifier", "license_model": "LicenseModel",
            "monitoring_interval": "MonitoringInterval", "monitoring_role_arn": "MonitoringRoleArn",
            "db_subnet_group_name": "DBSubnetGroup.DBSubnetGroupName", "address": "Endpoint.Address",
            "port": "Endpoint.Port", "hosted_zone_id": "Endpoint.HostedZoneId", "network_type": "NetworkType",
            "max_allocated_storage": "MaxAllocatedStorage",
        },
    )  # fmt: skip
    found |= truths(
        one,
        {
            "multi_az": "MultiAZ", "publicly_accessible": "PubliclyAccessible", "storage_encrypted": "StorageEncrypted",
            "deletion_protection": "DeletionProtection", "copy_tags_to_snapshot": "CopyTagsToSnapshot",
            "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
            "iam_database_authentication_enabled": "IAMDatabaseAuthenticationEnabled",
            "performance_insights_enabled": "PerformanceInsightsEnabled",
        },
    )  # fmt: skip
    found |= _version(found["engine_version_actual"], held)
    for number in ("iops", "monitoring_interval", "max_allocated_storage", "backup_retention_period"):
        found[number] = found[number] or 0
    found["endpoint"] = f"{found['address']}:{found['port']}" if found["address"] else None
    groups = [group.get("VpcSecurityGroupId") for group in one.get("VpcSecurityGroups") or ()]
    found["vpc_security_group_ids"] = alike(groups, held.get("vpc_security_group_ids"))
    parameters = [group.get("DBParameterGroupName") for group in one.get("DBParameterGroups") or ()]
    if parameters:
        found["parameter_group_name"] = parameters[0]
    options = [group.get("OptionGroupName") for group in one.get("OptionGroupMemberships") or ()]
    if options:
        found["option_group_name"] = options[0]
    logs = one.get("EnabledCloudwatchLogsExports") or []
    found["enabled_cloudwatch_logs_exports"] = alike(logs, held.get("enabled_cloudwatch_logs_exports"))
    # The id is the identifier in older records and the resource id in newer ones.
    if "id" in held:
        found["id"] = found["resource_id"] if str(held["id"]).startswith("db-") else found["identifier"]
    return found | tags_of(pairs(one.get("TagList")) or {}, held)


def _version(actual: Any, held: Mapping[str, Any]) -> Attributes:
    """`engine_version` may be recorded as a prefix of what runs."""
    given = held.get("engine_version")
    short = isinstance(given, str) and given and str(actual).startswith(f"{given}.")
    return {"engine_version": given if short else actual}


async def _database_cluster(asked: Asked) -> Attributes:
    name = asked.name("cluster_identifier", "id")
    answer = await asked.call("rds", "DescribeDBClusters", DBClusterIdentifier=name)
    one, held = first(answer, "DBClusters", name), asked.recorded
    found = picked(
        one,
        {
            "cluster_identifier": "DBClusterIdentifier", "arn": "DBClusterArn", "engine": "Engine",
            "engine_mode": "EngineMode", "engine_version_actual": "EngineVersion", "database_name": "DatabaseName",
            "master_username": "MasterUsername", "endpoint": "Endpoint", "reader_endpoint": "ReaderEndpoint",
            "port": "Port", "kms_key_id": "KmsKeyId", "backup_retention_period": "BackupRetentionPeriod",
            "preferred_backup_window": "PreferredBackupWindow", "cluster_resource_id": "DbClusterResourceId",
            "preferred_maintenance_window": "PreferredMaintenanceWindow", "hosted_zone_id": "HostedZoneId",
            "db_subnet_group_name": "DBSubnetGroup", "db_cluster_parameter_group_name": "DBClusterParameterGroup",
        },
    )  # fmt: skip
    found |= truths(
        one,
        {
            "storage_encrypted": "StorageEncrypted", "deletion_protection": "DeletionProtection",
            "copy_tags_to_snapshot": "CopyTagsToSnapshot",
            "iam_database_authentication_enabled": "IAMDatabaseAuthenticationEnabled",
        },
    )  # fmt: skip
    found |= _version(found["engine_version_actual"], held)
    groups = [group.get("VpcSecurityGroupId") for group in one.get("VpcSecurityGroups") or ()]
    found["vpc_security_group_ids"] = alike(groups, held.get("vpc_security_group_ids"))
    found["availability_zones"] = alike(one.get("AvailabilityZones") or (), held.get("availability_zones"))
    return found | tags_of(pairs(one.get("TagList")) or {}, held)


async def _key(asked: Asked) -> Attributes:
    name = asked.name("arn", "key_id", "id")
    one = (await asked.call("kms", "DescribeKey", KeyId=name)).get("KeyMetadata") or {}
    if one.get("KeyState") == "PendingDeletion":
        raise Missing("The key is scheduled for deletion", inert(name, 120))
    found = picked(
        one,
        {
            "id": "KeyId", "key_id": "KeyId", "arn": "Arn", "description": "Description", "key_usage": "KeyUsage",
            "customer_master_key_spec": "KeySpec",
        },
    )  # fmt: skip
    found["customer_master_key_spec"] = found["customer_master_key_spec"] or one.get("CustomerMasterKeySpec")
    found |= truths(one, {"is_enabled": "Enabled", "multi_region": "MultiRegion"})
    policy = await asked.part("kms", "GetKeyPolicy", KeyId=name, PolicyName="default")
    if policy:
        found["policy"] = policy.get("Policy")
    symmetric = found["customer_master_key_spec"] in (None, "SYMMETRIC_DEFAULT")
    turned = await asked.part("kms", "GetKeyRotationStatus", KeyId=name) if symmetric else {}
    if turned is not None:
        found["enable_key_rotation"] = bool(turned.get("KeyRotationEnabled"))
        if "RotationPeriodInDays" in turned:
            found["rotation_period_in_days"] = turned["RotationPeriodInDays"]
    tags = await asked.part("kms", "ListResourceTags", KeyId=name)
    if tags is not None:
        found |= tags_of(pairs(tags.get("Tags")) or {}, asked.recorded)
    return found


async def _alias(asked: Asked) -> Attributes:
    name = asked.name("name", "id")
    one = (await asked.call("kms", "DescribeKey", KeyId=name)).get("KeyMetadata") or {}
    return {"id": name, "name": name, "target_key_id": one.get("KeyId"), "target_key_arn": one.get("Arn")}


async def _described(asked: Asked, *names: str) -> dict[str, Any]:
    name = asked.name(*names)
    answer = await asked.call("secretsmanager", "DescribeSecret", SecretId=name)
    if answer.get("DeletedDate"):
        raise Missing("The secret is scheduled for deletion", inert(name, 160))
    return answer


async def _secret(asked: Asked) -> Attributes:
    one = await _described(asked, "arn", "id")
    found = picked(
        one, {"id": "ARN", "arn": "ARN", "name": "Name", "description": "Description", "kms_key_id": "KmsKeyId"}
    )
    policy = await asked.part("secretsmanager", "GetResourcePolicy", SecretId=str(one.get("ARN")))
    if policy is not None:
        found["policy"] = policy.get("ResourcePolicy") or ""
    return found | tags_of(pairs(one.get("Tags")) or {}, asked.recorded)


async def _rotation(asked: Asked) -> Attributes:
    one = await _described(asked, "secret_id", "id")
    if not one.get("RotationEnabled"):
        raise Missing("The secret is not rotated", inert(str(one.get("ARN")), 160))
    table = {
        "automatically_after_days": "AutomaticallyAfterDays", "duration": "Duration",
        "schedule_expression": "ScheduleExpression",
    }  # fmt: skip
    rules = block(picked(one.get("RotationRules") or {}, table), asked.recorded.get("rotation_rules"))
    found = {"secret_id": asked.recorded.get("secret_id"), "rotation_enabled": True, "rotation_rules": rules}
    return {**found, "rotation_lambda_arn": one.get("RotationLambdaARN")}


async def _version_of_a_secret(asked: Asked) -> Attributes:
    """Which version it is and what it is used for, not what is in it."""
    one, version = await _described(asked, "arn", "secret_id"), asked.name("version_id")
    stages = (one.get("VersionIdsToStages") or {}).get(version)
    if stages is None:
        raise Missing("The secret has no such version", inert(version, 80))
    return {
        "arn": one.get("ARN"),
        "secret_id": asked.recorded.get("secret_id"),
        "version_id": version,
        "version_stages": alike(stages, asked.recorded.get("version_stages")),
    }


async def _record(asked: Asked) -> Attributes:
    held = asked.recorded
    zone, kind = asked.name("zone_id"), asked.name("type")
    name = dotless(asked.name("fqdn", "name")).lower()
    which = str(held.get("set_identifier") or "")
    start = {"StartRecordName": name, "StartRecordType": kind}
    answer = await asked.call("route53", "ListResourceRecordSets", HostedZoneId=zone, MaxItems="100", **start)
    one = next(
        (
            each
            for each in answer.get("ResourceRecordSets") or ()
            if _plain(each.get("Name")) == name
            and each.get("Type") == kind
            and str(each.get("SetIdentifier") or "") == which
        ),
        None,
    )
    if one is None:
        raise Missing("The zone has no such record", inert(f"{name} {kind}", 160))
    found: Attributes = {
        "zone_id": zone, "name": held.get("name"), "type": kind, "fqdn": name, "ttl": one.get("TTL") or 0,
        "set_identifier": which, "health_check_id": one.get("HealthCheckId") or "",
    }  # fmt: skip
    values = [str(record.get("Value")) for record in one.get("ResourceRecords") or ()]
    if kind in ("TXT", "SPF"):
        values = [value.replace('" "', '""').strip('"') for value in values]
    found["records"] = alike(values, held.get("records"))
    target = one.get("AliasTarget")
    alias = {
        "name": _plain(target.get("DNSName")), "zone_id": target.get("HostedZoneId"),
        "evaluate_target_health": bool(target.get("EvaluateTargetHealth")),
    } if target else None  # fmt: skip
    old = held.get("alias")
    if alias is not None and isinstance(old, list) and old and isinstance(old[0], dict):
        before = str(old[0].get("name") or "")
        if before.lower().removeprefix("dualstack.") == str(alias["name"]).removeprefix("dualstack."):
            alias["name"] = before
    found["alias"] = block(alias, old)
    weight = {"weight": one["Weight"]} if "Weight" in one else None
    found["weighted_routing_policy"] = block(weight, held.get("weighted_routing_policy"))
    region = {"region": one["Region"]} if "Region" in one else None
    found["latency_routing_policy"] = block(region, held.get("latency_routing_policy"))
    failover = {"type": one["Failover"]} if "Failover" in one else None
    found["failover_routing_policy"] = block(failover, held.get("failover_routing_policy"))
    return found


def _plain(name: Any) -> str:
    """Route 53 writes a star as `\\052`."""
    return dotless(name).lower().replace("\\052", "*")


async def _zone(asked: Asked) -> Attributes:
    name = asked.name("zone_id", "id")
    answer = await asked.call("route53", "GetHostedZone", Id=name)
    one, held = answer.get("HostedZone") or {}, asked.recorded
    short = str(one.get("Id") or name).rpartition("/")[2]
    found: Attributes = {"id": short, "zone_id": short, "name": dotless(one.get("Name"))}
    found["comment"] = (one.get("Config") or {}).get("Comment") or ""
    servers = (answer.get("DelegationSet") or {}).get("NameServers") or []
    if servers:
        found["name_servers"] = alike(servers, held.get("name_servers"))
        found["delegation_set_id"] = str((answer.get("DelegationSet") or {}).get("Id") or "").rpartition("/")[2]
    networks = [{"vpc_id": one.get("VPCId"), "vpc_region": one.get("VPCRegion")} for one in answer.get("VPCs") or ()]
    found["vpc"] = alike(networks, held.get("vpc"))
    tags = await asked.part("route53", "ListTagsForResource", ResourceType="hostedzone", ResourceId=short)
    if tags is not None:
        found |= tags_of(pairs((tags.get("ResourceTagSet") or {}).get("Tags")) or {}, held)
    return found


async def _queue_policy(asked: Asked) -> Attributes:
    address = asked.name("queue_url", "id")
    answer = await asked.call("sqs", "GetQueueAttributes", QueueUrl=address, AttributeNames=["Policy"])
    policy = (answer.get("Attributes") or {}).get("Policy")
    if not policy:
        raise Missing("The queue has no policy", inert(address, 200))
    return {"queue_url": address, "policy": policy}


READERS: Final[Mapping[str, Reading]] = {
    "aws_db_instance": _database,
    "aws_rds_cluster": _database_cluster,
    "aws_kms_key": _key,
    "aws_kms_alias": _alias,
    "aws_secretsmanager_secret": _secret,
    "aws_secretsmanager_secret_rotation": _rotation,
    "aws_secretsmanager_secret_version": _version_of_a_secret,
    "aws_route53_record": _record,
    "aws_route53_zone": _zone,
    "aws_sqs_queue_policy": _queue_policy,
}
