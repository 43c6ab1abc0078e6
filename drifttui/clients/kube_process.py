"""One child process with a deadline and a bound on what it may say. When it is too slow, too talkative, or nobody waits
any more, its whole process group is killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from .child import Finished as Finished
from .child import Talk, see_through
from .child import TooMuchOutput as TooMuchOutput

OUTPUT_LIMIT = 2**20
"""Bytes of each of stdout and stderr. A credential takes a few kilobytes."""


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
    code, child = await see_through(
        partial(_Child, output_limit), command, environment=environment, folder=folder, timeout=timeout
    )
    return Finished(code, bytes(child.output[1]), bytes(child.output[2]))


class _Child(Talk):
    def __init__(self, output_limit: int, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.output: dict[int, bytearray] = {1: bytearray(), 2: bytearray()}
        self._output_limit = output_limit

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.output[fd] += data
        if len(self.output[fd]) > self._output_limit:
            self.fail(TooMuchOutput())
