"""Two calls a second: LookupEvents' limit for one account and region, kept by every session on this machine together.

Each caller takes the next free moment. Where a folder is given, that moment lies in a small locked file, so that two
sessions of one operator do not throttle each other.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

_FAR: Final = 60.0
"""A moment further ahead was written under another clock."""
_TRIES: Final = 20


class Pace:
    def __init__(
        self,
        folder: Path | None = None,
        *,
        every: float = 0.5,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._folder, self._every, self._now, self._sleep = folder, every, now, sleep
        self._next: dict[str, float] = {}
        self.used: dict[str, int] = {}
        """Calls by account and region since the start."""
        self.waiting = 0
        self.shared = folder is not None
        """False: other sessions on this machine do not know of ours."""

    async def turn(self, account: str, region: str) -> None:
        """Returns when the next call may go out."""
        key = f"{account or 'unknown'}-{region}"
        now = self._now()
        held = self._next.get(key, 0.0)
        mine = max(now, held if held < now + _FAR else 0.0, self._reserved(key, now))
        self._next[key] = mine + self._every
        self.used[key] = self.used.get(key, 0) + 1
        if mine > now:
            self.waiting += 1
            try:
                await self._sleep(mine - now)
            finally:
                self.waiting -= 1

    def _reserved(self, key: str, now: float) -> float:
        """The next moment by the file, which is moved on. 0 where the file cannot be used: then we are on our own."""
        if self._folder is None:
            return 0.0
        import fcntl

        path = self._folder / f"aws-lookup-{re.sub(r'[^A-Za-z0-9-]', '_', key)}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with path.open("a+b") as file:
                for _ in range(_TRIES):
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        break
                    except BlockingIOError:
                        time.sleep(0.001)
                else:
                    return 0.0
                file.seek(0)
                held = _number(file.read(64))
                mine = max(now, held if held < now + _FAR else now)
                file.seek(0)
                file.truncate()
                file.write(repr(mine + self._every).encode())
        except OSError:
            self.shared = False
            return 0.0
        self.shared = True
        return mine


def _number(text: bytes) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
