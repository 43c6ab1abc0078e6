"""What reaches the screen while objects change, connections end and the server forgets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from drifttui.core.identity import ResourceRef
from drifttui.sources.kubernetes.source import KubernetesSource
from drifttui.sources.kubernetes.watching import Watching
from tests.clients.raw_http import Reply, Request

from .kubernetes_server import body, changed, cluster, events, ref

WEB, API = ref("Deployment", "web"), ref("Deployment", "api")
DEPLOYMENTS = "/apis/apps/v1/namespaces/pay/deployments"


class Watcher:
    """Observations one by one, without real delays between connections."""

    def __init__(self, source: KubernetesSource, refs: Sequence[ResourceRef]) -> None:
        self.trouble: list[str] = []
        self.waits: list[float] = []
        self._watching = Watching(
            source.api,
            source._discovery,
            source._reader,
            refs,
            trouble=lambda error: self.trouble.append(error.one_line()),
            rng=lambda: 0.5,
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)

    async def __aenter__(self) -> Watcher:
        self._stream = self._watching.observations()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stream.aclose()

    async def next(self) -> tuple[str, str]:
        """Name and resourceVersion; `gone` for an object that is not there."""
        async with asyncio.timeout(20):
            seen = await anext(self._stream)
        return seen.ref.name, seen.revision if seen.document is not None else "gone"


def web(version: int, **more: Any) -> dict[str, Any]:
    return body("Deployment", "web", version, **more)


async def test_an_edit_is_told_as_it_happens() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        c.api.watches = [events(changed("MODIFIED", web(102)), changed("DELETED", web(103)))]
        async with Watcher(c.source, [WEB]) as watch:
            assert [await watch.next() for _ in range(3)] == [("web", "101"), ("web", "102"), ("web", "gone")]
        asked = c.api.http.asked(DEPLOYMENTS)
        assert asked[0].query["fieldSelector"] == "metadata.name=web"
        assert asked[1].query["resourceVersion"] == "101"
        assert asked[1].query["allowWatchBookmarks"] == "true"


async def test_what_was_just_read_is_not_told_again() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        await c.source.read([WEB, API])
        c.api.watches = [events(changed("MODIFIED", web(102)))]
        async with Watcher(c.source, [WEB, API]) as watch:
            assert await watch.next() == ("web", "102")


async def test_a_change_between_reading_and_watching_is_told() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        await c.source.read([WEB])
        c.api.put(web(102))
        async with Watcher(c.source, [WEB]) as watch:
            assert await watch.next() == ("web", "102")


async def test_neighbours_in_the_collection_are_not_told() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        other = body("Deployment", "other", 102)
        c.api.watches = [events(changed("ADDED", other), changed("ADDED", body("Deployment", "api", 103)))]
        async with Watcher(c.source, [WEB, API]) as watch:
            assert [await watch.next() for _ in range(3)] == [("web", "101"), ("api", "gone"), ("api", "103")]
        assert "fieldSelector" not in c.api.http.asked(DEPLOYMENTS)[0].query


async def test_a_watch_that_the_server_ends_goes_on_from_its_last_bookmark() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        bookmark = changed("BOOKMARK", {"kind": "Deployment", "metadata": {"resourceVersion": "150"}})
        c.api.watches = [events(bookmark), events(changed("MODIFIED", web(151)))]
        async with Watcher(c.source, [WEB]) as watch:
            assert [await watch.next() for _ in range(2)] == [("web", "101"), ("web", "151")]
        watched = [r.query["resourceVersion"] for r in c.api.http.asked(DEPLOYMENTS) if r.query.get("watch")]
        assert watched[:2] == ["101", "150"]
        assert watch.trouble == []


async def test_a_forgotten_version_as_http_410_tells_what_was_missed() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        c.api.put(body("Deployment", "api", 102))

        async def forgotten(request: Request, reply: Reply) -> None:
            c.api.put(web(140))
            del c.api.objects[f"{DEPLOYMENTS}/api"]
            await c.api.status(reply, 410, "too old resource version: 102 (139)")

        c.api.watches = [forgotten]
        async with Watcher(c.source, [WEB, API]) as watch:
            told = [await watch.next() for _ in range(4)]
        assert sorted(told[:2]) == [("api", "102"), ("web", "101")]
        assert sorted(told[2:]) == [("api", "gone"), ("web", "140")]
        assert watch.trouble == []


async def test_a_forgotten_version_as_an_error_event_tells_what_was_missed() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        status = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old", "metadata": {}}

        async def forgotten(request: Request, reply: Reply) -> None:
            c.api.put(web(140))
            await events(changed("ERROR", status))(request, reply)

        c.api.watches = [forgotten]
        async with Watcher(c.source, [WEB]) as watch:
            assert [await watch.next() for _ in range(2)] == [("web", "101"), ("web", "140")]
        assert watch.trouble == []


async def test_a_server_that_forgets_every_time_is_asked_ever_more_slowly() -> None:
    async with cluster() as c:
        status = {"kind": "Status", "code": 410, "message": "too old"}
        c.api.put(web(101))
        c.api.watches = [events(changed("ERROR", status))] * 5 + [events(changed("MODIFIED", web(102)))]
        async with Watcher(c.source, [WEB]) as watch:
            assert [await watch.next() for _ in range(2)] == [("web", "101"), ("web", "102")]
        assert watch.waits[:4] == [1.0, 2.0, 4.0, 8.0]
        assert len(watch.trouble) == 4


async def test_lines_that_break_off_or_are_no_json_lose_nothing() -> None:
    async with cluster() as c:
        c.api.put(web(101))

        async def broken(request: Request, reply: Reply) -> None:
            await reply.head(content_type="application/json", transfer_encoding="chunked")
            await reply.chunk(b'{"type":"MODIFIED","object":{"metadata":{"na\n')
            c.api.put(web(102))
            await reply.hang_up()

        c.api.watches = [broken]
        async with Watcher(c.source, [WEB]) as watch:
            assert [await watch.next() for _ in range(2)] == [("web", "101"), ("web", "102")]
        assert len(watch.trouble) == 1
        assert "\n" not in watch.trouble[0]


async def test_a_connection_that_dies_is_opened_again() -> None:
    async with cluster() as c:
        c.api.put(web(101))

        async def dies(request: Request, reply: Reply) -> None:
            await reply.head(content_type="application/json", transfer_encoding="chunked")
            await reply.hang_up()

        c.api.watches = [dies, events(changed("MODIFIED", web(102)))]
        async with Watcher(c.source, [WEB]) as watch:
            assert [await watch.next() for _ in range(2)] == [("web", "101"), ("web", "102")]


async def test_a_forbidden_collection_is_given_up_and_named_and_the_others_go_on() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        path = "/api/v1/namespaces/pay/secrets"
        c.api.answers[path] = lambda request, reply: c.api.status(reply, 403, "no")
        c.api.watches = [events(changed("MODIFIED", web(102)))]
        async with Watcher(c.source, [ref("Secret", "s"), WEB]) as watch:
            assert [await watch.next() for _ in range(2)] == [("web", "101"), ("web", "102")]
            assert c.api.asked(path) == 1
            assert "list secrets in pay" in watch.trouble[0]


async def test_secrets_in_lists_and_watches_are_redacted_although_list_items_carry_no_kind() -> None:
    async with cluster() as c:
        first = body("Secret", "s", 101, data={"password": "aHVudGVyMg=="})
        c.api.put(first)
        c.api.watches = [events(changed("MODIFIED", body("Secret", "s", 102, data={"password": "c3dvcmRmaXNo"})))]
        async with aclosing(c.source.watch_objects([ref("Secret", "s")])) as stream:
            listed, watched = await anext(stream), await anext(stream)
        assert listed.document["kind"] == watched.document["kind"] == "Secret"
        assert "aHVudGVyMg" not in repr(listed)
        assert "c3dvcmRmaXNo" not in repr(watched)


async def test_a_change_that_is_too_large_is_told_and_skipped() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        big = web(102, spec={"text": "x" * 17_000_000})
        c.api.watches = [events(changed("MODIFIED", big), changed("MODIFIED", web(103)))]
        async with Watcher(c.source, [WEB]) as watch:
            assert [await watch.next() for _ in range(2)] == [("web", "101"), ("web", "103")]
        assert "too large" in watch.trouble[0]


async def test_a_name_that_cannot_be_is_told_and_the_others_are_watched() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        async with Watcher(c.source, [ref("Deployment", ".."), WEB]) as watch:
            assert await watch.next() == ("web", "101")
        assert "none that Kubernetes can hold" in watch.trouble[0]


async def test_closing_ends_every_connection() -> None:
    async with cluster() as c:
        c.api.put(web(101))
        before = asyncio.all_tasks()
        async with Watcher(c.source, [WEB, ref("ConfigMap", "conf")]) as watch:
            await watch.next()
        left = [task for task in asyncio.all_tasks() - before if "RawServer" not in repr(task)]
        assert left == []
