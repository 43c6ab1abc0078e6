"""CloudTrail on this machine: log files that were fetched, folders of them, answers of LookupEvents, gzip."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Trail, Unseen, Why
from drifttui.core.cloudtrail_gathering import CloudGathering
from drifttui.core.errors import InputError, Missing, SourceError
from drifttui.core.health import Permission, SourceHealth, Standing
from drifttui.core.planes import Plane
from drifttui.core.ports import Clock
from drifttui.store.audit_files import Reading, files_in, newest_time, records


class CloudTrailLog:
    """`AuditSource`. Files are read through for every question: they are as many as somebody fetched."""

    system: ClassVar[str] = "CloudTrail files"
    planes: ClassVar[frozenset[Plane]] = frozenset()
    trail = Trail.CLOUDTRAIL
    covers: frozenset[str] = frozenset()

    def __init__(self, places: Sequence[Path], clock: Clock, *, key: bytes) -> None:
        self.name = "cloudtrail-log"
        self._places = tuple(place.expanduser() for place in places)
        self._clock, self._key = clock, key
        self._answers = 0

    async def check(self) -> SourceHealth:
        return await asyncio.to_thread(self._check)

    def _check(self) -> SourceHealth:
        gone = [place for place in self._places if not place.exists() or not files_in(place)]
        files = [file for place in self._places if place not in gone for file in files_in(place)]
        newest = max(filter(None, map(newest_time, files[-3:])), default=None)
        standing = Standing.OK if not gone else Standing.DEGRADED if files else Standing.BLIND
        return SourceHealth(
            self.name,
            self.system,
            standing,
            address=", ".join(map(str, self._places)),
            error=f"there are no files of CloudTrail at {gone[0]}" if gone else "",
            hint="Check --cloudtrail and [audit] cloudtrail." if gone else "",
            permissions=(Permission(f"read {len(files)} files", not gone, "who changed AWS resources"),),
            checked_at=self._clock(),
            newest_answer=newest,
            answers=self._answers,
            method=f"files ({len(files)})",
        )

    async def calls(self, question: AuditQuestion) -> AuditAnswer:
        """Raises `SourceError` where a place is not there. Cancelling ends the reading."""
        if not question.clouds:
            return AuditAnswer(self.name, asked_at=self._clock(), method="files")
        stop = threading.Event()
        try:
            answer = await asyncio.to_thread(self._read, question, stop)
        except InputError as error:
            raise Missing(error.title, error.detail, error.hint) from error
        finally:
            stop.set()
        self._answers += 1
        return answer

    def _read(self, question: AuditQuestion, stop: threading.Event) -> AuditAnswer:
        gathering, reading = CloudGathering(question, self._key, self._clock()), Reading()

        def wanted(line: bytes) -> bool:
            if stop.is_set():
                raise SourceError("Reading the files of CloudTrail was given up")
            lower = line.lower()
            return any(needle in lower for needle in gathering.needles)

        for record in records([str(place) for place in self._places], reading, wanted=wanted):
            gathering.take(record)
        more = {"events": reading.lines, "problems": reading.problems, "method": "files"}
        answer = gathering.answer(self.name, **more)
        return answer._replace(unseen=tuple(map(self._said, answer.unseen)))

    def _said(self, entry: Unseen) -> Unseen:
        """Files that were fetched once bring nothing more by waiting."""
        if entry.why is not Why.LATE:
            return entry
        return Unseen(Why.RETENTION, f"{self.name}: calls that came after the files were fetched are not in them")

    async def close(self) -> None:
        return None
