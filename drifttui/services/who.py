"""Audit files read for one question, and the answer in the form that the command prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import IO, Any, Final, NamedTuple

from drifttui.core.audit import Line, Unreadable
from drifttui.core.audit_kubernetes import READS, KubernetesCall, is_final, read_event
from drifttui.core.audit_redact import redacted
from drifttui.core.follow import SyncOperation, application_of, operations_in
from drifttui.core.join import Answer
from drifttui.core.resource_question import ResourceQuestion
from drifttui.core.unseen import Log
from drifttui.store.audit_files import STDIN, Reading, Wanted, records

from .answers import WHO, moment

KEEP_CALLS: Final = 4000
"""Calls on the asked objects that are held at once; older ones give way and are counted."""
KEEP_OPERATIONS: Final = 20_000
_FUTURE: Final = timedelta(minutes=5)


class Gathered(NamedTuple):
    calls: tuple[KubernetesCall, ...]
    operations: tuple[SyncOperation, ...]
    deletions: tuple[KubernetesCall, ...]
    log: Log


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

    Lines that name none of the objects are not parsed. Raises `InputError` for a file that is not there.
    """
    reading = Reading()
    names = [question.name.encode() for question in questions]
    namespaces = [question.namespace.encode() for question in questions if question.namespace]

    once = STDIN in places

    def wanted(line: bytes) -> bool:
        for name in names:
            if name in line:
                return True
        if once and _is_operation(line):
            return True
        if b"delete" not in line:
            return False
        inside = not namespaces or any(namespace in line for namespace in namespaces)
        return inside and (b"deletecollection" in line or b'"namespaces"' in line)

    kept = _Kept(questions, key, keep_status)
    _take_all(kept, places, reading, wanted, stdin)
    if not once and any("argocd" in call.authenticated_as for call in kept.calls):
        # Operations fill most of the log of a cluster that runs Argo CD: they are looked for only where one matters.
        _take_all(kept, places, Reading(), _operations_of(kept.calls), None, operations_only=True)
    future = sum(call.received is not None and call.received > now + _FUTURE for call in kept.calls)
    log = Log(reading.first, reading.last, reading.lines, dict(reading.problems), kept.dropped, future, now)
    return Gathered(tuple(kept.calls), tuple(kept.operations.values()), tuple(kept.deletions), log)


def _is_operation(line: bytes) -> bool:
    return b"initiatedBy" in line and b"argoproj.io" in line


def _operations_of(calls: Sequence[KubernetesCall]) -> Wanted:
    """Operations of the applications that the objects say they belong to; of all where none says so."""
    bodies = (body for call in calls for body in (call.response, call.request))
    found = {name.rpartition("_")[2].encode() for body in bodies if (name := application_of(body))}
    return lambda line: _is_operation(line) and (not found or any(name in line for name in found))


def _take_all(
    kept: _Kept,
    places: Sequence[str],
    reading: Reading,
    wanted: Wanted,
    stdin: IO[bytes] | None,
    *,
    operations_only: bool = False,
) -> None:
    for record in records(places, reading, wanted=wanted, stdin=stdin):
        try:
            kept.take(read_event(record), operations_only=operations_only)
        except Unreadable as problem:
            reading.problems[f"record that is no audit event ({problem})"] += 1


class _Kept:
    """What is held of a log of any size."""

    def __init__(self, questions: Sequence[ResourceQuestion], key: bytes, keep_status: bool) -> None:
        self._questions, self._key, self._status = questions, key, keep_status
        self.calls: list[KubernetesCall] = []
        self.operations: dict[tuple[str, ...], SyncOperation] = {}
        self.deletions: list[KubernetesCall] = []
        self.dropped = 0

    def take(self, call: KubernetesCall, *, operations_only: bool = False) -> None:
        if len(self.operations) < KEEP_OPERATIONS:
            for entry in operations_in(call):
                known = (entry.namespace, entry.application, entry.username, str(entry.started), str(entry.finished))
                self.operations[known] = entry
        if operations_only:
            return
        if call.resource == "namespaces" and call.verb == "delete" and is_final(call):
            self.deletions.append(call._replace(request=None, response=None))
        if call.verb in READS or not any(self._concerns(question, call) for question in self._questions):
            return
        self.calls.append(redacted(call, self._key, keep_status=self._status))
        if len(self.calls) > KEEP_CALLS + KEEP_CALLS // 4:
            self.calls.sort(key=lambda each: each.received.timestamp() if each.received else 0.0)
            self.dropped += len(self.calls) - KEEP_CALLS
            del self.calls[: len(self.calls) - KEEP_CALLS]

    @staticmethod
    def _concerns(question: ResourceQuestion, call: KubernetesCall) -> bool:
        if question.is_about(call):
            return True
        return call.verb == "deletecollection" and question.same_kind(call) and question.same_namespace(call)


def line_json(line: Line, **more: Any) -> dict[str, Any]:
    """An entry of `lines`. Keys that say nothing are left out, but for those that the schema promises."""
    actor: dict[str, Any] = {"name": line.actor.name or None, "kind": line.actor.kind.value}
    for name in ("short", "arn", "through"):
        if value := getattr(line.actor, name):
            actor[name] = value
    return {
        **more,
        "path": line.path,
        "actor": actor,
        "via": line.via,
        "time": moment(line.time),
        "confidence": line.confidence,
        "grade": line.grade.value,
        "event_ids": list(line.event_ids),
        "reasons": list(line.reasons),
    }


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
