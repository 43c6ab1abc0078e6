"""Whether an object is as a step of a plan found it, as that step left it, or neither; and who made it so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from .ages import span
from .errors import inert
from .json_patch import Operation, PatchError, applied, same
from .ownership import ManagedFields
from .pause import Write, WriteKind
from .pause_argocd import AUTOMATED, PHASE, is_on, value_at
from .planes import ABSENT, Document, Json, Mark
from .pointers import build, get, parse
from .words import value_text

ANNOTATIONS: Final = "/metadata/annotations/"
UID: Final = "/metadata/uid"


class Stand(StrEnum):
    BEFORE = "as it was before"
    AFTER = "as written"
    OTHER = "neither"
    GONE = "gone"


class Departure(NamedTuple):
    """One thing that is not as a step left it."""

    pointer: str
    words: str
    """`spec.syncPolicy.automated.enabled is true, was written as false`."""
    undoes: bool
    """Automation is back. What is false here is told and does no harm: a stripped annotation, a neighbour's entry."""
    field: str = ""
    """The first field inside that differs: whoever holds it did it, not who holds its neighbours."""


class Blame(NamedTuple):
    """Who wrote a field, as far as the object itself tells: a field manager is a name that its client gave itself."""

    manager: str
    at: datetime | None
    exact: bool
    """The manager holds the field now. False: the field is gone, which no entry tells of, and this manager's is the
    newest entry of the object."""

    def words(self, now: datetime) -> str:
        when = f" {span((now - self.at).total_seconds())} ago" if self.at else ""
        if not self.manager:
            return "nobody is named on the object"
        return f"by {self.manager}{when}" if self.exact else f"probably by {self.manager}{when}: its newest writer"


def stand(write: Write, document: Document | None) -> Stand:
    """Where `document`, freshly read, stands in relation to `write`."""
    if document is None or get(document, ("metadata", "uid")) != write.uid:
        return Stand.GONE
    if write.kind is WriteKind.STOP_OPERATION:
        return Stand.BEFORE if value_at(document, PHASE) == "Running" else Stand.AFTER
    if _applies(document, write.undo):
        return Stand.AFTER
    return Stand.BEFORE if _applies(document, write.patch) and not changed_since(write, document) else Stand.OTHER


def changed_since(write: Write, document: Document | None) -> tuple[str, ...]:
    """What is not any more as the plan captured it, a line each. Empty: the write does what the plan says."""
    if document is None:
        return (f"{write.target.short} is gone",)
    if get(document, ("metadata", "uid")) != write.uid:
        return (f"{write.target.short} was deleted and made anew",)
    return tuple(
        f"{write.target.short}: {_dotted(pointer)} is {_said(value_at(document, pointer))}, was {_said(_wanted(value))}"
        for pointer, value in write.captured.items()
        if not _equal(value_at(document, pointer), _wanted(value))
    )


def departures(write: Write, document: Document | None) -> tuple[Departure, ...]:
    """What is not as `write` left it. Empty where all is."""
    if document is None:
        return (Departure(UID, f"{write.target.short} is gone", True, UID),)
    if get(document, ("metadata", "uid")) != write.uid:
        return (Departure(UID, f"{write.target.short} was deleted and made anew", True, UID),)
    if write.kind is WriteKind.STOP_OPERATION:
        return ()
    found = []
    for operation in write.undo:
        if operation["op"] != "test":
            continue
        pointer, left = str(operation["path"]), operation.get("value")
        now = value_at(document, pointer)
        if not _equal(now, ABSENT if left is None and now is ABSENT else left):
            words = f"{write.target.short}: {_dotted(pointer)} is {_said(now)}, was written as {_said(left)}"
            undoes = _undoes(write, pointer, left, now, document)
            found.append(Departure(pointer, words, undoes, pointer + _inside(left, now)))
    return tuple(found)


def blame(document: Document | None, pointer: str, since: datetime | None = None) -> Blame:
    """Who wrote what is at `pointer` now. Whose newest entry is older than `since` did not take it away."""
    if document is None:
        return Blame("", None, False)
    fields = ManagedFields(document)
    tokens = parse(pointer)
    holders = fields.at(tokens) if get(document, tokens) is not ABSENT and pointer != UID else ()
    if holders:
        return Blame(holders[0].manager, holders[0].time, True)
    # An Application has no status subresource: its controller would always be the newest.
    newest = next((owner for owner in fields.at(("spec",)) if owner.subresource != "status"), None)
    # The API server keeps whole seconds. Who only takes fields away leaves no entry at all.
    if newest and since and newest.time and newest.time < since.replace(microsecond=0):
        newest = None
    return Blame(newest.manager, newest.time, False) if newest else Blame("", None, False)


def reconciled_at(document: Document | None) -> str:
    """What changes whenever the owner has reconciled, as the object says it; empty where it does not say.

    Argo CD Applications: `status.reconciledAt`. Flux Kustomizations: `status.history[0].lastReconciled`. An
    ApplicationSet writes nothing down when it reconciles.
    """
    for tokens in (("status", "reconciledAt"), ("status", "history", "0", "lastReconciled")):
        found = get(document, tokens)
        if isinstance(found, str):
            return found
    return ""


def _undoes(write: Write, pointer: str, left: Json, now: Json | Mark, document: Document) -> bool:
    if pointer.startswith(ANNOTATIONS):
        return False
    if pointer == AUTOMATED:
        # Somebody may have changed the policy and left it off; resuming then refuses, and the pause holds.
        return is_on(document)
    before = _wanted(write.captured.get(pointer))
    if isinstance(left, list):
        known: Sequence[Any] = before if isinstance(before, list) else ()
        ours = [item for item in left if not any(same(item, one) for one in known)]
        live: Sequence[Any] = now if isinstance(now, list) else ()
        return not all(any(same(item, one) for one in live) for item in ours)
    return True


def _inside(left: Json, now: Json | Mark) -> str:
    """The pointer from a value to the first field of it that differs; what is still there before what is gone."""
    if not isinstance(left, dict) or not isinstance(now, dict):
        return ""
    differ = [key for key in sorted({*left, *now}) if not _equal(now.get(key, ABSENT), left.get(key, ABSENT))]
    differ.sort(key=lambda key: key not in now)
    return build((differ[0],)) + _inside(left.get(differ[0]), now.get(differ[0], ABSENT)) if differ else ""


def _applies(document: Document, patch: Sequence[Operation]) -> bool:
    try:
        applied(document, patch)
    except PatchError:
        return False
    return bool(patch)


def _wanted(value: Json) -> Json | Mark:
    return ABSENT if value == {"absent": True} else value


def _equal(one: Json | Mark, other: Json | Mark) -> bool:
    if one is ABSENT or other is ABSENT:
        return one is other
    return same(one, other)


def _said(value: Json | Mark) -> str:
    return "not set" if value is ABSENT or value is None else inert(value_text(value), 120)


def _dotted(pointer: str) -> str:
    return inert(".".join(parse(pointer)), 120)
