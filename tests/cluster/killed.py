"""A drifttui that dies by SIGKILL at a named moment: `python -m tests.cluster.killed MOMENT PURPOSE UNIT FLAGS…`.

MOMENT is the beginning of a progress line (`answered 1/2`) or a phase (`journalled`, `verifying`), or `never`. It runs
the services that the commands run; `--watch` shortens the time until a pause counts as holding, and `--without-owners`
leaves out what would hold it.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from datetime import timedelta

from drifttui.commands.acting import Acting
from drifttui.commands.options import add_session_arguments
from drifttui.core.pause import Plan, Progress
from drifttui.services.holding import hold
from drifttui.services.once import find_unit
from drifttui.services.pausing import plan_pauses, plan_resumes
from drifttui.services.session import utc_now
from drifttui.services.writing import carry_out


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("moment")
    parser.add_argument("purpose", choices=("pause", "resume"))
    parser.add_argument("unit")
    parser.add_argument("--watch", type=int, default=0)
    parser.add_argument("--without-owners", action="store_true")
    add_session_arguments(parser)
    options = parser.parse_args()
    options.timeout = 30.0

    def tell(progress: Progress) -> None:
        print(progress.phase, progress.words, file=sys.stderr, flush=True)
        if progress.phase == options.moment or progress.words.startswith(options.moment):
            os.kill(os.getpid(), signal.SIGKILL)

    with Acting(options, writes=True) as acting:
        unit = find_unit(acting.board(), options.unit)
        pairs = [(unit, acting.reach(unit.id))]
        if options.purpose == "pause":
            until = acting.now() + timedelta(hours=2)
            plans = acting.run(
                plan_pauses(pairs, acting.acts, at=acting.now(), actor="alice", reason="latency", until=until)
            )
        else:
            plans = acting.run(plan_resumes(pairs, acting.acts, at=acting.now(), actor="alice"))
        plans = tuple(_changed(plan, options) for plan in plans)
        done = acting.run(carry_out(plans, acting.doors, acting.ledger, clock=utc_now, progress=tell))
        results = [(each.result, each.message, "") for each in done]
        if options.purpose == "pause":
            standing = [each.plan for each in done if each.ok]
            held = acting.run(hold(standing, acting.doors, acting.ledger, clock=utc_now, progress=tell, pace=0.5))
            results = [(each.result, each.message, each.by) for each in held]
    json.dump(results, sys.stdout)
    return 0


def _changed(plan: Plan, options: argparse.Namespace) -> Plan:
    if options.watch:
        plan = plan._replace(watch_for=timedelta(seconds=options.watch))
    if options.without_owners:
        plan = plan._replace(writes=tuple(w for w in plan.writes if w.target.name == plan.unit.name))
    return plan


if __name__ == "__main__":
    sys.exit(main())
