"""What goes wrong with a stack: one clear line, and unknown rather than clean.

The engine is a script that says what a real one says there; `tests/cluster/test_tofu.py` lets a real OpenTofu and its
providers crash, hang and lock.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.tofu_settings import StackSettings
from drifttui.core.health import Standing
from drifttui.core.ports import Batch
from drifttui.core.terraform_load import LIMIT_BYTES
from tests.sources.test_tofu import LOCK, PLAN, read, source, unread

ENGINE = """#!/bin/sh
case "$1" in
  init) %(init)s ;;
  workspace) printf '* default\\n  blue\\n\\n' ;;
  state) echo '{"version": 4, "serial": 4, "lineage": "abcdefgh-9", "resources": []}' ;;
  plan) %(plan)s ;;
  show) %(show)s ;;
esac
"""


def says(summary: str, detail: str = "", code: int = 1) -> str:
    """A diagnostic in the event stream of `plan -json`, and the end."""
    event = {"@level": "error", "@message": f"Error: {summary}", "type": "diagnostic",
             "diagnostic": {"severity": "error", "summary": summary, "detail": detail}}  # fmt: skip
    return f"printf '%s\\n' {shlex.quote(json.dumps(event))}; exit {code}"


def engine(folder: Path, init: str = "exit 0", plan: str = "exit 0", show: str = f"cat {PLAN}") -> StackSettings:
    program = folder / "tofu"
    program.write_text(ENGINE % {"init": init, "plan": plan, "show": show})
    program.chmod(0o755)
    (folder / "stack").mkdir()
    return StackSettings(dir=str(folder / "stack"), binary=str(program), name="shop", timeout=5.0)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("TF_WORKSPACE", "TF_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def blind(batch: Batch) -> str:
    """One line, on the row and of the source."""
    said = unread(batch)
    assert batch.health is not None
    assert batch.health.standing is Standing.BLIND
    assert batch.health.error
    return said


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({"plan": says("Plugin did not respond", "The plugin encountered an error, and failed to respond to the "
                       "plugin.(*GRPCProvider).ReadResource call.")}, "A provider of tofu does not work"),
        ({"plan": "echo 'panic: runtime error' >&2; exit 2", "show": "echo nonsense"}, "the plan of shop is no JSON"),
        ({"plan": "echo 'panic: runtime error: index out of range' >&2; exit 11"}, "A provider of tofu does not work"),
        ({"plan": "kill -9 $$"}, "tofu was ended by signal 9"),
        ({"plan": says("Error refreshing state", "api error ExpiredToken: The security token included in the request "
                       "is expired")}, "the credentials have expired"),
        ({"plan": says("No valid credential sources found")}, "there are no usable credentials"),
        ({"plan": says("Error acquiring the state lock", "ConditionalCheckFailedException")}, "the state is locked"),
        ({"init": "echo 'Error: Failed to query available provider packages' >&2; exit 1"}, "tofu failed"),
        ({"plan": "exit 3"}, "tofu failed"),
        ({"show": "echo '{\"format_version\": \"7.0\", \"resource_changes\": []}'"}, "newer than this program"),
        ({"show": "true"}, "is empty"),
        ({"show": f"head -c 900 {PLAN}"}, "ends in the middle"),
        ({"show": "head -c 200000 /dev/zero | tr '\\0' '['"}, "nested too deep"),
    ],
)  # fmt: skip
async def test_an_engine_that_fails_is_one_line_and_unknown(tmp_path: Path, steps: dict[str, str], said: str) -> None:
    batch = await read(source(engine(tmp_path, **steps)))
    assert said in blind(batch)
    assert [unit.id.name for unit in batch.units] == ["shop"]


async def test_a_provider_that_hangs_is_ended_when_its_time_is_up(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    stack = engine(tmp_path, plan=f"sh -c 'echo $$ > {pids}; exec sleep 600' & wait")
    batch = await read(source(StackSettings(dir=stack.dir, binary=stack.binary, name="shop", timeout=1.5)))
    assert "tofu took too long: shop: no plan in 1.5 s" in blind(batch)
    pid = int(pids.read_text())
    stat = Path(f"/proc/{pid}/stat")
    assert not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z"


async def test_a_program_that_is_not_there_or_is_none(tmp_path: Path) -> None:
    stack = engine(tmp_path)
    missing = StackSettings(dir=stack.dir, binary=str(tmp_path / "nowhere"), name="shop")
    assert "There is no " in blind(await read(source(missing)))
    (tmp_path / "tofu").write_bytes(b"\x7fELF not a program")
    assert "cannot be started" in blind(await read(source(stack)))


async def test_a_wrong_workspace_is_named_and_not_made(tmp_path: Path) -> None:
    stack = engine(tmp_path)
    wrong = StackSettings(dir=stack.dir, binary=stack.binary, name="shop", workspace="prod")
    line = blind(await read(source(wrong)))
    assert "There is no workspace prod: shop has default, blue" in line


async def test_a_lock_of_somebody_else_stays_where_it_is(tmp_path: Path) -> None:
    stack = engine(tmp_path, plan='for one in "$@"; do case "$one" in -out=*) : > "${one#-out=}";; esac; done; exit 0')
    held = Path(stack.dir) / ".terraform.tfstate.lock.info"
    held.write_text(json.dumps(LOCK))
    unit = (await read(source(stack))).units[0]
    locked = next(one for one in unit.conditions if one.type == "StateLocked")
    assert locked.message == "Apply in progress by ana@laptop since 2026-11-21 14:55:12 UTC (lock 6b1f)."
    assert json.loads(held.read_text()) == LOCK


@pytest.mark.parametrize("kind", ["plan", "state"])
async def test_what_is_enormous_is_refused_before_it_is_read(tmp_path: Path, kind: str) -> None:
    """Sparse: it takes no room on the disk."""
    path = tmp_path / "shop.json"
    with path.open("wb") as file:
        os.truncate(file.fileno(), LIMIT_BYTES + 1)
    chosen: dict[str, Any] = {kind: str(path)}
    line = blind(await read(source(StackSettings(**chosen))))
    assert "MB" in line
