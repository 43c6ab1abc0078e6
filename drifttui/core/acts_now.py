"""What operators decided and did, as one value. Apart from its records (`core.acts`): the first frame shows none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .ledger import EMPTY, Head

if TYPE_CHECKING:
    from .acts import ActRecord, HistoryEntry, LinkRecord, OperatorVerdict, PauseRecord


@dataclass(frozen=True, slots=True)
class Acts:
    """The state of a ledger at one head. Immutable; keys of units are `str(UnitId)`."""

    head: Head = EMPTY
    verdicts: Mapping[str, OperatorVerdict] = field(default_factory=dict)
    """By finding id."""
    links: Mapping[str, LinkRecord] = field(default_factory=dict)
    pauses: Mapping[str, PauseRecord] = field(default_factory=dict)
    """By act id; ended ones too."""
    open: tuple[ActRecord, ...] = ()
    """Intents without outcome: a crash, or another process at work."""
    history: tuple[HistoryEntry, ...] = ()
    done: Mapping[str, ActRecord] = field(default_factory=dict)
    """Acts with an outcome, by id: a later outcome of the same act replaces the result."""
    skipped: int = 0
    """Events that were not understood. Each has a line in `history` that says so."""
    older: int = 0
    """Lines that `history` no longer holds; `drifttui ledger log` shows them."""

    def pause_of(self, unit: str) -> PauseRecord | None:
        """The standing pause of a unit, else None."""
        return next((pause for pause in self.pauses.values() if pause.unit == unit and pause.standing), None)

    def links_of(self, unit: str, finding: str = "") -> tuple[LinkRecord, ...]:
        """Links that cover the unit or the finding."""
        return tuple(
            link for link in self.links.values() if unit in link.units or (finding and finding in link.findings)
        )


NOTHING = Acts()
