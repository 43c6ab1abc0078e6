"""The screen on a board made by hand: `python -m tests.screens.play [incident|starting|blind|hostile|many|act]`.

With `act` plans are carried out by nobody: they go on by themselves and hold, but for `docs`, which is undone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from drifttui.app import DriftApp
from drifttui.core.asks import Planned
from drifttui.core.board import Board, Mode
from drifttui.core.pause import Plan, Progress
from drifttui.core.unit import Unit
from drifttui.screens.feed import Options

from . import acts, boards
from .fakes import FakeFeed


class Clocked(FakeFeed):
    """Time goes on from the board's moment."""

    def __init__(self, board: Board) -> None:
        super().__init__(board)
        self._begun = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at + (datetime.now(UTC) - self._begun)


class Player(acts.FakeActing):
    """Plans take two seconds, and go on a step each second."""

    def __init__(self) -> None:
        super().__init__()
        self._due: list[tuple[float, Callable[[], None]]] = []
        self.unavailable = ""

    def drain(self) -> None:
        now = monotonic()
        for due in [due for due in self._due if due[0] <= now]:
            self._due.remove(due)
            due[1]()
        super().drain()

    def _plan(self, units: Sequence[Unit], make: Callable[[Unit], Plan], then: Callable[[Planned], None]) -> int:
        self._due.append((monotonic() + 2, lambda: then(Planned(tuple(map(make, units))))))
        return 1

    def carry_out(self, plans: Sequence[Plan], then: Callable[[Progress], None]) -> int:
        for plan in plans:
            undone = plan.unit.name == "docs"
            course = [("journalled", "journalled")]
            course += [("writing", f"written {number}/3") for number in (1, 2, 3)]
            course += [("verifying", f"as written, checked {number} times in {number * 5}s") for number in range(1, 8)]
            course += [("undone", "undone by applicationset-controller") if undone else ("holding", "holding")]
            for second, (phase, words) in enumerate(course):
                done = phase in ("undone", "holding")
                told = Progress(plan.id, phase, words, done, phase == "undone")
                self._due.append((monotonic() + second, partial(then, told)))
        return super().carry_out(plans, then)


def main() -> int:
    name = sys.argv[1] if len(sys.argv) > 1 else "incident"
    theme = next((word[8:] for word in sys.argv if word.startswith("--theme=")), "")
    board = boards.many(10_000) if name == "many" else acts.acted() if name == "act" else getattr(boards, name)()
    if "--demo" in sys.argv:
        board = replace(board, mode=Mode.DEMO, read_only=True)
    feed = Clocked(board)
    return DriftApp(feed, Options(theme=theme), Player if name == "act" else None).run_to_exit()


if __name__ == "__main__":
    raise SystemExit(main())
