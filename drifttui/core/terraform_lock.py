"""The lock that another run holds on a state, and what a state says of itself before anybody reads it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from .errors import inert

LOCK_LIMIT = 64 * 1024
"""Bytes of a lock. Its writer is another program."""


class Lock(NamedTuple):
    """`{ID, Operation, Info, Who, Version, Created, Path}`, as every backend spells it."""

    id: str
    operation: str
    """`apply` or `plan`, from `OperationTypeApply`; empty where it does not say."""
    who: str
    created: datetime | None

    @property
    def words(self) -> str:
        by = f" by {self.who}" if self.who else ""
        since = f" since {self.created:%Y-%m-%d %H:%M:%S} UTC" if self.created else ""
        named = f" (lock {self.id})" if self.id else ""
        return f"{self.operation or 'an operation'} in progress{by}{since}{named}"


def parse_lock(data: bytes) -> Lock:
    """What the lock says. One that cannot be read is a lock all the same, by nobody that is known."""
    try:
        held: Any = json.loads(data[:LOCK_LIMIT])
    except (ValueError, RecursionError):
        held = None
    if not isinstance(held, dict):
        return Lock("", "", "", None)
    operation = str(held.get("Operation") or "").removeprefix("OperationType").lower()
    return Lock(
        id=inert(str(held.get("ID") or ""), 80),
        operation=inert(operation, 40),
        who=inert(str(held.get("Who") or ""), 120),
        created=_moment(str(held.get("Created") or "")),
    )


def _moment(text: str) -> datetime | None:
    """Go writes nanoseconds, which no `datetime` holds."""
    whole, dot, fraction = text.partition(".")
    if dot:
        digits = len(fraction) - len(fraction.lstrip("0123456789"))
        text = f"{whole}.{fraction[: min(digits, 6)]}{fraction[digits:]}"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


class Locking(NamedTuple):
    """What the places say in which a lock may be."""

    lock: Lock | None = None
    unread: str = ""
    """Why nobody knows whether there is one; empty where everybody answered."""


class StateHead(NamedTuple):
    """What tells two writes of one state apart."""

    serial: int | None
    lineage: str
    objects: int
    """Instances that are recorded."""

    @property
    def revision(self) -> str:
        """`lineage/serial`, the lineage cut as commits are."""
        return f"{self.lineage[:8] or '?'}/{'?' if self.serial is None else self.serial}"


def is_encrypted(data: bytes) -> bool:
    """Whether this is a state or plan that OpenTofu encrypted: `{"meta", "encrypted_data", "encryption_version"}`."""
    if b'"encrypted_data"' not in data:
        return False
    try:
        held = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(held, dict) and "encrypted_data" in held
