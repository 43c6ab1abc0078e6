"""Argo CD without a token: the objects in Kubernetes, listed in pages and watched."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from drifttui.clients.kube_api import NO_PARAMS, KubeApi
from drifttui.clients.retry import Backoff
from drifttui.core.errors import BadAnswer, Forbidden, InputError, Missing, SourceError, Unreachable
from drifttui.core.health import Standing
from drifttui.core.identity import UnitId
from drifttui.core.planes import UNKNOWN, Plane
from drifttui.core.ports import Batch
from drifttui.core.unit import Unit
from drifttui.sources.argocd.crd_source import ArgoCDObjects
from drifttui.sources.argocd.watch import Pace
from tests.sources.fake_argocd import App, app

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
ALL = "/apis/argoproj.io/v1alpha1/applications"
HOME = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
PACE = Pace(window=0, settle=30, survey=30, heartbeat=30, lived=0, backoff=Backoff(base=0.01, cap=0.01))


class FakeKube:
    """An API server by its protocol: versions, pages, bookmarks and 410."""

    context = "prod"
    server = "https://kube.example.com"

    def __init__(self, *names: str) -> None:
        self.version = 100
        self.apps: dict[tuple[str, str], App] = {}
        self.config: dict[str, str] | None = {}
        self.errors: dict[str, SourceError] = {}
        self.gets: list[tuple[str, Mapping[str, str]]] = []
        self.watches: list[Mapping[str, str]] = []
        self.lines: asyncio.Queue[bytes | SourceError | None] = asyncio.Queue()
        self.page = 2
        self.expire_pages = False
        self.closed = False
        for name in names:
            self.put(app(name))

    def put(self, made: App) -> App:
        self.version += 1
        made["metadata"]["resourceVersion"] = str(self.version)
        self.apps[made["metadata"]["namespace"], made["metadata"]["name"]] = made
        return made

    def tell(self, kind: str, made: Any) -> None:
        self.lines.put_nowait(json.dumps({"type": kind, "object": made}).encode())

    async def get(self, path: str, params: Mapping[str, str] = NO_PARAMS, *, accept: str = "") -> bytes:
        self.gets.append((path, params))
        if path in self.errors:
            raise self.errors[path]
        if path.endswith("/configmaps/argocd-cm"):
            if self.config is None:
                raise Forbidden("no")
            return json.dumps({"data": self.config}).encode()
        if path in (ALL, HOME):
            return self._list(
                [a for a in self.apps.values() if path == ALL or a["metadata"]["namespace"] == "argocd"], params
            )
        *_, namespace, _, name = path.split("/")
        if (namespace, name) not in self.apps:
            raise Missing("gone")
        return json.dumps(self.apps[namespace, name]).encode()

    def _list(self, items: list[App], params: Mapping[str, str]) -> bytes:
        start = int(params.get("continue", "0"))
        if start and self.expire_pages:
            raise BadAnswer("expired", status=410)
        end = start + min(int(params["limit"]), self.page) if "limit" in params else len(items)
        more = {"continue": str(end)} if end < len(items) else {}
        return json.dumps(
            {"metadata": {"resourceVersion": str(self.version)} | more, "items": items[start:end]}
        ).encode()

    async def stream(self, path: str, params: Mapping[str, str]) -> AsyncIterator[bytes]:
        self.watches.append(params)
        while (line := await self.lines.get()) is not None:
            if isinstance(line, SourceError):
                raise line
            yield line

    async def close(self) -> None:
        self.closed = True


class Seen:
    def __init__(self, source: ArgoCDObjects, batches: AsyncIterator[Batch]) -> None:
        self.source, self.stream = source, batches
        self.units: dict[UnitId, Unit] = {}
        self.batches: list[Batch] = []

    def named(self, name: str, namespace: str = "argocd") -> Unit:
        return self.units[UnitId("argocd", self.source.name, namespace, name)]

    async def next(self) -> Batch:
        async with asyncio.timeout(10):
            batch = await anext(self.stream)
        self.batches.append(batch)
        self.units = ({} if batch.complete else self.units) | {unit.id: unit for unit in batch.units}
        for gone in batch.removed:
            del self.units[gone]
        return batch


@asynccontextmanager
async def watching(kube: FakeKube, namespace: str = "") -> AsyncIterator[Seen]:
    source = source_of(kube, namespace)
    async with aclosing(source.watch()) as batches:  # type: ignore[type-var]
        yield Seen(source, batches)
    await source.close()
    assert kube.closed


def source_of(kube: KubeApi, namespace: str = "") -> ArgoCDObjects:
    return ArgoCDObjects("prod", lambda: kube, lambda: NOW, clean=str, namespace=namespace, pace=PACE)


async def test_every_page_is_read_before_anything_is_shown() -> None:
    kube = FakeKube("a", "b", "c", "d", "e")
    async with watching(kube) as seen:
        batch = await seen.next()
        assert batch.complete
        assert sorted(unit.name for unit in seen.units) == ["a", "b", "c", "d", "e"]
        assert batch.health is not None
        assert batch.health.standing is Standing.OK
        assert "CRDs through Kubernetes" in batch.health.method
        assert batch.health.method.startswith("stream"), "a connected watch vouches for rows that it does not mention"


async def test_pages_that_expire_are_read_again_as_one() -> None:
    kube = FakeKube("a", "b", "c")
    kube.expire_pages = True
    async with watching(kube) as seen:
        await seen.next()
        assert len(seen.units) == 3


async def test_changes_arrive_and_bookmarks_move_the_place_to_go_on_from() -> None:
    kube = FakeKube("web", "api")
    async with watching(kube) as seen:
        await seen.next()
        changed = copy.deepcopy(kube.apps["argocd", "web"])
        changed["status"]["sync"]["status"] = "OutOfSync"
        kube.tell("MODIFIED", kube.put(changed))
        await seen.next()
        assert seen.named("web").sync == "OutOfSync"
        kube.tell("DELETED", kube.put(kube.apps["argocd", "api"]))
        await seen.next()
        assert [unit.name for unit in seen.units] == ["web"]
        kube.tell("BOOKMARK", {"metadata": {"resourceVersion": "900"}})
        kube.lines.put_nowait(None)
        kube.tell("ADDED", kube.put(app("new") | {}))
        await seen.next()
        assert {unit.name for unit in seen.units} == {"web", "new"}
        assert [params["resourceVersion"] for params in kube.watches] == ["102", "900"]
        assert all(params["allowWatchBookmarks"] == "true" for params in kube.watches)
        assert sum(batch.complete for batch in seen.batches) == 1, "a watch that ends regularly misses nothing"


@pytest.mark.parametrize("how", ["as an event", "as an answer"])
async def test_410_leads_to_a_new_list(how: str) -> None:
    kube = FakeKube("web", "old")
    async with watching(kube) as seen:
        await seen.next()
        del kube.apps["argocd", "old"]
        kube.put(app("new"))
        if how == "as an event":
            kube.tell("ERROR", {"kind": "Status", "code": 410, "message": "too old resource version"})
        else:
            kube.lines.put_nowait(BadAnswer("gone", status=410))
        while not (batch := await seen.next()).complete:
            pass
        assert {unit.id.name for unit in batch.units} == {"web", "new"}


async def test_a_broken_watch_is_told_and_mended() -> None:
    kube = FakeKube("web")
    async with watching(kube) as seen:
        await seen.next()
        kube.lines.put_nowait(Unreachable("the connection broke"))
        batch = await seen.next()
        assert batch.health is not None
        assert batch.health.standing is Standing.DEGRADED
        assert (await seen.next()).complete


async def test_a_cluster_without_argo_cd_is_off_and_not_broken() -> None:
    kube = FakeKube()
    kube.errors[ALL] = Missing("no such kind")
    async with watching(kube) as seen:
        batch = await seen.next()
        assert batch.health is not None
        assert batch.health.standing is Standing.OFF


async def test_who_may_read_one_namespace_only_sees_that_one_and_is_told() -> None:
    kube = FakeKube("web")
    kube.put(app("reports", "team-blue"))
    kube.errors[ALL] = Forbidden("forbidden", "cannot list at the cluster scope")
    async with watching(kube) as seen:
        batch = await seen.next()
        assert [unit.id.name for unit in batch.units] == ["web"]
        assert batch.health is not None
        assert batch.health.standing is Standing.DEGRADED
        assert "only applications in argocd are seen" in batch.health.error


async def test_who_may_read_nothing_is_told_which_right_is_missing() -> None:
    kube = FakeKube("web")
    kube.errors[ALL] = kube.errors[HOME] = Forbidden("forbidden")
    source = source_of(kube)
    health = await source.check()
    assert health.standing is Standing.BLIND
    assert "list applications.argoproj.io" in health.hint
    assert health.permissions[0].allowed is False


async def test_a_context_that_cannot_be_used_is_blind_and_says_why() -> None:
    def broken() -> KubeApi:
        raise InputError("There is no context prod", "kubeconfig")

    source = ArgoCDObjects("prod", broken, lambda: NOW, clean=str, pace=PACE)
    health = await source.check()
    assert health.standing is Standing.BLIND
    assert "no context prod" in health.error


async def test_a_context_with_slashes_gives_a_name_that_can_be_an_identity() -> None:
    source = ArgoCDObjects("arn:aws:eks:eu-west-1:1:cluster/prod", FakeKube, lambda: NOW, clean=str)
    unit = UnitId("argocd", source.name, "argocd", "web")
    assert UnitId.parse(str(unit)) == unit


async def test_opening_an_application_says_plainly_what_is_unknown() -> None:
    kube = FakeKube("web")
    made = kube.apps["argocd", "web"]
    made["status"]["resources"] = [
        {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "OutOfSync"}
    ]
    made["status"]["history"] = [{"id": 3, "revision": "a" * 40, "deployedAt": "2026-03-01T00:00:00Z"}]
    kube.config = {
        "resource.customizations.ignoreDifferences.apps_Deployment": "jsonPointers: [/spec/replicas]",
        "application.resourceTrackingMethod": "annotation+label",
    }
    async with watching(kube) as seen:
        await seen.next()
        inspection = await seen.source.inspect(seen.named("web"))
        (web,) = inspection.resources
        assert str(web.ref) == "apps/Deployment/shop/web"
        assert all(web.value(plane) is UNKNOWN for plane in Plane)
        assert any("Target manifests need an Argo CD token" in gap for gap in inspection.gaps)
        assert [revision.revision for revision in inspection.revisions] == ["a" * 40]
        rules = {rule.id: rule for rule in inspection.ignore_rules}
        assert rules["argocd/system/apps/Deployment"].json_pointers == ("/spec/replicas",)
        assert rules["argocd/system/*/*"].json_pointers == ("/status",), "the default since 3.0"


async def test_without_the_config_map_the_missing_rules_are_a_gap() -> None:
    kube = FakeKube("web")
    kube.config = None
    async with watching(kube) as seen:
        await seen.next()
        inspection = await seen.source.inspect(seen.named("web"))
        assert any("System-wide ignore rules" in gap for gap in inspection.gaps)


async def test_owners_by_label_count_where_argo_cd_tracks_by_label() -> None:
    kube = FakeKube("web")
    kube.apps["argocd", "web"]["metadata"]["labels"] = {"argo/instance": "root"}
    kube.config = {"application.resourceTrackingMethod": "label", "application.instanceLabelKey": "argo/instance"}
    async with watching(kube) as seen:
        await seen.next()
        assert seen.named("web").owner == "Application/root"
