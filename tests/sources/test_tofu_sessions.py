"""Two sessions on one stack: real processes that share a cache folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drifttui.clients.folder_lock import FolderLock
from drifttui.clients.tofu import Steps, Tofu
from drifttui.clients.tofu_programs import find
from drifttui.clients.tofu_settings import StackSettings
from drifttui.core.errors import Unreachable

PLAN = Path(__file__).parent.parent / "recorded" / "opentofu" / "plan.json"

ENGINE = """#!/bin/sh
# `mkdir` makes a folder for one process alone.
case "$1" in
  init) mkdir "$TF_DATA_DIR/busy" || echo overlap >> %(log)s; echo init >> %(log)s
    sleep 1; rmdir "$TF_DATA_DIR/busy" ;;
  state) echo '{"version": 4, "serial": 4, "lineage": "abcdefgh-9", "resources": []}' ;;
  plan) [ -d "$TF_DATA_DIR/busy" ] && echo overlap >> %(log)s
    echo plan >> %(log)s
    for one in "$@"; do case "$one" in -out=*) cp %(plan)s "${one#-out=}";; esac; done; exit 2 ;;
  show) cat "$3" ;;
  *) exit 1 ;;
esac
"""

HOLDER = """
import asyncio, pathlib, sys
from drifttui.clients.folder_lock import FolderLock
async def main():
    async with FolderLock(pathlib.Path(sys.argv[1]), wait=5) as lock:
        await lock.alone()
        print("held", flush=True)
        await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.fixture
def stack(tmp_path: Path) -> StackSettings:
    folder = tmp_path / "stack"
    folder.mkdir()
    program = tmp_path / "tofu"
    program.write_text(ENGINE % {"log": tmp_path / "log", "plan": PLAN})
    program.chmod(0o755)
    return StackSettings(dir=str(folder), binary=str(program))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def holder(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Another session that is in the middle of an `init`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(data)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait(20)
    process.stdout.close()


def tofu(stack: StackSettings, data: Path, turn: float) -> Tofu:
    return Tofu(stack, find(stack.binary, Path(stack.dir)), data, turn=turn)


def test_two_sessions_initialise_a_stack_once_and_one_after_the_other(stack: StackSettings, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[[stack]]\nname = "shop"\ndir = "{stack.dir}"\nbinary = "{stack.binary}"\n')
    command = [sys.executable, "-m", "drifttui", "scan", "--json", "--no-kubernetes", "--config", str(config)]
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "dumb"}
    sessions = [
        subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for session in sessions:
        out, errors = session.communicate(timeout=60)
        assert session.returncode == 2, errors
        assert json.loads(out)["units"][0]["sync"] == "OutOfSync"
    did = (tmp_path / "log").read_text().split()
    assert sorted(did) == ["init", "plan", "plan"]
    assert did[0] == "init"


async def test_a_session_that_waits_says_so_and_gives_up_with_one_line(
    stack: StackSettings, data: Path, holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    told: list[Steps] = []
    with pytest.raises(Unreachable) as given:
        await tofu(stack, data, 0.3).plan(told.append)
    assert [step.words for step in told] == ["waiting for another session"]
    line = given.value.one_line()
    assert "Another session uses the same folder" in line
    assert f"not free in 0.3 s, process {holder.pid} wrote there last" in line
    assert "\n" not in line
    assert not (tmp_path / "log").exists(), "nothing ran"


async def test_a_session_that_was_killed_holds_nothing(
    stack: StackSettings, data: Path, holder: subprocess.Popen[str], tmp_path: Path
) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(20)
    planned = await tofu(stack, data, 5.0).plan()
    assert (planned.exit_code, planned.initialised) == (2, True)
    again = await tofu(stack, data, 5.0).plan()
    assert not again.initialised


async def test_plans_share_a_folder_and_init_is_alone_there(data: Path) -> None:
    async with FolderLock(data, wait=0.2) as one, FolderLock(data, wait=0.2) as other:
        await one.shared()
        await other.shared()
        with pytest.raises(Unreachable):
            await other.alone()
        await other.shared()
        with pytest.raises(Unreachable):
            await one.alone()
    async with FolderLock(data, wait=0.2) as one:
        await one.alone()


async def test_a_folder_that_cannot_be_locked_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="Cannot lock"):
        async with FolderLock(tmp_path / "nowhere", wait=0.1):
            pass
