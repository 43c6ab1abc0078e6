"""What stands in the frames of the two lists: the filter, how much it lets through, what waits, how old it is."""

from __future__ import annotations

from drifttui.core.ages import Times
from drifttui.core.board import Depth
from drifttui.core.health import Freshness
from drifttui.core.rows import UnitRow
from drifttui.core.words import clean
from drifttui.core.worklist import Waiting
from drifttui.widgets.cells import Line, Piece

from .triage_model import TriageModel

Frame = tuple[Line, Line, Line]
"""(title, its right end, the lower edge)"""


def of_units(model: TriageModel, picked: int = 0) -> Frame:
    heading: list[Piece] = [("Units", "strong")]
    if model.filter:
        heading += [(" ─ ", "border"), (clean(model.filter.text, 300), "accent")]
    shown, total = len(model.units.order), model.total
    aside: list[Piece] = [(f"{shown:,} of {total:,}" if shown != total else f"{total:,}", "muted")]
    if picked:
        aside = [(f"{picked:,} marked", "accent"), (" · ", "border"), *aside]
    if hidden := model.hidden_unknown:
        aside += [(" · ", "border"), (f"hides {hidden:,} ?", "unknown")]
    return heading, aside, _waiting(model.units.waiting)


def of_findings(model: TriageModel, row: UnitRow | None, count: int, times: Times, picked: int = 0) -> Frame:
    heading: list[Piece] = [("Findings", "strong")]
    if model.everywhere:
        heading += [(" ─ ", "border"), ("all units", "accent")]
    elif row is not None:
        heading += [(" ─ ", "border"), (clean(row.unit.id.name, 200), "text"), *environment(row)]
    aside: list[Piece] = [(f"{count:,}", "muted")] if count else []
    if picked:
        aside = [(f"{picked:,} marked", "accent"), (" · ", "border"), *aside]
    waiting = _waiting(model.findings.waiting)
    return heading, aside, waiting or ([] if model.everywhere else evidence(row, times))


def environment(row: UnitRow) -> list[Piece]:
    name = row.unit.environment
    if not name:
        return []
    return [(" ", "text"), (f" {clean(name, 30)} ", "prod" if name == "prod" else "other-env")]


def evidence(row: UnitRow | None, times: Times) -> Line:
    """How old what stands there is, and whether it is being read right now."""
    if row is None:
        return []
    look = row.look
    if look.depth is Depth.READING:
        return [("reading", "warn")]
    if look.depth is Depth.FAILED:
        return [(f"not read since {times.short(look.at)}", "unknown")]
    if row.fresh is not Freshness.FRESH:
        return [(f"stale, {_seen(row, times)}", "unknown")]
    return [(_seen(row, times), "muted")]


def _seen(row: UnitRow, times: Times) -> str:
    if row.look.depth is Depth.READ:
        return f"looked {times.ago(row.look.at)}"
    return f"listed {times.ago(row.unit.observed_at)}"


def _waiting(waiting: Waiting) -> list[Piece]:
    return [(str(waiting), "accent"), (", ", "muted"), (".", "key")] if waiting else []
