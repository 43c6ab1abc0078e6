"""Noise is hidden under a name; a real change never is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drifttui.core.rules_terraform import RULES, computed
from tests.core.terraform_documents import change, configured, drifted, plan, reviewed

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", "Principal": {"AWS": "*"}}
WRITE = {"Effect": "Deny", "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": ["*"], "Principal": "*"}


def policy(*statements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


def with_principal(name: Any) -> str:
    return policy({**READ, "Principal": name})


NOISE: list[tuple[str, Any, Any, str]] = [
    ("policy", policy(READ), json.dumps(json.loads(policy(READ)), indent=4), "terraform-json-spelling"),
    ("definition", '{"a":1,"b":[1,2]}', ' {"b": [1, 2.0], "a": 1}', "terraform-json-spelling"),
    ("policy", policy(READ), policy({**READ, "Action": ["s3:GetObject"]}), "terraform-policy-spelling"),
    ("policy", policy(READ, WRITE), policy(WRITE, READ), "terraform-policy-spelling"),
    ("policy", policy(READ), json.dumps({"Version": "2012-10-17", "Statement": READ}), "terraform-policy-spelling"),
    ("policy", policy(WRITE), policy({**WRITE, "Action": WRITE["Action"][::-1]}), "terraform-policy-spelling"),
    ("policy", policy(READ), policy({**READ, "Action": "S3:getobject"}), "terraform-policy-spelling"),
    ("policy", policy(READ), policy({**READ, "Principal": "*"}), "terraform-policy-spelling"),
    ("policy", policy(READ), policy({**READ, "Sid": ""}), "terraform-policy-spelling"),
    (
        "assume_role_policy",
        with_principal({"AWS": "123456789012"}),
        with_principal({"AWS": "arn:aws:iam::123456789012:root"}),
        "terraform-policy-spelling",
    ),
    (
        "policy",
        policy({**READ, "Condition": {"Bool": {"aws:SecureTransport": True}}}),
        policy({**READ, "Condition": {"Bool": {"aws:SecureTransport": ["true"]}}}),
        "terraform-policy-spelling",
    ),
    (
        "policy_data",
        '{"bindings":[{"role":"r","members":["a","b"]},{"role":"q","members":["c"]}]}',
        '{"bindings":[{"role":"q","members":["c"]},{"role":"r","members":["b","a"]}]}',
        "terraform-policy-spelling",
    ),
    ("vpc_security_group_ids", ["sg-2", "sg-1"], ["sg-1", "sg-2"], "terraform-set-order"),
    ("ingress", [{"p": 1}, {"p": 2}], [{"p": 2}, {"p": 1}], "terraform-set-order"),
    ("description", None, "", "terraform-empty-equals-null"),
    ("tags", {}, None, "terraform-empty-equals-null"),
    ("rules", [], None, "terraform-empty-equals-null"),
    ("port", 8080, "8080", "terraform-scalar-spelling"),
    ("enabled", "true", True, "terraform-scalar-spelling"),
    ("last_modified", "2026-11-20T10:00:00Z", "2026-11-21T10:00:00.000+0000", "terraform-computed-time"),
    ("last_used_at", None, "2026-11-21T10:00:00Z", "terraform-computed-time"),
    ("etag", 'W/"1"', 'W/"2"', "terraform-computed-version"),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "recorded", "actual", "rule"), NOISE)
def test_another_spelling_is_hidden_and_named(attribute: str, recorded: Any, actual: Any, rule: str) -> None:
    found = drifted({attribute: recorded, "x": 1}, {attribute: actual, "x": 1})
    assert found.drift == ()
    assert found.as_json()["hidden"] == [{"rule": rule, "address": "aws_thing.a", "path": f"/{attribute}"}]
    assert found.exit_code == 0
    assert rule in RULES


REAL: list[tuple[str, Any, Any]] = [
    ("policy", policy(READ), policy({**READ, "Action": "s3:PutObject"})),
    ("policy", policy(READ), policy({**READ, "Effect": "Deny"})),
    ("policy", policy(READ), policy({**READ, "Resource": "arn:aws:s3:::B/*"})),
    ("policy", policy(READ), policy(READ, WRITE)),
    ("policy", policy(WRITE), policy({**WRITE, "Action": [*WRITE["Action"], "s3:GetObject"]})),
    ("policy", policy(READ), policy({**READ, "Sid": "Named"})),
    ("policy", policy(READ), policy({**READ, "Principal": {"AWS": "123456789012"}})),
    ("policy", policy(READ), policy({**READ, "Principal": {"Federated": "*"}})),
    ("policy", with_principal({"AWS": "123456789012"}), with_principal({"AWS": "arn:aws:iam::123456789012:user/eve"})),
    ("policy", policy(READ), policy({**READ, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}})),
    ("policy", policy(READ), policy(READ).replace("2012-10-17", "2008-10-17")),
    ("policy", policy(READ), policy(READ)[:-1] + ', "Statement": []}'),
    ("definition", '{"a":[1,2]}', '{"a":[2,1]}'),
    ("definition", '{"a":1}', '{"a":"1"}'),
    ("command", ["a", "b"], ["b", "a"]),
    ("network_interface_ids", ["eni-1", "eni-2"], ["eni-2", "eni-1"]),
    ("name_servers", ["ns1", "ns2"], ["ns2", "ns1"]),
    ("vpc_security_group_ids", ["sg-1", "sg-2"], ["sg-1", "sg-3"]),
    ("vpc_security_group_ids", ["sg-1"], ["sg-1", "sg-1"]),
    ("enabled", None, False),
    ("count", None, 0),
    ("environment", {"DEBUG": ""}, {}),
    ("environment", {"DEBUG": None}, {"DEBUG": ""}),
    ("mode", "0777", 777),
    ("version", "1.10", 1.1),
    ("description", "a", "a "),
    ("state", "running", "stopped"),
    ("expires_at", "2026-11-20T10:00:00Z", "2027-11-20T10:00:00Z"),
    ("last_modified", "2026-11-20T10:00:00Z", "never"),
    ("fingerprint", "aa:bb", "cc:dd"),
    ("id", "i-1", "i-2"),
    ("number", 9007199254740993, 9007199254740992),
    ("flag", 1, True),
]


@pytest.mark.parametrize(("attribute", "recorded", "actual"), REAL)
def test_a_real_change_is_never_noise(attribute: str, recorded: Any, actual: Any) -> None:
    found = drifted({attribute: recorded}, {attribute: actual})
    assert found.exit_code == 2, found.as_json()["hidden"]


def test_what_the_configuration_sets_is_never_computed() -> None:
    before, after = {"etag": "1"}, {"etag": "2"}
    assert drifted(before, after).exit_code == 0
    set_by_hand = configured("aws_thing.a", etag={"references": ["local.hash"]})
    assert drifted(before, after, configuration=set_by_hand).exit_code == 2


def test_the_etag_of_an_object_store_is_its_content() -> None:
    assert drifted({"etag": "1"}, {"etag": "2"}, "aws_s3_object.a").exit_code == 2


def test_an_id_that_repeats_a_hidden_value_is_hidden_with_it() -> None:
    found = drifted({"id": "1", "etag": "1"}, {"id": "2", "etag": "2"})
    assert [hidden.rule for _, hidden in found.hidden] == ["terraform-computed-version", "terraform-derived-id"]
    assert found.exit_code == 0


def test_resource_versions_inside_metadata_blocks_are_computed() -> None:
    def block(version: str, labels: dict[str, str]) -> dict[str, Any]:
        return {"metadata": [{"resource_version": version, "generation": 3, "labels": labels}]}

    assert drifted(block("1", {}), block("2", {})).exit_code == 0
    found = drifted(block("1", {}), block("2", {"a": "b"}))
    assert [one.path for one in found.drift[0].changes] == ["/metadata/0/labels/a"]


def test_noise_beside_a_real_change_is_hidden_and_the_change_stays() -> None:
    found = drifted({"size": 1, "note": None, "etag": "1"}, {"size": 2, "note": "", "etag": "2"})
    assert [one.path for one in found.drift[0].changes] == ["/size"]
    assert len(found.hidden) == 2


def test_noise_inside_a_block_that_also_changed_in_another_place() -> None:
    before = {"rule": [{"name": "a", "port": 1, "note": None}, {"name": "b", "port": 2, "note": None}]}
    after = {"rule": [{"name": "b", "port": 3, "note": ""}, {"name": "a", "port": 1, "note": None}]}
    found = drifted(before, after)
    assert [one.path for one in found.drift[0].changes] == ["/rule/0/port"]
    assert [hidden.path for _, hidden in found.hidden] == ["/rule/0/note"]


def test_drift_without_a_differing_value_is_named() -> None:
    found = drifted({"a": 1}, {"a": 1})
    assert [hidden.rule for _, hidden in found.hidden] == ["terraform-no-value-differs"]
    assert found.exit_code == 0


def test_nothing_is_hidden_from_what_the_next_apply_writes() -> None:
    (entry,) = reviewed(plan([change("a.b", "update", {"tags": None}, {"tags": {}})], [])).pending
    answer = entry.as_json()
    assert [one["path"] for one in answer["changes"]] == ["/tags"]
    assert answer["equivalent"] == [{"rule": "terraform-empty-equals-null", "path": "/tags"}]


def test_blocks_without_a_key_are_paired_when_one_differs_and_shown_whole_otherwise() -> None:
    a, b, c, d = ({"from": n, "to": n} for n in range(4))
    one = drifted({"rule": [a, b]}, {"rule": [b, {**a, "to": 9}]})
    assert [(x.path, x.recorded, x.actual) for x in one.drift[0].changes] == [("/rule/1/to", 0, 9)]
    both = drifted({"rule": [a, b]}, {"rule": [c, d]})
    assert [x.path for x in both.drift[0].changes] == ["/rule"]


@pytest.mark.parametrize(
    ("recorded", "actual", "expected"),
    [
        (["a", "b"], ["a", "x", "b"], [("/cidr_blocks/1", None, "x")]),
        (["a", "b"], ["b"], [("/cidr_blocks/0", "a", None)]),
        (["a", "b"], ["b", "x"], [("/cidr_blocks/0", "a", None), ("/cidr_blocks/1", None, "x")]),
    ],
)
def test_items_of_a_set_come_and_go_one_by_one(recorded: Any, actual: Any, expected: Any) -> None:
    found = drifted({"cidr_blocks": recorded}, {"cidr_blocks": actual})
    changes = [one.as_json() for one in found.drift[0].changes]
    gone = {"absent": True}
    assert [(one["path"], one["recorded"], one["actual"]) for one in changes] == [
        (path, gone if before is None else before, gone if after is None else after) for path, before, after in expected
    ]


def test_a_list_that_only_grew_shows_what_is_new_and_any_other_is_shown_whole() -> None:
    assert [x.path for x in drifted({"args": ["a", "b"]}, {"args": ["a", "b", "c"]}).drift[0].changes] == ["/args/2"]
    for after in (["a", "c"], ["b", "a"], ["b", "a", "c"], []):
        assert [x.path for x in drifted({"args": ["a", "b"]}, {"args": after}).drift[0].changes] == ["/args"]


def test_noise_in_every_block_of_a_set_is_noise() -> None:
    before = [{"from": n, "note": None} for n in range(3)]
    after = [{"from": n, "note": ""} for n in range(3)]
    found = drifted({"ingress": before}, {"ingress": after})
    assert [hidden.rule for _, hidden in found.hidden] == ["terraform-empty-equals-null"]
    assert found.exit_code == 0


def test_an_opened_port_is_one_change_with_the_desired_plane_beside_it() -> None:
    kept = [{"from_port": 443, "cidr_blocks": ["10.0.0.0/8"]}, {"from_port": 80, "cidr_blocks": ["10.0.0.0/8"]}]
    opened = [*kept, {"from_port": 22, "cidr_blocks": ["0.0.0.0/0"]}]
    document = plan(
        [change("aws_security_group.a", "update", {"ingress": opened}, {"ingress": kept})],
        [change("aws_security_group.a", "update", {"ingress": kept}, {"ingress": opened})],
    )
    (only,) = reviewed(document).drift[0].changes
    assert only.as_json() == {
        "path": "/ingress/2",
        "desired": {"absent": True},
        "recorded": {"absent": True},
        "actual": opened[2],
        "owners": [],
    }


def test_what_a_block_does_not_set_is_the_provider_s_to_compute() -> None:
    """As the `configuration` of a plan spells it: a block is a list of objects of expressions."""
    block = {"metadata": [{"name": {"constant_value": "a"}, "labels": {"references": ["var.x"]}}]}
    at = ("metadata", "0", "resource_version")
    assert computed("1", "2", at, "kubernetes_config_map", block) == "terraform-computed-version"
    assert computed("1", "2", at, "kubernetes_config_map", {"metadata"}) == ""
    set_here = {"metadata": [{"resource_version": {"constant_value": "1"}}]}
    assert computed("1", "2", at, "kubernetes_config_map", set_here) == ""
    whole = {"metadata": {"references": ["local.metadata"]}}
    assert computed("1", "2", at, "kubernetes_config_map", whole) == ""
    assert computed("a", "b", ("metadata", "0", "name"), "kubernetes_config_map", block) == ""
