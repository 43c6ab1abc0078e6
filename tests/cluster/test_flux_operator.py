"""What flux-operator reconciles, by the real operator: rows, what differs, what is unknown, suspended and paused."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from drifttui.cli import main
from drifttui.core.health import Standing
from drifttui.core.unit import APPLIED, Auto
from tests.cluster import build, flux_operator
from tests.cluster.cluster import Cluster
from tests.cluster.conftest import _missing
from tests.cluster.flux_operator import INSTANCE, MADE, NAMESPACE, PROGRAM, TEAMS, annotate, timeout_of
from tests.cluster.pausing import until
from tests.cluster.test_drifttui import drifttui
from tests.cluster.test_pauses import WHY, result, told
from tests.cluster.test_source_flux import now, seen

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def operated(flux_cluster: Cluster) -> Iterator[Cluster]:
    if missing := _missing(build.FLUX_OPERATOR):
        if os.environ.get("DRIFTTUI_REQUIRE_CLUSTER") == "1":
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    with flux_operator.operator(flux_cluster, print):
        flux_operator.reconcile(flux_cluster, TEAMS)
        yield flux_cluster


def flags(cluster: Cluster) -> list[str]:
    return ["--kubeconfig", str(cluster.state.kubeconfig), "--context", "alice"]


async def test_a_cluster_without_it_is_as_if_there_were_no_such_thing(
    flux_cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    async with seen(flux_cluster, "drifttui-readonly") as view:
        assert {unit.id.engine for unit in view.units.values()} <= {"flux-kustomization", "flux-helmrelease"}
        assert view.health is not None
        assert view.health.standing is Standing.OK
    await asyncio.to_thread(main, ["doctor", "--json", *flags(flux_cluster)])
    assert "fluxcd.controlplane.io" not in capsys.readouterr().out


async def test_its_kinds_are_rows_with_their_conditions(operated: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    async with seen(operated, "drifttui-readonly") as view:
        teams, instance = view.units[TEAMS], view.units[INSTANCE]
        assert view.health is not None
        assert view.health.standing is Standing.OK
        inspection, _ = await view.look(INSTANCE)
    assert (teams.id.engine, teams.sync, teams.health, teams.auto) == (
        "flux-resourceset",
        APPLIED,
        "Healthy",
        Auto.HEALS,
    )
    assert teams.revision.startswith("sha256:")
    assert isinstance(teams.reverts, datetime)
    assert timedelta(minutes=15) < teams.reverts - now() <= timedelta(minutes=21), "as reconcileEvery says"
    assert (instance.id.engine, instance.sync) == ("flux-instance", "Unknown")
    assert instance.error is not None, instance.conditions
    assert instance.repo == "registry.example.com/fluxcd"
    assert any("distribution of Flux" in gap for gap in inspection.gaps)
    await asyncio.to_thread(main, ["doctor", "--json", *flags(operated)])
    (found,) = [each for each in json.loads(capsys.readouterr().out)["sources"] if each["system"] == "Flux"]
    rights = {each["name"]: each["allowed"] for each in found["permissions"]}
    kinds = ("resourcesets", "fluxinstances", "resourcesetinputproviders", "fluxreports")
    assert all(rights[f"list {kind}.fluxcd.controlplane.io"] for kind in kinds)


async def test_drift_is_found_with_exactly_its_fields_and_a_program_is_unknown(operated: Cluster) -> None:
    async with seen(operated) as view:
        inspection, clean = await view.look(TEAMS)
        program, _ = await view.look(PROGRAM)
    assert inspection.gaps == ()
    assert {one.ref.name for one in clean} == {f"team-{team}" for team in MADE}
    assert len(clean) == 4
    assert [one.changes for one in clean] == [()] * 4, "the templates are read as the operator reads them"
    assert {node.ref.kind for node in inspection.tree} >= {"ResourceSetInputProvider", "ResourceSet", "Deployment"}
    assert len(program.resources) == program.uncompared == 2
    assert any("resourcesTemplate is a program" in gap for gap in program.gaps)
    _drift(operated)
    async with seen(operated) as view:
        inspection, found = await view.look(TEAMS)
    assert {(one.ref.kind, one.ref.name): [each.path for each in one.changes] for one in found if one.changes} == {
        ("ConfigMap", "team-blue"): ["/data/timeout"],
        ("Deployment", "team-red"): ["/spec/replicas"],
    }
    methods = {one.desired.method for one in inspection.resources if one.desired}
    assert methods == {"templates of the ResourceSet, server-side dry-run apply"}


async def test_by_the_annotation_it_is_suspended_and_its_inputs_are_stale(operated: Cluster) -> None:
    try:
        annotate(operated, "resourceset", TEAMS, "disabled")
        async with seen(operated) as view:
            assert (view.units[TEAMS].auto, view.units[TEAMS].reverts) == (Auto.PAUSED, None)
        annotate(operated, "resourceset", TEAMS, None)
        annotate(operated, "resourcesetinputprovider", TEAMS, "Disabled")
        async with seen(operated) as view:
            unit = view.units[TEAMS]
            inspection, _ = await view.look(TEAMS)
        assert unit.sync == "Unknown"
        assert unit.error is not None
        assert unit.error.type == "SourceSuspended"
        assert any(gap.startswith(f"Stale: ResourceSetInputProvider/{TEAMS}") for gap in inspection.gaps)
    finally:
        annotate(operated, "resourceset", TEAMS, None)
        annotate(operated, "resourcesetinputprovider", TEAMS, None)


def test_a_pause_holds_and_is_given_back(operated: Cluster, tmp_path: Path) -> None:
    flux_operator.reconcile(operated, TEAMS)
    assert timeout_of(operated, "blue") == "5s", "without a pause it is put back"
    before = flux_operator.read(operated, TEAMS)["metadata"]["annotations"]
    asked = ("--yes", "--json", *flags(operated))
    done = drifttui(tmp_path, "pause", TEAMS, *WHY, "--no-wait", *asked)
    assert result(done) == "written"
    assert flux_operator.read(operated, TEAMS)["metadata"]["annotations"][flux_operator.RECONCILE] == "disabled"
    _drift(operated)
    log = operated.state.data / "logs" / "flux-operator.log"
    start = log.stat().st_size
    operated.kubectl("-n", NAMESPACE, "annotate", "resourceset", TEAMS, "asked=again", context="alice")
    until("the operator refuses", lambda: b"Reconciliation is disabled" in log.read_bytes()[start:])
    assert timeout_of(operated, "blue") == "120s"
    (standing,) = told(drifttui(tmp_path, "pauses", "--json", *flags(operated)))["pauses"]
    assert standing["verdict"] == "standing"
    operated.kubectl("-n", NAMESPACE, "annotate", "resourceset", TEAMS, "asked-", context="alice")
    assert result(drifttui(tmp_path, "resume", TEAMS, *asked)) == "resumed"
    assert set(flux_operator.read(operated, TEAMS)["metadata"]["annotations"]) == set(before)
    flux_operator.reconcile(operated, TEAMS)
    assert timeout_of(operated, "blue") == "5s"


def _drift(cluster: Cluster) -> None:
    patch = ("patch", "configmap", "team-blue", "--type=merge", "-p", '{"data":{"timeout":"120s"}}')
    cluster.kubectl("-n", NAMESPACE, *patch, context="bob")
    cluster.kubectl("-n", NAMESPACE, "scale", "deployment/team-red", "--replicas=3", context="bob")
