"""How a write travels, and what every answer to it means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drifttui.clients.argocd_write import ArgoCDWriter
from drifttui.clients.http import Http, Limits
from drifttui.clients.kube_write import KubeWriter, object_path
from drifttui.core.errors import (
    BadAnswer,
    DriftError,
    Forbidden,
    InputError,
    Missing,
    OutcomeUnknown,
    PreconditionFailed,
    Throttled,
    Unreachable,
)
from drifttui.core.pause import Door, Target
from tests.clients.raw_http import RawServer, Reply, Request, serving

WEB = Target(Door.KUBERNETES, "prod", "argoproj.io", "v1alpha1", "applications", "Application", "argocd", "web", "shop")
SET = WEB._replace(plural="applicationsets", kind="ApplicationSet")
PATCH: list[dict[str, Any]] = [
    {"op": "test", "path": "/metadata/uid", "value": "u"},
    {"op": "add", "path": "/spec/a", "value": True},
]
OBJECT = {"metadata": {"name": "web", "uid": "u"}, "spec": {"a": True}}
REJECTED = "the server rejected our request due to an error in our request"
QUOTED = 'Application "web" is invalid: {"the": "whole object"}: strict decoding error: unknown field "spec.b"'


async def kube(server: RawServer, limits: Limits | None = None) -> Any:
    http = Http(server.url, name="Kubernetes prod", limits=limits)
    try:
        return await KubeWriter(http).patch(WEB, PATCH)
    finally:
        await http.close()


async def argocd(server: RawServer) -> Any:
    http = Http(server.url, name="argocd:prod")
    try:
        return await ArgoCDWriter(http).patch(WEB, PATCH)
    finally:
        await http.close()


async def test_a_json_patch_under_our_own_name_strictly_checked() -> None:
    async def handle(request: Request, reply: Reply) -> None:
        await reply.json(OBJECT, audit_id="0b5f")

    async with serving(handle) as server:
        written = await kube(server)
    (sent,) = server.requests
    assert (sent.method, sent.path) == ("PATCH", "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/web")
    assert sent.query == {"fieldManager": "drifttui", "fieldValidation": "Strict"}
    assert sent.headers["content-type"] == "application/json-patch+json"
    assert json.loads(sent.body) == PATCH
    assert (written.document, written.audit_id) == (OBJECT, "0b5f")


async def test_argocd_gets_the_exact_content_type_project_and_namespace() -> None:
    async def handle(request: Request, reply: Reply) -> None:
        await reply.json(OBJECT)

    async with serving(handle) as server:
        await argocd(server)
        http = Http(server.url, name="argocd:prod")
        await ArgoCDWriter(http).stop_operation(WEB)
        await http.close()
    patch, stop = server.requests
    assert (patch.method, patch.path) == ("PATCH", "/api/v1/applications/web")
    body = json.loads(patch.body)
    assert (body["name"], body["appNamespace"], body["project"], body["patchType"]) == ("web", "argocd", "shop", "json")
    assert json.loads(body["patch"]) == PATCH
    assert (stop.method, stop.path) == ("DELETE", "/api/v1/applications/web/operation")
    assert stop.query == {"appNamespace": "argocd", "project": "shop"}
    assert {sent.headers["content-type"] for sent in server.requests} == {"application/json"}, "else 415"


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (403, "forbidden", Forbidden),
        (404, "not found", Missing),
        (409, "the object has been modified", PreconditionFailed),
        (422, REJECTED, PreconditionFailed),
        (422, QUOTED, BadAnswer),
        (400, "cannot decode", BadAnswer),
        (429, "too many requests", Throttled),
        (500, "etcdserver: request timed out", OutcomeUnknown),
        (504, "timeout", OutcomeUnknown),
    ],
)
async def test_what_a_refusal_means(status: int, message: str, error: type[DriftError]) -> None:
    async def handle(request: Request, reply: Reply) -> None:
        await reply.json({"kind": "Status", "message": message}, status)

    async with serving(handle) as server:
        with pytest.raises(error) as caught:
            await kube(server)
    assert type(caught.value) is error
    assert len(server.requests) == 1, "sent once"
    if message == QUOTED:
        assert "unknown field" in caught.value.detail
        assert "whole object" not in caught.value.detail


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (500, "error applying patch: testing value /metadata/uid failed: test failed", PreconditionFailed),
        (500, "error updating application", OutcomeUnknown),
        (400, "application spec for web is invalid: Unable to generate manifests", BadAnswer),
    ],
)
async def test_argocd_says_a_failed_test_with_500(status: int, message: str, error: type[DriftError]) -> None:
    async def handle(request: Request, reply: Reply) -> None:
        await reply.json({"error": message, "code": 2, "message": message}, status)

    async with serving(handle) as server:
        with pytest.raises(error) as caught:
            await argocd(server)
    assert type(caught.value) is error
    assert len(server.requests) == 1


async def test_no_answer_in_time_may_have_been_written() -> None:
    async def handle(request: Request, reply: Reply) -> None:
        await reply.chunk(b"")

    async with serving(handle) as server:
        with pytest.raises(OutcomeUnknown, match="not sent again"):
            await kube(server, Limits(total=0.2))
    assert len(server.requests) == 1


@pytest.mark.parametrize("half", [False, True])
async def test_a_cut_may_have_been_written(half: bool) -> None:
    async def handle(request: Request, reply: Reply) -> None:
        if half:
            await reply.raw(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n{")
        await reply.hang_up()

    async with serving(handle) as server:
        with pytest.raises(OutcomeUnknown):
            await kube(server)
    assert len(server.requests) == 1


async def test_an_answer_that_is_no_object_may_have_been_written() -> None:
    async def handle(request: Request, reply: Reply) -> None:
        await reply.send(b"<html>", content_type="text/html")

    async with serving(handle) as server:
        with pytest.raises(OutcomeUnknown):
            await kube(server)


async def test_without_a_connection_nothing_was_written() -> None:
    async def handle(request: Request, reply: Reply) -> None:
        await reply.json(OBJECT)

    async with serving(handle) as server:
        pass
    with pytest.raises(Unreachable, match="Nothing was written"):
        await kube(server)


async def test_an_applicationset_cannot_be_changed_through_argocd() -> None:
    http = Http("http://127.0.0.1:9", name="argocd:prod")
    with pytest.raises(InputError, match="--argocd-cluster"):
        await ArgoCDWriter(http).patch(SET, PATCH)


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_a_name_cannot_lead_elsewhere(name: str) -> None:
    with pytest.raises(BadAnswer):
        object_path(WEB._replace(name=name))
    assert object_path(WEB._replace(name="a/../b")).endswith("/applications/a%2F..%2Fb")
