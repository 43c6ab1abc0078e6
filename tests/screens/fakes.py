"""A feed that says what a test tells it to, and a clock that stands still."""

from __future__ import annotations

from datetime import datetime, timedelta

from drifttui.core.board import Board
from drifttui.core.identity import UnitId

from .boards import NOW


class FakeFeed:
    def __init__(self, board: Board | None = None) -> None:
        self.at = NOW
        self.opened: list[UnitId | None] = []
        self.refreshed: list[UnitId | None] = []
        self.direct: list[tuple[UnitId, str, bool]] = []
        self.running = False
        self._next = board

    @property
    def waiting(self) -> bool:
        """A board that nobody has taken yet."""
        return self._next is not None

    def say(self, board: Board) -> None:
        self._next = board

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def drain(self) -> Board | None:
        board, self._next = self._next, None
        return board

    def open(self, unit: UnitId | None) -> None:
        self.opened.append(unit)

    def refresh(self, unit: UnitId | None) -> None:
        self.refreshed.append(unit)

    def read_directly(self, unit: UnitId, address: str, *, stop: bool = False) -> None:
        self.direct.append((unit, address, stop))

    def now(self) -> datetime:
        return self.at
