"""Who would put automation back, and what stops them."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest

from drifttui.core.acts import NOTHING
from drifttui.core.json_patch import PatchError
from drifttui.core.pause import Door, Plan
from drifttui.core.pause_covering import IGNORED, entry_for
from drifttui.core.pause_note import NOTE, note_of
from drifttui.core.pause_plan import plan_pause
from drifttui.core.surroundings import MAX_OWNERS, Key, Tracking, Unread, owners_of
from tests.core.pause_documents import (
    World,
    application,
    applicationset,
    around,
    held,
    key,
    made_by_flux,
    made_by_parent,
    made_by_set,
    paused,
    recorded,
    request,
    unit_of,
    write_of,
)
from tests.core.pause_documents import flux as flux_object

ON: dict[str, Any] = {"automated": {}}
HEALS: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}
DECLARES = {"spec": {"syncPolicy": {"automated": {"enabled": True}}}}
LEAVES: dict[str, Any] = {"spec": {"syncPolicy": {"automated": {}}}}


def planned(document: dict[str, Any], *owners: Any, acts: Any = NOTHING, **more: Any) -> Plan:
    unit = unit_of(document)
    chain = [each if isinstance(each, Unread) or hasattr(each, "document") else held(each) for each in owners]
    return plan_pause(around(held(document), *chain, **more), unit, acts, request(unit))


# Who owns what


def test_owners_are_named_by_the_object_itself() -> None:
    assert owners_of(recorded("edge-eu"), Tracking()) == (Key("argoproj.io", "ApplicationSet", "argocd", "regions"),)
    assert owners_of(recorded("dns"), Tracking()) == (Key("argoproj.io", "Application", "argocd", "platform-root"),)
    assert owners_of(recorded("checkout"), Tracking()) == ()


@pytest.mark.parametrize(
    ("annotations", "labels", "tracking", "expected"),
    [
        ({"argocd.argoproj.io/tracking-id": "root:argoproj.io/Application:argocd/web"}, {}, Tracking(), "argocd/root"),
        (
            {"argocd.argoproj.io/tracking-id": "team_root:argoproj.io/Application:argocd/web"},
            {},
            Tracking(),
            "team/root",
        ),
        ({"argocd.argoproj.io/tracking-id": "root:argoproj.io/Application:argocd/copied"}, {}, Tracking(), ""),
        ({"argocd.argoproj.io/tracking-id": "root:apps/Deployment:argocd/web"}, {}, Tracking(), ""),
        ({"argocd.argoproj.io/tracking-id": "nonsense"}, {}, Tracking(), ""),
        ({"argocd.argoproj.io/tracking-id": 5}, {}, Tracking(), ""),
        ({}, {"app.kubernetes.io/instance": "root"}, Tracking(), ""),
        ({}, {"app.kubernetes.io/instance": "root"}, Tracking("app.kubernetes.io/instance"), "argocd/root"),
        ({}, {"app.kubernetes.io/instance": "web"}, Tracking("app.kubernetes.io/instance"), ""),
        ({}, {"app.kubernetes.io/instance": "root"}, Tracking("app.kubernetes.io/instance", "cd"), "cd/root"),
    ],
)
def test_a_parent_counts_only_where_the_child_is_really_its_own(
    annotations: Any, labels: Any, tracking: Tracking, expected: str
) -> None:
    document = application(metadata={"annotations": annotations, "labels": labels})
    found = [f"{each.namespace}/{each.name}" for each in owners_of(document, tracking)]
    assert found == ([expected] if expected else [])


def test_flux_owning_itself_is_nobodys_child() -> None:
    document = made_by_flux(flux_object("Kustomization", "flux-system"), "flux-system")
    assert owners_of(document, Tracking()) == ()


@pytest.mark.parametrize(
    "broken", [None, [], "text", {}, {"metadata": []}, {"metadata": {"ownerReferences": {"a": 1}}}]
)
def test_a_document_that_is_none_has_no_owners(broken: Any) -> None:
    assert owners_of(broken if broken is not None else {}, Tracking()) == ()


# ApplicationSet


def test_the_recorded_child_of_an_applicationset() -> None:
    child, parent = recorded("edge-eu"), recorded("regions", "applicationsets")
    plan = planned(child, parent)
    (undoer,) = plan.undoers
    assert (undoer.who, undoer.when, undoer.covered) == (
        "ApplicationSet/regions",
        "at once: it watches its Applications",
        1,
    )
    assert plan.holds
    assert [(write.target.kind, write.target.name) for write in plan.writes] == [
        ("ApplicationSet", "regions"),
        ("Application", "edge-eu"),
    ]
    assert plan.writes[0].patch[1:] == (
        {"op": "test", "path": IGNORED, "value": None},
        {"op": "add", "path": IGNORED, "value": [entry_for("edge-eu")]},
    )
    note = note_of(next(each["value"] for each in [_made(child, parent, plan)]))
    assert note is not None
    assert [(kept.target.name, kept.captured) for kept in note.owners] == [("regions", {IGNORED: {"absent": True}})]


def _made(child: dict[str, Any], parent: dict[str, Any], plan: Plan) -> dict[str, Any]:
    world = World(around(held(child), held(parent)))
    world.carry_out(plan)
    return {"value": world.objects[key(child)]}


OTHERS: list[Any] = [
    [],
    [{"jsonPointers": ["/spec/source/targetRevision"]}],
    [{"name": "other", "jsonPointers": ["/spec/syncPolicy/automated"]}],
    [{"jqPathExpressions": [".spec.source.helm.values"]}, {"name": "third", "jsonPointers": ["/spec"]}],
]


@pytest.mark.parametrize("before", [None, *OTHERS])
def test_its_list_is_added_to_and_comes_back_exactly(before: Any) -> None:
    child = made_by_set(application(policy=ON))
    parent = applicationset()
    if before is not None:
        parent["spec"]["ignoreApplicationDifferences"] = before
    world = World(around(held(child), held(parent)))
    plan = planned(child, parent)
    world.carry_out(plan)
    now = world.objects[key(parent)]["spec"]["ignoreApplicationDifferences"]
    assert now == [*(before or []), entry_for("web")]
    for write in reversed(plan.writes):
        world.take_back(write)
    assert world.objects[key(parent)] == parent
    assert world.objects[key(child)]["spec"] == child["spec"]


def test_an_entry_that_somebody_else_adds_in_between_refuses_the_write() -> None:
    child, parent = made_by_set(application(policy=ON)), applicationset()
    plan = planned(child, parent)
    world = World(around(held(child), held(parent)))
    world.objects[key(parent)]["spec"]["ignoreApplicationDifferences"] = [{"jsonPointers": ["/spec/project"]}]
    with pytest.raises(PatchError):
        world.write(plan.writes[0])


def test_our_entry_comes_out_again_also_beside_one_that_came_later() -> None:
    child, parent = made_by_set(application(policy=ON)), applicationset(ignoreApplicationDifferences=OTHERS[1])
    plan = planned(child, parent)
    world = World(around(held(child), held(parent)))
    world.carry_out(plan)
    later = {"jsonPointers": ["/spec/project"]}
    world.objects[key(parent)]["spec"]["ignoreApplicationDifferences"].append(later)
    world.take_back(plan.writes[0])
    assert world.objects[key(parent)]["spec"]["ignoreApplicationDifferences"] == [*OTHERS[1], later]


@pytest.mark.parametrize(
    ("rule", "covers"),
    [
        ({"jsonPointers": ["/spec/syncPolicy"]}, True),
        ({"jsonPointers": ["/spec/syncPolicy/automated"]}, True),
        ({"name": "web", "jsonPointers": ["/spec/syncPolicy/automated/enabled"]}, True),
        ({"jqPathExpressions": [".spec.syncPolicy"]}, True),
        ({"jqPathExpressions": [".spec.syncPolicy.automated"]}, True),
        ({"jqPathExpressions": [".spec.syncPolicy | select(.x)"]}, False),
        ({"name": "other", "jsonPointers": ["/spec/syncPolicy"]}, False),
        ({"jsonPointers": ["/spec/syncPolicy/syncOptions"]}, False),
        ({"jsonPointers": ["/spec/syncPol"]}, False),
        ({"jsonPointers": ["spec"]}, False),
        ({"jsonPointers": None}, False),
        ("nonsense", False),
    ],
)
def test_a_rule_that_covers_the_field_holds_already(rule: Any, covers: bool) -> None:
    child, parent = made_by_set(application(policy=ON)), applicationset(ignoreApplicationDifferences=[rule])
    plan = planned(child, parent)
    assert plan.holds
    assert [write.target.kind for write in plan.writes] == (
        ["Application"] if covers else ["ApplicationSet", "Application"]
    )
    if covers:
        assert plan.undoers == ()
        assert any("already ignores this field" in effect for effect in plan.effects)


@pytest.mark.parametrize("keeps", [False, True])
def test_an_annotation_that_the_applicationset_strips_is_not_written(keeps: bool) -> None:
    """Its controller replaces all annotations by the template's, but for those it is told to preserve."""
    child = made_by_set(application(policy=ON))
    parent = applicationset(ignoreApplicationDifferences=[{"jsonPointers": ["/spec/syncPolicy"]}])
    if keeps:
        parent["spec"]["preservedFields"] = {"annotations": [NOTE]}
    plan = planned(child, parent)
    written = [each["path"] for each in plan.writes[0].patch if each["op"] == "add"]
    assert ("/metadata/annotations" in written) is keeps
    assert any("stay in the ledger only" in effect for effect in plan.effects) is not keeps


