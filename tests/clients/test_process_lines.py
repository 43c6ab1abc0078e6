"""Children that talk and take long: their lines, their end, and that nothing of them stays."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from drifttui.clients.kube_process import Finished, TooMuchOutput
from drifttui.clients.process_lines import follow


async def run(script: str, folder: Path, lines: list[bytes], timeout: float = 20.0, limit: int = 2**20) -> Finished:
    return await follow(
        ["/bin/sh", "-c", script],
        environment={"PATH": os.environ.get("PATH", os.defpath)},
        folder=folder,
        timeout=timeout,
        on_line=lines.append,
        output_limit=limit,
    )


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def gone(path: Path) -> list[int]:
    """Processes of `path` that go on running, after a moment for those that nobody here reaps."""
    pids = [int(word) for word in path.read_text().split()]
    ends = time.monotonic() + 5
    while any(map(runs, pids)) and time.monotonic() < ends:
        await asyncio.sleep(0.02)
    return [pid for pid in pids if runs(pid)]


async def test_every_line_is_told_as_it_comes_and_the_code_is_kept(tmp_path: Path) -> None:
    lines: list[bytes] = []
    done = await run("echo one; echo problem >&2; printf 'two\\nthree'; exit 2", tmp_path, lines)
    assert lines == [b"one", b"two", b"three"]
    assert (done.code, done.stderr) == (2, b"problem\n")


LEAVES = "sleep 500 & echo $! > pids; echo $$ >> pids; echo ready; wait"
DEAF = "trap '' INT; sh -c 'trap \"\" INT; sleep 500' & echo $! > pids; echo $$ >> pids; echo ready; wait; sleep 500"


@pytest.mark.parametrize("script", [LEAVES, DEAF])
async def test_cancelled_everything_it_started_is_gone(tmp_path: Path, script: str) -> None:
    lines: list[bytes] = []
    task = asyncio.create_task(run(script, tmp_path, lines))
    while not lines:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(tmp_path / "pids") == []


async def test_it_is_asked_before_it_is_killed(tmp_path: Path) -> None:
    lines: list[bytes] = []
    script = "trap 'echo stopped > told; exit 0' INT; echo ready; while :; do sleep 0.05; done"
    task = asyncio.create_task(run(script, tmp_path, lines))
    while not lines:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (tmp_path / "told").read_text() == "stopped\n"


async def test_too_slow_and_too_talkative_are_ended(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await run(LEAVES, tmp_path, [], timeout=0.3)
    assert await gone(tmp_path / "pids") == []
    with pytest.raises(TooMuchOutput):
        await run("echo $$ > pids; while :; do echo 0123456789; done", tmp_path, [], limit=10_000)
    assert await gone(tmp_path / "pids") == []


async def test_what_outlives_the_child_does_not_outlive_the_call(tmp_path: Path) -> None:
    """A provider whose engine died."""
    await run("sleep 500 > /dev/null 2>&1 & echo $! > pids", tmp_path, [])
    assert await gone(tmp_path / "pids") == []


async def test_what_is_not_there_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing"):
        await follow(
            ["/nothing/here"], environment={}, folder=tmp_path, timeout=5, on_line=lambda _: None, output_limit=10
        )
