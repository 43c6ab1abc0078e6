"""What an audit log says, in words that Kubernetes and CloudTrail share, and what a join of it answers.

Actor kinds are those of the labelled cases with one respelling: a `person` here is a `human` there. The kind is that of
the *account*, not proof of who held it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from .errors import inert

NAME_LIMIT = 256
"""Characters of any name, user agent or path that is kept from an event: all of them come from outside."""


class ActorKind(StrEnum):
    PERSON = "person"
    BREAK_GLASS = "break-glass"
    CONTROLLER = "controller"
    CI = "ci"
    CLOUD_SERVICE = "cloud-service"
    UNKNOWN = "unknown"

    @property
    def case_word(self) -> str:
        """How the labelled cases spell it."""
        return "human" if self is ActorKind.PERSON else self.value


class Grade(StrEnum):
    """How an attribution was reached, best first. `Line.confidence` says how sure it is within its grade."""

    BODY = "audit and body"
    METADATA = "audit metadata"
    OWNERSHIP = "managedFields"
    GUESS = "guess"


class Actor(NamedTuple):
    """Who asked for a call. `name` is the identity: a user name, a service account, an ARN, a session's e-mail."""

    name: str
    kind: ActorKind = ActorKind.UNKNOWN
    short: str = ""
    """How a person says it; empty where `name` is short enough."""
    arn: str = ""
    """AWS identities only."""
    through: str = ""
    """The account that made the call where that is not the one who asked for it."""
    reasons: tuple[str, ...] = ()
    """Why this kind, and how the one who asked was found."""

    @property
    def words(self) -> str:
        return self.short or self.name or "unknown"


NOBODY = Actor("")


class Line(NamedTuple):
    """Who changed one field. `path` is a JSON Pointer, for CloudTrail an attribute; empty is the whole object."""

    path: str
    actor: Actor
    via: str
    time: datetime | None
    confidence: float
    """0 to 1."""
    grade: Grade
    event_ids: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def sureness(line: Line) -> tuple[bool, float]:
    """Sorts lines about different fields: where somebody is named comes first, and of those where it is surest."""
    return not line.actor.name, -line.confidence


class Unreadable(ValueError):
    """A record is no audit event of a known form. `str()` says why; it is counted, never dropped in silence."""


def moment(value: Any) -> datetime | None:
    """An RFC 3339 time, also with a space for the T; UTC where it names no zone. None for anything else."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = datetime.fromisoformat(_six_digits(value.strip()))
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _six_digits(text: str) -> str:
    """Nanoseconds cut to the microseconds that Python's reader accepts."""
    head, dot, tail = text.partition(".")
    if not dot:
        return text
    digits = len(tail) - len(tail.lstrip("0123456789"))
    return f"{head}.{tail[: min(digits, 6)]}{tail[digits:]}" if digits else text


def text(value: Any, limit: int = NAME_LIMIT) -> str:
    """A string from outside, inert and cut; empty for anything that is no string."""
    return inert(value, limit) if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    """The value where it is an object, else an empty one: a field of the wrong type says nothing."""
    return value if isinstance(value, dict) else {}
