"""Runs a program on a real pseudo-terminal and times what it writes.

Every chunk is stamped when it is read, before anything is made of it. The terminal answers no queries, so that its own
latency is not part of any figure: what a terminal emulator adds comes on top, for every program alike.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from tests.bench.screen_model import Screen

READ_AT_ONCE = 65536
TICKS = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A measurement could not be made: the program ended, or did not show what it should in time."""


class Chunk(NamedTuple):
    at: float
    """`time.perf_counter()` when it was read."""
    data: bytes


class Reaction(NamedTuple):
    """Seconds from a key to the first byte, to what was waited for, and to the last byte before silence."""

    first: float
    seen: float
    settled: float
    written: int
    """Bytes until then."""


class Terminal:
    """One running program. A context manager: the program ends with it."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, columns: int = 160, rows: int = 48
    ) -> None:
        self.screen = Screen(columns, rows)
        self.received = 0
        """Bytes so far."""
        self._waiting: deque[Chunk] = deque()
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.set_blocking(self._master, False)
        self.spawned = time.perf_counter()
        self._process = subprocess.Popen(
            list(command), stdin=slave, stdout=slave, stderr=slave, env=dict(environment), start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, keys: str) -> float:
        """Type `keys`; returns when."""
        at = time.perf_counter()
        os.write(self._master, keys.encode())
        return at

    def until(self, shown: Callable[[Screen], bool], seconds: float, what: str) -> float:
        """The moment at which the chunk arrived that made `shown` true. Raises `Failed` after `seconds`."""
        for chunk in self._chunks(seconds):
            if shown(self.screen):
                return chunk.at
        raise Failed(f"not seen in {seconds:g} s: {what}\n{self.screen.text()}")

    def quiet(self, silence: float = 0.05, seconds: float = 10.0) -> float:
        """Read until nothing came for `silence` seconds, `seconds` at most; the moment of the last byte, else now."""
        last, end = time.perf_counter(), time.perf_counter() + seconds
        while time.perf_counter() < end:
            chunk = next(self._chunks(silence), None)
            if chunk is None:
                break
            last = chunk.at
        return last

    def react(
        self, keys: str, shown: Callable[[Screen], bool] | None = None, *, silence: float = 0.04, seconds: float = 5.0
    ) -> Reaction:
        """Type `keys` and wait for the first byte, for `shown` (any byte where None) and for silence (none where 0)."""
        self.rest(0.0)
        before = self.received
        at = self.send(keys)
        first = 0.0
        for chunk in self._chunks(seconds):
            first = first or chunk.at
            if shown is None or shown(self.screen):
                settled = max(chunk.at, self.quiet(silence, seconds) if silence else 0.0)
                return Reaction(first - at, chunk.at - at, settled - at, self.received - before)
        raise Failed(f"no reaction to {keys!r} in {seconds:g} s\n{self.screen.text()}")

    def rest(self, seconds: float) -> None:
        """Let the program run, reading what it writes as a terminal would."""
        for _ in self._chunks(seconds):
            pass

    @property
    def resident(self) -> float:
        """Resident memory in MB."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise Failed("the program has ended")

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def leave(self, keys: str, seconds: float = 5.0) -> int:
        """Type `keys` that end the program; its exit code. Raises `Failed` where it goes on."""
        self.send(keys)
        self._end(seconds)
        code = self._process.poll()
        if code is None:
            raise Failed(f"{keys!r} did not end the program in {seconds:g} s\n{self.screen.text()}")
        return code

    def kill(self) -> None:
        """End the program without asking: it cannot do anything more."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._end(3.0)

    def close(self) -> None:
        """End the program, as a terminal does that goes away: first asking."""
        with contextlib.suppress(ProcessLookupError):
            for ask, seconds in ((signal.SIGHUP, 3.0), (signal.SIGKILL, 3.0)):
                if self._process.poll() is not None:
                    break
                os.killpg(self._process.pid, ask)
                self._end(seconds)
        self._process.wait()
        os.close(self._master)

    def _end(self, seconds: float) -> None:
        """Go on reading: a program that cannot write cannot end."""
        end = time.perf_counter() + seconds
        with contextlib.suppress(Failed):
            while self._process.poll() is None and time.perf_counter() < end:
                self._read(0.02)
                self._waiting.clear()

    def _chunks(self, seconds: float) -> Iterator[Chunk]:
        """What arrives in the next `seconds`, each after it is on the screen model.

        Everything that can be read is read before any of it is looked at, so that looking delays no stamp.
        """
        end = time.perf_counter() + seconds
        while True:
            while self._read(0.0):
                pass
            while self._waiting:
                chunk = self._waiting.popleft()
                self.screen.feed(chunk.data)
                yield chunk
            left = end - time.perf_counter()
            if left <= 0:
                return
            self._read(left)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, READ_AT_ONCE)
        except OSError as error:
            while self._waiting:
                self.screen.feed(self._waiting.popleft().data)
            raise Failed(f"the program ended with {self._process.wait()}\n{self.screen.text()}") from error
        self._waiting.append(Chunk(time.perf_counter(), data))
        self.received += len(data)
        return True
