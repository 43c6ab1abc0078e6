"""List units and what differs.

Exits 0 when everything is clean, 2 when something differs or is managed by two units, 3 when nothing differs as far as
known but something could not be read or is stale, 1 on errors. With --plan or --state one file is read and nothing
else; changes that are only pending are no drift.
"""

from __future__ import annotations

import argparse
import json
import sys

from .options import add_json_argument, add_session_arguments
from .scan_plan import add_plan_arguments, run_plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("unit", nargs="*", help="only these units (name, namespace/name or id)")
    parser.add_argument("--all", action="store_true", help="look into units that their engine calls synced, too")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="answer after this long at most")
    add_json_argument(parser)
    add_plan_arguments(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    if options.plan is not None or options.state is not None:
        return run_plan(options)
    from drifttui.core.board import Board
    from drifttui.core.filters import parse
    from drifttui.core.identity import UnitId
    from drifttui.core.rows import unit_rows
    from drifttui.services import answers
    from drifttui.services.live import live_collector
    from drifttui.services.once import board_when_settled, find_unit, matching
    from drifttui.store.policy_files import load_policy, policy_folder

    collector, settings = live_collector(options, ledger=True)
    chosen = parse(settings.filter)

    def wanted(board: Board) -> list[UnitId]:
        if options.unit:
            return [unit.id for name in options.unit for unit in matching(board, name)]
        return list(board.units) if options.all else []

    board = board_when_settled(collector, options.timeout, open_units=wanted)
    now = collector.now()
    matches = chosen.unit(now)
    named = {find_unit(board, name).id for name in options.unit}
    rows = [row for key, row in unit_rows(board, now, {}) if matches(row) and (not named or key in named)]
    units = sorted((row.unit for row in rows), key=lambda unit: unit.id)
    answer = answers.scan(board, units, now, load_policy(policy_folder(settings.policy)))
    if options.json:
        json.dump(answer, sys.stdout, indent=2)
        print()
    else:
        from drifttui.commands.show import show_scan

        show_scan(board, units, now, answer)
    return answers.scan_exit(answer)
