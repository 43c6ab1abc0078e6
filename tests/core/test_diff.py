"""What the comparison calls a change, and what it hides under which rule."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from drifttui.core.diff import compare
from drifttui.core.errors import BadAnswer
from drifttui.core.identity import ResourceRef
from drifttui.core.inspection import IgnoreRule
from drifttui.core.planes import ABSENT, UNKNOWN, Observation, Plane, ThreePlanes
from drifttui.core.pointers import parse, without
from drifttui.core.redact import redact_document
from drifttui.core.rules_kubernetes import RULES

from .objects import KEY, custom, deployment, hidden, managed, paths, planes, with_last_applied, with_managers

ARGO = "argocd-controller"


def edited(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one value set."""
    new = copy.deepcopy(document)
    here: Any = new
    *way, last = parse(path)
    for token in way:
        here = here[int(token)] if isinstance(here, list) else here.setdefault(token, {})
    here[int(last) if isinstance(here, list) else last] = value
    return new


def test_three_planes_stand_beside_a_change_with_its_owner() -> None:
    actual = with_managers(
        edited(deployment(), "/spec/template/spec/containers/0/image", "web:3"),
        managed(
            "kubectl-set",
            {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {"f:image": {}}}}}}},
        ),
    )
    recorded = edited(deployment(), "/spec/template/spec/containers/0/image", "web:0")
    (change,) = compare(planes(deployment(), actual, recorded)).changes
    assert change.path == "/spec/template/spec/containers/0/image"
    assert change.label == "/spec/template/spec/containers[web]/image"
    assert (change.desired, change.recorded, change.actual) == ("web:1", "web:0", "web:3")
    assert [owner.manager for owner in change.owners] == ["kubectl-set"]


def test_merged_and_not_applied_yet_shows_in_three_planes() -> None:
    (change,) = compare(planes(deployment(replicas=4), deployment(), deployment())).changes
    assert (change.desired, change.recorded, change.actual) == (4, 3, 3)


def test_positions_are_those_of_the_actual_plane_and_items_are_matched_by_key() -> None:
    actual = deployment()
    containers = actual["spec"]["template"]["spec"]["containers"]
    containers.reverse()
    containers[1]["env"][1]["value"] = "two"
    found = compare(planes(deployment(), actual))
    (change,) = found.changes
    assert change.path == "/spec/template/spec/containers/1/env/1/value"
    assert change.label == "/spec/template/spec/containers[web]/env[B]/value"
    assert hidden(found)["/spec/template/spec/containers"] == "list-order"


def test_the_order_of_init_containers_is_a_change() -> None:
    steps = [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]
    desired = edited(deployment(), "/spec/template/spec/initContainers", steps)
    actual = edited(deployment(), "/spec/template/spec/initContainers", steps[::-1])
    assert paths(compare(planes(desired, actual))) == ["/spec/template/spec/initContainers"]


def test_a_removed_item_has_its_position_in_the_recorded_plane() -> None:
    actual = deployment()
    del actual["spec"]["template"]["spec"]["containers"][0]["env"][1]
    (change,) = compare(planes(deployment(), actual, deployment())).changes
    assert change.path == "/spec/template/spec/containers/0/env/1"
    assert change.label == "/spec/template/spec/containers[web]/env[B]"
    assert change.actual is ABSENT
    assert change.recorded == {"name": "B", "value": "2"}
    assert change.owners == ()


def test_what_somebody_added_live_is_a_change_and_what_the_deployer_wrote_is_not() -> None:
    actual = edited(edited(deployment(), "/metadata/labels/hotfix", "yes"), "/spec/hostAliasesX", "kept")
    actual = with_managers(
        actual,
        managed("kubectl-label", {"f:metadata": {"f:labels": {"f:hotfix": {}}}}),
        managed(ARGO, {"f:spec": {"f:hostAliasesX": {}}}),
    )
    found = compare(planes(deployment(), actual))
    assert paths(found) == ["/metadata/labels/hotfix"]
    assert hidden(found)["/spec/hostAliasesX"] == "deployer-wrote"


