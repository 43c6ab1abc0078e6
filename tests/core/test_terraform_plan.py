"""What a plan says: the planes of what drifted, what is pending and why, and when nobody can say."""

from __future__ import annotations

from typing import Any

import pytest

from drifttui.core.errors import InputError
from drifttui.core.planes import ABSENT, UNKNOWN
from drifttui.core.redact import is_digest
from tests.core.terraform_documents import change, configured, drifted, plan, resource, reviewed

WEB = "aws_instance.web"
SMALL, LARGE = {"instance_type": "t3.small", "ami": "a"}, {"instance_type": "t3.large", "ami": "a"}


def test_three_planes_of_a_drifted_attribute_come_from_three_places() -> None:
    """Recorded small, somebody made it large, and the configuration says medium by now."""
    medium = {"instance_type": "t3.medium", "ami": "a"}
    found = reviewed(plan([change(WEB, "update", LARGE, medium)], [change(WEB, "update", SMALL, LARGE)]))
    (entry,) = found.drift
    (only,) = entry.changes
    assert (only.path, only.desired, only.recorded, only.actual) == (
        "/instance_type",
        "t3.medium",
        "t3.small",
        "t3.large",
    )
    assert found.exit_code == 2
    assert found.pending[0].changes == entry.changes


def test_a_refresh_only_plan_knows_desired_only_where_the_configuration_is_a_literal() -> None:
    after = {"instance_type": "t3.large", "ami": "b"}
    document = plan(
        None,
        [change("module.m[0].aws_instance.web", "update", SMALL, after)],
        [resource("module.m[0].aws_instance.web", after)],
        configuration={
            "root_module": {
                "module_calls": {
                    "m": {
                        "module": configured(
                            WEB, instance_type={"constant_value": "t3.small"}, ami={"references": ["var.ami"]}
                        )["root_module"]
                    }
                }
            }
        },
    )
    found = reviewed(document)
    assert found.plan.mode == "refresh-only"
    desired = {one.path: one.desired for one in found.drift[0].changes}
    assert desired == {"/instance_type": "t3.small", "/ami": UNKNOWN}


def test_an_object_deleted_outside_is_gone_in_the_actual_plane_alone() -> None:
    found = reviewed(plan([change(WEB, "create", None, SMALL)], [change(WEB, "delete", SMALL, None)]))
    (only,) = found.drift[0].changes
    assert (only.path, only.desired, only.recorded, only.actual) == ("", SMALL, SMALL, ABSENT)
    assert found.pending[0].changes[0].recorded == SMALL
    assert found.totals["add"] == 1


def test_drift_that_the_next_apply_leaves_alone_is_still_drift() -> None:
    """`ignore_changes` takes it out of the planned changes and leaves it in `resource_drift`."""
    found = reviewed(plan([change(WEB, "no-op", LARGE, LARGE)], [change(WEB, "update", SMALL, LARGE)]))
    assert [entry.resource.address for entry in found.drift] == [WEB]
    assert found.drift[0].changes[0].desired == "t3.large"
    assert not found.pending


def test_pending_alone_is_no_drift() -> None:
    found = reviewed(plan([change(WEB, "update", SMALL, LARGE)], []))
    assert (found.exit_code, len(found.drift), len(found.pending)) == (0, 0, 1)
    (only,) = found.pending[0].changes
    assert (only.desired, only.recorded, only.actual) == ("t3.large", "t3.small", "t3.small")


def test_nobody_looks_before_something_is_created() -> None:
    (entry,) = reviewed(plan([change(WEB, "create", None, SMALL)], [])).pending
    assert (entry.changes[0].recorded, entry.changes[0].actual) == (ABSENT, UNKNOWN)
    assert "actual" not in entry.as_json()["changes"][0]


