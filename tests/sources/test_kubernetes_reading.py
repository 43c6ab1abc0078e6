"""What an operator is told about live objects when clusters answer well, badly, or not at all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drifttui.core.errors import BadAnswer, Forbidden, SourceError, Throttled, Unauthenticated, Unreachable
from drifttui.core.planes import Observation
from tests.clients.raw_http import Reply, Request, serving

from .kubernetes_server import ApiServer, Moment, body, cluster, context_of, ref, source_of

WEB = ref("Deployment", "web")
WEB_PATH = "/apis/apps/v1/namespaces/pay/deployments/web"


def observed(answer: Observation | Exception) -> Observation:
    assert isinstance(answer, Observation), answer
    return answer


def refused(answer: Observation | Exception) -> SourceError:
    assert isinstance(answer, SourceError), answer
    line = answer.one_line()
    assert "\n" not in line and "\x1b" not in line
    return answer


async def test_objects_come_in_the_order_asked_with_their_managers() -> None:
    async with cluster() as c:
        fields = [{"manager": "kubectl-set", "operation": "Update", "fieldsV1": {}}]
        web = body("Deployment", "web", 7)
        web["metadata"]["managedFields"] = fields
        c.api.put(web)
        c.api.put(body("ConfigMap", "conf", 8, data={"a": "b"}))
        conf, live = [observed(a) for a in await c.source.read([ref("ConfigMap", "conf"), WEB])]
        assert live.document is not None and conf.document is not None
        assert live.document["metadata"]["managedFields"] == fields
        assert live.revision == "7"
        assert conf.document["data"] == {"a": "b"}


async def test_an_object_that_is_not_there_was_looked_for() -> None:
    async with cluster() as c:
        (answer,) = await c.source.read([WEB])
        assert observed(answer).document is None
        assert observed(answer).method == "GET"


async def test_a_kind_that_the_cluster_does_not_serve_has_no_objects() -> None:
    async with cluster() as c:
        (answer,) = await c.source.read([WEB._replace(group="example.com", kind="Queue")])
        assert observed(answer).document is None
        assert "not served" in observed(answer).method


async def test_a_group_whose_server_is_down_is_unknown_and_not_empty() -> None:
    async with cluster() as c:
        c.api.stale = {"apps"}
        (answer,) = await c.source.read([WEB])
        assert "cannot tell about Deployment.apps" in refused(answer).one_line()


async def test_the_version_of_the_manifest_is_asked_for_where_it_is_served() -> None:
    async with cluster() as c:
        c.api.objects["/apis/apps/v1beta1/namespaces/pay/deployments/web"] = body("Deployment", "web")
        (answer,) = await c.source.read([WEB], {WEB: "v1beta1"})
        assert observed(answer).document is not None
        c.api.put(body("Deployment", "web"))
        (answer,) = await c.source.read([WEB], {WEB: "v9"})
        assert observed(answer).document is not None


async def test_an_old_server_without_aggregated_discovery_is_read_the_long_way() -> None:
    async with cluster() as c:
        c.api.aggregated = False
        for version in ("v1", "v1beta1"):
            listed = {
                "resources": [{"name": "deployments", "kind": "Deployment", "namespaced": True, "verbs": ["get"]}]
            }
            listed["resources"].append({"name": "deployments/scale", "kind": "Scale", "namespaced": True})
            c.api.answers[f"/apis/apps/{version}"] = lambda request, reply, listed=listed: reply.json(listed)
        c.api.put(body("Deployment", "web"))
        for _ in range(3):
            (answer,) = await c.source.read([WEB])
            assert observed(answer).document is not None
        assert c.api.asked("/apis") == 1
        assert c.api.asked("/apis/apps/v1") == 1


async def test_a_crd_installed_meanwhile_is_found() -> None:
    clock = Moment()
    api = ApiServer()
    async with serving(api.handle) as http:
        api.http = http
        source = source_of(context_of(http.url), clock=clock)
        api.answers["/apis"] = lambda request, reply: reply.json({"kind": "APIGroupDiscoveryList", "items": []})
        assert observed((await source.read([WEB]))[0]).method != "GET"
        del api.answers["/apis"]
        api.put(body("Deployment", "web"))
        clock.now += timedelta(seconds=31)
        assert observed((await source.read([WEB]))[0]).document is not None
        await source.close()


async def test_secret_values_become_digests_and_equal_ones_stay_equal() -> None:
    async with cluster() as c:
        for name in ("one", "two"):
            c.api.put(body("Secret", name, data={"password": "aHVudGVyMg=="}))
        one, two = await c.source.read([ref("Secret", "one"), ref("Secret", "two")])
        assert "aHVudGVyMg" not in repr(one)
        assert observed(one).document["data"] == observed(two).document["data"]  # type: ignore[index]


async def test_a_403_names_the_permission_and_spoils_only_its_object() -> None:
    async with cluster() as c:
        c.api.put(body("Deployment", "web"))
        c.api.answers["/api/v1/namespaces/pay/secrets/s"] = lambda request, reply: c.api.status(
            reply, 403, 'secrets "s" is forbidden: \x1b[31mUser cannot get'
        )
        secret, live = await c.source.read([ref("Secret", "s"), WEB])
        error = refused(secret)
        assert isinstance(error, Forbidden)
        assert error.permission == "get secrets in pay"
        assert "get secrets in pay" in error.hint
        assert observed(live).document is not None


async def test_a_401_with_a_token_that_was_renewed_on_disk_goes_unnoticed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    async with cluster(tokenFile=str(file)) as c:
        c.api.token = "old"
        c.api.put(body("Deployment", "web"))
        assert observed((await c.source.read([WEB]))[0]).document
        c.api.token = "new"
        file.write_text("new\n")
        assert observed((await c.source.read([WEB]))[0]).document


async def test_a_401_with_a_fixed_token_is_one_line_and_is_not_hammered() -> None:
    async with cluster(token="old") as c:
        c.api.token = "new"
        answers = await c.source.read([ref("ConfigMap", f"c{i}") for i in range(50)])
        assert {type(refused(answer)) for answer in answers} == {Unauthenticated}
        assert "Renew the credentials of user me in config" in refused(answers[0]).one_line()
        assert len(c.api.http.requests) <= 4
        health = await c.source.check()
        assert health.standing == "blind"
        assert "old" not in repr(health)


async def test_a_429_is_waited_out_and_told_when_it_lasts() -> None:
    async with cluster() as c:
        c.api.put(body("Deployment", "web"))

        async def busy_once(request: Request, reply: Reply) -> None:
            del c.api.answers[WEB_PATH]
            await c.api.status(reply, 429, "busy", retry_after="0")

        c.api.answers[WEB_PATH] = busy_once
        assert observed((await c.source.read([WEB]))[0]).document
        c.api.answers[WEB_PATH] = lambda request, reply: c.api.status(reply, 429, "busy", retry_after="120")
        error = refused((await c.source.read([WEB]))[0])
        assert isinstance(error, Throttled)
        assert error.retry_after == 120


@pytest.mark.parametrize("text", ['{"metadata": {"name": "we', "[1, 2]", '"text"', '{"metadata": 7}', "[" * 100_000])
async def test_a_body_that_is_no_object_is_one_line(text: str) -> None:
    async with cluster() as c:
        c.api.answers[WEB_PATH] = lambda request, reply: reply.send(text.encode())
        error = refused((await c.source.read([WEB]))[0])
        assert isinstance(error, BadAnswer)
        assert WEB_PATH in error.one_line()


async def test_a_login_page_instead_of_json_is_told_as_one() -> None:
    async with cluster() as c:
        c.api.answers["/version"] = lambda request, reply: reply.send(b"<html>Sign in", content_type="text/html")
        health = await c.source.check()
        assert health.standing == "blind"
        assert "web page" in health.error


async def test_an_answer_that_breaks_off_is_asked_again() -> None:
    async with cluster() as c:
        c.api.put(body("Deployment", "web"))

        async def broken_once(request: Request, reply: Reply) -> None:
            del c.api.answers[WEB_PATH]
            await reply.head(content_type="application/json", content_length="5000")
            await reply.raw(b'{"metadata"')
            await reply.hang_up()

        c.api.answers[WEB_PATH] = broken_once
        assert observed((await c.source.read([WEB]))[0]).document


async def test_one_byte_a_second_ends_at_the_deadline() -> None:
    api = ApiServer()

    async def drip(request: Request, reply: Reply) -> None:
        await reply.head(content_type="application/json", content_length="5000")
        while True:
            await reply.raw(b" ")
            await asyncio.sleep(0.05)

    api.answers[WEB_PATH] = drip
    async with serving(api.handle) as http:
        api.http = http
        source = source_of(context_of(http.url), timeout=0.5)
        error = refused((await source.read([WEB]))[0])
        assert isinstance(error, Unreachable)
        assert "too slow" in error.one_line()
        await source.close()


async def test_a_40_mb_object_is_refused_and_its_neighbours_are_read() -> None:
    async with cluster() as c:
        c.api.put(body("ConfigMap", "conf"))

        async def huge(request: Request, reply: Reply) -> None:
            await reply.head(content_type="application/json", transfer_encoding="chunked")
            for _ in range(40):
                await reply.chunk(b" " * 1_000_000)

        c.api.answers[WEB_PATH] = huge
        big, conf = await c.source.read([WEB, ref("ConfigMap", "conf")])
        assert "too large" in refused(big).one_line()
        assert "16 MB" in refused(big).one_line()
        assert observed(conf).document


@pytest.mark.parametrize("name", ["..", ".", "a/b", "%2e%2e", "", "../../secrets/other"])
async def test_a_name_that_would_walk_up_the_path_is_not_asked_for(name: str) -> None:
    async with cluster() as c:
        refused((await c.source.read([ref("ConfigMap", name)]))[0])
        assert {request.path for request in c.api.http.requests} <= {"/api", "/apis"}


async def test_a_hostile_name_stays_one_segment_and_one_line() -> None:
    async with cluster() as c:
        name = "x?watch=1#\x1b[31m [red]"
        observed((await c.source.read([ref("ConfigMap", name)]))[0])
        assert c.api.http.requests[-1].path == f"/api/v1/namespaces/pay/configmaps/{name}"
        assert c.api.http.requests[-1].query == {}


async def test_a_dead_cluster_answers_a_hundred_questions_at_once_and_delays_nobody() -> None:
    async with cluster() as c:
        c.api.put(body("Deployment", "web"))
        async with serving(c.api.handle) as gone:
            url = gone.url
        dead = source_of(context_of(url, "dead"))
        many = [ref("ConfigMap", f"c{i}") for i in range(100)]
        answers, (live,) = await asyncio.gather(dead.read(many), c.source.read([WEB]))
        assert {type(refused(answer)) for answer in answers} == {Unreachable}
        assert url in refused(answers[0]).one_line()
        assert observed(live).document
        assert dead.api.counters.errors <= 8
        assert (await dead.check()).standing == "blind"
        await dead.close()


async def test_a_cluster_that_comes_back_is_read_again() -> None:
    clock = Moment()
    api = ApiServer()
    api.put(body("Deployment", "web"))
    async with serving(api.handle) as http:
        api.http = http
        source = source_of(context_of(http.url), clock=clock)
        await http.stop()
        refused((await source.read([WEB]))[0])
        first = await source.check()
        clock.now += timedelta(seconds=60)
        assert (await source.check()).blind_since == first.checked_at
        await http.start()
        assert observed((await source.read([WEB]))[0]).document
        assert (await source.check()).blind_since is None
        await source.close()


async def test_a_clock_two_minutes_off_is_told() -> None:
    api = ApiServer()
    async with serving(api.handle) as http:
        api.http = http
        http.date = datetime(2026, 1, 1, 0, 2, tzinfo=UTC)
        source = source_of(context_of(http.url))
        health = await source.check()
        assert health.clock_skew == timedelta(minutes=2)
        assert health.standing == "ok"
        await source.close()
