"""The chain of docs/bundles.md, command by command, in an empty home."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "bundles.md").read_text()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_whole_chain_without_account_or_cluster(tmp_path: Path) -> None:
    block = PAGE.split("## The whole chain", 1)[1].split("```sh\n", 1)[1].split("```", 1)[0]
    home = {name: str(tmp_path) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    commands = [line for line in block.splitlines() if line]
    assert commands[-1] == "drifttui replay demo.tar.gz"  # needs a terminal: tests/screens plays it
    for line in commands[:-1]:
        line = re.sub(r"^drifttui", f"{sys.executable} -m drifttui", line)
        done = subprocess.run(
            line.split(),
            cwd=tmp_path,
            env={**os.environ, **home},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    assert "<h2>Findings</h2>" in (tmp_path / "report.html").read_text()
