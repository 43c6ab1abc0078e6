"""What screens may ask to be done. A Protocol: the screens know neither ledger nor network, and tests fake both.

Nothing here waits. Each ask is answered through `then`, which `drain` calls on the thread that asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from drifttui.core.acts import Acts, PauseRecord
from drifttui.core.finding import Finding
from drifttui.core.pause import Plan, Progress
from drifttui.core.unit import Unit


class Planned(NamedTuple):
    """The answer to a question for plans: one per unit, or why there is none."""

    plans: tuple[Plan, ...] = ()
    problem: str = ""
    """One line: what, where, what to do."""


class Answer(NamedTuple):
    """What became of a record in the ledger, in one line."""

    words: str
    failed: bool = False


class Choice(NamedTuple):
    """The operator's verdict, by the vocabulary of `core.verdict`."""

    drift_class: str
    action: str
    note: str = ""
    cause: str = ""
    """Why several findings are classified as one; empty for a single one."""


class LinkWish(NamedTuple):
    """A change link as typed, and what it shall cover. Units are `str(UnitId)`, findings and pauses their ids."""

    ref: str
    kind: str
    """`incident` or `change`."""
    expires: datetime | None = None
    approver: str = ""
    note: str = ""
    units: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()


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
        """Asked once, when the first rows are there: finishes what a crash left, and looks for pauses of others."""
        ...

    def stop(self) -> None: ...

    def drain(self) -> None:
        """Calls what came in as an answer. Asked ten times a second."""
        ...

    def recovered(self) -> Sequence[Answer]:
        """What a crash had left open and what became of it, since the last time this was asked."""
        ...

    def plan_pause(self, units: Sequence[Unit], then: Callable[[Planned], None]) -> int:
        """Reads afresh and plans; writes nothing. Gives a number to `cancel` it by."""
        ...

    def plan_resume(self, units: Sequence[Unit], then: Callable[[Planned], None]) -> int: ...

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
