"""Flux: what suspends, what declares that it must not be, and what waits for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drifttui.core.acts import NOTHING
from drifttui.core.json_patch import PatchError
from drifttui.core.pause import Plan
from drifttui.core.pause_plan import plan_pause
from drifttui.core.surroundings import Key, Unread
from tests.core.pause_documents import World, around, flux, held, key, made_by_flux, request, unit_of


def planned(document: dict[str, Any], *owners: Any, **more: Any) -> Plan:
    unit = unit_of(document)
    chain = [each if isinstance(each, Unread) else held(each) for each in owners]
    return plan_pause(around(held(document), *chain, **more), unit, NOTHING, request(unit))


@pytest.mark.parametrize("annotations", [None, {"a": "b"}])
@pytest.mark.parametrize("kind", ["Kustomization", "HelmRelease"])
@pytest.mark.parametrize("suspend", [None, False])
def test_absent_and_false_are_told_apart_and_come_back(suspend: Any, kind: str, annotations: Any) -> None:
    document = flux(kind, "apps", **({} if suspend is None else {"suspend": suspend}))
    if annotations:
        document["metadata"]["annotations"] = annotations
    plan = planned(document)
    (write,) = plan.writes
    assert write.words == f"spec.suspend  {'not set' if suspend is None else 'false'} → true"
    assert write.captured["/spec/suspend"] == ({"absent": True} if suspend is None else False)
    world = World(around(held(document)))
    world.write(write)
    assert world.objects[key(document)]["spec"]["suspend"] is True
    with pytest.raises(PatchError):
        world.write(write)
    world.take_back(write)
    assert world.objects[key(document)] == document


def test_what_is_suspended_cannot_be_paused() -> None:
    plan = planned(flux("Kustomization", "apps", suspend=True))
    assert plan.blocked == ("there is nothing to pause: spec.suspend is true already",)
    assert plan.writes == ()


def test_a_parent_that_does_not_declare_it_leaves_it_alone() -> None:
    plan = planned(made_by_flux(flux("Kustomization", "apps"), "root"), flux("Kustomization", "root"))
    assert plan.undoers == ()
    assert plan.holds
    assert (
        "Kustomization/root made it and leaves spec.suspend alone: Git does not declare it, as of its last apply"
        in plan.effects
    )


@pytest.mark.parametrize("kind", ["Kustomization", "HelmRelease"])
def test_a_parent_that_declares_it_is_told_to_skip_this_one_object(kind: str) -> None:
    document = made_by_flux(flux(kind, "apps", suspend=False), "root", "suspend")
    plan = planned(document, flux("Kustomization", "root"))
    (undoer,) = plan.undoers
    assert (undoer.who, undoer.when, undoer.covered) == ("Kustomization/root", "at its next reconcile, every 10m", 1)
    assert undoer.lever.startswith("the annotation kustomize.toolkit.fluxcd.io/reconcile: disabled")
    assert plan.holds
    world = World(around(held(document)))
    world.carry_out(plan)
    annotations = world.objects[key(document)]["metadata"]["annotations"]
    assert annotations["kustomize.toolkit.fluxcd.io/reconcile"] == "disabled"
    world.take_back(plan.writes[0])
    assert world.objects[key(document)] == document


def test_where_nobody_can_tell_what_is_declared_the_lever_is_taken() -> None:
    document = made_by_flux(flux("Kustomization", "apps"), "root")
    del document["metadata"]["managedFields"]
    plan = planned(document, flux("Kustomization", "root"))
    assert plan.undoers[0].how == "may declare this field of Kustomization/apps"
    assert plan.holds


def test_what_somebody_else_holds_now_may_be_declared_all_the_same() -> None:
    """Until it applies again, whoever updated a field last has taken it out of the parent's entry."""
    document = made_by_flux(flux("Kustomization", "apps", suspend=False), "root")
    ours = {"manager": "drifttui", "operation": "Update", "fieldsV1": {"f:spec": {"f:suspend": {}}}}
    document["metadata"]["managedFields"].append(ours)
    plan = planned(document, flux("Kustomization", "root"))
    assert plan.undoers[0].how == "may declare this field of Kustomization/apps"
    assert plan.holds


