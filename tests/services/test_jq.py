"""jq paths of ignore rules."""

from __future__ import annotations

import pytest

from drifttui.core.diff import compare
from drifttui.core.errors import InputError
from drifttui.core.inspection import IgnoreRule
from drifttui.services.jq import delete
from tests.core.objects import deployment, hidden, paths, planes


def test_a_path_is_deleted_from_a_copy() -> None:
    document = deployment()
    left = delete(document, '.spec.template.spec.containers[] | select(.name == "proxy")')
    assert [c["name"] for c in left["spec"]["template"]["spec"]["containers"]] == ["web"]
    assert document == deployment()


@pytest.mark.parametrize(
    "expression",
    [".spec[", "env", "$ENV.HOME", "input", "range(1e9)", "def f: f; f", "." + "x" * 3000, ".a.b)(", "error(1)"],
)
def test_what_is_broken_or_reaches_further_is_one_clear_line(expression: str) -> None:
    with pytest.raises(InputError) as caught:
        delete(deployment(), expression)
    assert "\n" not in caught.value.one_line()


def test_words_inside_texts_are_no_commands() -> None:
    assert delete(deployment(), '.metadata.labels["env"]') == deployment()
    assert delete(deployment(), ".spec.env") == deployment()


def test_a_selected_sidecar_is_hidden_and_what_moved_up_behind_it_is_not() -> None:
    actual = deployment()
    containers = actual["spec"]["template"]["spec"]["containers"]
    containers.insert(0, {"name": "sidecar", "image": "mesh:1"})
    containers[1]["image"] = "evil:1"
    rule = IgnoreRule(
        "app/0", "apps", "Deployment", jq_paths=('.spec.template.spec.containers[] | select(.name == "sidecar")',)
    )
    found = compare(planes(deployment(), actual), ignore=[rule], jq=delete)
    assert paths(found) == ["/spec/template/spec/containers/1/image"]
    assert hidden(found)["/spec/template/spec/containers/0"] == "app/0"