def test_a_field_that_git_dropped_and_the_deployer_applied_is_a_change() -> None:
    actual = edited(deployment(), "/metadata/labels/old", "yes")
    fields: dict[str, Any] = {"f:metadata": {"f:labels": {"f:old": {}}}}
    assert paths(compare(planes(deployment(), with_managers(actual, managed(ARGO, fields, "Apply"))))) == [
        "/metadata/labels/old"
    ]
    once = with_last_applied(with_managers(actual, managed(ARGO, fields)), actual)
    assert paths(compare(planes(deployment(), once))) == ["/metadata/labels/old"]


def test_nobody_holds_what_the_server_filled_in() -> None:
    actual = with_managers(deployment(newField="x"), managed(ARGO, {"f:spec": {"f:replicas": {}}}, "Apply"))
    found = compare(planes(deployment(), actual))
    assert not found.drifted
    assert hidden(found)["/spec/newField"] == "server-filled"


def test_an_injected_sidecar_is_shown_whoever_seems_to_hold_it() -> None:
    actual = deployment()
    actual["spec"]["template"]["spec"]["containers"].insert(0, {"name": "sidecar", "image": "mesh:1"})
    item: dict[str, Any] = {'k:{"name":"sidecar"}': {".": {}, "f:name": {}, "f:image": {}}}
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": item}}}}
    for managers in (managed(ARGO, {"f:spec": {"f:replicas": {}}}, "Apply"), managed(ARGO, fields)):
        (change,) = compare(planes(deployment(), with_managers(actual, managers))).changes
        assert change.label == "/spec/template/spec/containers[sidecar]"


def test_a_label_that_nobody_holds_is_shown() -> None:
    actual = with_managers(edited(deployment(), "/metadata/labels/a", "1"), managed(ARGO, {"f:spec": {}}, "Apply"))
    assert paths(compare(planes(deployment(), actual))) == ["/metadata/labels/a"]


def test_without_managers_an_addition_is_shown_unless_the_annotation_says_who_declared_what() -> None:
    actual = edited(deployment(), "/metadata/labels/extra", "1")
    assert paths(compare(planes(deployment(), actual))) == ["/metadata/labels/extra"]
    found = compare(planes(deployment(), with_last_applied(actual, deployment())))
    assert not found.drifted
    assert hidden(found)["/metadata/labels/extra"] == "unattributed"


def test_a_restart_by_hand_and_a_deletion_under_way_are_never_hidden() -> None:
    actual = edited(deployment(), "/spec/template/metadata/annotations", {"kubectl.kubernetes.io/restartedAt": "now"})
    actual = edited(actual, "/metadata/deletionTimestamp", "2026-05-01T10:00:00Z")
    assert paths(compare(planes(deployment(), with_last_applied(actual, deployment())))) == [
        "/metadata/deletionTimestamp",
        "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt",
    ]


def test_replicas_of_an_autoscaler_stay_visible_with_their_owner_where_git_declares_them() -> None:
    scaled = managed("kube-controller-manager", {"f:spec": {"f:replicas": {}}}, subresource="scale")
    (change,) = compare(planes(deployment(), with_managers(deployment(replicas=9), scaled))).changes
    assert change.path == "/spec/replicas"
    assert change.owners[0].subresource == "scale"


def test_replicas_that_git_leaves_to_an_autoscaler_are_hidden_and_by_hand_they_are_not() -> None:
    desired = deployment()
    del desired["spec"]["replicas"]
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    scaled = with_managers(deployment(replicas=9), managed("kube-controller-manager", fields, subresource="scale"))
    assert hidden(compare(planes(desired, scaled)))["/spec/replicas"] == "autoscaled-replicas"
    by_hand = with_managers(deployment(replicas=9), managed("kubectl", fields, subresource="scale"))
    assert paths(compare(planes(desired, by_hand))) == ["/spec/replicas"]


@pytest.mark.parametrize(
    ("desired", "actual", "rule"),
    [
        ({"limits": {"cpu": 0.5}}, {"limits": {"cpu": "500m"}}, "quantity"),
        ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1024Mi"}}, "quantity"),
        ({"limits": {"memory": "1073741824"}}, {"limits": {"memory": "1Gi"}}, "quantity"),
        ({"requests": {"cpu": "1e3m"}}, {"requests": {"cpu": "1e3m", "memory": None}}, "null-equals-absent"),
    ],
)
def test_spellings_of_one_quantity_are_no_change(desired: Any, actual: Any, rule: str) -> None:
    path = "/spec/template/spec/containers/0/resources"
    found = compare(planes(edited(deployment(), path, desired), edited(deployment(), path, actual)))
    assert not found.drifted
    assert rule in hidden(found).values()


