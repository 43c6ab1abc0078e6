"""Plans from fresh reads: through the cluster, through Argo CD alone, and with parts of the way closed."""

from __future__ import annotations

import asyncio
import copy
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drifttui.clients.access import Access
from drifttui.clients.flux_settings import FluxSettings
from drifttui.core.acts import NOTHING, PauseState
from drifttui.core.errors import InputError, SourceError
from drifttui.core.identity import Engine, UnitId
from drifttui.core.json_patch import applied
from drifttui.core.pause import Door, Plan, Purpose
from drifttui.core.pause_covering import IGNORED
from drifttui.core.pause_draft import stored
from drifttui.core.pause_note import NOTE
from drifttui.core.unit import Unit
from drifttui.services.pausing import plan_pause, plan_pauses, plan_resume, plan_resumes, seen_pauses
from drifttui.services.reach import Reach
from tests.core.pause_documents import (
    AT,
    UNTIL,
    application,
    applicationset,
    flux,
    made_by_flux,
    made_by_parent,
    made_by_set,
    paused,
    recorded,
    unit_of,
)
from tests.services.control_planes import (
    CONFIG,
    REVIEWS,
    SCHEMA,
    Argo,
    Cluster,
    path_of,
    reaching,
    schema,
    serving,
    settings,
)

PLATFORM = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AppProject",
    "metadata": {"name": "platform", "namespace": "argocd"},
    "spec": {"syncWindows": [{"kind": "deny", "schedule": "0 0 * * *", "duration": "6h", "applications": ["edge-*"]}]},
}
FAMILY = (recorded("edge-eu"), recorded("edge-us"), recorded("regions", "applicationsets"), PLATFORM)
DECLARES = {"spec": {"syncPolicy": {"automated": {"enabled": True}}}}
HEALS = {"automated": {"prune": True, "selfHeal": True}}


def unit(document: dict[str, Any], source: str) -> Unit:
    made = unit_of(document)
    return made._replace(id=made.id._replace(source=source))


async def pause_of(document: dict[str, Any], reach: Reach, **more: Any) -> Plan:
    asked: dict[str, Any] = {"actor": "alice@laptop", "reason": "INC-9127", "until": UNTIL}
    return await plan_pause(unit(document, reach.source), reach, NOTHING, at=AT, **asked | more)


def carry_out(cluster: Cluster, *plans: Plan) -> None:
    """As the API server would."""
    for plan in plans:
        for write in plan.writes:
            target = write.target
            path = f"/apis/{target.group}/{target.version}/namespaces/{target.namespace}/{target.plural}/{target.name}"
            cluster.objects[path] = stored(applied(cluster.objects[path], write.patch))


async def test_through_the_cluster_alone(tmp_path: Path) -> None:
    cluster = Cluster(*FAMILY)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True, access=Access.READ_ONLY) as reach:
        plan = await pause_of(FAMILY[0], reach)
    assert plan.holds
    assert plan.unknown == ()
    assert [(write.target.door, write.target.server, write.target.short) for write in plan.writes] == [
        (Door.KUBERNETES, "prod", "ApplicationSet/regions"),
        (Door.KUBERNETES, "prod", "Application/edge-eu"),
    ]
    assert plan.writes[1].words.startswith("spec.syncPolicy.automated.enabled")
    assert any("until 2026-03-01 06:00 UTC, but then it does" in effect for effect in plan.effects)
    assert {request.method for request in cluster.requests if request.path != REVIEWS} == {"GET"}


async def test_two_that_ask_at_once_share_one_set_of_doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(*FAMILY)
    opened: list[Reach] = []
    doors = Reach._doors

    def counted(reach: Reach) -> Any:
        opened.append(reach)
        time.sleep(0.05)  # Reading files takes its time; both have asked by then.
        return doors(reach)

    monkeypatch.setattr(Reach, "_doors", counted)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        one = unit(FAMILY[0], reach.source)
        first, second = await asyncio.gather(reach.around(one), reach.around(one))
    assert first.unit == second.unit
    assert len(opened) == 1


async def test_through_argocd_alone_the_lever_of_the_applicationset_is_out_of_reach(tmp_path: Path) -> None:
    argo = Argo(*FAMILY)
    async with reaching(tmp_path, "argocd:eu", argo=argo) as reach:
        plan = await pause_of(FAMILY[0], reach)
    assert [(write.target.door, write.target.server, write.target.project) for write in plan.writes] == [
        (Door.ARGOCD, "argocd:eu", "platform")
    ]
    assert plan.writes[0].needs == "applications, update on platform/edge-eu"
    assert [undoer.covered for undoer in plan.undoers] == [0]
    assert not plan.holds
    assert {request.method for request in argo.requests} == {"GET"}


