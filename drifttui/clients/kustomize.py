"""`kustomize build` as a child: the standalone program where it is on PATH, else the one inside kubectl.

The files come from elsewhere. They are written into a folder of their own that is gone afterwards; the caller has made
sure that no path in them leads out and that nothing remote is named, for the child may read every file that this user
may, as kustomize-controller's may not. It gets no credentials, no proxy and no home.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from ..core.errors import BadAnswer, SourceError, Unreachable, inert
from . import kube_process

TIMEOUT = 60.0
"""Seconds. kustomize-controller itself allows as long as its interval."""

OUTPUT_LIMIT = 64 * 1024 * 1024


class Built(NamedTuple):
    output: str
    """YAML documents, separated as kustomize does."""
    by: str
    """`kustomize` or `kubectl kustomize`."""


def builder(path: str | None = None) -> tuple[list[str], str] | None:
    """The command up to the folder, and its name; None where neither program is on `path` (default: PATH)."""
    options = ["--load-restrictor", "LoadRestrictionsNone"]
    if found := shutil.which("kustomize", path=path):
        return [found, "build", *options], "kustomize"
    if found := shutil.which("kubectl", path=path):
        return [found, "kustomize", *options], "kubectl kustomize"
    return None


async def build(files: Mapping[str, bytes], folder: str, *, timeout: float = TIMEOUT) -> Built:
    """The build of `folder` in `files`. Raises `SourceError`: no program, too slow, too much, or its own words."""
    command = builder()
    if command is None:
        raise BadAnswer(
            "Nothing here can build a Kustomization",
            "neither kustomize nor kubectl is on PATH",
            "Install one of them; until then what Git declares is unknown.",
        )
    words, name = command
    with tempfile.TemporaryDirectory(prefix="drifttui-build-") as made:
        root = await asyncio.to_thread(_write, made, files)
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(root), "KUBECONFIG": os.devnull}
        try:
            finished = await kube_process.run(
                [*words, str(root / folder)],
                environment=environment,
                folder=root,
                timeout=timeout,
                output_limit=OUTPUT_LIMIT,
            )
        except TimeoutError:
            raise _failed(name, f"it gave no answer in {timeout:g} s and was ended") from None
        except kube_process.TooMuchOutput:
            raise _failed(name, f"it wrote more than {OUTPUT_LIMIT // 1_000_000} MB and was ended") from None
        except OSError as error:
            raise Unreachable(f"{name} cannot be started", error.strerror or str(error)) from None
    said = inert(finished.stderr.decode(errors="replace").replace(str(root) + "/", ""), 300)
    if finished.code:
        raise _failed(name, said or f"exit code {finished.code}")
    return Built(finished.stdout.decode(errors="replace"), name)


def _write(folder: str, files: Mapping[str, bytes]) -> Path:
    """The folder as it is really called, which is how the child calls it in its messages."""
    root = Path(folder).resolve()
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return root


def _failed(name: str, why: str) -> SourceError:
    return BadAnswer(f"{name} failed", why, "What Git declares is unknown, which is not clean.")
