"""A lock on a folder of ours between sessions: several read what is in it, one writes. It goes with its process."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ..core.errors import Unreachable, inert

POLL: Final = 0.1
"""Seconds between two tries."""


class FolderLock:
    """`folder` must be there. Entering takes nothing; leaving lets go of whatever is held."""

    def __init__(self, folder: Path, *, wait: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """`wait`: seconds that each taking may last."""
        self._path, self._wait, self._sleep = folder / "session.lock", wait, sleep
        self._handle: int = -1

    async def __aenter__(self) -> Self:
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unusable(self._path, error) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._handle)

    async def shared(self, tell: Callable[[], None] = lambda: None) -> None:
        """With others that only read. `tell` is called once where it has to wait. Raises `Unreachable`."""
        await self._take(fcntl.LOCK_SH, tell)

    async def alone(self, tell: Callable[[], None] = lambda: None) -> None:
        """With nobody else; lets go of a shared one first, so that two who want it do not wait for each other."""
        fcntl.flock(self._handle, fcntl.LOCK_UN)
        await self._take(fcntl.LOCK_EX, tell)
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, str(os.getpid()).encode(), 0)

    async def _take(self, kind: int, tell: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        ends, told = loop.time() + self._wait, False
        while True:
            try:
                return fcntl.flock(self._handle, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            except OSError as error:
                raise _unusable(self._path, error) from None
            if not told:
                told = True
                tell()
            if loop.time() >= ends:
                raise Unreachable(
                    "Another session uses the same folder",
                    f"{inert(str(self._path.parent), 160)}: not free in {self._wait:g} s{self._by()}",
                    "It goes on by itself; ask for the unit again when it has ended.",
                )
            await self._sleep(min(POLL, self._wait))

    def _by(self) -> str:
        """Who wrote last, which is whoever holds it alone."""
        held = os.pread(self._handle, 20, 0)
        return f", process {held.decode()} wrote there last" if held.isdigit() else ""


def _unusable(path: Path, error: OSError) -> Unreachable:
    return Unreachable(
        f"Cannot lock {inert(str(path), 160)}",
        error.strerror or str(error),
        "Set XDG_CACHE_HOME to a folder on a disk of this machine.",
    )
