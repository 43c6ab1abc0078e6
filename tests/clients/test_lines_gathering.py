"""A busy stream is read in gulps, a full one without a pause."""

from __future__ import annotations

import asyncio

import pytest

from drifttui.clients.lines import Gathering


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("drifttui.clients.lines.asyncio.sleep", sleep)
    return slept


async def turn() -> None:
    """Let the loop turn once, as waiting for the network does."""
    done = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(done.set_result, None)
    await done


async def test_an_event_that_was_waited_for_gives_others_time_to_arrive(pauses: list[float]) -> None:
    gathering = Gathering()
    gathering.asked()
    await turn()
    await gathering.got(100)
    assert pauses == [Gathering.PAUSE]


async def test_events_that_were_there_already_follow_at_once(pauses: list[float]) -> None:
    gathering = Gathering()
    for _ in range(5):
        gathering.asked()
        await gathering.got(100)
    assert pauses == []


async def test_a_stream_that_fills_every_read_is_not_slowed_down(pauses: list[float]) -> None:
    """A first list of tens of megabytes comes in a thousand reads; a pause after each would take half a minute."""
    gathering = Gathering()
    for _ in range(5):
        gathering.asked()
        await turn()
        await gathering.got(Gathering.FULL)
    assert len(pauses) == 1, "only the first read cannot know"
