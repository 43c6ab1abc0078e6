"""jq paths of ignore rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from drifttui.clients.jq_process import JqProcess
from drifttui.core.diff import compare
from drifttui.core.errors import InputError
from drifttui.core.inspection import IgnoreRule
from drifttui.services import jq
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


SLOW = '.spec | .. | strings | select(test("^(a+)+$")?)'
"""Each text takes jq seconds until it gives up, and there are many of them."""


def slow_deployment() -> dict[str, Any]:
    document = deployment()
    document["spec"]["template"]["spec"]["containers"][0]["args"] = ["a" * 40 + "!"] * 200
    return document


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[JqProcess]:
    """One of its own."""
    made = JqProcess()
    monkeypatch.setattr(jq, "_PROCESS", made)
    yield made
    made.close()


def test_a_path_that_takes_too_long_is_unknown_and_says_so(process: JqProcess) -> None:
    actual = slow_deployment()
    actual["spec"]["replicas"] = 9
    rule = IgnoreRule("app/0", "apps", "Deployment", jq_paths=(SLOW, ".spec.replicas"))
    found = compare(planes(slow_deployment(), actual), ignore=[rule], jq=delete)
    assert [(one.rule, one.path) for one in found.hidden] == [
        ("ignore-rule-failed", ""),
        ("app/0", "/spec/replicas"),
    ]
    assert "Unknown: the ignore rule took longer than 2 s" in found.hidden[0].note
    assert process.starts == 2, "the one that hung was killed"


def test_a_path_that_took_too_long_is_not_waited_for_again(process: JqProcess) -> None:
    for _ in range(3):
        with pytest.raises(InputError, match="took longer"):
            delete(slow_deployment(), SLOW)
    assert process.starts == 1


def test_one_process_answers_everything_and_dies_with_whoever_asked(process: JqProcess) -> None:
    large = deployment()
    large["metadata"]["annotations"] = {"big": "é" * 40_000}
    for _ in range(20):
        assert "replicas" not in delete(large, ".spec.replicas")["spec"]
    assert process.starts == 1
    child = process._child
    assert child is not None and child.stdin is not None
    child.stdin.close()
    assert child.wait(20) == 0
    assert "replicas" not in delete(large, ".spec.replicas")["spec"]
    assert process.starts == 2


def test_no_process_is_started_where_there_is_no_path(process: JqProcess) -> None:
    compare(planes(deployment(), deployment()), ignore=[IgnoreRule("a", "apps", "Deployment")], jq=delete)
    assert process.starts == 0
