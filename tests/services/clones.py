"""Clones as `git` makes them, and findings about objects that they declare."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drifttui.core.diff import compare
from drifttui.core.finding import Change, Finding
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.planes import Observation, Plane, ThreePlanes

AT = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
UNIT = UnitId("argocd", "argocd:a", "argocd", "payments")


def git(folder: Path, *words: str, stdin: str | None = None) -> str:
    quiet = [
        "git",
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.com",
        "-c",
        "core.autocrlf=false",
        "-C",
        str(folder),
    ]
    done = subprocess.run([*quiet, *words], input=None if stdin is None else stdin.encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def clone(folder: Path, files: Mapping[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@dataclass
class Drift:
    """What is declared and what runs, compared by the program itself."""

    desired: dict[str, Any]
    actual: dict[str, Any] | None

    @property
    def ref(self) -> ResourceRef:
        return ResourceRef.of(self.desired, "in-cluster")

    @property
    def planes(self) -> ThreePlanes:
        def seen(plane: Plane, document: dict[str, Any] | None) -> Observation:
            return Observation(self.ref, plane, document, "argocd:a", "managed-resources", AT)

        return ThreePlanes(
            self.ref, desired=seen(Plane.DESIRED, self.desired), actual=seen(Plane.ACTUAL, self.actual)
        )  # fmt: skip

    @property
    def changes(self) -> tuple[Change, ...]:
        return compare(self.planes).changes

    @property
    def finding(self) -> Finding:
        return Finding("f0", UNIT, self.ref, self.changes, (), {}, AT, AT)
