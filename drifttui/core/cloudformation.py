"""What CloudFormation says of a stack and of the drift of its resources, as planes and comparisons.

Shapes are those of the API of 2010-05-15 as the SDK decodes it. `ExpectedProperties` and `ActualProperties` are JSON in
texts and hold only what the template sets: everything else about a resource is never checked. Both are sealed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from .errors import inert
from .finding import Change, Comparison
from .identity import ResourceRef
from .inspection import Event
from .planes import ABSENT, UNKNOWN, Json, Mark, Observation, Plane, ThreePlanes
from .pointers import get, parse
from .redact import holds_secret
from .terraform_marks import Marks, sealed

METHOD: Final = "DescribeStackResourceDrifts"

_SECRET: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::SecretsManager::Secret": ("SecretString",),
    "AWS::RDS::DBInstance": ("MasterUserPassword",),
    "AWS::RDS::DBCluster": ("MasterUserPassword",),
    "AWS::ElastiCache::ReplicationGroup": ("AuthToken",),
    "AWS::Redshift::Cluster": ("MasterUserPassword",),
    "AWS::IAM::User": ("LoginProfile",),
}

UNCHECKED: Final[Mapping[str, str]] = {
    "UNSUPPORTED": "CloudFormation cannot check their type",
    "NOT_CHECKED": "CloudFormation has not checked them",
    "UNKNOWN": "CloudFormation could not check them",
}


class StackDrift(NamedTuple):
    resources: tuple[ThreePlanes, ...]
    comparisons: Mapping[ResourceRef, Comparison]
    gaps: tuple[str, ...]
    drifted: tuple[ResourceRef, ...]


def drift_of(
    listed: Sequence[Mapping[str, Any]],
    drifts: Sequence[Mapping[str, Any]],
    *,
    stack: str,
    source: str,
    key: bytes,
) -> StackDrift:
    """`listed` are the summaries of ListStackResources, `drifts` the entries of DescribeStackResourceDrifts."""
    answers = {str(one.get("LogicalResourceId")): one for one in drifts}
    names = dict.fromkeys([*(str(one.get("LogicalResourceId")) for one in listed), *answers])
    summaries = {str(one.get("LogicalResourceId")): one for one in listed}
    resources, drifted = [], []
    comparisons: dict[ResourceRef, Comparison] = {}
    unchecked: dict[tuple[str, str], list[str]] = {}
    for name in names:
        summary, answer = summaries.get(name, {}), answers.get(name)
        ref = _ref(stack, name, answer or summary)
        status = _status(answer, summary)
        planes = ThreePlanes(ref)
        changes: tuple[Change, ...] = ()
        if answer is not None and status in ("IN_SYNC", "MODIFIED", "DELETED"):
            planes = _planes(ref, answer, status, source, key)
            changes = _changes(answer, planes, status)
            if status != "IN_SYNC" and not changes:
                status = "UNKNOWN"  # Called different, and nobody says in what.
                planes = planes._replace(actual=None)
        if status not in ("IN_SYNC", "MODIFIED", "DELETED"):
            reason = inert(str((answer or {}).get("DriftStatusReason") or ""), 160)
            unchecked.setdefault((status, reason), []).append(name)
        elif changes:
            drifted.append(ref)
        resources.append(planes)
        missing = tuple(plane for plane in Plane if planes.plane(plane) is None)
        comparisons[ref] = Comparison(ref, changes, (), missing)
    gaps = tuple(_gap(status, reason, who) for (status, reason), who in unchecked.items())
    return StackDrift(tuple(resources), comparisons, gaps, tuple(drifted))


def _ref(stack: str, name: str, held: Mapping[str, Any]) -> ResourceRef:
    """By its logical id; named as the account calls it."""
    physical = str(held.get("PhysicalResourceId") or "")
    kind = inert(str(held.get("ResourceType") or ""), 120)
    return ResourceRef(stack, "", kind, "", inert(physical or name, 200), inert(name, 255))


def _status(answer: Mapping[str, Any] | None, summary: Mapping[str, Any]) -> str:
    if answer is not None:
        return str(answer.get("StackResourceDriftStatus") or "UNKNOWN")
    held = summary.get("DriftInformation")
    status = str(held.get("StackResourceDriftStatus") or "") if isinstance(held, dict) else ""
    # Without its properties nothing can be compared here, whatever its status was.
    return status if status in UNCHECKED else "NOT_CHECKED"


def _planes(ref: ResourceRef, answer: Mapping[str, Any], status: str, source: str, key: bytes) -> ThreePlanes:
    at = answer.get("Timestamp")
    seen_at = at if isinstance(at, datetime) else None
    secret: Marks = dict.fromkeys(_SECRET.get(ref.kind, ()), True)
    expected = _properties(answer.get("ExpectedProperties"), secret, key)
    actual = None if status == "DELETED" else _properties(answer.get("ActualProperties"), secret, key)

    def seen(plane: Plane, document: Any) -> Observation:
        return Observation(ref, plane, document, source, METHOD, seen_at)

    return ThreePlanes(
        ref,
        desired=None if expected is None else seen(Plane.DESIRED, expected),
        recorded=None if expected is None else seen(Plane.RECORDED, expected),
        actual=None if actual is None and status != "DELETED" else seen(Plane.ACTUAL, actual),
    )


def _properties(text: Any, secret: Marks, key: bytes) -> dict[str, Any] | None:
    """None where there are none, or what there is cannot be read."""
    try:
        held = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(held, dict):
        return None
    found = sealed(held, secret, key)
    return found if isinstance(found, dict) else None


def _changes(answer: Mapping[str, Any], planes: ThreePlanes, status: str) -> tuple[Change, ...]:
    expected, actual = planes.value(Plane.DESIRED), planes.value(Plane.ACTUAL)
    if status == "DELETED":
        return (_change("", expected, ABSENT),)
    if status == "IN_SYNC":
        return ()
    changes = []
    for one in answer.get("PropertyDifferences") or ():
        path, kind = str(one.get("PropertyPath") or ""), str(one.get("DifferenceType") or "")
        left = ABSENT if kind == "ADD" else _at(expected, path)
        right = ABSENT if kind == "REMOVE" else _at(actual, path)
        changes.append(_change(path, left, right))
    return tuple(changes)


def _at(document: Json | Mark, path: str) -> Json | Mark:
    """The value with its type: the answer's own `ExpectedValue` is a text, and is not sealed."""
    if not isinstance(document, dict):
        return UNKNOWN
    try:
        found = get(document, parse(path))
    except ValueError:
        return UNKNOWN
    return UNKNOWN if found is ABSENT else found


