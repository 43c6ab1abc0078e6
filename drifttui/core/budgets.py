"""Drift budgets: how much of what a team tolerates is used up, and what drifts per domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from .ages import parse_span, span
from .finding import Finding
from .identity import UnitId
from .unit import Unit
from .verdict import DOMAINS

if TYPE_CHECKING:
    from .policy import Budget
    from .policy_table import Policy


class Counted(NamedTuple):
    """One open finding, as budgets count it. `domain` is empty where the rules have not judged yet."""

    domain: str
    environment: str
    age: timedelta


class BudgetLine(NamedTuple):
    """One budget of the policy and what is open under it."""

    id: str
    open: int
    max_open: int | None
    old: int
    """Findings older than `max_age`."""
    max_age: str
    unjudged: int
    """Findings that may belong here: nobody has said yet what they touch."""
    words: str
    """`prod-network: 3 open, 0 allowed; 1 older than 4h`"""

    @property
    def exceeded(self) -> bool:
        return self.old > 0 or (self.max_open is not None and self.open > self.max_open)


class DomainLine(NamedTuple):
    """What drifts in one domain; `unknown` for what the rules have not judged."""

    domain: str
    open: int
    oldest: timedelta

    @property
    def words(self) -> str:
        """`network 3, oldest 2h`"""
        return f"{self.domain} {self.open}, oldest {span(self.oldest.total_seconds())}"


def counted(
    findings: Iterable[Finding], units: Mapping[UnitId, Unit], policy: Policy, now: datetime
) -> list[Counted]:  # fmt: skip
    """An environment comes from the registry, else from the unit; one that nobody named is production."""
    environments: dict[UnitId, str] = {}
    found = []
    for finding in findings:
        key = finding.unit
        if key not in environments:
            unit = units.get(key)
            registered = policy.registered(str(key), f"{key.engine}/{key.name}", key.name).environment
            environments[key] = registered or (unit.environment if unit is not None else "") or "prod"
        domain = finding.verdict.domain if finding.verdict is not None else ""
        found.append(Counted(domain, environments[key], max(timedelta(), now - finding.first_seen)))
    return found


def budget_lines(budgets: Iterable[Budget], findings: Sequence[Counted]) -> tuple[BudgetLine, ...]:
    """Every budget, in the order of the policy."""
    return tuple(_line(budget, findings) for budget in budgets)


def domain_lines(findings: Sequence[Counted]) -> tuple[DomainLine, ...]:
    """Domains in which something drifts, the most serious first."""
    ages: dict[str, list[timedelta]] = {}
    for one in findings:
        ages.setdefault(one.domain or "unknown", []).append(one.age)
    order = [*DOMAINS, "unknown"]
    return tuple(DomainLine(domain, len(ages[domain]), max(ages[domain])) for domain in order if domain in ages)


def _line(budget: Budget, findings: Sequence[Counted]) -> BudgetLine:
    inside = [one for one in findings if not budget.environment or one.environment in budget.environment]
    unjudged = [one for one in inside if not one.domain]
    held = [one for one in inside if one.domain and (not budget.domain or one.domain in budget.domain)]
    if not budget.domain:
        held, unjudged = inside, []
    limit = parse_span(budget.max_age) if budget.max_age else None
    old = sum(one.age > limit for one in held) if limit is not None else 0
    words = []
    if budget.max_open is not None:
        words.append(f"{len(held)} open, {budget.max_open} allowed")
    if budget.max_age:
        words.append(f"{old or 'none'} older than {budget.max_age}")
    if unjudged:
        words.append(f"{len(unjudged)} not judged yet")
    return BudgetLine(
        budget.id,
        len(held),
        budget.max_open,
        old,
        budget.max_age or "",
        len(unjudged),
        f"{budget.id}: {'; '.join(words)}",
    )
