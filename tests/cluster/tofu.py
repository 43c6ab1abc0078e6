"""A real OpenTofu with real providers, in folders of a test: no registry, no network."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.cluster.build import TOFU, Binaries, build_all

HOST = "registry.opentofu.org/hashicorp"
_PROVIDERS = {
    "kubernetes": "provider-kubernetes", "local": "provider-local",
    "random": "provider-random-null", "null": "provider-random-null",
}  # fmt: skip


class OpenTofu:
    """The program, and a mirror of the providers under `folder`."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        binaries = build_all(servers=TOFU)
        self.folder = folder
        self.program = binaries["tofu"]
        self.config = folder / "cli.tfrc"
        _mirror(folder / "mirror", binaries)
        self.config.write_text(
            f'provider_installation {{\n  filesystem_mirror {{ path = "{folder / "mirror"}" }}\n}}\n'
        )
        self.environment = {**os.environ, **(environment or {}), "TF_CLI_CONFIG_FILE": str(self.config)}
        for name in ("TF_WORKSPACE", "TF_DATA_DIR", "TF_ENCRYPTION"):
            self.environment.pop(name, None)

    def override(self, provider: str, program: str) -> None:
        """From now on `provider` is this shell script."""
        place = self.folder / f"override-{provider}"
        place.mkdir(exist_ok=True)
        script = place / f"terraform-provider-{provider}"
        script.write_text(f"#!/bin/sh\n{program}\n")
        script.chmod(0o755)
        self.config.write_text(
            f'provider_installation {{\n  dev_overrides {{ "hashicorp/{provider}" = "{place}" }}\n'
            f'  filesystem_mirror {{ path = "{self.folder / "mirror"}" }}\n}}\n'
        )

    def stack(self, name: str, text: str) -> Path:
        """A folder with this configuration, initialised."""
        place = self.folder / name
        place.mkdir()
        (place / "main.tf").write_text(text)
        self.run(place, "init", "-input=false", "-no-color")
        return place

    def apply(self, place: Path, *arguments: str) -> None:
        self.run(place, "apply", "-auto-approve", "-input=false", "-no-color", *arguments)

    def run(self, place: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self.program, *arguments], cwd=place, env=self.environment, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr + done.stdout
        return done

    def start(self, place: Path, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self.program, *arguments], cwd=place, env=self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


def _mirror(folder: Path, binaries: Binaries) -> None:
    for name, server in _PROVIDERS.items():
        version = binaries.versions[server].removeprefix("v").partition("+")[0]
        place = folder / HOST / name / version / f"{_system()}_{_machine()}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"terraform-provider-{name}_v{version}").symlink_to(binaries[f"terraform-provider-{name}"])


def _system() -> str:
    return os.uname().sysname.lower()


def _machine() -> str:
    found: Any = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(found, str(found))