async def test_where_both_ways_are_open_the_cluster_is_written(tmp_path: Path) -> None:
    cluster, argo = Cluster(*FAMILY), Argo(*FAMILY)
    async with reaching(tmp_path, "argocd:eu", cluster=cluster, argo=argo) as reach:
        plan = await pause_of(FAMILY[0], reach)
    assert {write.target.door for write in plan.writes} == {Door.KUBERNETES}
    assert plan.holds


async def test_a_context_that_leads_elsewhere_is_noticed_by_the_uid_and_not_used(tmp_path: Path) -> None:
    other = copy.deepcopy(FAMILY[0])
    other["metadata"]["uid"] = "of-another-cluster"
    cluster, argo = Cluster(other), Argo(*FAMILY)
    async with reaching(tmp_path, "argocd:eu", cluster=cluster, argo=argo) as reach:
        plan = await pause_of(FAMILY[0], reach)
    assert {write.target.door for write in plan.writes} == {Door.ARGOCD}
    assert "context prod shows another Application/edge-eu than Argo CD: it is not used" in plan.unknown


async def test_a_cluster_that_does_not_hold_it_or_cannot_be_asked_leaves_argocd(tmp_path: Path) -> None:
    document = application(policy=HEALS)
    for cluster, unknown in ((Cluster(), 0), (Cluster(document), 1)):
        if unknown:
            cluster.refused[path_of(document)] = 403
        async with reaching(tmp_path, "argocd:eu", cluster=cluster, argo=Argo(document)) as reach:
            plan = await pause_of(document, reach)
        assert {write.target.door for write in plan.writes} == {Door.ARGOCD}
        assert len(plan.unknown) == unknown


async def test_who_may_write_through_argocd_only_writes_there(tmp_path: Path) -> None:
    document = application(policy=HEALS)
    cluster = Cluster(document)
    cluster.denied = {"patch applications"}
    async with reaching(tmp_path, "argocd:eu", cluster=cluster, argo=Argo(document)) as reach:
        plan = await pause_of(document, reach)
    assert plan.blocked == ()
    assert {write.target.door for write in plan.writes} == {Door.ARGOCD}


async def test_who_may_write_nowhere_is_told_the_missing_right(tmp_path: Path) -> None:
    document = application(policy=HEALS)
    cluster, argo = Cluster(document), Argo(document)
    cluster.denied = {"patch applications"}
    argo.rights = {"applications/get"}
    async with reaching(tmp_path, "argocd:eu", cluster=cluster, argo=argo) as reach:
        plan = await pause_of(document, reach)
    assert plan.blocked == ("missing permission: patch applications.argoproj.io in argocd",)
    async with reaching(tmp_path, "argocd:eu", argo=argo) as reach:
        plan = await pause_of(document, reach)
    assert plan.blocked == ("missing permission: applications, update on default/web",)


async def test_a_review_that_fails_leaves_the_right_unknown(tmp_path: Path) -> None:
    document = application(policy=HEALS)
    cluster = Cluster(document)
    cluster.refused[REVIEWS] = 403
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        plan = await pause_of(document, reach)
    assert plan.blocked == ()
    assert "permission unknown: patch applications.argoproj.io in argocd" in plan.unknown
    assert not plan.holds


# Whether the server knows `enabled`


@pytest.mark.parametrize(
    ("fields", "version", "words"),
    [
        (("prune", "enabled"), "v3.1.0", "spec.syncPolicy.automated.enabled"),
        (("prune", "enabled"), "v3.0.9", "spec.syncPolicy.automated  {"),
        (("prune",), "v3.5.3", "spec.syncPolicy.automated  {"),
        (("prune", "enabled"), "latest", "spec.syncPolicy.automated.enabled"),
    ],
)
async def test_definition_and_version_must_agree_that_it_does(
    tmp_path: Path, fields: tuple[str, ...], version: str, words: str
) -> None:
    document = application(policy=HEALS)
    cluster, argo = Cluster(document), Argo(document)
    cluster.extra[SCHEMA] = schema(*fields)
    argo.version = version
    async with reaching(tmp_path, "argocd:eu", cluster=cluster, argo=argo) as reach:
        plan = await pause_of(document, reach)
    assert plan.writes[0].words.startswith(words)
    assert plan.unknown == ()


