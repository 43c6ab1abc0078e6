"""May the system put this back by itself? Only where every line holds; the first that does not is named.

What stands here is the floor: a policy chooses within it and cannot lower it. A wrong yes is the worst answer that this
program can give, so a fact that is not known is a no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from .attribute import by_hand, engine_manager, is_write, kind_of, related
from .case import MACHINE_KINDS, PERSON_KINDS
from .classify_judgement import Judgement
from .facts import CaseFacts, ChangeFacts, touches
from .policy_table import Policy

HARMLESS = frozenset({"controller-owned", "provider-read"})
"""Judgements of other changes on the same object that do not stand in the way."""
DOMAINS = frozenset({"workload", "observability", "metadata"})
OUTSIDE_PRODUCTION = DOMAINS | {"artifact"}
STATELESS = frozenset({"Deployment", "CronJob"})
SIGHTS = frozenset({"Telemetry", "ServiceMonitor", "PodMonitor", "PrometheusRule", "Probe", "ScrapeConfig"})
"""Kinds that only describe what is watched."""

_RESOURCES_OR_ENV = re.compile(
    r"/spec(/jobTemplate/spec)?/template/spec/(containers|initContainers)/\d+/(resources|env)(/.*)?"
)
_IMAGE = re.compile(r"/spec(/jobTemplate/spec)?/template/spec/(containers|initContainers)/\d+/image")
_NOTE = re.compile(r"/metadata/(labels|annotations)/[^/]+|/spec/template/metadata/annotations/[^/]+")
_STEERING = re.compile(
    r"/metadata/(labels|annotations)/([a-z0-9.-]*\.)?(argoproj\.io|fluxcd\.io|istio\.io|linkerd\.io|helm\.sh|"
    r"kubernetes\.io|k8s\.io|keda\.sh|karpenter\.sh|crossplane\.io|cert-manager\.io|hashicorp\.com|dapr\.io)~1",
    re.IGNORECASE,
)
"""Labels and annotations by which controllers are told what to do; taking one back may set something in motion."""

Line = tuple[str, Callable[[], bool]]


def refusal(
    whole: CaseFacts, worst: Judgement, deciding: Sequence[Judgement], all_of_them: Sequence[Judgement], action: str,
    policy: Policy,
) -> tuple[str, str]:  # fmt: skip
    """The rule and the words of the first line that does not hold; two empty texts where all hold."""
    unit = whole.unit
    lines: tuple[Line, ...] = (
        ("class", lambda: worst.drift_class == "unauthorized"),
        ("action", lambda: action == "revert-runtime"),
        ("others", lambda: all(one in deciding or one.drift_class in HARMLESS for one in all_of_them)),
        ("granted", lambda: unit.auto_sync == "self-heal" and unit.kubernetes),
        ("revision", lambda: whole.revisions_agree is True),
        ("error", lambda: not unit.reconcile_error),
        ("fresh", lambda: whole.fresh),
        ("environment", lambda: unit.environment == whole.environment),
        ("tier", lambda: unit.risk_tier in ("standard", "low")),
        ("links", lambda: whole.case.links is not None and not whole.incidents),
        ("signals", lambda: whole.unsettled is None),
        ("merges", lambda: whole.case.merges is not None),
        ("alone", lambda: whole.case.surroundings.same_drift <= 1),
    )
    for name, holds in lines:
        if not holds():
            return f"heal.{name}", _WORDS[name]
    for judgement in deciding:
        facts = judgement.facts
        if facts is None or (reason := _field_refusal(whole, facts, policy)):
            return (f"heal.{reason}", _WORDS[reason]) if facts else ("heal.field", _WORDS["field"])
    return "", ""


def _field_refusal(whole: CaseFacts, facts: ChangeFacts, policy: Policy) -> str:
    unit, resource = whole.unit, whole.case.resource
    lines: tuple[Line, ...] = (
        ("writer", lambda: _known_person(facts)),
        ("planes", lambda: not facts.unknown and facts.alike(facts.desired, facts.recorded)),
        ("owner", lambda: _one_owner(whole, facts)),
        ("pending", lambda: _nothing_pending(whole, facts)),
        ("survived", lambda: _not_yet_reconciled(whole, facts)),
        ("hidden", lambda: not _hidden(whole, facts)),
        ("field", lambda: _field_allowed(whole, facts)),
    )
    for name, holds in lines:
        if not holds():
            return name
    allowed = policy.may_heal(
        unit.id, resource.kind, facts.path, facts.domain, unit.environment, unit.risk_tier
    )  # fmt: skip
    return "" if allowed else "policy"


def _known_person(facts: ChangeFacts) -> bool:
    writer = facts.attribution.writer
    return (
        writer is not None
        and writer.kind in PERSON_KINDS
        and writer.proven
        and bool(writer.actor.strip())
        and writer.time is not None
        and facts.attribution.later is None
    )


def _one_owner(whole: CaseFacts, facts: ChangeFacts) -> bool:
    """Every field manager is the engine or a person's tool, and no machine but the engine wrote the field."""
    owners = facts.change.owners
    if not owners or not all(engine_manager(one.manager) or by_hand(one.manager) for one in owners):
        return False
    if any(one.subresource in ("scale", "status") for one in owners):
        return False
    return not any(
        kind_of(event) in MACHINE_KINDS
        and is_write(event.verb)
        and event.touches is not None
        and any(related(touched, facts.path) for touched in event.touches)
        for event in whole.case.audit or ()
    )


