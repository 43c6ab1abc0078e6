"""What is left where no writer is known: owners by field manager, a loop that fails, lag, moved versions, and doubt."""

from __future__ import annotations

import re

from .attribute import by_hand, engine_manager
from .classify_delivery import delivery_error
from .classify_judgement import Judgement, difference, judged, shown, unknown, where
from .classify_whole import newer_rule
from .errors import inert
from .facts import ChangeFacts, is_absent
from .planes import UNKNOWN
from .policy_table import Policy

_RESOLVED = re.compile(
    r"/status/.*(imageid|digest|lastattemptedrevision|lastappliedrevision|chartversion|appversion|artifact)|/imageid$",
    re.IGNORECASE,
)
_MANAGED_VERSION = re.compile(
    r"engine_?version|^/platform_?version|^/version$|addon_version|release_version|kubernetes_version|"
    r"ca_cert_identifier|maintenance",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\d+")
_GUARDED = frozenset({"secret", "identity", "network", "policy"})
"""Domains in which a real difference without a writer is doubt, not a default that moved."""


def owned_by_manager(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """A field that its own controller holds, by managedFields."""
    manager = facts.manager
    resource = facts.case.resource
    for rule in policy.owners(facts.path, resource.kind, resource.group):
        if rule.owner == "nobody" and (manager is None or not by_hand(manager.manager)):
            return judged(facts, "controller-owned", 0.7, rule.id, f"{where(facts)}: the policy says nobody owns it")
        if rule.owner == "controller" and rule.unattributed and manager is None and _nobody(facts):
            return judged(
                facts, "controller-owned", 0.7, rule.id,
                f"{where(facts)}: Git leaves it out, nobody wrote it, and its controller fills it in",
            )  # fmt: skip
        if rule.owner != "controller" or manager is None or by_hand(manager.manager):
            continue
        if _RESOLVED.search(facts.path):
            continue
        if rule.managed_by(manager.manager, manager.subresource):
            return judged(
                facts, "controller-owned", 0.75, rule.id,
                f"{where(facts)} belongs to its controller, field manager {inert(manager.manager, 80)}",
                *(() if is_absent(facts.desired) else ("contested",)),
            )  # fmt: skip
    return None


def _nobody(facts: ChangeFacts) -> bool:
    found = facts.attribution
    return is_absent(facts.desired) and not (found.unread or found.writer or found.ambiguous or found.later)


def resolved_elsewhere(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """A tag or range stayed, what it resolves to moved."""
    if not _RESOLVED.search(facts.path) or facts.recorded is UNKNOWN or facts.untouched:
        return None
    return judged(
        facts, "dependency", 0.85 if not facts.attribution.unread else 0.6, "dependency.resolved",
        f"{where(facts)}: {shown(facts, facts.recorded)} became {shown(facts, facts.actual)}; nothing declared changed",
        "tag-moved", domain="artifact",
    )  # fmt: skip


def failing_loop(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """The engine tried and cannot converge. Only where runtime is as it was applied: else somebody changed it."""
    error = facts.whole.unit.reconcile_error
    if not error:
        return None
    if facts.whole.revisions_agree is not False and not facts.untouched:
        return None
    if not facts.may_be_untouched and not facts.in_place:
        return None
    secret = facts.domain == "secret" and delivery_error(facts.whole) is not None
    sure = 0.9 if facts.whole.revisions_agree is False and facts.untouched else 0.6
    return judged(
        facts, "secret-delivery" if secret else "failed-reconciliation", sure, "loop.error",
        f"applying {where(facts)} fails: {inert(error, 160)}", *(("delivery-failing",) if secret else ()),
    )  # fmt: skip


def rollout_lag(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """Desired and applied are different revisions and runtime is as it was applied."""
    if facts.whole.revisions_agree is not False or not facts.may_be_untouched or facts.whole.unit.reconcile_error:
        return None
    return judged(
        facts, "stale-desired", 0.7, "lag.revision",
        f"{where(facts)}: runtime is what was last applied, and desired is of another revision", "lag",
        missing=("the merge that says so",),
    )  # fmt: skip


def moved_by_itself(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """A managed version or a provider's default moved, and the audit log was read and names nobody."""
    if facts.whole.kubernetes or facts.case.audit is None or facts.attribution.later is not None:
        return None
    if facts.domain == "artifact" and _MANAGED_VERSION.search(facts.path) and _minor_step(facts):
        return judged(
            facts, "dependency", 0.65, "dependency.managed-version",
            f"{difference(facts)}; a managed minor version, and nobody wrote it", "service-moved",
        )  # fmt: skip
    upgraded = facts.whole.unit.engine_upgraded is not None and facts.recorded is not UNKNOWN
    if upgraded and is_absent(facts.desired) and facts.domain not in _GUARDED:
        return judged(
            facts, "dependency", 0.55, "dependency.default-moved",
            f"{where(facts)}: Git leaves it out, the provider was upgraded, and nobody wrote it", "default-moved",
        )  # fmt: skip
    return None


def _minor_step(facts: ChangeFacts) -> bool:
    before = facts.recorded if facts.recorded is not UNKNOWN else facts.desired
    if not isinstance(before, str) or not isinstance(facts.actual, str):
        return False
    first, second = _NUMBERS.findall(before), _NUMBERS.findall(facts.actual)
    return len(first) > 1 and len(second) > 1 and first[0] == second[0] and first != second


def rejected_as_declared(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """A newer rule rejects what Git never mentioned and nobody wrote."""
    manager = facts.manager
    if not _nobody(facts) or not (facts.recorded is UNKNOWN or is_absent(facts.recorded)):
        return None
    if manager is not None and by_hand(manager.manager):
        return None
    found = newer_rule(facts.whole, facts)
    return found._replace(confidence=min(found.confidence, 0.6)) if found is not None else None


def unexplained(facts: ChangeFacts, policy: Policy) -> Judgement:
    """Nothing decides. An unexplained change is not by itself unauthorised."""
    attribution = facts.attribution
    missing = [f"{plane.value} {where(facts)}" for plane in facts.unknown]
    manager = facts.manager
    words = ""
    facets = []
    if manager is not None and not engine_manager(manager.manager):
        words = f"; field manager {inert(manager.manager, 80)} wrote last, which names a client and no person"
        if by_hand(manager.manager):
            facets.append("hand")
    if attribution.unread:
        return unknown(
            facts, "evidence.no-audit", f"{difference(facts)}; who wrote it could not be read{words}", *facets,
            missing=("audit log", *missing),
        )  # fmt: skip
    if attribution.later is not None:
        return unknown(
            facts, "evidence.written-since", f"{difference(facts)}; written again after it was observed", *facets,
            missing=("a look at the actual plane after the last write", *missing),
        )  # fmt: skip
    return unknown(
        facts, "writer.none", f"{difference(facts)}; the audit log names no writer{words}", *facets,
        missing=("a writer in the audit log", *missing),
    )  # fmt: skip
