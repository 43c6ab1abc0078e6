"""The Argo CD source against a real Argo CD: rows, stream, looks, permissions, with a token and without."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.kube import KubeClient
from drifttui.clients.kubeconfig import KubeContext, load
from drifttui.core.errors import inert
from drifttui.core.health import Standing
from drifttui.core.identity import UnitId
from drifttui.core.planes import Plane
from drifttui.core.ports import Batch, UnitSource
from drifttui.core.redact import redact_text
from drifttui.core.unit import Unit
from drifttui.sources.argocd.crd_source import ArgoCDObjects
from drifttui.sources.argocd.feed import brief
from drifttui.sources.argocd.source import ArgoCDSource, argocd_source
from drifttui.sources.argocd.watch import Pace
from tests.cluster.cluster import Cluster

pytestmark = pytest.mark.cluster

KEY = b"k" * 32

SUBSCRIBED = 0.5
"""Seconds. Argo CD sends nothing before the first event, so that no answer tells when a stream has begun."""
APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"


def now() -> datetime:
    return datetime.now(UTC)


def clean(text: str) -> str:
    return inert(redact_text(text, KEY), 2000)


def rest(cluster: Cluster, account: str = "drifttui-readonly", pace: Pace | None = None, **more: Any) -> ArgoCDSource:
    settings: dict[str, Any] = {
        "name": "real",
        "server": cluster.state.argocd_url,
        "token_file": cluster.state.token_file(account),
        "ca_file": cluster.state.ca,
    }
    return argocd_source(
        ArgoCDSettings(**settings | more),
        now,
        key=KEY,
        clean=clean,
        access=Access.READ_ONLY,
        environment={},
        pace=pace,
    )


def objects(cluster: Cluster, context: str = "drifttui-readonly") -> ArgoCDObjects:
    found = next(c for c in load([cluster.state.kubeconfig]).contexts if c.name == context)
    assert isinstance(found, KubeContext)
    return ArgoCDObjects(context, lambda: KubeClient(found, now), now, clean=clean)


async def first(source: UnitSource) -> Batch:
    async with asyncio.timeout(30), aclosing(source.watch()) as batches:  # type: ignore[type-var]
        return await anext(batches)


async def until(batches: AsyncIterator[Batch], seen: Callable[[Batch], bool]) -> Batch:
    async with asyncio.timeout(60):
        async for batch in batches:
            if seen(batch):
                return batch
    raise AssertionError("the watch ended")


@contextmanager
def application(cluster: Cluster) -> Iterator[str]:
    """A new Application that nothing syncs, gone afterwards."""
    name = f"probe-{uuid.uuid4().hex[:8]}"
    body = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "default",
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            "source": {"repoURL": cluster.state.git_url, "path": "apps/gateway", "targetRevision": "main"},
        },
    }
    cluster.kube.client.post(APPLICATIONS, json=body).raise_for_status()
    try:
        yield name
    finally:
        cluster.kube.client.delete(f"{APPLICATIONS}/{name}")


async def test_every_application_is_a_row_and_same_names_stay_apart(cluster: Cluster) -> None:
    source = rest(cluster)
    batch = await first(source)
    await source.close()
    expected = {(a["metadata"]["namespace"], a["metadata"]["name"]) for a in cluster.argocd().applications()}
    assert {(unit.id.namespace, unit.id.name) for unit in batch.units} == expected
    assert {namespace for namespace, name in expected if name == "reports"} == {"argocd", "team-blue"}
    assert batch.complete
    assert batch.health is not None
    assert batch.health.standing is Standing.OK
    assert batch.health.version.startswith("v3.")
    assert batch.health.identity == "drifttui-readonly"
    owners = {unit.id.name: unit.owner for unit in batch.units}
    assert owners["edge-eu"] == "ApplicationSet/regions"
    assert owners["dns"] == "Application/platform-root"
    assert all(unit.version and unit.reconciled_at for unit in batch.units)


async def test_what_happens_arrives_by_the_stream(cluster: Cluster) -> None:
    """The heartbeat, the survey and the list are put off, so that only the stream can have told it."""
    source = rest(cluster, pace=Pace(window=0.05, settle=300, survey=300, heartbeat=300))
    async with aclosing(source.watch()) as batches:  # type: ignore[type-var]
        await until(batches, lambda batch: batch.complete)
        await asyncio.sleep(SUBSCRIBED)
        with application(cluster) as name:
            made = await until(batches, lambda batch: any(unit.id.name == name for unit in batch.units))
            assert not made.complete
            await until(batches, lambda b: any(u.id.name == name and u.sync == "OutOfSync" for u in b.units))
        await until(batches, lambda batch: any(gone.name == name for gone in batch.removed))
    await source.close()


async def test_a_survey_agrees_with_the_list(cluster: Cluster) -> None:
    """Else every survey would read every application one by one."""
    source = rest(cluster)
    await source.check()
    listing = await source._feed.listing()
    survey = await source._feed.survey()
    assert survey is not None
    rows = {unit.id: unit for unit in listing.units}
    quiet = [unit for unit in survey.units if brief(unit) == brief(rows[unit.id])]
    assert len(quiet) >= len(survey.units) - 2, "one or two may have changed in between"
    await source.close()


async def test_the_stream_tells_the_same_row_as_the_list(cluster: Cluster) -> None:
    source = rest(cluster, pace=Pace(window=0.05, settle=300, survey=300, heartbeat=300))
    async with aclosing(source.watch()) as batches:  # type: ignore[type-var]
        await until(batches, lambda batch: batch.complete)
        await asyncio.sleep(SUBSCRIBED)
        await asyncio.to_thread(cluster.argocd().application, "dns", refresh="normal")
        told = await until(batches, lambda batch: any(unit.id.name == "dns" for unit in batch.units))
        streamed = next(unit for unit in told.units if unit.id.name == "dns")
        read = await source._feed.one(streamed)
        assert read is not None
        while streamed.version != read.version:
            told = await until(batches, lambda batch: any(unit.id.name == "dns" for unit in batch.units))
            streamed = next(unit for unit in told.units if unit.id.name == "dns")
            read = await source._feed.one(streamed)
            assert read is not None
        assert streamed._replace(observed_at=None) == read._replace(observed_at=None)
    await source.close()


async def test_opening_an_application(cluster: Cluster) -> None:
    source = rest(cluster)
    unit = _named(await first(source), "checkout")
    inspection = await source.inspect(unit)
    await source.close()
    web = next(p for p in inspection.resources if p.ref.kind == "Deployment")
    assert web.desired is not None
    assert web.actual is not None
    assert web.recorded is not None
    assert web.desired.document is not None
    assert web.actual.document is not None
    assert web.desired.document["kind"] == web.actual.document["kind"] == "Deployment"
    assert len(web.desired.revision) == 40
    assert web.actual.observed_at == unit.reconciled_at or web.actual.observed_at is not None
    assert inspection.extras[web.ref].predicted_live is not None
    assert {node.ref.kind for node in inspection.tree} >= {"Deployment", "ReplicaSet", "Pod"}
    assert inspection.revisions[0].author
    assert inspection.revisions[0].message
    assert inspection.events
    assert any(rule.origin == "system" and "/status" in rule.json_pointers for rule in inspection.ignore_rules)
    assert not inspection.gaps


async def test_ignore_rules_of_an_application(cluster: Cluster) -> None:
    source = rest(cluster)
    inspection = await source.inspect(_named(await first(source), "ratelimit"))
    await source.close()
    own = [rule for rule in inspection.ignore_rules if rule.origin == "application"]
    assert [rule.json_pointers for rule in own] == [("/spec/replicas",), ()]
    assert own[1].jq_paths


async def test_secrets_are_masked_and_said_to_be(cluster: Cluster) -> None:
    source = rest(cluster)
    inspection = await source.inspect(_named(await first(source), "billing"))
    await source.close()
    secret = next(p for p in inspection.resources if p.ref.kind == "Secret")
    for plane in Plane:
        held = secret.plane(plane)
        assert held is not None
        assert "masked" in held.method
    assert any("masks the values" in gap for gap in inspection.gaps)


async def test_an_account_of_one_project_sees_that_project_and_knows_its_rights(cluster: Cluster) -> None:
    source = rest(cluster, "payments-oncall")
    health = await source.check()
    batch = await first(source)
    await source.close()
    assert {unit.project for unit in batch.units} == {"payments"}
    rights = {permission.name: permission.allowed for permission in health.permissions}
    assert rights["applications,get"] is True
    assert rights["applications,update"] is False
    assert health.standing is Standing.OK


async def test_a_refused_token_says_so_and_a_new_one_in_the_file_is_found(cluster: Cluster, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("eyJhbGciOiJIUzI1NiJ9.e30.bm90LWEtc2lnbmF0dXJl")
    source = rest(cluster, token_file=token)
    assert (await source.check()).standing is Standing.BLIND
    async with aclosing(source.watch()) as batches:  # type: ignore[type-var]
        refused = await until(batches, lambda batch: batch.health is not None)
        assert refused.health is not None
        assert refused.health.standing is Standing.BLIND
        assert str(token) in refused.health.hint
        token.write_text(cluster.state.token_file("drifttui-readonly").read_text())
        await until(batches, lambda batch: batch.complete)
    await source.close()


async def test_a_server_that_cannot_prove_itself_is_not_trusted(cluster: Cluster) -> None:
    source = rest(cluster, ca_file=None)
    health = await source.check()
    await source.close()
    assert health.standing is Standing.BLIND
    assert "does not prove who it is" in health.error
    source = rest(cluster, ca_file=None, insecure=True)
    health = await source.check()
    await source.close()
    assert health.standing is Standing.OK
    assert "not checked" in health.error


async def test_without_a_token_the_rows_are_the_same(cluster: Cluster) -> None:
    source, plain = rest(cluster), objects(cluster)
    batch, other = await first(source), await first(plain)
    rows = {(unit.id.namespace, unit.id.name): _comparable(unit) for unit in batch.units}
    plain_rows = {(unit.id.namespace, unit.id.name): _comparable(unit) for unit in other.units}
    assert rows.keys() == plain_rows.keys()
    differing = [key for key in rows if rows[key] != plain_rows[key]]
    assert len(differing) <= 2, "one or two may have changed in between"
    inspection = await plain.inspect(_named(other, "checkout"))
    assert {str(p.ref) for p in inspection.resources} >= {"apps/Deployment/shop/checkout"}
    assert any("Argo CD token" in gap for gap in inspection.gaps)
    assert any("/status" in rule.json_pointers for rule in inspection.ignore_rules)
    await source.close()
    await plain.close()


async def test_without_a_token_changes_arrive_by_the_watch(cluster: Cluster) -> None:
    source = objects(cluster)
    async with aclosing(source.watch()) as batches:  # type: ignore[type-var]
        await until(batches, lambda batch: batch.complete)
        with application(cluster) as name:
            await until(batches, lambda batch: any(unit.id.name == name for unit in batch.units))
        await until(batches, lambda batch: any(gone.name == name for gone in batch.removed))
    await source.close()


async def test_without_rights_the_missing_one_is_named(cluster: Cluster) -> None:
    source = objects(cluster, "outsider-eve")
    health = await source.check()
    await source.close()
    assert health.standing is Standing.BLIND
    assert "list applications.argoproj.io" in health.hint


def _named(batch: Batch, name: str) -> Unit:
    return next(unit for unit in batch.units if unit.id.name == name and unit.id.namespace == "argocd")


def _comparable(unit: Unit) -> Unit:
    return unit._replace(id=UnitId("", "", unit.id.namespace, unit.id.name), observed_at=None)
