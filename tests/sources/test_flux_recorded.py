"""The Flux source on answers recorded from the controllers of Flux 2.9: rows, freshness, looks, refusals."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from drifttui.clients import kustomize
from drifttui.clients.access import Access
from drifttui.clients.flux_settings import FluxSettings
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.core.health import Standing
from drifttui.core.inspection import Inspection
from drifttui.core.ports import Batch
from drifttui.core.unit import APPLIED, Auto, Unit
from drifttui.services.session import Settings
from drifttui.sources.flux import SOURCE
from drifttui.sources.flux.source import FluxSource
from tests.clients.raw_http import RawServer, Reply, Request, serving
from tests.cluster.build import cache_folder

RECORDED = Path(__file__).parent.parent / "recorded" / "flux"
NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)
Answer = Callable[[Request, Reply], Awaitable[None]]

KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"
DEPLOYMENTS = {"name": "deployments", "kind": "Deployment", "namespaced": True}
SERVICES = {"name": "services", "kind": "Service", "namespaced": True}


def exchanges() -> dict[str, dict[str, Any]]:
    found = {}
    for path in sorted(RECORDED.rglob("*.json")):
        document = json.loads(path.read_text())
        if not document.get("query", {}).get("watch"):
            found[document["path"]] = document
    return found


class Server:
    """Answers what was recorded; `answers` overrides single paths. Watches tell `lines` and stay open."""

    def __init__(self) -> None:
        self.recorded = exchanges()
        self.answers: dict[str, Answer] = {}
        self.lines: list[str] = []
        self.http: RawServer

    async def handle(self, request: Request, reply: Reply) -> None:
        if (answer := self.answers.get(request.path)) is not None:
            await answer(request, reply)
        elif request.query.get("watch"):
            await self._watch(request, reply)
        elif request.method == "PATCH":
            await refusal(request, reply)
        elif request.path == "/apis/apps/v1":
            await reply.json({"kind": "APIResourceList", "resources": [DEPLOYMENTS]})
        elif request.path == "/api/v1":
            await reply.json({"kind": "APIResourceList", "resources": [SERVICES]})
        elif (held := self.recorded.get(request.path)) is None:
            await reply.json({"kind": "Status", "code": 404, "message": "not found"}, 404)
        elif "body_base64" in held:
            await reply.send(base64.b64decode(held["body_base64"]), content_type="application/gzip")
        else:
            await reply.send(held["body"].encode(), held["status"])

    async def _watch(self, request: Request, reply: Reply) -> None:
        await reply.head(content_type="application/json", transfer_encoding="chunked")
        for line in self.lines if request.path == KUSTOMIZATIONS else ():
            await reply.chunk(line.encode() + b"\n")
        await asyncio.sleep(60)

    def object(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.recorded[path]["body"])
        return found

    def put(self, path: str, document: dict[str, Any]) -> None:
        self.recorded[path] = self.recorded[path] | {"body": json.dumps(document)}


async def refusal(request: Request, reply: Reply) -> None:
    await reply.json({"kind": "Status", "code": 403, "message": "forbidden"}, 403)


@asynccontextmanager
async def flux(tmp_path: Path, server: Server, access: Access = Access.READ_ONLY) -> AsyncIterator[FluxSource]:
    async with serving(server.handle) as http:
        server.http = http
        path = tmp_path / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "current-context": "prod",
                    "clusters": [{"name": "c", "cluster": {"server": http.url}}],
                    "users": [{"name": "u", "user": {"token": "t"}}],
                    "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
                }
            )
        )
        settings = Settings(
            kubernetes=KubernetesSettings(kubeconfig=path, timeout=5), redaction_key=b"k" * 32, access=access
        )
        (source,) = SOURCE(settings, lambda: NOW)
        assert isinstance(source, FluxSource)
        try:
            yield source
        finally:
            await source.close()


async def first(source: FluxSource) -> Batch:
    async with asyncio.timeout(10), aclosing(source.watch()) as batches:  # type: ignore[type-var]
        return await anext(batches)


async def rows(source: FluxSource) -> dict[str, Unit]:
    return {unit.id.name: unit for unit in (await first(source)).units}


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that can build: of this machine, or the one that the cluster tests have built."""
    if kustomize.builder() is not None:
        return
    built = sorted(cache_folder().glob("kubernetes-*/kubectl"))
    if not built:
        pytest.skip("neither kustomize nor kubectl is on PATH")
    monkeypatch.setenv("PATH", f"{built[-1].parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}")


