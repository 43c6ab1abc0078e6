"""Audit files read for one question, and the answer in the form that the command prints."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple

from drifttui.core.audit import Line
from drifttui.core.audit_gathering import Gathering
from drifttui.core.audit_kubernetes import KubernetesCall
from drifttui.core.audit_question import AuditAnswer, AuditQuestion
from drifttui.core.errors import InputError
from drifttui.core.follow import SyncOperation
from drifttui.core.join import Answer
from drifttui.core.resource_question import ResourceQuestion
from drifttui.core.unseen import Log
from drifttui.sources.audit_log.search import Search
from drifttui.store.audit_files import STDIN, Reading, records
from drifttui.store.audit_index import AuditIndexes

from .answers import WHO, line_json


class Gathered(NamedTuple):
    calls: tuple[KubernetesCall, ...]
    operations: tuple[SyncOperation, ...]
    deletions: tuple[KubernetesCall, ...]
    log: Log

    @classmethod
    def of(cls, answer: AuditAnswer) -> Gathered:
        return cls(answer.calls, answer.operations, answer.deletions, log_of(answer))


def log_of(answer: AuditAnswer) -> Log:
    """What the join tells about the log as a whole."""
    return Log(
        answer.first, answer.newest, answer.events, answer.problems, answer.dropped, answer.future, answer.asked_at
    )


def gather(
    places: Sequence[str],
    questions: Sequence[ResourceQuestion],
    key: bytes,
    now: datetime,
    *,
    keep_status: bool = False,
    stdin: IO[bytes] | None = None,
) -> Gathered:
    """Every call on the asked objects in the files, redacted, with what is needed to follow controllers.

    Raises `InputError` for a file that is not there, `SourceError` where none can be read.
    """
    question = AuditQuestion(tuple(dict.fromkeys(questions)), status=keep_status)
    if STDIN in places:
        return _in_passing(places, question, key, now, stdin)
    for place in places:
        if not Path(place).expanduser().exists():
            raise InputError(f"No file {place}", hint="Give audit files, folders of them, or - for standard input.")
    search = Search(question, key, now, threading.Event())
    return Gathered.of(search.run([Path(place).expanduser() for place in places], AuditIndexes(), "audit files"))


def _in_passing(
    places: Sequence[str], question: AuditQuestion, key: bytes, now: datetime, stdin: IO[bytes] | None
) -> Gathered:
    """What can be read only once: every line of it."""
    reading = Reading()
    gathering = Gathering(question, key, now)
    names = [asked.name.encode() for asked in question.objects]

    def wanted(line: bytes) -> bool:
        if any(name in line for name in names) or (b"initiatedBy" in line and b"argoproj.io" in line):
            return True
        return b"deletecollection" in line or (b"delete" in line and b'"namespaces"' in line)

    for record in records(places, reading, wanted=wanted, stdin=stdin):
        gathering.take(record)
    more = {"first": reading.first, "newest": reading.last, "events": reading.lines, "problems": reading.problems}
    return Gathered.of(gathering.answer("audit files", **more))


def answer_json(answer: Answer, **more: Any) -> dict[str, Any]:
    return {
        "schema": WHO,
        **more,
        "lines": [line_json(line) for line in answer.lines],
        "unseen": list(answer.unseen),
        "set_aside": list(answer.set_aside),
    }


def found_anyone(lines: Iterable[Line]) -> bool:
    """Whether anything was attributed: a line that names an actor, or at least the path by which the change came."""
    return any(line.actor.name or line.via for line in lines)
