"""Auto Scaling, load balancers, Lambda and EKS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ....core.cloud_control import pairs, tags_of
from ....core.errors import BadAnswer, Missing, inert
from .asked import Asked, Attributes, Reading, alike, at, block, first, picked, truths


async def _autoscaling(asked: Asked) -> Attributes:
    name = asked.name("name", "id")
    answer = await asked.call("autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=[name])
    group, held = first(answer, "AutoScalingGroups", name), asked.recorded
    found = picked(
        group,
        {
            "name": "AutoScalingGroupName", "arn": "AutoScalingGroupARN", "min_size": "MinSize", "max_size": "MaxSize",
            "desired_capacity": "DesiredCapacity", "default_cooldown": "DefaultCooldown",
            "health_check_type": "HealthCheckType", "health_check_grace_period": "HealthCheckGracePeriod",
            "launch_configuration": "LaunchConfigurationName", "placement_group": "PlacementGroup",
            "service_linked_role_arn": "ServiceLinkedRoleARN", "max_instance_lifetime": "MaxInstanceLifetime",
            "default_instance_warmup": "DefaultInstanceWarmup", "desired_capacity_type": "DesiredCapacityType",
        },
    )  # fmt: skip
    found["max_instance_lifetime"] = found["max_instance_lifetime"] or 0
    found["default_instance_warmup"] = found["default_instance_warmup"] or 0
    found |= truths(
        group, {"protect_from_scale_in": "NewInstancesProtectedFromScaleIn", "capacity_rebalance": "CapacityRebalance"}
    )
    zones = [part for part in str(group.get("VPCZoneIdentifier") or "").split(",") if part]
    lists = {
        "vpc_zone_identifier": zones,
        "availability_zones": group.get("AvailabilityZones") or [],
        "target_group_arns": group.get("TargetGroupARNs") or [],
        "load_balancers": group.get("LoadBalancerNames") or [],
        "suspended_processes": [one.get("ProcessName") for one in group.get("SuspendedProcesses") or ()],
        "enabled_metrics": [one.get("Metric") for one in group.get("EnabledMetrics") or ()],
    }
    found |= {attribute: alike(items, held.get(attribute)) for attribute, items in lists.items()}
    policies = list(group.get("TerminationPolicies") or [])
    found["termination_policies"] = [] if policies == ["Default"] and not held.get("termination_policies") else policies
    template = group.get("LaunchTemplate")
    given = {"id": "LaunchTemplateId", "name": "LaunchTemplateName", "version": "Version"}
    found["launch_template"] = block(picked(template, given) if template else None, held.get("launch_template"))
    tags = [
        {"key": one.get("Key"), "value": one.get("Value"), "propagate_at_launch": bool(one.get("PropagateAtLaunch"))}
        for one in group.get("Tags") or ()
    ]
    found["tag"] = alike(tags, held.get("tag"))
    return found


async def _load_balancer(asked: Asked) -> Attributes:
    arn = asked.name("arn", "id")
    answer = await asked.call("elbv2", "DescribeLoadBalancers", LoadBalancerArns=[arn])
    one, held = first(answer, "LoadBalancers", arn), asked.recorded
    found = picked(
        one,
        {
            "arn": "LoadBalancerArn", "name": "LoadBalancerName", "dns_name": "DNSName", "vpc_id": "VpcId",
            "zone_id": "CanonicalHostedZoneId", "load_balancer_type": "Type", "ip_address_type": "IpAddressType",
        },
    )  # fmt: skip
    found["internal"] = one.get("Scheme") == "internal"
    found["arn_suffix"] = arn.partition(":loadbalancer/")[2]
    found["security_groups"] = alike(one.get("SecurityGroups") or [], held.get("security_groups"))
    subnets = [zone.get("SubnetId") for zone in one.get("AvailabilityZones") or ()]
    found["subnets"] = alike(subnets, held.get("subnets"))
    switches = await asked.part("elbv2", "DescribeLoadBalancerAttributes", LoadBalancerArn=arn)
    if switches is not None:
        found |= _switched(switches, _BALANCER)
    return found | await _tags(asked, arn)


_BALANCER: Final = {
    "enable_deletion_protection": "deletion_protection.enabled",
    "idle_timeout": "idle_timeout.timeout_seconds",
    "enable_http2": "routing.http2.enabled",
    "drop_invalid_header_fields": "routing.http.drop_invalid_header_fields.enabled",
    "enable_cross_zone_load_balancing": "load_balancing.cross_zone.enabled",
    "enable_waf_fail_open": "waf.fail_open.enabled",
    "preserve_host_header": "routing.http.preserve_host_header.enabled",
    "xff_header_processing_mode": "routing.http.xff_header_processing.mode",
    "enable_xff_client_port": "routing.http.xff_client_port.enabled",
    "desync_mitigation_mode": "routing.http.desync_mitigation_mode",
    "client_keep_alive": "client_keep_alive.seconds",
}
_TARGETS: Final = {
    "deregistration_delay": "deregistration_delay.timeout_seconds",
    "slow_start": "slow_start.duration_seconds",
    "load_balancing_algorithm_type": "load_balancing.algorithm.type",
    "load_balancing_cross_zone_enabled": "load_balancing.cross_zone.enabled",
    "lambda_multi_value_headers_enabled": "lambda.multi_value_headers.enabled",
    "preserve_client_ip": "preserve_client_ip.enabled",
    "proxy_protocol_v2": "proxy_protocol_v2.enabled",
    "connection_termination": "deregistration_delay.connection_termination.enabled",
}


def _switched(answer: Mapping[str, Any], table: Mapping[str, str]) -> Attributes:
    """Attributes that the service keeps as a list of texts. What it leaves out it does not tell."""
    held = pairs(answer.get("Attributes")) or {}
    words: Mapping[str, Any] = {"true": True, "false": False}
    values = {attribute: held[name] for attribute, name in table.items() if name in held}
    return {
        name: words.get(str(value), int(value) if str(value).isdigit() else value) for name, value in values.items()
    }


async def _tags(asked: Asked, arn: str) -> Attributes:
    answer = await asked.part("elbv2", "DescribeTags", ResourceArns=[arn])
    if answer is None:
        return {}
    described: dict[str, Any] = next(iter(answer.get("TagDescriptions") or ()), {})
    return tags_of(pairs(described.get("Tags")) or {}, asked.recorded)


async def _listener(asked: Asked) -> Attributes:
    arn = asked.name("arn", "id")
    one = first(await asked.call("elbv2", "DescribeListeners", ListenerArns=[arn]), "Listeners", arn)
    found = picked(
        one,
        {
            "arn": "ListenerArn", "load_balancer_arn": "LoadBalancerArn", "port": "Port", "protocol": "Protocol",
            "ssl_policy": "SslPolicy",
        },
    )  # fmt: skip
    found["certificate_arn"] = next((each.get("CertificateArn") for each in one.get("Certificates") or ()), None)
    found["alpn_policy"] = next(iter(one.get("AlpnPolicy") or ()), None)
    old = asked.recorded.get("default_action")
    actions = [_action(action) for action in one.get("DefaultActions") or ()]
    same = isinstance(old, list) and len(old) == len(actions)
    found["default_action"] = [
        block(action, [old[number]] if same and isinstance(old, list) else None)[0]
        for number, action in enumerate(actions)
    ]
    return found | await _tags(asked, arn)


def _action(action: Mapping[str, Any]) -> dict[str, Any]:
    found = picked(action, {"type": "Type", "target_group_arn": "TargetGroupArn", "order": "Order"})
    found["target_group_arn"] = found["target_group_arn"] or ""
    found["order"] = found["order"] or 1
    if found["type"] == "redirect":
        table = {
            "host": "Host", "path": "Path", "port": "Port", "protocol": "Protocol", "query": "Query",
            "status_code": "StatusCode",
        }  # fmt: skip
        found["redirect"] = [picked(action.get("RedirectConfig") or {}, table)]
    if found["type"] == "fixed-response":
        table = {"content_type": "ContentType", "message_body": "MessageBody", "status_code": "StatusCode"}
        found["fixed_response"] = [picked(action.get("FixedResponseConfig") or {}, table)]
    return found


async def _target_group(asked: Asked) -> Attributes:
    arn = asked.name("arn", "id")
    one = first(await asked.call("elbv2", "DescribeTargetGroups", TargetGroupArns=[arn]), "TargetGroups", arn)
    found = picked(
        one,
        {
            "arn": "TargetGroupArn", "name": "TargetGroupName", "port": "Port", "protocol": "Protocol",
            "protocol_version": "ProtocolVersion", "vpc_id": "VpcId", "target_type": "TargetType",
            "ip_address_type": "IpAddressType",
        },
    )  # fmt: skip
    found["arn_suffix"] = arn.rpartition(":")[2]
    balancers = one.get("LoadBalancerArns") or []
    found["load_balancer_arns"] = alike(balancers, asked.recorded.get("load_balancer_arns"))
    health = picked(
        one,
        {
            "enabled": "HealthCheckEnabled", "path": "HealthCheckPath", "port": "HealthCheckPort",
            "protocol": "HealthCheckProtocol", "interval": "HealthCheckIntervalSeconds",
            "timeout": "HealthCheckTimeoutSeconds", "healthy_threshold": "HealthyThresholdCount",
            "unhealthy_threshold": "UnhealthyThresholdCount", "matcher": "Matcher.HttpCode",
        },
    )  # fmt: skip
    found["health_check"] = block(health, asked.recorded.get("health_check"))
    switches = await asked.part("elbv2", "DescribeTargetGroupAttributes", TargetGroupArn=arn)
    if switches is not None:
        found |= _switched(switches, _TARGETS)
        held = pairs(switches.get("Attributes")) or {}
        kind = str(held.get("stickiness.type") or "")
        seconds = str(held.get(f"stickiness.{kind}.duration_seconds") or "0")
        sticky = {
            "enabled": held.get("stickiness.enabled") == "true", "type": kind,
            "cookie_duration": int(seconds) if seconds.isdigit() else seconds,
            "cookie_name": held.get("stickiness.app_cookie.cookie_name") or "",
        }  # fmt: skip
        found["stickiness"] = block(sticky, asked.recorded.get("stickiness"))
    return found | await _tags(asked, arn)


async def _function(asked: Asked) -> Attributes:
    name = asked.name("function_name", "id")
    answer = await asked.call("lambda", "GetFunction", FunctionName=name)
    one, held = answer.get("Configuration") or {}, asked.recorded
    found = picked(
        one,
        {
            "function_name": "FunctionName", "arn": "FunctionArn", "role": "Role", "handler": "Handler",
            "runtime": "Runtime", "description": "Description", "timeout": "Timeout", "memory_size": "MemorySize",
            "kms_key_arn": "KMSKeyArn", "package_type": "PackageType", "source_code_hash": "CodeSha256",
            "code_sha256": "CodeSha256", "source_code_size": "CodeSize", "last_modified": "LastModified",
            "architectures": "Architectures",
        },
    )  # fmt: skip
    found["image_uri"] = at(answer, "Code.ImageUri")
    layers = [layer.get("Arn") for layer in one.get("Layers") or ()]
    found["layers"] = layers
    limit = at(answer, "Concurrency.ReservedConcurrentExecutions")
    found["reserved_concurrent_executions"] = -1 if limit is None else limit
    variables = at(one, "Environment.Variables")
    found["environment"] = [{"variables": variables}] if variables else []
    network = one.get("VpcConfig") or {}
    if network.get("SubnetIds"):
        old = held.get("vpc_config")
        before = old[0] if isinstance(old, list) and old and isinstance(old[0], dict) else {}
        values = {
            "subnet_ids": alike(network.get("SubnetIds") or (), before.get("subnet_ids")),
            "security_group_ids": alike(network.get("SecurityGroupIds") or (), before.get("security_group_ids")),
            "vpc_id": network.get("VpcId"),
            "ipv6_allowed_for_dual_stack": bool(network.get("Ipv6AllowedForDualStack")),
        }
        found["vpc_config"] = block(values, old)
    else:
        found["vpc_config"] = []
    for attribute, path in (("tracing_config", "TracingConfig.Mode"), ("ephemeral_storage", "EphemeralStorage.Size")):
        value = at(one, path)
        found[attribute] = [{path.rpartition(".")[2].lower(): value}] if value is not None else []
    target = at(one, "DeadLetterConfig.TargetArn")
    found["dead_letter_config"] = [{"target_arn": target}] if target else []
    return found | tags_of(answer.get("Tags") or {}, held)


async def _permission(asked: Asked) -> Attributes:
    name, statement = asked.name("function_name"), asked.name("statement_id", "id")
    which = {"Qualifier": asked.recorded["qualifier"]} if asked.recorded.get("qualifier") else {}
    answer = await asked.call("lambda", "GetPolicy", FunctionName=name, **which)
    try:
        statements = json.loads(str(answer.get("Policy")))["Statement"]
        one = next((each for each in statements if each.get("Sid") == statement), None)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadAnswer("The function's policy is not in the expected format", inert(name, 200)) from None
    if one is None:
        raise Missing("The function's policy has no such statement", inert(statement, 100))
    who = one.get("Principal")
    given = next(iter(who.values())) if isinstance(who, dict) and who else who
    like, same = at(one, "Condition.ArnLike") or {}, at(one, "Condition.StringEquals") or {}
    account = isinstance(given, str) and given.startswith("arn:") and given.endswith(":root")
    return {
        "id": statement,
        "statement_id": statement,
        "function_name": name,
        "qualifier": asked.recorded.get("qualifier"),
        "action": one.get("Action"),
        "principal": given.split(":")[4] if account and asked.recorded.get("principal") != given else given,
        "source_arn": like.get("AWS:SourceArn") or like.get("aws:SourceArn"),
        "source_account": same.get("AWS:SourceAccount") or same.get("aws:SourceAccount"),
        "principal_org_id": same.get("aws:PrincipalOrgID"),
        "function_url_auth_type": same.get("lambda:FunctionUrlAuthType"),
    }


async def _cluster(asked: Asked) -> Attributes:
    one = (await asked.call("eks", "DescribeCluster", name=asked.name("name", "id"))).get("cluster") or {}
    held = asked.recorded
    found = picked(
        one,
        {
            "name": "name", "arn": "arn", "version": "version", "role_arn": "roleArn", "endpoint": "endpoint",
            "platform_version": "platformVersion", "status": "status",
        },
    )  # fmt: skip
    logs = at(one, "logging.clusterLogging") or ()
    enabled = [kind for entry in logs if entry.get("enabled") for kind in entry.get("types") or ()]
    found["enabled_cluster_log_types"] = alike(enabled, held.get("enabled_cluster_log_types"))
    network = one.get("resourcesVpcConfig") or {}
    old = held.get("vpc_config")
    before = old[0] if isinstance(old, list) and old and isinstance(old[0], dict) else {}
    values = picked(network, {"cluster_security_group_id": "clusterSecurityGroupId", "vpc_id": "vpcId"})
    values |= truths(
        network, {"endpoint_private_access": "endpointPrivateAccess", "endpoint_public_access": "endpointPublicAccess"}
    )
    for attribute, key in (
        ("subnet_ids", "subnetIds"),
        ("security_group_ids", "securityGroupIds"),
        ("public_access_cidrs", "publicAccessCidrs"),
    ):
        values[attribute] = alike(network.get(key) or (), before.get(attribute))
    found["vpc_config"] = block(values, old)
    return found | tags_of(one.get("tags") or {}, held)


async def _node_group(asked: Asked) -> Attributes:
    cluster, name = asked.name("cluster_name"), asked.name("node_group_name")
    answer = await asked.call("eks", "DescribeNodegroup", clusterName=cluster, nodegroupName=name)
    one, held = answer.get("nodegroup") or {}, asked.recorded
    found = picked(
        one,
        {
            "cluster_name": "clusterName", "node_group_name": "nodegroupName", "arn": "nodegroupArn",
            "version": "version", "release_version": "releaseVersion", "status": "status", "ami_type": "amiType",
            "capacity_type": "capacityType", "disk_size": "diskSize", "node_role_arn": "nodeRole", "labels": "labels",
            "instance_types": "instanceTypes",
        },
    )  # fmt: skip
    found["subnet_ids"] = alike(one.get("subnets") or (), held.get("subnet_ids"))
    sizes = {"min_size": "minSize", "max_size": "maxSize", "desired_size": "desiredSize"}
    found["scaling_config"] = block(picked(one.get("scalingConfig") or {}, sizes), held.get("scaling_config"))
    return found | tags_of(one.get("tags") or {}, held)


READERS: Final[Mapping[str, Reading]] = {
    "aws_autoscaling_group": _autoscaling,
    "aws_lb": _load_balancer,
    "aws_alb": _load_balancer,
    "aws_lb_listener": _listener,
    "aws_alb_listener": _listener,
    "aws_lb_target_group": _target_group,
    "aws_alb_target_group": _target_group,
    "aws_lambda_function": _function,
    "aws_lambda_permission": _permission,
    "aws_eks_cluster": _cluster,
    "aws_eks_node_group": _node_group,
}
