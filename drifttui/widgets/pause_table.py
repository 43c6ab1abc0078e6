"""One row per pause: which unit, by whom, why, under which change, since and until when, and does it hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from drifttui.core.acts import PauseRecord, PauseState
from drifttui.core.ages import Times
from drifttui.core.unit import Unit
from drifttui.core.words import clean

from .cells import Line, Piece
from .deed_lines import STATE_ROLES, state_words
from .deed_signs import pause_word
from .table import Cells, Column, LineTable

PauseKey = tuple[str, str]
"""(`str(UnitId)`, id of the act; empty where nobody recorded who did it)"""


class PauseRow(NamedTuple):
    name: str
    pause: PauseRecord | None
    unit: Unit | None
    """None where no source lists it now."""
    theirs: bool = False
    """Told by annotations on the unit, not by this ledger."""


class PauseTable(LineTable[PauseKey]):
    PICKS = True
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("until", "until", 11, 15),
        Column("unit", "unit", 14, 40, middle=True),
        Column("who", "who", 10, 26, middle=True),
        Column("why", "why", 12, 70),
        Column("change", "change", 10, 24, middle=True, drop=2),
        Column("age", "since", 5, right=True, drop=3),
        Column("state", "state", 11, 60, drop=1),
    )

    def __init__(self, pane: str = "pauses") -> None:
        super().__init__(pane)
        self.rows: Mapping[PauseKey, PauseRow] = {}

    def columns(self) -> Sequence[Column]:
        if self.times is None or not self.times.exact:
            return self.COLUMNS
        wider = {"age": self.times.width, "until": 20}
        return [column._replace(width=wider.get(column.id, column.width)) for column in self.COLUMNS]

    def empty_lines(self, width: int) -> Sequence[Line]:
        return [(("  ", "text"), ("Nothing is paused, as far as the ledger and the sources tell.", "muted"))]

    def cells(self, key: PauseKey) -> Cells:
        row, times = self.rows.get(key), self.times
        if row is None or times is None:
            return Cells([("", "text")] * len(self.COLUMNS))
        name: Piece = (clean(row.name, 300), "strong")
        pause = row.pause
        if pause is None:
            unknown = ("?", "unknown")
            said = [("PAUSED", "paused"), name, unknown, ("nobody recorded it", "unknown"), unknown, unknown]
            return Cells([*said, ("by what the engine says", "muted")])
        return Cells(
            [
                self._until(pause, times),
                name,
                (clean(pause.actor, 200) or "?", "text"),
                (clean(pause.reason, 300) or "no reason given", "text"),
                (clean(pause.link, 200) or "none", "accent" if pause.link else "muted"),
                (times.short(pause.at), "muted"),
                (self._how(row, pause, times), STATE_ROLES[pause.state]),
            ]
        )

    def _until(self, pause: PauseRecord, times: Times) -> Piece:
        if not pause.standing:
            return ("over", "bad" if pause.state is PauseState.UNDONE else "muted")
        room = next((size for _, column, size in self.laid_out(self.inner_width) if column.id == "until"), 0)
        return pause_word(pause, times, room)

    def _how(self, row: PauseRow, pause: PauseRecord, times: Times) -> str:
        words = state_words(pause, times)
        if row.theirs:
            words = "told by the unit's annotations"
        return f"{words}; no source lists it now" if row.unit is None else words
