"""A stack as a unit: what a reviewed plan or a state says, as planes and comparisons of an inspection.

Drift is recorded against actual, by `terraform_review` and by nothing else, so that a stack on the screen and
`scan --plan` give one answer. Pending changes are told as a condition: they are nobody's drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from .errors import inert
from .finding import Comparison
from .identity import ResourceRef
from .planes import ABSENT, Document, Json, Mark, Observation, Plane, ThreePlanes
from .terraform_lock import Lock, Locking
from .terraform_marks import shown
from .terraform_plan import ResourceChange
from .terraform_review import Entry, Review
from .terraform_state import ONLY_RECORDED, RecordedResource, State
from .unit import Condition

NAMED: Final = 4
"""Objects that a condition names."""


NOBODY: Final = Locking()


class Stamp(NamedTuple):
    """Where the planes come from."""

    stack: str
    source: str
    method: str
    at: datetime | None
    """When it was true."""
    revision: str = ""
    """Of the state: `lineage/serial`."""


class StackAnswer(NamedTuple):
    """What one reading of a stack says."""

    sync: str
    resources: tuple[ThreePlanes, ...]
    comparisons: Mapping[ResourceRef, Comparison]
    conditions: tuple[Condition, ...]
    out_of_sync: tuple[ResourceRef, ...] = ()


def of_review(
    found: Review,
    recorded: Iterable[RecordedResource],
    stamp: Stamp,
    *,
    locking: Locking = NOBODY,
    moved: bool = False,
    failed: str = "",
) -> StackAnswer:
    """`recorded` are the objects of `prior_state`, which is refreshed where the plan is.

    `locking` is by somebody else, `moved` says that the state was written during the plan: what came out of either is
    not to be believed where it says "nothing". `failed` is why there is no normal plan.
    """
    plan = found.plan
    conditions = [*_trouble(found, locking, moved, failed), *_pending(found)]
    conditions += [Condition("PlanWarning", one) for one in plan.warnings]
    drifted = {entry.resource.key: entry for entry in found.drift}
    quiet = {(address, ""): one for address, one in _hidden_of(found).items()}
    planned = {resource.key: resource for resource in plan.changes}
    whole = plan.mode == "normal" and not plan.partial
    resources: list[ThreePlanes] = []
    comparisons: dict[ResourceRef, Comparison] = {}

    def keep(planes: ThreePlanes, comparison: Comparison) -> None:
        resources.append(planes)
        comparisons[planes.ref] = comparison

    for entry in found.drift:
        planes = _drifted(entry, planned.get(entry.resource.key), stamp)
        keep(planes, Comparison(planes.ref, entry.changes, entry.hidden, _missing(planes)))
    for one in recorded:
        key = (one.address, one.deposed)
        if one.mode != "managed" or key in drifted:
            continue
        planes = _recorded(one, planned.get(key), stamp, refreshed=plan.drift_information, whole=whole)
        keep(planes, Comparison(planes.ref, (), quiet.get(key, ()), _missing(planes)))
    for key, change in planned.items():
        if change.mode == "managed" and change.before is ABSENT and key not in drifted and "create" in change.actions:
            planes = ThreePlanes(
                ref_of(change.address, change.type, change.deposed, stamp.stack, change.after),
                desired=_seen(change, Plane.DESIRED, change.after, stamp),
                recorded=_seen(change, Plane.RECORDED, ABSENT, stamp),
            )
            if planes.ref not in comparisons:
                keep(planes, Comparison(planes.ref, (), (), _missing(planes)))
    doubtful = any(one.type in _DOUBTS for one in conditions)
    sync = "OutOfSync" if found.drift else "Unknown" if doubtful else "Synced"
    out = tuple(planes.ref for planes in resources[: len(found.drift)])
    return StackAnswer(sync, tuple(resources), comparisons, tuple(conditions), out)


def of_state(state: State, stamp: Stamp, locking: Locking = NOBODY) -> StackAnswer:
    """The recorded plane alone: whether anything drifted stays unknown."""
    resources = tuple(
        _recorded(one, None, stamp, refreshed=False, whole=False) for one in state.resources if one.mode == "managed"
    )
    conditions = [Condition("NoDriftInformation", ONLY_RECORDED, error=True)]
    conditions += [Condition("StateWarning", one) for one in state.warnings]
    conditions[:0] = _locked(locking)
    comparisons = {planes.ref: Comparison(planes.ref, (), (), _missing(planes)) for planes in resources}
    return StackAnswer("Unknown", resources, comparisons, tuple(conditions))


def ref_of(address: str, kind: str, deposed: str, stack: str, values: Json | Mark) -> ResourceRef:
    """By its address; named as its provider names it, else as the configuration does."""
    given = values.get("name") if isinstance(values, dict) else None
    name = given if isinstance(given, str) and given else address.rpartition(f"{kind}.")[2]
    shown_address = f"{address} (deposed {deposed})" if deposed else address
    return ResourceRef(stack, "", kind, "", inert(name, 200), shown_address)


_DOUBTS: Final = frozenset({"NoDriftInformation", "PlanPartial", "StateMoved", "StateLocked"})


def _trouble(found: Review, locking: Locking, moved: bool, failed: str) -> list[Condition]:
    plan = found.plan
    conditions = _locked(locking)
    if moved:
        said = "The state was written while it was planned: what the plan says is of before, or of in between."
        conditions.append(Condition("StateMoved", said, error=True))
    if failed:
        conditions.append(Condition("PlanFailed", f"What is pending is unknown. {failed}", error=True))
    if plan.no_drift_information:
        conditions.append(Condition("NoDriftInformation", plan.no_drift_information, error=True))
    return [*conditions, *(Condition("PlanPartial", one, error=True) for one in plan.partial)]


def _locked(locking: Locking) -> list[Condition]:
    if locking.lock is not None:
        return [_held(locking.lock)]
    said = f"Whether another run holds the lock is unknown: {locking.unread}."
    return [Condition("LockUnknown", said)] if locking.unread else []


def _held(lock: Lock) -> Condition:
    return Condition("StateLocked", f"{lock.words[:1].upper()}{lock.words[1:]}.", lock.created, error=True)


def _pending(found: Review) -> list[Condition]:
    entries = [entry.resource for entry in found.pending if entry.resource.mode == "managed"]
    if not entries and not found.outputs:
        return []
    totals = ", ".join(f"{count} to {what}" for what, count in found.totals.items() if count)
    named = ", ".join(f"{one.address} ({' and '.join(one.actions)})" for one in entries[:NAMED])
    more = f" and {len(entries) - NAMED} more" if len(entries) > NAMED else ""
    outputs = f"{len(found.outputs)} outputs change" if found.outputs else ""
    words = "; ".join(part for part in (totals, outputs, f"{named}{more}") if part)
    return [
        Condition("PendingChanges", inert(f"The next apply would change something, which is no drift: {words}.", 900))
    ]


def _hidden_of(found: Review) -> dict[str, tuple[Any, ...]]:
    """What rules took away from objects that have nothing else to tell."""
    held: dict[str, tuple[Any, ...]] = {}
    drifted = {entry.resource.address for entry in found.drift}
    for address, hidden in found.hidden:
        if address not in drifted:
            held[address] = (*held.get(address, ()), hidden)
    return held


def _drifted(entry: Entry, planned: ResourceChange | None, stamp: Stamp) -> ThreePlanes:
    resource = entry.resource
    named = resource.before if isinstance(resource.before, dict) else resource.after
    desired = planned.after if planned is not None else None
    return ThreePlanes(
        ref_of(resource.address, resource.type, resource.deposed, stamp.stack, named),
        desired=_seen(resource, Plane.DESIRED, desired, stamp, named) if planned is not None else None,
        recorded=_seen(resource, Plane.RECORDED, resource.before, stamp, named),
        actual=_seen(resource, Plane.ACTUAL, resource.after, stamp, named),
    )


def _seen(
    resource: ResourceChange, plane: Plane, value: Json | Mark, stamp: Stamp, named: Json | Mark = None
) -> Observation | None:
    if value is not ABSENT and not isinstance(value, dict):
        return None
    document: Document | None = shown(value) if isinstance(value, dict) else None
    ref = ref_of(resource.address, resource.type, resource.deposed, stamp.stack, value if named is None else named)
    return Observation(ref, plane, document, stamp.source, stamp.method, stamp.at, _revision(plane, stamp))


def _revision(plane: Plane, stamp: Stamp) -> str:
    return stamp.revision if plane is Plane.RECORDED else ""


def _recorded(
    one: RecordedResource, planned: ResourceChange | None, stamp: Stamp, *, refreshed: bool, whole: bool
) -> ThreePlanes:
    """An object that did not drift: what is recorded is what runs, where somebody looked."""
    ref = ref_of(one.address, one.type, one.deposed, stamp.stack, one.attributes)

    def seen(plane: Plane, document: Document | None) -> Observation:
        return Observation(ref, plane, document, stamp.source, stamp.method, stamp.at, _revision(plane, stamp))

    desired: Observation | None = None
    if planned is not None:
        desired = _seen(planned, Plane.DESIRED, planned.after, stamp, one.attributes)
    elif whole:
        desired = seen(Plane.DESIRED, one.attributes)
    return ThreePlanes(
        ref,
        desired=desired._replace(ref=ref) if desired is not None else None,
        recorded=seen(Plane.RECORDED, one.attributes),
        actual=seen(Plane.ACTUAL, one.attributes) if refreshed else None,
    )


def _missing(planes: ThreePlanes) -> tuple[Plane, ...]:
    return tuple(plane for plane in Plane if planes.plane(plane) is None)