@pytest.mark.parametrize(
    ("own", "parameters", "writes", "optional"),
    [
        ("create-only", {}, False, None),
        ("create-delete", {}, False, None),
        ("sync", {}, True, False),
        ("create-update", {}, True, False),
        ("", {}, True, False),
        ("create-only", {"applicationsetcontroller.policy": "sync"}, True, False),
        (
            "create-only",
            {"applicationsetcontroller.policy": "sync", "applicationsetcontroller.enable.policy.override": "true"},
            False,
            None,
        ),
        ("", {"applicationsetcontroller.policy": "create-only"}, False, None),
        ("sync", {"applicationsetcontroller.policy": "create-only"}, False, None),
        ("create-only", None, True, True),
        ("", None, True, False),
    ],
)
def test_its_policy_counts_only_where_the_controller_lets_it(
    own: str, parameters: Any, writes: bool, optional: bool | None
) -> None:
    child = made_by_set(application(policy=ON))
    parent = applicationset()
    if own:
        parent["spec"]["syncPolicy"] = {"applicationsSync": own}
    plan = planned(child, parent, parameters=parameters)
    assert plan.holds
    found = [write.optional for write in plan.writes if write.target.kind == "ApplicationSet"]
    assert found == ([optional] if writes else [])


def test_a_rolling_sync_is_no_matter_of_automation() -> None:
    child, parent = made_by_set(application(policy=ON)), applicationset(strategy={"type": "RollingSync"})
    plan = planned(child, parent)
    assert [(each.who, each.covered) for each in plan.undoers] == [
        ("ApplicationSet/team (RollingSync)", 0),
        ("ApplicationSet/team", 1),
    ]
    assert not plan.holds


