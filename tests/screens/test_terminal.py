"""The program on a real terminal: signals give it back, and NO_COLOR means no colour."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
SHOW_CURSOR, MOUSE_OFF, PASTE_OFF = b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l"


class Terminal:
    """A child on a pty of its own."""

    def __init__(self, board: str, environment: dict[str, str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(slave)
        base = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.screens.play", board],
            cwd=ROOT,
            env={**base, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        self._slave = slave
        self.seen = b""

    def read_until(self, text: bytes, seconds: float = 20.0) -> None:
        """Reads on until `text` comes by; fails with what came instead."""
        start = len(self.seen)
        end = time.monotonic() + seconds
        while text not in self.seen[start:]:
            left = end - time.monotonic()
            assert left > 0, self.seen[start:][-2000:]
            if select.select([self.master], [], [], left)[0]:
                self.seen += os.read(self.master, 1 << 16)

    def drain(self) -> None:
        while select.select([self.master], [], [], 0.05)[0]:
            self.seen += os.read(self.master, 1 << 16)

    def answer(self) -> None:
        """Waits until something is drawn, and for all of it."""
        assert select.select([self.master], [], [], 10)[0]
        self.drain()

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._slave)
        os.close(self.master)

    @property
    def restored(self) -> bool:
        left = self.seen[self.seen.rindex(ENTER) :]
        modes = all(code in left for code in (LEAVE, SHOW_CURSOR, MOUSE_OFF, PASTE_OFF))
        return modes and termios.tcgetattr(self._slave) == self.before


@pytest.fixture
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    found = Terminal("incident", getattr(request, "param", {}))
    yield found
    found.close()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT"])
def test_a_signal_gives_the_terminal_back(terminal: Terminal, name: str) -> None:
    number = getattr(signal, name)
    terminal.read_until(b"payments")
    terminal.process.send_signal(number)
    assert terminal.process.wait(20) == 128 + number
    terminal.drain()
    assert terminal.restored


@pytest.mark.parametrize("keys", [b"q", b"\x03", b":q\r"])
def test_leaving_gives_the_terminal_back(terminal: Terminal, keys: bytes) -> None:
    terminal.read_until(b"payments")
    for key in keys:
        terminal.type(bytes([key]))
        terminal.drain()
    assert terminal.process.wait(20) == 0
    terminal.drain()
    assert terminal.restored


@pytest.mark.parametrize("terminal", [{"NO_COLOR": "1"}], indirect=True)
def test_no_color_means_no_colour_sequence_at_all(terminal: Terminal) -> None:
    """Through every screen and prompt; bold, dim, underline and reverse are no colours."""
    terminal.read_until(b"payments")
    terminal.drain()
    for keys in (b"j", b"\t", b"\t"):
        terminal.type(keys)
        terminal.answer()
    answers = {b"S": b" Sources ", b"?": b" Help ", b":": b"units", b"s": b"sort", b"\x7f": b"findings", b"t": b"theme"}
    for keys, shown in answers.items():
        terminal.type(keys)
        terminal.read_until(shown)
    terminal.type(b"/")
    terminal.read_until(b"nothing is called")
    terminal.type(b"\x03")
    terminal.process.wait(20)
    terminal.drain()
    codes = {code for found in re.findall(rb"\x1b\[([0-9;]*)m", terminal.seen) for code in found.split(b";")}
    assert codes <= {b"", b"0", b"1", b"2", b"4", b"7", b"22", b"24", b"27"}


def test_a_session_that_cannot_begin_ends_with_one_line(tmp_path: Path) -> None:
    """Nothing to read is found out behind the first frame; the screen goes, and the line stays in the shell."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    places = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    process = subprocess.Popen(
        [sys.executable, "-m", "drifttui"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", **places},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    seen = b""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 1 << 16)
            except OSError:
                break
    os.close(master)
    assert process.wait(10) == 1
    after = seen.rpartition(LEAVE)[2].decode()
    assert "drifttui: Nothing to read" in after
    assert "drifttui demo" in " ".join(after.split())
    assert "Traceback" not in after
