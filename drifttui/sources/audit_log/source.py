"""Kubernetes audit logs on this machine: files, folders with rotated ones, gzip."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from drifttui.clients.audit_search import Stopped
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Trail
from drifttui.core.errors import Missing, SourceError
from drifttui.core.health import Permission, SourceHealth, Standing
from drifttui.core.planes import Plane
from drifttui.core.ports import Clock
from drifttui.store.audit_files import files_in, newest_time
from drifttui.store.audit_index import AuditIndexes

from .follow import Follower
from .search import Search

LOOK_EVERY: Final = 0.5
"""Seconds between looks at files that are followed."""


class AuditLogSource:
    system: ClassVar[str] = "Kubernetes audit log"
    planes: ClassVar[frozenset[Plane]] = frozenset()
    trail = Trail.KUBERNETES

    def __init__(
        self,
        places: Sequence[Path],
        clock: Clock,
        *,
        key: bytes,
        covers: frozenset[str] = frozenset(),
        indexes: AuditIndexes | None = None,
    ) -> None:
        self.name = "audit-log"
        self.covers = covers
        self._places = tuple(place.expanduser() for place in places)
        self._clock = clock
        self._key = key
        self._indexes = indexes or AuditIndexes()
        self._newest: datetime | None = None
        self._problems: dict[str, int] = {}
        self._answers = 0
        self._truncations = 0

    async def check(self) -> SourceHealth:
        """Of the files and what is newest in them; damaged lines are those of the last search."""
        return await asyncio.to_thread(self._check)

    def _check(self) -> SourceHealth:
        files: list[Path] = []
        gone, closed = [], []
        for place in self._places:
            found = files_in(place) if place.exists() else []
            if not found:
                gone.append(place)
            files += found
        for file in files:
            try:
                file.open("rb").close()
            except OSError:
                closed.append(file)
        readable = [file for file in files if file not in closed]
        newest = max(filter(None, map(newest_time, sorted(readable, key=_modified)[-3:])), default=None)
        self._newest = max(filter(None, (newest, self._newest)), default=None)
        damaged = sum(count for words, count in self._problems.items() if "damaged" in words)
        error = hint = ""
        standing = Standing.OK
        if gone or closed:
            standing = Standing.DEGRADED if readable else Standing.BLIND
            error = f"cannot be read: {closed[0]}" if closed else f"there is no audit log at {gone[0]}"
            hint = "Check its mode and who you are." if closed else "Check --audit and [audit] paths."
        elif damaged:
            standing = Standing.DEGRADED
            error = f"{damaged} damaged lines: a call that matters may be among them"
        elif self._truncations:
            standing = Standing.DEGRADED
            error = f"truncated {self._truncations} times while it was followed"
            hint = "Rotate it by renaming: what is written between copy and truncation is lost."
        return SourceHealth(
            self.name,
            self.system,
            standing,
            address=", ".join(map(str, self._places)),
            error=error,
            hint=hint,
            permissions=tuple(Permission(f"read {file}", False, "who did it") for file in closed)
            or (Permission(f"read {len(readable)} files", True, "who did it"),),
            checked_at=self._clock(),
            newest_answer=self._newest,
            answers=self._answers,
            method=f"files ({len(readable)})",
        )

    async def calls(self, question: AuditQuestion) -> AuditAnswer:
        if not any(place.exists() for place in self._places):
            raise Missing(f"There is no audit log at {self._places[0]}", "", "Check --audit and [audit] paths.")
        stop = threading.Event()
        search = Search(question, self._key, self._clock(), stop)
        try:
            answer = await asyncio.to_thread(search.run, self._places, self._indexes, self.name)
        except Stopped as error:
            raise SourceError("Searching the audit log was given up") from error
        finally:
            stop.set()
        self._answers += 1
        self._problems = dict(answer.problems)
        self._newest = max(filter(None, (answer.newest, self._newest)), default=None)
        return answer

    async def arrivals(self) -> AsyncIterator[frozenset[str]]:
        follower = Follower(self._places)
        try:
            while True:
                names, news = await asyncio.to_thread(follower.look)
                self._truncations = follower.truncations
                if news:
                    yield names
                await asyncio.sleep(LOOK_EVERY)
        finally:
            follower.close()

    async def close(self) -> None:
        return None


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
