"""Gathers what a bundle is made of: the record of the sessions, cut to a scope, and the ledger, as files of lines.

Everything is streamed through a private folder: a record of hundreds of megabytes is never held in memory. Each line
goes through the last pass (`services.redacting`) before it is written.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from drifttui.core.acts import Acts
from drifttui.core.acts_fold import fold
from drifttui.core.health import SourceHealth
from drifttui.core.identity import UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.ledger import EMPTY, Event, Head, stamp
from drifttui.core.ports import Batch
from drifttui.core.scope import Belonging, Scope
from drifttui.core.timeline import Entry, Gaps, Kind, merged, of_acts, of_inspection
from drifttui.core.unit import Unit
from drifttui.store.journal import Kept, Session, records
from drifttui.store.wire import batch_out

from .evidence_lines import FindingLog, Lined, act_lines, closeout_lines, ledger_line
from .redacting import LastPass

RECORD = "record.json"
BEFORE = timedelta(hours=24)
"""Merges and syncs are told so long before the first thing that was seen: they explain it."""


_EXPLAINS = frozenset({Kind.SYNC, Kind.MERGE, Kind.CALL, Kind.DRIFT})


class Cancelled(Exception):
    """The operator stopped it. Nothing is left behind."""


class Gathered(NamedTuple):
    """What stands in the folder, and what the manifest says of it."""

    files: dict[str, tuple[int, str]]
    """Name → size and SHA-256."""
    since: str
    until: str
    head: Head
    gaps: tuple[str, ...]
    withheld: int
    counts: dict[str, int]
    """Lines per file."""


class About(NamedTuple):
    """One session that the material comes from."""

    name: str
    started: datetime
    tool: str
    cut: bool = False


class Material(NamedTuple):
    """What is exported: records in the order of their time, from sessions on the disk or from another bundle."""

    sessions: tuple[About, ...]
    records: Callable[[Callable[[str], None]], Iterator[tuple[datetime, Kept]]]
    """Called with what is told of damaged lines."""


def from_sessions(sessions: Sequence[Session]) -> Material:
    heads = [(session.head, session.cut) for session in sessions]
    about = tuple(About(head.session, head.started, head.tool, cut) for head, cut in heads)
    return Material(about, lambda damaged: kept(sessions, damaged))


class Sheets:
    """Files of lines under one folder, hashed while they are written, redacted line by line."""

    def __init__(self, folder: Path, last: LastPass) -> None:
        self._folder, self._last = folder, last
        self._open: dict[str, tuple[BinaryIO, Any]] = {}
        self.counts: dict[str, int] = {}
        self.sizes: dict[str, int] = {}

    def line(self, name: str, body: Any) -> None:
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.text(name, self._last.text(name, text, first=self.counts.get(name, 0) + 1) + "\n")
        self.counts[name] = self.counts.get(name, 0) + 1

    def text(self, name: str, text: str) -> None:
        """As it stands: what is not made of lines went through the last pass before."""
        content = text.encode("utf-8", "surrogatepass")
        held = self._open.get(name)
        if held is None:
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            held = self._open[name] = (path.open("wb"), hashlib.sha256())
        held[0].write(content)
        held[1].update(content)
        self.sizes[name] = self.sizes.get(name, 0) + len(content)

    def close(self) -> dict[str, tuple[int, str]]:
        for file, _ in self._open.values():
            file.close()
        return {name: (self.sizes[name], digest.hexdigest()) for name, (_, digest) in self._open.items()}


def scoped(batch: Batch, scope: Scope) -> Batch | None:
    """What of a batch belongs to the scope; None for nothing."""
    if scope.units is None:
        return batch
    units = tuple(unit for unit in batch.units if str(unit.id) in scope.units)
    removed = tuple(key for key in batch.removed if str(key) in scope.units)
    look = batch.inspection if batch.inspection and str(batch.inspection.unit) in scope.units else None
    if not (units or removed or look or batch.health or batch.complete):
        return None
    return batch._replace(units=units, removed=removed, inspection=look, touched=())


def kept(sessions: Sequence[Session], damaged: Callable[[str], None]) -> Iterator[tuple[datetime, Kept]]:
    """Records of all sessions in the order of their time."""

    def one(session: Session) -> Iterator[tuple[datetime, Kept]]:
        for record in records(session, lambda words: damaged(f"session {session.head.session}: {words}")):
            yield session.head.started + timedelta(seconds=record.seconds), record

    return heapq.merge(*map(one, sessions), key=lambda pair: pair[0])


class Gathering:
    """One gathering. `progress` is told how many records were read; `cancelled` is asked now and then."""

    def __init__(
        self,
        scope: Scope,
        sheets: Sheets,
        last: LastPass,
        *,
        progress: Callable[[int], None] = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._scope, self._sheets, self._last = scope, sheets, last
        self._progress, self._cancelled = progress, cancelled
        self._findings = FindingLog()
        self._blind = Gaps()
        self._entries: list[Entry] = []
        self._gaps: list[str] = []
        self._first: datetime | None = None
        self._newest: datetime | None = None
        self._acted: datetime | None = None
        """When an operator did something last; that may be after the last session."""
        self._inspected: dict[str, Inspection] = {}
        self._units: dict[UnitId, Unit] = {}
        self._health: dict[str, SourceHealth] = {}
        self._looks: dict[UnitId, Inspection] = {}
        self._bodies: dict[str, tuple[datetime, Kept]] = {}
        """What was known before the scope begins: it is told once, at the beginning."""

    def run(self, material: Material, events: Iterable[Event]) -> Gathered:
        """Raises `Cancelled`."""
        for session in material.sessions:
            if session.cut:
                self._gaps.append(f"the beginning of session {session.name} was dropped to stay within the limit")
        for number, (at, record) in enumerate(material.records(self._gaps.append)):
            if number % 200 == 0:
                self._step(number)
            if self._scope.until is not None and at > self._scope.until:
                break
            if self._scope.since is not None and at < self._scope.since:
                self._before(at, record)
            else:
                self._begin(at)
                self._take(at, record)
        if self._first is None and self._bodies:
            self._begin(self._scope.since or max(at for at, _ in self._bodies.values()))
        head, acts = self._ledger(events)
        self._timeline(acts)
        self._record(material.sessions)
        return self._finish(head)

    def _step(self, number: int) -> None:
        if self._cancelled():
            raise Cancelled
        self._progress(number)

    # Observations.

    def _before(self, at: datetime, record: Kept) -> None:
        if record.batch is not None and (batch := scoped(record.batch, self._scope)) is not None:
            if batch.complete:
                self._units = {key: unit for key, unit in self._units.items() if key.source != batch.source}
            self._units.update((unit.id, unit) for unit in batch.units)
            for gone in batch.removed:
                self._units.pop(gone, None)
            if batch.health is not None:
                self._health[batch.health.name] = batch.health
            if batch.inspection is not None:
                self._looks[batch.inspection.unit] = batch.inspection
        elif record.look is not None and self._scope.has_unit(str(record.look.get("unit"))):
            self._bodies[str(record.look["unit"])] = (at, record)

    def _begin(self, at: datetime) -> None:
        """What was known when the scope begins stands at its beginning, with the times at which it was seen."""
        if self._first is not None:
            return
        self._first = at
        for health in self._health.values():
            self._observe(at, Batch(health.name, at, health=health))
        for source in sorted({key.source for key in self._units}):
            rows = tuple(unit for key, unit in self._units.items() if key.source == source)
            self._observe(at, Batch(source, at, units=rows, complete=True))
        for look in self._looks.values():
            self._observe(at, Batch(look.unit.source, at, inspection=look))
        for _, record in sorted(self._bodies.values(), key=lambda pair: pair[0]):
            self._look(record)

    def _take(self, at: datetime, record: Kept) -> None:
        if record.batch is not None:
            batch = scoped(record.batch, self._scope)
            if batch is not None:
                self._observe(at, batch)
        elif record.look is not None:
            if self._scope.has_unit(str(record.look.get("unit"))):
                self._look(record)
                self._newest = at
        elif record.said is not None and record.said.get("kind") == "dropped":
            self._gaps.append(f"{record.said.get('records')} records were dropped: the disk was too slow")

    def _observe(self, at: datetime, batch: Batch) -> None:
        assert self._first is not None
        self._newest = at
        seconds = (at - self._first).total_seconds()
        if batch.units or batch.removed or batch.complete:
            self._wire("units.jsonl", seconds, batch._replace(health=None, inspection=None))
        if batch.health is not None:
            self._wire("health.jsonl", seconds, Batch(batch.source, batch.at, health=batch.health))
            self._blind.told(batch.health, at)
        if batch.inspection is not None:
            self._wire("observations.jsonl", seconds, Batch(batch.source, batch.at, inspection=batch.inspection))
            self._entries += of_inspection(batch.inspection)
            self._inspected[str(batch.inspection.unit)] = batch.inspection

    def _wire(self, file: str, seconds: float, batch: Batch) -> None:
        self._sheets.line(file, json.loads(batch_out(batch, seconds)))

    def _look(self, record: Kept) -> None:
        assert record.look is not None
        inspection = self._inspected.get(str(record.look.get("unit")))
        for lined in self._findings.look(record.look, inspection):
            self._sheets.line(lined.file, lined.body)

    # The ledger and what is made of all.

    def _ledger(self, events: Iterable[Event]) -> tuple[Head, Acts]:
        whole = list(events)
        acts = fold(Acts(), whole)
        belongs = Belonging(self._scope, acts)
        head = EMPTY
        mine: list[Event] = []
        for event in whole:
            belonging = belongs(event)
            self._event(event, belonging)
            head = Head(event.seq, event.hash)
            if belonging:
                mine.append(event)
                if self._scope.has_time(event.at):
                    self._acted = event.at
        for lined in (*act_lines(acts, belongs), *closeout_lines(mine)):
            self._sheets.line(lined.file, lined.body)
        return head, fold(Acts(), mine)

    def _event(self, event: Event, belonging: bool) -> None:
        """An event in which the last pass finds something is withheld whole: mended, it would break the chain."""
        body = ledger_line(event, belonging)
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if self._last.text("ledger.jsonl", text, first=event.seq) != text:
            body = ledger_line(event, False)
            text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        self._sheets.text("ledger.jsonl", text + "\n")
        self._sheets.counts["ledger.jsonl"] = event.seq

    def _timeline(self, acts: Acts) -> None:
        begin = self._first or self._scope.since
        until = self._until
        for entry in merged(self._entries, self._findings.entries, self._blind.entries(), of_acts(acts)):
            early = begin is not None and entry.at < begin
            if early and (begin is None or entry.at < begin - BEFORE or entry.kind not in _EXPLAINS):
                continue
            if until is None or entry.at <= until:
                self._sheets.line("timeline.jsonl", entry.as_json())

    @property
    def _until(self) -> datetime | None:
        """The end of the scope, else of what was seen or done."""
        known = [at for at in (self._newest, self._acted) if at is not None]
        return (self._scope.until or max(known)) if known else None

    def _record(self, sessions: Sequence[About]) -> None:
        document = {
            "schema": "drifttui.record/1",
            "started": stamp(self._first) if self._first else None,
            "ended": stamp(self._newest) if self._newest else None,
            "incident": self._scope.incident,
            "sessions": [
                {"session": s.name, "started": stamp(s.started), "tool": s.tool, "cut": s.cut} for s in sessions
            ],
        }
        text = json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False)
        self._sheets.text(RECORD, self._last.text(RECORD, text) + "\n")

    def _finish(self, head: Head) -> Gathered:
        self._sheets.text("withheld.jsonl", "")
        for found in sorted(self._last.withheld):
            self._sheets.text("withheld.jsonl", json.dumps(found._asdict(), sort_keys=True) + "\n")
        counts = {**self._sheets.counts, "withheld.jsonl": len(self._last.withheld)}
        files = self._sheets.close()
        since = stamp(self._first) if self._first else ""
        until = stamp(self._until) if self._until else ""
        gaps = tuple(dict.fromkeys(self._gaps))
        return Gathered(files, since, until, head, gaps, len(self._last.withheld), counts)


__all__ = ["RECORD", "Cancelled", "Gathered", "Gathering", "Lined", "Sheets"]
