"""What an audit log says about one object, as the events that the rules judge by."""

from __future__ import annotations

from typing import Final

from .attribute import related
from .audit import Line
from .audit_kubernetes import KubernetesCall
from .case import AuditEvent
from .field_paths import pointer
from .follow import follow
from .join import Answer, Evidence

EVENTS: Final = 500
"""Writes that the rules are given; more of them say nothing new."""
SOURCE: Final = "kubernetes-audit"


def rule_events(answer: Answer, evidence: Evidence) -> tuple[AuditEvent, ...]:
    """The writes of an answer, oldest first, each by the one who asked for it.

    Where the join named a writer of a field, the rules get the same one: its event touches the field, and no later one
    does, for the join knows why a later one is not to blame.
    """
    writers = {line.path: line for line in reversed(answer.lines) if line.actor.name and line.event_ids}
    events = []
    for step in answer.steps[-EVENTS:]:
        call = step.call
        own = [path for path, line in writers.items() if call.audit_id and call.audit_id in line.event_ids]
        touches: tuple[str, ...] | None = None
        if step.written is not None or own:
            document = step.document if isinstance(step.document, dict) else {}
            written = (pointer(entry.path, document) for entry in step.written or ())
            touches = tuple(dict.fromkeys((*own, *(path for path in written if not _excused(path, call, writers)))))
        actor, _ = follow(call, answer.application, evidence.operations, evidence.deletions)
        events.append(
            AuditEvent(
                time=call.received,
                actor=actor.name,
                actor_kind=actor.kind.case_word,
                verb=call.verb,
                source=SOURCE,
                user_agent=call.user_agent,
                source_ip=call.source_ips[-1] if call.source_ips else "",
                event_id=call.audit_id,
                touches=touches,
            )
        )
    return tuple(events)


def _excused(path: str, call: KubernetesCall, writers: dict[str, Line]) -> bool:
    """Whether the join blames an earlier call for a field that this one wrote too."""
    return any(
        related(path, field) and line.time is not None and call.received is not None and call.received > line.time
        for field, line in writers.items()
    )