def test_a_real_change_of_a_quantity_is_one() -> None:
    path = "/spec/template/spec/containers/0/resources"
    found = compare(
        planes(
            edited(deployment(), path, {"limits": {"cpu": "1"}}), edited(deployment(), path, {"limits": {"cpu": "1m"}})
        )
    )
    assert paths(found) == [f"{path}/limits/cpu"]


def test_durations_are_equal_in_custom_resources_and_texts_in_a_config_map_are_not() -> None:
    found = compare(planes(custom(timeout="60s"), custom(timeout="1m0s")))
    assert hidden(found) == {"/spec/timeout": "duration"}
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c"},
        "data": {"timeout": "60s", "cpu": "1"},
    }
    other = {**config, "data": {"timeout": "1m0s", "cpu": "1000m"}}
    assert paths(compare(planes(config, other))) == ["/data/cpu", "/data/timeout"]


def test_true_is_not_one_and_nan_is_itself() -> None:
    assert paths(compare(planes(custom(a=True), custom(a=1)))) == ["/spec/a"]
    assert paths(compare(planes(custom(a=[True]), custom(a=[1])))) == ["/spec/a"]
    assert not compare(planes(custom(a=1), custom(a=1.0))).drifted
    assert not compare(planes(custom(a=float("nan")), custom(a=float("nan")))).drifted


def test_an_empty_object_in_a_custom_resource_means_something() -> None:
    found = compare(planes(custom(syncPolicy={"automated": {}}), custom(syncPolicy={})))
    assert paths(found) == ["/spec/syncPolicy/automated"]


def test_empty_labels_say_that_they_exist() -> None:
    actual = edited(deployment(), "/metadata/labels", {"flag": ""})
    assert paths(compare(planes(deployment(), actual))) == ["/metadata/labels/flag"]


def test_a_service_keeps_its_addresses_and_a_changed_port_is_one_change() -> None:
    desired: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "namespace": "shop"},
        "spec": {"ports": [{"name": "http", "port": 80}], "selector": {"app": "web"}},
    }
    actual = copy.deepcopy(desired)
    actual["spec"] |= {
        "clusterIP": "10.0.0.1",
        "clusterIPs": ["10.0.0.1"],
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
        "sessionAffinity": "None",
        "type": "ClusterIP",
    }
    actual["spec"]["ports"] = [{"name": "http", "port": 8080, "protocol": "TCP", "targetPort": 8080, "nodePort": 30001}]
    found = compare(planes(desired, actual))
    (change,) = found.changes
    assert (change.path, change.label) == ("/spec/ports/0/port", "/spec/ports[http]/port")
    assert hidden(found)["/spec/clusterIP"] == "service-address"
    actual["spec"]["externalIPs"] = ["203.0.113.9"]
    assert "/spec/externalIPs" in paths(compare(planes(desired, actual)))


def test_an_injected_bundle_is_hidden_and_one_written_by_hand_is_not() -> None:
    desired = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "h"},
        "webhooks": [{"name": "a.example", "clientConfig": {"service": {"name": "s", "namespace": "n"}}}],
    }
    fields: dict[str, Any] = {"f:webhooks": {'k:{"name":"a.example"}': {"f:clientConfig": {"f:caBundle": {}}}}}
    actual = edited(desired, "/webhooks/0/clientConfig/caBundle", "LS0t")
    path = "/webhooks/0/clientConfig/caBundle"
    injected = compare(planes(desired, with_managers(actual, managed("cainjector", fields))))
    assert hidden(injected)[path] == "ca-bundle" and not injected.drifted
    assert paths(compare(planes(desired, with_managers(actual, managed("kubectl-edit", fields))))) == [path]


def test_rules_of_a_role_show_the_verb_or_the_rule_that_was_added() -> None:
    read = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": [read]}
    wider = {**role, "rules": [{**read, "verbs": ["get", "*"]}]}
    assert paths(compare(planes(role, wider))) == ["/rules/0/verbs"]
    more = {**role, "rules": [read, {**read, "resources": ["secrets"]}]}
    assert paths(compare(planes(role, with_last_applied(more, role)))) == ["/rules/1"]


