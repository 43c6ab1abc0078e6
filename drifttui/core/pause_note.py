"""What a pause leaves on the unit itself: one annotation, so that a colleague elsewhere sees who, why and until when,
and can give back exactly what was taken without the ledger that it was written into.

`docs/pauses.md` describes the JSON. Unknown keys are left alone, so that a newer version can say more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from .acts import PauseRecord, PauseState
from .identity import UnitId
from .ledger import stamp
from .pause import Target
from .pause_json import target_from, target_json
from .planes import ABSENT, Json, Mark
from .pointers import build

NOTE: Final = "drifttui.dev/pause"
"""The annotation."""

NOTE_POINTER: Final = build(("metadata", "annotations", NOTE))
VERSION: Final = 1
ABSENT_JSON: Final[Mapping[str, Json]] = {"absent": True}
REASON_LIMIT: Final = 1000
NOTE_LIMIT: Final = 65_536
"""In characters. All annotations of an object together may have 262,144 bytes."""


class Kept(NamedTuple):
    """What one object was before a pause wrote it."""

    target: Target
    captured: Mapping[str, Json]
    """JSON Pointer → value, `{"absent": true}` where there was none."""


class Note(NamedTuple):
    """The annotation, read. `unit` is what the pause is for: on an owner that was paused for it, the unit below."""

    id: str
    unit: str
    by: str
    reason: str
    at: datetime
    until: datetime
    link: str = ""
    captured: Mapping[str, Json] = {}
    owners: tuple[Kept, ...] = ()
    """What else was written so that it holds, topmost first."""


def spelled(value: Json | Mark) -> Json:
    """A captured value as JSON."""
    return dict(ABSENT_JSON) if value is ABSENT else value


def unspelled(value: Json) -> Json | Mark:
    return ABSENT if value == ABSENT_JSON else value


def note_text(note: Note) -> str:
    """Compact and in a fixed order: equal notes are equal texts."""
    return json.dumps(
        {
            "version": VERSION,
            "id": note.id,
            "unit": note.unit,
            "by": note.by,
            "reason": note.reason[:REASON_LIMIT],
            "at": stamp(note.at),
            "until": stamp(note.until),
            "link": note.link,
            "captured": dict(note.captured),
            "owners": [{"target": target_json(kept.target), "captured": dict(kept.captured)} for kept in note.owners],
        },
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


def note_from(text: Any) -> Note:
    """Raises `ValueError` in one clear line: the text is anybody's who may write annotations."""
    if not isinstance(text, str) or len(text) > NOTE_LIMIT:
        raise ValueError(f"{NOTE} is no text of a sensible length")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{NOTE} is no JSON") from None
    if not isinstance(value, dict):
        raise ValueError(f"{NOTE} is no JSON object")
    if value.get("version") != VERSION:
        raise ValueError(f"{NOTE} is of version {str(value.get('version'))[:20]}, which this program does not know")
    owners = value.get("owners", [])
    if not isinstance(owners, list):
        raise ValueError(f"{NOTE}: owners is no list")
    return Note(
        id=_text(value, "id"),
        unit=_text(value, "unit"),
        by=_text(value, "by"),
        reason=_text(value, "reason"),
        at=_moment(value, "at"),
        until=_moment(value, "until"),
        link=_text(value, "link"),
        captured=_captured(value),
        owners=tuple(_kept(each) for each in owners),
    )


def note_of(document: Any) -> Note | None:
    """None where the object carries none. Raises `ValueError` where it carries one that cannot be read."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict) or NOTE not in annotations:
        return None
    return note_from(annotations[NOTE])


def note_is_for(note: Note, unit: UnitId) -> bool:
    """Whether the note's pause is of this very unit, and not of one below it. Another machine may call its source
    differently, so that the source does not count."""
    try:
        told = UnitId.parse(note.unit)
    except ValueError:
        return False
    return (told.engine, told.namespace, told.name) == (unit.engine, unit.namespace, unit.name)


def record_of(note: Note, unit: UnitId) -> PauseRecord:
    """The pause that an annotation tells of. It was written; whether it holds, only a look at the unit can tell."""
    return PauseRecord(
        id=note.id,
        unit=str(unit),
        engine=unit.engine,
        reason=note.reason,
        until=note.until,
        actor=note.by,
        at=note.at,
        state=PauseState.WRITTEN,
        link=note.link,
        captured=note.captured,
        message="told by an annotation on the unit",
    )


def _kept(value: Any) -> Kept:
    if not isinstance(value, dict):
        raise ValueError(f"{NOTE}: an owner is no object")
    return Kept(target_from(value.get("target")), _captured(value))


def _captured(value: Mapping[str, Any]) -> Mapping[str, Json]:
    found = value.get("captured")
    if not isinstance(found, dict) or not all(pointer.startswith("/") for pointer in found):
        raise ValueError(f"{NOTE}: captured does not map pointers to values")
    return found


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise ValueError(f"{NOTE}: {name} is no text")
    return found


def _moment(value: Mapping[str, Any], name: str) -> datetime:
    try:
        found = datetime.fromisoformat(_text(value, name))
    except ValueError:
        raise ValueError(f"{NOTE}: {name} is no time") from None
    if found.tzinfo is None:
        raise ValueError(f"{NOTE}: {name} names no time zone")
    return found
