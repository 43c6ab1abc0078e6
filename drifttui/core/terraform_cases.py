"""From an entry of a plan to the facts that a verdict needs. What a plan cannot know stays None."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .case import AuditEvent, Case, ChangeLink, Merge, ResourceFacts, UnitFacts
from .identity import Engine
from .policy_table import Policy, Registered
from .terraform_plan import Plan, ResourceChange
from .terraform_review import Entry


def context_of_plan(
    entry: Entry,
    plan: Plan,
    now: datetime,
    *,
    unit: str = "",
    policy: Policy | None = None,
    audit: Sequence[AuditEvent] | None = None,
    merges: Sequence[Merge] | None = None,
    links: Sequence[ChangeLink] | None = None,
) -> Case:
    """The case of one drifted object. `unit` is the stack's id, under which `policy` may have registered it.

    `audit`, `merges`, `links`: None where the source could not be read, empty where it was.
    """
    known = policy.registered(unit) if policy and unit else Registered()
    return Case(
        now=now,
        unit=UnitFacts(
            id=unit,
            engine=plan.engine or Engine.TERRAFORM.value,
            environment=known.environment,
            owner=known.owner,
            risk_tier=known.risk_tier,
            observed_at=moment(plan.timestamp),
        ),
        resource=_resource(entry.resource),
        changes=entry.changes,
        audit=None if audit is None else tuple(audit),
        merges=None if merges is None else tuple(merges),
        links=None if links is None else tuple(links),
        title=entry.resource.address,
    )


def moment(text: str) -> datetime | None:
    """The plan's RFC 3339 time; None where there is none, or none with a zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _resource(resource: ResourceChange) -> ResourceFacts:
    """The object by the name that its provider gives it, else by its label in the configuration."""
    sides = [side for side in (resource.after, resource.before) if isinstance(side, dict)]
    given = next((side["name"] for side in sides if isinstance(side.get("name"), str)), "")
    label = resource.address.rpartition(f"{resource.type}.")[2]
    return ResourceFacts(kind=resource.type, name=given or label, address=resource.address)
