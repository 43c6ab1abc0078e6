"""A broken installation says so in one line, with everything else in a log."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import drifttui

PACKAGE = Path(drifttui.__file__).parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """An installation of its own, to be broken."""
    shutil.copytree(PACKAGE, tmp_path / "site/drifttui", ignore=shutil.ignore_patterns("__pycache__", "demo.tar.gz"))
    return tmp_path / "site/drifttui"


def environment(copy: Path) -> dict[str, str]:
    home = str(copy.parent.parent)
    return {"PATH": os.environ["PATH"], "HOME": home, "PYTHONPATH": str(copy.parent), "TERM": "xterm-256color"}


def said(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "drifttui", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment(copy), cwd=copy, timeout=60)


def log(copy: Path) -> str:
    path = copy.parent.parent / ".local/state/drifttui/broken.log"
    assert path.stat().st_mode & 0o077 == 0
    return path.read_text()


@pytest.mark.parametrize("module", ["core/errors.py", "core/health.py", "core/board.py", "services/session.py"])
def test_a_module_that_is_not_there_is_one_line(copy: Path, module: str) -> None:
    (copy / module).unlink()
    done = said(copy, "scan", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    name = "drifttui." + module.removesuffix(".py").replace("/", ".")
    assert "Reinstall drifttui" in done.stderr and name in done.stderr
    assert "Traceback" in log(copy) and name in log(copy)


def test_a_module_that_is_cut_off_is_one_line(copy: Path) -> None:
    (copy / "commands/scan.py").write_text("def run(\n")
    done = said(copy, "scan", "--json")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "scan.py" in log(copy)


def test_without_a_place_for_the_log_the_line_is_said_all_the_same(copy: Path) -> None:
    (copy / "core/board.py").unlink()
    (copy.parent.parent / ".local").write_text("in the way")
    done = said(copy, "scan", "--json")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "Details" not in done.stderr


@pytest.mark.parametrize(
    ("module", "keys"),
    [("screens/help.py", b"?"), ("services/look.py", b"")],
    ids=["behind a key", "in the thread"],
)
def test_what_is_missing_in_a_running_session_ends_it_with_the_same_line(copy: Path, module: str, keys: bytes) -> None:
    """The terminal is given back first."""
    (copy / module).unlink()
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "drifttui", "--argocd-server", "http://127.0.0.1:9", "--no-kubernetes"]
    home = {**environment(copy), "ARGOCD_AUTH_TOKEN": "x"}
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=home, cwd=copy)
    os.close(slave)
    seen, typed = b"", False
    try:
        while select.select([master], [], [], 30)[0]:
            try:
                chunk = os.read(master, 1 << 16)
            except OSError:
                break
            seen += chunk
            if keys and not typed and b"drifttui" in seen:
                os.write(master, keys)
                typed = True
        assert process.wait(20) == 1
    finally:
        process.kill()
        process.wait()
        os.close(master)
    left = seen[seen.rindex(b"\x1b[?1049l") :].decode()
    assert "Reinstall drifttui" in left and "Traceback" not in left
    assert log(copy)
