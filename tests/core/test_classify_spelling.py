"""Which values are one value in two spellings, and which only look like it."""

from __future__ import annotations

from typing import Any

import pytest

from drifttui.core.classify_spelling import Field, alike, literal
from drifttui.core.planes import ABSENT, UNKNOWN

CPU = "/spec/template/spec/containers/0/resources/limits/cpu"
KEY = "0f7f0a3e-8d7c-4b1a-9a53-2c0f3f1d2b10"
LOGS = "arn:aws:logs:eu-west-1:111122223333:log-group:x"
READ = '{"Statement":[{"Action":"s3:GetObject","Effect":"Allow"}]}'
ENV = "/spec/template/spec/containers/0/env/0/value"


def field(path: str, *, kubernetes: bool, kind: str = "X", identity: bool = False) -> Field:
    return Field(tuple(path.lower().split("/")[1:]), kind, kubernetes, names_resolve=not identity)


@pytest.mark.parametrize(
    ("path", "left", "right"),
    [
        (CPU, "1000m", "1"),
        (CPU, "500m", 0.5),
        (CPU, "0.1", "100m"),
        ("/spec/limits/memory", "2048Mi", "2Gi"),
        ("/spec/limits/memory", "1e3", "1k"),
        ("/spec/interval", "60m", "1h0m0s"),
        ("/spec/timeout", "90s", "1m30s"),
        ("/rules/0/verbs", ["get", "list"], ["list", "get"]),
        ("/spec/tolerations", [], ABSENT),
        ("/metadata/annotations", {}, None),
        ("/spec/containers/0/image", "nginx", "docker.io/library/nginx:latest"),
        ("/spec/host", "a.acme.example", "A.acme.example."),
        ("/status/at", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00"),
    ],
)
def test_kubernetes_spellings_of_one_value(path: str, left: Any, right: Any) -> None:
    at = field(path, kubernetes=True, kind="Role")
    assert alike(left, right, at) and alike(right, left, at)


@pytest.mark.parametrize(
    ("path", "left", "right"),
    [
        (CPU, "1000m", "2"),
        ("/spec/limits/memory", "1G", "1Gi"),
        (ENV, "1000m", "1"),
        (ENV, "true", True),
        (ENV, "10.0.0.1/8", "10.0.0.0/8"),
        ("/data/replicas", "", ABSENT),
        ("/data/memory", "1Gi", "1024Mi"),
        ("/spec/template/spec/containers/0/command", ["a", "b"], ["b", "a"]),
        ("/spec/storageClassName", "", ABSENT),
        ("/spec/podSelector", {}, ABSENT),
        ("/spec/emptyDir", {}, None),
        ("/metadata/labels/a", "", ABSENT),
        ("/spec/containers/0/image", "nginx:1.25", "nginx:1.26"),
        ("/spec/type", "clusterip", "ClusterIP"),
        ("/spec/replicas", 1, True),
        ("/spec/x", UNKNOWN, UNKNOWN),
        ("/data/a", {"digest": "hmac:1"}, {"digest": "hmac:2"}),
        ("/spec/http", [{"a": 1}, {"b": 2}], [{"b": 2}, {"a": 1}]),
    ],
)
def test_kubernetes_values_that_differ(path: str, left: Any, right: Any) -> None:
    at = field(path, kubernetes=True)
    assert not alike(left, right, at) and not alike(right, left, at)


@pytest.mark.parametrize(
    ("path", "left", "right"),
    [
        ("/ingress/0/protocol", "tcp", "6"),
        ("/ingress/0/protocol", "-1", "all"),
        ("/IpProtocol", "udp", 17),
        ("/FromPort", "443", 443),
        ("/enabled", "true", True),
        ("/enabled", "True", "true"),
        ("/cidr_blocks", ["10.0.0.0/8", "192.168.0.0/16"], ["192.168.0.0/16", "10.0.0.0/8"]),
        ("/cidr_blocks/0", "2001:DB8::/32", "2001:db8:0::/32"),
        ("/cidr_blocks/0", "10.1.2.3/8", "10.0.0.0/8"),
        ("/security_groups/0", "111122223333/sg-0a1b2c", "sg-0a1b2c"),
        ("/log_group_arn", LOGS, f"{LOGS}:*"),
        ("/kms_key_id", KEY, f"arn:aws:kms:eu-west-1:111122223333:key/{KEY}"),
        ("/subnet_id", "/subscriptions/1/resourceGroups/A", "/subscriptions/1/resourcegroups/a"),
        ("/Tags", [{"Key": "a", "Value": "1"}], {"a": "1"}),
        ("/policy", READ, {"Statement": {"Effect": "Allow", "Action": ["s3:getobject"]}}),
        ("/policy/Statement/0/Principal", "*", {"AWS": "*"}),
        ("/policy/Statement/0/Principal/AWS", "111122223333", "arn:aws:iam::111122223333:root"),
        ("/policy/Statement/0/Resource", ["b", "a"], ["a", "b"]),
        ("/zone_name", "acme.example.", "ACME.example"),
        ("/description", "x", "x\n"),
        ("/identifier", "Orders", "orders"),
        ("/subnets", None, []),
        ("/subnets", ["a"], "a"),
    ],
)  # fmt: skip
def test_stack_spellings_of_one_value(path: str, left: Any, right: Any) -> None:
    at = field(path, kubernetes=False)
    assert alike(left, right, at) and alike(right, left, at)


@pytest.mark.parametrize(
    ("path", "left", "right"),
    [
        ("/version", "1.30", "1.3"),
        ("/version", "1.30", 1.3),
        ("/account_id", "012345678901", 12345678901),
        ("/tags/team", "Core", "core"),
        ("/bucket", "Logs", "logs"),
        ("/policy/Statement/0/Principal/AWS", "arn:aws:iam::111122223333:role/x", "arn:aws:iam::444455556666:role/x"),
        ("/policy/Statement/0/Principal/AWS", "x", "arn:aws:iam::444455556666:role/x"),
        ("/policy/Statement/0/Action", ["s3:*"], ["s3:GetObject"]),
        ("/policy/Statement/0/Condition", {"Bool": {"aws:SecureTransport": "true"}}, ABSENT),
        ("/ingress/0/protocol", "tcp", "17"),
        ("/cidr_blocks/0", "10.0.0.0/8", "10.0.0.0/16"),
        ("/ordered_cache_behavior", [{"a": 1}, {"b": 1}], [{"b": 1}, {"a": 1}]),
        ("/environment/variables/A", "true", True),
        ("/x", "a", ["a", "b"]),
    ],
)
def test_stack_values_that_differ(path: str, left: Any, right: Any) -> None:
    at = field(path, kubernetes=False, identity="principal" in path.lower())
    assert not alike(left, right, at) and not alike(right, left, at)


def test_equal_json_is_one_value_whatever_the_type_of_number() -> None:
    assert literal({"a": [1, 1.0]}, {"a": [1.0, 1]})
    assert not literal(1, True) and not literal("1", 1) and not literal(None, ABSENT)


def test_a_long_list_does_not_take_for_ever() -> None:
    at = field("/cidr_blocks", kubernetes=False)
    assert not alike([f"x{n}" for n in range(20_000)], [f"y{n}" for n in range(20_000)], at)
    assert alike([f"x{n}" for n in range(20_000)], [f"x{n}" for n in reversed(range(20_000))], at)


def test_a_long_policy_respelled_throughout_is_one_policy() -> None:
    before = [{"Effect": "Allow", "Action": f"s3:Get{n}", "Resource": "*"} for n in range(50)]
    after = [{"Effect": "Allow", "Action": [f"s3:get{n}"], "Resource": ["*"]} for n in range(50)]
    assert alike({"Statement": before}, {"Statement": after}, field("/policy", kubernetes=False))
    assert not alike({"Statement": before}, {"Statement": after[:-1]}, field("/policy", kubernetes=False))


def test_lists_within_lists_do_not_multiply() -> None:
    def nest(depth: int, leaf: str) -> object:
        return [leaf] if depth == 0 else [nest(depth - 1, f"{leaf}{n}") for n in range(5)]

    assert not alike(nest(6, "x"), nest(6, "y"), field("/rules", kubernetes=False))
