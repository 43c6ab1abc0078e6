"""What differs: changes, what was hidden, and the finding that keeps one id for as long as the same drift lasts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from .identity import ResourceRef, UnitId
from .planes import ABSENT, UNKNOWN, Json, Mark, Plane
from .verdict import Verdict

if TYPE_CHECKING:
    from .attributed import Attributed
    from .git import Merges


class Owner(NamedTuple):
    """Who holds a field, by `metadata.managedFields`.

    `manager` is chosen by the client and is no identity. `time` (UTC) is the entry's: it bounds this field's last write
    from above only for the newest entry, and never dates it exactly.
    """

    manager: str
    operation: str = ""
    """`Apply` or `Update`."""
    subresource: str = ""
    time: datetime | None = None


class Change(NamedTuple):
    """One field that differs between planes that are known.

    `path` is a JSON Pointer (RFC 6901); list positions are those of the actual plane where the item is there, else of
    the recorded, else of the desired one. `label` is the same for people: `/spec/containers[web]/image`.
    A plane is `UNKNOWN` when nobody could read it and `ABSENT` when it was read and the field is not there.
    """

    path: str
    label: str
    desired: Json | Mark = UNKNOWN
    recorded: Json | Mark = UNKNOWN
    actual: Json | Mark = UNKNOWN
    owners: tuple[Owner, ...] = ()
    sensitive: bool = False
    """Values are digests (`{"digest": "hmac:…"}`)."""

    def value(self, plane: Plane) -> Json | Mark:
        match plane:
            case Plane.DESIRED:
                return self.desired
            case Plane.RECORDED:
                return self.recorded
            case Plane.ACTUAL:
                return self.actual

    def as_json(self) -> dict[str, Any]:
        """An entry of `changes` in `--json` answers: an unknown plane is left out, `{"absent": true}` marks absence."""
        entry: dict[str, Any] = {"path": self.path}
        for plane in Plane:
            value = self.value(plane)
            if value is ABSENT:
                entry[plane.value] = {"absent": True}
            elif value is not UNKNOWN:
                entry[plane.value] = value
        entry["owners"] = [
            {
                "manager": owner.manager,
                "operation": owner.operation,
                "subresource": owner.subresource,
                "time": owner.time.isoformat().replace("+00:00", "Z") if owner.time else None,
            }
            for owner in self.owners
        ]
        if self.sensitive:
            entry["sensitive"] = True
        return entry


class Hidden(NamedTuple):
    """Something a rule removed from the comparison. `rule` is the id that `drifttui config rules` explains."""

    rule: str
    path: str
    note: str = ""
    """What exactly, where one word helps: the jq expression, the default value."""


class Comparison(NamedTuple):
    """The answer of `core.diff.compare` about one resource."""

    ref: ResourceRef
    changes: tuple[Change, ...]
    hidden: tuple[Hidden, ...]
    missing: tuple[Plane, ...] = ()
    """Planes that nobody could read. Without desired and actual nothing can be called clean."""

    @property
    def drifted(self) -> bool:
        return bool(self.changes)


class PlaneStamp(NamedTuple):
    """Where one plane of a finding came from and how old it is."""

    source: str
    method: str
    observed_at: datetime | None
    revision: str = ""
    present: bool = True
    """False where the plane was read and the whole object is not there."""


class Finding(NamedTuple):
    """The changes of one resource at one time, with context."""

    id: str
    unit: UnitId
    ref: ResourceRef
    changes: tuple[Change, ...]
    hidden: tuple[Hidden, ...]
    planes: Mapping[Plane, PlaneStamp]
    first_seen: datetime
    last_seen: datetime
    verdict: Verdict | None = None
    """By the rules; None while they have not judged yet."""
    fingerprint: str = ""
    """Changes when the drift itself changes; the id does not."""
    who: Attributed | None = None
    """Who changed it, as far as is known yet; None where nobody has looked into that."""
    merges: Merges | None = None
    """What Git says of it; None where no Git is read."""

    @property
    def risk(self) -> str:
        return self.verdict.risk if self.verdict else "unknown"

    @property
    def summary(self) -> str:
        """A few words for one row: the first deciding field, and how many more there are."""
        actual, desired = self.planes.get(Plane.ACTUAL), self.planes.get(Plane.DESIRED)
        if actual is not None and not actual.present:
            return "deleted"
        if desired is not None and not desired.present:
            return "not in Git"
        if not self.changes:
            return "nothing differs"
        # A label or a note beside a widened right must not be what the row is called after.
        first = min(self.changes, key=lambda change: change.path.startswith("/metadata/"))
        words = first.label.rsplit("/", 1)[-1] or "whole object"
        if isinstance(first.desired, (int, float, str)) and isinstance(first.actual, (int, float, str)):
            before, after = str(first.desired), str(first.actual)
            if len(before) + len(after) <= 24:
                words += f" {before} → {after}"
        more = len(self.changes) - 1
        return f"{words} +{more}" if more else words


def finding_id(unit: UnitId, ref: ResourceRef, first_seen: datetime) -> str:
    """Twelve hex digits: one per resource and episode of drift, the same on every machine that knows when it began."""
    text = "\x00".join([str(unit), *ref, first_seen.isoformat()])
    import hashlib  # It brings OpenSSL along, which no first frame needs.

    return hashlib.sha256(text.encode()).hexdigest()[:12]
