"""Starting servers as process groups, and ending every one of them whatever happens.

Each server leads its own session, so that a signal to its group also reaches what it started (Argo CD runs git). All
carry the data folder in their environment: what is left behind can be found by that mark even when its parent is gone.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARK = "DRIFTTUI_CLUSTER_DATA"


class ServerDied(RuntimeError):
    """A server ended while it was being waited for; the message ends with its last log lines."""


@dataclass(frozen=True)
class Process:
    """A server that was started. `born` tells it from a later process with the same id."""

    name: str
    pid: int
    born: str


class Processes:
    """The servers of one data folder, in the order in which they were started."""

    def __init__(
        self,
        data: Path,
        started: Sequence[Process] = (),
        on_start: Callable[[Sequence[Process]], object] = lambda started: None,
    ) -> None:
        self._data = data
        self._on_start = on_start
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self.started = list(started)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Run `command` with its output in `logs/<name>.log`. Its environment is small on purpose: no proxies."""
        log = self._data / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        scratch = self._data / "tmp"
        scratch.mkdir(exist_ok=True)
        base = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self._data), "TMPDIR": str(scratch)}
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._data,
                env=base | dict(environment or {}) | {MARK: str(self._data)},
                start_new_session=True,
            )
        self._children[child.pid] = child
        self.started.append(Process(name, child.pid, _born(child.pid)))
        self._on_start(self.started)

    def check(self) -> None:
        """Raise `ServerDied` for the first server that is no longer running."""
        for process in self.started:
            if not self.alive(process):
                lines = (self._data / "logs" / f"{process.name}.log").read_text(errors="replace").splitlines()
                raise ServerDied(f"{process.name} ended:\n" + "\n".join(lines[-15:]))

    def alive(self, process: Process) -> bool:
        child = self._children.get(process.pid)
        if child and child.poll() is not None:
            return False
        return bool(process.born) and _born(process.pid) == process.born

    def end(self, name: str, patience: float = 8.0) -> None:
        """End the newest server of that name and forget it: that it is gone is no fault from here on."""
        process = next(each for each in reversed(self.started) if each.name == name)
        self.started.remove(process)
        self._on_start(self.started)
        for word, limit in ((signal.SIGTERM, patience), (signal.SIGKILL, 2.0)):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, word)
            deadline = time.monotonic() + limit
            while self.alive(process) and time.monotonic() < deadline:
                time.sleep(0.05)
        if child := self._children.pop(process.pid, None):
            with suppress(subprocess.TimeoutExpired):
                child.wait(2)

    def stop(self, patience: float = 8.0) -> None:
        """End everything, newest first; what ignores SIGTERM for `patience` seconds in all is killed."""
        newest_first = [each for each in reversed(self.started) if self.alive(each)]
        for process in newest_first:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        limit = time.monotonic() + patience
        while time.monotonic() < limit and any(self.alive(each) for each in newest_first):
            time.sleep(0.05)
        for process in newest_first:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for child in self._children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(2)
        limit = time.monotonic() + 2
        while (strays := marked(self._data)) and time.monotonic() < limit:
            for pid in strays:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


class Watchdog:
    """Ends the servers when this process is gone, however it went: the other end of a pipe cannot be forgotten."""

    def __init__(self, data: Path) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.cluster.watchdog", str(data)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )

    def release(self) -> None:
        """Let it go. It finds nothing to do after a proper stop, and removes what a failed start left on disk."""
        if self._child.stdin:
            self._child.stdin.close()
        self._child.wait(15)


def marked(data: Path) -> list[int]:
    """Ids of all living processes that carry the mark of `data` (Linux only; elsewhere none are found)."""
    wanted = f"{MARK}={data}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(folder.name) != os.getpid() and wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """One unused loopback port per name, all held open until all are known so that none is given twice."""
    sockets = [socket.socket() for _ in names]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in zip(names, sockets, strict=True)}
    finally:
        for each in sockets:
            each.close()


def _born(pid: int) -> str:
    """When the process started, in clock ticks since boot; empty when it is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, 0)
            return "unknown"
        return ""
    return "" if fields[0] in "ZX" else fields[19]