def test_a_parent_that_is_suspended_itself_puts_nothing_back() -> None:
    document = made_by_flux(flux("Kustomization", "apps", suspend=False), "root", "suspend")
    plan = planned(document, flux("Kustomization", "root", suspend=True))
    assert plan.undoers == ()
    assert any("suspended itself" in effect for effect in plan.effects)


def test_a_parent_that_cannot_be_read_is_unknown() -> None:
    document = made_by_flux(flux("Kustomization", "apps"), "root")
    plan = planned(document, Unread(Key("kustomize.toolkit.fluxcd.io", "Kustomization", "flux-system", "root"), "403"))
    assert not plan.holds
    assert plan.unknown == ("Kustomization/root owns Kustomization/apps and could not be read: 403",)


@pytest.mark.parametrize(
    ("mode", "when"),
    [("enabled", "at its next reconcile"), ("warn", "at its next upgrade"), (None, "at its next upgrade")],
)
def test_a_release_whose_chart_made_the_unit_is_named(mode: str | None, when: str) -> None:
    document = flux("Kustomization", "apps")
    document["metadata"]["labels"] = {
        "helm.toolkit.fluxcd.io/name": "platform",
        "helm.toolkit.fluxcd.io/namespace": "flux-system",
    }
    release = flux("HelmRelease", "platform", driftDetection={"mode": mode} if mode else {})
    (undoer,) = planned(document, release).undoers
    assert (undoer.who, undoer.when, undoer.covered) == ("HelmRelease/platform", when, 0)


def test_what_depends_on_it_is_named() -> None:
    document = flux("Kustomization", "infra")
    waiting = [
        flux("Kustomization", "apps", dependsOn=[{"name": "infra"}]),
        flux("Kustomization", "far", "other", dependsOn=[{"name": "infra", "namespace": "flux-system"}]),
        flux("Kustomization", "near", "other", dependsOn=[{"name": "infra"}]),
        flux("Kustomization", "free", dependsOn=[{"name": "else"}]),
        flux("HelmRelease", "chart", dependsOn=[{"name": "infra"}]),
        flux("Kustomization", "odd", dependsOn="infra"),
    ]
    plan = planned(document, dependents=tuple(waiting))
    (line,) = [effect for effect in plan.effects if "depend" in effect]
    assert line.startswith("Kustomization/apps, Kustomization/far depend on it: from the next revision")


def test_effects_fit_the_kind() -> None:
    pruning = "\n".join(planned(flux("Kustomization", "apps", prune=True)).effects)
    assert "live changes are no longer undone" in pruning
    assert "no longer deleted" in pruning
    watching = "\n".join(planned(flux("HelmRelease", "mailer", driftDetection={"mode": "warn"})).effects)
    assert "no longer" not in watching
    healing = "\n".join(planned(flux("HelmRelease", "mailer", driftDetection={"mode": "enabled"})).effects)
    assert "live changes are no longer undone" in healing


@pytest.mark.parametrize(
    ("interval", "minutes"), [("40s", 3), ("5m", 15), ("10m0s", 30), ("1h", 30), ("soon", 3), (None, 3)]
)
def test_it_is_watched_for_three_reconciliations_of_the_parent_within_half_an_hour(interval: Any, minutes: int) -> None:
    document = made_by_flux(flux("Kustomization", "apps", suspend=False), "root", "suspend")
    plan = planned(document, flux("Kustomization", "root", interval=interval))
    assert plan.watch_for == timedelta(minutes=minutes)
    assert planned(flux("Kustomization", "alone", interval=interval)).watch_for == timedelta(minutes=3)
