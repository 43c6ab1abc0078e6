"""The end of a pause: exactly what was taken comes back, changes by others are not overwritten, shared steps stay."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest

from drifttui.core.acts import NOTHING, Acts, PauseState
from drifttui.core.finding import Change, Finding, PlaneStamp
from drifttui.core.identity import ResourceRef
from drifttui.core.pause import Plan, Purpose
from drifttui.core.pause_covering import IGNORED
from drifttui.core.pause_json import plan_from, plan_json
from drifttui.core.pause_note import note_of
from drifttui.core.pause_plan import plan_pause
from drifttui.core.planes import ABSENT, Plane
from drifttui.core.resume_plan import owner_keys, plan_resume
from drifttui.core.surroundings import Surroundings, Unread
from tests.core.pause_documents import (
    AT,
    World,
    application,
    applicationset,
    around,
    flux,
    held,
    key,
    made_by_flux,
    made_by_parent,
    made_by_set,
    paused,
    recorded,
    request,
    unit_of,
)

HEALS: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["CreateNamespace=true"]}
ON: dict[str, Any] = {"automated": {}}
DECLARES = {"spec": {"syncPolicy": {"automated": {"enabled": True}}}}


class Paused:
    """A world in which one unit was paused as its plan says."""

    def __init__(self, document: dict[str, Any], *owners: dict[str, Any], **more: Any) -> None:
        self.document, self.unit = document, unit_of(document)
        self.before = around(held(document), *(held(each) for each in owners), **more)
        self.plan = plan_pause(self.before, self.unit, NOTHING, request(self.unit))
        assert self.plan.blocked == ()
        self.world = World(self.before)
        self.world.carry_out(self.plan)
        self.acts = paused(self.plan)

    @property
    def now(self) -> Surroundings:
        return self.world.around(self.before)

    @property
    def object(self) -> dict[str, Any]:
        return self.world.objects[key(self.document)]

    def resume(self, acts: Acts | None = None, **more: Any) -> Plan:
        asked = request(self.unit, "resume000000", at=AT + timedelta(hours=1), reason="")
        return plan_resume(self.now, self.unit, self.acts if acts is None else acts, asked, **more)


FLUX = made_by_flux(flux("Kustomization", "apps", suspend=False), "root", "suspend")
CASES: list[tuple[str, list[dict[str, Any]], dict[str, Any]]] = [
    ("plain", [application(policy=HEALS)], {}),
    ("bare", [application(policy=ON)], {}),
    ("older", [application(policy=HEALS)], {"enabled_known": False}),
    ("older bare", [application(policy=ON)], {"enabled_known": False}),
    ("enabled", [application(policy={"automated": {"enabled": True}})], {}),
    ("recorded", [recorded("sessions")], {}),
    ("generated", [recorded("edge-eu"), recorded("regions", "applicationsets")], {}),
    ("nested", [recorded("dns"), recorded("platform-root")], {"enabled_known": False}),
    ("empty list", [made_by_set(application(policy=ON)), applicationset(ignoreApplicationDifferences=[])], {}),
    (
        "others",
        [made_by_set(application(policy=ON)), applicationset(ignoreApplicationDifferences=[{"jsonPointers": ["/a"]}])],
        {},
    ),
    (
        "chain",
        [
            made_by_parent(application(policy=ON), "mid", DECLARES),
            made_by_parent(application("mid", policy=HEALS), "root", DECLARES),
            made_by_set(application("root", policy=HEALS)),
            applicationset(),
        ],
        {},
    ),
    ("kustomization", [flux("Kustomization", "apps", prune=True)], {}),
    ("kustomization false", [flux("Kustomization", "apps", suspend=False)], {}),
    ("kustomization declared", [FLUX, flux("Kustomization", "root")], {}),
    ("release", [flux("HelmRelease", "mailer", "store", driftDetection={"mode": "enabled"})], {}),
]


@pytest.mark.parametrize("colleague", [False, True], ids=["ledger", "annotation"])
@pytest.mark.parametrize(("objects", "more"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_pause_and_resume_leave_everything_as_it_was(objects: Any, more: Any, colleague: bool) -> None:
    there = Paused(*copy.deepcopy(objects), **more)
    plan = there.resume(NOTHING if colleague else None)
    assert plan.blocked == ()
    assert plan.purpose is Purpose.RESUME
    assert plan.pause == ("" if colleague else there.plan.id)
    assert plan_from(plan_json(plan)) == plan
    names = [write.target for write in there.plan.writes]
    assert [write.target for write in plan.writes] == names[::-1]
    paused_then = copy.deepcopy(there.world.objects)
    there.world.carry_out(plan)
    assert there.world.objects == {key(each): each for each in objects}
    for write in reversed(plan.writes):
        there.world.take_back(write)
    assert there.world.objects == paused_then


@pytest.mark.parametrize(("before", "now"), [(None, False), (False, None)])
def test_a_suspension_that_somebody_ended_their_way_comes_back_as_it_was(before: Any, now: Any) -> None:
    """`flux resume` takes the field out; an editor sets it to false."""
    document = copy.deepcopy(FLUX)
    if before is None:
        del document["spec"]["suspend"]
    there = Paused(copy.deepcopy(document), flux("Kustomization", "root"))
    there.object["spec"] |= {"suspend": now}
    if now is None:
        del there.object["spec"]["suspend"]
    plan = there.resume()
    assert plan.blocked == ()
    assert plan.now[1].startswith(f"paused for {there.plan.reason}, until ")
    there.world.carry_out(plan)
    assert there.object == document


def test_without_a_pause_there_is_nothing_to_resume() -> None:
    unit = unit_of(application(policy=ON))
    plan = plan_resume(around(held(application(policy=ON))), unit, NOTHING, request(unit))
    assert plan.blocked == ("there is no pause of drifttui here: neither the ledger nor an annotation tells of one",)
    assert plan.writes == ()


# Changed meanwhile


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({"enabled": False, "prune": False, "selfHeal": True}, ["prune  true → false"]),
        ({"enabled": False, "prune": True}, ["selfHeal  true → not set"]),
        ({"enabled": True, "prune": True, "selfHeal": True}, ["enabled  false → true"]),
        ({"enabled": False, "prune": True, "selfHeal": True, "allowEmpty": True}, ["allowEmpty  not set → true"]),
        ({"prune": False}, ["prune  true → false", "selfHeal  true → not set", "enabled  false → not set"]),
    ],
)
def test_a_policy_that_somebody_changed_is_not_overwritten(change: Any, lines: list[str]) -> None:
    there = Paused(application(policy=HEALS))
    there.object["spec"]["syncPolicy"]["automated"] = change
    plan = there.resume()
    prefix = "Application/web was changed since the pause: spec.syncPolicy.automated"
    assert list(plan.blocked) == [f"{prefix}.{line}" for line in lines]
    assert plan.writes == ()


def test_a_policy_that_somebody_took_out_is_not_brought_back() -> None:
    there = Paused(application(policy=HEALS))
    del there.object["spec"]["syncPolicy"]["automated"]
    assert there.resume().blocked == (
        "Application/web was changed since the pause: spec.syncPolicy.automated "
        " {prune: true, selfHeal: true, enabled: false} → not set",
    )


def test_what_somebody_restored_already_leaves_the_rest_to_be_tidied_up() -> None:
    there = Paused(made_by_set(application(policy=HEALS)), applicationset())
    there.object["spec"]["syncPolicy"] = copy.deepcopy(HEALS)
    plan = there.resume(paused(there.plan, state=PauseState.UNDONE))
    assert plan.blocked == ()
    assert [write.words for write in plan.writes] == [
        "the annotation of the pause is removed",
        "spec.ignoreApplicationDifferences  1 → 0 entries: ours for web goes",
    ]
    assert "Application/web: spec.syncPolicy.automated is as it was before the pause, somebody put it back" in (
        plan.effects
    )
    there.world.carry_out(plan)
    assert there.world.objects[key(applicationset())] == applicationset()


def test_what_is_wholly_restored_leaves_nothing_to_do() -> None:
    there = Paused(application(policy=HEALS))
    there.world.take_back(there.plan.writes[0])
    assert there.resume().blocked == ("there is nothing left to give back: somebody did it already",)


def test_an_object_made_anew_is_not_given_another_ones_policy() -> None:
    there = Paused(application(policy=HEALS))
    there.object["metadata"]["uid"] = "another"
    assert there.resume().blocked == (
        "Application/web was made anew since the pause: what it was before is no longer its own",
    )


def test_other_parts_of_the_policy_are_left_as_somebody_set_them() -> None:
    there = Paused(application(policy=HEALS))
    there.object["spec"]["syncPolicy"]["syncOptions"] = ["Validate=false"]
    there.world.carry_out(there.resume())
    assert there.object["spec"]["syncPolicy"] == {"automated": HEALS["automated"], "syncOptions": ["Validate=false"]}


def test_an_owner_that_somebody_changed_refuses_the_whole_plan() -> None:
    root = application("root", policy=HEALS)
    there = Paused(made_by_parent(application(policy=ON), "root", DECLARES), root)
    there.world.objects[key(root)]["spec"]["syncPolicy"]["automated"]["prune"] = False
    plan = there.resume()
    assert plan.blocked == (
        "Application/root was changed since the pause: spec.syncPolicy.automated.prune  true → false",
    )


def test_an_owner_that_cannot_be_read_any_more_is_unknown() -> None:
    there = Paused(made_by_set(application(policy=ON)), applicationset())
    assert [place.name for place in owner_keys(there.now, there.unit, there.acts)] == ["team"]
    blind = around(there.now.unit, Unread(key(applicationset()), "403 Forbidden"))
    plan = plan_resume(blind, there.unit, there.acts, request(there.unit, "resume000000"))
    assert plan.unknown == ("ApplicationSet/team was written for this pause and could not be read: 403 Forbidden",)
    assert [write.target.name for write in plan.writes] == ["web"]


def test_an_entry_that_is_gone_is_told() -> None:
    there = Paused(made_by_set(application(policy=ON)), applicationset())
    del there.world.objects[key(applicationset())]["spec"]["ignoreApplicationDifferences"]
    plan = there.resume()
    assert "ApplicationSet/team does not ignore automation of web any more" in plan.effects
    assert plan.blocked == ()


def test_what_may_not_be_written_is_not_offered() -> None:
    there = Paused(made_by_set(application(policy=ON)), applicationset())
    refused = around(there.now.unit._replace(may=False), *(each for each in there.now.owners.values()))
    assert plan_resume(refused, there.unit, there.acts, request(there.unit)).blocked == (
        "missing permission: patch applications.argoproj.io in argocd",
    )


def test_a_later_annotation_counts_more_than_an_old_ledger() -> None:
    there = Paused(application(policy=HEALS))
    later = request(there.unit, "later0000000", by="bob@desk", at=AT + timedelta(minutes=5))
    again = plan_pause(there.before, there.unit, NOTHING, later)
    world = World(there.before)
    world.carry_out(again)
    plan = plan_resume(world.around(there.before), there.unit, there.acts, request(there.unit))
    assert plan.pause == ""
    assert "the annotation tells of bob@desk's pause later0000000, the ledger of aa11bb22cc33" in plan.effects


# Several pauses that share


def test_the_last_of_two_pauses_restores_the_list() -> None:
    team = applicationset()
    one, two = (made_by_set(application(name, policy=ON)) for name in ("one", "two"))
    first = Paused(one, team)
    second_unit = unit_of(two)
    before = around(held(two), first.now.owners[key(team)])
    second = plan_pause(before, second_unit, first.acts, request(second_unit, "second000000"))
    world = World(before)
    world.carry_out(second)
    acts = paused(first.plan, second)
    team_now = world.around(before).owners[key(team)]
    ends_first = plan_resume(around(first.now.unit, team_now), first.unit, acts, request(first.unit))
    assert [write.words for write in ends_first.writes][1:] == [
        "spec.ignoreApplicationDifferences  2 → 1 entries: ours for one goes"
    ]
    world.write(ends_first.writes[1])
    left = world.objects[key(team)]["spec"]["ignoreApplicationDifferences"]
    assert [each["name"] for each in left] == ["two"]
    ends_second = plan_resume(world.around(before), second_unit, acts, request(second_unit))
    world.carry_out(ends_second)
    assert world.objects[key(team)] == team


@pytest.mark.parametrize("origin", [[], None])
def test_the_last_one_out_restores_an_empty_list_as_empty_and_an_absent_one_as_absent(origin: Any) -> None:
    team = applicationset()
    if origin is not None:
        team["spec"]["ignoreApplicationDifferences"] = origin
    one, two = (made_by_set(application(name, policy=ON)) for name in ("one", "two"))
    first = Paused(one, team)
    second_unit = unit_of(two)
    before = around(held(two), first.now.owners[key(team)])
    second = plan_pause(before, second_unit, first.acts, request(second_unit, "second000000"))
    acts = paused(first.plan, second)
    world = World(before)
    world.carry_out(second)
    assert second.writes[0].captured[IGNORED] != {"absent": True}
    ends_first = plan_resume(
        around(first.now.unit, world.around(before).owners[key(team)]), first.unit, acts, request(first.unit)
    )
    world.write(ends_first.writes[-1])
    world.carry_out(plan_resume(world.around(before), second_unit, acts, request(second_unit)))
    assert world.objects[key(team)] == team


def test_a_parent_stays_paused_as_long_as_one_pause_needs_it() -> None:
    root = application("root", policy=HEALS)
    one, two = (made_by_parent(application(name, policy=ON), "root", DECLARES) for name in ("one", "two"))
    first = Paused(one, root)
    second_unit = unit_of(two)
    before = around(held(two), first.now.owners[key(root)])
    second = plan_pause(before, second_unit, first.acts, request(second_unit, "second000000"))
    acts = paused(first.plan, second)
    ends_first = plan_resume(first.now, first.unit, acts, request(first.unit))
    assert [write.target.name for write in ends_first.writes] == ["one"]
    assert "Application/root stays paused: alice@laptop's pause second000000 of two needs it" in ends_first.effects
    world = World(before)
    world.carry_out(second)
    after_first = Acts(pauses={second.id: acts.pauses[second.id]})
    ends_second = plan_resume(world.around(before), second_unit, after_first, request(second_unit))
    assert [write.target.name for write in ends_second.writes] == ["two", "root"]
    world.carry_out(ends_second)
    assert world.objects[key(root)]["spec"] == root["spec"]


def test_a_parent_that_is_paused_for_itself_stays_so() -> None:
    root = application("root", policy=HEALS)
    child = made_by_parent(application(policy=ON), "root", DECLARES)
    there = Paused(child, root)
    own_unit = unit_of(root)
    own = plan_pause(around(held(root)), own_unit, NOTHING, request(own_unit, "own000000000"))
    plan = there.resume(paused(there.plan, own))
    assert [write.target.name for write in plan.writes] == ["web"]
    assert "Application/root stays paused: alice@laptop's own pause own000000000 of it needs it" in plan.effects


def test_another_colleagues_annotation_keeps_the_parent_paused_too() -> None:
    root = application("root", policy=HEALS)
    there = Paused(made_by_parent(application(policy=ON), "root", DECLARES), root)
    other = Paused(made_by_parent(application("two", policy=ON), "root", DECLARES), root)
    note = note_of(other.object)
    assert note is not None
    plan = there.resume(notes=[note._replace(id="other0000000", by="bob@desk")])
    assert "Application/root stays paused: bob@desk's pause other0000000 of two needs it" in plan.effects
    assert [write.target.name for write in plan.writes] == ["web"]


def test_what_an_operator_left_out_is_not_given_back() -> None:
    root = application("root", policy=HEALS)
    there = Paused(made_by_parent(application(policy=ON), "root", DECLARES), root)
    skipped = tuple(write._replace(skipped=write.optional) for write in there.plan.writes)
    there.world.objects[key(root)] = root
    plan = there.resume(paused(there.plan._replace(writes=skipped)))
    assert [write.target.name for write in plan.writes] == ["web"]
    assert plan.blocked == ()


# What the engine will do


def found(ref: ResourceRef, *changes: Change, desired: bool = True, actual: bool = True) -> Finding:
    unit = unit_of(application()).id
    planes = {
        Plane.DESIRED: PlaneStamp("argocd:prod", "x", AT, present=desired),
        Plane.ACTUAL: PlaneStamp("k8s:prod", "x", AT, present=actual),
    }
    return Finding("f" * 12, unit, ref, changes, (), planes, AT, AT)


def test_everything_that_will_be_reverted_or_deleted_is_listed() -> None:
    there = Paused(application(policy=HEALS))
    there.object["status"] = {
        "resources": [
            {"kind": "ConfigMap", "name": "old", "namespace": "shop", "requiresPruning": True},
            {"group": "apps", "kind": "Deployment", "name": "web", "namespace": "shop", "requiresPruning": True},
        ]
    }
    deployment = ResourceRef("in-cluster", "apps", "Deployment", "shop", "web")
    findings = [
        found(
            deployment,
            Change("/spec/replicas", "/spec/replicas", desired=2, actual=9),
            Change("/spec/paused", "/spec/paused", desired=ABSENT, actual=True),
            Change("/data/key", "/data/key", desired={"digest": "a"}, actual={"digest": "b"}, sensitive=True),
            Change("/spec/x", "/spec/x", desired={"a": 1}, actual=[1, 2]),
        ),
        found(ResourceRef("in-cluster", "", "Service", "shop", "extra"), desired=False),
        found(ResourceRef("in-cluster", "", "ConfigMap", "shop", "gone"), actual=False),
    ]
    unseen = ResourceRef("in-cluster", "", "Secret", "shop", "token")
    there.unit = there.unit._replace(out_of_sync=(deployment, unseen))
    assert there.resume(findings=findings).effects == (
        "Argo CD undoes live changes at once (self-heal): everything below goes back to what Git says",
        "reverts Deployment/web /spec/replicas: 9 → 2",
        "reverts Deployment/web /spec/paused: true → not there",
        "reverts Deployment/web /data/key: a secret value changes",
        "reverts Deployment/web /spec/x: a list of 2 → an object of 1 fields",
        "deletes Service/extra: it is not in Git (prune)",
        "creates ConfigMap/gone: it is in Git and does not run",
        "reverts Secret/token: which fields is not known here",
        "deletes ConfigMap/old: it is not in Git (prune)",
    )


def test_without_prune_nothing_is_deleted_and_that_is_said() -> None:
    there = Paused(application(policy=ON))
    findings = [found(ResourceRef("in-cluster", "", "Service", "shop", "extra"), desired=False)]
    assert "leaves Service/extra: not in Git, prune is off" in there.resume(findings=findings).effects


@pytest.mark.parametrize(
    ("policy", "revisions", "words"),
    [
        (HEALS, ("a", "a"), "undoes live changes at once"),
        (ON, ("a", "a"), "live changes stay until the next revision"),
        (ON, ("b", "a"), "Argo CD syncs at once, for revision b came meanwhile"),
        (ON, ("", "a"), "live changes stay until the next revision"),
    ],
)
def test_when_it_goes_back_is_said(policy: Any, revisions: tuple[str, str], words: str) -> None:
    there = Paused(application(policy=policy))
    there.object["status"] = {
        "sync": {"revision": revisions[0]},
        "operationState": {"syncResult": {"revision": revisions[1]}},
    }
    assert words in there.resume().effects[0]


@pytest.mark.parametrize(
    ("document", "sync", "findings", "words"),
    [
        (application(policy=ON), "Synced", None, "Argo CD calls nothing different; nobody looked field by field"),
        (application(policy=ON), "Unknown", None, "what differs is not known: nobody looked"),
        (flux("Kustomization", "apps"), "Synced", None, "what differs is not known: nobody looked"),
        (application(policy=ON), "Unknown", [], "nothing was found to differ when it was last looked at"),
    ],
)
def test_unknown_is_not_clean(document: Any, sync: str, findings: Any, words: str) -> None:
    there = Paused(document)
    there.unit = there.unit._replace(sync=sync)
    assert words in there.resume(findings=findings).effects


def test_a_thousand_fields_are_counted_and_not_all_listed() -> None:
    there = Paused(application(policy=ON))
    changes = [Change(f"/data/k{n}", f"/data/k{n}", desired="a\x1b[31m", actual="b" * 9999) for n in range(1000)]
    effects = there.resume(findings=[found(ResourceRef("c", "", "ConfigMap", "shop", "big"), *changes)]).effects
    assert "and 800 more fields or objects" in effects
    assert all("\x1b" not in line and len(line) < 400 for line in effects)


def test_resuming_a_parent_names_the_paused_children() -> None:
    root = application("root", policy=HEALS)
    there = Paused(root)
    there.object["status"] = {"resources": [{"kind": "Application", "name": "web", "namespace": "argocd"}]}
    child = Paused(application(policy=ON))
    acts = paused(there.plan._replace(id="root00000000"), child.plan)
    assert "web, which it makes, is paused by alice@laptop: a sync may switch it on again" in there.resume(acts).effects
