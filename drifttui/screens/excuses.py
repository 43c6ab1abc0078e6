"""What an empty pane says: for what it waits and how long, what hid its rows, or why nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from drifttui.core.ages import Times
from drifttui.core.board import Board, Depth, Mode
from drifttui.core.health import Freshness, Standing
from drifttui.core.rows import UnitRow
from drifttui.core.words import clean, refusal, reverts_sentence
from drifttui.widgets.cells import Line, wrapped

from .triage_model import TriageModel


def no_units(model: TriageModel, times: Times, started: datetime, width: int) -> Sequence[Line]:
    board = model.board
    if model.units.rows:
        return _filtered_away(model, times, width)
    lines: list[Line] = []
    for health in board.sources.values():
        name = clean(health.name, 60)
        if health.standing is Standing.STARTING:
            lines += wrapped(f"Waiting for {name}, {times.short(started)}.", width, "muted")
        elif health.standing is Standing.BLIND:
            lines += wrapped(f"{name} is blind: {clean(health.error, 300) or 'no answer'}", width, "unknown")
            lines += wrapped(clean(health.hint, 300), width, "text", "  ")
        elif health.standing is Standing.OFF:
            lines += wrapped(f"{name} is off. {clean(health.hint, 200)}", width, "muted")
        elif health.error:
            lines += wrapped(f"{name}: {clean(health.error, 300)} {clean(health.hint, 300)}", width, "warn")
    if not lines:
        starting = "Starting." if board.mode is Mode.LIVE else "Opening the bundle."
        said = "Every source answered, and none lists a unit." if board.sources else starting
        lines = wrapped(said, width, "muted")
    return _padded(lines)


def _filtered_away(model: TriageModel, times: Times, width: int) -> Sequence[Line]:
    """Names the term that hid the rows: each is left out once and the rest counted."""
    lines = wrapped(f"No unit matches {clean(model.filter.text, 300)}", width, "text")
    rows = [row for row in model.units.rows.values() if not row.gone]
    for term in model.filter.terms[:8] if len(model.filter.terms) > 1 else ():
        test = model.filter.without(term).unit(times.now)
        found = sum(1 for row in rows if test(row))
        if found:
            lines += wrapped(f"{found:,} without {clean(term.text, 120)}", width, "muted", "  ")
    lines += wrapped(f"{len(rows):,} units in all. esc takes the filter away, / changes it.", width, "muted")
    if model.hidden_unknown:
        lines += wrapped(f"{model.hidden_unknown:,} of the hidden ones nobody can judge: is:unknown", width, "unknown")
    return _padded(lines)


def no_findings(
    model: TriageModel, row: UnitRow | None, times: Times, asked: datetime | None, width: int
) -> Sequence[Line]:
    """`asked` is when the operator came to this unit."""
    if model.everywhere:
        said = "No finding matches the filter." if model.filter else "No finding yet: no unit looked into differs."
        return _padded(wrapped(said, width, "muted"))
    if row is None:
        return _padded(wrapped("No unit chosen.", width, "muted"))
    unit, look = row.unit, row.look
    name = clean(unit.id.name, 120)
    lines: list[Line] = []
    if row.gone:
        lines += wrapped(f"{name} is gone: {clean(unit.id.source, 60)} no longer lists it.", width, "muted")
        return _padded(lines)
    if row.fresh is not Freshness.FRESH:
        lines += _stale(row, model.board, times, width)
    for condition in unit.conditions[:4]:
        role = "unknown" if condition.error else "warn"
        said = f"{clean(condition.type, 80)} since {times.ago(condition.since)}: {clean(condition.message, 1500)}"
        lines += wrapped(said, width, role)
    for conflict in look.conflicts[:4]:
        lines += wrapped(f"Shared: {clean(conflict.sentence, 600)}", width, "warn")
    if look.depth is Depth.READING:
        lines += wrapped(f"Reading {name}, {times.short(asked)}.", width, "muted")
    elif look.depth is Depth.FAILED:
        lines += wrapped(f"Could not look into {name}: {clean(look.error, 400)}", width, "unknown")
    elif look.depth is Depth.LISTED:
        said = f"The engine says {clean(unit.sync, 30)}. Not looked into yet."
        lines += wrapped(said, width, "muted" if unit.sync == "Synced" else "unknown")
    else:
        lines += _nothing_differs(row, times, width)
    return _padded(lines)


def _nothing_differs(row: UnitRow, times: Times, width: int) -> list[Line]:
    look = row.look
    count = len(look.inspection.resources) if look.inspection else None
    objects = f"Nothing differs in {count} resource{'s' * (count != 1)}" if count is not None else "Nothing differs"
    hidden = f", {look.hidden} removal{'s' * (look.hidden != 1)} by rules" if look.hidden else ""
    blind = look.inspection.uncompared if look.inspection else 0
    if blind:
        said = f"{blind} of {count} resources could not be compared with Git: whether they differ is unknown."
        lines = wrapped(said, width, "unknown")
    elif row.unit.sync == "OutOfSync":
        lines = wrapped(f"The engine says OutOfSync, but {objects[0].lower()}{objects[1:]}{hidden}.", width, "unknown")
    else:
        lines = wrapped(f"{objects}, looked {times.ago(look.at)}{hidden}.", width, "ok")
    lines += wrapped(reverts_sentence(row.unit, times), width, "muted")
    for gap in look.inspection.gaps if look.inspection else ():
        lines += wrapped(f"Not read: {clean(gap, 300)}", width, "unknown")
    return lines


def _stale(row: UnitRow, board: Board, times: Times, width: int) -> list[Line]:
    health = board.sources.get(row.unit.id.source)
    said = f"Stale: {clean(row.unit.id.source, 60)} last spoke of it {times.ago(row.unit.observed_at)}. "
    lines = wrapped(said + f"{refusal(health)}.", width, "unknown")
    if health is not None and health.hint:
        lines += wrapped(clean(health.hint, 300), width, "text")
    return lines


def no_planes(row: UnitRow | None, width: int) -> Sequence[Line]:
    said = "No finding chosen." if row is not None and row.look.findings else "Nothing to hold against each other."
    return _padded(wrapped(said, width, "muted"))


def _padded(lines: Sequence[Line]) -> Sequence[Line]:
    return tuple((("  ", "text"), *line) for line in lines)
