"""The plan of a pause of an Argo CD application: what is written, what follows, what forbids it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drifttui.core.acts import NOTHING, PauseState
from drifttui.core.json_patch import PatchError
from drifttui.core.pause import Door, Plan, WriteKind
from drifttui.core.pause_json import plan_from, plan_json
from drifttui.core.pause_note import NOTE, note_of
from drifttui.core.pause_plan import plan_pause
from tests.core.pause_documents import (
    AT,
    UNTIL,
    World,
    application,
    around,
    held,
    paused,
    recorded,
    request,
    unit_of,
)

RUNNING = {"operationState": {"phase": "Running", "startedAt": "2026-03-01T02:59:50Z"}}


def planned(document: dict[str, Any], acts: Any = NOTHING, may: bool | None = True, **more: Any) -> Plan:
    door = more.pop("door", Door.KUBERNETES)
    unit = unit_of(document)
    asked = {name: more.pop(name) for name in ("reason", "until", "link") if name in more}
    return plan_pause(around(held(document, may=may, door=door), **more), unit, acts, request(unit, **asked))


POLICIES: list[Any] = [
    {"automated": {}},
    {"automated": {"prune": True}},
    {"automated": {"prune": False, "selfHeal": True, "allowEmpty": True}},
    {"automated": {"enabled": True}},
    {"automated": {"enabled": True, "prune": True}, "syncOptions": ["CreateNamespace=true"]},
    {"automated": {"prune": True}, "retry": {"limit": 5}, "managedNamespaceMetadata": {"labels": {"a/b~c": "x"}}},
]


@pytest.mark.parametrize("annotations", [None, {}, {"a/b": "1"}, {"drifttui.dev/other": "~"}])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_taken_comes_back_byte_for_byte(policy: Any, known: bool, annotations: Any) -> None:
    document = application(policy=policy, metadata={} if annotations is None else {"annotations": annotations})
    plan = planned(document, enabled_known=known, enabled_proof="Argo CD v3.0.9")
    assert plan.blocked == ()
    world = World(around(held(document)))
    (write,) = plan.writes
    world.write(write)
    paused_now = next(iter(world.objects.values()))
    assert paused_now["spec"]["syncPolicy"] == (
        {**policy, "automated": {**policy["automated"], "enabled": False}}
        if known
        else {name: value for name, value in policy.items() if name != "automated"}
    )
    note = note_of(paused_now)
    assert note is not None
    assert (note.by, note.reason, note.until, note.at) == ("alice@laptop", "INC-9127", UNTIL, AT)
    assert note.captured["/spec/syncPolicy/automated"] == policy["automated"]
    with pytest.raises(PatchError):
        world.write(write)
    world.take_back(write)
    after = next(iter(world.objects.values()))
    assert after["spec"] == document["spec"]
    assert after["metadata"].get("annotations", {}) == (annotations or {})


def test_every_patch_begins_with_the_uid_and_what_is_about_to_change() -> None:
    document = recorded("sessions")
    (write,) = planned(document).writes
    operations = [(each["op"], each["path"], each.get("value")) for each in write.patch]
    assert operations[:3] == [
        ("test", "/metadata/uid", document["metadata"]["uid"]),
        ("test", "/spec/syncPolicy/automated", {"prune": True, "selfHeal": True}),
        ("test", "/metadata/annotations/drifttui.dev~1pause", None),
    ]
    assert [each[:2] for each in operations[3:]] == [
        ("add", "/spec/syncPolicy/automated/enabled"),
        ("add", "/metadata/annotations/drifttui.dev~1pause"),
    ]
    assert write.uid == document["metadata"]["uid"]
    assert write.needs == "patch applications.argoproj.io in argocd"
    assert write.words == "spec.syncPolicy.automated.enabled  not set → false"


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["metadata"].update(uid="another"),
        lambda document: document["spec"]["syncPolicy"]["automated"].update(prune=False),
        lambda document: document["spec"]["syncPolicy"].pop("automated"),
        lambda document: document["spec"].pop("syncPolicy"),
        lambda document: document["metadata"]["annotations"].update({NOTE: "somebody was first"}),
    ],
)
def test_a_change_by_somebody_else_in_between_refuses_the_write(change: Any) -> None:
    document = recorded("sessions")
    (write,) = planned(document).writes
    world = World(around(held(document)))
    change(next(iter(world.objects.values())))
    with pytest.raises(PatchError):
        world.write(write)


def test_a_status_update_in_between_does_not() -> None:
    document = recorded("sessions")
    (write,) = planned(document).writes
    world = World(around(held(document)))
    now = next(iter(world.objects.values()))
    now["metadata"]["resourceVersion"] = "99999"
    now["status"]["reconciledAt"] = "2026-03-01T03:00:01Z"
    world.write(write)


@pytest.mark.parametrize("policy", [None, {}, {"syncOptions": ["Validate=false"]}, {"automated": None}])
def test_what_is_not_automated_cannot_be_paused(policy: Any) -> None:
    plan = planned(application(policy=policy))
    assert plan.writes == ()
    assert plan.blocked == ("there is nothing to pause: Argo CD does not sync it by itself",)
    assert plan.now == ("automated sync is off: spec.syncPolicy.automated is not set",)


def test_what_somebody_switched_off_by_hand_cannot_be_paused() -> None:
    plan = planned(application(policy={"automated": {"enabled": False, "prune": True}}))
    assert plan.blocked == ("there is nothing to pause: Argo CD does not sync it by itself",)
    assert plan.now == ("automated sync is off: enabled is false (prune true)",)


def test_an_unknown_version_is_told_and_nothing_is_promised() -> None:
    plan = planned(application(policy={"automated": {}}), enabled_known=None, enabled_proof="its version is not told")
    assert plan.unknown == ("whether this Argo CD knows automated.enabled: its version is not told",)
    assert not plan.holds
    assert plan.writes[0].words == "spec.syncPolicy.automated  {} → removed"


def test_effects_say_what_stops() -> None:
    plan = planned(application(policy={"automated": {"prune": True, "selfHeal": True}}))
    assert plan.holds
    assert plan.environment == "prod"
    text = "\n".join(plan.effects)
    for words in (
        "stops syncing the whole application",
        "merged changes are not deployed",
        "live changes are no longer undone",
        "what Git removes is no longer deleted",
        "after 2026-03-01 07:00 UTC it counts as overdue",
    ):
        assert words in text
    plain = "\n".join(planned(application(policy={"automated": {}})).effects)
    assert "no longer" not in plain


# Reason, end and rights


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"reason": " "}, "a pause needs a reason"),
        ({"until": None}, "a pause needs an end"),
        ({"until": AT}, "its end lies in the past"),
        ({"until": AT - timedelta(days=1)}, "its end lies in the past"),
    ],
)
def test_without_reason_or_end_it_can_be_looked_at_and_not_be_done(asked: dict[str, Any], why: str) -> None:
    plan = planned(application(policy={"automated": {}}), **asked)
    assert plan.blocked == (why,)
    assert plan.writes
    assert plan_from(plan_json(plan)) == plan


def test_what_rbac_refuses_is_not_offered() -> None:
    plan = planned(application(policy={"automated": {}}), may=False)
    assert plan.blocked == ("missing permission: patch applications.argoproj.io in argocd",)


def test_what_nobody_could_ask_is_unknown() -> None:
    plan = planned(application(policy={"automated": {}}), may=None)
    assert plan.blocked == ()
    assert plan.unknown == ("permission unknown: patch applications.argoproj.io in argocd",)
    assert not plan.holds


def test_another_pause_is_told_with_who_why_and_until() -> None:
    document = application(policy={"automated": {}})
    first = planned(document)
    second = planned(document, acts=paused(first, actor="bob@desk"))
    assert second.blocked == ("paused already by bob@desk until 2026-03-01 07:00 UTC: INC-9127 (pause aa11bb22cc33)",)


def test_a_colleagues_pause_is_seen_by_its_annotation_alone() -> None:
    document = application(policy={"automated": {"prune": True}})
    world = World(around(held(document)))
    world.carry_out(planned(document))
    second = planned(next(iter(world.objects.values())))
    assert second.blocked[0] == (
        "paused already by alice@laptop until 2026-03-01 07:00 UTC: INC-9127 (pause aa11bb22cc33)"
    )


def test_a_pause_that_ended_stands_in_nobodys_way() -> None:
    document = application(policy={"automated": {}})
    for state in (PauseState.RESUMED, PauseState.FAILED, PauseState.UNDONE):
        assert planned(document, acts=paused(planned(document), state=state)).blocked == ()


def test_what_is_left_of_an_undone_pause_is_replaced() -> None:
    document = application(policy={"automated": {}})
    world = World(around(held(document)))
    world.carry_out(planned(document))
    now = next(iter(world.objects.values()))
    del now["spec"]["syncPolicy"]["automated"]["enabled"]
    plan = planned(now)
    assert plan.blocked == ()
    assert "replaces what is left of alice@laptop's pause aa11bb22cc33, which somebody undid" in plan.effects
    World(around(held(now))).carry_out(plan)


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[]", '{"version": 2}', '{"version": 1}', "x" * 70_000, 5],
    ids=["empty", "no-json", "list", "newer", "bare", "huge", "number"],
)
def test_an_annotation_that_cannot_be_read_is_unknown_and_kept_for_undo(text: Any) -> None:
    document = application(policy={"automated": {}}, metadata={"annotations": {NOTE: text}})
    plan = planned(document)
    assert plan.unknown[0].startswith("an annotation tells of a pause and cannot be read")
    world = World(around(held(document)))
    world.carry_out(plan)
    world.take_back(plan.writes[0])
    assert next(iter(world.objects.values())) == document


# The running operation


def test_a_running_sync_is_stopped_last_and_as_argocd_does_it() -> None:
    document = application(policy={"automated": {}}, status=RUNNING, operation={"sync": {}})
    plan = planned(document)
    stop = plan.writes[-1]
    assert (stop.number, stop.kind, stop.optional) == (2, WriteKind.STOP_OPERATION, True)
    assert stop.patch == (
        {"op": "test", "path": "/metadata/uid", "value": "uid-web"},
        {"op": "test", "path": "/status/operationState/phase", "value": "Running"},
        {"op": "test", "path": "/status/operationState/startedAt", "value": "2026-03-01T02:59:50Z"},
        {"op": "replace", "path": "/status/operationState/phase", "value": "Terminating"},
    )
    assert "a sync is running" in plan.now


def test_through_rest_the_server_stops_it() -> None:
    document = application(policy={"automated": {}}, status=RUNNING, operation={"sync": {}})
    plan = planned(document, door=Door.ARGOCD, stop_needs="applications, sync on default/web")
    stop = plan.writes[-1]
    assert (stop.kind, stop.patch, stop.needs) == (WriteKind.STOP_OPERATION, (), "applications, sync on default/web")


@pytest.mark.parametrize(
    ("status", "operation", "words"),
    [
        (RUNNING, None, "the running sync goes on: Argo CD says no operation that could be stopped"),
        ({"operationState": {"phase": "Terminating"}}, {"sync": {}}, "the running sync is being stopped already"),
        ({}, {"sync": {}}, "a sync is queued and will begin once more: it cannot be stopped before it has begun"),
    ],
)
def test_what_cannot_be_stopped_is_told(status: Any, operation: Any, words: str) -> None:
    document = application(policy={"automated": {}}, status=status, **({"operation": operation} if operation else {}))
    plan = planned(document)
    assert [write.kind for write in plan.writes] == [WriteKind.JSON_PATCH]
    assert words in plan.effects


def test_a_finished_sync_is_not_stopped() -> None:
    document = application(policy={"automated": {}}, status={"operationState": {"phase": "Succeeded"}})
    assert [write.kind for write in planned(document).writes] == [WriteKind.JSON_PATCH]


def test_who_may_not_stop_it_is_told_the_missing_right() -> None:
    document = application(policy={"automated": {}}, status=RUNNING, operation={"sync": {}})
    plan = planned(document, may_stop=False, stop_needs="applications, sync on default/web")
    assert len(plan.writes) == 1
    assert "the running sync goes on (missing permission: applications, sync on default/web)" in (plan.effects)


def test_through_argocds_interface_its_weakness_is_told() -> None:
    plan = planned(application(policy={"automated": {}}), door=Door.ARGOCD)
    assert any("refuses while Git is broken" in effect for effect in plan.effects)
    assert plan.writes[0].target.server == "argocd:prod"
    assert plan.writes[0].target.project == "default"


def test_hostile_text_stays_data() -> None:
    evil = "\x1b]0;x\x07" + "\u202e" + "a" * 5000
    document = application(policy={"automated": {"prune": evil, evil: {"deep": [evil]}}})
    plan = planned(document)
    assert not any("\x1b" in line or "\u202e" in line for line in (*plan.now, *plan.effects, *plan.undo))
    assert all(len(line) < 1000 for line in (*plan.now, *plan.effects, *plan.undo))