def _change(path: str, expected: Json | Mark, actual: Json | Mark) -> Change:
    sensitive = any(not isinstance(value, Mark) and holds_secret(value) for value in (expected, actual))
    shown = inert(path, 500)
    return Change(shown, shown, desired=expected, recorded=expected, actual=actual, sensitive=sensitive)


def _gap(status: str, reason: str, names: Sequence[str]) -> str:
    shown = ", ".join(inert(name, 60) for name in names[:4]) + (", …" if len(names) > 4 else "")
    why = UNCHECKED.get(status, f"CloudFormation says {inert(status, 40)}")
    return f"{len(names)} resources are unknown, {why}: {shown}" + (f" ({reason})" if reason else "")


def events_of(found: Sequence[Mapping[str, Any]], limit: int = 20) -> tuple[Event, ...]:
    """Newest first, as CloudFormation lists them."""
    events = []
    for one in found[:limit]:
        status, name = str(one.get("ResourceStatus") or ""), str(one.get("LogicalResourceId") or "")
        at = one.get("Timestamp")
        said = str(one.get("ResourceStatusReason") or "")
        events.append(
            Event(
                at if isinstance(at, datetime) else None,
                inert(status, 60),
                inert(f"{name}: {said}" if said else name, 300),
                warning="FAILED" in status or "ROLLBACK" in status,
                component="CloudFormation",
            )
        )
    return tuple(events)


def policy_event(body: Any) -> Event | None:
    """What a stack policy denies: it decides what an update may touch, whoever asks for it."""
    try:
        held = json.loads(body) if isinstance(body, str) and body else None
        statements = held.get("Statement") if isinstance(held, dict) else None
    except (ValueError, RecursionError):
        return Event(None, "StackPolicy", "The stack policy cannot be read.", warning=True, component="CloudFormation")
    if not isinstance(statements, (list, dict)):
        return None
    listed = statements if isinstance(statements, list) else [statements]
    denied = [
        f"{_words(one.get('Action', one.get('NotAction')))} on {_words(one.get('Resource', one.get('NotResource')))}"
        for one in listed
        if isinstance(one, dict) and one.get("Effect") == "Deny"
    ]
    said = f"denies {'; '.join(denied[:5])}" if denied else "denies nothing by name"
    return Event(None, "StackPolicy", inert(f"The stack policy {said}.", 300), component="CloudFormation")


def _words(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "*")
