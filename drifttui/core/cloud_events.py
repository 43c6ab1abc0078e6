"""What CloudTrail says about one resource, as the events that the rules judge by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .actors_aws import actor_of
from .audit import Line
from .audit_cloudtrail import CloudTrailCall
from .case import AuditEvent
from .join import Answer
from .join_cloudtrail import CloudQuestion, changes_path

EVENTS: Final = 500
SOURCE: Final = "cloudtrail"


def cloud_events(
    question: CloudQuestion, answer: Answer, calls: Iterable[CloudTrailCall], paths: Mapping[str, str]
) -> tuple[AuditEvent, ...]:
    """The calls that the join names, oldest first. `paths` are its paths → those of the changes.

    Where it names a writer of a field, the rules get the same one: its event touches the field, and no other does.
    """
    writers: dict[str, Line] = {}
    named: set[str] = set()
    for line in answer.lines:
        writers.setdefault(line.path, line)
        named.update(line.event_ids)
    found: dict[str, AuditEvent] = {}
    for call in calls:
        if not call.event_id or call.event_id not in named or call.event_id in found:
            continue
        own = [path for path, line in writers.items() if call.event_id in line.event_ids]
        actor = actor_of(call.principal)
        found[call.event_id] = AuditEvent(
            time=call.time,
            actor=actor.name,
            actor_kind=actor.kind.case_word,
            verb=call.name or "",
            source=SOURCE,
            user_agent=call.user_agent or "",
            source_ip=call.source_ip or "",
            event_id=call.event_id,
            touches=tuple(paths.get(path, path) for path in own if changes_path(question, call, path)),
        )
    return tuple(sorted(found.values(), key=lambda each: each.time.timestamp() if each.time else 0.0)[-EVENTS:])
