"""One finding with all the context that could be gathered, as plain facts.

The shape follows the case format (`docs/verdicts.md`). A list that is `None` could not be read; an empty one was read
and holds nothing. Times are aware; equal instants are equal whatever their offset.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from .finding import Change

PERSON_KINDS = frozenset({"human", "break-glass"})
MACHINE_KINDS = frozenset({"controller", "ci", "cloud-service"})
ACTOR_KINDS = PERSON_KINDS | MACHINE_KINDS
"""What an account is; not proof of who held it. Everything else is `unknown`."""

ENVIRONMENTS = ("prod", "staging", "dev")
TIERS = ("critical", "standard", "low")


class UnitFacts(NamedTuple):
    id: str
    engine: str
    environment: str = ""
    """`prod`, `staging`, `dev`, or empty where nobody said."""
    owner: str = ""
    risk_tier: str = ""
    """`critical`, `standard`, `low`, or empty where nobody said."""
    auto_sync: str = ""
    """`self-heal`, `on`, `off`, `paused`, or empty where nobody knows."""
    last_reconciled: datetime | None = None
    """Last success."""
    reconcile_error: str = ""
    """Last failure since then; empty where there is none."""
    desired_revision: str = ""
    applied_revision: str = ""
    engine_upgraded: datetime | None = None
    observed_at: datetime | None = None
    """When the actual plane was read."""

    @property
    def kubernetes(self) -> bool:
        return self.engine == "argocd" or self.engine.startswith("flux-")


class ResourceFacts(NamedTuple):
    kind: str
    group: str = ""
    namespace: str = ""
    name: str = ""
    address: str = ""


class AuditEvent(NamedTuple):
    """One call. `touches` are JSON Pointers; None where the record does not say."""

    time: datetime | None = None
    actor: str = ""
    actor_kind: str = "unknown"
    verb: str = ""
    source: str = ""
    """`kubernetes-audit`, `cloudtrail`, or `managed-fields`, which names a client and no identity."""
    user_agent: str = ""
    source_ip: str = ""
    event_id: str = ""
    touches: tuple[str, ...] | None = None


class Merge(NamedTuple):
    sha: str = ""
    time: datetime | None = None
    author: str = ""
    pull_request: str = ""
    touches: tuple[str, ...] | None = None
    """JSON Pointers or files; None where the merge could not be looked into."""


class ChangeLink(NamedTuple):
    """An incident or change record. `units` None: not limited to any."""

    ref: str = ""
    kind: str = ""
    opened: datetime | None = None
    closed: datetime | None = None
    expires: datetime | None = None
    approved_by: str = ""
    units: tuple[str, ...] | None = None


class PolicyResult(NamedTuple):
    policy: str = ""
    result: str = ""
    since: datetime | None = None
    """First reported on this resource. Scanners run late."""
    introduced: datetime | None = None
    """When the rule was published."""


class Signal(NamedTuple):
    metric: str = ""
    before: Any = None
    after: Any = None
    since: datetime | None = None


class IgnoreFact(NamedTuple):
    """A diff suppression in force. It hides a difference; it never makes one legitimate."""

    paths: tuple[str, ...] = ()
    kind: str = ""
    name: str = ""
    reason: str = ""
    added: datetime | None = None
    expires: datetime | None = None


class Consumer(NamedTuple):
    name: str = ""
    started_at: datetime | None = None
    holds: Any = None


class Surroundings(NamedTuple):
    """Small facts about other units. Zero where nobody counted."""

    same_drift: int = 0
    total: int = 0
    started: datetime | None = None
    examples: tuple[str, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    note: str = ""


class Case(NamedTuple):
    """Everything that `classify` may know."""

    now: datetime
    unit: UnitFacts
    resource: ResourceFacts
    changes: tuple[Change, ...] = ()
    audit: tuple[AuditEvent, ...] | None = None
    merges: tuple[Merge, ...] | None = None
    links: tuple[ChangeLink, ...] | None = None
    policy_results: tuple[PolicyResult, ...] = ()
    signals: tuple[Signal, ...] = ()
    ignore_rules: tuple[IgnoreFact, ...] = ()
    surroundings: Surroundings = Surroundings()
    title: str = ""


class Expectation(NamedTuple):
    """What a careful engineer would say: acceptable answers, best first. The engine never sees it."""

    drift_class: tuple[str, ...]
    domain: str
    risk: tuple[str, ...]
    action: tuple[str, ...]
    auto_heal: bool
    why: str = ""


Where = tuple[str | int, ...]
"""Keys and positions from the top of a document, as in `("unit", "observed_at")`."""


class CaseProblem(ValueError):
    """A document is no case. `where` leads to the key, `str()` says what is wrong with it."""

    def __init__(self, where: Where, what: str) -> None:
        super().__init__(what)
        self.where = where
