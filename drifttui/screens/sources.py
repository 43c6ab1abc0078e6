"""Can what is on screen be believed: every source with its health, its rights, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from drifttui.core.health import SourceHealth, Standing
from drifttui.core.words import clean
from drifttui.widgets.cells import Piece
from drifttui.widgets.source_table import SourceTable, source_lines
from drifttui.widgets.table import LineTable

from .table_over import TableOver
from .triage_model import Update

_ORDER = [Standing.BLIND, Standing.DEGRADED, Standing.STARTING, Standing.OK, Standing.OFF]


def _order(sources: Mapping[str, SourceHealth]) -> list[str]:
    """The worst first. Sorted when sources come and go only: one that goes blind changes in place."""
    return sorted(sources, key=lambda name: (_ORDER.index(sources[name].standing), name))


class SourcesScreen(TableOver):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "refresh", "Ask again", id="refresh", tooltip="Check every source again now."),
    ]
    PANES = ("sources", "source")
    SHARE = 0.4

    def made(self) -> SourceTable:
        return SourceTable()

    @property
    def table(self) -> SourceTable:
        return self.query_one(SourceTable)

    def board_arrived(self, update: Update) -> None:
        board, table = self.board, self.table
        table.sources = board.sources
        if set(table.keys) != set(board.sources):
            table.show(_order(board.sources))
            self.place_panes()
        table.changed(None)
        self.word()

    def word(self) -> None:
        sources = self.board.sources
        blind = len(self.board.blind)
        aside: list[Piece] = [(f"{len(sources)}", "muted")]
        if blind:
            aside += [(" · ", "border"), (f"{blind} blind", "unknown")]
        self.table.say([("Sources", "strong")], aside)
        detail, times = self.detail, self.times
        health = sources.get(self.table.key or "")
        if health is None:
            detail.say([("Source", "strong")])
            return
        detail.say([("Source", "strong"), (" ─ ", "border"), (clean(health.name, 120), "text")])
        detail.word(health.name, lambda width: source_lines(health, times, width))

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
        self.focus_pane("source")
