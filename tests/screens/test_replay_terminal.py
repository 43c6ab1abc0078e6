"""`drifttui replay` and `drifttui demo` on a real terminal: how they end."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from tests.evidence import bundles

from .test_terminal import LEAVE, ROOT


def ran(arguments: list[str], home: Path, until: bytes = b"", keys: bytes = b"") -> tuple[int, bytes]:
    """Exit code and everything that was drawn. `keys` are typed once `until` came by."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    places = {name: str(home) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    process = subprocess.Popen(
        [sys.executable, "-m", "drifttui", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "TMPDIR": str(home), **places},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    seen, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 1 << 16)
            except OSError:
                break
        if keys and until in seen:
            os.write(master, keys)
            keys = b""
    os.close(master)
    return process.wait(10), seen


def test_an_altered_bundle_ends_in_one_line_that_names_the_file(tmp_path: Path) -> None:
    path = bundles.write(tmp_path / "b.tar.gz", bundles.parts() | {"report.md": b"changed"})
    code, seen = ran(["replay", str(path)], tmp_path)
    assert code == 3
    after = " ".join(seen.rpartition(LEAVE)[2].decode().split())
    assert "report.md" in after
    assert "Traceback" not in after
    assert list(tmp_path.glob("drifttui-bundle-*")) == []


def test_a_file_that_is_no_bundle_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_bytes(b"nothing of the kind")
    code, seen = ran(["replay", str(tmp_path / "b.tar.gz")], tmp_path)
    assert code == 1
    assert b"Traceback" not in seen


def test_the_demo_shows_its_incident_and_leaves_nothing_behind(tmp_path: Path) -> None:
    code, seen = ran(["demo"], tmp_path, b"payments", b"q")
    assert code == 0
    assert b"DEMO" in seen
    assert list(tmp_path.iterdir()) == []
