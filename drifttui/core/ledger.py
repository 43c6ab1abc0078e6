"""The ledger: what operators decided or did, as events chained by hash over canonical JSON.

An event is never changed or removed. Everything that screens show of it (verdicts, links, pauses, history) is a fold
over the events (`core.acts`) and can be built anew from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

GENESIS: Final = "0" * 64
"""What the first event names as its predecessor."""


class EventKind(StrEnum):
    VERDICT = "verdict"
    """The operator's verdict on one or more findings."""
    LINK = "link"
    """A change link was made or changed; the same id replaces."""
    COVER = "cover"
    """Findings, units or pauses were put under a link, or taken out."""
    INTENT = "intent"
    """A plan is about to be written: journalled before the first write."""
    STEP = "step"
    """What became of one write of a plan."""
    OUTCOME = "outcome"
    """What a plan came to, and what later proved or disproved it."""
    NOTE = "note"
    CLOSEOUT = "closeout"


class Head(NamedTuple):
    seq: int = 0
    hash: str = GENESIS


EMPTY: Final = Head()


class Event(NamedTuple):
    seq: int
    """From 1, without gaps."""
    at: datetime
    """UTC, by the clock of the machine that wrote it."""
    kind: EventKind
    actor: str
    """Who did it, as the machine knows them: `alice@laptop`."""
    body: Mapping[str, Any]
    previous: str
    hash: str
    """SHA-256 in hex over `canonical` of all the other fields."""


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8, no NaN: RFC 8785 for everything but floats, which bodies do not hold.

    Raises `ValueError` for a float, NaN, or a text that is not Unicode.
    """
    import json  # A few milliseconds that no first frame has to wait for.

    _no_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")


def _no_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError("a ledger body holds no floats: they have no one canonical spelling")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError("keys of a ledger body are texts")
            _no_floats(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _no_floats(inner)


def stamp(at: datetime) -> str:
    """`2026-11-21T03:58:02.123456Z`: always UTC, always microseconds, so that equal times are equal texts."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def chained(head: Head, at: datetime, kind: EventKind, actor: str, body: Mapping[str, Any]) -> Event:
    """The event that follows `head`."""
    seq = head.seq + 1
    return Event(seq, at, kind, actor, body, head.hash, event_hash(seq, at, kind, actor, body, head.hash))


def event_hash(
    seq: int, at: datetime, kind: EventKind | str, actor: str, body: Mapping[str, Any], previous: str
) -> str:  # fmt: skip
    import hashlib  # It brings OpenSSL along, which no first frame needs.

    whole = {"seq": seq, "at": stamp(at), "kind": str(kind), "actor": actor, "body": body, "previous": previous}
    return hashlib.sha256(canonical(whole)).hexdigest()
