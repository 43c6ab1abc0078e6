"""Give back exactly what a pause took, after showing what will be reverted or deleted.

UNIT is a name, namespace/name or id of a unit, or the id of a pause. Exits 0 when all are resumed, 3 when nobody can
tell for one, 1 when one was refused or failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from .options import add_acting_arguments, add_json_argument, add_session_arguments

if TYPE_CHECKING:
    from drifttui.core.board import Board
    from drifttui.core.unit import Unit

    from .acting import Acting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("unit", nargs="*", help="unit, or id of a pause")
    parser.add_argument("--all-overdue", action="store_true", help="every pause of the ledger whose time is over")
    add_acting_arguments(parser)
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from drifttui.core.errors import InputError
    from drifttui.services import pause_answers
    from drifttui.services.pause_answers import Done
    from drifttui.services.pausing import plan_resumes
    from drifttui.services.session import utc_now
    from drifttui.services.writing import carry_out

    from .acting import Acting, chosen, confirm
    from .pause import exit_code
    from .show_pause import show_done, show_plans

    if not options.unit and not options.all_overdue:
        raise InputError("Nothing to resume", "no unit, no pause", "Name one, or give --all-overdue.")
    with Acting(options, writes=True) as acting:
        acting.recover()
        board = acting.board()
        units = wanted(acting, board)
        plans = chosen(
            acting.run(
                plan_resumes(
                    [(unit, acting.reach(unit.id)) for unit in units],
                    acting.acts,
                    at=acting.now(),
                    actor=acting.ledger.actor,
                    findings=acting.findings(units),
                )
            ),
            options.skip,
        )
        if not options.json:
            show_plans(plans, acting.now())
            if not plans:
                print("Nothing is overdue.")
        done = [Done(plan, "refused" if plan.blocked else "planned", "; ".join(plan.blocked)) for plan in plans]
        ready = [plan for plan in plans if not plan.blocked]
        if ready and not options.dry_run and (options.all_overdue or len(ready) == len(plans)):
            if not confirm(ready, options):
                raise InputError("Not confirmed", "", "Nothing was written.")
            with acting.stoppable() as stopped:
                carried = acting.run(
                    carry_out(
                        ready, acting.doors, acting.ledger, clock=utc_now, progress=acting.tell, cancelled=stopped
                    )
                )
            ended = {each.plan.id: Done(each.plan, each.result, each.message) for each in carried}
            done = [ended.get(each.plan.id, each) for each in done]
        if options.json:
            document = pause_answers.acted(pause_answers.RESUME, done, acting.recovered, acting.now())
            json.dump(document, sys.stdout, indent=2)
            print()
        else:
            show_done(done)
        return exit_code([each.result for each in done])


def wanted(acting: Acting, board: Board) -> list[Unit]:
    """Units by name or by the id of a pause, each once. Raises `InputError` for what is neither."""
    from drifttui.core.errors import InputError
    from drifttui.services.once import find_unit

    pauses = acting.acts.pauses
    names = [pauses[name].unit if name in pauses else name for name in acting.options.unit]
    units = [find_unit(board, name) for name in names]
    if acting.options.all_overdue:
        by_id = {str(unit.id): unit for unit in board.units.values()}
        for pause in pauses.values():
            if not pause.overdue(acting.now()):
                continue
            if pause.unit not in by_id:
                raise InputError(f"{pause.unit} is not there", f"pause {pause.id}", "`drifttui pauses --check` looks.")
            units.append(by_id[pause.unit])
    return list({unit.id: unit for unit in units}.values())
