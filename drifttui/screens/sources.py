"""Can what is on screen be believed: every source with its health, its rights, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from drifttui.core.ages import Times
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.words import clean
from drifttui.widgets.cells import Piece
from drifttui.widgets.header import Header
from drifttui.widgets.key_bar import KeyBar
from drifttui.widgets.source_table import SourceTable, source_lines
from drifttui.widgets.table import LineTable
from drifttui.widgets.text_pane import TextPane

from .prompting import Prompting
from .triage_model import Update

_ORDER = [Standing.BLIND, Standing.DEGRADED, Standing.STARTING, Standing.OK, Standing.OFF]


def _order(sources: Mapping[str, SourceHealth]) -> list[str]:
    """The worst first. Sorted when sources come and go only: one that goes blind changes in place."""
    return sorted(sources, key=lambda name: (_ORDER.index(sources[name].standing), name))


class SourcesScreen(Prompting):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "refresh", "Ask again", id="refresh", tooltip="Check every source again now."),
    ]
    PANES = ("sources", "source")

    def compose(self) -> ComposeResult:
        yield Header()
        with Container(id="upper"):
            yield SourceTable()
        with Container(id="lower"):
            yield TextPane("source")
        yield KeyBar()

    def on_mount(self) -> None:
        super().on_mount()
        self.table.focus(scroll_visible=False)

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
        self._word()

    def ticked(self, times: Times) -> None:
        self.table.tick(times)
        self.show_header()
        self._word()

    def _word(self) -> None:
        if not self.ready:
            return
        sources = self.board.sources
        blind = len(self.board.blind)
        aside: list[Piece] = [(f"{len(sources)}", "muted")]
        if blind:
            aside += [(" · ", "border"), (f"{blind} blind", "unknown")]
        self.table.say([("Sources", "strong")], aside)
        detail, times = self.query_one("#source", TextPane), self.times
        health = sources.get(self.table.key or "")
        if health is None:
            detail.say([("Source", "strong")])
            return
        detail.say([("Source", "strong"), (" ─ ", "border"), (clean(health.name, 120), "text")])
        detail.word(health.name, lambda width: source_lines(health, times, width))

    def on_line_table_moved(self, event: LineTable.Moved) -> None:
        event.stop()
        self.hush()
        self._word()

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
        self.focus_pane("source")

    def on_line_table_sort_asked(self, event: LineTable.SortAsked) -> None:
        event.stop()

    def place_panes(self) -> None:
        if not self.ready:
            return
        height = self.app.size.height
        wanted = len(self.board.sources) + 4
        for pane in self.panes:
            pane.boxed = not self.stacked
            pane.display = not self.zoomed or pane.id == self.wanted
        self.query_one("#upper").display = self.table.display
        self.query_one("#lower").display = self.query_one("#source").display
        self.query_one("#upper").styles.height = "1fr" if self.zoomed else max(6, min(wanted, height * 2 // 5))

    def action_refresh(self) -> None:
        self.host.feed.refresh(None)
        self.tell("asking every source again", "muted")
