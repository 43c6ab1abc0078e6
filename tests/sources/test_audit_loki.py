"""The audit log in Loki: a real one where it is built, and its wire format from a local server for faults."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.loki_settings import LokiSettings
from drifttui.clients.retry import Backoff
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Why
from drifttui.core.errors import BadAnswer, Forbidden, Unauthenticated
from drifttui.core.health import Standing
from drifttui.core.ports import AuditSource
from drifttui.sources.audit_loki.source import LokiAudit, loki_source
from tests.clients.raw_http import RawServer, Reply, Request, serving
from tests.sources import loki
from tests.sources.audit_events import KEY, NOW, SYNCED_BY, TRACKED, WEB, at, event, line, operation

SELECTOR = '{job="kube-audit"}'
RANGE = "/loki/api/v1/query_range"
OPEN: list[LokiAudit] = []


@pytest.fixture(autouse=True)
async def all_are_closed() -> AsyncIterator[None]:
    yield
    while OPEN:
        await OPEN.pop().close()


class Server:
    """Holds lines by nanoseconds. Honours the range, the limit and line filters of plain texts; no LogQL beyond."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []
        self.status = 200
        self.body: bytes | None = None
        self.fail_after = 10**9
        self.web: RawServer | None = None

    def put(self, moment: datetime, text: str) -> None:
        self.lines.append((int(moment.timestamp() * 1e9), text))

    async def __call__(self, request: Request, reply: Reply) -> None:
        assert self.web is not None
        if request.path != RANGE:
            await reply.json({"version": "3.7.8"})
            return
        if self.status != 200 or len(self.web.asked(RANGE)) > self.fail_after:
            await reply.send(b"no org id\n", self.status if self.status != 200 else 500, "text/plain")
            return
        if self.body is not None:
            await reply.send(self.body)
            return
        start, end, limit = (int(request.query[name]) for name in ("start", "end", "limit"))
        assert request.query["direction"] == "backward"
        filters = [part.split('"')[1] for part in request.query["query"].split("|= ")[1:]]
        found = [
            (moment, text)
            for moment, text in sorted(self.lines, reverse=True)
            if start <= moment < end and all(word in text for word in filters)
        ][:limit]
        streams = [{"stream": {"job": "kube-audit"}, "values": [[str(moment), text]]} for moment, text in found]
        summary = {"totalBytesProcessed": 1000, "totalLinesProcessed": 10}
        data = {"resultType": "streams", "result": streams, "stats": {"summary": summary}}
        await reply.json({"status": "success", "data": data})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    held = Server()
    async with serving(held) as web:
        held.web = web
        yield held


def source(server: Server | str, now: datetime = NOW, **more: Any) -> LokiAudit:
    url = server if isinstance(server, str) else server.web.url if server.web else ""
    settings = LokiSettings(**{"url": url, "selector": SELECTOR, "cluster": "prod", **more})
    backoff = Backoff(attempts=2, base=0.001, cap=0.001)
    made = loki_source(settings, lambda: now, key=KEY, access=Access.STRICT, backoff=backoff)
    OPEN.append(made)
    return made


def ask(hours: float = 2, **more: Any) -> AuditQuestion:
    return AuditQuestion((WEB,), since=NOW - timedelta(hours=hours), **more)


def words(answer: AuditAnswer, why: Why) -> str:
    return " | ".join(entry.words for entry in answer.unseen if entry.why is why)


def ids(answer: AuditAnswer) -> list[str]:
    return sorted(call.audit_id for call in answer.calls)


async def test_lines_are_filtered_by_the_store_and_paged_backwards(server: Server) -> None:
    for number in range(25):
        server.put(at(number), line(event(f"e{number:02}", number)))
    held = source(server, page=10)
    assert isinstance(held, AuditSource)
    assert held.covers == {"prod"}
    answer = await held.calls(ask())
    assert ids(answer) == [f"e{number:02}" for number in range(25)]
    assert len(answer.calls) == 25, "lines at the edge of two pages are not doubled"
    assert server.web is not None
    first = server.web.asked(RANGE)[0].query
    assert first["query"] == SELECTOR + ' |= "web" |= "prod" | json verb="verb" | verb!~"get|list|watch"'
    assert len(first["start"]) == 19, "nanoseconds"
    assert answer.scanned > 0
    assert answer.method == "LogQL"