async def test_rows_say_what_flux_knows_and_no_more(tmp_path: Path) -> None:
    async with flux(tmp_path, Server()) as source:
        units = await rows(source)
    assert len(units) == 12
    frontend, mailer, notices, adrift = (units[name] for name in ("frontend", "mailer", "notices", "adrift"))
    assert (frontend.sync, frontend.auto, frontend.owner) == (APPLIED, Auto.HEALS, "Kustomization/estate")
    assert isinstance(frontend.reverts, datetime)
    assert frontend.reconciled_at is not None
    assert frontend.reverts - frontend.reconciled_at == timedelta(minutes=30)
    assert (mailer.auto, mailer.reverts) == (Auto.ON, None)
    assert (notices.auto, notices.reverts) == (Auto.PAUSED, None)
    assert (adrift.sync, adrift.health) == ("Unknown", "Healthy")
    assert adrift.error is not None
    assert adrift.error.type == "SourceStale"


async def test_a_change_of_a_source_is_news_about_its_units(tmp_path: Path) -> None:
    server = Server()
    path = "/apis/source.toolkit.fluxcd.io/v1/gitrepositories"
    document = server.object(path)
    fleet = next(item for item in document["items"] if item["metadata"]["name"] == "fleet")
    fleet["status"]["artifact"]["revision"] = "main@sha1:" + "0" * 40
    fleet["metadata"]["resourceVersion"] = "999999"

    async def changed(request: Request, reply: Reply) -> None:
        if not request.query.get("watch"):
            await reply.send(server.recorded[path]["body"].encode())
            return
        await reply.head(content_type="application/json", transfer_encoding="chunked")
        await asyncio.sleep(0.5)
        await reply.chunk(json.dumps({"type": "MODIFIED", "object": fleet}).encode() + b"\n")
        await asyncio.sleep(60)

    server.answers[path] = changed
    async with flux(tmp_path, server) as source, asyncio.timeout(10), aclosing(source.watch()) as batches:  # type: ignore[type-var]
        assert (await anext(batches)).complete
        async for batch in batches:
            if batch.units:
                break
    behind = {unit.id.name: unit.sync for unit in batch.units}
    assert behind["frontend"] == "OutOfSync", "a newer revision is there and not applied"
    assert "adrift" not in behind, "it hangs on another source"


async def test_the_recorded_watch_is_understood(tmp_path: Path) -> None:
    server = Server()
    server.lines = json.loads((RECORDED / "watch.json").read_text())["lines"]
    (last,) = {json.loads(line)["object"]["metadata"]["resourceVersion"] for line in server.lines[-2:]}
    seen: list[Unit] = []
    async with flux(tmp_path, server) as source, asyncio.timeout(10), aclosing(source.watch()) as batches:  # type: ignore[type-var]
        async for batch in batches:
            seen += [unit for unit in batch.units if unit.id.name == "calendar"]
            if seen and seen[-1].version == last:
                break
    assert seen[-1].auto is Auto.HEALS, "suspended and resumed"


async def test_a_cluster_without_flux_is_off_and_asks_for_nothing(tmp_path: Path) -> None:
    server = Server()
    server.recorded = {}
    async with flux(tmp_path, server) as source:
        batch = await first(source)
        checked = await source.check()
        asked = [request.path for request in server.http.requests]
    assert batch.health is not None
    assert batch.health.standing is checked.standing is Standing.OFF
    assert (batch.complete, batch.units) == (True, ())
    assert all(path.count("/") == 2 for path in asked), asked


async def test_a_forbidden_kind_of_source_makes_its_units_unknown_not_clean(tmp_path: Path) -> None:
    server = Server()
    server.answers["/apis/source.toolkit.fluxcd.io/v1/gitrepositories"] = refusal
    async with flux(tmp_path, server) as source:
        batch = await first(source)
    assert batch.health is not None
    assert batch.health.standing is Standing.DEGRADED
    assert "list gitrepositories.source.toolkit.fluxcd.io" in batch.health.error
    assert {unit.sync for unit in batch.units} == {"Unknown"}
    assert {unit.conditions[0].type for unit in batch.units} == {"SourceUnread"}


async def test_one_object_that_cannot_be_read_spoils_no_list(tmp_path: Path) -> None:
    server = Server()
    document = server.object(KUSTOMIZATIONS)
    document["items"][0]["spec"]["interval"] = 7
    server.put(KUSTOMIZATIONS, document)
    async with flux(tmp_path, server) as source:
        batch = await first(source)
    assert len(batch.units) == 11
    assert batch.health is not None
    assert batch.health.standing is Standing.DEGRADED


async def look(source: FluxSource, name: str) -> Inspection:
    return await source.inspect((await rows(source))[name])