@pytest.mark.parametrize("answer", [403, {"components": {"schemas": {}}}, []])
async def test_a_schema_that_cannot_be_read_proves_nothing(tmp_path: Path, answer: Any) -> None:
    document = application(policy=HEALS)
    cluster = Cluster(document)
    if isinstance(answer, int):
        cluster.refused[SCHEMA] = answer
    else:
        cluster.extra[SCHEMA] = answer
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        plan = await pause_of(document, reach)
    assert plan.unknown[0].startswith("whether this Argo CD knows automated.enabled: ")
    assert plan.writes[0].words.endswith("→ removed")


async def test_the_schema_is_read_once_for_several_plans(tmp_path: Path) -> None:
    cluster = Cluster(*FAMILY)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        for document in FAMILY[:2]:
            await pause_of(document, reach)
    assert len(cluster.asked(SCHEMA)) == 1


# Owners


async def test_an_owner_that_is_refused_is_unknown_and_one_that_is_gone_is_not(tmp_path: Path) -> None:
    cluster = Cluster(*FAMILY[:2])
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        gone = await pause_of(FAMILY[0], reach)
        cluster.refused[path_of(FAMILY[2])] = 403
        refused = await pause_of(FAMILY[0], reach)
    assert gone.holds
    assert "ApplicationSet/regions is named as owner of Application/edge-eu, and is not there" in gone.effects
    assert not refused.holds
    assert any(
        "ApplicationSet/regions owns Application/edge-eu and could not be read" in each for each in refused.unknown
    )


async def test_how_the_controller_was_started_is_read_where_it_may_be(tmp_path: Path) -> None:
    child, parent = (
        made_by_set(application(policy=HEALS)),
        applicationset(syncPolicy={"applicationsSync": "create-only"}),
    )
    cluster = Cluster(child, parent)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        left_alone = await pause_of(child, reach)
        cluster.extra[f"{CONFIG}/argocd-cmd-params-cm"] = {"data": {"applicationsetcontroller.policy": "sync"}}
        overruled = await pause_of(child, reach)
        cluster.refused[f"{CONFIG}/argocd-cmd-params-cm"] = 403
        unread = await pause_of(child, reach)
    assert [len(plan.writes) for plan in (left_alone, overruled, unread)] == [1, 2, 2]
    assert [write.optional for write in unread.writes] == [True, False]


async def test_children_tracked_by_label_are_known_where_the_settings_say_so(tmp_path: Path) -> None:
    root = application("root", policy=HEALS)
    child = application(policy=HEALS, metadata={"labels": {"app.kubernetes.io/instance": "root"}})
    cluster = Cluster(child, root)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        by_annotation = await pause_of(child, reach)
        cluster.extra[f"{CONFIG}/argocd-cm"] = {"data": {"application.resourceTrackingMethod": "annotation+label"}}
        by_label = await pause_of(child, reach)
    assert [len(plan.undoers) for plan in (by_annotation, by_label)] == [0, 1]


# Several at once


async def test_several_children_of_one_applicationset_go_one_after_the_other_and_come_back(tmp_path: Path) -> None:
    cluster = Cluster(*FAMILY)
    before = copy.deepcopy(cluster.objects)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        pairs = [(unit(document, reach.source), reach) for document in FAMILY[:2]]
        plans = await plan_pauses(pairs, NOTHING, at=AT, actor="alice@laptop", reason="INC-9127", until=UNTIL)
        carry_out(cluster, *plans)
        names = [each["name"] for each in cluster.objects[path_of(FAMILY[2])]["spec"]["ignoreApplicationDifferences"]]
        ends = await plan_resumes(pairs, NOTHING, at=AT + timedelta(hours=1), actor="bob@desk")
        carry_out(cluster, *ends)
    assert names == ["edge-eu", "edge-us"]
    assert [plan.blocked for plan in (*plans, *ends)] == [()] * 4
    assert {plan.purpose for plan in ends} == {Purpose.RESUME}
    assert cluster.objects == before


