"""The Flux source against real controllers: rows, what differs, when it is put back, what is unknown."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drifttui.cli import main
from drifttui.clients.access import Access
from drifttui.clients.flux_settings import FluxSettings
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.core.board import Board, Look
from drifttui.core.finding import Comparison
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.inspection import Inspection
from drifttui.core.ownership import owners
from drifttui.core.planes import Plane
from drifttui.core.ports import Batch
from drifttui.core.unit import APPLIED, Auto, Unit
from drifttui.services.judge import compare_all
from drifttui.services.look import Looker
from drifttui.services.session import Settings
from drifttui.sources.flux import SOURCE as FLUX
from drifttui.sources.flux.source import FluxSource
from drifttui.sources.kubernetes import SOURCE as KUBERNETES
from tests.cluster.cluster import Cluster
from tests.cluster.flux_scenarios import ALL, BY_NAME, FluxTrail
from tests.cluster.flux_seed import KUSTOMIZATIONS
from tests.cluster.scenarios import Scenario

pytestmark = pytest.mark.cluster

BETWEEN = timedelta(seconds=40)
"""Interval of the unit `heals`."""


@pytest.fixture(autouse=True)
def a_builder(flux_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cluster's own kubectl builds, whatever this machine has."""
    folder = Path(flux_cluster.state.binaries["kubectl"]).parent
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}")


def now() -> datetime:
    return datetime.now(UTC)


def settings(cluster: Cluster, context: str, access: Access) -> Settings:
    return Settings(
        kubernetes=KubernetesSettings(kubeconfig=cluster.state.kubeconfig, contexts=(context,)),
        flux=FluxSettings(contexts=(context,)),
        redaction_key=b"k" * 32,
        access=access,
    )


class Seen:
    """What one identity sees: the first complete batch, and looks into units as the program makes them."""

    def __init__(self, batch: Batch, source: FluxSource, looker: Looker) -> None:
        self.units: Mapping[str, Unit] = {unit.id.name: unit for unit in batch.units}
        self.health = batch.health
        self.source, self._looker = source, looker

    async def look(self, name: str) -> tuple[Inspection, list[Comparison]]:
        inspection = await self._looker.inspect(self.units[name])
        return inspection, compare_all(inspection)


@asynccontextmanager
async def seen(cluster: Cluster, context: str = "alice", access: Access = Access.READ_ONLY) -> AsyncIterator[Seen]:
    chosen = settings(cluster, context, access)
    flux = FLUX(chosen, now)[0]
    readers = list(KUBERNETES(chosen, now))
    assert isinstance(flux, FluxSource)
    looker = Looker([flux, *readers], lambda *_: ((), 0), now)
    try:
        async with asyncio.timeout(30), aclosing(flux.watch()) as batches:  # type: ignore[type-var]
            batch = await anext(batches)
            # Watches connect now, and httpcore leaves the socket of a handshake that is cancelled to the collector.
            await asyncio.sleep(0.3)
        yield Seen(batch, flux, looker)
    finally:
        for source in (flux, *readers):
            await source.close()


def of(found: Sequence[Comparison], scenario: Scenario) -> Comparison:
    wanted = (scenario.resource.kind, scenario.resource.namespace, scenario.resource.name)
    return next(one for one in found if (one.ref.kind, one.ref.namespace, one.ref.name) == wanted)


async def test_every_unit_is_a_row_in_the_words_of_its_engine(flux_cluster: Cluster) -> None:
    async with seen(flux_cluster, "drifttui-readonly") as view:
        units = view.units
        assert isinstance(view.health, SourceHealth)
        assert view.health.standing is Standing.OK
        assert view.health.error == "not ready: GitRepository/moved, HelmRepository/nowhere"
    assert set(units) == {
        *("estate", "calendar", "frontend", "backend", "prices", "notices", "heals", "adrift", "sealed"),
        *("mailer", "indexer", "reporter"),
    }
    assert units["frontend"].id.engine == "flux-kustomization"
    assert units["mailer"].id.engine == "flux-helmrelease"
    assert (units["frontend"].sync, units["frontend"].health, units["frontend"].auto) == (
        APPLIED,
        "Healthy",
        Auto.HEALS,
    )
    assert units["frontend"].owner == units["mailer"].owner == "Kustomization/estate"
    assert units["estate"].owner == ""
    assert units["notices"].auto is Auto.PAUSED
    assert units["notices"].reverts is None
    assert units["mailer"].auto is units["reporter"].auto is Auto.ON
    assert units["indexer"].auto is Auto.HEALS
    assert units["frontend"].revision.startswith("main@sha1:")
    assert units["mailer"].repo.endswith("/fleet.git"), "a chart from Git is from that repository"
    assert units["mailer"].path == "./charts/worker"


