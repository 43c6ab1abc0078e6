"""A child process in a session of its own: it cannot touch the terminal, and what it started can be ended with it.

The terminal belongs to the screen. The child cannot open /dev/tty, reads /dev/null or a pipe, and writes pipes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

GRACE = 1.0
"""Seconds that output may follow the exit, for a daemon left behind may hold the pipes open for ever; and between
asking a child to end and killing it."""


class Finished(NamedTuple):
    code: int
    """Exit status; negative is the signal that ended it."""
    stdout: bytes
    stderr: bytes


class TooMuchOutput(Exception):
    """The child wrote more than it may and was killed."""


class Talk(asyncio.SubprocessProtocol):
    """What one child says. `done` ends with its exit and its output, or with what `fail` was told."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.done: asyncio.Future[None] = loop.create_future()
        self.exited: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._open = {1, 2}

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

    def fail(self, error: Exception) -> None:
        """Nobody waits for the rest."""
        if not self.done.done():
            self.done.set_exception(error)

    def _finish(self) -> None:
        if not self.done.done():
            self.ended()
            self.done.set_result(None)

    def ended(self) -> None:
        """All that will come has come."""


T = TypeVar("T", bound=Talk)


async def see_through(
    talk: Callable[[asyncio.AbstractEventLoop], T],
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path | None,
    timeout: float,
    ask: bool = False,
) -> tuple[int, T]:
    """Run `command` to its end: its exit code, and what was made of its words.

    Raises `OSError` where it cannot be started, `TimeoutError` after `timeout` seconds, and what `talk` failed with.
    However this ends, also by cancellation, the child is gone and reaped. With `ask` its group gets SIGINT first and
    nothing of it stays; without, what it left behind on purpose after a regular end stays.
    """
    loop = asyncio.get_running_loop()
    transport, child = await loop.subprocess_exec(
        lambda: talk(loop),
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
        return -1 if code is None else code, child
    finally:
        await asyncio.shield(_ended(group, child, ask=ask))
        transport.close()


async def _ended(group: int, child: Talk, *, ask: bool) -> None:
    if ask and not child.exited.done():
        end_group(group, signal.SIGINT)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(child.exited), GRACE)
    if ask or not child.exited.done():
        end_group(group)
    await child.exited


def end_group(group: int, by: signal.Signals = signal.SIGKILL) -> None:
    """Everything that is in the child's group. Its number is the child's."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, by)


def start(command: Sequence[str], *, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A child that answers what is written to its stdin, for whoever waits in a thread. `stop` ends it."""
    return subprocess.Popen(  # noqa: S603 - the callers choose the program.
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
        bufsize=0,
        start_new_session=True,
    )


def stop(child: subprocess.Popen[bytes]) -> None:
    """Kills and reaps it."""
    end_group(child.pid)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    child.wait()
