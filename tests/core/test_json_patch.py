"""Patches: what they say, what they make, and that they refuse what is not as expected."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from drifttui.core.json_patch import PatchError, add, applied, put, remove, replace, same
from drifttui.core.json_patch import test as expect
from drifttui.core.planes import ABSENT

DOCUMENT = {"metadata": {"annotations": {"a/b": "1", "c~d": "2"}}, "spec": {"list": [1, 2], "off": False, "nil": None}}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/spec/off", True),
        ("/spec/off", False),
        ("/spec/off", 0),
        ("/spec/off", ABSENT),
        ("/spec/new", 1),
        ("/spec/deep/er/still", {"x": []}),
        ("/spec/nil", "now"),
        ("/spec/nil/below", 1),
        ("/spec/gone", ABSENT),
        ("/status/phase", "Running"),
        ("/metadata/annotations/a~1b", "new"),
        ("/metadata/annotations/a~1b", ABSENT),
        ("/metadata/annotations/c~0d", ABSENT),
        ("/metadata/annotations/e~1f~0g", "{}"),
        ("/spec/list/0", 7),
        ("/spec/list", []),
    ],
)
def test_put_brings_a_value_about_and_its_patch_can_be_taken_back(pointer: str, value: Any) -> None:
    before = copy.deepcopy(DOCUMENT)
    patch = put(DOCUMENT, pointer, value)
    made = applied(DOCUMENT, patch)
    assert before == DOCUMENT
    assert put(made, pointer, value) == ()
    if patch:
        assert patch[0]["op"] == "test"
        with pytest.raises(PatchError):
            applied(made, patch)


def test_pointers_are_escaped() -> None:
    (_, change) = put({"metadata": {"annotations": {}}}, "/metadata/annotations/drifttui.dev~1pause", "x")
    assert change == {"op": "add", "path": "/metadata/annotations/drifttui.dev~1pause", "value": "x"}
    (proof, change) = put({"metadata": {}}, "/metadata/annotations/drifttui.dev~1pause", "x")
    assert proof == {"op": "test", "path": "/metadata/annotations", "value": None}
    assert change == {"op": "add", "path": "/metadata/annotations", "value": {"drifttui.dev/pause": "x"}}


@pytest.mark.parametrize(
    "operation",
    [
        expect("/spec/off", True),
        expect("/spec/off", 0),
        expect("/spec/missing", 1),
        expect("/spec/missing/below", ABSENT),
        replace("/spec/missing", 1),
        remove("/spec/missing"),
        add("/missing/below", 1),
        remove("/spec/list/2"),
        add("/spec/list/9", 1),
        add("/spec/list/x", 1),
        {"op": "move", "path": "/spec/off", "from": "/spec/nil"},
        {"op": "add", "value": 1},
        {"op": "replace", "path": "", "value": {}},
    ],
)
def test_what_does_not_fit_is_refused_whole(operation: dict[str, Any]) -> None:
    before = copy.deepcopy(DOCUMENT)
    with pytest.raises(PatchError):
        applied(DOCUMENT, [add("/spec/first", 1), operation])
    assert before == DOCUMENT


def test_a_test_for_null_also_holds_where_there_is_nothing() -> None:
    assert applied(DOCUMENT, [expect("/spec/missing", ABSENT), expect("/spec/nil", None)]) == DOCUMENT


def test_lists_grow_at_their_end_and_shrink_where_told() -> None:
    made = applied(DOCUMENT, [add("/spec/list/-", 3), remove("/spec/list/0"), replace("/spec/list/1", 9)])
    assert made["spec"]["list"] == [2, 9]


def test_values_in_a_patch_are_its_own() -> None:
    value = {"a": [1]}
    operation = add("/spec/x", value)
    value["a"].append(2)
    made = applied(DOCUMENT, [operation])
    made["spec"]["x"]["a"].append(3)
    assert operation["value"] == {"a": [1]}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (True, 1, False),
        (False, 0, False),
        (1, 1, True),
        ({"a": True}, {"a": 1}, False),
        ([1], [True], False),
        ([], [], True),
    ],
)
def test_true_is_not_one(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