@pytest.mark.parametrize(
    ("document", "mode", "known"),
    [
        pytest.param(plan([change(WEB, "no-op", SMALL, SMALL)], []), "normal", True, id="an empty list was written"),
        pytest.param(
            plan([change(WEB, "no-op", SMALL, SMALL)]), "normal", False, id="perhaps made with -refresh=false"
        ),
        pytest.param(plan([change(WEB, "update", SMALL, LARGE)]), "normal", False, id="the same with a change"),
        pytest.param(
            plan(None, None, [resource(WEB, SMALL)]), "refresh-only", True, id="refresh-only always refreshes"
        ),
        pytest.param(plan([change(WEB, "create", None, SMALL)]), "normal", True, id="nothing recorded, nothing drifts"),
        pytest.param(plan([]), "", True, id="an empty stack"),
        pytest.param(
            plan([change(WEB, "no-op", SMALL, SMALL)], format_version="0.1"), "normal", False, id="before drift existed"
        ),
        pytest.param(
            plan([change(WEB, "no-op", LARGE, LARGE)], [change(WEB, "update", SMALL, LARGE)], format_version="0.2"),
            "normal",
            True,
            id="an old format with drift",
        ),
        pytest.param(
            plan(
                [change(WEB, "no-op", SMALL, SMALL, previous_address="aws_instance.old")],
                [change(WEB, "no-op", SMALL, SMALL, previous_address="aws_instance.old")],
            ),
            "normal",
            False,
            id="a move listed as drift proves no refresh",
        ),
    ],
)
def test_a_plan_that_cannot_tell_drift_says_so(document: dict[str, Any], mode: str, known: bool) -> None:
    found = reviewed(document)
    assert (found.plan.mode, found.plan.drift_information) == (mode, known)
    assert found.exit_code == (2 if found.drift else 0 if known else 3)
    assert bool(found.warnings) is not known


def test_the_operator_can_vouch_that_a_plan_was_refreshed() -> None:
    document = plan([change(WEB, "update", SMALL, LARGE)])
    unsure, sure = reviewed(document), reviewed(document, refreshed=True)
    assert (unsure.exit_code, sure.exit_code) == (3, 0)
    assert (unsure.pending[0].changes[0].actual, sure.pending[0].changes[0].actual) == (UNKNOWN, "t3.small")
    assert reviewed({**document, "format_version": "0.1"}, refreshed=True).exit_code == 3


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"errored": True}, "failed"),
        ({"complete": False}, "whole stack"),
        ({"deferred_changes": [{"reason": "x", "resource_change": change("a.b", "create", None, {})}]}, "deferred"),
    ],
)
def test_a_partial_plan_is_never_clean(more: dict[str, Any], word: str) -> None:
    found = reviewed(plan([change(WEB, "no-op", SMALL, SMALL)], [], **more))
    assert found.exit_code == 3
    assert any(word in warning for warning in found.warnings)
    with_drift = reviewed(plan([change(WEB, "no-op", LARGE, LARGE)], [change(WEB, "update", SMALL, LARGE)], **more))
    assert with_drift.exit_code == 2
    assert with_drift.warnings


def test_deferred_changes_are_pending_with_their_reason() -> None:
    late = {"reason": "provider_config_unknown", "resource_change": change(WEB, "create", None, SMALL)}
    (entry,) = reviewed(plan([], [], deferred_changes=[late])).pending
    assert entry.as_json()["deferred"] == "provider_config_unknown"


def test_a_move_is_pending_and_changes_no_value() -> None:
    moved = change(WEB, "no-op", SMALL, SMALL, previous_address="aws_instance.old")
    for document in (plan([moved], []), plan(None, [moved], [resource(WEB, SMALL)])):
        found = reviewed(document)
        assert (found.exit_code, found.drift) == (0, ())
        assert [entry.as_json()["previous_address"] for entry in found.pending] == ["aws_instance.old"]
        assert found.pending[0].changes == ()
        assert found.totals["move"] == 1


