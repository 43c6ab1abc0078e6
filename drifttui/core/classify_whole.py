"""What can be said where no field differs: a newer rule, behaviour that moved, a loop that fails, or nothing at all."""

from __future__ import annotations

from datetime import datetime

from .attribute import is_write, kind_of
from .classify_delivery import delivery_error, is_delivery
from .classify_judgement import Judgement, judged, moment, unknown, where
from .domains import most_serious
from .errors import inert
from .facts import CaseFacts, ChangeFacts, touches
from .planes import UNKNOWN

_OBJECTS = ("fail", "warn", "error")


def newer_rule(whole: CaseFacts, facts: ChangeFacts | None = None) -> Judgement | None:
    """A policy rejects what all planes agree on, so nobody drifted: the rule came later."""
    result = next((one for word in _OBJECTS for one in whole.case.policy_results if one.result == word), None)
    if result is None:
        return None
    name = inert(result.policy, 80) or "a policy"
    declared = _declared_since(whole, facts, result.introduced)
    sure = 0.9 if result.introduced is not None else 0.6
    age = f"introduced {moment(result.introduced)}, first reported {moment(result.since)}"
    if declared is not None:
        return judged(
            facts, "policy", 0.45, "policy.declared-since",
            f"{name} ({age}) is older than {inert(declared, 60)}, which declared this",
        )  # fmt: skip
    words = f"{where(facts)}: nobody changed it" if facts is not None else "planes agree"
    missing = () if result.introduced is not None else ("when the rule was published",)
    found = judged(facts, "policy", sure, "policy.newer", f"{words}; {name} was {age}", missing=missing)
    return found._replace(facets=frozenset({"warning"} if result.result == "warn" else ()))


def _declared_since(whole: CaseFacts, facts: ChangeFacts | None, introduced: datetime | None) -> str | None:
    """A merge that reaches the path and is younger than the rule."""
    path = facts.path if facts is not None else ""
    for merge in whole.case.merges or ():
        if merge.time is None or introduced is None or merge.time <= introduced or merge.touches is None:
            continue
        pointers = [touched for touched in merge.touches if touched.startswith("/")]
        if pointers and path and touches(merge._replace(touches=tuple(pointers)), path, whole.unit.id):
            return merge.pull_request or merge.sha
    return None


def nothing_differs(whole: CaseFacts) -> Judgement:
    """The judgement of a case in which no change was found or judged."""
    case, unit = whole.case, whole.unit
    if not whole.fresh:
        gap = f"a fresh look at the actual plane (the last one was {whole.age_words})"
        return unknown(None, "evidence.stale", f"observed {whole.age_words}", "stale-look", missing=(gap,))
    blind = [
        facts
        for facts in whole.changes
        if facts.desired is UNKNOWN and not facts.reading and not facts.path.startswith("/status")
    ]
    if blind and unit.reconcile_error:
        return _loop(whole)._replace(domain=most_serious(facts.domain for facts in blind))
    if blind:
        first = blind[0]
        return unknown(
            first, "evidence.no-desired", f"{where(first)}: what is declared could not be read",
            missing=tuple(f"desired {where(facts)}" for facts in blind[:5]),
        )  # fmt: skip
    failing = delivery_error(whole) if is_delivery(case.resource.kind) else None
    if failing is not None:
        facet = "reference-missing" if failing.reference else "delivery-failing"
        return judged(None, "secret-delivery", 0.7, "delivery.fails", failing.message, facet, domain="secret")
    if (found := newer_rule(whole)) is not None:
        return found
    if unit.reconcile_error:
        return _loop(whole)
    if whole.revisions_agree is False:
        return judged(None, "stale-desired", 0.6, "lag.revision", "the desired revision is not applied yet", "lag")
    if whole.degraded is not None:
        return _behaviour(whole)
    return unknown(None, "nothing.differs", "a fresh comparison found nothing, and nothing got worse", "clean")


def _loop(whole: CaseFacts) -> Judgement:
    sure = 0.85 if whole.revisions_agree is False else 0.6
    return judged(
        None, "failed-reconciliation", sure, "loop.error", f"applying fails: {inert(whole.unit.reconcile_error, 160)}"
    )


def _behaviour(whole: CaseFacts) -> Judgement:
    """Configuration is as declared and behaviour is not as before."""
    signal = whole.degraded
    assert signal is not None
    fact = inert(f"{signal.metric} went from {signal.before} to {signal.after}; nothing differs", 200)
    case = whole.case
    if case.audit is None or case.merges is None:
        return unknown(None, "behaviour.unread", f"{fact}, and not all writes could be read", "behaviour")
    if any(is_write(event.verb) and kind_of(event) not in ("controller", "cloud-service") for event in case.audit):
        return unknown(None, "behaviour.written", f"{fact}, yet somebody wrote the object", "behaviour")
    recent = [
        merge
        for merge in case.merges
        if merge.time and signal.since and merge.time <= signal.since and (signal.since - merge.time).days < 1
    ]
    if recent:
        name = inert(recent[-1].pull_request or recent[-1].sha, 60)
        return unknown(None, "behaviour.merged", f"{fact}, and {name} was merged shortly before", "behaviour")
    return judged(None, "dependency", 0.7, "dependency.behaviour", f"{fact}, and nobody wrote anything", "behaviour")
