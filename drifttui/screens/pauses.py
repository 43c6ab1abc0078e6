"""Everything that stands paused: by whom, why, until when, and whether it holds. What is overdue comes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

from textual.binding import Binding, BindingType

from drifttui.core.acts import PauseRecord, PauseState
from drifttui.core.identity import UnitId
from drifttui.core.rows import UnitRow
from drifttui.core.words import clean, value_text
from drifttui.widgets.cells import Line, Piece, wrapped
from drifttui.widgets.deed_lines import deed_lines, pause_lines
from drifttui.widgets.pause_table import PauseKey, PauseRow, PauseTable
from drifttui.widgets.table import LineTable

from .act_keys import ActKeys
from .table_over import TableOver
from .triage_model import Update

_REMEMBERED = timedelta(days=1)
"""For how long a pause that is over is still listed."""

_OVER = (PauseState.UNDONE, PauseState.FAILED, PauseState.RESUMED)


class PausesScreen(TableOver, ActKeys):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "refresh", "Ask again", show=False, id="refresh"),
    ]
    IDLE = frozenset({"classify"})
    PANES = ("pauses", "pause-detail")

    def made(self) -> PauseTable:
        return PauseTable()

    @property
    def table(self) -> PauseTable:
        return self.query_one(PauseTable)

    def board_arrived(self, update: Update) -> None:
        self._fill()

    def _fill(self) -> None:
        table = self.table
        table.rows = rows = self._rows()
        table.picked &= set(rows)
        if set(table.keys) != set(rows):
            table.show(sorted(rows, key=lambda key: self._order(rows[key])))
            self.place_panes()
        table.changed(None)
        self.word()

    def _rows(self) -> dict[PauseKey, PauseRow]:
        deeds, board = self.model.deeds, self.board
        rows: dict[PauseKey, PauseRow] = {}
        recorded = deeds.by_unit(board.units.keys())
        for unit_id, pause in recorded.items():
            theirs = pause.id not in deeds.acts.pauses
            rows[str(unit_id), pause.id] = PauseRow(unit_id.name, pause, board.units.get(unit_id), theirs)
        for unit in board.paused:
            if unit.id not in recorded:
                rows[str(unit.id), ""] = PauseRow(unit.id.name, None, unit)
        recent, shown = self.times.now - _REMEMBERED, {unit for unit, _ in rows}
        for pause in deeds.acts.pauses.values():
            # A pause that stands tells more of its unit than one that was over before; its history has both.
            if pause.state in _OVER and (pause.ended_at or pause.at) >= recent and pause.unit not in shown:
                key = _parsed(pause.unit)
                name, unit_now = (key.name, board.units.get(key)) if key else (pause.unit, None)
                rows[pause.unit, pause.id] = PauseRow(name, pause, unit_now)
        return rows

    def _order(self, row: PauseRow) -> tuple[object, ...]:
        """Overdue, then undone, then by their end; what nobody recorded behind those; what is over last."""
        pause = row.pause
        if pause is None:
            return (3, 0.0, row.name)
        if pause.standing:
            return (0 if pause.overdue(self.times.now) else 2, pause.until.timestamp(), row.name)
        return (1 if pause.state is PauseState.UNDONE else 4, -pause.at.timestamp(), row.name)

    def word(self) -> None:
        rows = self.table.rows
        standing = sum(1 for row in rows.values() if row.pause is None or row.pause.standing)
        aside: list[Piece] = [(f"{standing:,} standing", "muted")]
        if overdue := self.model.deeds.overdue(self.times.now):
            aside += [(" ", "text"), (f" {overdue:,} overdue ", "overdue")]
        self.table.say([("Pauses", "strong")], aside)
        self._detail()

    def _detail(self) -> None:
        detail, key = self.detail, self.table.key
        row = self.table.rows.get(key) if key else None
        if key is None or row is None:
            detail.say([("Pause", "strong")])
            detail.word(None, lambda width: ())
            return
        detail.say([("Pause", "strong"), (" ─ ", "border"), (clean(row.name, 120), "text")])
        detail.word(key, lambda width: self._about(key, row, width))

    def _about(self, key: PauseKey, row: PauseRow, width: int) -> Sequence[Line]:
        unit = row.unit.id if row.unit is not None else _parsed(key[0])
        lines: list[Line] = []
        if row.pause is None:
            said = "Its engine says that automation is suspended. No ledger and no annotation tells by whom or why."
            lines += wrapped(said, width, "unknown")
        if row.unit is None:
            lines += wrapped("No source lists this unit now: it cannot be resumed from here.", width, "unknown")
        if row.pause is not None and not row.pause.standing:
            lines += pause_lines(row.pause, self.times, width)
        if unit is not None:
            lines += deed_lines(self.model.deeds, unit, None, self.times, width)
        lines += _captured(row.pause, width)
        return lines

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        """To the unit, in the list of units."""
        event.stop()
        row = self.table.rows.get(event.key)
        if row is None or row.unit is None:
            self.tell("no source lists this unit now")
            return
        from .commands import go

        go(self, row.unit.id)

    def unit_rows(self) -> Sequence[UnitRow]:
        here = [self.table.key] if self.table.key is not None else []
        keys = [key for key in self.table.keys if key in self.table.picked] or here
        units = [self.table.rows[key].unit for key in keys]
        rows = [self.model.units.rows.get(unit.id) for unit in units if unit is not None]
        return [row for row in rows if row is not None]

    def acted(self) -> None:
        self.table.pick_none()


def _parsed(text: str) -> UnitId | None:
    try:
        return UnitId.parse(text)
    except ValueError:
        return None


def _captured(pause: PauseRecord | None, width: int) -> Sequence[Line]:
    """What resuming gives back."""
    if pause is None or not pause.standing or not pause.captured:
        return ()
    lines: list[Line] = [(), [("resuming gives back", "muted")]]
    for name, value in pause.captured.items():
        lines += wrapped(f"{clean(str(name), 200)}  {value_text(value, 400)}", width, "text", "  ")
    return lines
