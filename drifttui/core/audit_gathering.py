"""Records of a Kubernetes audit log become the calls of one answer, whatever store they came from.

Bounded: the newest calls are kept and the number of older ones that gave way is told.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from .audit import Unreadable
from .audit_kubernetes import READS, KubernetesCall, is_final, read_event
from .audit_question import AuditAnswer, AuditQuestion
from .audit_redact import redacted
from .follow import SyncOperation, operations_in
from .resource_question import ResourceQuestion

KEEP_CALLS: Final = 4000
"""Calls on the asked objects that are held at once."""
KEEP_OPERATIONS: Final = 20_000
_FUTURE: Final = timedelta(minutes=5)


class Gathering:
    """Takes raw records in any order; `answer` gives what they come to."""

    def __init__(self, question: AuditQuestion, key: bytes, now: datetime) -> None:
        self._question, self._key, self._now = question, key, now
        self._operations: dict[tuple[str, ...], SyncOperation] = {}
        self._deletions: list[KubernetesCall] = []
        self._dropped = 0
        self.calls: list[KubernetesCall] = []
        self.problems: Counter[str] = Counter()

    def take(self, record: Any, *, operations_only: bool = False) -> KubernetesCall | None:
        """One decoded record: an event, or a cloud's wrapper around one. Gives the call where it is on an asked object.

        What is no audit event is counted. `operations_only`: look for syncs of Argo CD and for nothing else.
        """
        try:
            call = read_event(record)
        except Unreadable as problem:
            self.problems[f"record that is no audit event ({problem})"] += 1
            return None
        if len(self._operations) < KEEP_OPERATIONS:
            for entry in operations_in(call):
                known = (entry.namespace, entry.application, entry.username, str(entry.started), str(entry.finished))
                self._operations[known] = entry
        if operations_only or self._outside(call):
            return None
        if call.resource == "namespaces" and call.verb == "delete" and is_final(call):
            self._deletions.append(call._replace(request=None, response=None))
        if call.verb in READS or not any(_concerns(object_, call) for object_ in self._question.objects):
            return None
        call = redacted(call, self._key, keep_status=self._question.status)
        self.calls.append(call)
        if len(self.calls) > KEEP_CALLS + KEEP_CALLS // 4:
            self.calls.sort(key=_moment)
            self._dropped += len(self.calls) - KEEP_CALLS
            del self.calls[: len(self.calls) - KEEP_CALLS]
        return call

    def _outside(self, call: KubernetesCall) -> bool:
        """After the range. Calls before it are kept where a store hands them out: they say what the object was."""
        until = self._question.until
        return until is not None and call.received is not None and call.received > until

    def answer(self, source: str, **more: Any) -> AuditAnswer:
        """`more` are fields of `AuditAnswer` that only the store knows (`unseen`, `first`, `newest`, `scanned`, …)."""
        problems = Counter(self.problems)
        problems.update(more.pop("problems", {}))
        future = sum(call.received is not None and call.received > self._now + _FUTURE for call in self.calls)
        return AuditAnswer(
            source,
            calls=tuple(self.calls),
            operations=tuple(self._operations.values()),
            deletions=tuple(self._deletions),
            problems=dict(problems),
            dropped=self._dropped,
            future=future,
            asked_at=self._now,
            **more,
        )


def _moment(call: KubernetesCall) -> float:
    return call.received.timestamp() if call.received else 0.0


def _concerns(question: ResourceQuestion, call: KubernetesCall) -> bool:
    if question.is_about(call):
        return True
    return call.verb == "deletecollection" and question.same_kind(call) and question.same_namespace(call)
