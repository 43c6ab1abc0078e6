"""One row per finding: how bad, which kind of drift, where, what, since when, and whose hand it looks like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from drifttui.core.deeds import NO_DEEDS, Deeds
from drifttui.core.finding import Finding
from drifttui.core.identity import UnitId
from drifttui.core.rows import FindingRow
from drifttui.core.words import RISK_WORDS, clean

from .cells import Excuse, Line, Piece
from .deed_signs import link_sign
from .table import Cells, Column, LineTable

FindingKey = tuple[UnitId, str]


class FindingTable(LineTable[FindingKey]):
    """Of one unit, or of all with a column that names the unit."""

    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("risk", "risk", 5),
        Column("unit", "unit", 10, 28, middle=True),
        Column("class", "class", 12, 16, drop=2),
        Column("resource", "resource", 16, 48, middle=True),
        Column("what", "what", 9, 60),
        Column("age", "age", 4, right=True),
        Column("who", "who", 8, 30, middle=True, drop=3),
    )

    PICKS = True

    def __init__(self, pane: str = "findings") -> None:
        super().__init__(pane)
        self.rows: Mapping[FindingKey, FindingRow] = {}
        self.marked: frozenset[FindingKey] = frozenset()
        self.deeds: Deeds = NO_DEEDS
        self.with_unit = False
        self.excuse = Excuse()

    def columns(self) -> Sequence[Column]:
        width = self.times.width if self.times else 4
        return [
            column._replace(width=width) if column.id == "age" else column
            for column in self.COLUMNS
            if self.with_unit or column.id != "unit"
        ]

    def empty_lines(self, width: int) -> Sequence[Line]:
        return self.excuse.lines(width)

    def cells(self, key: FindingKey) -> Cells:
        row, times = self.rows.get(key), self.times
        if row is None or times is None:
            return Cells([("", "text")] * len(self.COLUMNS))
        finding = row.finding
        links = self.deeds.links_of(finding.unit, finding.id)
        pieces = [
            (RISK_WORDS.get(row.risk, "?"), row.risk),
            self._class(finding),
            (clean(finding.ref.short, 300), "strong"),
            (_read_since(row) + _shared(row) + clean(finding.summary, 300), "text"),
            (times.short(finding.first_seen), "muted"),
            (row.who + link_sign(links, times.now), "muted" if row.who != "?" else "unknown"),
        ]
        if self.with_unit:
            pieces.insert(1, (clean(finding.unit.name, 300), "text"))
        span = None
        if row.gone:
            span = ("what", [f"over, last seen {times.ago(finding.last_seen)}", "over"], "muted")
        sign = ("+", "accent") if key in self.marked else ("~", "unknown") if row.stale else (" ", "text")
        return Cells(pieces, sign, span)

    def _class(self, finding: Finding) -> Piece:
        """The operator's word, with a mark, stands in front of the rules' one; both are in the finding's history."""
        said = self.deeds.said_of(finding)
        if said is not None and not said.reopened:
            return f"✓ {clean(said.verdict.drift_class, 40)}", "strong"
        if said is not None:
            return "reopened", "warn"
        verdict = finding.verdict
        return (clean(verdict.drift_class, 40), "text") if verdict else ("not judged", "muted")


def _read_since(row: FindingRow) -> str:
    """In front of what the plan found, where its resource was read by itself since and is as it should be again."""
    read = row.of.look.read_directly(row.finding) if row.of.look.direct else None
    if read is None or read.answer is None:
        return "reading: " if read is not None and read.running else ""
    from drifttui.core.direct import merged

    return "now as recorded: " if merged(row.finding, read.answer).calm else ""


def _shared(row: FindingRow) -> str:
    """In front, so that it is not cut: somebody else manages the resource too, and no revert holds."""
    return "shared: " if any(one.ref == row.finding.ref for one in row.of.look.conflicts) else ""
