"""What a state records: addresses, names for the audit log, sealed secrets; and what is no readable state."""

from __future__ import annotations

from typing import Any

import pytest

from drifttui.core.errors import InputError
from drifttui.core.redact import is_digest
from drifttui.core.terraform_state import State, names_of, parse_state, prior_state
from tests.core.terraform_documents import KEY, plan, resource


def state(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "version": 4,
        "terraform_version": "1.11.0",
        "serial": 12,
        "lineage": "0a1b",
        "outputs": {},
        "resources": list(resources),
        **more,
    }


def recorded(kind: str, name: str, *instances: dict[str, Any], **more: Any) -> dict[str, Any]:
    provider = 'provider["registry.opentofu.org/hashicorp/aws"]'
    return {
        "mode": "managed", "type": kind, "name": name, "provider": provider, "instances": list(instances), **more,
    }  # fmt: skip


def read(*resources: dict[str, Any], **more: Any) -> State:
    return parse_state(state(*resources, **more), KEY)


@pytest.mark.parametrize(
    ("entry", "instance", "address"),
    [
        ({}, {}, "aws_instance.web"),
        ({}, {"index_key": 3}, "aws_instance.web[3]"),
        ({}, {"index_key": "blue"}, 'aws_instance.web["blue"]'),
        ({}, {"index_key": 'a"b\\c${d}%{e}$f\n\u200b'}, r'aws_instance.web["a\"b\\c$${d}%%{e}$f\n\u200b"]'),
        (
            {"module": 'module.x["k"].module.y[0]'},
            {"index_key": "z"},
            'module.x["k"].module.y[0].aws_instance.web["z"]',
        ),
        ({"mode": "data"}, {}, "data.aws_instance.web"),
        ({"mode": "data", "module": "module.x"}, {}, "module.x.data.aws_instance.web"),
    ],
)
def test_addresses_are_spelled_as_plans_spell_them(
    entry: dict[str, Any], instance: dict[str, Any], address: str
) -> None:
    (found,) = read(recorded("aws_instance", "web", {"attributes": {}, **instance}, **entry)).resources
    assert found.address == address


def test_deposed_and_tainted_objects_are_told_apart() -> None:
    found = read(
        recorded(
            "aws_instance",
            "web",
            {"attributes": {"id": "i-1"}, "status": "tainted"},
            {"attributes": {"id": "i-2"}, "deposed": "0123abcd"},
        )
    )
    assert [(one.tainted, one.deposed) for one in found.resources] == [(True, ""), (False, "0123abcd")]
    assert names_of(found) == {"aws_instance.web": ("i-1", "i-2")}


def test_names_join_an_address_to_the_audit_log_without_any_secret() -> None:
    arn = "arn:aws:iam::123456789012:role/pay"
    found = read(
        recorded("aws_iam_role", "pay", {"attributes": {"id": "pay", "arn": arn, "name": "pay", "unique_id": "AROA1"}}),
        recorded(
            "aws_db_instance", "db", {"attributes": {"id": "db-1", "identifier": "pay-db", "password": "hunter2"}}
        ),
        recorded(
            "aws_thing",
            "t",
            {
                "attributes": {"id": "hunter2", "name": "t"},
                "sensitive_attributes": [[{"type": "get_attr", "value": "id"}]],
            },
        ),
    )
    assert names_of(found) == {
        "aws_iam_role.pay": ("pay", arn, "AROA1"),
        "aws_db_instance.db": ("db-1", "pay-db"),
        "aws_thing.t": ("t",),
    }
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("path", "sealed"),
    [
        ([{"type": "get_attr", "value": "list"}, {"type": "index", "value": {"value": 1, "type": "number"}}], "list/1"),
        ([{"type": "get_attr", "value": "map"}, {"type": "index", "value": {"value": "k", "type": "string"}}], "map/k"),
        ([{"type": "get_attr", "value": "map"}], "map"),
        ([{"type": "get_attr", "value": "map"}, {"type": "of the future"}], "map"),
    ],
)
def test_paths_of_sensitive_attributes_are_sealed(path: Any, sealed: str) -> None:
    attributes = {"list": ["a", "b"], "map": {"k": "c", "l": "d"}, "plain": "e"}
    (found,) = read(recorded("a", "b", {"attributes": attributes, "sensitive_attributes": [path]})).resources
    held: Any = found.attributes
    for token in sealed.split("/"):
        held = held[int(token)] if isinstance(held, list) else held[token]
    assert is_digest(held)
    assert found.sensitive == ("/" + sealed,)
    assert found.attributes["plain"] == "e"


