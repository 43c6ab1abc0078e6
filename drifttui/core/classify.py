"""The verdict on one finding, as a pure function over its facts and a policy.

Every change is judged apart and the worst decides, so that noise around a real change never softens it. How a change
came about is decided by rules in a fixed order; what follows from it (risk, action) is data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .attribute import related
from .case import ENVIRONMENTS, Case
from .classify_delivery import delivery
from .classify_heal import refusal
from .classify_judgement import Judgement, field_facets, where
from .classify_planes import (
    address,
    new_attribute,
    not_observed,
    recorded_behind,
    respelled,
    server_default,
    tracking,
    unrepeatable_render,
)
from .classify_unwritten import (
    failing_loop,
    moved_by_itself,
    owned_by_manager,
    rejected_as_declared,
    resolved_elsewhere,
    rollout_lag,
    unexplained,
)
from .classify_whole import newer_rule, nothing_differs
from .classify_writers import fight, merge_explains, written
from .domains import domain_of_kind, most_serious
from .errors import inert
from .facts import CaseFacts, ChangeFacts
from .links import refs
from .policy_table import Answer, Policy, Situation
from .verdict import DOMAINS, Reason, Verdict, risk_rank

Rule = Callable[[ChangeFacts, Policy], Judgement | None]

RULES: Sequence[Rule] = (
    not_observed,
    respelled,
    server_default,
    new_attribute,
    address,
    tracking,
    delivery,
    recorded_behind,
    unrepeatable_render,
    fight,
    merge_explains,
    written,
    resolved_elsewhere,
    owned_by_manager,
    failing_loop,
    rollout_lag,
    moved_by_itself,
    rejected_as_declared,
    unexplained,
)
"""The first that answers decides: evidence gaps, then what is equal, then tracking, then delivery, then the writer."""

SEVERITY = (
    "unauthorized", "secret-delivery", "unknown", "failed-reconciliation", "state", "emergency", "dependency",
    "stale-desired", "policy", "render-noise", "controller-owned", "provider-read",
)  # fmt: skip
"""Which class decides where two changes carry the same risk."""

LOST_LIST = 0.9
"""What a list that could not be read leaves of the confidence."""
LOST_FACT = 0.95
"""The same for a plane of a deciding change, and for the revisions."""
OTHERS = 5
"""Other changes that are named one by one."""


def classify(case: Case, policy: Policy) -> Verdict:
    """What the rules say. Never raises for any `Case`; equal arguments give equal verdicts."""
    whole = CaseFacts(case)
    judgements = [found for facts in whole.changes if (found := classify_change(facts, policy)) is not None]
    if not judgements:
        judgements = [nothing_differs(whole)]
    ranked = [(judgement, _domain(whole, judgement)) for judgement in judgements]
    answers = [_ask(whole, judgement, domain, policy) for judgement, domain in ranked]
    order = sorted(range(len(ranked)), key=lambda at: _weight(ranked[at], answers[at]))
    worst = ranked[order[0]][0]
    deciding = [at for at in order if ranked[at][0].drift_class == worst.drift_class]
    domain = most_serious(ranked[at][1] for at in deciding)
    answer = answers[order[0]]
    rule, words = refusal(whole, worst, [ranked[at][0] for at in deciding], judgements, answer.action, policy)
    missing = _missing(whole, [ranked[at][0] for at in order])
    reasons = _reasons(whole, [ranked[at][0] for at in order], domain, answer)
    heal = Reason(rule, f"not put back by itself: {words}") if rule else Reason("heal.all", "may be put back by itself")
    return Verdict(
        worst.drift_class,
        domain,
        answer.risk,
        answer.action,
        not rule,
        _confidence(whole, [ranked[at][0] for at in deciding]),
        (*reasons, heal),
        missing,
    )


def classify_change(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """The judgement of one change; None where it is context: a reading, or planes that agree and no rule objects."""
    if facts.reading:
        return None
    if facts.agreeing:
        return not_observed(facts, policy) or delivery(facts, policy) or newer_rule(facts.whole, facts)
    for rule in RULES:
        if (found := rule(facts, policy)) is not None:
            return found
    raise AssertionError("the last rule always answers")


def _domain(whole: CaseFacts, judgement: Judgement) -> str:
    if judgement.domain:
        return judgement.domain
    if judgement.facts is not None:
        return judgement.facts.domain
    resource = whole.case.resource
    return domain_of_kind(resource.kind, resource.group, whole.kubernetes)


def _ask(whole: CaseFacts, judgement: Judgement, domain: str, policy: Policy) -> Answer:
    facets = judgement.facets
    if judgement.facts is not None:
        facets |= field_facets(judgement.facts)
    return policy.decide(
        Situation(
            judgement.drift_class,
            domain,
            whole.environment,
            whole.unit.risk_tier,
            facets,
            bool(whole.incidents),
            whole.degraded is not None,
        )
    )


def _weight(ranked: tuple[Judgement, str], answer: Answer) -> tuple[int, int, int]:
    """Smallest first: by risk, then by class, then by domain."""
    judgement, domain = ranked
    return -risk_rank(answer.risk), SEVERITY.index(judgement.drift_class), DOMAINS.index(domain)


def _reasons(whole: CaseFacts, ordered: Sequence[Judgement], domain: str, answer: Answer) -> tuple[Reason, ...]:
    worst, *others = ordered
    reasons = list(worst.reasons)
    if worst.drift_class not in ("provider-read", "controller-owned", "render-noise"):
        reasons.extend(_surroundings(whole, worst))
    for other in others[:OTHERS]:
        first = other.reasons[-1] if other.drift_class == worst.drift_class else other.reasons[0]
        reasons.append(Reason(f"also.{other.drift_class}", first.fact))
    if len(others) > OTHERS:
        reasons.append(Reason("also.more", f"{len(others) - OTHERS} more changes, none of them worse"))
    reasons.append(Reason("domain", domain))
    reasons.append(Reason(answer.risk_row, f"risk {answer.risk}"))
    reasons.append(Reason(answer.action_row, f"action {answer.action}"))
    return tuple(reasons)


def _surroundings(whole: CaseFacts, worst: Judgement) -> list[Reason]:
    """Facts that weigh on risk and action, and those that look as if they did and do not."""
    found = []
    if whole.incidents:
        found.append(Reason("incident.open", f"{inert(refs(whole.incidents), 120)} is open on this unit"))
    if whole.degraded is not None:
        signal = whole.degraded
        words = f"{signal.metric} went from {signal.before} to {signal.after}"
        found.append(Reason("signal.worse", inert(words, 160)))
    if worst.facts is not None and (hiding := _ignored(whole, worst.facts)):
        found.append(Reason("ignore-rule.no-cover", f"an ignore rule hides {hiding}; it makes nothing legitimate"))
    if worst.facts is not None and not worst.facts.agreeing:
        found.extend(
            Reason("policy.older", f"{inert(result.policy, 80)} also fails; it does not decide")
            for result in whole.case.policy_results[:2]
            if result.result == "fail"
        )
    return found


def _ignored(whole: CaseFacts, facts: ChangeFacts) -> str:
    return next(
        (where(facts) for rule in whole.case.ignore_rules if any(related(path, facts.path) for path in rule.paths)),
        "",
    )


def _missing(whole: CaseFacts, ordered: Sequence[Judgement]) -> tuple[str, ...]:
    """What was not there, the deciding first, each once."""
    case, unit = whole.case, whole.unit
    found = list(ordered[0].missing)
    for name, held in (("audit log", case.audit), ("merges", case.merges), ("incident and change records", case.links)):
        if held is None:
            found.append(name)
    for judgement in ordered[:1]:
        if judgement.facts is not None:
            found.extend(f"{plane.value} {where(judgement.facts)}" for plane in judgement.facts.unknown)
    if unit.environment not in ENVIRONMENTS:
        found.append("environment (treated as production)")
    if not (unit.desired_revision and unit.applied_revision):
        found.append("desired and applied revision")
    return tuple(dict.fromkeys(found))


def _confidence(whole: CaseFacts, deciding: Sequence[Judgement]) -> float:
    """Of the weakest change that decides, less what could not be read. Losing evidence never raises it."""
    sure = min(judgement.confidence for judgement in deciding)
    for held in (whole.case.audit, whole.case.merges, whole.case.links):
        if held is None:
            sure *= LOST_LIST
    lost = {plane for facts in whole.changes for plane in facts.unknown}
    sure *= LOST_FACT ** len(lost)
    if not (whole.unit.desired_revision and whole.unit.applied_revision):
        sure *= LOST_FACT
    return round(sure, 2)
