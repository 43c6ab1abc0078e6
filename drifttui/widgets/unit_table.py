"""One row per unit: how bad, what the engine says, what it will do by itself, how many differ, since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from drifttui.core.ages import Times
from drifttui.core.board import Depth
from drifttui.core.deeds import NO_DEEDS, Deeds
from drifttui.core.health import Freshness, SourceHealth
from drifttui.core.identity import UnitId
from drifttui.core.rows import UnitRow
from drifttui.core.unit import APPLIED, Auto
from drifttui.core.words import (
    RISK_WORDS,
    SYNC_WORDS,
    auto_word,
    clean,
    drift_count,
    health_word,
    refusal,
)

from .cells import Excuse, Line, Piece
from .deed_signs import link_sign, pause_word
from .table import Cells, Column, LineTable

_HEALTH_ROLES = {"Degraded": "bad", "Missing": "bad", "Progressing": "warn", "Healthy": "muted", "Suspended": "warn"}


class UnitTable(LineTable[UnitId]):
    """Fed with rows and the health of their sources; says `Moved` and `Chosen`."""

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("risk", "risk", 5),
        Column("unit", "unit", 14, 44, middle=True, want=20),
        Column("cluster", "cluster", 22, 28, middle=True, drop=4),
        Column("sync", "sync", 6),
        Column("health", "health", 11, drop=2),
        Column("auto", "auto", 11, 15, drop=1),
        Column("n", "n", 3, right=True, drop=3),
        Column("age", "age", 4, right=True),
    )

    PICKS = True

    def __init__(self, pane: str = "units") -> None:
        super().__init__(pane)
        self.rows: Mapping[UnitId, UnitRow] = {}
        self.sources: Mapping[str, SourceHealth] = {}
        self.marked: frozenset[UnitId] = frozenset()
        self.deeds: Deeds = NO_DEEDS
        self.excuse = Excuse()
        """What to say where there is no row."""

    def columns(self) -> Sequence[Column]:
        if self.times is None or not self.times.exact:
            return self.COLUMNS
        wider = {"age": self.times.width, "auto": 20}
        return [column._replace(width=wider.get(column.id, column.width)) for column in self.COLUMNS]

    def empty_lines(self, width: int) -> Sequence[Line]:
        return self.excuse.lines(width)

    def cells(self, key: UnitId) -> Cells:
        row, times = self.rows.get(key), self.times
        if row is None or times is None:
            return Cells([("", "text")] * len(self.COLUMNS))
        unit, look = row.unit, row.look
        clean_row = not row.risk
        quiet = "muted" if clean_row else "text"
        linked = link_sign(self.deeds.links_of(key), times.now)
        pieces = [
            (RISK_WORDS.get(row.risk, "?"), row.risk or "faint"),
            (
                clean(unit.id.name, 300) + (" shared" if look.conflicts else "") + linked,
                quiet if clean_row else "strong" if row.drifted else "text",
            ),
            (clean(unit.cluster, 300), "muted"),
            (SYNC_WORDS.get(unit.sync, clean(unit.sync, 20)), _sync_role(unit.sync)),
            (health_word(unit.health), _HEALTH_ROLES.get(unit.health, "unknown")),
            self._auto(row, times),
            (drift_count(unit, look), quiet),
            ("" if clean_row else times.short(row.since), "muted"),
        ]
        sign = ("+", "accent") if key in self.marked else (" ", "text")
        return Cells(pieces, sign, self._span(row, times))

    def _auto(self, row: UnitRow, times: Times) -> Piece:
        unit = row.unit
        if row.pause is None:
            return auto_word(unit, times), _auto_role(unit.auto, not row.risk)
        room = next((size for _, column, size in self.laid_out(self.inner_width) if column.id == "auto"), 0)
        return pause_word(row.pause, times, room)

    def _span(self, row: UnitRow, times: Times) -> tuple[str, Sequence[str], str] | None:
        """What an operator must not overlook, instead of words that can no longer be believed."""
        unit = row.unit
        # A pause outlives whatever else is known of its unit.
        held = f"{pause_word(row.pause, times)[0]}, " if row.pause is not None else ""
        if row.gone:
            return "sync", [f"gone: {clean(unit.id.source, 80)} no longer lists it", "gone"], "muted"
        if row.fresh is not Freshness.FRESH:
            was = SYNC_WORDS.get(unit.sync, unit.sync)
            health = self.sources.get(unit.id.source)
            why = refusal(health)
            age = times.short(unit.observed_at)
            short = f"{held}stale {age} ({why})"
            return "sync", [f"{short} was {clean(was, 20)}, {health_word(unit.health)}", short], "unknown"
        error = unit.error
        if error is not None and not row.look.findings:
            said = f"{clean(error.type, 60)}: {clean(error.message, 300)}"
            return "sync", [f"{held}? {times.short(error.since)} ({said})"], "unknown"
        if row.look.depth is Depth.FAILED and not row.look.findings:
            said = f"{held}{SYNC_WORDS.get(unit.sync, '?')}, not read ({clean(row.look.error, 300)})"
            return "sync", [said], "unknown"
        return None


def _sync_role(sync: str) -> str:
    return {"Synced": "muted", APPLIED: "muted", "OutOfSync": "high"}.get(sync, "unknown")


def _auto_role(auto: Auto, clean_row: bool) -> str:
    """The clock that matters is that of a change which somebody may want to keep."""
    if auto is Auto.PAUSED or auto is Auto.UNKNOWN:
        return "paused" if auto is Auto.PAUSED else "unknown"
    return "warn" if auto is Auto.HEALS and not clean_row else "muted"
