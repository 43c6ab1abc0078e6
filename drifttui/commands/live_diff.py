"""`drifttui diff UNIT`: what the screen shows of one unit, on the plain terminal."""

from __future__ import annotations

import argparse
import sys

from drifttui.core.board import Board, Depth
from drifttui.core.errors import InputError
from drifttui.core.identity import UnitId
from drifttui.core.planes import Plane
from drifttui.services.judge import compare_all
from drifttui.services.live import live_collector
from drifttui.services.once import board_when_settled, find_unit, matching

from .diff import UNKNOWN, tell


def run_live(options: argparse.Namespace) -> int:
    """Raises `InputError` for a unit or resource that is not there."""
    collector, _ = live_collector(options)

    def wanted(board: Board) -> list[UnitId]:
        return [unit.id for unit in matching(board, options.unit)]

    board = board_when_settled(collector, options.timeout, open_units=wanted)
    unit = find_unit(board, options.unit)
    look = board.look(unit.id)
    inspection = look.inspection
    if inspection is None or look.depth is Depth.FAILED:
        print(
            f"drifttui: {look.error or f'{unit.id.name} could not be read in {options.timeout:g} s.'}", file=sys.stderr
        )
        return UNKNOWN
    comparisons = compare_all(inspection)
    if options.resource:
        comparisons = [one for one in comparisons if options.resource in (one.ref.short, str(one.ref))]
        if not comparisons:
            known = ", ".join(planes.ref.short for planes in inspection.resources[:6])
            raise InputError(f"No resource {options.resource}", f"in {unit.id.name}", f"It has {known}.")
    for gap in inspection.gaps:
        print(f"drifttui: {gap}", file=sys.stderr)
    return tell(comparisons, list(Plane), as_json=options.json, unit=str(unit.id), gaps=list(inspection.gaps))
