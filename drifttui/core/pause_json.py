"""A plan as JSON, and back: what the journal holds of it and what a crash is recovered from.

There are no floats in it, so that it has one canonical spelling (`core.ledger.canonical`); whole numbers of seconds
stand for spans. A number with a fraction inside a patch (none is known in what pauses write) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from .identity import UnitId
from .ledger import canonical, stamp
from .pause import Door, Plan, Purpose, Target, Undoer, Write, WriteKind

SCHEMA: Final = "drifttui.plan/v1"

_LONGEST: Final = 31 * 24 * 3600
_TARGET: Final = Target._fields
_UNDOER: Final = ("who", "how", "when", "lever")
_TEXTS: Final = ("cluster", "environment", "reason", "link", "pause")
_LINES: Final = ("now", "effects", "undo", "blocked", "unknown")


def plan_json(plan: Plan) -> dict[str, Any]:
    """Plain dicts, lists, texts, whole numbers, booleans and null. Raises `ValueError` for a float."""
    made: dict[str, Any] = {
        "schema": SCHEMA,
        "id": plan.id,
        "purpose": str(plan.purpose),
        "unit": str(plan.unit),
        "at": stamp(plan.at),
        "until": stamp(plan.until) if plan.until else None,
        "watch_for_seconds": int(plan.watch_for.total_seconds()),
        "undoers": [undoer._asdict() for undoer in plan.undoers],
        "writes": [_write_json(write) for write in plan.writes],
    }
    made |= {name: getattr(plan, name) for name in _TEXTS}
    made |= {name: list(getattr(plan, name)) for name in _LINES}
    canonical(made)
    return made


def plan_from(value: Any) -> Plan:
    """The inverse. Raises `ValueError` for anything that `plan_json` would not write."""
    if not isinstance(value, Mapping) or value.get("schema") != SCHEMA:
        raise ValueError(f"not a plan of {SCHEMA}")
    canonical(value)
    if "until" not in value:
        raise ValueError("until is missing")
    until = value["until"]
    seconds = _integer(value, "watch_for_seconds")
    if seconds > _LONGEST:
        raise ValueError("watch_for_seconds is longer than a month")
    return Plan(
        id=_text(value, "id"),
        purpose=Purpose(_text(value, "purpose")),
        unit=UnitId.parse(_text(value, "unit")),
        cluster=_text(value, "cluster"),
        environment=_text(value, "environment"),
        at=_moment(value, "at"),
        now=_lines(value, "now"),
        undoers=tuple(_undoer(each) for each in _list(value, "undoers")),
        writes=tuple(_write(each) for each in _list(value, "writes")),
        effects=_lines(value, "effects"),
        undo=_lines(value, "undo"),
        blocked=_lines(value, "blocked"),
        unknown=_lines(value, "unknown"),
        reason=_text(value, "reason"),
        until=None if until is None else _moment(value, "until"),
        link=_text(value, "link"),
        pause=_text(value, "pause"),
        watch_for=timedelta(seconds=seconds),
    )


def target_json(target: Target) -> dict[str, str]:
    return {name: str(getattr(target, name)) for name in _TARGET}


def target_from(value: Any) -> Target:
    """Raises `ValueError`."""
    texts = {name: _text(value, name) for name in _TARGET}
    return Target(**(texts | {"door": Door(texts["door"])}))  # type: ignore[arg-type]


def _write_json(write: Write) -> dict[str, Any]:
    return {
        "number": write.number,
        "kind": str(write.kind),
        "target": target_json(write.target),
        "words": write.words,
        "patch": [dict(each) for each in write.patch],
        "undo": [dict(each) for each in write.undo],
        "uid": write.uid,
        "captured": dict(write.captured),
        "optional": write.optional,
        "skipped": write.skipped,
        "needs": write.needs,
    }


def _write(value: Any) -> Write:
    captured = value.get("captured") if isinstance(value, Mapping) else None
    if not isinstance(captured, Mapping):
        raise ValueError("a write says what it captured")
    return Write(
        number=_integer(value, "number"),
        kind=WriteKind(_text(value, "kind")),
        target=target_from(value.get("target")),
        words=_text(value, "words"),
        patch=_operations(value, "patch"),
        undo=_operations(value, "undo"),
        uid=_text(value, "uid"),
        captured=dict(captured),
        optional=_flag(value, "optional"),
        skipped=_flag(value, "skipped"),
        needs=_text(value, "needs"),
    )


def _undoer(value: Any) -> Undoer:
    return Undoer(**{name: _text(value, name) for name in _UNDOER}, covered=_integer(value, "covered"))


def _operations(value: Any, name: str) -> tuple[Mapping[str, Any], ...]:
    found = _list(value, name)
    for each in found:
        if not isinstance(each, Mapping) or each.get("op") not in ("test", "add", "replace", "remove"):
            raise ValueError(f"{name}: not an operation of a JSON patch")
        if not isinstance(each.get("path"), str) or (("value" in each) is (each["op"] == "remove")):
            raise ValueError(f"{name}: {each['op']} is not complete")
    return tuple(dict(each) for each in found)


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, str):
        raise ValueError(f"{name} is no text")
    return found


def _integer(value: Any, name: str) -> int:
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise ValueError(f"{name} is no whole number")
    return found


def _flag(value: Any, name: str) -> bool:
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, bool):
        raise ValueError(f"{name} is neither true nor false")
    return found


def _list(value: Any, name: str) -> list[Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, (list, tuple)):
        raise ValueError(f"{name} is no list")
    return list(found)


def _lines(value: Any, name: str) -> tuple[str, ...]:
    found = _list(value, name)
    if not all(isinstance(each, str) for each in found):
        raise ValueError(f"{name} holds more than texts")
    return tuple(found)


def _moment(value: Any, name: str) -> datetime:
    text = _text(value, name)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} is no time") from None
    if found.tzinfo is None:
        raise ValueError(f"{name} names no time zone")
    return found
