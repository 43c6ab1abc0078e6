"""What each cluster says about itself: health, rights, events, schema, and which contexts become sources."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from drifttui.clients.access import Access
from drifttui.clients.kube_settings import KubernetesSettings
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.lastapplied import recorded_of
from drifttui.core.planes import Observation, Plane
from drifttui.core.ports import LiveReader, Source
from drifttui.sources.kubernetes import SOURCE
from tests.clients.raw_http import Reply, Request, serving

from .kubernetes_server import KEY, ApiServer, Moment, body, cluster, context_of, ref, source_of

WEB = ref("Deployment", "web")
EVENTS = "/api/v1/namespaces/pay/events"


def lacking(health: SourceHealth) -> list[str]:
    return [permission.name for permission in health.permissions if not permission.allowed]


async def test_a_healthy_cluster_says_who_we_are_and_what_we_may_do() -> None:
    async with cluster() as c:
        assert isinstance(c.source, LiveReader)
        health = await c.source.check()
        assert health.standing is Standing.OK
        assert health.version == "v1.36.3"
        assert health.identity == "alice@example.com (sre)"
        assert {p.name: p.allowed for p in health.permissions}["list applications.argoproj.io"] is True
        assert health.latency_ms is not None


async def test_a_missing_right_is_named_and_degrades_the_source() -> None:
    async with cluster() as c:
        c.api.denied = {"list events", "get secrets"}
        health = await c.source.check()
        assert health.standing is Standing.DEGRADED
        assert lacking(health) == ["list events", "get secrets"]
        assert "list events" in health.error


async def test_secrets_that_may_not_be_read_leave_the_source_ok() -> None:
    async with cluster() as c:
        c.api.denied = {"get secrets"}
        health = await c.source.check()
        assert health.standing is Standing.OK
        assert lacking(health) == ["get secrets"]


async def test_rights_that_cannot_be_asked_for_are_unknown_and_not_granted() -> None:
    async with cluster() as c:
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        c.api.answers[path] = lambda request, reply: c.api.status(reply, 403, "no reviews for you")
        health = await c.source.check()
        assert health.standing is Standing.DEGRADED
        assert {permission.allowed for permission in health.permissions} == {None}
        assert await c.source.may("patch", WEB) is None


async def test_an_old_cluster_that_does_not_know_who_we_are_still_works() -> None:
    async with cluster() as c:
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        c.api.answers[path] = lambda request, reply: c.api.status(reply, 404, "not found")
        health = await c.source.check()
        assert health.identity == ""
        assert health.standing is Standing.OK


async def test_what_may_not_be_done_is_known_and_asked_once() -> None:
    async with cluster() as c:
        c.api.denied = {"patch deployments"}
        assert await c.source.may("patch", WEB) is False
        assert await c.source.may("get", WEB) is True
        assert await c.source.may("patch", WEB) is False
        reviews = [json.loads(r.body)["spec"]["resourceAttributes"] for r in c.api.http.requests if r.method == "POST"]
        assert reviews[0] == {
            "verb": "patch",
            "group": "apps",
            "resource": "deployments",
            "namespace": "pay",
            "name": "web",
        }
        assert len(reviews) == 2


async def test_read_only_still_asks_for_rights() -> None:
    api = ApiServer()
    async with serving(api.handle) as http:
        api.http = http
        source = source_of(context_of(http.url), access=Access.STRICT)
        assert (await source.check()).standing is Standing.OK
        await source.close()


def event(name: str, reason: str = "Scaled", kind: str = "Deployment", **more: Any) -> dict[str, Any]:
    about = {"kind": kind, "name": name, "namespace": "pay", "apiVersion": "apps/v1"}
    return {"metadata": {"name": f"{name}.1"}, "involvedObject": about, "reason": reason, "message": "m", **more}


async def test_events_of_both_forms_come_newest_first_and_inert() -> None:
    async with cluster() as c:
        items = [
            event(
                "web", "Old", lastTimestamp="2026-01-01T00:00:00Z", count=7, type="Warning", source={"component": "a"}
            ),
            event(
                "web",
                "New",
                lastTimestamp=None,
                eventTime="2026-01-01T00:05:00.123456Z",
                source={},
                reportingComponent="b",
                message="\x1b[31mdown\n[/red]",
            ),
            event("web", "Odd", eventTime="not a time", source=None, message=None),
            event("other"),
            event("web", "Pod", kind="Pod"),
        ]
        c.api.answers[EVENTS] = lambda request, reply: reply.json({"items": items, "metadata": {}})
        seen = await c.source.events("pay", [WEB])
        assert [e.reason for e in seen.events] == ["New", "Old", "Odd"]
        assert seen.gap == ""
        new, old, odd = seen.events
        assert old.warning and old.times == 7 and old.component == "a"
        assert new.at == datetime(2026, 1, 1, 0, 5, 0, 123456, tzinfo=UTC)
        assert new.component == "b"
        assert "\x1b" not in new.message and "\n" not in new.message
        assert odd.at is None
        query = c.api.http.asked(EVENTS)[0].query
        assert query["fieldSelector"] == "involvedObject.kind=Deployment,involvedObject.name=web"


async def test_a_crash_loop_with_thousands_of_events_says_what_was_not_read() -> None:
    async with cluster() as c:

        async def pages(request: Request, reply: Reply) -> None:
            await reply.json({"items": [event("web")], "metadata": {"continue": "more"}})

        c.api.answers[EVENTS] = pages
        seen = await c.source.events("pay", [])
        assert len(seen.events) == c.api.asked(EVENTS) == 6
        assert "more than 3000 events" in seen.gap


async def test_the_schema_of_a_kind_is_fetched_once_per_content() -> None:
    async with cluster() as c:
        index = {"paths": {"apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=AB"}}}
        c.api.answers["/openapi/v3"] = lambda request, reply: reply.json(index)
        document: dict[str, Any] = {"components": {"schemas": {}}}
        c.api.answers["/openapi/v3/apis/apps/v1"] = lambda request, reply: reply.json(document)
        for _ in range(2):
            found = await c.source.schema([("apps", "Deployment"), ("example.com", "Queue")])
            assert list(found) == ["apps/Deployment"]
        assert c.api.asked("/openapi/v3/apis/apps/v1") == 1
        index["paths"]["apis/apps/v1"]["serverRelativeURL"] = "/openapi/v3/apis/apps/v1?hash=CD"
        await c.source.schema([("apps", "Deployment")])
        assert c.api.asked("/openapi/v3/apis/apps/v1") == 2
        assert c.api.http.asked("/openapi/v3/apis/apps/v1")[1].query == {"hash": "CD"}


def applied(text: object) -> Observation:
    document = body("Deployment", "web")
    document["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": text}
    return Observation(WEB, Plane.ACTUAL, document, "kubernetes:prod", "GET", Moment()(), "1")


def test_what_kubectl_applied_is_the_recorded_plane() -> None:
    recorded = recorded_of(applied('{"kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":3}}'))
    assert recorded is not None and recorded.document is not None
    assert recorded.plane is Plane.RECORDED
    assert recorded.method == "last-applied annotation"
    assert recorded.document["spec"] == {"replicas": 3}
    assert recorded.document["metadata"] == {"name": "web", "namespace": "pay"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"metadata": 1}', 7, None, "[" * 100_000])
def test_an_annotation_that_cannot_be_read_records_nothing(text: object) -> None:
    assert recorded_of(applied(text)) is None


def test_an_object_that_is_gone_records_nothing() -> None:
    assert recorded_of(applied("{}")._replace(document=None)) is None


def sources(file: Path, **settings: Any) -> dict[str, Source]:
    chosen = KubernetesSettings(**{"kubeconfig": file, "in_cluster": False, **settings})
    built = SOURCE(SimpleNamespace(kubernetes=chosen, redaction_key=KEY, read_only=True), Moment())
    return {source.name: source for source in built}


def kubeconfig(folder: Path, servers: dict[str, str]) -> Path:
    document = {
        "clusters": [{"name": f"{n}-cluster", "cluster": {"server": s}} for n, s in servers.items()],
        "contexts": [{"name": n, "context": {"cluster": f"{n}-cluster"}} for n in servers],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(document))
    return path


async def test_every_context_is_a_source_and_a_broken_one_is_blind(tmp_path: Path) -> None:
    api = ApiServer()
    api.put(body("Deployment", "web"))
    async with serving(api.handle) as http:
        api.http = http
        file = kubeconfig(tmp_path, {"prod": http.url, "stage": "ftp://nowhere"})
        built = sources(file)
        assert list(built) == ["kubernetes:prod", "kubernetes:stage"]
        stage = await built["kubernetes:stage"].check()
        assert stage.standing is Standing.BLIND
        assert str(file) in stage.error and "stage" in stage.error and stage.hint
        prod: Any = built["kubernetes:prod"]
        assert (await prod.check()).standing is Standing.OK
        assert (await prod.read([WEB]))[0].document
        for source in built.values():
            await source.close()


def test_contexts_are_chosen_by_name_and_pattern(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, {"prod-eu": "https://a", "prod-us": "https://b", "stage": "https://c"})
    assert list(sources(file, contexts=("prod-*",))) == ["kubernetes:prod-eu", "kubernetes:prod-us"]
    assert list(sources(file, contexts=("stage", "nope"))) == ["kubernetes:stage", "kubernetes:nope"]
    assert sources(file, enabled=False) == {}


async def test_a_context_that_was_asked_for_and_is_not_there_is_blind(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, {"prod": "https://a"})
    health = await sources(file, contexts=("nope",))["kubernetes:nope"].check()
    assert "There is no Kubernetes context nope" in health.error
    assert str(file) in health.error


async def test_a_file_that_cannot_be_read_is_blind_whatever_was_chosen(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("clusters: [")
    (source,) = sources(file, contexts=("prod*",)).values()
    assert "not valid YAML" in (await source.check()).error


def aliases(source: Source) -> frozenset[str]:
    assert isinstance(source, LiveReader)
    return source.aliases


def test_units_find_their_cluster_by_url_name_or_argo_cds_own_word(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, {"prod": "https://a:6443/", "stage": "https://b"})
    both = sources(file, argocd_context="prod", aliases={"stage": ("eu-staging",)})
    assert aliases(both["kubernetes:prod"]) >= {
        "prod",
        "prod-cluster",
        "https://a:6443",
        "https://kubernetes.default.svc",
        "in-cluster",
    }
    assert aliases(both["kubernetes:stage"]) == {"stage", "stage-cluster", "https://b", "eu-staging"}


def test_argo_cds_own_word_is_nobodys_while_that_would_be_a_guess(tmp_path: Path) -> None:
    two = sources(kubeconfig(tmp_path, {"prod": "https://a", "stage": "https://b"}))
    assert not any("https://kubernetes.default.svc" in aliases(source) for source in two.values())
    one = sources(kubeconfig(tmp_path, {"prod": "https://a", "same": "https://a"}))
    assert all("https://kubernetes.default.svc" in aliases(source) for source in one.values())
