"""ResourceSets as far as they are worked out here, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from drifttui.sources.flux import operated
from drifttui.sources.flux.resource_set import named, render
from drifttui.sources.flux.wire import FluxObject, Selector


def made(*resources: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "fluxcd.controlplane.io/v1",
        "kind": "ResourceSet",
        "metadata": {"name": "teams", "namespace": "ops"},
        "spec": {"resources": list(resources), **spec},
    }


def settings(name: str = "team-<< inputs.team >>", **data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "ops"}, "data": data}


@pytest.mark.parametrize(
    ("text", "inputs", "value"),
    [
        ("<< inputs.n >>", {"n": 3}, 3),
        ("<<inputs.n>>", {"n": "3"}, 3),
        ("<< inputs.n >>", {"n": True}, True),
        ("<< inputs.n >>", {"n": "web"}, "web"),
        ("<< inputs.n >>", {"n": "1.4.0"}, "1.4.0"),
        ("web-<< inputs.n >>", {"n": 3}, "web-3"),
        ("r.example.com/<< inputs.a.b >>:1", {"a": {"b": "web"}}, "r.example.com/web:1"),
        ("<< inputs.provider.kind >>", {}, "ResourceSet"),
        ("plain", {}, "plain"),
        ("on", {}, "on"),
    ],
)
def test_a_field_is_what_the_operator_makes_of_it(text: str, inputs: dict[str, Any], value: Any) -> None:
    (one,) = render(made(settings("c", field=text), inputs=[inputs]), ()).objects
    assert one.unknown == ""
    assert one.document["data"] == {"field": value}
    assert type(one.document["data"]["field"]) is type(value)


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("<< inputs.n | quote >>", {"n": "3"}),
        ('<< index inputs "n" >>', {"n": "3"}),
        ("<<- inputs.n >>", {"n": "3"}),
        ("<< if inputs.n >>a<< end >>", {"n": "3"}),
        ("<< inputs.gone >>", {"n": "3"}),
        ("<< inputs.n >>", {"n": 0.5}),
        ("<< inputs.n >>", {"n": {"a": 1}}),
        ("<< inputs.n >>", {"n": None}),
        ("<< inputs.n >>", {"n": "yes"}),
        ("<< inputs.n >>", {"n": "012"}),
        ("<< inputs.n >>", {"n": "1e3"}),
        ("<< inputs.n >>", {"n": "a: b"}),
        ("<< inputs.n >><< inputs.n >>", {"n": 1}),
        ("line\n<< inputs.n >>", {"n": "a"}),
    ],
)
def test_what_is_not_worked_out_is_unknown_and_not_guessed(text: str, inputs: dict[str, Any]) -> None:
    (one,) = render(made(settings("c", field=text), inputs=[inputs]), ()).objects
    assert one.unknown
    assert one.document["data"] == {"field": text}


def test_each_set_of_inputs_makes_an_object_and_the_first_of_a_name_counts() -> None:
    exported = named([{"team": "blue", "n": 9}, {"team": "red", "n": 2}], {"metadata": {"name": "more"}})
    found = render(made(settings(n="<< inputs.n >>"), inputs=[{"team": "blue", "n": 1}]), exported)
    assert found.partial == ""
    assert {one.document["metadata"]["name"]: one.document["data"]["n"] for one in found.objects} == {
        "team-blue": 1,
        "team-red": 2,
    }


def test_labels_of_the_owner_and_what_is_common() -> None:
    common = {"labels": {"a": "1"}, "annotations": {"b": "2"}}
    (one,) = render(made(settings("c"), commonMetadata=common), ()).objects
    assert one.document["metadata"]["labels"] == {
        "resourceset.fluxcd.controlplane.io/name": "teams",
        "resourceset.fluxcd.controlplane.io/namespace": "ops",
        "a": "1",
    }
    assert one.document["metadata"]["annotations"] == {"b": "2"}


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"resourcesTemplate": "a: b"}, "resourcesTemplate"),
        ({"inputStrategy": {"name": "Permute"}}, "permuted"),
        ({"steps": [{"name": "one", "resourcesTemplate": "a: b"}]}, "resourcesTemplate"),
        ({"inputs": [{"team": "x"}], "resources": [settings("<< inputs.team | upper >>")]}, "the name of an object"),
    ],
)
def test_it_says_where_there_may_be_more_than_is_seen(spec: dict[str, Any], why: str) -> None:
    assert why in render(made(**spec), ()).partial


def test_an_object_that_is_filled_from_another_is_unknown_and_one_that_is_disabled_is_left_out() -> None:
    copied, disabled = settings("c"), settings("d")
    copied["metadata"]["annotations"] = {"fluxcd.controlplane.io/copyFrom": "ops/x"}
    disabled["metadata"]["annotations"] = {"fluxcd.controlplane.io/reconcile": "<< inputs.word >>"}
    (one,) = render(made(copied, disabled, inputs=[{"word": "disabled"}]), ()).objects
    assert "copyFrom" in one.unknown


def test_without_any_input_from_its_providers_it_makes_nothing() -> None:
    assert render(made(settings("c"), inputsFrom=[{"name": "none"}]), ()) == ((), "")


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ({"matchLabels": {"tier": "web"}}, True),
        ({"matchLabels": {"tier": "db"}}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "Near"}]}, False),
        ({}, True),
    ],
)
def test_providers_are_selected_as_kubernetes_selects(selector: dict[str, Any], selected: bool) -> None:
    assert operated.selects(msgspec.convert(selector, Selector), {"tier": "web"}) is selected


@pytest.mark.parametrize(
    ("annotations", "kind", "suspended", "seconds"),
    [
        ({}, "ResourceSet", False, 3600),
        ({}, "ResourceSetInputProvider", False, 600),
        ({"fluxcd.controlplane.io/reconcileEvery": "5m"}, "FluxInstance", False, 300),
        ({"fluxcd.controlplane.io/reconcileEvery": "often"}, "FluxInstance", False, 3600),
        ({"fluxcd.controlplane.io/reconcile": "Disabled"}, "ResourceSet", True, 3600),
        ({"fluxcd.controlplane.io/reconcile": "disabled"}, "Kustomization", False, None),
    ],
)
def test_annotations_say_how_often_and_whether(
    annotations: dict[str, str], kind: str, suspended: bool, seconds: int | None
) -> None:
    found = msgspec.convert({"kind": kind, "metadata": {"annotations": annotations}}, FluxObject)
    assert operated.is_suspended(found, kind) is suspended
    every = operated.every(found, kind)
    assert (every.total_seconds() if every else None) == seconds
