"""`git` as a child that reads one clone: no writes, no hooks, no pager, no questions, no network, bounded.

Objects that a partial clone lacks are not fetched (`GIT_NO_LAZY_FETCH`, and no protocol is allowed at all), the index
is not refreshed (`--no-optional-locks`), and what the clone's own configuration would run is turned off.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..core.errors import BadAnswer, Missing, SourceError, Unreachable, inert
from . import kube_process

OUTPUT_LIMIT = 16 * 1024 * 1024

_QUIET = (
    "--no-optional-locks",
    "--no-pager",
    "--no-replace-objects",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.quotePath=false",
    "-c", "log.showSignature=false",
    "-c", "protocol.allow=never",
    "-c", "color.ui=false",
)  # fmt: skip


class GitClone:
    """One clone. Every method raises only `SourceError`."""

    def __init__(self, folder: Path, *, timeout: float = 15.0, path: str | None = None) -> None:
        """`path` is where `git` is looked for (default: PATH)."""
        self.folder = folder
        self._timeout, self._path = timeout, path

    async def run(self, *words: str, fails: bool = True) -> bytes:
        """What git wrote. `fails` False: an exit code of 1 is an answer, and empty."""
        program = shutil.which("git", path=self._path)
        if program is None:
            raise Missing("git is not installed", "it is not on PATH", "Install it; until then merges are unknown.")
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", "/"),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "false",
            "SSH_ASKPASS": "false",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_LITERAL_PATHSPECS": "1",
            "LC_ALL": "C",
        }
        command = [program, *_QUIET, "-C", str(self.folder), *words]
        try:
            done = await kube_process.run(
                command, environment=environment, folder=None, timeout=self._timeout, output_limit=OUTPUT_LIMIT
            )
        except TimeoutError:
            raise self._failed(f"git {words[0]} gave no answer in {self._timeout:g} s and was ended") from None
        except kube_process.TooMuchOutput:
            raise self._failed(f"git {words[0]} wrote more than {OUTPUT_LIMIT // 1_000_000} MB and was ended") from None
        except OSError as error:
            raise Unreachable("git cannot be started", error.strerror or str(error)) from None
        if done.code and (fails or done.code != 1):
            raise self._failed(inert(done.stderr.decode(errors="replace"), 200) or f"exit code {done.code}")
        return b"" if done.code else done.stdout

    def _failed(self, why: str) -> SourceError:
        return BadAnswer(f"The clone {self.folder} cannot be read", why, "Check [[git]] clone in the settings.")
