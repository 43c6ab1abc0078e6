"""Rows of the two lists: a unit or a finding together with what the filter, the order and the header need of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from .board import SHARED_RISK, Board, Depth, Look
from .finding import Finding
from .health import STALE_AFTER, Freshness, Standing
from .identity import UnitId
from .unit import Auto, Unit
from .verdict import risk_rank
from .words import HEALTH_ORDER, RISK_ORDER, SYNC_ORDER, holders, who_word

if TYPE_CHECKING:
    from .acts import PauseRecord

_NEVER: Final = 0.0
_AUTO_ORDER: Final = {"paused": 0, "heals": 1, "on": 2, "by hand": 3, "?": 4}


class UnitRow:
    """One unit as a list shows it. Replaced, never edited, but for texts that are computed on first use."""

    __slots__ = ("_haystack", "fresh", "gone", "look", "pause", "risk", "since", "unit")

    def __init__(self, unit: Unit, look: Look, fresh: Freshness, pause: PauseRecord | None = None) -> None:
        self.unit = unit
        self.look = look
        self.fresh = fresh
        self.pause = pause
        """The standing pause that somebody recorded."""
        self.gone = False
        """The engine no longer lists it; kept in place until the operator takes in what is new."""
        self._haystack = ""
        self.since: datetime | None = None
        """Since when it is what the row says: the newest finding of the worst risk, else the engine's condition."""
        if look.findings:
            worst = max(look.findings, key=lambda f: (risk_rank(f.risk), f.first_seen))
            self.risk = worst.risk
            self.since = worst.first_seen
            return
        error = unit.error
        if error is not None:
            self.since = error.since
        if fresh is not Freshness.FRESH:
            self.since = self.since or unit.observed_at
        unsure = fresh is not Freshness.FRESH or not look.vouches(unit) or look.depth is Depth.FAILED
        self.risk = "unknown" if unsure else SHARED_RISK if look.conflicts else ""

    @property
    def haystack(self) -> str:
        if not self._haystack:
            self._haystack = self.unit.haystack
        return self._haystack

    @property
    def drifted(self) -> bool:
        return self.unit.sync == "OutOfSync" or bool(self.look.findings)

    @property
    def paused(self) -> bool:
        """By what the engine says, or by a record that nothing has ended."""
        return self.unit.auto is Auto.PAUSED or self.pause is not None

    @property
    def unsure(self) -> bool:
        """Nobody can say whether it differs. Neither drifted nor clean."""
        return self.risk == "unknown" and not self.drifted

    @property
    def urgency(self) -> int:
        """Smaller is worse."""
        return RISK_ORDER.get(self.risk, RISK_ORDER["unknown"])

    def order(self, column: str) -> tuple[object, ...]:
        """What sorts this row by `column`; names break ties, so that equal rows never swap places."""
        unit = self.unit
        newest = -self.since.timestamp() if self.since else _NEVER
        tail = (unit.id.name, unit.id.source, unit.id.namespace)
        match column:
            case "unit":
                return tail
            case "cluster":
                return (unit.cluster, *tail)
            case "sync":
                stale = self.fresh is not Freshness.FRESH
                return (SYNC_ORDER.get(unit.sync, 1), not stale, *tail)
            case "health":
                return (HEALTH_ORDER.get(unit.health, 2), *tail)
            case "auto":
                return (_AUTO_ORDER.get(unit.auto, 4), *tail)
            case "n":
                return (-len(self.look.findings or unit.out_of_sync), *tail)
            case "age":
                return (newest, *tail)
            case _:
                return (self.urgency, not self.paused, SYNC_ORDER.get(unit.sync, 1), newest, *tail)


class FindingRow:
    """One finding with the row of its unit."""

    __slots__ = ("_haystack", "finding", "gone", "of", "stale", "who")

    def __init__(self, of: UnitRow, finding: Finding) -> None:
        self.of = of
        self.finding = finding
        self.gone = False
        self.stale = of.fresh is not Freshness.FRESH or of.look.depth is Depth.FAILED
        self.who = who_word(finding)
        self._haystack = ""

    @property
    def key(self) -> tuple[UnitId, str]:
        return self.finding.unit, self.finding.id

    @property
    def haystack(self) -> str:
        if not self._haystack:
            ref = self.finding.ref
            words = (str(ref), ref.short, self.finding.summary, self.who, self.of.haystack)
            self._haystack = " ".join(words).lower()
        return self._haystack

    @property
    def risk(self) -> str:
        return self.finding.risk

    @property
    def urgency(self) -> int:
        return RISK_ORDER.get(self.risk, RISK_ORDER["unknown"])

    def order(self, column: str) -> tuple[object, ...]:
        finding = self.finding
        newest = -finding.first_seen.timestamp()
        tail = (finding.ref, str(finding.unit))
        match column:
            case "class":
                return (finding.verdict.drift_class if finding.verdict else "~", *tail)
            case "unit":
                return (finding.unit.name, *tail)
            case "resource":
                return tail
            case "what":
                return (finding.summary, *tail)
            case "age":
                return (newest, *tail)
            case "who":
                return (self.who, *tail)
            case _:
                return (self.urgency, newest, *tail)

    def by(self) -> Iterator[str]:
        """Managers of every changed field."""
        return (owner.manager for owner in holders(self.finding))


class Freshnesses:
    """`core.health.freshness` for ten thousand rows: what a source's standing decides is decided once per source."""

    def __init__(self, board: Board, now: datetime) -> None:
        self._cutoff = now - STALE_AFTER
        self.by_source: dict[str, Freshness | None] = {}
        """None where each row's own time decides."""
        for name, health in board.sources.items():
            verdict: Freshness | None = None
            if health.standing in (Standing.BLIND, Standing.OFF):
                verdict = Freshness.BLIND
            elif health.standing is Standing.STARTING:
                verdict = Freshness.STALE
            elif health.method.startswith("stream") and health.newest_answer and health.newest_answer >= self._cutoff:
                verdict = Freshness.FRESH
            self.by_source[name] = verdict

    def of(self, unit: Unit) -> Freshness:
        observed = unit.observed_at
        if observed is None:
            return Freshness.BLIND
        verdict = self.by_source.get(unit.id.source, Freshness.BLIND)
        if verdict is not None:
            return verdict
        return Freshness.STALE if observed < self._cutoff else Freshness.FRESH


def unit_rows(
    board: Board,
    now: datetime,
    held: Mapping[UnitId, UnitRow],
    pauses: Mapping[UnitId, PauseRecord] | None = None,
) -> Iterator[tuple[UnitId, UnitRow]]:
    """Every row of `board`; a row of `held` is given again where it still says the same."""
    pauses = pauses or {}
    freshnesses = Freshnesses(board, now)
    looks = board.looks
    nothing = Look()
    for key, unit in board.units.items():
        look = looks.get(key) or nothing
        fresh = freshnesses.of(unit)
        pause = pauses.get(key) if pauses else None
        row = held.get(key)
        if (
            row is None
            or row.unit is not unit
            or row.fresh is not fresh
            or row.pause is not pause
            or not _same(row.look, look)
        ):
            row = UnitRow(unit, look, fresh, pause)
        yield key, row


def _same(one: Look, other: Look) -> bool:
    return one is other or (
        one.depth is Depth.LISTED
        and other.depth is Depth.LISTED
        and not other.findings
        and one.conflicts == other.conflicts
    )
