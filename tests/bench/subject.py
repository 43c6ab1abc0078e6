"""The programs that are measured, each in a home of its own so that nothing of the person's is read or touched."""

from __future__ import annotations

import compileall
import contextlib
import io
import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import drifttui
from tests.bench.pty_harness import Failed, Terminal

REPOSITORY = Path(drifttui.__file__).resolve().parent.parent


def compile_bytecode() -> str:
    """Compile all that the programs import and say what was done: without it every start measures the compiler."""
    folders = [Path(folder) for folder in site.getsitepackages()] + [
        REPOSITORY / "drifttui",
        REPOSITORY / "tests/bench",
    ]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        good = [compileall.compile_dir(folder, quiet=2, workers=1) for folder in folders]
    odd = "" if all(good) else " (a few files, none of them ours, do not compile)"
    return f"bytecode compiled first: site-packages, drifttui, tests/bench{odd}"


class Home:
    """A temporary home folder with a token, and the environment of programs that run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = folder / "token"
        self.token.write_text("bench.bench.bench")

    @property
    def environment(self) -> Mapping[str, str]:
        """Nothing of the caller's but the way to its programs. PYTHONDONTWRITEBYTECODE is unset on purpose."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(REPOSITORY),
        }

    def drifttui(self, server: str, *more: str, cache: bool = False, columns: int = 160, rows: int = 48) -> Terminal:
        command = [
            *(sys.executable, "-m", "drifttui"),
            *("--argocd-server", server, "--argocd-token-file", str(self.token), "--no-kubernetes"),
            *(() if cache else ("--no-cache",)),
            *more,
        ]
        return Terminal(command, self.environment, columns=columns, rows=rows)

    def empty_app(self) -> Terminal:
        return Terminal([sys.executable, "-m", "tests.bench.empty_app"], self.environment)


@contextmanager
def temporary_home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="drifttui-bench-", ignore_cleanup_errors=True) as folder:
        yield Home(Path(folder))


class Fleet:
    """The local server at one size."""

    def __init__(self, port: int, count: int) -> None:
        self.count = count
        self.url = f"http://127.0.0.1:{port}"

    def updates(self, per_second: float) -> None:
        self._tell(f"rate/{per_second:g}")

    def silent(self, silent: bool) -> None:
        """Take requests without answering them, or answer again."""
        self._tell(f"silent/{silent:d}")

    def _tell(self, what: str) -> None:
        with urlopen(f"{self.url}/-/{what}", timeout=10) as answer:
            answer.read()

    def curl(self, path: str = "/api/v1/applications") -> tuple[float, int]:
        """Seconds and bytes of one GET by curl, the start of curl included."""
        program = shutil.which("curl")
        if program is None:
            raise Failed("curl is not installed")
        wanted = "%{time_total} %{size_download}"
        said = subprocess.run(
            [program, "--silent", "--output", os.devnull, "--write-out", wanted, self.url + path],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout.split()
        return float(said[0]), int(said[1])


@contextmanager
def fleet_server(count: int) -> Iterator[Fleet]:
    command = [sys.executable, "-m", "tests.bench.server", "--count", str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise Failed("the local server did not start")
        yield Fleet(int(port), count)
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
