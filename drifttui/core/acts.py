"""What operators decided and did, as screens and services see it: the fold over the ledger's events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from .acts_now import NOTHING as NOTHING
from .acts_now import Acts as Acts


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
