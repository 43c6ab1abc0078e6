"""One child process that cannot touch the terminal, with a deadline and a bound on what it may say.

The terminal belongs to the screen. The child gets a session of its own (so opening /dev/tty fails), /dev/null to read
and pipes to write; when it is too slow, too talkative, or nobody waits any more, its whole process group is killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

OUTPUT_LIMIT = 2**20
"""Bytes of each of stdout and stderr. A credential takes a few kilobytes."""

GRACE = 1.0
"""Seconds that output may follow the exit. A daemon left behind may hold the pipes open for ever."""


class Finished(NamedTuple):
    code: int
    """Exit status; negative is the signal that ended it."""
    stdout: bytes
    stderr: bytes


class TooMuchOutput(Exception):
    """The child wrote more than it may and was killed."""


async def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path | None,
    timeout: float,
    output_limit: int = OUTPUT_LIMIT,
) -> Finished:
    """Run `command` to its end. `output_limit` is in bytes, for each of stdout and stderr.

    Raises `OSError` where it cannot be started, `TimeoutError` after `timeout` seconds, `TooMuchOutput`. However this
    ends, also by cancellation, the child is gone and reaped; what it left behind on purpose after a regular end stays.
    """
    loop = asyncio.get_running_loop()
    transport, child = await loop.subprocess_exec(
        lambda: _Child(loop, output_limit),
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
        return Finished(-1 if code is None else code, bytes(child.output[1]), bytes(child.output[2]))
    finally:
        if not child.exited.done():
            os.killpg(group, signal.SIGKILL)
        transport.close()
        await asyncio.shield(child.exited)


class _Child(asyncio.SubprocessProtocol):
    def __init__(self, loop: asyncio.AbstractEventLoop, output_limit: int) -> None:
        self.done: asyncio.Future[None] = loop.create_future()
        self.exited: asyncio.Future[None] = loop.create_future()
        self.output: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}
        self._loop = loop
        self._output_limit = output_limit
        self._open = {1, 2}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.output[fd] += data
        if len(self.output[fd]) > self._output_limit and not self.done.done():
            self.done.set_exception(TooMuchOutput())

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

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
