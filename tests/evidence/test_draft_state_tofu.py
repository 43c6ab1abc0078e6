"""The commands for a state file do on a real OpenTofu what they are said to do. `terraform_data` needs no provider."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from drifttui.core.draft_state import Stack, StateDraft, state_draft

TOFU = shutil.which("tofu") or next(map(str, Path.home().glob(".cache/drifttui-cluster/opentofu-*/tofu")), "")
pytestmark = pytest.mark.skipif(not TOFU, reason="no tofu")

ONE = 'terraform_data" "one" {\n  input = "a"\n}\n'


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    folder = tmp_path / "my stack"
    folder.mkdir()
    (folder / "main.tf").write_text(f'resource "{ONE}')
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tofu").symlink_to(TOFU)
    run(tmp_path, "tofu -chdir='my stack' init -no-color", "tofu -chdir='my stack' apply -auto-approve -no-color")
    return folder


def run(folder: Path, *commands: str) -> str:
    """Line by line as an operator pastes them, who answers yes where something asks."""
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder), "CHECKPOINT_DISABLE": "1"}
    told = ""
    for command in commands:
        words = ["/bin/sh", "-c", command]
        done = subprocess.run(
            words, cwd=folder, env=environment, input="yes\n", capture_output=True, text=True, timeout=60
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: {done.stderr or done.stdout}"
        told += done.stdout
    return told


def recorded(stack: Path) -> dict[str, str]:
    state = json.loads((stack / "terraform.tfstate").read_text())
    return {f"{one['type']}.{one['name']}": one["instances"][0]["attributes"]["id"] for one in state["resources"]}


def made(stack: Path, action: str, address: str, **more: str) -> StateDraft:
    return state_draft("opentofu", action, address, finding="f1", stack=Stack(stack.name), **more)


def test_a_refresh(stack: Path) -> None:
    found = made(stack, "refresh-state", "terraform_data.one")
    said = run(stack.parent, *found.commands)
    assert said.startswith("default\n")
    assert json.loads((stack.parent / "before-f1.tfstate").read_text())["resources"]


def test_a_move_by_command_and_by_block(stack: Path) -> None:
    ident = recorded(stack)["terraform_data.one"]
    found = made(stack, "move-state", "terraform_data.one", moved_to="terraform_data.two")
    (stack / "main.tf").write_text(f'resource "{ONE}'.replace('"one"', '"two"'))
    assert "No changes" in run(stack.parent, *found.commands)
    assert recorded(stack) == {"terraform_data.two": ident}
    back = made(stack, "move-state", "terraform_data.two", moved_to="terraform_data.one")
    (stack / "main.tf").write_text(f'resource "{ONE}' + "\n".join(back.block) + "\n")
    run(stack.parent, "tofu -chdir='my stack' apply -auto-approve -no-color")
    assert recorded(stack) == {"terraform_data.one": ident}


def test_an_import_by_command_and_by_block(stack: Path) -> None:
    ident = recorded(stack)["terraform_data.one"]
    run(stack.parent, "tofu -chdir='my stack' state rm terraform_data.one")
    found = made(stack, "import", "terraform_data.one", ident=ident)
    run(stack.parent, *found.commands)
    assert recorded(stack) == {"terraform_data.one": ident}
    run(stack.parent, "tofu -chdir='my stack' state rm terraform_data.one")
    (stack / "import.tf").write_text("\n".join(found.block) + "\n")
    run(stack.parent, "tofu -chdir='my stack' apply -auto-approve -no-color")
    assert recorded(stack) == {"terraform_data.one": ident}