async def test_what_cannot_be_fetched_or_decrypted_is_unknown_and_not_clean(flux_cluster: Cluster) -> None:
    async with seen(flux_cluster) as view:
        stale, sealed, fine = (view.units[name] for name in ("adrift", "sealed", "heals"))
        inspection, _ = await view.look("adrift")
        secret, _ = await view.look("sealed")
    assert stale.sync == sealed.sync == "Unknown"
    assert stale.health == "Healthy", "Flux itself still calls it ready"
    assert stale.error is not None
    assert stale.error.type == "SourceStale"
    assert "GitRepository/moved" in stale.error.message
    assert any(gap.startswith("Stale: GitRepository/moved cannot be fetched") for gap in inspection.gaps)
    assert any("encrypted with SOPS" in gap for gap in secret.gaps)
    assert secret.uncompared == len(secret.resources) == 1
    board = Board(units={unit.id: unit for unit in (stale, sealed, fine)})
    board = Board(
        units=board.units,
        sources={fine.id.source: view.health} if view.health else {},
        looks={fine.id: Look()},
    )
    assert [board.risk(unit, now()) for unit in (stale, sealed, fine)] == ["unknown"] * 3, "nobody looked yet"


@pytest.mark.parametrize("name", BY_NAME)
async def test_each_scenario_is_found_with_exactly_its_fields(
    name: str, flux_cluster: Cluster, flux_trails: Mapping[str, FluxTrail]
) -> None:
    scenario = flux_trails[name].scenario
    async with seen(flux_cluster) as view:
        inspection, found = await view.look(scenario.unit)
    comparison = of(found, scenario)
    assert [change.path for change in comparison.changes] == list(scenario.paths)
    assert {hidden.path for hidden in comparison.hidden} >= set(scenario.hidden)
    assert comparison.missing == ()
    planes = next(one for one in inspection.resources if one.ref == comparison.ref)
    assert planes.actual is not None
    for path in scenario.paths:
        assert scenario.manager in {owner.manager for owner in owners(planes.actual.document, path)}
    others = {one.unit: one.resource.name for one in ALL}
    strange = [one.ref.short for one in found if one.changes and one.ref.name not in _touched(scenario.unit)]
    assert not strange, others


async def test_the_build_is_byte_for_byte_the_one_that_flux_applied(flux_cluster: Cluster) -> None:
    """Overlay, prefix, images, patches, target namespace, generators: `status.history` holds the digest of it."""
    async with seen(flux_cluster) as view:
        for name in ("prices", "frontend", "estate", "heals"):
            inspection, _ = await view.look(name)
            methods = {one.desired.method for one in inspection.resources if one.desired}
            assert methods, name
            assert all("the very build that Flux applied" in method for method in methods), (name, methods)


async def test_no_value_of_a_secret_enters(flux_cluster: Cluster) -> None:
    async with seen(flux_cluster) as view:
        texts = [str((await view.look(name))[0]) for name in ("backend", "mailer", "indexer")]
    for text in texts:
        assert "example-key-of-the-cluster" not in text
        assert "example-password-of-the-chart" not in text
        assert "hmac:" in text


async def test_without_rights_what_is_unknown_is_named(flux_cluster: Cluster) -> None:
    async with seen(flux_cluster, "drifttui-readonly") as view:
        chart, _ = await view.look("mailer")
        filled, _ = await view.look("backend")
        plain, compared = await view.look("heals")
    assert any("get secrets in store" in gap for gap in chart.gaps)
    assert all(one.desired is None for one in chart.resources)
    assert chart.uncompared == len(chart.resources) == 2
    assert any("the variable api_key comes from Secret/cluster-secrets" in gap for gap in filled.gaps)
    assert any("Dry-run applies are not permitted (patch deployments.apps in store)" in gap for gap in plain.gaps)
    assert all("dry-run" not in one.desired.method for one in plain.resources if one.desired)
    assert [one.missing for one in compared] == [()]


async def test_strict_sends_no_dry_run_and_says_so(flux_cluster: Cluster) -> None:
    start = flux_cluster.audit.end()
    async with seen(flux_cluster, access=Access.STRICT) as view:
        inspection, found = await view.look("heals")
    assert any("--read-only=strict" in gap for gap in inspection.gaps)
    assert [one.missing for one in found] == [()]
    writers = [
        event for event in flux_cluster.audit.writes(start, "heals") if event["user"]["username"].startswith("alice")
    ]
    assert not writers


