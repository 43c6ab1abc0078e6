"""Who holds a field: every co-owner, also inside keyed lists, and nobody for what is gone."""

from __future__ import annotations

from typing import Any

from drifttui.core.ownership import owners

from .objects import managed


def live(*entries: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"managedFields": list(entries), "labels": {"a": "1"}, "finalizers": ["x/y"]},
        "spec": {
            "replicas": 5,
            "args": ["a", "b"],
            "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}],
            "containers": [
                {"name": "web", "image": "web:2", "env": [{"name": 'A"b', "value": "x"}]},
                {"name": "proxy"},
            ],
        },
    }


def names(document: dict[str, Any], path: str) -> list[str]:
    return [owner.manager for owner in owners(document, path)]


def test_every_co_owner_is_named_newest_first_with_its_subresource() -> None:
    document = live(
        managed("argocd-controller", {"f:spec": {"f:replicas": {}}}, "Apply"),
        managed(
            "kube-controller-manager", {"f:spec": {"f:replicas": {}}}, subresource="scale", time="2026-06-01T10:00:00Z"
        ),
    )
    first, second = owners(document, "/spec/replicas")
    assert (first.manager, first.subresource, first.operation) == ("kube-controller-manager", "scale", "Update")
    assert (second.manager, second.operation) == ("argocd-controller", "Apply")
    assert first.time is not None and first.time.isoformat() == "2026-06-01T10:00:00+00:00"


def test_the_owner_of_one_item_is_not_that_of_its_neighbour() -> None:
    web: dict[str, Any] = {".": {}, "f:name": {}, "f:image": {}}
    document = live(
        managed("kubectl-set", {"f:spec": {"f:containers": {'k:{"name":"web"}': web}}}),
        managed("injector", {"f:spec": {"f:containers": {'k:{"name":"proxy"}': {".": {}, "f:name": {}}}}}),
    )
    assert names(document, "/spec/containers/0/image") == ["kubectl-set"]
    assert names(document, "/spec/containers/1") == ["injector"]
    assert names(document, "/spec/containers/1/image") == []


def test_keys_that_the_server_defaults_are_found_where_the_item_leaves_them_out() -> None:
    tcp: dict[str, Any] = {'k:{"containerPort":80,"protocol":"TCP"}': {"f:containerPort": {}}}
    udp: dict[str, Any] = {'k:{"containerPort":80,"protocol":"UDP"}': {"f:containerPort": {}}}
    document = live(managed("a", {"f:spec": {"f:ports": tcp}}), managed("b", {"f:spec": {"f:ports": udp}}))
    assert names(document, "/spec/ports/0/containerPort") == ["a"]
    assert names(document, "/spec/ports/1/containerPort") == ["b"]


def test_names_with_quotes_items_of_sets_and_positions_are_resolved() -> None:
    env: dict[str, Any] = {'k:{"name":"A\\"b"}': {"f:value": {}}}
    document = live(
        managed("e", {"f:spec": {"f:containers": {'k:{ "name" : "web" }': {"f:env": env}}}}),
        managed("f", {"f:metadata": {"f:finalizers": {'v:"x/y"': {}}}}),
        managed("i", {"f:spec": {"f:args": {"i:1": {}}}}),
    )
    assert names(document, "/spec/containers/0/env/0/value") == ["e"]
    assert names(document, "/metadata/finalizers/0") == ["f"]
    assert names(document, "/spec/args/1") == ["i"]
    assert names(document, "/spec/args/0") == []


def test_an_atomic_list_is_held_as_a_whole_and_a_removed_field_by_nobody() -> None:
    document = live(managed("a", {"f:spec": {"f:args": {}}}), managed("b", {"f:metadata": {"f:labels": {".": {}}}}))
    assert names(document, "/spec/args/0") == ["a"]
    assert names(document, "/metadata/labels") == ["b"]
    assert names(document, "/metadata/labels/a") == []
    assert names(document, "/spec/gone") == []


def test_broken_entries_from_outside_do_no_harm() -> None:
    document = live(managed("x", {"f:spec": {"f:containers": {"k:{not json": {}, "k:[1]": {}, "v:{": {}}}}))
    document["metadata"]["managedFields"] += [None, {"manager": 3}, {"fieldsV1": [], "time": "yesterday"}]
    assert names(document, "/spec/containers/0/image") == []
    assert owners({"metadata": {"managedFields": "x"}}, "/spec") == ()
    assert owners({}, "") == ()
