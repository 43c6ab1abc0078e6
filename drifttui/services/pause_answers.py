"""What `pause`, `resume` and `pauses` print with `--json`: versioned documents (`docs/schemas`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from drifttui.core.acts import PauseRecord, PauseState
from drifttui.core.pause import Plan
from drifttui.core.pause_json import plan_json

from .answers import moment
from .holding import Look
from .recovery import Recovered

PAUSE = "drifttui.pause/1"
RESUME = "drifttui.resume/1"
PAUSES = "drifttui.pauses/1"

HOLDING, OVERDUE, UNDONE = 0, 2, 3
"""Exit codes of `pauses --check`; 3 also where something could not be read."""


class Done(NamedTuple):
    """One plan and what it came to; `planned` where nothing was asked of it."""

    plan: Plan
    result: str = "planned"
    message: str = ""
    by: str = ""
    checks: int = 0


class Standing(NamedTuple):
    """One pause as it stands now, from the ledger or from an annotation."""

    pause: PauseRecord
    source: str
    """`ledger`, `annotation` or `both`."""
    look: Look | None = None
    """None where nobody looked."""


def acted(schema: str, done: Sequence[Done], recovered: Sequence[Recovered], now: datetime) -> dict[str, Any]:
    return {
        "schema": schema,
        "at": moment(now),
        "recovered": [_recovered(each) for each in recovered],
        "plans": [
            {
                "plan": plan_json(each.plan),
                "holds": each.plan.holds,
                "result": each.result,
                "message": each.message,
                "by": each.by,
                "checks": each.checks,
            }
            for each in done
        ],
    }


def pauses(
    standing: Sequence[Standing], recovered: Sequence[Recovered], problems: Sequence[str], now: datetime
) -> dict[str, Any]:
    return {
        "schema": PAUSES,
        "at": moment(now),
        "summary": {
            "standing": sum(1 for each in standing if verdict(each, now) in ("standing", "overdue")),
            "overdue": sum(1 for each in standing if verdict(each, now) == "overdue"),
            "undone": sum(1 for each in standing if verdict(each, now) == "undone"),
            "unknown": sum(1 for each in standing if verdict(each, now) == "unknown"),
        },
        "recovered": [_recovered(each) for each in recovered],
        "problems": list(problems),
        "pauses": [_standing(each, now) for each in standing],
    }


def verdict(one: Standing, now: datetime) -> str:
    """`undone`, `unknown`, `resumed`, `overdue` or `standing`: the worst that is true."""
    if one.look is not None and one.look.holds is False:
        return "resumed" if one.look.resumed else "undone"
    if one.pause.state is PauseState.UNDONE:
        return "undone"
    if one.pause.state is PauseState.INTENDED or (one.look is not None and one.look.holds is None):
        return "unknown"
    return "overdue" if one.pause.overdue(now) else "standing"


def exit_code(standing: Sequence[Standing], problems: Sequence[str], now: datetime) -> int:
    """3 where one is undone or anything could not be read, else 2 where one is overdue, else 0."""
    said = {verdict(each, now) for each in standing}
    if problems or said & {"undone", "unknown"}:
        return UNDONE
    return OVERDUE if "overdue" in said else HOLDING


def _standing(one: Standing, now: datetime) -> Mapping[str, Any]:
    pause, look = one.pause, one.look
    return {
        "id": pause.id,
        "unit": pause.unit,
        "verdict": verdict(one, now),
        "state": str(pause.state),
        "overdue": pause.overdue(now),
        "reason": pause.reason,
        "link": pause.link,
        "actor": pause.actor,
        "at": moment(pause.at),
        "until": moment(pause.until),
        "source": one.source,
        "message": (look.words if look else "") or pause.message,
        "by": (look.by if look else "") or pause.ended_by,
        "checked_at": moment(look.at if look else pause.verified_at),
    }


def _recovered(one: Recovered) -> Mapping[str, Any]:
    return {"act": one.act, "unit": one.unit, "purpose": one.purpose, "result": one.result, "words": one.words}
