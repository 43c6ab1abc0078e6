"""Plans of pauses and standing pauses for people: calm lines on the plain terminal."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TextIO

from drifttui.core.acts import PauseState
from drifttui.core.ages import countdown, span
from drifttui.core.errors import inert
from drifttui.core.pause import Plan, Purpose
from drifttui.services.pause_answers import Done, Standing, verdict

LABEL = 9
WIDTH = 110


def show_plans(plans: Sequence[Plan], now: datetime, out: TextIO = sys.stdout) -> None:
    for plan in plans:
        for line in plan_lines(plan, now):
            print(line, file=out)
        print(file=out, flush=True)


def plan_lines(plan: Plan, now: datetime) -> Iterator[str]:
    """What it does, what would undo it, how it is taken back; nothing that decides is left out."""
    where = " · ".join(part for part in (plan.environment.upper(), plan.cluster) if part)
    yield inert(f"{plan.purpose} {plan.unit.name}" + (f" ({where})" if where else ""), 300)
    if plan.purpose is Purpose.PAUSE:
        until = (
            f"until {plan.until:%Y-%m-%d %H:%M} UTC ({countdown((plan.until - now).total_seconds())})"
            if plan.until
            else ""
        )
        yield from _labelled("why", [", ".join(part for part in (plan.reason, plan.link, until) if part)])
    yield from _labelled("now", plan.now)
    kept = {write.number for write in plan.writes if not write.skipped}
    undoers = []
    for undoer in plan.undoers:
        if undoer.covered in kept:
            held = f"held off by step {undoer.covered}"
        elif undoer.covered:
            held = f"step {undoer.covered} would hold it off and is left out"
        else:
            held = undoer.lever or "nothing that can be written from here stops it"
        undoers.append(f"{undoer.who} would put it back {undoer.when}: {undoer.how}; {held}")
    yield from _labelled("owners", undoers)
    yield from _labelled("cannot", plan.blocked)
    yield from _labelled("unknown", plan.unknown)
    steps = []
    for write in plan.writes:
        mark = " (left out)" if write.skipped and write.optional else " (optional)" if write.optional else ""
        steps.append(f"{write.number}. {write.target.short}: {write.words or 'stop the running sync'}{mark}")
    yield from _labelled("steps", steps)
    yield from _labelled("effects", plan.effects)
    yield from _labelled("undo", plan.undo)
    needs = dict.fromkeys(write.needs for write in plan.writes if write.needs and not write.skipped)
    yield from _labelled("rights", ["; ".join(needs)] if needs else [])
    if plan.purpose is Purpose.PAUSE and not plan.blocked and not plan.holds:
        yield from _labelled("holds", ["not for certain: see owners and unknown"])


def show_done(done: Sequence[Done], out: TextIO = sys.stdout) -> None:
    for each in done:
        message = f": {each.message}" if each.message else ""
        print(inert(f"{each.plan.unit.name}  {each.result}{message}", 600), file=out)


def show_pauses(standing: Sequence[Standing], now: datetime, out: TextIO = sys.stdout) -> None:
    """One line each, the most urgent first."""
    for each in standing:
        print(pause_line(each, now), file=out)
    if not standing:
        print("Nothing is paused.", file=out)


def pause_line(one: Standing, now: datetime) -> str:
    """`OVERDUE 12m  web  holding  alice@laptop 2h ago until 2026-05-14 05:10Z  latency  INC-9127  0123456789ab`"""
    pause, said = one.pause, verdict(one, now)
    left = (pause.until - now).total_seconds()
    word = {
        "overdue": f"OVERDUE {span(-left)}",
        "undone": "UNDONE",
        "unknown": "UNKNOWN",
        "resumed": "resumed elsewhere",
        "standing": f"{countdown(left)} left",
    }[said]
    state = str(
        pause.state if one.source != "annotation" or pause.state is not PauseState.WRITTEN else "told by annotation"
    )
    parts = [
        word,
        pause.unit.rpartition("/")[2],
        state,
        f"{pause.actor} {span((now - pause.at).total_seconds())} ago until {pause.until:%Y-%m-%d %H:%M}Z",
        pause.reason,
        pause.link,
        (one.look.words if one.look else "") or (pause.message if said in ("undone", "unknown") else ""),
        pause.id,
    ]
    return "  ".join(inert(part, 200) for part in parts if part)


def _labelled(label: str, said: Sequence[str]) -> Iterator[str]:
    lead = label
    for each in said:
        for line in textwrap.wrap(inert(each, 1000), WIDTH - LABEL - 2) or [""]:
            yield f"  {lead:<{LABEL}}{line}"
            lead = ""
