"""An event as a store keeps it: seven columns, the body as its canonical JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from .ledger import Event, EventKind, canonical, stamp

UNREADABLE = "unreadable"
"""Kind of an event whose row is damaged. `drifttui ledger verify` says how."""


class Row(NamedTuple):
    """As read, believed by nobody: a damaged store holds anything here."""

    seq: int
    at: str
    """`core.ledger.stamp`."""
    kind: str
    actor: str
    body: str
    """`core.ledger.canonical`."""
    previous: str
    hash: str


def row_of(event: Event) -> Row:
    body = canonical(event.body).decode("utf-8")
    return Row(event.seq, stamp(event.at), str(event.kind), event.actor, body, event.previous, event.hash)


def row_from(columns: Any) -> Row:
    """From what a database gave, whatever types it has there."""
    seq, *texts = columns
    return Row(
        seq if isinstance(seq, int) else -1,
        *(text if isinstance(text, str) else "" if text is None else str(text) for text in texts),
    )


def event_of(row: Row) -> Event:
    """Never raises. A kind that this version does not know stays as it is written; what cannot be read at all becomes
    an event of the kind `unreadable`, so that one damaged row does not hide the others."""
    kind, body, at = row.kind, _body(row.body), _moment(row.at)
    if body is None or at is None:
        kind, body, at = UNREADABLE, {}, at or datetime.min.replace(tzinfo=UTC)
    try:
        known: EventKind = EventKind(kind)
    except ValueError:
        known = cast(EventKind, kind)
    return Event(row.seq, at, known, row.actor, body, row.previous, row.hash)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _body(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