async def test_a_look_changes_nothing(flux_cluster: Cluster) -> None:
    path = "/apis/apps/v1/namespaces/store/deployments/eu-prices"
    before = flux_cluster.kube.object(path)
    async with seen(flux_cluster) as view:
        await view.look("prices")
    after = flux_cluster.kube.object(path)
    assert before is not None
    assert after is not None
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert after["metadata"]["managedFields"] == before["metadata"]["managedFields"]


async def test_a_suspension_is_told_as_it_happens(flux_cluster: Cluster) -> None:
    chosen = settings(flux_cluster, "drifttui-readonly", Access.READ_ONLY)
    flux = FLUX(chosen, now)[0]
    assert isinstance(flux, FluxSource)

    async def until(done: Callable[[Batch], bool]) -> Batch:
        async for batch in batches:
            if done(batch):
                return batch
        raise AssertionError("the watch ended")

    try:
        async with asyncio.timeout(60), aclosing(flux.watch()) as batches:  # type: ignore[type-var]
            assert (await anext(batches)).complete
            for suspended, word in ((True, Auto.PAUSED), (False, Auto.HEALS)):
                patch = {"spec": {"suspend": suspended}}
                flux_cluster.kube.merge(f"{KUSTOMIZATIONS}/adrift", patch).raise_for_status()
                await until(lambda batch, word=word: any(u.id.name == "adrift" and u.auto is word for u in batch.units))  # type: ignore[misc]
    finally:
        await flux.close()


async def test_flux_puts_back_at_the_moment_that_was_told(flux_cluster: Cluster) -> None:
    """Not on the edit: at the last reconciliation plus the interval, within its jitter of five percent."""
    path = "/apis/apps/v1/namespaces/store/deployments/heals"
    async with seen(flux_cluster) as view:
        told = view.units["heals"].reverts
        assert isinstance(told, datetime)
        assert timedelta() < told - now() + BETWEEN / 10
        assert told - now() <= BETWEEN * 1.1
        if told - now() < timedelta(seconds=8):
            await asyncio.sleep(10)
            async with seen(flux_cluster) as later:
                told = later.units["heals"].reverts
    assert isinstance(told, datetime)
    flux_cluster.kubectl("-n", "store", "scale", "deployment/heals", "--replicas=4", context="bob")
    async with seen(flux_cluster) as view:
        _, found = await view.look("heals")
    assert [change.path for one in found for change in one.changes] == ["/spec/replicas"]
    deadline = time.monotonic() + 120
    while (flux_cluster.kube.object(path) or {})["spec"]["replicas"] != 1:
        assert time.monotonic() < deadline, "Flux never put it back"
        await asyncio.sleep(0.2)
    assert abs(now() - told) < BETWEEN / 4, (now(), told)


async def test_a_hidden_identity_is_blind_and_a_cluster_without_flux_is_off(flux_cluster: Cluster) -> None:
    blind = FLUX(settings(flux_cluster, "outsider-eve", Access.READ_ONLY), now)[0]
    found = await blind.check()
    await blind.close()
    assert [one.allowed for one in found.permissions if one.name.startswith("list kustomizations")] == [False]
    gone = FLUX(settings(flux_cluster, "unreachable", Access.READ_ONLY), now)[0]
    dead = await gone.check()
    await gone.close()
    assert dead.standing is Standing.BLIND
    assert Plane.DESIRED in gone.planes


def _touched(unit: str) -> set[str]:
    return {one.resource.name for one in ALL if one.unit == unit}


async def test_the_whole_program_lists_what_differs_and_what_is_unknown(
    flux_cluster: Cluster, flux_trails: Mapping[str, FluxTrail], capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--kubeconfig", str(flux_cluster.state.kubeconfig), "--context", "alice", "--json"]
    code = await asyncio.to_thread(main, ["scan", *flags])
    answer = json.loads(capsys.readouterr().out)
    units = {unit["name"]: unit for unit in answer["units"]}
    assert code == 2
    assert answer["summary"]["units"] == 12
    for trail in flux_trails.values():
        found = units[trail.scenario.unit]["findings"]
        paths = {change["path"] for each in found for change in each["changes"]}
        assert bool(trail.scenario.paths) == bool(paths), trail.scenario.name
    assert {name for name, unit in units.items() if unit["risk"] == "unknown"} >= {"adrift", "sealed"}
    assert units["calendar"]["risk"] == "none", "looked into, and nothing differs"
    assert units["notices"]["auto"] == "paused"
    assert units["frontend"]["reverts_at"] is not None
    assert await asyncio.to_thread(main, ["doctor", *flags]) == 0
    told = json.loads(capsys.readouterr().out)
    flux = next(source for source in told["sources"] if source["system"] == "Flux")
    assert {"list kustomizations.kustomize.toolkit.fluxcd.io", "get services/proxy in flux-system"} <= {
        right["name"] for right in flux["permissions"] if right["allowed"]
    }
