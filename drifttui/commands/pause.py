"""Suspend automatic sync of units in a way that holds, and watch until that is proven.

Shows the plan, asks (in production for the unit's name), writes, and watches. Exits 0 when every unit is holding (with
--no-wait: written), 3 when one was undone or nobody can tell, 1 when one was refused or failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from .options import add_acting_arguments, add_json_argument, add_session_arguments

if TYPE_CHECKING:
    from drifttui.core.pause import Plan
    from drifttui.services.pause_answers import Done

    from .acting import Acting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("unit", nargs="+", help="name, namespace/name or id")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; a colleague reads it")
    end = parser.add_mutually_exclusive_group(required=True)
    end.add_argument("--for", dest="span", metavar="SPAN", help="how long: 2h, 1h30m")
    end.add_argument("--until", metavar="TIME", help="until when: 06:30 (UTC), 2026-05-14T06:30Z")
    parser.add_argument(
        "--link", default="", metavar="REF", help="incident or change that it belongs to: INC-9127, a URL"
    )
    parser.add_argument(
        "--wait",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="watch until it is proven to hold (default)",
    )
    add_acting_arguments(parser)
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from drifttui.core.errors import InputError
    from drifttui.core.link_refs import read_ref
    from drifttui.core.until import parse_until
    from drifttui.services import pause_answers
    from drifttui.services.once import find_unit
    from drifttui.services.pause_answers import Done
    from drifttui.services.pausing import plan_pauses

    from .acting import Acting, chosen, confirm
    from .show_pause import show_done, show_plans

    with Acting(options, writes=True) as acting:
        until = parse_until(options.span or options.until, acting.now())
        acting.recover()
        board = acting.board()
        units = [find_unit(board, name) for name in dict.fromkeys(options.unit)]
        plans = acting.run(
            plan_pauses(
                [(unit, acting.reach(unit.id)) for unit in units],
                acting.acts,
                at=acting.now(),
                actor=acting.ledger.actor,
                reason=options.reason,
                until=until,
                link=read_ref(options.link).text if options.link else acting.settings.incident,
            )
        )
        plans = chosen(plans, options.skip)
        if not options.json:
            show_plans(plans, acting.now())
        done = [Done(plan, "refused" if plan.blocked else "planned", "; ".join(plan.blocked)) for plan in plans]
        ready = [plan for plan in plans if not plan.blocked]
        if not options.dry_run and len(ready) == len(plans):
            if not confirm(plans, options):
                raise InputError("Not confirmed", "", "Nothing was written.")
            done = written(acting, plans, wait=options.wait)
        if options.json:
            json.dump(
                pause_answers.acted(pause_answers.PAUSE, done, acting.recovered, acting.now()), sys.stdout, indent=2
            )
            print()
        else:
            show_done(done)
        return exit_code([each.result for each in done])


def written(acting: Acting, plans: Sequence[Plan], *, wait: bool) -> list[Done]:
    """Carried out, put under their change link, and with `wait` watched."""
    from drifttui.services.holding import hold
    from drifttui.services.pause_answers import Done
    from drifttui.services.session import utc_now
    from drifttui.services.writing import carry_out

    with acting.stoppable() as stopped:
        writing = partial(carry_out, clock=utc_now, progress=acting.tell, cancelled=stopped)
        carried = acting.run(writing(plans, acting.doors, acting.ledger))
        done = {each.plan.id: Done(each.plan, each.result, each.message) for each in carried}
        standing = [each.plan for each in carried if each.ok]
        acting.tie(standing)
        if wait:
            watching = partial(hold, clock=utc_now, progress=acting.tell, cancelled=stopped)
            held = acting.run(watching(standing, acting.doors, acting.ledger))
            done |= {each.plan.id: Done(*each) for each in held}
    return list(done.values())


def exit_code(results: list[str]) -> int:
    """What stands although nobody can vouch for it weighs more than what was not done."""
    if any(result in ("undone", "unknown") for result in results):
        return 3
    return 0 if all(result in ("holding", "written", "planned", "resumed") for result in results) else 1
