"""How strongly one call speaks for having written one field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from statistics import median
from typing import Any, Final, NamedTuple

from .audit import Grade
from .audit_kubernetes import KubernetesCall
from .field_paths import Path, Written, pointer, relation, value_at
from .finding import Owner
from .history import Step
from .ownership import ManagedFields
from .planes import ABSENT
from .pointers import parse

CLOCKS_APART: Final = timedelta(minutes=2)
"""How far the clocks of managedFields and the audit log may differ where nothing measures them."""
_ROUNDING: Final = timedelta(seconds=2)
"""managedFields keep whole seconds, and a call takes a moment."""

_OWN_STATUS: Final = {
    "deployment-controller": "deployments",
    "replicaset-controller": "replicasets",
    "statefulset-controller": "statefulsets",
    "daemon-set-controller": "daemonsets",
    "job-controller": "jobs",
    "cronjob-controller": "cronjobs",
    "endpoint-controller": "services",
    "resourcequota-controller": "resourcequotas",
}
"""Controllers that keep only status and bookkeeping annotations of these, never what somebody declares."""


class Strength(Enum):
    """(confidence, grade, reason, firm): firm ones say that the field was written."""

    COMPARED = (0.95, Grade.BODY, "the API server's answers before and after the call differ in this field", True)
    WHOLE = (0.93, Grade.BODY, "the call created or deleted the object", True)
    NAMED = (0.9, Grade.BODY, "the body of the request names this field", True)
    CLAIMED = (
        0.8,
        Grade.BODY,
        "the request holds this field, and the answer says that it took hold of it just then",
        True,
    )
    CREATED = (0.6, Grade.BODY, "the object was created with this field, and no later write of it is in the log", True)
    POSSIBLE = (0.45, Grade.BODY, "the field changed with this call or with one that the log lacks", False)
    DECLARED = (
        0.4,
        Grade.BODY,
        "the request holds the whole object: whether it changed this field is not recorded",
        False,
    )
    BLIND_OWNED = (0.7, Grade.METADATA, "no body was logged; manager and time of the field fit this call", False)
    BLIND = (0.45, Grade.METADATA, "no body was logged, so which fields it wrote is not recorded", False)

    @property
    def confidence(self) -> float:
        return self.value[0]

    @property
    def grade(self) -> Grade:
        return self.value[1]

    @property
    def reason(self) -> str:
        return self.value[2]

    @property
    def firm(self) -> bool:
        return self.value[3]


class Hit(NamedTuple):
    """One call that wrote the field, or may have."""

    step: Step
    strength: Strength
    written: Written | None = None
    owned: bool = False
    """managedFields of the live object name the same manager at a time that fits."""
    distance: float = 0.0
    """Seconds between the call and the manager's time."""
    housekeeping: bool = False
    """The caller only ever keeps status and bookkeeping of such objects."""

    @property
    def unasked(self) -> bool:
        """The request is known and did not name the field."""
        asked = self.step.asked
        return bool(
            asked and self.written and self.strength is Strength.COMPARED
            and not any(relation(self.written.path, path) for path in asked)
        )  # fmt: skip


class Clocks(NamedTuple):
    """How much managedFields lag behind (positive) the audit log. None: nothing to measure by."""

    skew: timedelta | None = None

    @classmethod
    def measure(cls, calls: Sequence[KubernetesCall], live: Any) -> Clocks:
        """From entries of the live object whose manager's last call is in the log: the middle of the differences."""
        newest: dict[tuple[str, str], datetime] = {}
        for call in calls:
            if call.received is not None:
                key = (call.manager, call.subresource)
                newest[key] = max(call.received, newest.get(key, call.received))
        apart = []
        for owner in ManagedFields(live).at(()):
            at = newest.get((owner.manager, owner.subresource))
            if at is not None and owner.time is not None and abs(owner.time - at) <= timedelta(minutes=10):
                apart.append((owner.time - at).total_seconds())
        return cls(timedelta(seconds=median(apart)) if apart else None)

    @property
    def words(self) -> str:
        if self.skew is None or abs(self.skew) <= _ROUNDING:
            return ""
        return (
            f"the clocks of managedFields and audit log are {abs(self.skew.total_seconds()):.0f} s apart, as measured"
        )

    def distance(self, at: datetime, owned_at: datetime) -> timedelta | None:
        """How far a call is from the time of an entry; None where it is too far to be the same write."""
        apart = abs(owned_at - at - (self.skew or timedelta(0)))
        limit = _ROUNDING if self.skew is not None else CLOCKS_APART
        return apart if apart <= max(limit, _ROUNDING) else None


def hit_of(step: Step, wanted: Path, owners: Sequence[Owner], clocks: Clocks) -> Hit | None:
    """None where the call certainly did not write the field."""
    owned, distance = _owned(step.call, owners, clocks)
    aside = _housekeeping(step.call)
    if step.written is None:
        strength = Strength.BLIND_OWNED if owned else Strength.BLIND
        return Hit(step, strength, None, owned, distance, aside)
    if step.whole:
        return _whole(step, wanted, owned, distance)
    best: Hit | None = None
    for entry in step.written:
        if not relation(wanted, entry.path):
            continue
        if entry.declared and not step.compared:
            strength = Strength.CLAIMED if _claimed(step, entry) else Strength.DECLARED
        else:
            strength = Strength.COMPARED if step.compared else Strength.NAMED
        hit = Hit(step, strength, entry, owned, distance, aside)
        if best is None or hit.strength.confidence > best.strength.confidence:
            best = hit
    if best is not None:
        return best
    if any(relation(wanted, entry.path) for entry in step.possible):
        return Hit(step, Strength.POSSIBLE, None, owned, distance, aside)
    return None


def _whole(step: Step, wanted: Path, owned: bool, distance: float) -> Hit | None:
    entry = step.written[0] if step.written else None
    if not wanted or entry is None or entry.after is ABSENT:
        return Hit(step, Strength.WHOLE, entry, owned, distance)
    if isinstance(entry.after, dict) and value_at(wanted, entry.after) is ABSENT:
        return None
    return Hit(step, Strength.CREATED, None, owned, distance)


def _owned(call: KubernetesCall, owners: Sequence[Owner], clocks: Clocks) -> tuple[bool, float]:
    for owner in owners:
        if owner.manager != call.manager or owner.subresource != call.subresource:
            continue
        if call.received is None or owner.time is None:
            return True, 0.0
        apart = clocks.distance(call.received, owner.time)
        if apart is not None:
            return True, apart.total_seconds()
    return False, 0.0


def _claimed(step: Step, entry: Written) -> bool:
    """Whether the answer's own managedFields give the field to this call's manager at the time of the call."""
    call, after = step.call, step.call.response
    if not isinstance(after, dict) or call.received is None:
        return False
    return any(
        owner.manager == call.manager and owner.time is not None and abs(owner.time - call.received) <= _ROUNDING
        for owner in ManagedFields(after).at(parse(pointer(entry.path, after)))
    )


def _housekeeping(call: KubernetesCall) -> bool:
    return _OWN_STATUS.get(call.authenticated_as.rpartition(":")[2]) == call.resource
