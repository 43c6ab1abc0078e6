"""Ranges of large audit files, searched by processes of their own so that neither the screen nor the answer waits for
one core. Blocking: for a worker thread."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from array import array
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from drifttui.core.errors import Unreachable, inert

from . import audit_worker
from .audit_worker import BUCKETS, Found, search

ALONE: Final = 24 << 20
"""Bytes that are searched in this process: starting another takes as long."""
RANGE: Final = 512 << 20
"""Bytes of one range at most; offsets in it have 32 bits."""
TIMEOUT: Final = 600.0
"""Seconds for one range: half a gigabyte takes half a second, from a disk in trouble minutes."""
_PATIENCE: Final = 0.25
_HEADER: Final = 6 * 8 + 80


def workers() -> int:
    return max(1, min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


class Stopped(Exception):
    """Somebody set `stop`: nobody waits for the result."""


def search_file(path: Path, start: int, end: int, stop: threading.Event) -> list[Found]:
    """The lines of a plain file from `start`, where a line begins, to `end`, where one ends; a part per range.

    Raises `Stopped`, and `Unreachable` where the file cannot be read.
    """
    if end - start <= ALONE:
        return [_here(path, start, end)] if end > start else []
    with ThreadPoolExecutor(workers(), thread_name_prefix="drifttui-audit") as pool:
        waiting = [pool.submit(_search, path, one, other, stop) for one, other in _ranges(path, start, end)]
        try:
            return [each.result() for each in waiting]
        except BaseException:
            stop.set()
            raise


def search_packed(path: Path, size: int, stop: threading.Event) -> Found:
    """A whole gzip file; offsets are those of its content. Raises as `search_file` does."""
    return _here(path, 0, 0) if size <= ALONE // 8 else _search(path, 0, 0, stop)


def _here(path: Path, start: int, end: int) -> Found:
    try:
        return search(str(path), start, end)
    except OSError as error:
        raise Unreachable(f"{path} cannot be read", error.strerror or "") from error


def _ranges(path: Path, start: int, end: int) -> list[tuple[int, int]]:
    count = max(workers(), -(-(end - start) // RANGE))
    size = -(-(end - start) // count)
    cuts = [start]
    try:
        with path.open("rb") as file:
            for number in range(1, count):
                file.seek(start + number * size - 1)
                file.readline()
                cuts.append(min(end, file.tell()))
    except OSError as error:
        raise Unreachable(f"{path} cannot be read", error.strerror or "") from error
    return [(one, other) for one, other in zip(cuts, [*cuts[1:], end], strict=True) if other > one]


def _search(path: Path, start: int, end: int, stop: threading.Event) -> Found:
    command = [sys.executable, "-I", "-S", audit_worker.__file__, str(path), str(start), str(end)]
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe)  # noqa: S603
    except OSError as error:
        raise Unreachable(f"{path} could not be searched", error.strerror or "") from error
    with process:
        waited = 0.0
        while True:
            try:
                output, said = process.communicate(timeout=_PATIENCE)
                break
            except subprocess.TimeoutExpired as error:
                waited += _PATIENCE
                if stop.is_set() or waited > TIMEOUT:
                    process.kill()
                    if stop.is_set():
                        raise Stopped from error
                    slow = f"{path} was not read in {TIMEOUT:.0f} s"
                    raise Unreachable(slow, "", "Is the disk well?") from error
    if process.returncode != 0:
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise Unreachable(f"{path} could not be searched", inert(last, 160))
    return unpack(output)


def unpack(packed: bytes | memoryview) -> Found:
    """The inverse of `audit_worker.pack`. The keys stay where they are: most of them nobody asks for."""
    data = memoryview(packed)
    head = data[:48].cast("Q")
    found = Found(head[0])
    found.end, found.lines, found.cut = head[1], head[2], bool(head[5])
    found.first, found.last = bytes(data[48:88]).strip(), bytes(data[88:128]).strip()
    keys = _HEADER + (BUCKETS + 1) * 8
    middle = keys + head[3] * 8
    found.buckets = data[_HEADER:keys].cast("Q")
    found.keys = data[keys:middle].cast("Q")
    found.odd = array("Q", bytes(data[middle : middle + head[4] * 8]))
    return found
