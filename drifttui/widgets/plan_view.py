"""A plan in words: how it is now, who would put it back, what is written, what follows, how it is taken back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from drifttui.core.pause import Plan, Purpose, Undoer, Write, WriteKind
from drifttui.core.words import clean

from .cells import Line, Piece, wrapped

_LABEL = 9

Skips = Collection[tuple[str, int]]
"""(id of the plan, number of the write) of optional steps that the operator turned: out, or in again."""


class PlanText(NamedTuple):
    lines: list[Line]
    steps: dict[tuple[str, int], int]
    """Line of every step that may be skipped."""


def skipping(plan: Plan, skips: Skips) -> Plan:
    """The plan with the operator's choice of steps in it. Steps that lean on another pause stay as they are."""
    writes = tuple(
        write._replace(skipped=write.skipped ^ ((plan.id, write.number) in skips)) if write.optional else write
        for write in plan.writes
    )
    return plan._replace(writes=writes)


def plan_text(
    plans: Sequence[Plan],
    skips: Skips,
    width: int,
    cursor: tuple[str, int] | None = None,
    heads: bool = False,
    done: bool = False,
) -> PlanText:
    """`cursor` is the step that `space` turns; `heads` names the unit above each plan; `done`: what it promises
    no longer counts."""
    lines: list[Line] = []
    steps: dict[tuple[str, int], int] = {}
    for number, plan in enumerate(plans):
        shown = skipping(plan, skips)
        if heads:
            lines += [()] if number else []
            lines.append(_head(shown))
        lines += labelled("Now", [(said, "text") for said in shown.now] or [("unknown", "unknown")], width)
        for why in shown.blocked:
            lines += labelled("Cannot", [(why, "bad")], width)
        for gap in shown.unknown:
            lines += labelled("Unknown", [(gap, "unknown")], width)
        lines += _owners(shown, width)
        if shown.purpose is Purpose.PAUSE and not shown.blocked and not done:
            lines += _holds(shown, width)
        if shown.purpose is Purpose.RESUME:
            lines += labelled("Effects", [(said, "warn") for said in shown.effects], width)
        first = True
        for write in shown.writes:
            if write.optional:
                steps[plan.id, write.number] = len(lines)
            lines += _step(write, "Plan" if first else "", width, cursor == (plan.id, write.number))
            first = False
        if shown.purpose is Purpose.PAUSE:
            lines += labelled("Effects", [(said, "text") for said in shown.effects], width)
        lines += labelled("Undo", [(said, "text") for said in shown.undo], width)
        needs = dict.fromkeys(write.needs for write in shown.writes if write.needs and not write.skipped)
        lines += labelled("Rights", [("; ".join(needs), "faint")] if needs else [], width)
    return PlanText(lines, steps)


def _head(plan: Plan) -> Line:
    line: list[Piece] = [(clean(plan.unit.name, 200), "strong")]
    if plan.environment:
        line += [
            (" ", "text"),
            (f" {clean(plan.environment, 30)} ", "prod" if plan.environment == "prod" else "other-env"),
        ]
    line.append((f" {clean(plan.cluster, 120)}", "muted"))
    if plan.blocked:
        line.append(("  left out", "bad"))
    return line


def labelled(label: str, said: Sequence[tuple[str, str]], width: int) -> Iterator[Line]:
    """Texts, each in its role, on as many lines as they take, beside one label."""
    lead = label
    for text, role in said:
        for line in wrapped(clean(text, 1000), width - _LABEL - 1, role):
            yield [(" " + lead.ljust(_LABEL), "muted"), *line]
            lead = ""


def _owners(plan: Plan, width: int) -> Iterator[Line]:
    kept = {write.number for write in plan.writes if not write.skipped}
    lead = "Owners" if len(plan.undoers) > 1 else "Owner"
    if not plan.undoers and plan.purpose is Purpose.PAUSE and not plan.blocked:
        said = "nobody is known who would put it back" if plan.unknown else "nobody would put it back"
        yield from labelled("Owner", [(said, "unknown" if plan.unknown else "ok")], width)
    for undoer in plan.undoers:
        yield from labelled(lead, _owner(undoer, kept), width)
        lead = ""


def _owner(undoer: Undoer, kept: Collection[int]) -> list[tuple[str, str]]:
    said = f"{undoer.who} would put it back {undoer.when}".rstrip()
    how = f"{said}: {undoer.how}" if undoer.how else said
    lever = f"  {undoer.lever}" if undoer.lever else ""
    if undoer.covered in kept:
        return [(how, "text"), (f"  step {undoer.covered} holds it off", "ok")]
    if undoer.covered:
        return [(how, "warn"), (f"  step {undoer.covered}, which would hold it off, is left out", "bad")]
    return [(how, "warn"), (lever or "  nothing that can be written from here stops it", "bad")]


def _step(write: Write, label: str, width: int, here: bool) -> Iterator[Line]:
    words = clean(write.words, 600)
    if write.kind is WriteKind.STOP_OPERATION:
        words = words or "stop the sync that is running"
    what = f"{clean(write.target.short, 160)}: {words}"
    role = "faint" if write.skipped else "text"
    lead = f"{write.number:>2}  "
    key: list[Piece] = []
    if write.skipped and not write.optional:
        key = [("  stands already", "muted")]
    elif write.optional:
        word = "left out" if write.skipped else "optional"
        key = [("  ", "text"), ("[space]", "key"), (" take in" if write.skipped else " skip", "muted")] if here else []
        key = key or [(f"  {word}", "warn" if write.skipped else "muted")]
    room = width - _LABEL - 1 - len(lead) - (16 if key else 0)
    for number, line in enumerate(wrapped(what, max(24, room), role)):
        sign: Piece = ("▌", "accent") if here else (" ", "text")
        front: Piece = (label.ljust(_LABEL) + (lead if number == 0 else "    "), "muted")
        yield [sign, front, *line, *(key if number == 0 else ())]
        label = ""


def _holds(plan: Plan, width: int) -> Iterator[Line]:
    if plan.holds:
        minutes = int(plan.watch_for.total_seconds() // 60)
        said = f"as far as can be read; it is watched for {minutes}m and then called holding, or who undid it is told"
        return labelled("Holds", [(said, "ok")], width)
    kept = {write.number for write in plan.writes if not write.skipped}
    left = [undoer.who for undoer in plan.undoers if undoer.covered not in kept]
    if left:
        return labelled("Holds", [("not against " + ", ".join(left), "bad")], width)
    return labelled("Holds", [("nobody can promise: not everything could be read", "unknown")], width)
