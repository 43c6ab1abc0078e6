"""One resource of a stack read by itself, at the moment when a plan takes ten minutes: the answer, and what it means
beside what a plan said before.

A direct read is no plan. It knows the actual plane of the attributes that were asked, and nothing of the rest; the
finding of the plan stays until the stack is planned again, and what was read since is told beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from .direct_types import readable_type
from .errors import inert
from .finding import Change, Comparison, Finding, Hidden, PlaneStamp
from .identity import Engine, ResourceRef, UnitId
from .planes import ABSENT, UNKNOWN, Observation, Plane
from .pointers import get, parse
from .words import value_text

_NO_STACK: Final = "only resources of OpenTofu and Terraform stacks are read directly"


class DirectAnswer(NamedTuple):
    """What AWS says of one resource right now, held against what the stack recorded and wants."""

    observation: Observation
    """The actual plane, in Terraform's words. Its method names the call."""
    comparison: Comparison
    """Recorded against actual, by the rules of plans; desired beside them where the stack's plan told it."""
    unread: tuple[str, ...]
    """Recorded attributes, or parts of them, that the call does not tell: they are unknown, not the same."""
    recorded: Observation | None = None
    desired: Observation | None = None
    place: str = ""
    """`account 123456789012, eu-west-1`: who was asked."""
    gaps: tuple[str, ...] = ()
    """One line for each further call that was refused."""

    @property
    def gone(self) -> bool:
        return self.observation.document is None

    @property
    def drifted(self) -> bool | None:
        """Whether anything differs. None: nothing does as far as it was read, and that was not all."""
        if self.comparison.changes:
            return True
        return None if self.unread or self.comparison.missing else False


class DirectRead(NamedTuple):
    """One question of an operator and what became of it."""

    address: str
    asked_at: datetime
    answer: DirectAnswer | None = None
    error: str = ""
    """Why there is no answer, in one line."""
    ended_at: datetime | None = None

    @property
    def running(self) -> bool:
        return self.answer is None and not self.error


class Since(StrEnum):
    """What a direct read says of one change."""

    DIFFERS = "still differs"
    MOVED = "another value than in the plan"
    NEW = "not in the plan"
    RECORDED = "as recorded again"
    DESIRED = "as desired now"
    UNREAD = "not read directly"


class Merged(NamedTuple):
    """A finding with what was read since, change by change."""

    finding: Finding
    since: tuple[Since, ...]
    """One per change."""
    before: tuple[str, ...]
    """What the plan had as the actual value where it is another one now; else empty. One per change."""

    @property
    def calm(self) -> bool:
        """Every change of the plan is as recorded or as desired again, by its own read."""
        return bool(self.since) and all(each in (Since.RECORDED, Since.DESIRED) for each in self.since)


def engine_refusal(unit: UnitId) -> str:
    """Why nothing in a unit can be read directly; empty where something may."""
    return "" if unit.engine in (Engine.OPENTOFU, Engine.TERRAFORM) else _NO_STACK


def refusal(unit: UnitId, ref: ResourceRef) -> str:
    """Why a resource cannot be read directly, as far as its name tells; empty where it can be tried."""
    if why := engine_refusal(unit):
        return why
    if not ref.kind.startswith("aws_"):
        return f"{inert(ref.short, 100)} is no AWS resource"
    if not readable_type(ref.kind):
        return f"nothing here reads a single {inert(ref.kind, 80)}"
    return ""


def kind_of(address: str) -> str:
    """The type in an address: `aws_vpc` of `module.net["a.b"].aws_vpc.main[0]`. Empty where there is none."""
    plain, depth = "", 0
    for letter in address.partition(" ")[0]:
        depth += (letter == "[") - (letter == "]")
        plain += letter if depth == 0 and letter != "]" else ""
    parts = plain.split(".")
    while len(parts) > 2 and parts[0] == "module":
        parts = parts[2:]
    return parts[0] if len(parts) == 2 else ""


def merged(finding: Finding, answer: DirectAnswer) -> Merged:
    """`finding` with the actual plane as it was read directly, attribute by attribute."""
    found = answer.comparison
    at = PlaneStamp(
        answer.observation.source, answer.observation.method, answer.observation.observed_at, "", not answer.gone
    )
    if answer.gone:
        before = any(not change.path and change.actual is ABSENT for change in finding.changes)
        since = Since.DIFFERS if before else Since.MOVED
        return _of(finding, [(_with_desired(found.changes[0], finding), since, "")], at)
    by_attribute: dict[str, list[Change]] = {}
    for change in found.changes:
        by_attribute.setdefault(_attribute(change.path), []).append(change)
    unread = {_attribute(path) for path in answer.unread}
    rows: list[tuple[Change, Since, str]] = []
    told: set[str] = set()
    for change in finding.changes:
        name = _attribute(change.path)
        if name in told:
            continue
        if not change.path:
            held = answer.observation.document or {}
            rows.append((change._replace(actual=held), Since.RECORDED, value_text(change.actual, 40)))
        elif name in by_attribute:
            told.add(name)
            planned = {each.path: each for each in finding.changes if _attribute(each.path) == name}
            rows += [_beside(each, planned.get(each.path)) for each in by_attribute[name]]
        elif name in unread:
            rows.append((change, Since.UNREAD, ""))
        else:
            rows.append(_again(change, answer))
    known = {_attribute(change.path) for change in finding.changes}
    rows += [(each, Since.NEW, "") for name, new in by_attribute.items() if name not in known for each in new]
    return _of(finding, rows, at)