async def test_a_parent_that_two_need_is_paused_once_and_resumed_once(tmp_path: Path) -> None:
    root = application("root", policy=HEALS)
    children = [made_by_parent(application(name, policy=HEALS), "root", DECLARES) for name in ("one", "two")]
    cluster = Cluster(root, *children)
    before = copy.deepcopy(cluster.objects)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        pairs = [(unit(document, reach.source), reach) for document in children]
        plans = await plan_pauses(pairs, NOTHING, at=AT, actor="alice@laptop", reason="INC-9127", until=UNTIL)
        written = [[(write.target.name, write.skipped) for write in plan.writes] for plan in plans]
        carry_out(cluster, plans[0], plans[1]._replace(writes=plans[1].writes[1:]))
        one = await plan_resume(*pairs[0], paused(*plans), at=AT)
        alone = await plan_resume(*pairs[0], NOTHING, at=AT)
        ends = await plan_resumes(pairs, paused(*plans), at=AT)
        carry_out(cluster, *ends)
    assert written == [[("root", False), ("one", False)], [("root", True), ("two", False)]]
    assert [write.target.name for write in one.writes] == ["one"]
    assert [write.target.name for write in alone.writes] == ["one"], "the annotation on the other tells it, too"
    assert [[write.target.name for write in plan.writes] for plan in ends] == [["one"], ["two", "root"]]
    assert cluster.objects == before


async def test_a_colleague_without_the_ledger_resumes_both(tmp_path: Path) -> None:
    root = application("root", policy=HEALS)
    children = [made_by_parent(application(name, policy=HEALS), "root", DECLARES) for name in ("one", "two")]
    cluster = Cluster(root, *children)
    before = copy.deepcopy(cluster.objects)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        pairs = [(unit(document, reach.source), reach) for document in children]
        plans = await plan_pauses(pairs, NOTHING, at=AT, actor="alice@laptop", reason="INC-9127", until=UNTIL)
        carry_out(cluster, plans[0], plans[1]._replace(writes=plans[1].writes[1:]))
        carry_out(cluster, *await plan_resumes(pairs, NOTHING, at=AT))
    assert cluster.objects == before


# What annotations tell


@pytest.mark.parametrize("through", ["cluster", "argocd"])
async def test_a_colleagues_pauses_are_seen(tmp_path: Path, through: str) -> None:
    documents = [application(name, policy=HEALS) for name in ("web", "undone", "broken", "free")]
    cluster = Cluster(*documents)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        for document in documents[:2]:
            carry_out(cluster, await pause_of(document, reach))
    cluster.objects[path_of(documents[1])]["spec"]["syncPolicy"]["automated"].pop("enabled")
    cluster.objects[path_of(documents[2])]["metadata"]["annotations"] = {NOTE: "no json"}
    if through == "cluster":
        way: dict[str, Any] = {"cluster": Cluster(*cluster.objects.values()), "crd": True}
        source = "argocd:prod"
    else:
        way, source = {"argo": Argo(*cluster.objects.values())}, "argocd:eu"
    async with reaching(tmp_path, source, **way) as reach:
        found = {UnitId.parse(record.unit).name: record for record in await seen_pauses(reach)}
    assert {name: record.state for name, record in found.items()} == {
        "web": PauseState.WRITTEN,
        "undone": PauseState.UNDONE,
    }
    assert (found["web"].actor, found["web"].reason, found["web"].until) == ("alice@laptop", "INC-9127", UNTIL)


async def test_a_pause_that_holds_its_parent_is_no_pause_of_the_parent(tmp_path: Path) -> None:
    root = application("root", policy=HEALS)
    child = made_by_parent(application(policy=HEALS), "root", DECLARES)
    cluster = Cluster(root, child)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        carry_out(cluster, await pause_of(child, reach))
        found = await seen_pauses(reach)
        own = await pause_of(root, reach)
    assert NOTE in cluster.objects[path_of(root)]["metadata"]["annotations"]
    assert [UnitId.parse(record.unit).name for record in found] == ["web"]
    assert any("for argocd/argocd:prod/argocd/web" in line for line in own.blocked)


# Flux