def _nothing_pending(whole: CaseFacts, facts: ChangeFacts) -> bool:
    """No merge explains the field, and none after the last success may reach it."""
    if facts.pending is not None:
        return False
    last = whole.unit.last_reconciled
    return not any(
        touches(merge, facts.path, whole.unit.id) and (merge.time is None or last is None or merge.time > last)
        for merge in whole.case.merges or ()
    )


def _not_yet_reconciled(whole: CaseFacts, facts: ChangeFacts) -> bool:
    """A change that outlived a successful reconciliation of a self-healing unit is not put back by another."""
    writer = facts.attribution.writer
    last = whole.unit.last_reconciled
    return writer is not None and writer.time is not None and last is not None and last <= writer.time


def _hidden(whole: CaseFacts, facts: ChangeFacts) -> bool:
    """An ignore rule covers the field: somebody once decided that the engine leaves it alone."""
    now = whole.case.now
    return any(
        (rule.expires is None or rule.expires > now) and any(related(path, facts.path) for path in rule.paths)
        for rule in whole.case.ignore_rules
    )


def _field_allowed(whole: CaseFacts, facts: ChangeFacts) -> bool:
    """An existing field, in place, on one stateless object."""
    kind = whole.case.resource.kind
    domains = DOMAINS if whole.environment == "prod" else OUTSIDE_PRODUCTION
    if facts.domain not in domains or facts.path == "" or facts.change.sensitive:
        return False
    if facts.domain == "workload":
        return kind in STATELESS and bool(_RESOURCES_OR_ENV.fullmatch(facts.path))
    if facts.domain == "artifact":
        return kind in STATELESS and bool(_IMAGE.fullmatch(facts.path))
    if facts.domain == "observability" and kind in SIGHTS and facts.path.startswith("/spec/"):
        return True
    return kind in STATELESS | SIGHTS and bool(_NOTE.fullmatch(facts.path)) and not _STEERING.search(facts.path)


_WORDS = {
    "class": "only an unauthorized change is put back",
    "action": "putting it back is not the first thing to do",
    "others": "something else on the same object is not harmless",
    "granted": "the unit's owner did not grant self-healing",
    "revision": "the desired revision is not known to be the applied one",
    "error": "the last reconciliation failed",
    "fresh": "the observation is not fresh",
    "environment": "the environment is not known",
    "tier": "the unit's tier is critical or not known",
    "links": "an incident is open on the unit, or incidents could not be read",
    "signals": "a signal got worse, or nobody can tell",
    "merges": "merges could not be read",
    "alone": "the same drift is on other units",
    "writer": "the writer is not a known person's account",
    "planes": "a plane is unknown, or declared and recorded differ",
    "owner": "field managers are not known, or another owner holds the field",
    "pending": "a merge that reaches the field is pending",
    "survived": "it has outlived a reconciliation, or that is not known",
    "hidden": "an ignore rule covers the field",
    "field": "not a field that may be put back by itself",
    "policy": "no rule of the policy allows it",
}
