"""jq in a child process with a hard limit on the time of every evaluation.

A path of an ignore rule comes from whoever may write an Application, and a regular expression in it can run for
minutes. The child is started with the first path, answers any number of questions, and is killed where one takes too
long.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import sys
import threading
import time
from pathlib import Path
from subprocess import Popen
from typing import Final, NamedTuple

from . import jq_worker
from .child import start, stop

LIMIT: Final = 2.0
"""Seconds of processor time for one path and one document. Argo CD gives a path one second."""

_PATIENCE: Final = 5
"""Times the limit that an answer is waited for: on a machine in trouble a second of processor time takes its time."""

SLOW_FOR: Final = 300.0
"""Seconds in which a path that took too long is not tried again: every look would wait for it."""

_START_LIMIT: Final = 30.0
_LARGEST: Final = 64 << 20
"""Bytes of one answer."""
_SLOW_KEPT: Final = 256


class TookTooLong(Exception):
    """`limit` seconds were not enough, now or a short while ago."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        super().__init__(f"took longer than {limit:g} s")


class Ended(Exception):
    """The child could not be started, or died over the question."""


class Answer(NamedTuple):
    kind: str
    """`left`, `broken` or `failed`, as `jq_worker` says."""
    text: str


class JqProcess:
    """For any thread; one question at a time."""

    def __init__(self, limit: float = LIMIT) -> None:
        self.limit = limit
        self.starts = 0
        """How often a child was started."""
        self._child: Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._slow: dict[str, float] = {}

    def delete(self, document: str, path: str) -> Answer:
        """What jq makes of `del(path)` and a document, both in JSON. Raises `TookTooLong` and `Ended`."""
        with self._lock:
            if self._slow.get(path, 0.0) > time.monotonic():
                raise TookTooLong(self.limit)
            child = self._running()
            try:
                return self._asked(child, path.encode("utf-8", "replace"), document.encode())
            except (TimeoutError, ConnectionError) as error:
                self._end()
                if isinstance(error, ConnectionError) and child.returncode != -signal.SIGXCPU:
                    raise Ended(str(error)) from None
                if len(self._slow) >= _SLOW_KEPT:
                    self._slow.clear()
                self._slow[path] = time.monotonic() + SLOW_FOR
                raise TookTooLong(self.limit) from None
            except (OSError, ValueError) as error:
                self._end()
                raise Ended(str(error) or "it died") from None
            except BaseException:
                self._end()
                raise

    def close(self) -> None:
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._child is not None:
            stop(self._child)
            self._child = None

    def _running(self) -> Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        command = [sys.executable, "-P", str(Path(jq_worker.__file__)), str(max(1, round(self.limit)))]
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LC_ALL": "C.UTF-8"}
        try:
            child = self._child = start(command, environment=environment)
            assert child.stdin is not None
            os.set_blocking(child.stdin.fileno(), False)
            said = _read(child, len(jq_worker.READY), time.monotonic() + _START_LIMIT)
        except OSError as error:  # TimeoutError is one.
            self._end()
            raise Ended(f"it could not be started: {error}") from None
        if said != jq_worker.READY:
            self._end()
            raise Ended("it could not be started")
        self.starts += 1
        if self.starts == 1:
            atexit.register(self.close)
        return child

    def _asked(self, child: Popen[bytes], path: bytes, document: bytes) -> Answer:
        deadline = time.monotonic() + self.limit * _PATIENCE
        _write(child, jq_worker.block(path) + jq_worker.block(document), deadline)
        return Answer(_text(child, deadline), _text(child, deadline))


def _text(child: Popen[bytes], deadline: float) -> str:
    size = int.from_bytes(_read(child, jq_worker.HEAD, deadline), "big")
    if size > _LARGEST:
        raise ValueError(f"its answer has {size:,} bytes")
    return _read(child, size, deadline).decode()


def _write(child: Popen[bytes], content: bytes, deadline: float) -> None:
    assert child.stdin is not None
    descriptor, left = child.stdin.fileno(), memoryview(content)
    while left:
        if not select.select([], [descriptor], [], max(0.0, deadline - time.monotonic()))[1]:
            raise TimeoutError
        left = left[os.write(descriptor, left) :]


def _read(child: Popen[bytes], size: int, deadline: float) -> bytes:
    """Raises `TimeoutError`, and `ConnectionError` where the child ends first."""
    assert child.stdout is not None
    descriptor, found = child.stdout.fileno(), bytearray()
    while len(found) < size:
        if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        part = os.read(descriptor, size - len(found))
        if not part:
            child.wait()
            raise ConnectionError("it died")
        found += part
    return bytes(found)
