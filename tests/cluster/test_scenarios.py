"""Every scenario leaves the trail that it promises, so that whoever reads the trail can be judged by it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.cluster.audit import is_dry_run
from tests.cluster.cluster import Cluster
from tests.cluster.scenarios import ALL, BY_NAME, Scenario, Trail, play, undo

pytestmark = pytest.mark.cluster

ACTED = [each.name for each in ALL if each.verb != "commit"]


@pytest.mark.parametrize("name", ACTED)
def test_the_audit_log_names_the_actor_once(trails: dict[str, Trail], name: str) -> None:
    trail = trails[name]
    effective = [
        event
        for event in trail.events
        if event["responseStatus"]["code"] < 300
        and not is_dry_run(event)
        and event["objectRef"]["resource"] == trail.scenario.resource.plural
        and event["objectRef"].get("subresource", "") != "status"
    ]
    assert trail.event in effective
    others = {event["user"]["username"] for event in effective} - {trail.scenario.actor, trail.scenario.after}
    assert others <= {"system:serviceaccount:kube-system:deployment-controller"}


@pytest.mark.parametrize("name", [each.name for each in ALL if each.before])
def test_every_confuser_is_in_the_log_and_changed_nothing(trails: dict[str, Trail], name: str) -> None:
    """A call that kubectl gave up on before it wrote would mislead nobody."""
    harmless = [e for e in trails[name].events if is_dry_run(e) or e["responseStatus"]["code"] in (403, 422)]
    known = 0 if name == "secret-changed" else len(BY_NAME[name].before)
    assert len(harmless) >= known


@pytest.mark.parametrize("name", [each.name for each in ALL if each.manager and each.paths])
def test_the_manager_owns_every_changed_field(trails: dict[str, Trail], name: str) -> None:
    trail = trails[name]
    assert trail.live is not None
    owned = "\n".join(_owned(trail.live, trail.scenario))
    for pointer in trail.scenario.paths:
        assert f'"f:{_field(trail.live, pointer)}"' in owned or f'"name":"{_field(trail.live, pointer)}"' in owned


@pytest.mark.parametrize("name", [each.name for each in ALL if each.paths and each.verb != "delete"])
def test_the_changed_fields_differ_from_what_argocd_wants(
    cluster: Cluster, trails: dict[str, Trail], name: str
) -> None:
    scenario = trails[name].scenario
    target, live = _states(cluster, scenario)
    for pointer in (*scenario.paths, *scenario.hidden):
        assert _at(live, pointer) is not None
        assert _at(target, pointer) != _at(live, pointer)


def test_a_deleted_object_is_gone(trails: dict[str, Trail]) -> None:
    assert trails["configmap-deleted"].live is None


def test_nobody_owns_what_admission_added(trails: dict[str, Trail]) -> None:
    live = trails["sidecar-injected"].live
    assert live is not None
    assert live["spec"]["template"]["spec"]["containers"][1]["name"] == "log-shipper"
    assert "log-shipper" not in json.dumps(live["metadata"]["managedFields"])


def test_hidden_drift_is_really_there(cluster: Cluster, trails: dict[str, Trail]) -> None:
    target, live = _states(cluster, trails["drift-ignored"].scenario)
    assert (target["spec"]["replicas"], live["spec"]["replicas"]) == (2, 6)


def test_a_unit_that_does_not_render_says_so(trails: dict[str, Trail]) -> None:
    conditions = {each["type"] for each in trails["render-failed"].application["status"]["conditions"]}
    assert "ComparisonError" in conditions


def test_children_know_their_parents(cluster: Cluster, trails: dict[str, Trail]) -> None:
    generated = cluster.argocd().application(trails["generated-child"].scenario.unit)
    assert generated["metadata"]["ownerReferences"][0]["kind"] == "ApplicationSet"
    nested = cluster.argocd().application(trails["nested-child"].scenario.unit)
    tracked = nested["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"]
    assert tracked.startswith("platform-root:argoproj.io/Application:")


def test_self_heal_wrote_after_the_person(trails: dict[str, Trail]) -> None:
    trail = trails["healed"]
    assert trail.live is not None
    assert trail.live["spec"]["replicas"] == 2
    later = [e for e in trail.events if e["user"]["username"] == trail.scenario.after]
    assert trail.event is not None
    assert later[-1]["requestReceivedTimestamp"] > trail.event["requestReceivedTimestamp"]


def _states(cluster: Cluster, scenario: Scenario) -> tuple[dict[str, Any], dict[str, Any]]:
    """Target and live state as Argo CD reports them."""
    wanted = {"kind": scenario.resource.kind, "name": scenario.resource.name}
    answer = cluster.argocd().get(f"/api/v1/applications/{scenario.unit}/managed-resources", **wanted)
    item = answer.json()["items"][0]
    return json.loads(item["targetState"]), json.loads(item["liveState"])


def _owned(live: Mapping[str, Any], scenario: Scenario) -> Iterator[str]:
    for entry in live["metadata"]["managedFields"]:
        if entry["manager"] == scenario.manager:
            yield json.dumps(entry["fieldsV1"], separators=(",", ":")).replace('\\"', '"')


def _field(live: Mapping[str, Any], pointer: str) -> str:
    """The last name in `pointer`, as managedFields spell it: a list entry by its key."""
    last = pointer.rpartition("/")[2]
    return str(_at(live, pointer)["name"]) if last.isdigit() else last


def _at(document: Any, pointer: str) -> Any:
    """What `pointer` leads to; None when the way ends early."""
    for part in pointer.split("/")[1:]:
        if isinstance(document, list):
            document = document[int(part)] if int(part) < len(document) else None
        elif isinstance(document, dict):
            document = document.get(part)
        else:
            return None
    return document


def test_what_was_undone_can_happen_again(cluster: Cluster, trails: dict[str, Trail]) -> None:
    for name in ("label-applied", "sidecar-injected", "replicas-by-autoscaler", "render-failed", "env-edited"):
        scenario = trails[name].scenario
        undo(cluster, scenario)
        live = cluster.kube.object(scenario.resource.path)
        assert live is not None
        kept = [pointer for pointer in scenario.paths if _at(live, pointer) == _at(trails[name].live, pointer)]
        assert (name, kept) == (name, [])
        assert play(cluster, scenario).application["status"]["sync"]["status"] == scenario.sync
