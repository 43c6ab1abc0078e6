"""The vocabulary of judgement. `core.classify` decides; this only names what can be said."""

from __future__ import annotations

from typing import Final, NamedTuple

DRIFT_CLASSES: Final = (
    "unauthorized",
    "emergency",
    "controller-owned",
    "provider-read",
    "dependency",
    "stale-desired",
    "failed-reconciliation",
    "policy",
    "secret-delivery",
    "state",
    "render-noise",
    "unknown",
)

DOMAINS: Final = (
    "identity",
    "network",
    "secret",
    "data",
    "artifact",
    "policy",
    "workload",
    "observability",
    "cost",
    "metadata",
)
"""From the most to the least serious."""

RISKS: Final = ("info", "low", "medium", "high", "critical")
"""From the least to the most serious."""

ACTIONS: Final = (
    "revert-runtime",
    "update-git",
    "refresh-state",
    "import",
    "move-state",
    "ignore",
    "incident",
    "recreate",
    "restart-consumers",
    "repair-reconciler",
    "migrate",
    "investigate",
)


class Reason(NamedTuple):
    """One step of a judgement: the fact, and the id of the rule that used it."""

    rule: str
    fact: str


class Verdict(NamedTuple):
    """What the rules say about one finding. The operator's verdict is recorded beside it, never over it."""

    drift_class: str
    domain: str
    risk: str
    action: str
    auto_heal: bool = False
    confidence: float = 0.0
    """0 to 1."""
    reasons: tuple[Reason, ...] = ()
    missing: tuple[str, ...] = ()
    """Facts that would have decided and could not be had."""


def risk_rank(risk: str) -> int:
    """Order of a risk word; -1 for `unknown` or anything else. Unknown is not low: callers show it apart."""
    return RISKS.index(risk) if risk in RISKS else -1
