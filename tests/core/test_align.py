"""Rows for the three-plane view."""

from __future__ import annotations

from typing import Any

from drifttui.core.align import TEXT_LIMIT, AlignedRow, RowKind, aligned
from drifttui.core.diff import compare
from drifttui.core.planes import ABSENT, UNKNOWN
from drifttui.core.redact import redact_document

from .objects import KEY, custom, deployment, managed, planes, with_managers


def rows(*documents: dict[str, Any] | None) -> dict[str, AlignedRow]:
    three = planes(*documents)
    return {row.pointer: row for row in aligned(three, compare(three))}


def test_items_stand_beside_their_counterparts_and_changes_are_marked() -> None:
    actual = deployment(replicas=5)
    actual["spec"]["template"]["spec"]["containers"].reverse()
    found = rows(deployment(), actual)
    assert found["/spec/replicas"][3:7] == ("3", UNKNOWN, "5", True)
    image = found["/spec/template/spec/containers/0/image"]
    assert (image.desired, image.actual, image.changed) == ("proxy:1", "proxy:1", False)
    assert found["/spec/template/spec/containers/0"].label == "[proxy]"
    assert found["/spec/template/spec/containers/0"].kind is RowKind.BRANCH
    assert found["/spec/template/spec/containers"].hidden_rule == "list-order"


def test_what_only_one_plane_has_is_absent_in_the_others() -> None:
    actual = deployment()
    del actual["spec"]["template"]["spec"]["containers"][1]
    three = planes(deployment(), actual, deployment())
    found = aligned(three, compare(three))
    gone = [row for row in found if row.label == "[proxy]"]
    assert len(gone) == 1 and gone[0].changed and gone[0].actual is ABSENT and gone[0].desired == ""
    below = found[found.index(gone[0]) + 1]
    assert (below.label, below.desired, below.actual, below.changed) == ("name", "proxy", ABSENT, True)


def test_digests_are_short_managers_collapsed_and_long_values_cut() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "b25l"}}
    found = rows(redact_document(secret, KEY), redact_document({**secret, "data": {"a": "dHdv"}}, KEY))
    cell = found["/data/a"].actual
    assert isinstance(cell, str) and cell.startswith("hmac:") and len(cell) == 14 and found["/data/a"].changed
    live = with_managers(custom(text="x" * 999, file="a\nb\nc"), managed("a", {"f:spec": {}}))
    found = rows(custom(text="x" * 999, file="a\nB\nc"), live)
    assert len(str(found["/spec/text"].actual)) == TEXT_LIMIT
    assert (found["/spec/file"].desired, found["/spec/file"].actual) == ("line 2: B", "line 2: b")
    assert found["/metadata/managedFields"].actual == "1 entry"
    assert not any(pointer.startswith("/metadata/managedFields/") for pointer in found)


def test_every_change_has_a_row() -> None:
    actual = deployment(replicas=5, strategy={"type": "Recreate"})
    actual["spec"]["template"]["spec"]["containers"][0]["env"].insert(0, {"name": "C", "value": "3"})
    three = planes(deployment(), actual, deployment())
    comparison = compare(three)
    found = {row.pointer: row for row in aligned(three, comparison)}
    for change in comparison.changes:
        assert found[change.path].changed, change.path


def test_shapes_that_do_not_fit_and_endless_nesting_are_shown_and_not_walked() -> None:
    value: Any = "leaf"
    for _ in range(10_000):
        value = {"a": value}
    found = rows(custom(a={"b": 1}, c=[]), custom(a=[1], c={}))
    assert found["/spec/a"].changed
    assert (found["/spec/c"].desired, found["/spec/c"].actual) == ("[]", "{}")
    deep = aligned(planes(custom(a=value), custom(a="x")))
    assert 90 < len(deep) < 200 and deep[-1].desired == "{…}"
