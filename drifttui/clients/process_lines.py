"""A child process that talks line by line and takes minutes: each line is told at once, and it is asked before killed.

Like `kube_process`, the child gets a session of its own and no terminal. When nobody waits any more or its time is up,
its whole process group gets SIGINT, which OpenTofu and Terraform take for "stop in order", and after `GRACE` SIGKILL.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .kube_process import Finished, TooMuchOutput

GRACE = 1.0
"""Seconds between asking and killing, and that output may follow the exit."""

LINE_LIMIT = 4 * 2**20
"""Bytes of one line."""

ERRORS_KEPT = 64 * 1024
"""Bytes of stderr, its end."""


async def follow(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    timeout: float,
    on_line: Callable[[bytes], None],
    output_limit: int,
) -> Finished:
    """Run `command` to its end, with `on_line` told every line of stdout without its end.

    `Finished.stdout` is empty. Raises `OSError` where it cannot be started, `TimeoutError` after `timeout` seconds,
    `TooMuchOutput` beyond `output_limit` bytes. However this ends, the group is gone and the child reaped.
    """
    loop = asyncio.get_running_loop()
    transport, child = await loop.subprocess_exec(
        lambda: _Talker(loop, on_line, output_limit),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
    )
    group = transport.get_pid()
    try:
        async with asyncio.timeout(timeout):
            await child.done
        code = transport.get_returncode()
        return Finished(-1 if code is None else code, b"", bytes(child.errors))
    finally:
        await asyncio.shield(_ended(group, child))
        transport.close()


async def _ended(group: int, child: _Talker) -> None:
    """Providers are in the group and may outlive the engine that started them."""
    if not child.exited.done():
        _signal(group, signal.SIGINT)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(child.exited), GRACE)
    _signal(group, signal.SIGKILL)
    await child.exited


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


class _Talker(asyncio.SubprocessProtocol):
    def __init__(self, loop: asyncio.AbstractEventLoop, on_line: Callable[[bytes], None], limit: int) -> None:
        self.done: asyncio.Future[None] = loop.create_future()
        self.exited: asyncio.Future[None] = loop.create_future()
        self.errors = bytearray()
        self._loop, self._on_line, self._left = loop, on_line, limit
        self._rest = bytearray()
        self._open = {1, 2}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self.errors += data
            del self.errors[:-ERRORS_KEPT]
            return
        self._left -= len(data)
        self._rest += data
        if self._left < 0 or len(self._rest) > LINE_LIMIT + len(data):
            self._fail(TooMuchOutput())
            return
        *lines, self._rest = self._rest.split(b"\n")
        try:
            for line in lines:
                self._on_line(bytes(line))
        except Exception as error:
            self._fail(error)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open.discard(fd)
        if not self._open and self.exited.done():
            self._finish()

    def process_exited(self) -> None:
        self.exited.set_result(None)
        if self._open:
            self._loop.call_later(GRACE, self._finish)
        else:
            self._finish()

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def _finish(self) -> None:
        if not self.done.done():
            if self._rest:
                self._on_line(bytes(self._rest))
            self.done.set_result(None)
