"""Who changed the fields of one finding, as everything that was asked came to answer it.

Made from the join, kept beside the finding, shown by every pane and command, and handed to the rules as audit events:
one answer for all of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from .audit import ActorKind, Line
from .case import AuditEvent

if TYPE_CHECKING:
    from .audit_cloudtrail import CloudTrailCall
    from .audit_kubernetes import KubernetesCall

SURE = ((0.9, "Certain"), (0.7, "Likely"), (0.4, "Possible"))
"""What a confidence is called; below the last it is a guess."""
SHOWN = 3
"""Events that are kept whole, for the pane."""


class Raw(NamedTuple):
    """One event as it is shown: redacted already. `verb` is the call's name where it is one of CloudTrail. `request` is
    the body as logged, None where it was not."""

    time: datetime | None
    verb: str
    what: str
    code: int | None
    source_ip: str
    user_agent: str
    id: str
    level: str
    request: Any = None

    @classmethod
    def of(cls, call: KubernetesCall) -> Raw:
        what = "/".join(part for part in (call.resource, call.object_name, call.subresource) if part)
        address = call.source_ips[-1] if call.source_ips else ""
        return cls(
            call.received, call.verb, what, call.code, address, call.user_agent, call.audit_id, call.level, call.request
        )

    @property
    def from_cloudtrail(self) -> bool:
        """Verbs of Kubernetes are in lower case."""
        return self.verb[:1].isupper()

    @classmethod
    def of_cloud(cls, call: CloudTrailCall) -> Raw:
        """CloudTrail tells a status only where a call failed, and has no levels."""
        service = (call.source or "").removesuffix(".amazonaws.com")
        what = " in ".join(part for part in (service, call.region or "") if part)
        address, client = call.source_ip or "", call.user_agent or ""
        return cls(call.time, call.name or "", what, None, address, client, call.event_id or "", "", call.request)


class Attributed(NamedTuple):
    """`events` None: no audit log could be read, so that nothing is known of who; empty: read, and nobody wrote."""

    lines: tuple[Line, ...] = ()
    """Per changed field its writer, and after it an engine that put the field back."""
    unseen: tuple[str, ...] = ()
    """In one sentence each what could not be seen."""
    set_aside: tuple[str, ...] = ()
    """Why other calls on the object are not to blame."""
    raw: tuple[Raw, ...] = ()
    events: tuple[AuditEvent, ...] | None = None
    sources: tuple[str, ...] = ()
    """Audit sources that answered."""
    configured: bool = False
    """Whether any audit source could have been asked."""
    pending: bool = False
    """Asked, and not answered yet."""
    may_arrive: bool = False
    """What is looked for may not have been delivered yet: it is asked again."""
    at: datetime | None = None

    def line_for(self, path: str) -> Line | None:
        """The writer of one field."""
        return next((line for line in self.lines if line.path == path), None)

    @property
    def best(self) -> Line | None:
        """The line for the whole finding: whoever is named most surely, annotations and labels last."""
        named = [line for line in self.lines if line.actor.name]
        pool = named or list(self.lines)
        return max(pool, key=lambda line: (not line.path.startswith("/metadata/"), line.confidence), default=None)

    @property
    def best_raw(self) -> Raw | None:
        best = self.best
        return next((raw for raw in self.raw if best and raw.id in best.event_ids), None)


def sureness(confidence: float) -> str:
    return next((word for least, word in SURE if confidence >= least), "A guess")


def kind_word(kind: ActorKind) -> str:
    return {ActorKind.CI: "CI", ActorKind.CLOUD_SERVICE: "cloud service", ActorKind.UNKNOWN: "account"}.get(
        kind, kind.value
    )


def short_name(line: Line) -> str:
    """For a column: the name before an address' domain, a controller by what it is called, else the client."""
    actor = line.actor
    if not actor.name:
        return line.via
    if actor.kind in (ActorKind.CONTROLLER, ActorKind.CLOUD_SERVICE) and line.via and not line.via.startswith("API"):
        return line.via
    words = actor.words
    return words.partition("@")[0] if "@" in words else words.rpartition("/")[2] or words
