"""A table, and below it a pane that tells of the row the cursor is on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Container

from drifttui.core.ages import Times
from drifttui.widgets.header import Header
from drifttui.widgets.key_bar import KeyBar
from drifttui.widgets.table import LineTable
from drifttui.widgets.text_pane import TextPane

from .prompting import Prompting

_FRAME = 4
"""Lines of a table that are no rows."""


class TableOver(Prompting):
    """`PANES` are the ids of the two. Subclasses make the table, fill it, and word both."""

    SHARE: ClassVar[float] = 0.5
    """Of the screen, for the table at the most."""

    def made(self) -> LineTable[Any]:
        raise NotImplementedError

    def word(self) -> None:
        """Titles, and what the pane tells."""

    def compose(self) -> ComposeResult:
        yield Header()
        with Container(id="upper"):
            yield self.made()
        with Container(id="lower"):
            yield TextPane(self.PANES[1])
        yield KeyBar()

    def on_mount(self) -> None:
        super().on_mount()
        self.over.focus(scroll_visible=False)

    @property
    def over(self) -> LineTable[Any]:
        return self.query_one(f"#{self.PANES[0]}", LineTable)

    @property
    def detail(self) -> TextPane:
        return self.query_one(f"#{self.PANES[1]}", TextPane)

    def ticked(self, times: Times) -> None:
        self.over.tick(times)
        self.show_header()
        if self.ready:
            self.word()

    def on_line_table_moved(self, event: LineTable.Moved) -> None:
        event.stop()
        self.hush()
        if self.ready:
            self.word()

    def on_line_table_picked(self, event: LineTable.Picked) -> None:
        event.stop()

    def on_line_table_sort_asked(self, event: LineTable.SortAsked) -> None:
        event.stop()

    def place_panes(self) -> None:
        if not self.ready:
            return
        for pane in self.panes:
            pane.boxed = not self.stacked
            pane.display = not self.zoomed or pane.id == self.wanted
        upper, lower = self.query_one("#upper"), self.query_one("#lower")
        upper.display, lower.display = self.over.display, self.detail.display
        most = int(self.app.size.height * self.SHARE)
        upper.styles.height = "1fr" if self.zoomed else max(6, min(len(self.over.keys) + _FRAME, most))

    def fill(self, keys: Sequence[Any]) -> None:
        """These rows in this order, all worded anew; marks of others are gone."""
        table = self.over
        table.picked &= set(keys)
        table.show(list(keys))
        table.changed(None)
        self.place_panes()

    def leave(self) -> None:
        """Marks go first."""
        if self.over.picked:
            self.over.pick_none()
        else:
            super().leave()

    def action_refresh(self) -> None:
        self.host.feed.refresh(None)
        self.tell("asking every source again", "muted")