async def test_many_lines_of_one_moment_do_not_stop_the_paging(server: Server) -> None:
    for number in range(12):
        server.put(at(5), line(event(f"same{number:02}", 5)))
    server.put(at(9), line(event("older", 9)))
    answer = await source(server, page=10).calls(ask())
    assert "older" in ids(answer)
    assert "lines of one moment" in words(answer, Why.LEFT_OUT)


async def test_no_more_lines_are_fetched_than_allowed(server: Server) -> None:
    for number in range(30):
        server.put(at(number), line(event(f"e{number:02}", number)))
    answer = await source(server, page=10, max_lines=20).calls(ask())
    assert ids(answer) == [f"e{number:02}" for number in range(20)], "the newest"
    assert "narrow --since" in words(answer, Why.LEFT_OUT)


async def test_long_ranges_are_asked_in_windows(server: Server) -> None:
    server.put(at(60 * 24 * 9), line(event("old", 60 * 24 * 9)))
    answer = await source(server, window=86400.0).calls(ask(24 * 10))
    assert ids(answer) == ["old"]
    assert server.web is not None
    spans = {int(r.query["end"]) - int(r.query["start"]) for r in server.web.asked(RANGE)}
    assert max(spans) <= 86400 * 10**9


async def test_bad_lines_are_counted_and_wrappers_are_opened(server: Server) -> None:
    held = line(event("wrapped", 3))
    server.put(at(1), line(event("cut", 1))[:200])
    server.put(at(2), "web prod no json")
    server.put(at(3), json.dumps({"log": held + "\n", "stream": "stdout"}))
    server.put(at(4), "2026-11-21T12:00:00Z stdout F " + line(event("prefixed", 4)))
    server.put(at(5), line(event("huge", 5, requestObject={"x": "y" * 3_000_000})))
    server.put(at(6), json.dumps({"kind": "Status", "name": "web", "namespace": "prod"}))
    answer = await source(server).calls(ask())
    assert ids(answer) == ["huge", "prefixed", "wrapped"]
    assert answer.problems["line that is no JSON or was cut"] == 2
    assert sum(answer.problems.values()) == 3


async def test_bytes_that_are_no_utf8_do_not_lose_the_answer(server: Server) -> None:
    text = json.dumps(line(event("odd", 5, userAgent="caf@"))).encode().replace(b"caf@", b"caf\xe9")
    moment = str(int(at(5).timestamp() * 1e9)).encode()
    server.body = b'{"data":{"resultType":"streams","result":[{"values":[["' + moment + b'",' + text + b"]]}]}}"
    assert ids(await source(server).calls(ask())) == ["odd"]


async def test_syncs_of_argo_cd_are_followed(server: Server) -> None:
    server.put(at(30), line(event("synced", 30, user={"username": SYNCED_BY}, responseObject=TRACKED)))
    server.put(at(31), line(operation(31)))
    answer = await source(server).calls(ask())
    assert [entry.username for entry in answer.operations] == ["carol"]
    assert ids(answer) == ["synced"]


