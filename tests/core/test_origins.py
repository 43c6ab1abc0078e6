"""Places that a unit is rendered from, and which key of a file of Helm values gave a field its value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drifttui.core.git import Field
from drifttui.core.git_values import Keys, keys_of
from drifttui.core.origins import Origin, Stated, origins

CHARTS, VALUES = "https://git.example.com/team/charts", "https://git.example.com/team/values"


def test_files_of_values_lie_in_the_source_that_their_name_refers_to() -> None:
    found = origins(
        [
            Stated(CHARTS, "charts/web", values=("values-eu.yaml", "$prod/web/prod.yaml", "/shared.yaml")),
            Stated(VALUES, tracks="main", ref="prod"),
        ],
        ["c1", "v1"],
        ["c0"],
    )
    assert found == (
        Origin(CHARTS, "charts/web", revision="c1", applied="c0", values=("charts/web/values-eu.yaml", "shared.yaml")),
        Origin(VALUES, tracks="main", revision="v1", values=("web/prod.yaml",), renders=False),
    )


def test_a_chart_of_a_registry_has_no_files_of_its_own_and_a_ref_with_a_path_renders() -> None:
    files = ("inside.yaml", "https://example.com/v.yaml", "$unknown/x.yaml", "$values/../../a/./b.yaml", "$values")
    found = origins(
        [Stated("https://charts.example.com", chart=True, values=files), Stated(VALUES, "extra", ref="values")]
    )
    assert [(one.values, one.renders, one.chart) for one in found] == [((), True, True), (("a/b.yaml",), True, False)]


def field(path: str, holds: Any, label: str = "") -> Field:
    return Field(path, label or path, json.dumps(holds))


VALUES_FILE = {
    "replicaCount": 3,
    "image": {"repository": "registry.example.com/shop/web", "tag": "1.4.2", "pullPolicy": "Always"},
    "resources": {"limits": {"memory": "512Mi", "cpu": "2"}, "requests": {"memory": "512Mi"}},
    "service": {"port": 3, "enabled": True},
    "env": [{"name": "LOG_LEVEL", "value": "debug"}],
}
CONTAINER = "/spec/template/spec/containers/0"
WEB = "/spec/template/spec/containers[web]"


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (field("/spec/replicas", 3), ("/replicaCount",)),
        (
            field(f"{CONTAINER}/resources/limits/memory", "512Mi", f"{WEB}/resources/limits/memory"),
            ("/resources/limits/memory",),
        ),
        (field(f"{CONTAINER}/resources/limits/cpu", 2, f"{WEB}/resources/limits/cpu"), ("/resources/limits/cpu",)),
        (field("/spec/ports/0/port", 3, "/spec/ports[3]/port"), ("/service/port",)),
        (field("/spec/strategy/rollingUpdate/maxSurge", 3), ()),
        (field("/spec/replicas", 4), ()),
        (field("/spec/paused", True), ()),
        (Field("/spec/replicas", "/spec/replicas"), ()),
    ],
)
def test_a_key_fits_by_its_value_and_by_a_word(wanted: Field, keys: tuple[str, ...]) -> None:
    assert keys_of(VALUES_FILE, wanted) == Keys(keys)


def test_several_keys_gave_a_part_each_or_fit_alike() -> None:
    image = field(f"{CONTAINER}/image", "registry.example.com/shop/web:1.4.2", f"{WEB}/image")
    found = keys_of(VALUES_FILE, image)
    assert (set(found.pointers), found.together) == ({"/image/repository", "/image/tag"}, True)
    memory = field("/spec/memory", "512Mi")
    found = keys_of(VALUES_FILE, memory)
    assert (len(found.pointers), found.together) == (2, False)


def test_a_part_is_a_part_between_boundaries_only() -> None:
    held = {"image": {"tag": "1.4"}}
    assert keys_of(held, field("/spec/image", "web:1.4.2")) == Keys(("/image/tag",))
    assert keys_of(held, field("/spec/image", "web:11.42")) == Keys()


def test_nothing_odd_in_a_file_is_fatal() -> None:
    deep: Any = 3
    for _ in range(300):
        deep = {"replica": deep}
    assert keys_of(deep, field("/spec/replicas", 3)) == Keys()
    odd: tuple[Any, ...] = (None, [], "x", {"replicas": None}, {1: {2: 3}})
    for held in odd:
        assert keys_of(held, field("/spec/replicas", 3)) == Keys()
