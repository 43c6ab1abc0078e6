"""What happened around the incident, in one order: calls, merges, syncs, drift, pauses, verdicts, and who was blind."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.timer import Timer

from drifttui.core.ages import Times, span
from drifttui.core.identity import UnitId
from drifttui.core.timeline import Entry, Kind, Window, chosen, whole
from drifttui.core.words import clean
from drifttui.services.timeline import window_around
from drifttui.widgets.cells import Piece
from drifttui.widgets.header import Header
from drifttui.widgets.key_bar import KeyBar
from drifttui.widgets.lines_view import LinesView
from drifttui.widgets.prompt import Prompt
from drifttui.widgets.table import LineTable
from drifttui.widgets.timeline_view import EntryTable, TimelineAxis, entry_lines_excuse

from .prompting import Prompting
from .triage_model import Update

_ZOOM = 0.5
_MOVE = 0.25
_FRAME = 3
"""Lines of the header and the keys."""
_LIST = 4
"""Lines that the list needs to be one."""
_AFTER = 0.2
"""Seconds from news to what is shown of it: boards come faster than anybody reads."""


class TimelineScreen(Prompting):
    """The axis and the list have one cursor: the entry that it is on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="filter", tooltip="Type words; it works at once.", priority=True),
        Binding("i", "zoom_time(1)", "Into", id="zoom-in", tooltip="A shorter time, around the cursor."),
        Binding("w", "zoom_time(-1)", "Wider", id="zoom-out", tooltip="A longer time, around the cursor."),
        Binding("ctrl+left", "move(-1)", "Earlier", show=False, id="move-earlier", tooltip="An earlier time."),
        Binding("ctrl+right", "move(1)", "Later", show=False, id="move-later", tooltip="A later time."),
        Binding("0", "around", "Incident", show=False, id="around", tooltip="The incident's time, or the last hours."),
        Binding("9", "everything", "All", id="everything", tooltip="All that is known, from the first entry on."),
    ]
    PANES = ("axis", "entries")

    def __init__(self, unit: UnitId | None = None) -> None:
        """With `unit` only of that one, and of the sources."""
        super().__init__()
        self.wanted = "entries"
        self._unit = unit
        self._text = ""
        self._filters: list[str] = []
        self._undo: tuple[str, LinesView | None] | None = None
        self._window: Window | None = None
        """None: it goes along with the time."""
        self._all: tuple[Entry, ...] = ()
        self._due: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Header()
        with Container(id="upper"):
            yield TimelineAxis()
        with Container(id="lower"):
            yield EntryTable()
        yield KeyBar()

    def on_mount(self) -> None:
        super().on_mount()
        self.table.focus(scroll_visible=False)
        self._fill(last=True)

    @property
    def axis(self) -> TimelineAxis:
        return self.query_one(TimelineAxis)

    @property
    def table(self) -> EntryTable:
        return self.query_one(EntryTable)

    @property
    def window(self) -> Window:
        return self._window or window_around(self.board, self.times.now, self._all)

    def board_arrived(self, update: Update) -> None:
        self.show_header()
        if self._due is None:
            self._due = self.set_timer(_AFTER, self._fill)

    def ticked(self, times: Times) -> None:
        self.show_header()
        self.table.now = times.now
        self.table.tick(times)
        if self._window is None:
            self._show_axis()

    # What is shown.

    def _fill(self, *, last: bool = False) -> None:
        self._due = None
        if not self.ready:
            return
        self._all = self.host.timeline()
        table, window = self.table, self.window
        unit = str(self._unit) if self._unit else ""
        shown = list(chosen(self._all, window, unit=unit, text=self._text))
        follows = last or not table.keys or table.cursor >= len(table.keys) - 1
        table.times = self.times
        table.now = self.times.now
        table.of_days(window.since.date() != window.until.date())
        table.excuse = entry_lines_excuse(len(self._all), self._text)
        if shown != table.keys:
            table.show(shown, at=shown[-1] if shown and follows else None)
        table.changed(None)
        self._show_axis()
        self.place_panes()

    def _show_axis(self) -> None:
        unit = str(self._unit) if self._unit else ""
        kinds = frozenset(entry.kind for entry in self._all)
        shown = chosen(self._all, None, unit=unit, text=self._text) if self._text or unit else self._all
        self.axis.show(shown, self.window, self.table.key, kinds)
        self._word()

    def _word(self) -> None:
        window, table = self.window, self.table
        heading: list[Piece] = [("Timeline", "strong")]
        name = self._unit.name if self._unit else self.board.incident
        if name:
            heading += [(" ─ ", "border"), (clean(name, 100), "accent")]
        if self._text:
            heading += [(" ─ ", "border"), (clean(self._text, 100), "accent")]
        form = "%Y-%m-%d %H:%M" if window.length.days else "%H:%M:%S"
        aside: list[Piece] = [
            (f"{window.since:{form}}Z to {window.until:{form}}Z, {span(window.length.total_seconds())}", "muted")
        ]
        self.axis.say(heading, aside)
        gaps = sum(1 for entry in table.keys if entry.kind is Kind.GAP)
        count: list[Piece] = [(f"{len(table.keys):,} of {len(self._all):,}", "muted")]
        if gaps:
            count += [(" · ", "border"), (f"{gaps} blind", "unknown")]
        table.say([("Entries", "strong")], count)

    def place_panes(self) -> None:
        if not self.ready:
            return
        height = self.app.size.height
        for pane in self.panes:
            pane.boxed = not self.stacked
            pane.display = not self.zoomed or pane.id == self.wanted
        upper, lower = self.query_one("#upper"), self.query_one("#lower")
        upper.display, lower.display = self.axis.display, self.table.display
        wanted = len(self.axis.lanes) + (3 if self.axis.boxed else 2)
        room = height - _FRAME
        upper.styles.height = "1fr" if self.zoomed else max(1, min(wanted, max(room // 2, 3), room - _LIST))

    # The cursor.

    def on_line_table_moved(self, event: LineTable.Moved) -> None:
        event.stop()
        self.hush()
        self._show_axis()

    def on_timeline_axis_walked(self, event: TimelineAxis.Walked) -> None:
        event.stop()
        self.table.move_to(self.table.cursor + event.by)

    def on_timeline_axis_pointed(self, event: TimelineAxis.Pointed) -> None:
        event.stop()
        keys = self.table.keys
        if keys:
            nearest = min(range(len(keys)), key=lambda place: abs(keys[place].at - event.at))
            self.table.move_to(nearest)

    def on_timeline_axis_chosen(self, event: TimelineAxis.Chosen) -> None:
        event.stop()
        self._open(self.table.key)

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
        self._open(event.key)

    def on_line_table_sort_asked(self, event: LineTable.SortAsked) -> None:
        event.stop()

    def _open(self, entry: Entry | None) -> None:
        """The finding that an entry is about, else its unit, else its source."""
        if entry is None:
            return
        if entry.kind is Kind.GAP:
            self.call_later(self.run_action, "app.sources")
            return
        unit = next((key for key in self.board.units if str(key) == entry.unit), None)
        if unit is None:
            self.tell("it is about no unit that is listed now" if entry.unit else "it is about no single unit")
            return
        findings = self.board.look(unit).findings
        found = next((one for one in findings if one.id == entry.ref), None) or next(
            (one for one in findings if entry.resource and one.ref.short == entry.resource), None
        )
        if found is not None:
            from .finding import FindingScreen

            self.app.push_screen(FindingScreen((unit, found.id)))
            return
        from .commands import go

        go(self, unit)

    # Time.

    def action_zoom_time(self, by: int) -> None:
        key, window = self.table.key, self.window
        around = key.at if key is not None and window.holds(key) else window.since + window.length / 2
        around = min(max(around, window.since), window.until)
        self._window = window.zoomed(_ZOOM if by > 0 else 1 / _ZOOM, around)
        self._fill()

    def action_move(self, by: int) -> None:
        self._window = self.window.moved(by * _MOVE)
        self._fill()

    def action_around(self) -> None:
        self._window = None
        self._fill()

    def action_everything(self) -> None:
        self._window = whole(self._all, self.times.now)
        self._fill()

    # The filter.

    async def action_filter(self) -> None:
        self._undo = (self._text, self.pane)
        hint = "words of what happened, kinds, units, actors: call payments alice"
        await self.open_prompt(Prompt("/", f"{self._text} " if self._text else "", hint, self._filters))

    def filter_typed(self, text: str) -> None:
        self._text = " ".join(text.split())
        self._fill()
        shown: list[Piece] = [(f"{len(self.table.keys):,} of {len(self._all):,}  ", "muted"), ("enter", "key")]
        shown += [(" keep  ", "muted"), ("esc", "key"), (" undo", "muted")]
        self.query_one(Prompt).tell(shown)

    async def filter_kept(self, text: str) -> None:
        if self._text and self._text not in self._filters:
            self._filters.append(self._text)
        await self.close_prompt(self._undo[1] if self._undo else None)

    async def filter_left(self) -> None:
        before, pane = self._undo or ("", None)
        self._text = before
        await self.close_prompt(pane)
        self._fill()

    def leave(self) -> None:
        if self._text:
            self._text = ""
            self._fill()
        else:
            super().leave()
