"""Plans on a real control plane: the real undoers, and patches that the real API server accepts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.core.acts import NOTHING
from drifttui.core.identity import Engine, UnitId
from drifttui.core.pause import Door, Plan, WriteKind
from drifttui.core.unit import Auto, Unit
from drifttui.services.pausing import plan_pause, seen_pauses
from drifttui.services.reach import Reach
from drifttui.services.session import Settings
from tests.cluster.cluster import Cluster
from tests.cluster.repository import FRANK

pytestmark = pytest.mark.cluster

SOURCES = {"both": "argocd:real", "rest": "argocd:real", "crd": "argocd:alice"}


def settings(cluster: Cluster, way: str, context: str, account: str) -> Settings:
    state = cluster.state
    server = ArgoCDSettings(
        name="real", server=state.argocd_url, token_file=state.token_file(account), ca_file=state.ca
    )
    kubernetes = KubernetesSettings(
        kubeconfig=state.kubeconfig, contexts=(context,), argocd_context=context, enabled=way != "rest"
    )
    return Settings(
        argocd=() if way == "crd" else (server,),
        argocd_crd_contexts=(context,) if way == "crd" else (),
        kubernetes=kubernetes,
        access=Access.READ_ONLY,
    )


async def plan_of(
    cluster: Cluster, name: str, way: str, *, context: str = "alice", account: str = "operator", project: str = ""
) -> Plan:
    """Read-only: nothing that plans may write."""
    source = f"argocd:{context}" if way == "crd" else SOURCES[way]
    reach = Reach(settings(cluster, way, context, account), source)
    unit = Unit(
        UnitId(Engine.ARGOCD, source, "argocd", name), "Synced", "Healthy", Auto.ON, "in-cluster", project=project
    )
    at = datetime.now(UTC)
    try:
        return await plan_pause(
            unit, reach, NOTHING, at=at, actor="alice@laptop", reason="INC-9127", until=at + timedelta(hours=1)
        )
    finally:
        await reach.close()


def told(plan: Plan) -> Mapping[str, Any]:
    return {
        "undoers": [(undoer.who, undoer.covered) for undoer in plan.undoers],
        "writes": [
            (write.target.door, write.target.short)
            for write in plan.writes
            if write.kind is WriteKind.JSON_PATCH
        ],
        "holds": plan.holds,
        "blocked": plan.blocked,
        "unknown": plan.unknown,
    }  # fmt: skip


@pytest.mark.parametrize("way", ["crd", "both"])
@pytest.mark.parametrize(
    ("name", "undoers", "writes"),
    [
        ("checkout", [], ["Application/checkout"]),
        ("sessions", [], ["Application/sessions"]),
        ("edge-eu", [("ApplicationSet/regions", 1)], ["ApplicationSet/regions", "Application/edge-eu"]),
        ("dns", [], ["Application/dns"]),
    ],
)
async def test_the_real_undoers_and_writes(
    cluster: Cluster, tmp_path: Path, name: str, undoers: Any, writes: list[str], way: str
) -> None:
    plan = await plan_of(cluster, name, way)
    assert told(plan) == {
        "undoers": undoers,
        "writes": [(Door.KUBERNETES, each) for each in writes],
        "holds": True,
        "blocked": (),
        "unknown": (),
    }
    for write in plan.writes:
        if write.kind is not WriteKind.JSON_PATCH:
            continue
        accepted = cluster.kubectl(
            "-n", write.target.namespace, "patch", f"{write.target.plural}.{write.target.group}", write.target.name,
            "--type=json", "--dry-run=server", "-o", "json", "-p", json.dumps(list(write.patch)), context="alice",
        )  # fmt: skip
        made = json.loads(accepted.stdout)
        if write.target.kind == "Application":
            assert made["spec"]["syncPolicy"]["automated"]["enabled"] is False


async def test_a_self_healing_parent_that_does_not_declare_the_field_is_told_as_such(cluster: Cluster) -> None:
    plan = await plan_of(cluster, "dns", "crd")
    assert any(
        effect.startswith("Application/platform-root made it and leaves spec.syncPolicy.automated.enabled alone")
        for effect in plan.effects
    )


async def test_through_argocd_alone_the_applicationset_stays_an_undoer(cluster: Cluster) -> None:
    plan = await plan_of(cluster, "edge-eu", "rest", project="platform")
    found = told(plan)
    assert found["undoers"] == [("ApplicationSet/regions", 0)]
    assert found["writes"] == [(Door.ARGOCD, "Application/edge-eu")]
    assert plan.blocked == ()
    assert not plan.holds


async def test_who_may_only_look_is_told_what_is_missing(cluster: Cluster) -> None:
    through_cluster = await plan_of(cluster, "checkout", "crd", context="drifttui-readonly")
    assert through_cluster.blocked == ("missing permission: patch applications.argoproj.io in argocd",)
    through_argocd = await plan_of(cluster, "checkout", "rest", account="drifttui-readonly", project="default")
    assert through_argocd.blocked[0].startswith("missing permission: applications, update on ")


async def test_a_patch_whose_test_fails_changes_nothing_at_the_real_server(cluster: Cluster) -> None:
    plan = await plan_of(cluster, "sessions", "crd")
    (write,) = [each for each in plan.writes if each.kind is WriteKind.JSON_PATCH]
    wrong = [{**each, "value": "another"} if each["path"] == "/metadata/uid" else each for each in write.patch]
    with pytest.raises(Exception, match=r"(?i)test|422|invalid"):
        cluster.kubectl(
            "-n", "argocd", "patch", "applications.argoproj.io", "sessions", "--type=json", "--dry-run=server",
            "-p", json.dumps(wrong), context="alice",
        )  # fmt: skip


APPLICATION = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/pausing-stuck"


@pytest.fixture
def stuck(cluster: Cluster) -> Iterator[None]:
    """A unit whose sync fails and is tried again and again."""
    homeless = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "no-such-namespace"}}
    folder = "apps/pausing-stuck"
    cluster.repository.commit({f"{folder}/x.yaml": json.dumps(homeless)}, "A unit that cannot be synced", FRANK)
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "pausing-stuck", "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {"repoURL": cluster.state.git_url, "targetRevision": "main", "path": folder},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            "syncPolicy": {"automated": {}, "retry": {"limit": 5, "backoff": {"duration": "2m"}}},
        },
    }
    cluster.kubectl("apply", "-f", "-", context="alice", stdin=json.dumps(application))
    yield
    cluster.kubectl("-n", "argocd", "delete", "application", "pausing-stuck", context="alice")
    cluster.repository.commit({f"{folder}/x.yaml": None}, "No unit that cannot be synced any more", FRANK)


def phase(cluster: Cluster) -> tuple[str, bool]:
    """The phase of its last sync, and whether one is to be done."""
    found = cluster.kube.object(APPLICATION) or {}
    state = found.get("status", {}).get("operationState", {})
    return (f"{state.get('phase', '')}{' again' if state.get('retryCount') else ''}", "operation" in found)


def wait_for(cluster: Cluster, wanted: str, limit: float = 60.0) -> None:
    deadline = time.monotonic() + limit
    while phase(cluster)[0] != wanted:
        assert time.monotonic() < deadline, phase(cluster)
        time.sleep(0.3)


async def test_the_last_step_of_a_plan_ends_a_sync_that_is_tried_again_and_again(cluster: Cluster, stuck: None) -> None:
    wait_for(cluster, "Running again")
    plan = await plan_of(cluster, "pausing-stuck", "crd")
    stop = plan.writes[-1]
    assert (stop.kind, plan.blocked) == (WriteKind.STOP_OPERATION, ())
    for write in plan.writes:
        cluster.kubectl(
            "-n", "argocd", "patch", "applications.argoproj.io", "pausing-stuck", "--type=json",
            "-p", json.dumps(list(write.patch)), context="alice",
        )  # fmt: skip
    wait_for(cluster, "Failed again")
    assert phase(cluster)[1] is False


async def test_no_pause_is_seen_where_nobody_paused(cluster: Cluster) -> None:
    for way in ("crd", "rest"):
        reach = Reach(settings(cluster, way, "alice", "operator"), SOURCES[way])
        try:
            assert [record for record in await seen_pauses(reach) if "argocd/catalog" in record.unit] == []
        finally:
            await reach.close()
