"""Plans that are under way, as far as they have told: shown in place of the plan, and told when nobody looks."""

from __future__ import annotations

from datetime import datetime

from drifttui.core.pause import Plan, Progress, Purpose
from drifttui.core.words import clean
from drifttui.widgets.cells import Piece

PHASE_ROLES = {
    "holding": "ok",
    "resumed": "ok",
    "undone": "bad",
    "failed": "bad",
    "unknown": "unknown",
    "cancelled": "muted",
}


class Doing:
    """One plan from its confirmation on."""

    def __init__(self, plan: Plan, since: datetime) -> None:
        self.plan = plan
        self.since = since
        self.trail: list[Progress] = []
        """The last word of each phase, in order."""

    def tell(self, progress: Progress) -> None:
        if self.trail and self.trail[-1].phase == progress.phase:
            self.trail[-1] = progress
        else:
            self.trail.append(progress)

    @property
    def done(self) -> bool:
        return bool(self.trail) and self.trail[-1].done

    @property
    def failed(self) -> bool:
        return bool(self.trail) and self.trail[-1].failed

    @property
    def words(self) -> list[Piece]:
        """`journalled · written 1/3 · holding, checked 3 times in 2m10s`"""
        if not self.trail:
            return [("asked", "muted")]
        line: list[Piece] = []
        trail = [each for place, each in enumerate(self.trail) if not self._said_again(place)]
        for place, progress in enumerate(trail):
            last = place == len(trail) - 1
            role = PHASE_ROLES.get(progress.phase, "bad" if progress.failed else "text") if last else "muted"
            line.append((" · " if line else "", "border"))
            line.append((clean(progress.words or progress.phase, 300), role))
        return line

    def _said_again(self, place: int) -> bool:
        """`written` behind `written 3/3` tells nothing new."""
        each = self.trail[place]
        return place > 0 and not each.done and self.trail[place - 1].words.startswith(each.words)

    @property
    def end(self) -> Piece:
        """One line for who has gone on to something else."""
        last = self.trail[-1]
        verb = "resuming" if self.plan.purpose is Purpose.RESUME else "pausing"
        role = PHASE_ROLES.get(last.phase, "bad" if last.failed else "ok")
        return f"{verb} {clean(self.plan.unit.name, 60)}: {clean(last.words or last.phase, 200)}", role
