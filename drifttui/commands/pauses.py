"""List every standing pause, from the ledger and from annotations on units, the most urgent first.

With --check each is read again; exits 0 when all are well, 2 when one is overdue, 3 when one was undone or something
could not be read. Made for cron: one line per pause, quiet with --quiet when all is well.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from .options import add_json_argument, add_session_arguments

if TYPE_CHECKING:
    from drifttui.core.acts import PauseRecord
    from drifttui.services.pause_answers import Standing

    from .acting import Acting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="read each again, and exit by what is found")
    parser.add_argument(
        "--left-open",
        choices=("finish", "undo"),
        help="what a process that died left half done (default: a resume is finished, a pause undone)",
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing when all is well")
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="for the list of units (default: 60)"
    )
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from drifttui.services import pause_answers
    from drifttui.services.recovery import Choice, by_purpose

    from .acting import Acting, note
    from .show_pause import show_pauses

    with Acting(options, writes=False) as acting:
        choice = Choice(options.left_open) if options.left_open else None
        acting.recover((lambda _plan: choice) if choice else by_purpose)
        standing, problems = gathered(acting, look=options.check)
        now = acting.now()
        standing.sort(key=lambda each: (URGENCY.index(pause_answers.verdict(each, now)), each.pause.until))
        code = pause_answers.exit_code(standing, problems, now)
        for problem in problems:
            note(problem)
        if options.json:
            json.dump(pause_answers.pauses(standing, acting.recovered, problems, now), sys.stdout, indent=2)
            print()
        elif not (options.quiet and code == 0):
            show_pauses(standing, now)
        return code if options.check else 0


URGENCY = ("undone", "unknown", "overdue", "standing", "resumed")


def gathered(acting: Acting, *, look: bool) -> tuple[list[Standing], list[str]]:
    """Those of the ledger, then those that only annotations tell of. Each with a look where asked for."""
    import asyncio

    from drifttui.core.errors import DriftError
    from drifttui.services.holding import check
    from drifttui.services.pause_answers import Standing
    from drifttui.services.pausing import seen_pauses
    from drifttui.services.session import build_sources, utc_now

    problems: list[str] = []
    told: dict[tuple[str, str], PauseRecord] = {}
    for source in build_sources(acting.settings, utc_now):
        if not hasattr(source, "watch"):
            continue
        try:
            for pause in acting.run(seen_pauses(acting.reach(source.name))):
                told[pause.unit, pause.id] = pause
        except DriftError as error:
            problems.append(f"annotations of {source.name} could not be read: {error.one_line()}")
        acting.run(asyncio.wait_for(source.close(), 5.0))
    ours = [pause for pause in acting.acts.pauses.values() if pause.standing]
    ended = [pause for pause in acting.acts.pauses.values() if _still_missed(pause, acting)]
    looks = {}
    if look and ours:
        looks = {
            each.pause.id: each.look for each in acting.run(check(ours, acting.doors, acting.ledger, clock=utc_now))
        }
    known = {pause.id for pause in acting.acts.pauses.values()}
    standing = [
        Standing(pause, "both" if (pause.unit, pause.id) in told else "ledger", looks.get(pause.id)) for pause in ours
    ]
    standing += [Standing(pause, "ledger") for pause in ended]
    standing += [Standing(pause, "annotation") for (_, act), pause in told.items() if act not in known]
    return standing, problems


def _still_missed(pause: PauseRecord, acting: Acting) -> bool:
    """Undone before its time, and nobody paused it again: told at every call until that time is over."""
    from drifttui.core.acts import PauseState

    undone = pause.state is PauseState.UNDONE and pause.until > acting.now()
    return undone and acting.acts.pause_of(pause.unit) is None
