"""From a live finding to the facts that a verdict needs.

What nobody has read stays None: without an audit log the actor is a field manager, which names a client and no person,
and the verdict says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fnmatch import fnmatchcase

from .case import (
    AuditEvent,
    Case,
    ChangeLink,
    IgnoreFact,
    Merge,
    PolicyResult,
    ResourceFacts,
    Signal,
    Surroundings,
    UnitFacts,
)
from .classify import classify
from .finding import Finding
from .identity import ResourceRef
from .inspection import IgnoreRule, Inspection, Revision
from .planes import Plane
from .policy_table import Policy, Registered
from .unit import Auto, Unit
from .verdict import Verdict

ALONE = Surroundings()
_AUTO = {Auto.HEALS: "self-heal", Auto.ON: "on", Auto.BY_HAND: "off", Auto.PAUSED: "paused", Auto.UNKNOWN: ""}


def context_of(
    finding: Finding,
    unit: Unit,
    inspection: Inspection | None,
    now: datetime,
    *,
    policy: Policy | None = None,
    audit: Sequence[AuditEvent] | None = None,
    merges: Sequence[Merge] | None = None,
    links: Sequence[ChangeLink] | None = None,
    policy_results: Sequence[PolicyResult] = (),
    signals: Sequence[Signal] = (),
    surroundings: Surroundings = ALONE,
    vouched_at: datetime | None = None,
) -> Case:
    """The case of a finding. `audit`, `merges`, `links`: None where the source could not be read, empty where it was.

    `policy` brings the registry of units. `vouched_at` is when a connected stream last vouched for what it told before
    (see `health.freshness`); without it the look is as old as the actual plane's stamp.
    """
    return Case(
        now=now,
        unit=_unit(finding, unit, inspection, policy, vouched_at),
        resource=_resource(finding.ref),
        changes=finding.changes,
        audit=None if audit is None else tuple(audit),
        merges=None if merges is None else tuple(merges),
        links=None if links is None else tuple(links),
        policy_results=tuple(policy_results),
        signals=tuple(signals),
        ignore_rules=_ignore_rules(inspection, finding.ref),
        surroundings=surroundings,
        title=finding.summary,
    )


def judge(
    finding: Finding, unit: Unit, inspection: Inspection | None, now: datetime, policy: Policy
) -> Verdict:  # fmt: skip
    """The verdict that planes and field managers alone allow."""
    return classify(context_of(finding, unit, inspection, now, policy=policy), policy)


def _unit(
    finding: Finding, unit: Unit, inspection: Inspection | None, policy: Policy | None, vouched_at: datetime | None
) -> UnitFacts:
    known = (
        policy.registered(str(unit.id), f"{unit.id.engine}/{unit.id.name}", unit.id.name) if policy else Registered()
    )
    desired = finding.planes.get(Plane.DESIRED)
    operation = unit.operation
    succeeded = operation is not None and operation.phase == "Succeeded"
    # A revision that is wanted and not deployed yet stands before all others, without a time.
    newest = next((one for one in inspection.revisions if one.deployed_at), None) if inspection is not None else None
    applied = operation.revision if operation is not None and succeeded else ""
    reconciled = operation.finished_at if operation is not None and succeeded else None
    return UnitFacts(
        id=str(unit.id),
        engine=unit.id.engine,
        environment=known.environment or unit.environment,
        owner=known.owner or unit.owner,
        risk_tier=known.risk_tier,
        auto_sync=_AUTO[unit.auto],
        last_reconciled=reconciled or (newest.deployed_at if newest else None),
        reconcile_error=_error(unit),
        desired_revision=(desired.revision if desired else "") or unit.revision,
        applied_revision=applied or _deployed(inspection, newest),
        observed_at=_observed(finding, unit, inspection, vouched_at),
    )


def _deployed(inspection: Inspection | None, newest: Revision | None) -> str:
    """Revisions of one deployment joined by commas, as `Unit.revision` names several sources."""
    if inspection is None or newest is None:
        return ""
    return ",".join(one.revision for one in inspection.revisions if one.deployed_at == newest.deployed_at)


def _error(unit: Unit) -> str:
    """The last failed sync, else the condition that makes the engine's answer untrustworthy."""
    if unit.operation is not None and unit.operation.phase in ("Failed", "Error"):
        return unit.operation.message or unit.operation.phase
    return (unit.error.message or unit.error.type) if unit.error else ""


def _observed(
    finding: Finding, unit: Unit, inspection: Inspection | None, vouched_at: datetime | None
) -> datetime | None:
    stamp = finding.planes.get(Plane.ACTUAL)
    seen = stamp.observed_at if stamp is not None else None
    seen = seen or (inspection.observed_at if inspection is not None else None) or unit.observed_at
    return max(seen, vouched_at) if seen and vouched_at else seen


def _resource(ref: ResourceRef) -> ResourceFacts:
    return ResourceFacts(ref.kind, ref.group, ref.namespace, ref.name, ref.address)


def _ignore_rules(inspection: Inspection | None, ref: ResourceRef) -> tuple[IgnoreFact, ...]:
    """Suppressions with pointers that reach this resource; a jq path is not compared with a pointer."""
    rules = inspection.ignore_rules if inspection is not None else ()
    return tuple(
        IgnoreFact(rule.json_pointers, rule.kind, rule.name, rule.origin)
        for rule in rules
        if rule.json_pointers and _reaches(rule, ref)
    )


def _reaches(rule: IgnoreRule, ref: ResourceRef) -> bool:
    return (
        fnmatchcase(ref.group, rule.group or "*")
        and fnmatchcase(ref.kind, rule.kind or "*")
        and rule.namespace in ("", ref.namespace)
        and rule.name in ("", ref.name)
    )
