"""What operators decided and did, as screens and services see it: the fold over the ledger's events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from .ledger import EMPTY, Head


class PauseState(StrEnum):
    INTENDED = "intended"
    """Journalled; nobody knows yet whether it was written."""
    WRITTEN = "written"
    """Written, not yet proven."""
    HOLDING = "holding"
    """Proven: it stood while the owners reconciled."""
    UNDONE = "undone"
    """Somebody or something put automation back; `message` says who and when."""
    FAILED = "failed"
    """Refused or rolled back: the unit is as it was."""
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class OperatorVerdict:
    """Recorded beside the rules' verdict. It stands for as long as the drift has this fingerprint."""

    finding: str
    unit: str
    resource: str
    fingerprint: str
    drift_class: str
    action: str
    note: str
    at: datetime
    actor: str
    rules: Mapping[str, Any] = field(default_factory=dict)
    """What the rules said then: drift_class, domain, risk, action."""
    cause: str = ""
    """Shared by findings that were classified as one."""


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """An incident or emergency change, and what it covers."""

    id: str
    ref: str
    """A URL or a ticket id, as the operator gave it."""
    kind: str
    """`incident` or `change`."""
    at: datetime
    actor: str
    title: str = ""
    state: str = ""
    """As the tracker words it: `triggered`, `In Progress`, `closed`."""
    opened: datetime | None = None
    closed: datetime | None = None
    expires: datetime | None = None
    approver: str = ""
    note: str = ""
    url: str = ""
    checked_at: datetime | None = None
    """When a resolver last read it; None where none did."""
    problem: str = ""
    """Why the resolver could not read it, in one line."""
    units: frozenset[str] = frozenset()
    findings: frozenset[str] = frozenset()
    pauses: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StepRecord:
    number: int
    result: str
    """`written`, `refused`, `unknown`, `undone`, `skipped`."""
    at: datetime
    message: str = ""
    audit_id: str = ""
    """The API server's Audit-ID of the write, where it gave one."""


@dataclass(frozen=True, slots=True)
class ActRecord:
    """One plan from its intent to its outcome."""

    id: str
    purpose: str
    """`pause`, `resume`, …"""
    unit: str
    at: datetime
    actor: str
    plan: Mapping[str, Any]
    """`core.pause.Plan.as_json()`."""
    steps: tuple[StepRecord, ...] = ()
    result: str = ""
    """Empty while nobody knows."""
    message: str = ""
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PauseRecord:
    id: str
    """The id of the act that made it."""
    unit: str
    engine: str
    reason: str
    until: datetime
    actor: str
    at: datetime
    state: PauseState
    link: str = ""
    """The ref of the change link."""
    captured: Mapping[str, Any] = field(default_factory=dict)
    """The exact policy to restore, per object that the plan writes: `core.acts_pauses.target_key` → JSON Pointer →
    value. Empty once it is resumed."""
    plan: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
    verified_at: datetime | None = None
    checks: int = 0
    ended_at: datetime | None = None
    ended_by: str = ""

    @property
    def standing(self) -> bool:
        """It is there, or may be."""
        return self.state in (PauseState.INTENDED, PauseState.WRITTEN, PauseState.HOLDING)

    def overdue(self, now: datetime) -> bool:
        return self.standing and self.until <= now


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of what was done about a unit or a finding, newest first in `Acts.history`."""

    at: datetime
    actor: str
    words: str
    kind: str
    unit: str = ""
    finding: str = ""
    act: str = ""


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