def as_finding(unit: UnitId, answer: DirectAnswer) -> Finding:
    """What a direct read alone says, for whoever shows findings. It has no id and is in no list."""
    seen = (answer.desired, answer.recorded, answer.observation)
    stamps = {
        each.plane: PlaneStamp(each.source, each.method, each.observed_at, each.revision, each.document is not None)
        for each in seen
        if each is not None
    }
    at = answer.observation.observed_at or datetime.fromtimestamp(0, UTC)
    compared = answer.comparison
    return Finding("", unit, compared.ref, compared.changes, compared.hidden, stamps, at, at)


def _of(finding: Finding, rows: Sequence[tuple[Change, Since, str]], at: PlaneStamp) -> Merged:
    planes = dict(finding.planes)
    if not any(since is Since.UNREAD for _, since, _ in rows):
        planes[Plane.ACTUAL] = at
    return Merged(
        finding._replace(changes=tuple(change for change, _, _ in rows), planes=planes),
        tuple(since for _, since, _ in rows),
        tuple(before for _, _, before in rows),
    )


def _beside(change: Change, planned: Change | None) -> tuple[Change, Since, str]:
    if change.desired is not UNKNOWN and change.desired is not ABSENT and change.desired == change.actual:
        return change, Since.DESIRED, "" if planned is None else value_text(planned.actual, 40)
    if planned is None:
        return change, Since.NEW, ""
    if change.desired is UNKNOWN:
        change = change._replace(desired=planned.desired)
    if planned.actual == change.actual:
        return change, Since.DIFFERS, ""
    return change, Since.MOVED, value_text(planned.actual, 40)


def _again(change: Change, answer: DirectAnswer) -> tuple[Change, Since, str]:
    now = get(answer.observation.document, parse(change.path)) if answer.observation.document else ABSENT
    if now is ABSENT or isinstance(now, (dict, list)):
        now = change.recorded  # Positions may have moved; that it is as recorded is what was found.
    return change._replace(actual=now), Since.RECORDED, value_text(change.actual, 40)


def _with_desired(change: Change, finding: Finding) -> Change:
    whole = next((each.desired for each in finding.changes if not each.path), UNKNOWN)
    return change._replace(desired=whole) if change.desired is UNKNOWN else change


def _attribute(path: str) -> str:
    return path.split("/")[1] if path.startswith("/") else path


def provenance(answer: DirectAnswer) -> str:
    """`read directly at 03:12:04Z through EC2 DescribeSecurityGroups (account 123456789012, eu-west-1), no plan`."""
    seen = answer.observation
    at = f" at {seen.observed_at.astimezone(UTC):%H:%M:%SZ}" if seen.observed_at else ""
    where = f" ({inert(answer.place, 80)})" if answer.place else ""
    return f"read directly{at} through {inert(seen.method, 80)}{where}, no plan"


def summary(answer: DirectAnswer) -> str:
    """What it found, in one sentence."""
    if answer.gone:
        return "It is not there."
    count = len(answer.comparison.changes)
    if count:
        return f"{count} {'field differs' if count == 1 else 'fields differ'} from what is recorded."
    return "As recorded, as far as it was read." if answer.unread else "As recorded."


def unread_words(answer: DirectAnswer, most: int = 8) -> str:
    """Which attributes stay unknown, in one sentence; empty where everything was read."""
    if not answer.unread:
        return ""
    names = ", ".join(inert(name.lstrip("/"), 60) for name in answer.unread[:most])
    more = f" and {len(answer.unread) - most} more" if len(answer.unread) > most else ""
    return f"Not told, so unknown: {names}{more}."


def as_json(unit: UnitId, answer: DirectAnswer) -> dict[str, Any]:
    """The parts that a direct read adds to a `drifttui.diff/1` document."""
    seen = answer.observation
    planes: Mapping[str, Observation | None] = {"desired": answer.desired, "recorded": answer.recorded, "actual": seen}
    return {
        "unit": str(unit),
        "resource": {"address": answer.comparison.ref.address, "type": answer.comparison.ref.kind},
        "direct": {
            "method": seen.method,
            "observed_at": _moment(seen.observed_at),
            "place": answer.place,
            "gone": answer.gone,
            "unread": list(answer.unread),
            "gaps": list(answer.gaps),
            "planes": {
                name: {"method": one.method, "observed_at": _moment(one.observed_at), "revision": one.revision}
                for name, one in planes.items()
                if one is not None
            },
        },
    }


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def provider_only(names: Sequence[str]) -> tuple[Hidden, ...]:
    """Attributes that no cloud holds."""
    return tuple(Hidden("terraform-only-in-state", f"/{name}") for name in names)