def test_through_rest_alone_its_lever_is_out_of_reach_and_said_to_be() -> None:
    child = made_by_set(application(policy=ON))
    unit = unit_of(child)
    chain = around(held(child, door=Door.ARGOCD), held(applicationset(), door=Door.ARGOCD))
    plan = plan_pause(chain, unit, NOTHING, request(unit))
    assert [write.target.kind for write in plan.writes] == ["Application"]
    assert plan.undoers[0].covered == 0
    assert "--argocd-cluster" in plan.undoers[0].lever
    assert not plan.holds
    assert not any(each["path"].startswith("/metadata/annotations") for each in plan.writes[0].patch)


def test_a_right_that_is_missing_above_leaves_the_undoer_uncovered() -> None:
    child, parent = made_by_set(application(policy=ON)), held(applicationset(), may=False)
    plan = planned(child, parent)
    assert plan.blocked == ()
    assert "missing permission: patch applicationsets.argoproj.io in argocd" in plan.undoers[0].lever
    assert not plan.holds


# App of apps


def test_the_recorded_child_keeps_what_its_parents_git_does_not_declare() -> None:
    """A three-way apply leaves added fields alone: Argo CD was watched doing so through its reconciliations."""
    child, parent = recorded("dns"), recorded("platform-root")
    assert parent["spec"]["syncPolicy"]["automated"]["selfHeal"] is True
    plan = planned(child, parent)
    assert plan.undoers == ()
    assert plan.holds
    assert [write.target.name for write in plan.writes] == ["dns"]
    assert any("leaves spec.syncPolicy.automated.enabled alone" in effect for effect in plan.effects)


