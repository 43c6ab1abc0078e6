"""What the planes alone can tell: gaps, spelling, defaults, tracking, and a render that does not repeat itself.

These rules come first. Each gives a judgement or passes; the order is that of `classify_change`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .attribute import CLOCKS_APART, Writer, by_hand
from .classify_delivery import delivered
from .classify_judgement import Judgement, cover_facets, difference, judged, moment, shown, unknown, where, who
from .classify_scalars import same_instant
from .facts import ChangeFacts, is_absent
from .finding import Owner
from .planes import ABSENT, UNKNOWN, Plane
from .policy_table import OwnershipRule, Policy
from .rules_kubernetes_defaults import DEFAULTS, Computed, OneOf, PullPolicy

_GENERATED = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\b1[5-9]\d{8}(\d{3})?\b|"
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    re.IGNORECASE,
)
"""A timestamp, seconds since 1970, or a UUID."""
_RANDOM = re.compile(r"[A-Za-z0-9+/_=-]{12,}|[0-9a-f]{8,}|[a-z0-9.-]+-[bcdfghjklmnpqrstvwxz2456789]{5,10}")
"""A long token, a hash, or a name with a generated suffix."""
_ZERO = (False, 0, "", "none", "disabled", "default", "NONE", "DISABLED", "Disabled", "None")
MANY = 10
"""Units with the same drift before it counts as a wave."""
_STATEFUL_TRACKERS = ("opentofu", "terraform", "cloudformation")


def not_observed(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """A missing actual plane is not an equal one, and an old look is no look."""
    if not facts.whole.fresh:
        gap = f"a fresh look at the actual plane (the last one was {facts.whole.age_words})"
        return unknown(facts, "evidence.stale", f"observed {facts.whole.age_words}", "stale-look", missing=(gap,))
    if facts.actual is not UNKNOWN or facts.path == "/address" or delivered(facts):
        return None
    return unknown(
        facts, "evidence.no-actual", f"{where(facts)}: nobody could read what runs", missing=(f"actual {where(facts)}",)
    )


def respelled(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """All known planes mean the same."""
    known = facts.known
    if len(known) < 2 or not all(facts.alike(known[0], other) for other in known[1:]):
        return None
    if facts.desired is UNKNOWN:
        return judged(
            facts, "provider-read", 0.6, "spelling.recorded-actual",
            f"{where(facts)}: recorded and actual are one value in two spellings", "respelled",
            missing=(f"desired {where(facts)}",),
        )  # fmt: skip
    same_render = facts.recorded == facts.actual and facts.recorded is not UNKNOWN
    if same_render and facts.whole.revisions_agree:
        return judged(
            facts, "render-noise", 0.9, "render.order",
            f"{difference(facts)}; the same meaning, and what was applied is what runs", "respelled",
        )  # fmt: skip
    confidence = 0.95 if facts.recorded is not UNKNOWN else 0.85
    return judged(
        facts, "provider-read", confidence, "spelling.equal", f"{difference(facts)}; the same in another spelling",
        "respelled",
    )  # fmt: skip


def server_default(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """The API server fills in documented values where Git says nothing."""
    if not facts.whole.kubernetes or not is_absent(facts.desired) or facts.actual is ABSENT:
        return None
    if facts.recorded is not UNKNOWN and not is_absent(facts.recorded):
        return None
    resource = facts.case.resource
    table = DEFAULTS.get((resource.group, resource.kind), {})
    steps = ["*" if step.isdigit() else step for step in facts.path.split("/")]
    default = table.get("/".join(steps), UNKNOWN)
    if default is UNKNOWN:
        default = table.get("/".join([*steps[:-1], "*"]), UNKNOWN)
    if not _fits(default, facts):
        return None
    return judged(
        facts, "controller-owned", 0.95, "owner.server-default",
        f"{where(facts)}: {shown(facts, facts.actual)} is the API server's default and Git leaves the field out",
    )  # fmt: skip


def _fits(default: object, facts: ChangeFacts) -> bool:
    if isinstance(default, PullPolicy):
        return facts.actual in ("Always", "IfNotPresent")
    if isinstance(default, OneOf):
        return default.fits(facts.actual, {}, ())
    return not isinstance(default, Computed) and default is not UNKNOWN and facts.alike(default, facts.actual)


def new_attribute(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """A provider reads an attribute that it did not know before; off is what the resource always had."""
    if facts.whole.kubernetes or facts.whole.unit.engine_upgraded is None or facts.case.audit is None:
        return None
    if not is_absent(facts.desired) or not (facts.recorded is UNKNOWN or is_absent(facts.recorded)):
        return None
    if facts.attribution.writer is not None or facts.attribution.ambiguous:
        return None
    if not _everywhere(facts) and not any(facts.actual is z or facts.actual == z for z in _ZERO):
        return None
    return judged(
        facts, "provider-read", 0.75, "spelling.new-attribute",
        f"{where(facts)}: the provider was upgraded and now reads {shown(facts, facts.actual)}; nobody wrote it",
        "respelled",
    )  # fmt: skip


def _everywhere(facts: ChangeFacts) -> bool:
    """Most units show it since the upgrade, so that it was not set on any one of them."""
    around, upgraded = facts.case.surroundings, facts.whole.unit.engine_upgraded
    if upgraded is None or around.started is None or around.started < upgraded:
        return False
    return around.same_drift >= MANY and around.total <= 2 * around.same_drift


def address(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """The same object under a new address."""
    if facts.path != "/address" or facts.desired is UNKNOWN or facts.recorded is UNKNOWN:
        return None
    if is_absent(facts.desired) or is_absent(facts.recorded):
        return None
    return judged(
        facts, "state", 0.95, "state.moved",
        f"code calls it {shown(facts, facts.desired)}, state {shown(facts, facts.recorded)}: a plan would destroy and "
        "create it", "moved",
    )  # fmt: skip


def tracking(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """An object that is gone but tracked, or there and not tracked."""
    stack = facts.whole.unit.engine in _STATEFUL_TRACKERS
    if facts.path in ("/id", "/arn") and stack and facts.recorded is not UNKNOWN and facts.actual is not ABSENT:
        return judged(
            facts,
            "state",
            0.7,
            "state.replaced",
            "state tracks another object than the one that is there",
            "unrecorded",
        )
    if facts.path != "":
        return None
    there = facts.actual is not ABSENT
    declared = facts.desired is not UNKNOWN and not is_absent(facts.desired)
    recorded = facts.recorded is not UNKNOWN and not is_absent(facts.recorded)
    if recorded and not there:
        return _gone(facts, stack, declared)
    if is_absent(facts.recorded) and there:
        return _untracked(facts, declared)
    if recorded and facts.desired is ABSENT:
        return _left_behind(facts)
    return None


def _left_behind(facts: ChangeFacts) -> Judgement | None:
    """No longer declared, still recorded and there: pruning has not come yet, or is switched off."""
    writer = facts.attribution.writer
    if writer is not None and writer.person:
        return None
    if facts.whole.revisions_agree is False and not facts.whole.unit.reconcile_error:
        return judged(
            facts, "stale-desired", 0.7, "lag.prune", "no longer declared by a revision that is not applied yet", "lag"
        )
    return judged(
        facts, "state", 0.5, "state.left-behind", "no longer declared, and the engine left it in place", "not-declared"
    )


def _gone(facts: ChangeFacts, stack: bool, declared: bool) -> Judgement | None:
    if facts.desired is not UNKNOWN and not declared:
        return judged(
            facts, "state", 0.85, "state.vanished", "recorded, but neither declared nor there any more", "vanished"
        )
    if not declared:
        return unknown(
            facts, "evidence.no-desired", "recorded and gone; whether Git wants it is not known", "gone",
            missing=(f"desired {where(facts)}",),
        )  # fmt: skip
    writer = facts.attribution.writer
    if not stack and writer is not None:
        # Kubernetes has no state file that could be wrong: whoever deleted the object decides.
        return None
    words = f"; deleted by {who(writer)} at {moment(writer.time)}" if writer else ""
    found = judged(
        facts, "state", 0.9 if writer else 0.6, "state.gone", f"declared and recorded, but not there{words}", "gone",
        writer=writer,
    )  # fmt: skip
    return found._replace(facets=found.facets | cover_facets(facts))


def _untracked(facts: ChangeFacts, declared: bool) -> Judgement | None:
    if declared:
        return judged(
            facts, "state", 0.9, "state.unrecorded", "declared and there, but in no state: a create cannot succeed",
            "unrecorded",
        )  # fmt: skip
    writer = facts.attribution.writer
    serious = facts.domain in ("identity", "network", "secret", "policy")
    if facts.attribution.unread or (serious and (writer is None or writer.person)):
        # Who made it matters more than that nobody tracks it: it may be a way in.
        return None
    made = f"; made by {who(writer)} at {moment(writer.time)}" if writer else ""
    found = judged(
        facts, "state", 0.6, "state.not-declared", f"there, but neither declared nor recorded{made}", "not-declared",
        "unrecorded", writer=writer,
    )  # fmt: skip
    return found._replace(facets=found.facets | cover_facets(facts))


def recorded_behind(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """What runs is what is declared; only the record is old."""
    if facts.recorded is UNKNOWN or facts.desired is UNKNOWN or not facts.in_place:
        return None
    if facts.pending is not None or facts.whole.revisions_agree is False:
        return judged(
            facts, "stale-desired", 0.75, "lag.already-there",
            f"{where(facts)}: runs as declared by a revision that is not recorded as applied yet", "recorded-behind",
        )  # fmt: skip
    return judged(
        facts, "state", 0.75, "state.recorded-behind", f"{where(facts)}: runs as declared, the record is behind",
        "recorded-behind",
    )  # fmt: skip


def unrepeatable_render(facts: ChangeFacts, policy: Policy) -> Judgement | None:
    """One revision rendered twice gives two results, while what was applied is what runs."""
    if Plane.DESIRED in facts.unknown or Plane.RECORDED in facts.unknown or not facts.untouched:
        return None
    if facts.whole.revisions_agree is not True or facts.in_place or facts.pending is not None:
        return None
    attribution = facts.attribution
    writer = attribution.writer
    if attribution.ambiguous or (writer is not None and (writer.person or writer.kind not in ("ci", "controller"))):
        return None
    if writer is not None and policy_owner(facts, policy) is not None:
        return None
    generated = looks_generated(facts)
    if facts.domain == "artifact" and not _stamped(facts):
        return judged(
            facts, "dependency", 0.75 if generated or not attribution.unread else 0.5, "dependency.resolved",
            f"{where(facts)}: one revision now resolves to {shown(facts, facts.desired)} instead of "
            f"{shown(facts, facts.recorded)}", "tag-moved",
        )  # fmt: skip
    if facts.whole.unit.engine_upgraded is not None and not generated:
        return judged(
            facts, "dependency", 0.6, "dependency.default-moved",
            f"{where(facts)}: one revision renders another value since the upgrade", "default-moved",
        )  # fmt: skip
    if facts.path == "" or (attribution.unread and not generated):
        return None
    return judged(
        facts, "render-noise", 0.9 if generated else 0.6, "render.differs-at-one-revision",
        f"{where(facts)}: the applied revision renders {shown(facts, facts.desired)} now, while what was applied "
        "is what runs", "generated",
    )  # fmt: skip


def policy_owner(facts: ChangeFacts, policy: Policy) -> OwnershipRule | None:
    """The ownership rule of a runtime controller that covers this field and its writer."""
    writer = facts.attribution.writer
    manager = facts.manager
    if manager is None or by_hand(manager.manager) or writer is None or not _one_write(manager, writer):
        manager = None
    resource = facts.case.resource
    for rule in policy.owners(facts.path, resource.kind, resource.group):
        if rule.owner != "controller" or writer is None:
            continue
        if rule.written_by(writer.event) or (
            manager is not None and rule.managed_by(manager.manager, manager.subresource)
        ):
            return rule
    return None


def _one_write(manager: Owner, writer: Writer) -> bool:
    """Whether the newest field manager and the audit write can be one and the same write."""
    return manager.time is not None and writer.time is not None and abs(manager.time - writer.time) <= CLOCKS_APART


def _stamped(facts: ChangeFacts) -> bool:
    values = [value for value in (facts.desired, facts.recorded) if isinstance(value, str)]
    return len(values) == 2 and all(_GENERATED.search(value) for value in values)


def looks_generated(facts: ChangeFacts) -> bool:
    """Whether the values are of the kind that a template draws anew each time."""
    one, other = facts.desired, facts.recorded
    if isinstance(one, Mapping) and isinstance(other, Mapping) and "digest" in one and "digest" in other:
        return True
    if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, (str, int)):
        return False
    if not isinstance(other, (str, int)) or same_instant(str(one), str(other)):
        return False
    first, second = str(one), str(other)
    if _GENERATED.search(first) and _GENERATED.search(second):
        return True
    return (
        bool(_RANDOM.fullmatch(first) and _RANDOM.fullmatch(second))
        and len(first) == len(second)
        and any(c.isdigit() for c in first + second)
    )
