"""What is published works where nothing else is installed."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging")]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel and sdist, built from a clean copy of what Git tracks, as a release would be."""
    folder = tmp_path_factory.mktemp("release")
    source = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a Git checkout: nothing to build a release from")
    for name in filter(None, listed.stdout.decode().split("\0")):
        here, there = ROOT / name, source / name
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.is_symlink():
            there.symlink_to(here.readlink())
        elif here.exists():
            there.write_bytes(here.read_bytes())
    out = folder / "dist"
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)],
        check=True,
        capture_output=True,
        text=True,
    )
    return out


def test_the_sdist_holds_the_package_and_the_tests(dist: Path) -> None:
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {name.split("/", 1)[-1] for name in tar.getnames()}
    for wanted in (
        "drifttui/cli.py",
        "drifttui/screens/triage.py",
        "drifttui/assets/policy.yaml",
        "tests/test_floors.py",
    ):
        assert wanted in names


def test_the_wheel_holds_the_package_alone(dist: Path) -> None:
    (archive,) = dist.glob("*.whl")
    names = zipfile.ZipFile(archive).namelist()
    assert "drifttui/app.py" in names
    assert any(name.endswith(".tcss") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "screens/", "widgets/", "assets/"))]


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `drifttui` script of an environment that holds the wheel and what it asks for."""
    environment = tmp_path_factory.mktemp("empty") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    (wheel,) = dist.glob("*.whl")
    done = subprocess.run(
        [str(environment / "bin" / "pip"), "install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(wheel)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"no package index to install dependencies from: {done.stderr.strip().splitlines()[-1][:200]}")
    assert done.returncode == 0, done.stderr
    return environment / "bin" / "drifttui"


def test_an_installed_drifttui_says_its_version(installed: Path) -> None:
    done = subprocess.run([str(installed), "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"drifttui \d+\.\d+\.\d+\n", done.stdout)


def test_an_installed_demo_shows_the_incident_and_leaves(installed: Path, tmp_path: Path) -> None:
    """In a real terminal, without a network to speak of: no proxy, no kubeconfig, an empty home."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.clear()
        os.environ.update(TERM="xterm-256color", HOME=str(tmp_path), PATH="/usr/bin:/bin", LANG="C.UTF-8")
        os.execv(str(installed), [str(installed), "demo"])
    seen = b""
    ends = time.monotonic() + 60
    try:
        while b"payments" not in seen and time.monotonic() < ends:
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 65536)
        assert b"payments" in seen, seen[-2000:]
        os.write(terminal, b":q\r")
        _, status = _drain(pid, terminal, ends)
        assert os.waitstatus_to_exitcode(status) == 0
    finally:
        os.close(terminal)


def test_the_sdist_installs_as_well(dist: Path, installed: Path) -> None:
    """Over the wheel, in the same environment: what it depends on is there already."""
    (archive,) = dist.glob("*.tar.gz")
    pip = [str(installed.parent / "pip"), "install", "--quiet", "--force-reinstall", "--no-deps"]
    done = subprocess.run(
        [*pip, "-c", str(ROOT / "constraints.txt"), str(archive)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert subprocess.run([str(installed), "--version"], capture_output=True, check=True).stdout.startswith(
        b"drifttui "
    )


def _drain(pid: int, terminal: int, ends: float) -> tuple[int, int]:
    while time.monotonic() < ends:
        if select.select([terminal], [], [], 0.05)[0]:
            try:
                os.read(terminal, 65536)
            except OSError:
                return os.waitpid(pid, 0)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return done, status
    raise AssertionError("the demo did not end")