def test_on_an_older_server_the_same_child_is_put_back_at_once_and_its_parent_is_paused() -> None:
    child, parent = recorded("dns"), recorded("platform-root")
    plan = planned(child, parent, enabled_known=False, enabled_proof="Argo CD v3.0.9")
    (undoer,) = plan.undoers
    assert (undoer.who, undoer.when, undoer.lever, undoer.covered) == (
        "Application/platform-root (self-heal)",
        "at once, by self-heal",
        "pausing Application/platform-root, too",
        1,
    )
    assert [(write.target.name, write.optional) for write in plan.writes] == [("platform-root", True), ("dns", False)]
    assert any("nothing that it makes is synced by it: dns, ingress" in effect for effect in plan.effects)
    assert plan._replace(writes=(plan.writes[0]._replace(skipped=True), plan.writes[1])).holds is False


@pytest.mark.parametrize(
    ("policy", "manifest", "more", "when"),
    [
        (HEALS, DECLARES, {}, "at once, by self-heal"),
        (HEALS, None, {}, "at once, by self-heal"),
        (ON, DECLARES, {}, "at its next sync, when a new revision comes"),
        (HEALS, LEAVES, {"syncOptions": ["Replace=true"]}, "at its next sync, when a new revision comes"),
        (HEALS, LEAVES, {}, ""),
        ({"automated": {"enabled": False, "selfHeal": True}}, DECLARES, {}, ""),
        ({}, DECLARES, {}, ""),
    ],
)
def test_when_a_parent_puts_it_back(policy: Any, manifest: Any, more: Any, when: str) -> None:
    parent = application("root", policy={**policy, **more})
    child = made_by_parent(application(policy=ON), "root", manifest)
    plan = planned(child, parent)
    assert [undoer.when for undoer in plan.undoers] == ([when] if when else [])
    assert plan.holds


def test_server_side_apply_says_exactly_what_is_declared() -> None:
    child = made_by_parent(application(policy=ON), "root", DECLARES)
    applied_fields: dict[str, Any] = {"f:spec": {"f:syncPolicy": {"f:automated": {}}}}
    child["metadata"]["managedFields"] = [
        {"manager": "argocd-controller", "operation": "Apply", "fieldsV1": applied_fields}
    ]
    assert planned(child, application("root", policy=HEALS)).undoers == ()
    applied_fields["f:spec"]["f:syncPolicy"]["f:automated"] = {"f:enabled": {}}
    assert len(planned(child, application("root", policy=HEALS)).undoers) == 1


