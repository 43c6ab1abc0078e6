"""Who changed a resource of a stack: what every source of CloudTrail answers about it, joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from drifttui.core.attributed import SHOWN, Attributed, Raw
from drifttui.core.audit import Line
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Why
from drifttui.core.cloud_events import cloud_events
from drifttui.core.cloud_subject import Subject, attribute_paths, subject_of
from drifttui.core.cloudtrail_search import accounts_of
from drifttui.core.finding import Finding
from drifttui.core.inspection import Inspection
from drifttui.core.join_cloudtrail import CloudQuestion, who_cloudtrail
from drifttui.core.ports import AuditSource
from drifttui.core.unseen import NO_CLOUDTRAIL, Log, log_of

from .attribution import true_at

PER_PATH: Final = 2
"""Calls that are told for one attribute: the one to blame, and the next."""
DELIVERED: Final = timedelta(minutes=17)
"""After this long CloudTrail has delivered what was there when the drift was first seen."""
_SKEW: Final = timedelta(minutes=1)


class Asked(NamedTuple):
    """What one source was asked, and what it answered or why it did not."""

    source: str
    clouds: tuple[CloudQuestion, ...]
    answer: AuditAnswer | str


def subject(finding: Finding, inspection: Inspection | None) -> Subject:
    planes = next((each for each in inspection.resources if each.ref == finding.ref), None) if inspection else None
    return subject_of(finding.ref, planes)


def question_to(
    source: AuditSource, about: Sequence[tuple[Finding, CloudQuestion]], now: datetime
) -> AuditQuestion | None:
    """What this source can know of; None where that is nothing. A source that covers no account is asked about all."""
    wanted = [
        (finding, question)
        for finding, question in about
        if not source.covers or not accounts_of(question) or source.covers & accounts_of(question)
    ]
    if not wanted:
        return None
    clouds = tuple(dict.fromkeys(question for _, question in wanted))
    seen = [true_at(finding) for finding, _ in wanted]
    newest = max((at for at in seen if at is not None), default=now) + _SKEW
    # A range that ends long ago is all delivered, and the source knows it.
    return AuditQuestion(clouds=clouds, until=newest if None not in seen and now - newest > DELIVERED else None)


def unasked(found: Subject, *, configured: bool) -> Attributed:
    """Before any answer."""
    if found.question is None:
        return Attributed(unseen=(found.why,))
    return Attributed(unseen=() if configured else (NO_CLOUDTRAIL,), configured=configured, pending=configured)


def attributed_cloud(
    finding: Finding,
    question: CloudQuestion,
    asked: Sequence[Asked],
    now: datetime,
    seen: datetime,
    after: datetime | None = None,
) -> Attributed:
    """The answers of every source that was asked about this resource. `seen` is when this drift was first seen; calls
    until `after` are not meant."""
    about = [each for each in asked if question in each.clouds]
    answers = [each.answer for each in about if isinstance(each.answer, AuditAnswer)]
    failures = [each.answer for each in about if isinstance(each.answer, str)]
    if not about:
        accounts = ", ".join(sorted(accounts_of(question)))
        failures = [f"no source of CloudTrail records account {accounts}"]
    calls = [call for answer in answers for call in answer.cloud_calls]
    if after is not None:
        calls = [call for call in calls if call.time is None or call.time > after]
    read = true_at(finding)
    everything = len(calls)
    if read is not None:
        calls = [call for call in calls if call.time is None or call.time <= read + _SKEW]
    later = everything - len(calls)
    paths = attribute_paths(finding.ref.kind, finding.changes)
    log = log_of(answers) or Log(now=now)
    answer = who_cloudtrail(question, calls, log, paths=tuple(paths))
    waits = now - seen < DELIVERED
    notes = [entry for each in answers for entry in each.unseen if waits or entry.why is not Why.LATE]
    late = any(entry.why is Why.LATE for entry in notes)
    # Every store says for itself what may still arrive.
    told = [sentence for sentence in answer.unseen if not sentence.startswith("CloudTrail delivers")]
    set_aside = answer.set_aside
    if later:
        set_aside = (*set_aside, f"{later} × after the resource was read ({read:%Y-%m-%d %H:%M:%SZ})")
    lines = _told(answer.lines, paths)
    ids = {id_ for line in lines for id_ in line.event_ids}
    raw = {call.event_id: Raw.of_cloud(call) for call in calls if call.event_id in ids}
    ordered = sorted(raw.values(), key=lambda each: each.time.timestamp() if each.time else 0.0)
    return Attributed(
        lines=lines,
        unseen=tuple(dict.fromkeys((*failures, *(entry.words for entry in notes), *told))),
        set_aside=set_aside,
        raw=tuple(ordered[-SHOWN:]),
        # CloudTrail never reaches back to the beginning: finding nothing says nothing of who it was.
        events=cloud_events(question, answer, calls, paths) or None,
        sources=tuple(each.source for each in answers),
        configured=True,
        may_arrive=late,
        at=now,
    )


def _told(lines: Sequence[Line], paths: Mapping[str, str]) -> tuple[Line, ...]:
    """The best of each path, by the paths of the changes."""
    found: list[Line] = []
    told: dict[str, int] = {}
    for line in lines:
        told[line.path] = told.get(line.path, 0) + 1
        if told[line.path] <= PER_PATH:
            found.append(line._replace(path=paths.get(line.path, line.path)))
    return tuple(found)