def test_a_path_that_nobody_understands_hides_everything() -> None:
    entry = recorded("a", "b", {"attributes": {"x": "hunter2"}, "sensitive_attributes": [["what"]]})
    assert is_digest(read(entry).resources[0].attributes)


def test_the_same_object_reads_alike_from_a_state_and_from_a_plan() -> None:
    shown = resource("aws_thing.a", {"id": "x", "password": "hunter2"}, sensitive_values={"password": True})
    document = {"format_version": "1.0", "values": {"root_module": {"child_modules": [{"resources": [shown]}]}}}
    from_show = parse_state(document, KEY).resources
    from_plan = prior_state(plan([], recorded=[shown]), KEY).resources
    from_file = read(
        recorded(
            "aws_thing",
            "a",
            {
                "attributes": {"id": "x", "password": "hunter2"},
                "sensitive_attributes": [[{"type": "get_attr", "value": "password"}]],
            },
        )
    ).resources
    assert from_show == from_plan
    assert from_file[0].attributes == from_show[0].attributes
    assert "hunter2" not in str((from_show, from_file))


def test_a_state_never_says_whether_anything_drifted() -> None:
    answer = read(recorded("a", "b", {"attributes": {"id": "x"}})).as_json("s")
    assert answer["drift_information"] is False
    assert (answer["drift"], answer["pending"]) == ([], [])
    assert answer["recorded"] == [{"address": "a.b", "type": "a", "mode": "managed", "names": ["x"]}]
    assert (answer["serial"], answer["lineage"]) == (12, "0a1b")
    assert parse_state({"format_version": "1.0"}, KEY).resources == ()


def test_the_layout_of_terraform_0_11_is_read_with_a_note() -> None:
    found = read(recorded("a", "b", {"attributes_flat": {"id": "x", "tags.%": "1"}}))
    assert found.resources[0].attributes["id"] == "x"
    assert "0.11" in found.warnings[0]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "no state"),
        ({}, "no version"),
        ({"version": "4"}, "no version"),
        ({"version": True}, "no version"),
        ({"version": 3, "modules": []}, "State version 3"),
        ({"version": 5}, "newer drifttui"),
        ({"format_version": "2.0"}, "newer than this program"),
        ({"serial": 1, "lineage": "x", "encrypted_data": "aGk=", "encryption_version": "v0"}, "encrypted"),
        (
            {"ID": "1", "Operation": "OperationTypeApply", "Who": "ci@\x1bhost", "Created": "2026-11-21T03:00:00Z"},
            "lock, not a state: OperationTypeApply by ci@host since 2026-11-21T03:00:00Z",
        ),
        (plan([]), "plan, not a state"),
        (state("x"), "resources[0] is a text"),  # type: ignore[arg-type]
        (state({"type": "a"}), "resources[0].name"),
        (state(recorded("a", "b", {"attributes": []})), "attributes is a list"),
        (state(recorded("a", "b", {"index_key": {}})), "index is an object"),
    ],
)
def test_what_is_no_readable_state_is_refused_in_one_line(document: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_state(document, KEY)
    assert words in caught.value.one_line()
    assert "\x1b" not in caught.value.one_line()
