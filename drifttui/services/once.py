"""One board for a command: collect until everything has answered or failed, then stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from drifttui.core.board import Board, Depth
from drifttui.core.errors import InputError
from drifttui.core.identity import UnitId
from drifttui.core.unit import Unit

from .collect import Collector

POLL = 0.05


def board_when_settled(
    collector: Collector,
    timeout: float,
    *,
    open_units: Callable[[Board], Iterable[UnitId]] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Board:
    """The board once nothing is pending, or after `timeout` seconds what there is: pending units count as unknown.

    `open_units` names units that must be looked into although their engine calls them synced. Stops the collector.
    """
    collector.start()
    board = Board()
    asked: set[UnitId] = set()
    ends = monotonic() + timeout
    try:
        while True:
            board = collector.drain() or board
            wanted = set(open_units(board)) - asked if open_units else set()
            for unit in wanted:
                asked.add(unit)
                collector.refresh(unit)
            pending = any(board.look(unit).depth in (Depth.LISTED, Depth.READING) for unit in asked)
            if collector.settled and not wanted and not pending:
                return collector.drain() or board
            if monotonic() >= ends:
                return board
            sleep(POLL)
    finally:
        collector.stop()


def matching(board: Board, name: str) -> list[Unit]:
    """Every unit that `name` may mean: its name, `namespace/name` or full id."""
    return [
        unit
        for unit in board.units.values()
        if name in (unit.id.name, f"{unit.id.namespace}/{unit.id.name}", str(unit.id))
    ]


def find_unit(board: Board, name: str) -> Unit:
    """The unit that `name` means: its name, `namespace/name` or full id. Raises `InputError` for none or several."""
    matches = matching(board, name)
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise InputError(
            f"{len(matches)} units are called {name}",
            ", ".join(str(unit.id) for unit in matches[:4]),
            "Give one of these in full.",
        )
    near = sorted(unit.id.name for unit in board.units.values() if name.lower() in unit.id.name.lower())[:4]
    hint = f"Did you mean {', '.join(near)}?" if near else "`drifttui scan` lists the units."
    raise InputError(f"No unit {name}", f"among {len(board.units)} units", hint)