def test_replace_on_the_child_alone_replaces_it_too_and_takes_the_annotation() -> None:
    child = made_by_parent(application(policy=ON), "root", LEAVES)
    child["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] = "Prune=false, Replace=true"
    plan = planned(child, application("root", policy=HEALS))
    assert plan.undoers[0].how == "made Application/web, and it syncs with Replace=true"
    assert not any(each["path"].endswith("drifttui.dev~1pause") for each in write_of(plan, "web").patch)


@pytest.mark.parametrize(
    ("rule", "options", "when"),
    [
        ({"jsonPointers": ["/spec/syncPolicy"]}, ["RespectIgnoreDifferences=true"], ""),
        ({"jsonPointers": ["/spec/syncPolicy"]}, [], "at its next sync, when a new revision comes"),
        ({"name": "other", "jsonPointers": ["/spec"]}, ["RespectIgnoreDifferences=true"], "at once, by self-heal"),
        ({"namespace": "other", "jsonPointers": ["/spec"]}, ["RespectIgnoreDifferences=true"], "at once, by self-heal"),
        ({"kind": "AppProject", "jsonPointers": ["/spec"]}, ["RespectIgnoreDifferences=true"], "at once, by self-heal"),
        ({"group": "*", "kind": "*", "jqPathExpressions": [".spec"]}, ["RespectIgnoreDifferences=true"], ""),
    ],
)
def test_rules_of_the_parent_that_cover_the_field_hold(rule: Any, options: list[str], when: str) -> None:
    parent = application("root", policy={**HEALS, "syncOptions": options})
    parent["spec"]["ignoreDifferences"] = [{"group": "argoproj.io", "kind": "Application", **rule}]
    plan = planned(made_by_parent(application(policy=ON), "root", DECLARES), parent)
    assert [undoer.when for undoer in plan.undoers] == ([when] if when else [])


def test_a_chain_is_written_from_its_top() -> None:
    child = made_by_parent(application(policy=ON), "mid", DECLARES)
    mid = made_by_parent(application("mid", policy=HEALS), "root", DECLARES)
    root = made_by_set(application("root", policy=HEALS))
    plan = planned(child, mid, root, applicationset())
    assert [(write.number, write.target.name) for write in plan.writes] == [
        (1, "team"),
        (2, "root"),
        (3, "mid"),
        (4, "web"),
    ]
    assert [(undoer.who, undoer.covered) for undoer in plan.undoers] == [
        ("Application/mid (self-heal)", 3),
        ("Application/root (self-heal)", 2),
        ("ApplicationSet/team", 1),
    ]
    assert plan.holds
    world = World(around(held(child), held(mid), held(root), held(applicationset())))
    before = copy.deepcopy(world.objects)
    world.carry_out(plan)
    notes = {place.name: note_of(each) for place, each in world.objects.items()}
    assert {name: note.unit for name, note in notes.items() if note} == dict.fromkeys(
        ("web", "mid", "root"), "argocd/argocd:prod/argocd/web"
    )
    for write in reversed(plan.writes):
        world.take_back(write)
    assert {place: each["spec"] for place, each in world.objects.items()} == {
        place: each["spec"] for place, each in before.items()
    }


def test_an_applicationset_that_a_parent_declares_is_guarded_by_pausing_the_parent() -> None:
    child = made_by_set(application(policy=ON))
    parent = made_by_parent(applicationset(), "root", {"spec": {"ignoreApplicationDifferences": []}})
    plan = planned(child, parent, application("root", policy=HEALS))
    assert [write.target.name for write in plan.writes] == ["root", "team", "web"]
    loose = made_by_parent(applicationset(), "root", {"spec": {"generators": []}})
    assert [write.target.name for write in planned(child, loose, application("root", policy=HEALS)).writes] == [
        "team",
        "web",
    ]


def test_two_ways_up_that_meet_write_their_owner_once() -> None:
    child = made_by_set(made_by_parent(application(policy=ON), "root", DECLARES))
    parent = made_by_parent(applicationset(), "root", {"spec": {"ignoreApplicationDifferences": []}})
    plan = planned(child, parent, application("root", policy=HEALS))
    assert [write.target.name for write in plan.writes] == ["root", "team", "web"]
    assert {undoer.covered for undoer in plan.undoers} == {1, 2}


def test_a_circle_ends_and_is_told() -> None:
    one = made_by_parent(application("one", policy=HEALS), "two", DECLARES)
    two = made_by_parent(application("two", policy=HEALS), "one", DECLARES)
    plan = planned(one, two)
    assert plan.unknown == ("Application/one is its own owner, further up: nobody can tell who wins",)
    assert not plan.holds


def test_a_chain_without_end_is_not_followed_for_ever() -> None:
    names = [f"a{number}" for number in range(30)]
    chain = [made_by_parent(application(name, policy=HEALS), above, DECLARES) for name, above in pairwise(names)]
    plan = planned(chain[0], *chain[1:])
    assert f"there are more than {MAX_OWNERS} levels of owners above" in plan.unknown
    assert len(plan.writes) <= MAX_OWNERS + 1


# Owners that could not be read, and others


def test_an_owner_that_cannot_be_read_is_unknown_and_not_harmless() -> None:
    child = made_by_set(application(policy=ON))
    plan = planned(child, Unread(Key("argoproj.io", "ApplicationSet", "argocd", "team"), "403 Forbidden"))
    assert plan.unknown == ("ApplicationSet/team owns Application/web and could not be read: 403 Forbidden",)
    assert plan.undoers[0].covered == 0
    assert not plan.holds


def test_an_owner_that_is_gone_undoes_nothing() -> None:
    child = made_by_parent(application(policy=ON), "gone", DECLARES)
    plan = planned(child, Unread(Key("argoproj.io", "Application", "argocd", "gone"), "404", gone=True))
    assert plan.undoers == ()
    assert plan.holds


@pytest.mark.parametrize("manager", ["Terraform", "HashiCorp-Terraform", "opentofu"])
def test_terraform_is_named_and_nothing_here_stops_it(manager: str) -> None:
    document = application(policy=ON)
    fields: dict[str, Any] = {"f:spec": {"f:syncPolicy": {"f:automated": {"f:prune": {}}}}}
    document["metadata"]["managedFields"] = [{"manager": manager, "operation": "Apply", "fieldsV1": fields}]
    plan = planned(document)
    assert [(each.who, each.when, each.lever, each.covered) for each in plan.undoers] == [
        ("Terraform", "at its next apply", "", 0)
    ]
    assert not plan.holds


def test_an_application_that_flux_declares_is_skipped_by_flux() -> None:
    document = made_by_flux(application(policy=ON), "apps", "syncPolicy")
    document["metadata"]["managedFields"][0]["fieldsV1"] = {
        "f:spec": {"f:syncPolicy": {"f:automated": {"f:enabled": {}}}}
    }
    plan = planned(document, flux_object("Kustomization", "apps"))
    (write,) = plan.writes
    assert plan.holds
    world = World(around(held(document)))
    world.carry_out(plan)
    annotations = world.objects[key(document)]["metadata"]["annotations"]
    assert annotations["kustomize.toolkit.fluxcd.io/reconcile"] == "disabled"
    world.take_back(write)
    assert world.objects[key(document)] == document


# Pauses that share a parent


def test_a_parent_that_another_pause_holds_is_leant_on() -> None:
    root = application("root", policy=HEALS)
    one = made_by_parent(application("one", policy=ON), "root", DECLARES)
    two = made_by_parent(application("two", policy=ON), "root", DECLARES)
    first = planned(one, root)
    world = World(around(held(one), held(root), held(two)))
    world.carry_out(first)
    unit = unit_of(two)
    again = world.around(around(held(two), held(root)))
    second = plan_pause(again, unit, paused(first), request(unit, "second000000"))
    assert [(write.target.name, write.skipped, write.optional) for write in second.writes] == [
        ("root", True, False),
        ("two", False, False),
    ]
    assert second.writes[0].captured == first.writes[0].captured
    assert "Application/root is paused already; it stays so until this pause ends as well" in second.effects


def test_a_colleagues_pause_of_the_parent_is_told_with_its_end() -> None:
    root = application("root", policy=HEALS)
    child = made_by_parent(application(policy=ON), "root", DECLARES)
    world = World(around(held(root), held(child)))
    world.carry_out(planned(root))
    unit = unit_of(child)
    plan = plan_pause(world.around(around(held(child), held(root))), unit, NOTHING, request(unit, "second000000"))
    assert any(
        "alice@laptop's pause aa11bb22cc33, until 2026-03-01 07:00 UTC: when it ends" in effect
        for effect in plan.effects
    )


def test_a_child_that_needs_no_paused_parent_does_not_keep_it_paused() -> None:
    root = application("root", policy=HEALS)
    needs = made_by_parent(application("needs", policy=ON), "root", DECLARES)
    free = made_by_parent(application("free", policy=ON), "root", LEAVES)
    first = planned(needs, root)
    world = World(around(held(needs), held(root)))
    world.carry_out(first)
    unit = unit_of(free)
    now = around(held(free), held(world.objects[key(root)]))
    plan = plan_pause(now, unit, paused(first), request(unit, "second000000"))
    assert [write.target.name for write in plan.writes] == ["free"]
    assert plan.holds
