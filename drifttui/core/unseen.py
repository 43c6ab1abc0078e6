"""What an attribution could not see, one sentence each: "nobody" is not "nobody that we could see"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from .audit import Line
from .history import History, Step
from .ownership import ManagedFields
from .planes import ABSENT
from .pointers import get, parse
from .resource_question import ResourceQuestion

if TYPE_CHECKING:
    from .audit_question import AuditAnswer

NO_AUDIT = "Kubernetes audit log: none given, so who wrote a field is not known"
NO_CLOUDTRAIL = "CloudTrail: no AWS account is configured, so who wrote a field is not known"
_LATE = timedelta(minutes=15)


class Log(NamedTuple):
    """What reading the files showed beside the calls themselves."""

    first: datetime | None = None
    """Time of the earliest and of the latest event that was looked at."""
    last: datetime | None = None
    events: int = 0
    problems: Mapping[str, int] = {}
    """What could not be read → how many lines or records."""
    dropped: int = 0
    """Older calls on the object that were left out to bound memory."""
    future: int = 0
    """Events dated after now."""
    now: datetime | None = None


def log_of(answers: Sequence[AuditAnswer]) -> Log | None:
    """All sources as one log; None where none answered."""
    if not answers:
        return None
    problems: Counter[str] = Counter()
    for answer in answers:
        problems.update(answer.problems)
    return Log(
        min((answer.first for answer in answers if answer.first), default=None),
        max((answer.newest for answer in answers if answer.newest), default=None),
        sum(answer.events for answer in answers),
        dict(problems),
        sum(answer.dropped for answer in answers),
        sum(answer.future for answer in answers),
        max((answer.asked_at for answer in answers if answer.asked_at), default=None),
    )


def unseen_of(
    question: ResourceQuestion,
    history: History,
    steps: Sequence[Step],
    live: Any,
    log: Log | None,
    paths: Sequence[str],
    lines: Sequence[Line],
    since: datetime | None,
) -> tuple[str, ...]:
    found: list[str] = []
    if log is None:
        found.append(NO_AUDIT)
    else:
        found.extend(of_log(log))
        if not history.steps and not lines:
            found.append(f"the audit log holds no write of {question}" + _rotated(log))
        elif log.first is not None and not any(line.confidence > 0.5 for line in lines):
            found.append(f"the audit log starts at {_at(log.first)}: an earlier write is not in it")
        earlier = len(history.steps) - len(steps)
        if earlier:
            found.append(f"{earlier} earlier writes are left out by --since {_at(since)}")
    blind = [step.call for step in steps if step.written is None]
    truncated = sum(call.truncated for call in blind)
    if truncated:
        found.append(
            f"{truncated} calls lost their bodies to the size limit of the log: which fields they wrote is not known"
        )
    if len(blind) > truncated:
        levels = sorted({call.level or "unknown" for call in blind if not call.truncated})
        words = f"{len(blind) - truncated} writes were logged without bodies (level {', '.join(levels)})"
        found.append(f"{words}: which fields they wrote is not known")
    if history.unfinished:
        found.append(f"{history.unfinished} calls on the object were still running where the log ends")
    found.extend(_ownership(live, paths, log))
    if any(step.possible for step in steps):
        found.append("some writes of the object are missing between those that the log holds")
    return tuple(dict.fromkeys(found))


def of_log(log: Log) -> list[str]:
    """Sentences about the files as a whole."""
    found = [f"{count} × {problem}: a call that matters may be among them" for problem, count in log.problems.items()]
    if log.dropped:
        found.append(f"{log.dropped} older calls on the object were left out to bound memory")
    if log.future:
        found.append(f"{log.future} events are dated in the future: a clock is wrong")
    return found


def _rotated(log: Log) -> str:
    return f" between {_at(log.first)} and {_at(log.last)}" if log.first and log.last else ""


def _ownership(live: Any, paths: Sequence[str], log: Log | None) -> list[str]:
    if live is None:
        return ["the live object: none given, so managedFields could not confirm or contradict"] if log else []
    held = ManagedFields(live)
    if not held.known:
        return ["managedFields: the object carries none"]
    found = [
        f"{path} is not in the live object, and a removed field has no owner in managedFields"
        for path in paths
        if path and get(live, parse(path)) is ABSENT
    ]
    newest = max((owner.time for owner in held.at(()) if owner.time and owner.subresource != "status"), default=None)
    if log is not None and newest is not None and log.last is not None and newest > log.last + timedelta(seconds=2):
        ends = f"after the end of the log ({_at(log.last)})"
        found.append(f"the object was written at {_at(newest)}, {ends}: the event may still arrive")
    if log is not None and newest is not None and log.first is not None and newest < log.first - timedelta(seconds=2):
        found.append(f"the object was last written at {_at(newest)}, before the log starts ({_at(log.first)})")
    return found


def cloudtrail_late(last: datetime | None, now: datetime | None) -> str:
    """CloudTrail delivers within about fifteen minutes: until then no answer about the newest calls is final."""
    if last is None or now is None or now - last < _LATE:
        return "CloudTrail delivers up to 15 minutes late: the event may still arrive"
    return f"CloudTrail delivers up to 15 minutes late: calls after {_at(last)} may still arrive"


def _at(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}" if moment else "an unknown time"
