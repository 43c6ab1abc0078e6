"""Who undid a drift that is gone, and by which path, as it is told."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from .attributed import sureness
from .audit import Line
from .errors import inert

NOBODY_ASKED: Final = "no audit log is read, and the object names no writer of the field since"


class Undone(NamedTuple):
    finding: str
    resource: str
    summary: str
    gone: datetime
    how: str
    path: str = ""
    """`write`, `sync`, `reconcile`, `merge`; empty where that is not known."""
    line: Line | None = None
    """The one to name. An actor without a name: only the client is known."""
    unseen: tuple[str, ...] = ()
    """In one sentence each what could not be seen; of a `line` without a name, and of none, the first says why."""
    pending: bool = False
    """Somebody is being asked."""

    @property
    def named(self) -> bool:
        return self.line is not None and bool(self.line.actor.name)


def undone_words(found: Undone) -> str:
    """`put back by bob@example.com (kubectl scale) at 03:12:04Z, certain (6e0bdbd5)`; or why nobody can be named."""
    line = found.line
    deed = "brought into what is declared" if found.path == "merge" else "put back"
    if line is not None and line.actor.name:
        via = f" ({line.via})" if line.via else ""
        at = f" at {line.time:%Y-%m-%d %H:%M:%SZ}" if line.time else ""
        proof = f" ({', '.join(line.event_ids[:2])})" if line.event_ids else ""
        return inert(f"{deed} by {line.actor.words}{via}{at}, {sureness(line.confidence).lower()}{proof}", 400)
    if found.pending:
        return "who undid it is being asked"
    why = found.unseen[0] if found.unseen else NOBODY_ASKED
    through = f"{deed} by {line.via}, " if line is not None and line.via else ""
    return inert(f"{through}who undid it is unknown, because {why}", 400)