async def test_flux_units_are_planned_through_their_cluster(tmp_path: Path) -> None:
    child = made_by_flux(flux("Kustomization", "apps", suspend=False), "root", "suspend")
    waiting = flux("Kustomization", "late", dependsOn=[{"name": "apps"}])
    cluster = Cluster(child, flux("Kustomization", "root"), waiting)
    before = copy.deepcopy(cluster.objects)
    async with reaching(tmp_path, "flux:prod", cluster=cluster) as reach:
        plan = await pause_of(child, reach)
        carry_out(cluster, plan)
        (seen,) = await seen_pauses(reach)
        end = await plan_resume(unit(child, reach.source), reach, NOTHING, at=AT)
        carry_out(cluster, end)
        cluster.refused["/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"] = 403
        blind = await pause_of(child, reach)
    assert plan.holds
    assert any(effect.startswith("Kustomization/late depends on it") for effect in plan.effects)
    assert seen.unit == str(UnitId(Engine.FLUX_KUSTOMIZATION, "flux:prod", "flux-system", "apps"))
    assert cluster.objects == before
    assert any("what depends on it could not be listed" in line for line in blind.unknown)


async def test_a_context_that_is_named_for_flux_alone_leads_there(tmp_path: Path) -> None:
    document = flux("Kustomization", "apps")
    cluster = Cluster(document)
    async with serving(cluster):
        chosen = settings(tmp_path, cluster=cluster)
        others = msgspec.structs.replace(chosen.kubernetes, contexts=("another",))
        chosen = replace(chosen, kubernetes=others, flux=FluxSettings(contexts=("prod",)))
        reach = Reach(chosen, "flux:prod")
        plan = await pause_of(document, reach)
        await reach.close()
    assert plan.holds


# What cannot be planned


async def test_what_leads_nowhere_is_said(tmp_path: Path) -> None:
    document = application(policy=HEALS)
    for source in ("argocd:nowhere", "flux:nowhere"):
        async with reaching(tmp_path, source, cluster=Cluster(), argo=Argo()) as reach:
            with pytest.raises(InputError, match="nowhere"):
                await pause_of(document, reach)
    async with reaching(tmp_path, "argocd:eu", argo=Argo()) as reach:
        with pytest.raises(SourceError):
            await pause_of(document, reach)
        stack = unit_of(document)._replace(id=UnitId("opentofu", "argocd:eu", "", "net"))
        with pytest.raises(InputError, match="is not paused"):
            await plan_pause(stack, reach, NOTHING, at=AT)


async def test_an_operators_words_are_made_harmless(tmp_path: Path) -> None:
    document = application(policy=HEALS)
    async with reaching(tmp_path, "argocd:prod", cluster=Cluster(document), crd=True) as reach:
        plan = await pause_of(document, reach, reason="INC\x1b[31m\n" + "x" * 9999, link="https://x\u202e")
    assert "\x1b" not in plan.reason
    assert len(plan.reason) <= 1000
    assert "\u202e" not in plan.link
    assert IGNORED not in str(plan.writes)


async def test_a_secret_in_a_reason_reaches_neither_ledger_nor_annotation(tmp_path: Path) -> None:
    document = application(policy=HEALS)
    secret = "hunter2hunter2"
    async with reaching(tmp_path, "argocd:prod", cluster=Cluster(document), crd=True) as reach:
        plan = await pause_of(document, reach, reason=f"see https://bob:{secret}@git.example.com/x", link="INC-9127")
    assert secret not in str(plan)


async def test_only_annotated_units_are_read_whole(tmp_path: Path) -> None:
    documents = [application(f"web{number}", policy=HEALS) for number in range(20)]
    cluster = Cluster(*documents)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        carry_out(cluster, await pause_of(documents[3], reach))
        cluster.requests.clear()
        (found,) = await seen_pauses(reach)
    assert found.unit.endswith("/web3")
    lists, reads = [
        [each for each in cluster.requests if each.path.endswith(end)] for end in ("/applications", "/web3")
    ]
    assert len(cluster.requests) == len(lists) + len(reads) == 2
    assert lists[0].headers["accept"].startswith("application/json;as=PartialObjectMetadataList")


async def test_the_pace_of_a_parent_says_how_long_to_watch(tmp_path: Path) -> None:
    root = application("root", policy=HEALS)
    child = made_by_parent(application(policy=HEALS), "root", DECLARES)
    cluster = Cluster(root, child)
    async with reaching(tmp_path, "argocd:prod", cluster=cluster, crd=True) as reach:
        usual = await pause_of(child, reach)
        slow = {"timeout.reconciliation": "300s", "timeout.reconciliation.jitter": "0s"}
        cluster.extra[f"{CONFIG}/argocd-cm"] = {"data": slow}
        slower = await pause_of(child, reach)
        alone = await pause_of(root, reach)
    assert [plan.watch_for.total_seconds() for plan in (usual, slower, alone)] == [540, 900, 180]
