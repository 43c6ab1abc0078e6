"""The answers of a real Loki 3.7.8, byte for byte (`tests/recorded/loki`): the same in CI, where none can be built."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.loki_settings import LokiSettings
from drifttui.clients.retry import Backoff
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Why
from drifttui.core.errors import SourceError, Throttled, Unauthenticated
from drifttui.core.health import Standing
from drifttui.sources.audit_loki.source import LokiAudit, loki_source
from tests.clients.raw_http import RawServer
from tests.sources.audit_events import KEY, WEB
from tests.sources.loki_recording import FOLDER, RANGE, SELECTOR, TENANT, Replay, moment, replaying


@pytest.fixture
async def recorded() -> AsyncIterator[tuple[Replay, RawServer]]:
    async with replaying() as held:
        yield held
        assert held[0].missed == [], "asked what was not recorded: python -m tests.sources.loki_recording"


def source(url: str, **more: Any) -> LokiAudit:
    settings = LokiSettings(**{"url": url, "selector": SELECTOR, "tenant": TENANT, "page": 10, **more})
    backoff = Backoff(attempts=2, base=0.001, cap=0.001)
    return loki_source(settings, moment, key=KEY, access=Access.STRICT, backoff=backoff)


async def paged(url: str) -> AuditAnswer:
    held = source(url)
    try:
        return await held.calls(AuditQuestion((WEB,), since=moment() - timedelta(hours=2)))
    finally:
        await held.close()


async def small(url: str) -> AuditAnswer:
    """Pages of five, and eight lines of one moment."""
    held = source(url, page=5)
    try:
        return await held.calls(AuditQuestion((WEB,), since=moment() - timedelta(minutes=45)))
    finally:
        await held.close()


async def health(url: str, **more: Any) -> Any:
    held = source(url, **more)
    try:
        return await held.check()
    finally:
        await held.close()


async def questions(url: str) -> None:
    """Everything that the tests ask: what a recording holds."""
    await paged(url)
    await small(url)
    await health(url)
    await health(url, tenant="")


async def test_pages_are_put_together_packed_and_unpacked(recorded: tuple[Replay, RawServer]) -> None:
    replay, web = recorded
    packed = {each["headers"].get("content-encoding", "") for each in replay.exchanges.values()}
    assert packed == {"", "gzip"}
    answer = await paged(web.url)
    wanted = [f"e{number:02}" for number in range(1, 26)] + [f"same{number}" for number in range(8)]
    assert sorted(call.audit_id for call in answer.calls) == sorted([*wanted, "before", "odd"])
    assert answer.problems == {"line that is no JSON or was cut": 1}
    assert len(web.asked(RANGE)) > 4
    assert answer.scanned > 0
    assert answer.events > 0
    odd = next(call for call in answer.calls if call.audit_id == "odd")
    assert "ü" in odd.user_agent
    assert "\x07" not in odd.user_agent


async def test_more_lines_of_one_moment_than_a_page_holds_are_said(recorded: tuple[Replay, RawServer]) -> None:
    answer = await small(recorded[1].url)
    found = {call.audit_id for call in answer.calls}
    assert {f"e{number:02}" for number in range(1, 26)} | {"before", "odd"} <= found, "paging goes on behind them"
    assert len([one for one in found if one.startswith("same")]) == 5
    left_out = " ".join(entry.words for entry in answer.unseen if entry.why is Why.LEFT_OUT)
    assert "more than 5 lines of one moment" in left_out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("parse error", "parse error at line 1"),
        ("no matcher", "at least one"),
        ("range too long", "the query time range exceeds the limit"),
        ("limit too high", "max entries limit"),
        ("start after end", "end timestamp must not be before"),
    ],
)
async def test_what_loki_refuses_is_told_in_its_own_words(
    name: str, said: str, recorded: tuple[Replay, RawServer]
) -> None:
    replay, web = recorded
    replay.override = replay.answer(name)
    assert replay.override["status"] == 400
    held = source(web.url)
    with pytest.raises(SourceError) as caught:
        await held.calls(AuditQuestion((WEB,), since=moment() - timedelta(hours=2)))
    await held.close()
    assert said in caught.value.one_line()
    assert len(web.asked(RANGE)) == 1, "asking again does not help"


async def test_without_a_tenant_loki_asks_who_it_is(recorded: tuple[Replay, RawServer]) -> None:
    replay, web = recorded
    assert replay.answer("no tenant")["text"] == "no org id\n"
    found = await health(web.url, tenant="")
    assert found.standing is Standing.BLIND
    replay.override = replay.answer("no tenant")
    held = source(web.url, tenant="")
    with pytest.raises(Unauthenticated):
        await held.calls(AuditQuestion((WEB,), since=moment() - timedelta(hours=2)))
    await held.close()


async def test_a_loki_with_a_full_queue_is_asked_again_and_then_named(recorded: tuple[Replay, RawServer]) -> None:
    replay, web = recorded
    replay.override = json.loads((FOLDER / "too-many.json").read_text())
    assert replay.override["status"] == 429
    held = source(web.url)
    with pytest.raises(Throttled) as caught:
        await held.calls(AuditQuestion((WEB,), since=moment() - timedelta(hours=2)))
    await held.close()
    assert "too many outstanding requests" in caught.value.one_line()
    assert len(web.asked(RANGE)) == 2, "once more, and no third time"


async def test_a_queue_that_is_full_in_mid_question_leaves_what_was_there(recorded: tuple[Replay, RawServer]) -> None:
    replay, web = recorded
    busy = json.loads((FOLDER / "too-many.json").read_text())
    keys = [key for key in replay.exchanges if "limit=10" in key[2] and "web" in key[2]]
    for key in keys[1:]:
        replay.exchanges[key] = busy
    answer = await paged(web.url)
    assert len(answer.calls) == 10
    blind = " ".join(entry.words for entry in answer.unseen if entry.why is Why.BLIND)
    assert "too many outstanding requests" in blind


async def test_health_by_the_recorded_answers(recorded: tuple[Replay, RawServer]) -> None:
    """A Loki that was built without its version says none."""
    found = await health(recorded[1].url)
    assert (found.standing, found.version) == (Standing.OK, "")
    assert "newest line 60 s old" in found.method