async def test_tenant_and_credentials_are_sent_and_never_shown(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("hunter2-secret\n")
    basic = source(server, tenant="team-a", username="bob", password_file=tmp_path / "password")
    await basic.calls(ask())
    assert server.web is not None
    headers = server.web.asked(RANGE)[-1].headers
    assert headers["x-scope-orgid"] == "team-a"
    assert headers["authorization"].startswith("Basic ")
    monkeypatch.setenv("LOKI_TOKEN", "tok-123456")
    await source(server, token_env="LOKI_TOKEN").calls(ask())
    assert server.web.asked(RANGE)[-1].headers["authorization"] == "Bearer tok-123456"
    with pytest.raises(Unauthenticated, match=r"\$NOT_THERE is not set"):
        await source(server, token_env="NOT_THERE").calls(ask())
    server.status = 401
    with pytest.raises(Unauthenticated) as caught:
        await source(server, token_env="LOKI_TOKEN").calls(ask())
    assert "tok-123456" not in caught.value.one_line()


async def test_a_loki_that_refuses_breaks_or_talks_nonsense(server: Server) -> None:
    server.status = 403
    with pytest.raises(Forbidden):
        await source(server).calls(ask())
    server.status = 200
    server.body = b'{"data": {"result": 7}}'
    with pytest.raises(BadAnswer, match="not in the expected format"):
        await source(server).calls(ask())
    server.body, server.fail_after = None, 3
    server.put(at(5), line(event("first", 5)))
    assert server.web is not None
    server.web.requests.clear()
    server.fail_after = 1
    answer = await source(server).calls(ask())
    assert ids(answer) == ["first"]
    assert "failed" in words(answer, Why.BLIND)


async def test_an_answer_recorded_from_loki_is_read(server: Server) -> None:
    server.body = (Path(__file__).parent.parent / "recorded" / "loki" / "query-range.json").read_bytes()
    later = NOW + timedelta(hours=2)
    answer = await source(server, later).calls(AuditQuestion((WEB,), since=NOW, until=later))
    assert ids(answer) == ["again", "edited"]
    assert answer.events > 0
    assert answer.scanned > 0


async def test_health_tells_the_age_of_the_newest_line(server: Server) -> None:
    server.put(at(1), "anything")
    health = await source(server).check()
    assert (health.standing, health.version) == (Standing.OK, "3.7.8")
    assert "newest line 60 s old" in health.method
    server.lines.clear()
    health = await source(server).check()
    assert health.standing is Standing.DEGRADED
    assert "No line in the last hour" in health.error
    server.status = 401
    health = await source(server).check()
    assert health.standing is Standing.BLIND
    assert health.hint


async def test_a_cancelled_question_ends(server: Server) -> None:
    async def never(request: Request, reply: Reply) -> None:
        await asyncio.sleep(60)

    assert server.web is not None
    server.web.handler = never
    task = asyncio.create_task(source(server).calls(ask()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = loki.binary()
    if program is None:
        pytest.skip("no Loki: see tests/sources/loki.py")
    with loki.running(program, tmp_path_factory.mktemp("loki")) as url:
        yield url


def push(url: str, tenant: str, *lines: tuple[datetime, str]) -> None:
    values = [[str(int(moment.timestamp() * 1e6) * 1000), text] for moment, text in lines]
    body = {"streams": [{"stream": {"job": "kube-audit"}, "values": values}]}
    request = urllib.request.Request(
        f"{url}/loki/api/v1/push", json.dumps(body).encode(),
        {"content-type": "application/json", "X-Scope-OrgID": tenant},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 204


@pytest.mark.cluster
async def test_a_real_loki_answers(real: str) -> None:
    now = datetime.now(UTC)
    minutes = (NOW - now).total_seconds() / 60

    def moment(ago: float) -> datetime:
        return now - timedelta(minutes=ago)

    rows = [(moment(40 - number), line(event(f"e{number:02}", minutes + 40 - number))) for number in range(25)]
    rows += [
        (moment(10), line(event("read", minutes + 10, verb="get"))),
        (moment(9), line(event("other", minutes + 9, objectRef={"resource": "deployments", "name": "api"}))),
        (moment(8), "web prod: not JSON at all"),
        (moment(7), line(event("synced", minutes + 7, user={"username": SYNCED_BY}, responseObject=TRACKED))),
        (moment(7.1), line(operation(minutes + 7.1))),
        (moment(6), line(event("unicode", minutes + 6, userAgent="kubectl “ü”"))),
    ]
    push(real, "team-a", *sorted(rows))
    push(real, "team-b", (moment(5), line(event("theirs", minutes + 5))))
    held = source(real, now, tenant="team-a", page=10)
    question = AuditQuestion((WEB,), since=now - timedelta(hours=2))
    answer = await held.calls(question)
    assert ids(answer) == sorted([*(f"e{number:02}" for number in range(25)), "synced", "unicode"])
    assert [entry.username for entry in answer.operations] == ["carol"]
    assert answer.problems == {"line that is no JSON or was cut": 1}
    assert answer.scanned > 0
    assert answer.events > 0
    hostile = WEB._replace(name='web" |= "x\\', namespace="a`b\n“")
    assert (await held.calls(question._replace(objects=(hostile,)))).calls == ()
    several = tuple(WEB._replace(name=name) for name in ("web", "a.b*c", "(d"))
    assert len((await held.calls(question._replace(objects=several))).calls) == 27
    health = await held.check()
    assert health.standing is Standing.OK
    assert "newest line" in health.method
    stranger = source(real, now)
    with pytest.raises(Unauthenticated):
        await stranger.calls(question)