def test_a_whole_container_of_fields_is_one_change() -> None:
    probe = {"httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}, "periodSeconds": 10}
    actual = edited(deployment(), "/spec/template/spec/containers/0/livenessProbe", probe)
    found = compare(planes(deployment(), actual))
    assert paths(found) == ["/spec/template/spec/containers/0/livenessProbe"]
    assert found.changes[0].actual == probe


def test_a_deleted_object_and_one_that_git_lacks_are_one_change_each() -> None:
    ref = ResourceRef.of(deployment())

    def observed(plane: Plane, document: dict[str, Any] | None) -> Observation:
        return Observation(ref, plane, document, "test", "made up", None)

    gone = ThreePlanes(ref, desired=observed(Plane.DESIRED, deployment()), actual=observed(Plane.ACTUAL, None))
    (change,) = compare(gone).changes
    assert (change.path, change.actual, change.recorded) == ("", ABSENT, UNKNOWN)
    extra = ThreePlanes(ref, desired=observed(Plane.DESIRED, None), actual=observed(Plane.ACTUAL, deployment()))
    assert compare(extra).changes[0].desired is ABSENT
    neither = ThreePlanes(ref, desired=observed(Plane.DESIRED, None), actual=observed(Plane.ACTUAL, None))
    assert not compare(neither).drifted


def test_unknown_planes_are_named_and_one_plane_alone_is_not_clean() -> None:
    found = compare(planes(recorded=deployment(), actual=deployment(replicas=5)))
    assert found.missing == (Plane.DESIRED,)
    assert found.changes[0].desired is UNKNOWN and found.changes[0].recorded == 3
    alone = compare(planes(actual=deployment()))
    assert alone.missing == (Plane.DESIRED, Plane.RECORDED) and not alone.changes


def test_secrets_are_compared_through_data_and_masks_cannot_be() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "Opaque"}
    desired = redact_document({**secret, "stringData": {"a": "one", "b": "two", "c": "x"}}, KEY)
    actual = redact_document({**secret, "data": {"a": "b25l", "b": "dHdvIQ==", "c": "++++++++"}}, KEY)
    found = compare(planes(desired, actual))
    (change,) = found.changes
    assert change.path == "/data/b" and change.sensitive
    assert hidden(found)["/data/c"] == "masked-value"
    assert hidden(found)["/stringData"] == "secret-string-data"
    masked = [{**secret, "data": {"a": "++++++++"}}, {**secret, "data": {"a": "++++++++++++"}}]
    assert paths(compare(planes(*masked))) == ["/data/a"]
    assert not compare(planes(masked[0], masked[0])).drifted


def test_what_an_ignore_rule_hides_is_listed_under_its_id() -> None:
    rules = [
        IgnoreRule("app/0", "apps", "Deployment", json_pointers=("/spec/replicas", "/spec/template/spec/containers")),
        IgnoreRule("app/1", "apps", "StatefulSet", json_pointers=("/spec",)),
        IgnoreRule("app/2", "*", "Deploy*", managers=("kustomize",)),
    ]
    actual = edited(deployment(replicas=9, paused=True), "/spec/template/spec/containers/0/image", "evil:1")
    actual = with_managers(actual, managed("kustomize", {"f:spec": {"f:paused": {}}}))
    found = compare(planes(deployment(paused=False), actual), ignore=rules)
    assert not found.drifted
    assert hidden(found)["/spec/template/spec/containers/0/image"] == "app/0"
    assert hidden(found)["/spec/replicas"] == "app/0"
    assert hidden(found)["/spec/paused"] == "app/2"


def test_an_ignored_part_of_a_new_container_leaves_the_rest_visible() -> None:
    rule = IgnoreRule("r", "apps", "*", json_pointers=("/spec/template/spec/affinity/a",))
    actual = edited(deployment(), "/spec/template/spec/affinity", {"a": {"x": 1}, "b": {"y": 1}})
    found = compare(planes(deployment(), actual), ignore=[rule])
    assert paths(found) == ["/spec/template/spec/affinity/b"]
    assert hidden(found)["/spec/template/spec/affinity/a/x"] == "r"


