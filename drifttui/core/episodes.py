"""Findings keep one id for as long as the same drift lasts: across refreshes, restarts and machines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from .finding import Change, Comparison, Finding, PlaneStamp, finding_id
from .identity import ResourceRef, UnitId
from .planes import ABSENT, UNKNOWN, Mark, Plane, ThreePlanes


class OpenFinding(NamedTuple):
    """What a store keeps of a finding, so that it goes on after a restart."""

    id: str
    unit: UnitId
    ref: ResourceRef
    first_seen: datetime
    last_seen: datetime
    fingerprint: str = ""

    @classmethod
    def of(cls, finding: Finding) -> OpenFinding:
        return cls(finding.id, finding.unit, finding.ref, finding.first_seen, finding.last_seen, finding.fingerprint)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "unit": str(self.unit),
            "ref": list(self.ref),
            "first_seen": self.first_seen.isoformat(),
            "last_seen": self.last_seen.isoformat(),
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> OpenFinding:
        """The inverse of `as_json`. Raises `ValueError` for anything else."""
        try:
            return cls(
                id=str(entry["id"]),
                unit=UnitId.parse(entry["unit"]),
                ref=ResourceRef(*map(str, entry["ref"])),
                first_seen=datetime.fromisoformat(entry["first_seen"]),
                last_seen=datetime.fromisoformat(entry["last_seen"]),
                fingerprint=str(entry.get("fingerprint", "")),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not an open finding: {error}") from error


class Carried(NamedTuple):
    """The findings of a unit after one look, and those that the look closed."""

    findings: tuple[Finding, ...]
    closed: tuple[Finding, ...]


def carry(
    unit: UnitId,
    previous: Sequence[Finding],
    comparisons: Iterable[Comparison],
    planes: Mapping[ResourceRef, ThreePlanes],
    now: datetime,
    *,
    remembered: Iterable[OpenFinding] = (),
    complete: bool = True,
) -> Carried:
    """One look's comparisons as findings that carry on earlier ones.

    A resource that still drifts keeps its id and the time it was first seen; its verdict is dropped when the drift
    changed, so that the rules judge again. A resource that was compared and is clean closes. One that could not be
    compared (no answer, or neither desired nor actual known) keeps its finding as it was. One that nobody mentions any
    more is gone from the unit and closes, unless the look was not `complete`. `remembered` are findings of earlier
    sessions: they lend their id and time, and are not shown before a look confirms them.
    """
    held = {finding.ref: finding for finding in previous}
    memory = {finding.ref: finding for finding in remembered if finding.unit == unit}
    findings: list[Finding] = []
    closed: list[Finding] = []
    mentioned: set[ResourceRef] = set()
    for comparison in comparisons:
        ref = comparison.ref
        mentioned.add(ref)
        before = held.get(ref)
        if before is not None and not comparison.drifted and _blind(before, comparison):
            findings.append(before)
            continue
        if not comparison.drifted:
            if before is not None:
                closed.append(before)
            continue
        began = before or memory.get(ref)
        first_seen = began.first_seen if began else now
        mark = fingerprint(comparison.changes)
        findings.append(
            Finding(
                id=began.id if began else finding_id(unit, ref, first_seen),
                unit=unit,
                ref=ref,
                changes=comparison.changes,
                hidden=comparison.hidden,
                planes=stamps(planes[ref]) if ref in planes else {},
                first_seen=first_seen,
                last_seen=now,
                verdict=before.verdict if before is not None and before.fingerprint == mark else None,
                fingerprint=mark,
            )
        )
    for ref, finding in held.items():
        if ref not in mentioned:
            if complete and ref not in planes:
                closed.append(finding)
            else:
                findings.append(finding)
    return Carried(tuple(findings), tuple(closed))


def _blind(before: Finding, comparison: Comparison) -> bool:
    """Whether this look lacks a plane that the finding rests on, so that it cannot clear it."""
    rests_on = {Plane.DESIRED, Plane.ACTUAL} & set(before.planes or Plane)
    return not rests_on.isdisjoint(comparison.missing) or len(comparison.missing) > 1


def stamps(planes: ThreePlanes) -> dict[Plane, PlaneStamp]:
    """Where each known plane came from and how old it is."""
    found = {}
    for plane in Plane:
        seen = planes.plane(plane)
        if seen is not None:
            found[plane] = PlaneStamp(
                seen.source, seen.method, seen.observed_at, seen.revision, seen.document is not None
            )
    return found


def fingerprint(changes: Sequence[Change]) -> str:
    """Sixteen hex digits over the fields that differ and their values in every plane, not over who holds them.

    Positions count only through labels: an item that moves up because another one went is the same drift.
    """
    digest = hashlib.sha256()
    for change in sorted(changes, key=lambda change: (change.label, change.path)):
        digest.update(change.label.encode("utf-8", "surrogatepass"))
        for plane in Plane:
            digest.update(_canonical(change.value(plane)))
        digest.update(b"\n")
    return digest.hexdigest()[:16]


def _canonical(value: Any) -> bytes:
    if isinstance(value, Mark):
        return b"\x00A" if value is ABSENT else b"\x00U" if value is UNKNOWN else b"\x00"
    return b"\x00V" + json.dumps(value, sort_keys=True, ensure_ascii=True).encode()
