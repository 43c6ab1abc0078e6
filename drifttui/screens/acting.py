"""What screens may ask to be done. A Protocol: the screens know neither ledger nor network, and tests fake both.

Nothing here waits. Each ask is answered through `then`, which `drain` calls on the thread that asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from drifttui.core.acts import Acts, PauseRecord
from drifttui.core.asks import Answer, Choice, LinkWish, Planned
from drifttui.core.finding import Finding
from drifttui.core.identity import UnitId
from drifttui.core.pause import Plan, Progress
from drifttui.core.unit import Unit


class Acting(Protocol):
    @property
    def unavailable(self) -> str:
        """Why nothing can be written, in one line; empty: it can."""
        ...

    @property
    def acts(self) -> Acts | None:
        """The ledger as of the last act here; None before it was read. Newer than any board just after an act."""
        ...

    @property
    def seen(self) -> Mapping[str, PauseRecord]:
        """Standing pauses that annotations on units tell of, by `str(UnitId)`: a colleague's, on another ledger."""
        ...

    @property
    def incident(self) -> str:
        """What everything done from now on is linked to; empty: to nothing."""
        ...

    def start(self) -> None:
        """Asked once, when the first rows are there: finishes what a crash left, and goes on watching what stands."""
        ...

    def stop(self) -> None: ...

    def look_for(self, units: Sequence[Unit]) -> None:
        """Units that stand paused by their engine's word and by nobody's record: `seen` will tell of the annotations
        that are found on them."""
        ...

    def drain(self) -> None:
        """Calls what came in as an answer. Asked ten times a second."""
        ...

    def recovered(self) -> Sequence[Answer]:
        """What a crash had left open and what became of it, since the last time this was asked."""
        ...

    def plan_pause(self, units: Sequence[Unit], then: Callable[[Planned], None]) -> int:
        """Reads afresh and plans; writes nothing. Gives a number to `cancel` it by."""
        ...

    def plan_resume(
        self, units: Sequence[Unit], findings: Mapping[UnitId, Sequence[Finding]], then: Callable[[Planned], None]
    ) -> int:
        """`findings` of the units that somebody looked into: what a resume will revert."""
        ...

    def carry_out(self, plans: Sequence[Plan], then: Callable[[Progress], None]) -> int:
        """Writes plans that were confirmed, with reason, end and change filled in and skipped steps marked. `then` is
        called until every plan is `done`; watching goes on whether anybody looks or not."""
        ...

    def cancel(self, asked: int) -> None:
        """Nobody waits for this answer any more. What is being written is finished, never torn apart."""
        ...

    def classify(self, findings: Sequence[Finding], choice: Choice, then: Callable[[Answer], None]) -> None: ...

    def link(self, wish: LinkWish, then: Callable[[Answer], None]) -> None: ...

    def set_incident(self, ref: str, then: Callable[[Answer], None]) -> None:
        """Empty: what is done from now on is linked to nothing."""
        ...
