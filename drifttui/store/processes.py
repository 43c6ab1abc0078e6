"""Which process is at work, and whether one that once was still is."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROC = Path("/proc")


def this_process() -> dict[str, Any]:
    """`{"host", "pid", "started"}`. `started` tells a process from a later one of the same number; empty where the
    system does not say it without a program of its own (outside Linux)."""
    return {"host": platform.node(), "pid": os.getpid(), "started": _started(os.getpid())}


def is_alive(process: Mapping[str, Any]) -> bool | None:
    """None where nobody here can tell: another host, or an entry that does not name a process."""
    pid = process.get("pid")
    if process.get("host") != platform.node() or not isinstance(pid, int) or pid <= 0:
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    began, now = process.get("started"), _started(pid)
    if now == "zombie":
        return False
    return now == began if began and now else True


def _started(pid: int) -> str:
    """Boot and clock ticks since it (proc(5), field 22 of `stat`)."""
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        boot = (PROC / "sys" / "kernel" / "random" / "boot_id").read_text().strip()
    except OSError:
        return ""
    if fields[0] == "Z":
        return "zombie"
    return f"{boot}:{fields[19]}"
