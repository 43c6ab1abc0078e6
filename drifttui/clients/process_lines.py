"""A child process that talks line by line and takes minutes: each line is told at once, and it is asked before killed.

When nobody waits any more or its time is up, its whole process group gets SIGINT, which OpenTofu and Terraform take for
"stop in order", and SIGKILL a little later. Providers are in the group and may outlive the engine that started them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from .child import Finished, Talk, TooMuchOutput, see_through

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
    code, child = await see_through(
        partial(_Talker, on_line, output_limit),
        command,
        environment=environment,
        folder=folder,
        timeout=timeout,
        ask=True,
    )
    return Finished(code, b"", bytes(child.errors))


class _Talker(Talk):
    def __init__(self, on_line: Callable[[bytes], None], limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.errors = bytearray()
        self._on_line, self._left = on_line, limit
        self._rest = bytearray()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self.errors += data
            del self.errors[:-ERRORS_KEPT]
            return
        self._left -= len(data)
        self._rest += data
        if self._left < 0 or len(self._rest) > LINE_LIMIT + len(data):
            self.fail(TooMuchOutput())
            return
        *lines, self._rest = self._rest.split(b"\n")
        try:
            for line in lines:
                self._on_line(bytes(line))
        except Exception as error:
            self.fail(error)

    def ended(self) -> None:
        if self._rest:
            self._on_line(bytes(self._rest))