def test_what_happens_to_an_object_keeps_its_kind_and_its_reason() -> None:
    found = reviewed(
        plan(
            [
                change("a.replaced", ["delete", "create"], {"x": 1}, {"x": 2}, replace_paths=[["x"], ["y", 0, "z/w"]]),
                change("a.careful", ["create", "delete"], {"x": 1}, {"x": 1}, action_reason="replace_because_tainted"),
                change("a.forgotten", "forget", {"x": 1}, None, action_reason="forgot_because_lifecycle_destroy"),
                change("a.imported", "no-op", {"x": 1}, {"x": 1}, importing={"id": "i-1"}),
                change("a.unknown_id", "update", {"x": 1}, {"x": 2}, importing={"unknown": True}),
                change("a.old", "delete", {"x": 1}, None, deposed="0123abcd"),
                change("data.a.read", "read", None, {"x": 1}, action_reason="read_because_config_unknown"),
                change("a.quiet", "no-op", {"x": 1}, {"x": 1}),
            ],
            [],
        )
    )
    entries = {entry.resource.address: entry.as_json() for entry in found.pending}
    assert "a.quiet" not in entries
    assert entries["a.replaced"]["replace_paths"] == ["/x", "/y/0/z~1w"]
    assert entries["a.careful"]["actions"] == ["create", "delete"]
    assert entries["a.careful"]["action_reason"] == "replace_because_tainted"
    assert entries["a.forgotten"]["changes"][0]["desired"] == {"absent": True}
    assert entries["a.imported"]["importing"] == {"id": "i-1"}
    assert entries["a.unknown_id"]["changes"][0]["recorded"] == {"absent": True}
    assert entries["a.old"]["deposed"] == "0123abcd"
    assert found.totals == {
        "add": 2, "change": 1, "destroy": 3, "replace": 2, "import": 2, "move": 0, "forget": 1,
    }  # fmt: skip


def test_a_deposed_object_and_the_current_one_are_two() -> None:
    found = reviewed(
        plan(
            [change(WEB, "no-op", SMALL, SMALL), change(WEB, "delete", LARGE, None, deposed="0123abcd")],
            [change(WEB, "update", SMALL, LARGE, deposed="0123abcd")],
        )
    )
    (entry,) = found.drift
    assert entry.as_json()["deposed"] == "0123abcd"
    assert entry.changes[0].desired is ABSENT


def test_what_is_known_after_apply_is_left_out_and_listed() -> None:
    before = {"id": "i-1", "tags": {"a": "1"}, "nics": [{"ip": "10.0.0.1", "mac": "m"}], "fresh": None}
    after = {"tags": {}, "nics": [{"mac": "m"}]}
    marks = {"id": True, "tags": {"a": True}, "nics": [{"ip": True}], "fresh": True}
    (entry,) = reviewed(plan([change(WEB, ["delete", "create"], before, after, after_unknown=marks)], [])).pending
    answer = entry.as_json()
    assert answer["unknown"] == ["/id", "/tags/a", "/nics/0/ip", "/fresh"]
    assert [one["path"] for one in answer["changes"]] == ["/id", "/tags/a", "/nics/0/ip"]
    assert all("desired" not in one and one["actual"] for one in answer["changes"])


def test_an_object_that_is_unknown_as_a_whole_is_unknown_and_not_absent() -> None:
    (entry,) = reviewed(plan([change(WEB, "read", None, None, after_unknown=True)], [])).pending
    assert entry.as_json()["unknown"] == [""]


def test_terraform_0_15_lists_everything_as_drift_and_leaves_addresses_out() -> None:
    where = {"module_address": 'module.x["k"]', "index": 0}
    changed = {**change(WEB, "update", SMALL, LARGE, before_sensitive={"ami": True}), **where}
    same = {**change("aws_instance.other", "no-op", SMALL, SMALL), **where}
    for entry in (changed, same):
        del entry["address"]
    address = 'module.x["k"].aws_instance.web[0]'
    planned = change("aws_instance.web", "update", LARGE, SMALL) | {"address": address}
    found = reviewed(plan([planned], [changed, same], format_version="0.2"))
    assert [entry.resource.address for entry in found.drift] == [address]
    assert [entry.resource.address for entry in found.pending] == [address]
    assert found.drift[0].changes[0].desired == "t3.small"


