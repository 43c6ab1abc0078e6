"""OpenTofu, Terraform and Terragrunt: which program runs, and in which environment.

What an operator's shell adds to every command (`TF_CLI_ARGS`, logs) is left out: `-lock=true` or `-refresh=false` there
would change what a plan means.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..core.errors import BadAnswer
from ..core.identity import Engine

_LEFT_OUT = ("TF_CLI_ARGS", "TF_LOG", "TF_WORKSPACE", "TF_DATA_DIR")


class Program(NamedTuple):
    path: str
    engine: Engine
    terragrunt: str = ""
    """Path of Terragrunt where it runs the program."""

    @property
    def name(self) -> str:
        return "terragrunt" if self.terragrunt else "tofu" if self.engine is Engine.OPENTOFU else "terraform"

    def command(self, *arguments: str) -> list[str]:
        if self.terragrunt:
            return [self.terragrunt, "run", "--non-interactive", "--", *arguments]
        return [self.path, *arguments]


def find(binary: str, folder: Path, path: str | None = None) -> Program:
    """The program for the stack in `folder`; `path` instead of PATH. Raises `BadAnswer` where it is not there."""
    wanted = [binary] if binary else ["tofu", "terraform"]
    found = next((found for name in wanted if (found := shutil.which(name, path=path))), None)
    if found is None:
        raise BadAnswer(
            f"There is no {' and no '.join(wanted)} here",
            "not on PATH" if "/" not in binary else "",
            "Install it, or set `binary` of the stack. Whether anything drifted is unknown.",
        )
    engine = Engine.TERRAFORM if "terraform" in Path(found).name else Engine.OPENTOFU
    terragrunt = ""
    if (folder / "terragrunt.hcl").is_file():
        terragrunt = shutil.which("terragrunt", path=path) or ""
        if not terragrunt:
            raise BadAnswer("There is no terragrunt here", "the stack has a terragrunt.hcl", "Install it.")
    return Program(found, engine, terragrunt)


def workspace_of(folder: Path, chosen: str, environment: Mapping[str, str]) -> str:
    """As set, else `TF_WORKSPACE`, else what is selected in the folder, else `default`."""
    if chosen or environment.get("TF_WORKSPACE"):
        return chosen or environment["TF_WORKSPACE"]
    held = folder / environment.get("TF_DATA_DIR", ".terraform") / "environment"
    try:
        return held.read_text(encoding="utf-8")[:256].strip() or "default"
    except (OSError, UnicodeDecodeError):
        return "default"


def environment(program: Program, data: Path, workspace: str, base: Mapping[str, str]) -> dict[str, str]:
    """Of every run: nothing is asked, nothing phones home, and what is downloaded lies in `data`."""
    kept = {name: value for name, value in base.items() if not name.startswith(_LEFT_OUT)}
    kept |= {
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "TF_DATA_DIR": str(data / "data"),
    }
    if workspace != "default":
        kept["TF_WORKSPACE"] = workspace
    if program.terragrunt:
        kept |= {
            "TG_NON_INTERACTIVE": "true",
            "TG_NO_COLOR": "true",
            "TG_TF_PATH": program.path,
            "TG_TF_FORWARD_STDOUT": "true",
            "TG_DOWNLOAD_DIR": str(data / "terragrunt"),
            "TERRAGRUNT_FORWARD_TF_STDOUT": "true",
            "TERRAGRUNT_NON_INTERACTIVE": "true",
            "TERRAGRUNT_DOWNLOAD": str(data / "terragrunt"),
            "TERRAGRUNT_TFPATH": program.path,
        }
    return kept
