"""Units of Flux whose sources are no Git, on real servers: what differs, and what is stale once a source has gone."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from drifttui.cli import main
from drifttui.core.finding import Comparison
from drifttui.core.inspection import Inspection
from drifttui.core.unit import APPLIED, Auto, Unit
from tests.cluster import depot
from tests.cluster.cluster import Cluster
from tests.cluster.depot import ARTIFACT, BUCKET, CHARTED, NAMESPACE, REFERRED, UNITS, Store, fetched
from tests.cluster.pausing import until
from tests.cluster.registry import Registry
from tests.cluster.test_source_flux import seen

pytestmark = pytest.mark.cluster

Looks = dict[str, tuple[Unit, Inspection, list[Comparison]]]


@pytest.fixture(autouse=True)
def a_builder(flux_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cluster's own kubectl builds, whatever this machine has."""
    folder = Path(flux_cluster.state.binaries["kubectl"]).parent
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    running = Store()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def depots(flux_cluster: Cluster, registry: Registry, store: Store) -> Iterator[Cluster]:
    with depot.depot(flux_cluster, registry, store):
        yield flux_cluster


async def looks(cluster: Cluster) -> Looks:
    async with seen(cluster) as view:
        return {name: (view.units[name], *await view.look(name)) for name in UNITS}


def changed(found: list[Comparison]) -> dict[str, list[str]]:
    return {one.ref.name: [change.path for change in one.changes] for one in found if one.changes}


async def test_every_kind_of_source_is_named_compared_and_clean(depots: Cluster, store: Store) -> None:
    found = await looks(depots)
    units = {name: each[0] for name, each in found.items()}
    assert {unit.sync for unit in units.values()} == {APPLIED}
    assert {unit.auto for unit in units.values()} == {Auto.HEALS}
    assert {unit.health for unit in units.values()} == {"Healthy"}
    assert units[ARTIFACT].repo.startswith("oci://127.0.0.1:")
    assert units[ARTIFACT].repo.endswith("/fleet/depot")
    assert units[ARTIFACT].revision.startswith(f"{depot.TAG}@sha256:")
    assert units[BUCKET].repo == f"bucket depot at 127.0.0.1:{store.port}"
    assert units[BUCKET].revision.startswith("sha256:")
    assert units[REFERRED].revision.startswith(depot.CHART_VERSION)
    assert units[CHARTED].revision == depot.CHART_VERSION
    assert units[CHARTED].repo.endswith("/charts")
    for name, (_, inspection, compared) in found.items():
        assert [one.ref.name for one in compared] == [name]
        assert changed(compared) == {}
        assert inspection.uncompared == 0, (name, inspection.gaps)
    for name in (ARTIFACT, BUCKET):
        (planes,) = found[name][1].resources
        assert planes.desired is not None
        assert "the very build that Flux applied" in planes.desired.method


async def test_real_drift_is_found_whatever_the_source(depots: Cluster) -> None:
    for name in UNITS:
        patch = ("configmap", name, "--type=merge", "-p", '{"data":{"timeout":"120s"}}')
        depots.kubectl("-n", NAMESPACE, "patch", *patch, context="bob")
    for name, (_, _, compared) in (await looks(depots)).items():
        assert changed(compared) == {name: ["/data/timeout"]}
        (change,) = next(one for one in compared if one.changes).changes
        assert (change.desired, change.actual) == ("5s", "120s")


async def test_what_hangs_on_a_source_that_went_away_is_stale_and_what_differed_still_does(
    depots: Cluster, registry: Registry, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.stop()
    store.stop()
    for name in UNITS:
        depot.ask(depots, name)
    for name in UNITS:
        until(f"the source of {name} is missed", partial(_missed, depots, name))
    for name, (unit, inspection, compared) in (await looks(depots)).items():
        assert unit.sync == "Unknown", name
        assert unit.error is not None
        assert unit.error.type == "SourceStale"
        kind = {BUCKET: "Bucket", CHARTED: "HelmChart"}.get(name, "OCIRepository")
        assert unit.error.message.startswith(f"{kind}/")
        assert any(gap.startswith(f"Stale: {kind}/") for gap in inspection.gaps)
        assert depot.SECRET_KEY not in f"{unit}{inspection}"
        assert changed(compared) == {name: ["/data/timeout"]}, "the last artifact is still there to compare with"
    flags = ["--kubeconfig", str(depots.state.kubeconfig), "--context", "alice", "--json"]
    back = '{"data":{"timeout":"5s"}}'
    for name in UNITS:
        depots.kubectl("-n", NAMESPACE, "patch", "configmap", name, "--type=merge", "-p", back, context="bob")
    code = await asyncio.to_thread(main, ["scan", *flags, "--filter", "depot-"])
    answer = json.loads(capsys.readouterr().out)
    assert {unit["name"]: unit["risk"] for unit in answer["units"]} == dict.fromkeys(UNITS, "unknown")
    assert code == 3, "nothing differs from the last artifact, and nobody knows the newest"


async def test_a_source_that_comes_back_is_fresh_again(depots: Cluster, registry: Registry) -> None:
    registry.start()
    for name in (ARTIFACT, REFERRED):
        until(f"the registry answers for {name}", partial(_answered, depots, name))
    async with seen(depots) as view:
        assert {view.units[name].sync for name in (ARTIFACT, REFERRED)} == {APPLIED}
        assert view.units[BUCKET].sync == "Unknown", "the bucket is still away"


def _missed(cluster: Cluster, name: str) -> bool:
    return fetched(cluster, name) == "False"


def _answered(cluster: Cluster, name: str) -> bool:
    if fetched(cluster, name) == "True":
        return True
    depot.ask(cluster, name)
    return False
