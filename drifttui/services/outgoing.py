"""Boards on their way from the thread that makes them to the one that shows them: ten a second, the newest only."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from drifttui.core.board import Board
from drifttui.core.identity import UnitId

PUBLISH_EVERY = 0.1
"""Seconds between boards. Faster than an eye reads a changing row, slow enough for 1,000 updates a second."""


class Outgoing:
    """`make(version, changed)` builds a board. `mark` and `publish` belong to the making thread, `take` to the
    other."""

    def __init__(self, make: Callable[[int, frozenset[UnitId] | None], Board]) -> None:
        self._make = make
        self._changed: set[UnitId] | None = None
        self._dirty = asyncio.Event()
        self._version = 0
        self._lock = threading.Lock()
        self._newest: Board | None = None
        self._taken = False
        self.shown = threading.Event()
        """The first board was taken, and something asked again: it is on the screen."""

    def mark(self, changed: set[UnitId] | None) -> None:
        """These units differ from the last board; None: anything may."""
        if changed is None or self._changed is None:
            self._changed = None
        else:
            self._changed |= changed
        self._dirty.set()

    @property
    def clean(self) -> bool:
        """All that was marked is on a board that can be taken."""
        return not self._dirty.is_set()

    async def publishing(self) -> None:
        while True:
            await self._dirty.wait()
            self.publish()
            self._dirty.clear()
            await asyncio.sleep(PUBLISH_EVERY)

    def publish(self) -> None:
        self._version += 1
        changed = None if self._changed is None else frozenset(self._changed)
        self._changed = set()
        with self._lock:
            waiting = self._newest
            if waiting is not None:
                changed = None if changed is None or waiting.changed is None else changed | waiting.changed
            self._newest = self._make(self._version, changed)

    def take(self) -> Board | None:
        if self._taken:
            self.shown.set()
        self._taken = True
        with self._lock:
            board, self._newest = self._newest, None
        return board
