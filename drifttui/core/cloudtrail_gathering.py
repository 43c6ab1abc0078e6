"""Records of CloudTrail become the calls of one answer, whatever store they came from.

Bounded: the newest calls are kept and the number of older ones that gave way is told. Records occur twice in files and
come in any order.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

from .audit import Unreadable
from .audit_cloudtrail import CloudTrailCall, read_record
from .audit_question import AuditAnswer, AuditQuestion, Unseen, Why
from .cloudtrail_redact import redacted_call
from .cloudtrail_search import mentions, needles

KEEP_CALLS: Final = 4000
DELAY: Final = timedelta(minutes=15)
"""CloudTrail promises nothing, and delivers nearly everything within this."""
_FUTURE: Final = timedelta(minutes=5)


class CloudGathering:
    """Takes raw records in any order; `answer` gives what they come to."""

    def __init__(self, question: AuditQuestion, key: bytes, now: datetime) -> None:
        self._question, self._key, self._now = question, key, now
        self.needles = needles(question.clouds)
        self._seen: set[str] = set()
        self._dropped = 0
        self.twice = 0
        self.events = 0
        self.newest: datetime | None = None
        self.first: datetime | None = None
        self.calls: list[CloudTrailCall] = []
        self.problems: Counter[str] = Counter()

    def take(self, record: Any) -> CloudTrailCall | None:
        """One decoded record. Gives the call, redacted, where it is kept. Counts what is no record."""
        call = self.matching(record)
        return self._kept(call) if call is not None else None

    def matching(self, record: Any) -> CloudTrailCall | None:
        """The call of a record, redacted and not kept yet, where it may name an asked resource, at whatever time."""
        self.events += 1
        call = self._parsed(record)
        if call is None:
            return None
        self._dated(call)
        return redacted_call(call, self._key) if mentions(call, self.needles) else None

    def read(self, record: Any) -> CloudTrailCall | None:
        """The call of a record, redacted and not kept; None and counted for what is none."""
        call = self._parsed(record)
        return redacted_call(call, self._key) if call is not None else None

    def add(self, call: CloudTrailCall) -> CloudTrailCall | None:
        """A call that `read` gave."""
        self._dated(call)
        return self._kept(call) if mentions(call, self.needles) else None

    def _parsed(self, record: Any) -> CloudTrailCall | None:
        try:
            return read_record(record)
        except Unreadable as problem:
            self.problems[f"record that is no CloudTrail event ({problem})"] += 1
            return None

    def _dated(self, call: CloudTrailCall) -> None:
        if call.time is not None and call.time <= self._now + _FUTURE:
            self.newest = call.time if self.newest is None or call.time > self.newest else self.newest
            self.first = call.time if self.first is None or call.time < self.first else self.first

    def _kept(self, call: CloudTrailCall) -> CloudTrailCall | None:
        if not call.is_write or self._outside(call):
            return None
        known = f"{call.event_id}/{call.name}/{call.time_text}"
        if call.event_id is not None and known in self._seen:
            self.twice += 1
            return None
        self._seen.add(known)
        self.calls.append(call)
        if len(self.calls) > KEEP_CALLS + KEEP_CALLS // 4:
            self.calls.sort(key=_moment)
            self._dropped += len(self.calls) - KEEP_CALLS
            del self.calls[: len(self.calls) - KEEP_CALLS]
        return call

    def _outside(self, call: CloudTrailCall) -> bool:
        since, until = self._question.since, self._question.until
        if call.time is None:
            return False
        return (until is not None and call.time > until) or (since is not None and call.time < since)

    def answer(self, source: str, **more: Any) -> AuditAnswer:
        """`more` are fields of `AuditAnswer` that only the store knows. Says by itself what may still arrive."""
        problems = Counter(self.problems)
        problems.update(more.pop("problems", {}))
        unseen = tuple(more.pop("unseen", ()))
        if words := late(source, self._question, self._now):
            unseen = (*unseen, Unseen(Why.LATE, words))
        return AuditAnswer(
            source,
            cloud_calls=tuple(self.calls),
            unseen=unseen,
            first=more.pop("first", self.first),
            newest=more.pop("newest", self.newest),
            delay=DELAY,
            events=more.pop("events", self.events),
            problems=dict(problems),
            dropped=self._dropped,
            future=sum(call.time is not None and call.time > self._now + _FUTURE for call in self.calls),
            asked_at=self._now,
            **more,
        )


def late(source: str, question: AuditQuestion, now: datetime) -> str:
    """A sentence where the range reaches into the time that CloudTrail may not have delivered yet; else empty."""
    until = question.until or now
    if now - until >= DELAY:
        return ""
    begins = max(now - DELAY, question.since) if question.since else now - DELAY
    return f"{source}: CloudTrail delivers up to 15 minutes late: calls after {begins:%H:%M:%SZ} may still arrive"


def _moment(call: CloudTrailCall) -> float:
    return call.time.timestamp() if call.time else 0.0
