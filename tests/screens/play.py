"""The screen on a board made by hand: `python -m tests.screens.play [incident|starting|blind|hostile|many]`."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime

from drifttui.app import DriftApp
from drifttui.core.board import Board, Mode
from drifttui.screens.feed import Options

from . import boards
from .fakes import FakeFeed


class Clocked(FakeFeed):
    """Time goes on from the board's moment."""

    def __init__(self, board: Board) -> None:
        super().__init__(board)
        self._begun = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at + (datetime.now(UTC) - self._begun)


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else "incident"
    theme = next((word[8:] for word in sys.argv if word.startswith("--theme=")), "")
    board = boards.many(10_000) if name == "many" else getattr(boards, name)()
    if "--demo" in sys.argv:
        board = replace(board, mode=Mode.DEMO, read_only=True)
    feed = Clocked(board)
    return DriftApp(feed, Options(theme=theme)).run_to_exit()


if __name__ == "__main__":
    raise SystemExit(main())
