"""What happened, as boards, the record of earlier sessions and the ledger tell it: the entries of `core.timeline`.

A board says what is so now. A `Story` watches boards go by and keeps what the next one no longer says: when a source
was blind, what does not differ any more, what was read of a unit whose documents were let go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from drifttui.core.acts import Acts
from drifttui.core.board import Board, Depth, Look
from drifttui.core.finding import Finding
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import UnitId
from drifttui.core.scope import Scope, link_of
from drifttui.core.timeline import (
    Entry,
    Gaps,
    Kind,
    Window,
    merged,
    of_acts,
    of_findings,
    of_inspection,
    of_lines,
    of_merges,
    of_operation,
    of_undone,
)

if TYPE_CHECKING:
    from drifttui.core.unit import Unit
    from drifttui.store.journal import Kept, Session

    from .replay import Film

HOURS: Final = timedelta(hours=3)
"""What is shown where no incident says when it began."""
LONGEST: Final = timedelta(days=14)
"""An incident that was opened longer ago is shown from then on only when that is asked for."""
_AIR: Final = 0.1


class Story:
    """Told boards, or parts of them, in the order of their time."""

    def __init__(self) -> None:
        self._gaps = Gaps()
        self._standing: dict[str, Standing] = {}
        self._held: dict[UnitId, dict[str, Finding]] = {}
        self._looks: dict[UnitId, Look] = {}
        self._read: dict[UnitId, tuple[Entry, ...]] = {}
        self._gone: dict[str, Entry] = {}
        self._undone: dict[str, tuple[Entry, ...]] = {}
        self._over: dict[str, tuple[Entry, ...]] = {}

    def see(self, board: Board, now: datetime) -> None:
        for health in board.sources.values():
            self.health(health, now)
        for unit, look in board.looks.items():
            if self._looks.get(unit) is not look:
                self.look(unit, look, now)

    def health(self, health: SourceHealth, at: datetime) -> None:
        if self._standing.get(health.name) is not health.standing:
            self._standing[health.name] = health.standing
            self._gaps.told(health, at)

    def look(self, unit: UnitId, look: Look, now: datetime) -> None:
        self._looks[unit] = look
        if look.inspection is not None:
            self._read[unit] = tuple(of_inspection(look.inspection))
        self._undone |= {one.finding: tuple(of_undone(str(unit), one)) for one in look.undone}
        if look.depth is not Depth.READ:
            return
        found = {finding.id: finding for finding in look.findings}
        for key, finding in self._held.get(unit, {}).items():
            if key not in found:
                self._gone[key] = _gone(finding, look.at or now)
                self._over[key] = tuple(_of_finding(finding))
        self._held[unit] = found

    def entries(self, board: Board) -> tuple[Entry, ...]:
        """Everything known by now, oldest first."""
        findings = [finding for look in board.looks.values() for finding in look.findings]
        return merged(
            *self._read.values(),
            *self._over.values(),
            *(_of_finding(finding) for finding in findings),
            *(of_operation(unit) for unit in board.units.values() if _unsettled(unit)),
            *(self._undone.get(key, (entry,)) for key, entry in self._gone.items()),
            self._gaps.entries(),
            of_acts(board.acts),
        )


def _of_finding(finding: Finding) -> Iterable[Entry]:
    yield from of_findings((finding,))
    if finding.merges is not None:
        yield from of_merges(str(finding.unit), finding.ref.short, finding.merges)
    if finding.who is not None:
        yield from of_lines(str(finding.unit), finding.ref.short, finding.who.lines)


def _unsettled(unit: Unit) -> bool:
    return unit.operation is not None and unit.operation.phase != "Succeeded"


def _gone(finding: Finding, at: datetime) -> Entry:
    words = f"no longer differs: {finding.summary}"
    return Entry(at, Kind.GONE, words, str(finding.unit), finding.ref.short, ref=finding.id)


def story_of(film: Film, at: datetime) -> Story:
    """What a record had told by `at`, and nothing that came later."""
    story = Story()
    for frame in film.frames:
        if frame.at > at:
            break
        if frame.batch is not None and frame.batch.health is not None:
            story.health(frame.batch.health, frame.at)
        if frame.unit is not None and frame.look is not None:
            story.look(frame.unit, frame.look, frame.at)
    return story


def window_around(board: Board, now: datetime, entries: Sequence[Entry]) -> Window:
    """From a little before the incident was opened until now; without one, the last hours, or what is known of them."""
    window = window_of(board.acts, board.incident, now)
    if window.since != now - HOURS:
        return window
    first = min((entry.at for entry in entries if entry.at >= window.since), default=window.since)
    air = max(timedelta(seconds=10), (now - first) * 0.02)
    return Window(max(window.since, first - air), now)


def window_of(acts: Acts, incident: str, now: datetime, since: datetime | None = None) -> Window:
    if since is None and incident and (link := link_of(acts, incident)) is not None:
        begun = link.opened or link.at
        if now - LONGEST < begun < now:
            until = min(now, link.closed) if link.closed and link.closed > begun else now
            air = max(timedelta(minutes=10), (until - begun) * _AIR)
            return Window(begun - air, until)
    return Window(since or now - HOURS, now)


class Recorded(NamedTuple):
    entries: tuple[Entry, ...]
    unseen: tuple[str, ...]


def sessions_since(sessions: Sequence[Session], since: datetime) -> list[Session]:
    """Those that wrote anything after `since`."""
    found = []
    for session in sessions:
        try:
            written = session.segments[-1].stat().st_mtime
        except OSError:
            continue
        if written >= since.timestamp():
            found.append(session)
    return found


def recorded_units(sessions: Sequence[Session]) -> frozenset[UnitId]:
    """Every unit that a session listed."""
    from drifttui.store.journal import records

    return frozenset(
        unit.id
        for session in sessions
        for record in records(session)
        if record.batch is not None
        for unit in record.batch.units
    )


def recorded(
    records: Callable[[Callable[[str], None]], Iterable[tuple[datetime, Kept]]], acts: Acts, scope: Scope
) -> Recorded:
    """What sessions kept of themselves and what the ledger says, as far as it belongs to the scope's units."""
    from .evidence import scoped
    from .evidence_lines import FindingLog

    findings, gaps, unseen = FindingLog(), Gaps(), list[str]()
    found: list[Entry] = []
    last: datetime | None = None
    for at, record in records(unseen.append):
        if scope.until is not None and at > scope.until:
            break
        last = at
        if record.batch is not None and (batch := scoped(record.batch, scope)) is not None:
            if batch.health is not None:
                gaps.told(batch.health, at)
            if batch.inspection is not None:
                found += of_inspection(batch.inspection)
            for unit in batch.units:
                found += of_operation(unit)
        elif record.look is not None and scope.has_unit(str(record.look.get("unit"))):
            for _ in findings.look(record.look):
                continue
    mine = [entry for entry in of_acts(acts) if not entry.unit or scope.has_unit(entry.unit)]
    # Who was blind when the record ended was so until then; what came after, nobody has seen.
    closed = [entry if entry.until else entry._replace(until=last) for entry in gaps.entries()]
    told = merged(found, findings.entries, closed, mine)
    return Recorded(told, tuple(dict.fromkeys(unseen)))
