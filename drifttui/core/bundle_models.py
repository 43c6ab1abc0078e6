"""One line of each file of a bundle. These models are the published format (`docs/schemas/bundle/`).

`units`, `observations` and `health` hold what sources told, in the format of recordings; their schemas come from there
(`store.wire`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Row(BaseModel):
    """A newer version may add keys: readers leave alone what they do not know."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Resource(Row):
    cluster: str
    group: str
    kind: str
    namespace: str
    name: str
    address: str = ""


class Stamp(Row):
    """Where one plane came from."""

    source: str
    method: str
    observed_at: datetime | None
    revision: str
    present: bool = Field(description="False: it was read, and the whole object is not there.")


class Hidden(Row):
    rule: str
    path: str
    note: str = ""


class ActorPart(Row):
    name: str | None = Field(description="Null: not known.")
    kind: str


class UndoerPart(Row):
    path: str
    actor: ActorPart
    via: str
    time: datetime | None
    confidence: float = Field(ge=0, le=1)
    event_ids: list[str] = Field(description="Ids of audit events, or the revision.")
    reasons: list[str]


class UndonePart(Row):
    """Who undid a finding, as far as could be found out."""

    path: Literal["", "write", "sync", "reconcile", "merge"] = Field(description="Empty: not known.")
    by: UndoerPart | None
    words: str
    unseen: list[str]


class FindingLine(Row):
    """What became of a finding. The newest line of an id is how it stood at the end: of one that is gone the line
    stands again when it is known who undid it, with the same `at`."""

    at: datetime = Field(description="When drifttui saw it so.")
    event: Literal["opened", "changed", "gone"]
    how: Literal["", "reverted", "codified", "gone"] = Field(
        default="", description="Of `gone`: what runs was put back, what is declared moved, or that is not known."
    )
    unit: str
    id: str
    resource: Resource
    summary: str
    first_seen: datetime
    last_seen: datetime
    fingerprint: str
    planes: dict[Literal["desired", "recorded", "actual"], Stamp]
    hidden: list[Hidden]
    undone: UndonePart | None = Field(default=None, description="Of `gone`. Null: nobody looked into it.")


class ChangeLine(Row):
    """One field that differs. A plane that is left out was not read; `{"absent": true}` was read and is not there."""

    at: datetime
    finding: str
    path: str = Field(description="A JSON Pointer, RFC 6901.")
    desired: Any = None
    recorded: Any = None
    actual: Any = None
    owners: list[dict[str, Any]]
    sensitive: bool = Field(default=False, description="Values are keyed digests.")


class VerdictLine(Row):
    """By the rules, or by an operator: then `by` is who, and `rules` what the rules said at that time."""

    at: datetime
    finding: str
    by: str
    unit: str
    drift_class: str
    action: str
    domain: str = ""
    risk: str = ""
    auto_heal: bool = False
    confidence: float | None = None
    reasons: list[dict[str, str]] = []
    missing: list[str] = []
    note: str = ""
    rules: dict[str, Any] = {}


class AuditLine(Row):
    """Who changed one field of a finding, and how sure that is."""

    seen_at: datetime
    finding: str
    unit: str
    path: str
    actor: ActorPart
    via: str
    time: datetime | None
    confidence: float = Field(ge=0, le=1)
    event_ids: list[str]
    reasons: list[str]


class PauseLine(Row):
    """A pause as the ledger tells it at the end."""

    id: str
    unit: str
    engine: str
    reason: str
    until: datetime
    actor: str
    at: datetime
    state: Literal["intended", "written", "holding", "undone", "failed", "resumed"]
    link: str
    captured: dict[str, Any] = Field(description="The exact policy that resume restores.")
    plan: dict[str, Any]
    message: str
    verified_at: datetime | None
    checks: int
    ended_at: datetime | None
    ended_by: str


class LinkLine(Row):
    """An incident or change, and what it covers."""

    id: str
    ref: str
    kind: str
    at: datetime
    actor: str
    title: str
    state: str
    opened: datetime | None
    closed: datetime | None
    expires: datetime | None
    approver: str
    note: str
    units: list[str]
    findings: list[str]
    pauses: list[str]


class CloseoutLine(Row):
    """A decision about one finding that stays, or (`done`) the whole checklist when the incident was closed out."""

    at: datetime
    actor: str
    incident: str
    finding: str = ""
    unit: str = ""
    how: str = ""
    owner: str = ""
    expires: str = ""
    note: str = ""
    done: bool = False
    items: list[dict[str, str]] = []


class TimelineLine(Row):
    at: datetime
    kind: str
    words: str
    unit: str
    resource: str
    actor: str
    source: str
    ref: str
    until: datetime | None = None


class LedgerLine(Row):
    """`hash` is the SHA-256 of the other fields as canonical JSON; a withheld event has its place in the chain only."""

    seq: int = Field(ge=1)
    previous: str = Field(pattern="^[0-9a-f]{64}$")
    hash: str = Field(pattern="^[0-9a-f]{64}$")
    at: datetime | None = None
    kind: str = ""
    actor: str = ""
    body: dict[str, Any] = {}
    withheld: bool = False


class WithheldLine(Row):
    """A value that was taken out by the last pass."""

    file: str
    line: int
    what: str
    digest: str


class RecordPart(Row):
    session: str
    started: datetime
    tool: str
    cut: bool


class RecordFile(Row):
    """`record.json`: when the record begins and ends, and of which sessions it is made."""

    schema_: Literal["drifttui.record/1"] = Field(alias="schema")
    started: datetime | None
    ended: datetime | None = Field(default=None, description="When something was observed last.")
    incident: str
    sessions: list[RecordPart]


LINES: dict[str, type[Row]] = {
    "audit.jsonl": AuditLine,
    "changes.jsonl": ChangeLine,
    "closeout.jsonl": CloseoutLine,
    "findings.jsonl": FindingLine,
    "ledger.jsonl": LedgerLine,
    "links.jsonl": LinkLine,
    "pauses.jsonl": PauseLine,
    "record.json": RecordFile,
    "timeline.jsonl": TimelineLine,
    "verdicts.jsonl": VerdictLine,
    "withheld.jsonl": WithheldLine,
}