@pytest.mark.usefixtures("builder")
async def test_the_artifact_is_built_as_flux_built_it(tmp_path: Path) -> None:
    server = Server()
    async with flux(tmp_path, server) as source:
        found = {name: await look(source, name) for name in ("frontend", "prices", "estate")}
        asked = [request.path for request in server.http.requests if "/proxy/" in request.path]
    for name, inspection in found.items():
        assert inspection.resources, name
        for planes in inspection.resources:
            assert planes.desired is not None
            assert "the very build that Flux applied" in planes.desired.method
            assert planes.recorded is not None
    prices = next(one for one in found["prices"].resources if one.ref.kind == "Deployment")
    assert prices.ref.name == "eu-prices"
    assert prices.desired is not None
    document = prices.desired.document
    assert document is not None
    assert document["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":0.5.2")
    assert document["metadata"]["labels"]["team"] == "pricing"
    assert any("Dry-run applies are not permitted" in gap for gap in found["frontend"].gaps)
    assert len(asked) == 1, "one artifact, asked for once"


@pytest.mark.usefixtures("builder")
async def test_what_is_encrypted_or_unread_is_unknown_with_the_reason(tmp_path: Path) -> None:
    async with flux(tmp_path, Server()) as source:
        sealed, filled, chart = [await look(source, name) for name in ("sealed", "backend", "mailer")]
    assert any("encrypted with SOPS" in gap for gap in sealed.gaps)
    assert any("the variable api_key comes from Secret/cluster-secrets" in gap for gap in filled.gaps)
    assert any("get secrets in store" in gap for gap in chart.gaps)
    for inspection in (sealed, filled, chart):
        assert inspection.uncompared == len(inspection.resources) > 0


async def test_an_artifact_that_is_not_what_its_digest_says_is_not_used(tmp_path: Path) -> None:
    server = Server()
    path = next(path for path in server.recorded if "/proxy/" in path)
    other = base64.b64encode(b"something else").decode()
    server.recorded[path] = server.recorded[path] | {"body_base64": other}
    async with flux(tmp_path, server) as source:
        inspection = await look(source, "frontend")
    assert any("not what its digest says" in gap for gap in inspection.gaps)
    assert inspection.uncompared == len(inspection.resources) == 2


@pytest.mark.usefixtures("builder")
async def test_a_dry_run_is_asked_by_force_under_the_controllers_name_and_changes_nothing(tmp_path: Path) -> None:
    server = Server()

    async def answer(request: Request, reply: Reply) -> None:
        assert request.method == "PATCH"
        assert request.query == {"dryRun": "All", "force": "true", "fieldManager": "kustomize-controller"}
        assert request.headers["content-type"] == "application/apply-patch+yaml"
        sent = json.loads(request.body)
        sent["spec"]["progressDeadlineSeconds"] = 600
        sent["metadata"]["labels"]["cost-center"] = "cc-1"
        sent["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}
        sent["metadata"]["managedFields"] = [
            {"manager": "cost-tagger", "fieldsV1": {"f:metadata": {"f:labels": {"f:cost-center": {}}}}},
            {
                "manager": "kustomize-controller",
                "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:app.kubernetes.io/name": {}}},
                    "f:spec": {"f:replicas": {}},
                },
            },
        ]
        await reply.json(sent)

    server.answers["/apis/apps/v1/namespaces/store/deployments/frontend"] = answer
    async with flux(tmp_path, server) as source:
        inspection = await look(source, "frontend")
    planes = next(one for one in inspection.resources if one.ref.kind == "Deployment")
    assert planes.desired is not None
    assert planes.desired.document is not None
    assert planes.desired.method.endswith("server-side dry-run apply")
    assert planes.desired.document["spec"]["progressDeadlineSeconds"] == 600
    assert [(rule.id, rule.name) for rule in inspection.ignore_rules] == [("flux/reconcile-disabled", "frontend")]
    assert "cost-center" not in planes.desired.document["metadata"]["labels"], "not of Flux, so not desired"


@pytest.mark.usefixtures("builder")
async def test_strict_asks_no_dry_run(tmp_path: Path) -> None:
    server = Server()
    async with flux(tmp_path, server, Access.STRICT) as source:
        inspection = await look(source, "frontend")
    assert all(request.method == "GET" for request in server.http.requests)
    assert any("--read-only=strict" in gap for gap in inspection.gaps)


def test_contexts_are_those_of_flux_else_the_named_else_the_current_one(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    entries = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("a", "b", "c")]
    path.write_text(
        json.dumps(
            {
                "current-context": "b",
                "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}],
                "users": [{"name": "u", "user": {"token": "t"}}],
                "contexts": entries,
            }
        )
    )

    def names(flux: FluxSettings, *contexts: str) -> list[str]:
        kubernetes = KubernetesSettings(kubeconfig=path, contexts=contexts or ("*",))
        settings: Any = SimpleNamespace(flux=flux, kubernetes=kubernetes, redaction_key=b"k", kube_api=None)
        return [source.name for source in SOURCE(settings, lambda: NOW)]

    assert names(FluxSettings()) == ["flux:b"]
    assert names(FluxSettings(), "a", "c") == ["flux:a", "flux:c"]
    assert names(FluxSettings(contexts=("c",)), "a") == ["flux:c"]
    assert names(FluxSettings(enabled=False)) == []
