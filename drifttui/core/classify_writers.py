"""What the writer of a change decides: a person, a pipeline, a controller, a cloud service."""

from __future__ import annotations

from .attribute import Writer, by_hand, by_shell, engine_actor, taking_turns
from .classify_judgement import (
    Judgement,
    difference,
    field_facets,
    judged,
    moment,
    unknown,
    where,
    who,
)
from .classify_planes import policy_owner
from .errors import inert
from .facts import ChangeFacts, is_absent
from .links import Cover, refs
from .planes import ABSENT, UNKNOWN
from .policy_table import Policy

_KEEPERS = ("ttl-after-finished", "job-controller", "cronjob-controller", "garbage-collector", "generic-garbage",
            "replicaset-controller", "statefulset-controller", "daemon-set-controller", "namespace-controller",
            "pod-garbage-collector", "karpenter", "cluster-autoscaler", "descheduler", "taint-eviction")  # fmt: skip
_KEPT_KINDS = frozenset({"Pod", "Job", "ReplicaSet", "Node", "Endpoints", "EndpointSlice", "Event", "Lease"})
_SERIOUS = frozenset({"identity", "network", "secret", "data", "artifact", "policy"})


def fight(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """Two machines overwrite one field."""
    turns = taking_turns(facts.case, facts.change)
    if not turns:
        return None
    return judged(
        facts, "failed-reconciliation", 0.95, "loop.fight",
        f"{where(facts)}: {inert(turns[0], 100)} and {inert(turns[1], 100)} overwrite each other", "fight",
    )  # fmt: skip


def merge_explains(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """Git has moved: the compared render predates the merge, or the merge is not applied yet."""
    pending = facts.pending
    if pending is None:
        return None
    writer = facts.attribution.writer
    error = facts.whole.unit.reconcile_error
    rollout = facts.whole.revisions_agree is False and not pending.applied
    if writer is not None and writer.misused:
        return None
    if not (facts.may_be_untouched or facts.in_place):
        # The merge says why desired and applied differ, not why something third runs; unless the merge is newer than
        # both, and whoever wrote it carried the merge out.
        carried_out = not rollout and not pending.applied and writer is not None and _after(facts, writer)
        if not carried_out:
            return None
    if error and not pending.applied:
        return None
    sure = 0.95 if pending.merge.touches is not None else 0.7
    return judged(
        facts, "stale-desired", sure, "merge.explains", f"{where(facts)}: {inert(pending.fact, 160)}",
        "outdated-render" if pending.applied or not rollout else "lag", writer=writer,
    )  # fmt: skip


def _after(facts: ChangeFacts, writer: Writer) -> bool:
    """A write after the merge may have carried it out; one before it has nothing to do with it."""
    merged = facts.pending.merge.time if facts.pending else None
    return writer.time is not None and merged is not None and writer.time >= merged


def written(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """By the writer, where one is known."""
    attribution = facts.attribution
    if attribution.ambiguous:
        names = " and ".join(inert(actor, 80) for actor in attribution.ambiguous[:3])
        return unknown(
            facts, "writer.ambiguous", f"{where(facts)}: {names} fit equally well", "hand",
            missing=("paths in the audit records, or field managers",),
        )  # fmt: skip
    writer = attribution.writer
    if writer is None:
        return None
    found = _judge(facts, writer, policy)
    if found is None:
        return None
    fact = f"{who(writer)} wrote {where(facts)} at {moment(writer.time)}"
    head = (found.reasons[0]._replace(rule=f"writer.{writer.how}", fact=fact),)
    return found._replace(reasons=(*head, *found.reasons), writer=writer)


def _judge(facts: ChangeFacts, writer: Writer, policy: Policy) -> Judgement | None:
    if writer.person:
        return _person(facts, writer)
    if writer.kind == "cloud-service" or writer.kind == "controller":
        return _machine(facts, writer, policy)
    if writer.kind == "ci":
        return _pipeline(facts, writer)
    if facts.case.links is not None and facts.cover.cover is not Cover.NONE:
        return _person(facts, writer)
    if _is_mail(writer.actor) and writer.proven:
        found = _person(facts, writer)
        return found._replace(confidence=round(found.confidence * 0.8, 4))
    return unknown(
        facts, "writer.kind-unknown", f"{difference(facts)}; what kind of account wrote it is not known", "hand",
        missing=("kind of the writer's account",),
    )  # fmt: skip


def _is_mail(actor: str) -> bool:
    """An address of a person. Google's service accounts have addresses as well."""
    return "@" in actor and "gserviceaccount" not in actor and not actor.startswith(("system:", "arn:"))


def _person(facts: ChangeFacts, writer: Writer) -> Judgement:
    if not writer.actor.strip() or (not writer.proven and by_hand(writer.actor)):
        return unknown(
            facts, "writer.no-identity", f"{difference(facts)}; a person's tool wrote it, and nobody is named", "hand",
            missing=("identity of the writer",),
        )  # fmt: skip
    if facts.case.links is None:
        return unknown(
            facts, "cover.unread", f"{difference(facts)}; whether anything authorised it could not be read", "hand",
            missing=("incident and change records",),
        )  # fmt: skip
    covered = facts.cover
    weight = 1.0 if writer.proven else 0.7
    if writer.how == "only":
        weight *= 0.8
    if facts.path == "" and facts.recorded is UNKNOWN:
        weight *= 0.6
    link = covered.link
    if covered.cover is Cover.ACTIVE and link is not None:
        return judged(
            facts, "emergency", 0.95 * weight, "cover.active", f"{inert(refs([link]), 80)} covers the write", "covered"
        )
    if covered.cover is Cover.ACCEPTED and link is not None:
        return judged(
            facts, "stale-desired", 0.9 * weight, "cover.accepted",
            f"{inert(refs([link]), 80)} covered the write and was closed without an end date: accepted for good",
            "accepted",
        )  # fmt: skip
    facets = {"misused-account"} if writer.misused else set()
    if covered.cover is Cover.EXPIRED and link is not None:
        found = judged(
            facts, "unauthorized", 0.9 * weight, "cover.expired",
            f"{inert(refs([link]), 80)} covered the write and ran out at {moment(link.expires)}",
            "expired-cover", *facets,
        )  # fmt: skip
    elif facts.desired is UNKNOWN and (facts.recorded is UNKNOWN or facts.whole.revisions_agree is not True):
        return unknown(
            facts, "evidence.no-desired", f"{where(facts)}: nothing covers the write, what is declared is not known",
            missing=(f"desired {where(facts)}",),
        )  # fmt: skip
    else:
        why = "; ".join(covered.refused) or "no incident or change record is near it"
        found = judged(facts, "unauthorized", 0.95 * weight, "cover.none", inert(why, 240), "no-cover", *facets)
    if writer.misused:
        found = found.because("writer.misused", f"a machine's account in a person's hands: {writer.misused}")
    return found.because("field.git-owned", difference(facts))


def _pipeline(facts: ChangeFacts, writer: Writer) -> Judgement | None:
    if facts.case.merges is None:
        return unknown(
            facts, "writer.pipeline-unread", "a pipeline wrote it, and merges could not be read", missing=("merges",)
        )
    if facts.untouched and facts.whole.revisions_agree is False:
        # What a pipeline applied and recorded: the compared render is of another revision.
        return None
    found = _person(facts, writer)
    if found.drift_class != "unauthorized":
        return found
    return found._replace(confidence=round(found.confidence * 0.7, 4)).because(
        "writer.pipeline", "a pipeline wrote it with no merge behind the write"
    )


def _machine(facts: ChangeFacts, writer: Writer, policy: Policy) -> Judgement | None:
    resource = facts.case.resource
    if rule := policy_owner(facts, policy):
        if by_shell(writer.event.user_agent):
            # An autoscaler does not run kubectl: the account fits the field, the client does not fit the account.
            return unknown(
                facts, "writer.shell", f"{difference(facts)}; the account's owner does not use such a client", "hand",
                missing=("who held the account",),
            )  # fmt: skip
        return judged(
            facts, "controller-owned", 0.95, rule.id,
            f"{where(facts)} belongs to its controller, {inert(writer.actor, 100)}",
            *(() if is_absent(facts.desired) else ("contested",)),
        )  # fmt: skip
    if facts.path == "" and facts.actual is ABSENT and resource.kind in _KEPT_KINDS:
        if any(keeper in f"{writer.actor} {writer.event.user_agent}".lower() for keeper in _KEEPERS):
            return judged(
                facts, "controller-owned", 0.85, "owner.lifecycle",
                f"{resource.kind} objects are cleaned up by {inert(writer.actor, 100)}",
            )  # fmt: skip
        return None
    if facts.path == "" and facts.actual is ABSENT:
        return judged(
            facts, "state", 0.6, "state.gone", f"declared and recorded, deleted by {who(writer)}", "gone", writer=writer
        )
    if engine_actor(writer.event):
        return None
    if writer.kind == "cloud-service":
        return judged(
            facts, "dependency", 0.9, "dependency.cloud-service", f"{difference(facts)}; the provider moved it itself",
            "service-moved",
        )  # fmt: skip
    if facts.domain in _SERIOUS or "privilege" in field_facets(facts) or by_shell(writer.event.user_agent):
        return unknown(
            facts, "writer.unexpected-controller",
            f"{difference(facts)}; nothing says that this field belongs to {inert(writer.actor, 100)}",
            missing=("who owns the field",),
        )  # fmt: skip
    return judged(
        facts, "controller-owned", 0.55, "owner.presumed",
        f"{difference(facts)}; only {inert(writer.actor, 100)} writes it, and Git declares it as well", "contested",
        missing=("who owns the field",),
    )  # fmt: skip
