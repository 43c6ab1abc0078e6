"""CloudTrail files read for one AWS resource."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import IO, Final

from drifttui.core.audit import Unreadable
from drifttui.core.audit_cloudtrail import CloudTrailCall, read_record
from drifttui.core.cloudtrail_names import parse_address
from drifttui.core.cloudtrail_search import mentions, needles
from drifttui.core.join import Answer
from drifttui.core.join_cloudtrail import CloudQuestion, who_cloudtrail
from drifttui.core.unseen import Log
from drifttui.store.audit_files import Reading, records

KEEP_CALLS: Final = 20_000
_FUTURE: Final = timedelta(minutes=5)


def cloud_question(address: str, ids: Sequence[str]) -> CloudQuestion:
    """Raises `InputError` for an address that is none. Without ids the address' own name has to do."""
    kind, name, key = parse_address(address) if address else ("", "", "")
    if ids:
        return CloudQuestion(kind, tuple(ids))
    guesses = {name, name.replace("_", "-"), key} - {""}
    return CloudQuestion(kind, tuple(sorted(guesses)), guessed=True)


def cloudtrail_answer(
    places: Sequence[str],
    address: str,
    ids: Sequence[str],
    paths: Sequence[str],
    since: datetime | None,
    now: datetime,
    stdin: IO[bytes] | None = None,
) -> Answer:
    """Raises `InputError` for a wrong address or a file that is not there."""
    question = cloud_question(address, ids)
    sought = needles((question,))
    reading = Reading()

    def wanted(line: bytes) -> bool:
        lower = line.lower()
        return any(needle in lower for needle in sought)

    calls: list[CloudTrailCall] = []
    dropped = 0
    for record in records(places, reading, wanted=wanted, stdin=stdin):
        try:
            call = read_record(record)
        except Unreadable as problem:
            reading.problems[f"record that is no CloudTrail event ({problem})"] += 1
            continue
        reading.at(call.time)
        if not mentions(call, sought):
            continue
        calls.append(call)
        if len(calls) > KEEP_CALLS + KEEP_CALLS // 4:
            calls.sort(key=lambda each: each.time.timestamp() if each.time else 0.0)
            dropped += len(calls) - KEEP_CALLS
            del calls[: len(calls) - KEEP_CALLS]
    future = sum(call.time is not None and call.time > now + _FUTURE for call in calls)
    log = Log(reading.first, reading.last, reading.lines, dict(reading.problems), dropped, future, now)
    return who_cloudtrail(question, calls, log, paths=paths, since=since)