def test_outputs_are_pending_too() -> None:
    found = reviewed(
        plan(
            [],
            [],
            output_changes={
                "url": {"actions": ["update"], "before": "a", "after": "b"},
                "token": {"actions": ["create"], "before": None, "after": "s3cr3t-value", "after_sensitive": True},
                "same": {"actions": ["no-op"], "before": "a", "after": "a"},
            },
        )
    )
    entries = {one.output.name: one.as_json() for one in found.outputs}
    assert sorted(entries) == ["token", "url"]
    assert is_digest(entries["token"]["changes"][0]["desired"])
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("before_marks", "after_marks"),
    [
        ({"password": True}, {}),
        ({}, {"password": True}),
        (True, False),
        ({"settings": [{"value": True}], "password": True, "map": {"k": True}}, {"map": {"k": False}}),
    ],
)
def test_a_value_marked_in_one_plane_is_sealed_in_all(before_marks: Any, after_marks: Any) -> None:
    before = {"password": "hunter2-old", "settings": [{"value": "hunter2-a"}], "map": {"k": "hunter2-b"}}
    after = {"password": "hunter2-new", "settings": [{"value": "hunter2-c"}], "map": {"k": "hunter2-d"}}
    if before_marks is not True and "map" not in before_marks:
        before, after = {"password": before["password"]}, {"password": after["password"]}
    found = reviewed(
        plan(
            [change(WEB, "update", after, before)],
            [change(WEB, "update", before, after, before_sensitive=before_marks, after_sensitive=after_marks)],
        )
    )
    assert "hunter2" not in str(found.as_json())
    (change_,) = [one for one in found.drift[0].changes if one.path in ("", "/password")]
    assert change_.sensitive
    assert change_.recorded == change_.desired != change_.actual


def test_literals_of_the_configuration_are_sealed_like_the_values() -> None:
    address = "aws_secretsmanager_secret_version.a"
    expressions = {
        "secret_string": {"constant_value": "hunter2"},
        "note": {"constant_value": "hunter2"},
        "size": {"constant_value": 1},
    }
    before = {"secret_string": "hunter2", "note": "hunter2", "size": 1}
    after = {"secret_string": "hunter2-x", "note": "hunter2-x", "size": 2}
    drift = change(address, "update", before, after, before_sensitive={"note": True})
    found = reviewed(plan(None, [drift], [resource(address, after)], configuration=configured(address, **expressions)))
    assert "hunter2" not in str(found.as_json())
    for one in found.drift[0].changes:
        assert one.desired == one.recorded != one.actual


def test_secrets_that_nobody_marked_are_sealed_by_name_shape_and_place() -> None:
    task = '[{"environment":[{"name":"DB_PASSWORD","value":"hunter2"}],"image":"web:%s"}]'
    found = drifted(
        {"master_password": "hunter2", "definition": task % 1, "url": "https://u:hunter2@h/"},
        {"master_password": "hunter2x", "definition": task % 2, "url": "https://u:hunter2@h/b"},
    )
    assert "hunter2" not in str(found.as_json())
    assert {one.path for one in found.drift[0].changes} == {"/master_password", "/definition", "/url"}
    assert "web:2" in str(found.as_json())


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ([], "no plan"),
        ({"format_version": "2.0", "resource_changes": []}, "newer than this program"),
        ({"resource_changes": []}, "no format_version"),
        ({"format_version": 1.2, "resource_changes": []}, "format_version is a number"),
        ({"format_version": "1.2"}, "neither changes nor planned values"),
        ({"format_version": "1.0", "values": {}}, "state, not a plan"),
        ({"version": 4, "serial": 1, "lineage": "x", "resources": []}, "state, not a plan"),
        ({"encrypted_data": "x", "meta": {}, "encryption_version": "v0"}, "encrypted"),
        (plan({}), "resource_changes is an object"),  # type: ignore[arg-type]
        (plan(["x"]), "resource_changes[0] is a text"),  # type: ignore[list-item]
        (plan([{"address": "a.b"}]), "resource_changes[0].change is null"),
        (plan([{"change": {"actions": ["update"]}}]), "resource_changes[0].address is null"),
        (plan([change("a.b", [], {}, {})]), "actions"),
        (plan([change("a.b", "update", "text", {})]), "change.before is a text"),
        (plan([], [], errored="yes"), "errored is a text"),
        (plan([], [], prior_state={"values": {"root_module": []}}), "root_module is a list"),
        (plan([], [], configuration={"root_module": {"resources": {}}}), "resources is an object"),
    ],
)
def test_what_is_no_plan_is_refused_in_one_line(document: Any, words: str) -> None:
    with pytest.raises(InputError) as caught:
        reviewed(document)
    assert words in caught.value.one_line()


def test_marks_that_nobody_understands_hide_rather_than_show() -> None:
    found = reviewed(
        plan([], [change(WEB, "update", {"a": "hunter2"}, {"a": "x"}, before_sensitive={"a": "what is this"})])
    )
    assert "hunter2" not in str(found.as_json())