def test_a_jq_path_hides_what_it_selects_and_a_broken_one_is_reported() -> None:
    def delete(document: dict[str, Any], expression: str) -> dict[str, Any]:
        if expression == "broken":
            raise ValueError("syntax error")
        return dict(without(document, parse(expression)))

    rule = IgnoreRule("jq", "apps", "Deployment", jq_paths=("/spec/template/spec/containers/0", "broken"))
    actual = edited(deployment(replicas=9), "/spec/template/spec/containers/0/image", "evil:1")
    found = compare(planes(deployment(), actual), ignore=[rule], jq=delete)
    assert paths(found) == ["/spec/replicas"]
    assert hidden(found)["/spec/template/spec/containers/0/image"] == "jq"
    failed = [entry for entry in found.hidden if entry.rule == "ignore-rule-failed"]
    assert len(failed) == 1 and "broken" in failed[0].note and "syntax error" in failed[0].note


def test_keys_and_defaults_of_a_custom_resource_come_from_its_schema() -> None:
    desired = custom(routes=[{"host": "a", "w": 1}, {"host": "b", "w": 2}], tags=["x", "y"])
    actual = custom(routes=[{"host": "b", "w": 2}, {"host": "a", "w": 9, "mode": "fast"}], tags=["y", "x"])
    found = compare(
        planes(desired, actual),
        list_keys={"example.com/Widget": {"/spec/routes": ("host",), "/spec/tags": ()}},
        defaults={"example.com/Widget": {"/spec/routes/*/mode": "fast"}},
    )
    assert paths(found) == ["/spec/routes/1/w"]
    assert found.changes[0].label == "/spec/routes[a]/w"
    assert hidden(found) == {
        "/spec/routes": "list-order",
        "/spec/tags": "list-order",
        "/spec/routes/1/mode": "schema-default",
    }


def test_every_rule_that_hides_is_explained_in_one_sentence() -> None:
    assert all(text.endswith(".") and "\n" not in text for text in RULES.values())
    found = compare(planes(deployment(), with_last_applied(deployment(extra="x"), deployment())))
    assert {entry.rule for entry in found.hidden} <= set(RULES)


def test_an_object_is_equal_to_itself_and_every_removal_is_reported() -> None:
    document = deployment(strategy={"type": "Recreate"}, minReadySeconds=5)
    assert compare(planes(document, copy.deepcopy(document))).changes == ()
    assert compare(planes(document, copy.deepcopy(document))).hidden == ()
    for path in every_path(document):
        if path in ("/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/namespace"):
            continue
        actual = without(document, parse(path))
        found = compare(planes(document, actual))
        told = [*paths(found), *hidden(found)]
        assert any(path == one or path.startswith(one + "/") or one.startswith(path) for one in told), path


def every_path(value: Any, here: str = "") -> list[str]:
    if isinstance(value, dict):
        return [p for key, below in value.items() for p in [f"{here}/{key}", *every_path(below, f"{here}/{key}")]]
    if isinstance(value, list):
        return [p for i, below in enumerate(value) for p in [f"{here}/{i}", *every_path(below, f"{here}/{i}")]]
    return []


def test_a_document_nested_beyond_reason_is_one_clear_line() -> None:
    def nested(leaf: int) -> dict[str, Any]:
        value: Any = leaf
        for _ in range(10_000):
            value = {"a": value}
        return custom(a=value)

    with pytest.raises(BadAnswer) as caught:
        compare(planes(nested(1), nested(2)))
    assert "\n" not in caught.value.one_line() and "Widget/w" in caught.value.one_line()


def test_huge_texts_and_odd_shapes_are_compared() -> None:
    assert paths(compare(planes(custom(a="x" * 5_000_000), custom(a="x" * 5_000_000 + "y")))) == ["/spec/a"]
    assert paths(compare(planes(custom(a={"b": 1}), custom(a=[1])))) == ["/spec/a"]
    odd = edited(deployment(), "/spec/template/spec/containers", [1, None, "x", {"image": "y"}])
    assert paths(compare(planes(deployment(), odd))) == ["/spec/template/spec/containers"]
    assert compare(planes(deployment(), {**deployment(), "spec": None})).drifted
