"""Following Argo CD: what an operator sees when lists and streams are late, cut, or refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.argocd_settings import ArgoCDSettings
from drifttui.clients.limits import Limits
from drifttui.clients.retry import Backoff
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import UnitId
from drifttui.core.ports import Batch
from drifttui.core.unit import Auto, Unit
from drifttui.sources.argocd.source import ArgoCDSource, argocd_source
from drifttui.sources.argocd.watch import Pace
from tests.clients.raw_http import Reply, Request
from tests.sources.fake_argocd import FakeArgoCD, app

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)

PACE = Pace(
    window=0.0,
    settle=30.0,
    survey=30.0,
    full=600.0,
    fallback=0.05,
    heartbeat=30.0,
    lived=0.0,
    backoff=Backoff(base=0.02, cap=0.02),
)
"""Nothing happens by the clock alone; what is to happen by it, each test makes quick."""


class Watching:
    """What the rest of the program would know by now."""

    def __init__(self, source: ArgoCDSource, batches: AsyncIterator[Batch]) -> None:
        self.source = source
        self.units: dict[UnitId, Unit] = {}
        self.batches: list[Batch] = []
        self._stream = batches

    @property
    def health(self) -> SourceHealth:
        health = self.batches[-1].health
        assert health is not None
        return health

    def named(self, name: str, namespace: str = "argocd") -> Unit:
        return self.units[UnitId("argocd", self.source.name, namespace, name)]

    async def until(self, seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not (self.batches and seen()):
                batch = await anext(self._stream)
                self.batches.append(batch)
                if batch.complete:
                    self.units = {}
                for unit in batch.units:
                    self.units[unit.id] = unit
                for gone in batch.removed:
                    del self.units[gone]


@asynccontextmanager
async def fake(*names: str) -> AsyncIterator[FakeArgoCD]:
    server = FakeArgoCD()
    for name in names:
        server.put(app(name))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def source_of(server: FakeArgoCD, tmp_path: Path, pace: Pace = PACE, **settings: Any) -> ArgoCDSource:
    token_file = tmp_path / "token"
    if not token_file.exists():
        token_file.write_text("good\n")
    given: dict[str, Any] = {"name": "eu", "server": server.url, "token_file": token_file, "timeout": 5.0}
    made = ArgoCDSettings(**given | settings)
    return argocd_source(
        made,
        lambda: NOW,
        key=b"k" * 32,
        clean=lambda text: text,
        access=Access.READ_ONLY,
        environment={},
        pace=pace,
    )


@asynccontextmanager
async def watching(
    server: FakeArgoCD, tmp_path: Path, pace: Pace = PACE, **settings: object
) -> AsyncIterator[Watching]:
    source = source_of(server, tmp_path, pace, **settings)
    async with aclosing(source.watch()) as batches:  # type: ignore[type-var]
        yield Watching(source, batches)
        # anyio loses a socket that is connected in the very moment in which it is cancelled.
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await server.streaming.wait()
    await source.close()


async def test_the_first_batch_is_the_whole_list(tmp_path: Path) -> None:
    async with fake("web", "api") as server, watching(server, tmp_path) as seen:
        await seen.until(lambda: len(seen.units) == 2)
        assert seen.batches[0].complete
        assert seen.health.standing is Standing.OK
        assert seen.health.method == "stream"
        assert seen.health.version == "v3.5.3+c9c369e"
        assert seen.health.identity == "operator"
        assert seen.health.unit_count == 2
        web = seen.named("web")
        assert (web.sync, web.health, web.auto, web.cluster) == ("Synced", "Healthy", Auto.ON, "in-cluster")
        assert web.observed_at == NOW


async def test_changes_and_deletions_arrive_by_the_stream(tmp_path: Path) -> None:
    async with fake("web", "api") as server, watching(server, tmp_path) as seen:
        await seen.until(lambda: len(seen.units) == 2)
        await server.streaming.wait()
        server.change("web")
        await seen.until(lambda: seen.named("web").sync == "OutOfSync")
        assert not seen.batches[-1].complete
        assert seen.batches[-1].touched == (seen.named("web").id,)
        server.put(app("new"))
        server.delete("api")
        await seen.until(lambda: {unit.name for unit in seen.units} == {"web", "new"})


async def test_a_burst_about_one_application_is_one_row(tmp_path: Path) -> None:
    pace = Pace(window=0.2, settle=30, survey=30, heartbeat=30)
    async with fake("web") as server, watching(server, tmp_path, pace) as seen:
        await seen.until(lambda: len(seen.units) == 1)
        await server.streaming.wait()
        for number in range(200):
            server.change("web", sync="OutOfSync" if number % 2 else "Synced")
        await seen.until(lambda: seen.named("web").version == str(server.version))
        assert len(seen.batches) < 10


async def test_two_applications_of_one_name_are_two_rows(tmp_path: Path) -> None:
    async with fake("reports") as server, watching(server, tmp_path) as seen:
        server.put(app("reports", "team-blue"))
        await seen.until(lambda: len(seen.units) == 2)
        await server.streaming.wait()
        assert "result.application.metadata.namespace" in server.asked("/api/v1/stream/applications")[0].query["fields"]
        server.change("reports", "team-blue")
        await seen.until(lambda: seen.named("reports", "team-blue").sync == "OutOfSync")
        assert seen.named("reports").sync == "Synced"
        server.delete("reports")
        await seen.until(lambda: len(seen.units) == 1)
        assert seen.named("reports", "team-blue").sync == "OutOfSync"


async def test_an_event_that_the_server_dropped_is_found_by_a_survey(tmp_path: Path) -> None:
    pace = Pace(window=0, settle=0.1, survey=0.1, heartbeat=30)
    async with fake("web", "api", "old") as server, watching(server, tmp_path, pace) as seen:
        await seen.until(lambda: len(seen.units) == 3)
        await server.streaming.wait()
        server.deaf = True
        server.change("web")
        server.delete("old")
        server.put(app("new"))
        await seen.until(lambda: {unit.name for unit in seen.units} == {"web", "api", "new"})
        await seen.until(lambda: seen.named("web").sync == "OutOfSync")
        assert seen.named("web").version != "", "the row is read in full, not made from the survey"
        whole = [r for r in server.asked("/api/v1/applications") if "fields" not in r.query]
        assert len(whole) == 1, "surveys ask for a few fields only"
        assert seen.health.standing is Standing.OK


async def test_an_old_server_is_checked_with_whole_lists(tmp_path: Path) -> None:
    pace = Pace(window=0, settle=0.1, survey=0.1, full=0.3, heartbeat=30)
    async with fake("web") as server, watching(server, tmp_path, pace) as seen:
        server.server_version = "v2.14.3"
        await seen.until(lambda: len(seen.units) == 1)
        await server.streaming.wait()
        server.deaf = True
        server.change("web")
        await seen.until(lambda: seen.named("web").sync == "OutOfSync")
        assert all("fields" not in r.query for r in server.asked("/api/v1/applications"))


async def test_a_stream_that_ends_is_opened_again_and_nothing_is_lost(tmp_path: Path) -> None:
    async with fake("web", "api") as server, watching(server, tmp_path) as seen:
        await seen.until(lambda: len(seen.units) == 2)
        await server.streaming.wait()
        server.deaf = True
        server.change("web")
        server.delete("api")
        server.deaf = False
        server.end_streams()
        await seen.until(lambda: len(seen.units) == 1)
        assert seen.named("web").sync == "OutOfSync"
        assert sum(batch.complete for batch in seen.batches) == 2
        await server.streaming.wait()
        server.change("web", sync="Synced")
        await seen.until(lambda: seen.named("web").sync == "Synced")


async def test_a_restarted_server_is_blind_for_a_while_and_keeps_its_rows(tmp_path: Path) -> None:
    async with fake("web", "api") as server, watching(server, tmp_path) as seen:
        await seen.until(lambda: len(seen.units) == 2)
        await server.streaming.wait()
        await server.stop()
        await seen.until(lambda: seen.health.standing is Standing.BLIND)
        assert len(seen.units) == 2
        assert seen.health.blind_since == NOW
        assert seen.health.attempt >= 1
        assert seen.health.retry_at is not None
        assert "127.0.0.1" in seen.health.error
        server.change("web")
        await server.start()
        await seen.until(lambda: seen.batches[-1].complete)
        assert {unit.name for unit in seen.units} == {"web", "api"}
        assert seen.named("web").sync == "OutOfSync"
        assert seen.batches[-1].health is not None
        assert seen.batches[-1].health.blind_since is None
        assert seen.batches[-1].health.error == ""


async def test_lists_stand_in_where_no_stream_comes_about(tmp_path: Path) -> None:
    async def cut(_: Request, reply: Reply) -> None:
        await reply.json({"error": "streams are not allowed here"}, 403)

    pace = Pace(window=0, settle=30, survey=30, fallback=0.05, heartbeat=30, backoff=Backoff(base=0.01, cap=0.01))
    async with fake("web") as server, watching(server, tmp_path, pace) as seen:
        server.faults["/api/v1/stream/applications"] = cut
        await seen.until(lambda: seen.health.method == "list every 0.05s")
        assert seen.health.standing is Standing.DEGRADED
        assert "streams are not allowed here" in seen.health.error
        server.change("web")
        await seen.until(lambda: seen.named("web").sync == "OutOfSync")
        assert not seen.health.method.startswith("stream")


async def test_a_half_open_stream_is_opened_anew(tmp_path: Path) -> None:
    async with fake("web") as server, watching(server, tmp_path) as seen:
        seen.source._http.limits = Limits(idle=0.1, open=5.0)
        await seen.until(lambda: len(seen.units) == 1)
        await server.streaming.wait()
        server.say(b":\n")
        await seen.until(lambda: seen.health.standing is Standing.DEGRADED)
        assert "went silent" in seen.health.error
        server.deaf = True
        server.change("web")
        await seen.until(lambda: seen.named("web").sync == "OutOfSync")


async def test_a_quiet_server_is_no_failure(tmp_path: Path) -> None:
    """Argo CD sends nothing at all, not even a head, until the first event."""
    async with fake("web") as server, watching(server, tmp_path) as seen:
        seen.source._http.limits = Limits(open=0.1)
        await seen.until(lambda: sum(batch.complete for batch in seen.batches) == 3)
        assert all(batch.health and batch.health.standing is Standing.OK for batch in seen.batches)
        assert seen.health.errors == 0


async def test_a_token_that_expires_is_read_again_from_its_file(tmp_path: Path) -> None:
    async with fake("web") as server, watching(server, tmp_path) as seen:
        await seen.until(lambda: len(seen.units) == 1)
        await server.streaming.wait()
        server.token = "renewed"
        (tmp_path / "token").write_text("renewed\n")
        server.change("web")
        server.end_streams()
        await seen.until(lambda: sum(batch.complete for batch in seen.batches) == 2)
        assert seen.named("web").sync == "OutOfSync"
        assert all(batch.health and batch.health.standing is not Standing.BLIND for batch in seen.batches)


async def test_an_expired_token_says_which_file_wants_a_new_one_and_recovers_by_itself(tmp_path: Path) -> None:
    async with fake("web") as server, watching(server, tmp_path) as seen:
        await seen.until(lambda: len(seen.units) == 1)
        await server.streaming.wait()
        server.token = "renewed"
        server.end_streams()
        await seen.until(lambda: seen.health.standing is Standing.BLIND)
        assert "token is expired" in seen.health.error
        assert str(tmp_path / "token") in seen.health.hint
        assert len(seen.units) == 1
        (tmp_path / "token").write_text("renewed")
        await seen.until(lambda: seen.health.standing is Standing.OK)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, "application/json", b'{"error":"permission denied"}'), "forbids this"),
        ((404, "text/plain", b"404 page not found"), "does not have it"),
        ((429, "application/json", b"{}"), "slow down"),
        ((503, "text/html", b"<h1>upstream</h1>"), "failed"),
        ((200, "text/html", b"<html>Log in</html>"), "web page instead of JSON"),
        ((200, "application/json", b'{"items": ['), "not in the expected format"),
        ((200, "application/json", b"no json"), "not in the expected format"),
    ],
)
async def test_a_list_that_cannot_be_read_is_one_clear_line(
    answer: tuple[int, str, bytes], words: str, tmp_path: Path
) -> None:
    async def bad(_: Request, reply: Reply) -> None:
        status, content_type, body = answer
        await reply.send(body, status, content_type)

    async with fake("web") as server, watching(server, tmp_path) as seen:
        await seen.until(lambda: len(seen.units) == 1)
        await server.streaming.wait()
        server.faults["/api/v1/applications"] = bad
        server.end_streams()
        await seen.until(lambda: seen.health.standing is Standing.BLIND)
        assert words in seen.health.error
        assert "\n" not in seen.health.error
        assert len(seen.units) == 1, "what is known stays"
        del server.faults["/api/v1/applications"]
        await seen.until(lambda: seen.health.standing is Standing.OK)


async def test_a_list_that_trickles_does_not_hang(tmp_path: Path) -> None:
    async def trickle(_: Request, reply: Reply) -> None:
        await reply.head(content_type="application/json", content_length="100000")
        while True:
            await reply.raw(b" ")
            await asyncio.sleep(0.02)

    async with fake("web") as server, watching(server, tmp_path, list_timeout=0.3) as seen:
        server.faults["/api/v1/applications"] = trickle
        await seen.until(lambda: seen.health.standing is Standing.BLIND)
        assert "too slow" in seen.health.error


async def test_one_odd_application_hides_no_other(tmp_path: Path) -> None:
    async with fake("web") as server, watching(server, tmp_path) as seen:
        odd = app("odd")
        odd["status"]["resources"] = "not a list"
        server.put(odd)
        await seen.until(lambda: len(seen.units) == 2)
        assert seen.named("odd").sync == "Unknown"
        assert seen.named("odd").error is not None
        assert seen.health.standing is Standing.DEGRADED
        assert "cannot be read" in seen.health.error


async def test_an_application_of_40_mb_is_a_row_like_any_other(tmp_path: Path) -> None:
    async with fake("web") as server, watching(server, tmp_path) as seen:
        large = app("large")
        large["metadata"]["annotations"] = {"blob": "x" * 40_000_000}
        server.put(large)
        await seen.until(lambda: len(seen.units) == 2)
        assert seen.named("large").sync == "Synced"


async def test_a_list_past_the_limit_is_refused_with_a_clear_line(tmp_path: Path) -> None:
    async with fake("web") as server, watching(server, tmp_path, list_limit=1_000_000) as seen:
        await seen.until(lambda: len(seen.units) == 1)
        await server.streaming.wait()
        large = app("large")
        large["metadata"]["annotations"] = {"blob": "x" * 2_000_000}
        server.put(large)
        server.end_streams()
        await seen.until(lambda: seen.health.standing is Standing.BLIND)
        assert "too large" in seen.health.error
        assert seen.named("web").sync == "Synced"


async def test_an_event_that_is_too_long_is_made_good_by_a_read(tmp_path: Path) -> None:
    async with fake("web") as server, watching(server, tmp_path) as seen:
        seen.source._http.limits = Limits(line=10_000)
        await seen.until(lambda: len(seen.units) == 1)
        await server.streaming.wait()
        large = app("web", sync={"status": "OutOfSync"})
        large["metadata"]["annotations"] = {"blob": "x" * 20_000}
        server.put(large)
        await seen.until(lambda: seen.named("web").sync == "OutOfSync")
        assert len(server.asked("/api/v1/stream/applications")) == 1, "the stream went on"


async def test_names_with_escapes_and_markup_come_through_whole(tmp_path: Path) -> None:
    """Widgets make them inert; identity must not change on the way there."""
    name = "[bold]we\x1b[31mb\u202e..?a=b&c"
    async with fake(name) as server, watching(server, tmp_path) as seen:
        await seen.until(lambda: len(seen.units) == 1)
        unit = seen.named(name)
        await seen.source.inspect(unit)
        assert server.requests[-1].path.startswith("/api/v1/applications/")
        assert all(request.query.get("appNamespace") == "argocd" for request in server.requests if name in request.path)


@pytest.mark.parametrize("minutes", [-2, 2])
async def test_a_clock_two_minutes_off_is_told(minutes: int, tmp_path: Path) -> None:
    async with fake("web") as server, watching(server, tmp_path) as seen:
        server.date = NOW + timedelta(minutes=minutes)
        await seen.until(lambda: len(seen.units) == 1)
        assert seen.health.clock_skew == timedelta(minutes=minutes)
        assert "clock" in seen.health.error
        assert seen.named("web").observed_at == NOW, "ages are by this clock"


async def test_an_account_that_sees_nothing_is_not_shown_as_an_empty_fleet(tmp_path: Path) -> None:
    async with fake() as server, watching(server, tmp_path) as seen:
        server.rights = set()
        await seen.until(lambda: bool(seen.batches))
        assert seen.health.standing is Standing.DEGRADED
        assert "applications,get" in seen.health.error


async def test_events_older_than_the_list_change_nothing(tmp_path: Path) -> None:
    async with fake("web") as server, watching(server, tmp_path) as seen:
        await seen.until(lambda: len(seen.units) == 1)
        await server.streaming.wait()
        old = app("web", sync={"status": "OutOfSync"})
        old["metadata"]["resourceVersion"] = "5"
        for kind in ("MODIFIED", "DELETED"):
            server.say(b"data: " + json.dumps({"result": {"type": kind, "application": old}}).encode() + b" \n\n")
        server.put(app("marker"))
        await seen.until(lambda: len(seen.units) == 2)
        assert seen.named("web").sync == "Synced"


async def test_a_bug_in_the_watch_is_loud(tmp_path: Path) -> None:
    async with fake("web") as server:
        source = source_of(server, tmp_path)

        def broken(*_: object) -> Unit:
            raise ZeroDivisionError

        source._feed._rows = broken  # type: ignore[assignment]
        with pytest.raises(ZeroDivisionError):
            async with aclosing(source.watch()) as batches:  # type: ignore[type-var]
                async for _ in batches:
                    pass
        await source.close()


async def test_check_names_every_permission(tmp_path: Path) -> None:
    async with fake("web") as server:
        source = source_of(server, tmp_path)
        health = await source.check()
        allowed: Mapping[str, bool | None] = {p.name: p.allowed for p in health.permissions}
        assert allowed == {
            "applications,get": True,
            "projects,get": True,
            "clusters,get": True,
            "logs,get": True,
            "applications,update": False,
            "applications,sync": False,
        }
        assert health.standing is Standing.OK, "rights to write are not needed to read"
        server.rights = {"projects/get"}
        health = await source.check()
        assert health.standing is Standing.DEGRADED
        assert "applications,get" in health.error
        await source.close()


async def test_check_says_when_the_token_is_not_accepted(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("wrong")
    async with fake("web") as server:
        source = source_of(server, tmp_path)
        health = await source.check()
        assert health.standing is Standing.BLIND
        assert "does not accept" in health.error
        assert "wrong" not in health.error + health.hint
        await source.close()


async def test_check_says_when_there_is_no_token(tmp_path: Path) -> None:
    async with fake("web") as server:
        source = source_of(server, tmp_path)
        (tmp_path / "token").unlink()
        health = await source.check()
        assert health.standing is Standing.BLIND
        assert str(tmp_path / "token") in health.error
        assert server.requests == [], "nothing is asked without one"
        await source.close()


async def test_a_proxy_that_lets_only_the_list_through_is_no_reason_to_show_nothing(tmp_path: Path) -> None:
    async def hidden(_: Request, reply: Reply) -> None:
        await reply.send(b"<h1>blocked</h1>", 403, "text/html")

    async with fake("web") as server, watching(server, tmp_path) as seen:
        for path in ("/api/version", "/api/v1/session/userinfo", "/api/v1/settings"):
            server.faults[path] = hidden
        await seen.until(lambda: len(seen.units) == 1)
        assert seen.health.standing is Standing.OK
        assert seen.health.version == ""


async def test_a_server_restored_from_a_backup_is_believed_after_a_while(tmp_path: Path) -> None:
    pace = Pace(
        window=0, settle=30, survey=30, heartbeat=30, lived=0, restored=0.0, backoff=Backoff(base=0.02, cap=0.02)
    )
    async with fake("web") as server, watching(server, tmp_path, pace) as seen:
        await seen.until(lambda: len(seen.units) == 1)
        await server.streaming.wait()
        server.version = 10
        server.deaf = True
        server.change("web")
        server.end_streams()
        await seen.until(lambda: seen.named("web").sync == "OutOfSync")
