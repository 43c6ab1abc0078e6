"""The first screen: what differs where, how fresh that is, on which planes, and who did it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.timer import Timer

from drifttui.core.ages import Times
from drifttui.core.filters import NO_FILTER, Filter
from drifttui.core.identity import UnitId
from drifttui.core.rows import FindingRow, UnitRow
from drifttui.core.words import clean
from drifttui.widgets.cells import Excuse, Line
from drifttui.widgets.finding_table import FindingKey, FindingTable
from drifttui.widgets.header import Header
from drifttui.widgets.key_bar import KeyBar
from drifttui.widgets.planes_pane import PlanesPane, View
from drifttui.widgets.table import LineTable
from drifttui.widgets.text_pane import TextPane
from drifttui.widgets.unit_table import UnitTable

from . import excuses, headings
from .arrangement import place_triage
from .direct_keys import DirectKeys
from .filtering import Filtering
from .triage_model import Update

_CHOOSE_AFTER = 0.1
"""Seconds before the other panes follow the cursor: with a key held down they would only flicker."""

_DEEDS_SHOWN = 3
"""Lines of history above the who: the rest is in the finding."""

_OPEN_AFTER = 0.15
"""Seconds that the cursor rests on a unit before it is looked into: scrolling past is no question."""


class TriageScreen(Filtering, DirectKeys):
    """Units, findings, planes, who."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "everywhere", "All findings", id="all", tooltip="Findings of all units, or of the chosen one."),
        Binding("s", "sort", "Sort", id="sort", tooltip="Sort by the next column."),
        Binding("I", "invert", "Invert", show=False, id="invert", tooltip="Turn the order around."),
        Binding("f", "see('document')", "Full", id="full", tooltip="The whole document, or only what differs."),
        Binding("v", "turn", "View", id="view", tooltip="Unified, side by side, or a column per plane."),
        Binding("h", "see('hidden')", "Hidden", id="hidden", tooltip="What rules took out of the comparison."),
        Binding("n", "jump(1)", "Next change", show=False, id="next-change"),
        Binding("N", "jump(-1)", "Previous change", show=False, id="previous-change"),
        Binding("full_stop", "take_in", "Take in", show=False, id="take-in", tooltip="Sort in what is new."),
        Binding("enter", "enter", "Open", id="open", tooltip="Go into what the cursor is on."),
        Binding("ctrl+r", "refresh", "Look again", show=False, id="refresh", tooltip="Look into this unit again now."),
    ]
    PANES = ("units", "findings", "planes", "who")

    def __init__(self) -> None:
        super().__init__()
        self._starting = True
        self._lower = "findings"
        self._opening: Timer | None = None
        self._opened: UnitId | None = None
        self._following: Timer | None = None
        self._asked: datetime | None = None
        self._started: datetime | None = None

    def compose(self) -> ComposeResult:
        yield Header()
        with Container(id="upper"):
            yield UnitTable()
            yield FindingTable()
        with Container(id="lower"):
            yield PlanesPane()
            yield TextPane("who")
        yield KeyBar()

    def on_mount(self) -> None:
        self._started = self.times.now
        super().on_mount()
        self.units.focus(scroll_visible=False)

    @property
    def units(self) -> UnitTable:
        return self.query_one(UnitTable)

    @property
    def findings(self) -> FindingTable:
        return self.query_one(FindingTable)

    @property
    def planes(self) -> PlanesPane:
        return self.query_one(PlanesPane)

    @property
    def who(self) -> TextPane:
        return self.query_one("#who", TextPane)

    @property
    def unit(self) -> UnitRow | None:
        """The chosen unit: where the cursor is, or the one of the chosen finding among all."""
        model = self.model
        if model.everywhere:
            row = model.finding(self.findings.key)
            return row.of if row else None
        return model.units.rows.get(model.chosen) if model.chosen else None

    # What arrives.

    @property
    def follows(self) -> bool:
        return not self.units.touched and (self.pane is None or self.pane is self.units)

    def board_arrived(self, update: Update) -> None:
        model = self.model
        self.units.sources = self.board.sources
        self.units.rows = model.units.rows
        self.units.deeds = self.findings.deeds = model.deeds
        self.units.picked = {key for key in self.units.picked if key in model.units.rows}
        if update.units_moved:
            # Until every source has answered, the cursor stays with whatever is worst.
            first = self._starting and model.units.following and model.units.order
            self._show_units(model.units.order[0] if first else None)
        self._starting = model.starting
        self.units.changed(update.units)
        self.show_header()
        self._show_findings(moved=update.findings_moved)
        self._word()

    def ticked(self, times: Times) -> None:
        self.units.tick(times)
        self.findings.tick(times)
        self.planes.tick(times)
        self.show_header()
        self._word()

    def _show_units(self, at: UnitId | None = None) -> None:
        units = self.model.units
        self.units.marked = units.marked
        self.units.show(list(units.order), (units.column, units.backwards), at)
        if self.units.key != self.model.chosen:
            self._choose(self.units.key)

    def _show_findings(self, *, moved: bool) -> None:
        findings = self.model.findings
        self.findings.rows = findings.rows
        self.findings.marked = findings.marked
        if moved:
            self.findings.show(list(findings.order), (findings.column, findings.backwards))
        self.findings.changed(None)

    # What the panes say beside their rows.

    def _word(self) -> None:
        if not self.ready or self._started is None:
            return
        row = self.unit
        if not self.units.keys:
            self.units.excuse = Excuse(partial(excuses.no_units, self.model, self.times, self._started))
            self.units.repaint()
        self.units.say(*headings.of_units(self.model, len(self.units.picked)))
        if not self.findings.keys:
            self.findings.excuse = Excuse(partial(excuses.no_findings, self.model, row, self.times, self._asked))
            self.findings.repaint()
        found, picked = len(self.findings.keys), len(self.findings.picked)
        self.findings.say(*headings.of_findings(self.model, row, found, self.times, picked))
        self._show_planes(row)

    def _show_planes(self, row: UnitRow | None) -> None:
        chosen = self.model.finding(self.findings.key)
        self.follow_direct(row, chosen)
        if chosen is None:
            self.planes.show(None, None, Excuse(partial(excuses.no_planes, row)))
            self.who.say([("Who", "strong")])
            self.who.word(None, lambda width: ())
            return
        from drifttui.widgets.deed_lines import deed_lines  # The first frame has nothing to say here.
        from drifttui.widgets.who_lines import who_lines

        finding, of, times = chosen.finding, chosen.of, self.times
        self.planes.show(finding, of.look.inspection, direct=of.look.read_directly(finding))
        self.who.say([("Who", "strong")])
        deeds = self.model.deeds

        def lines(width: int) -> list[Line]:
            done = deed_lines(deeds, of.unit.id, finding, times, width, _DEEDS_SHOWN)
            return [*done, *([()] if done else ()), *who_lines(finding, of.unit, of.look, times, width)]

        self.who.word(finding.id, lines)

    # The cursor.

    def on_line_table_moved(self, event: LineTable.Moved) -> None:
        event.stop()
        if event.by_hand:
            self.hush()
        if self._following is not None:
            self._following.stop()
        self._following = self.set_timer(_CHOOSE_AFTER, self._follow)

    def _follow(self) -> None:
        """The other panes are about what the cursors are on."""
        self._following = None
        if self.units.key != self.model.chosen:
            self._choose(self.units.key)
        if self.model.everywhere:
            chosen = self.findings.key
            if chosen is not None and chosen[0] != self._opened:
                self._open_soon(chosen[0])
        self._word()

    def _choose(self, unit: UnitId | None) -> None:
        if not self.model.everywhere:
            self._open_soon(unit)
        moved = self.model.choose(unit)
        if not self.model.everywhere:
            self._show_findings(moved=moved or not self.model.findings.order)

    def _open_soon(self, unit: UnitId | None) -> None:
        if self._opening is not None:
            self._opening.stop()
        self._asked = self.times.now
        self._opened = unit
        self._opening = self.set_timer(_OPEN_AFTER, lambda: self.host.feed.open(unit))

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
        self._follow()
        if event.table is self.units:
            self.focus_pane("findings")
        else:
            self._enter(self.findings.key)

    def _enter(self, key: FindingKey | None) -> None:
        if key is None:
            return
        from .finding import FindingScreen

        self.app.push_screen(FindingScreen(key))

    # Layout.

    def place_panes(self) -> None:
        if not self.ready:
            return
        if self.wanted != "units":
            self._lower = self.wanted
        place_triage(self, self._lower)

    def leave(self) -> None:
        if self.units.picked or self.findings.picked:
            self.acted()
        elif self.pane is not self.units:
            self.focus_pane("units")
        elif self.model.filter:
            self.filter_by(NO_FILTER)

    def filter_by(self, filter_: Filter) -> None:
        self.model.filter_by(filter_, self.times.now)
        self._show_units()
        self._show_findings(moved=True)
        self._word()

    # What acts are about.

    def unit_rows(self) -> Sequence[UnitRow]:
        rows = self.model.units.rows
        marked = [rows[key] for key in self.units.keys if key in self.units.picked and key in rows]
        self._follow()
        return marked or ([self.unit] if self.unit is not None else [])

    def finding_rows(self) -> Sequence[FindingRow]:
        self._follow()
        marked = [self.model.finding(key) for key in self.findings.keys if key in self.findings.picked]
        chosen = self.model.finding(self.findings.key)
        return [row for row in marked if row is not None] or ([chosen] if chosen is not None else [])

    def acted(self) -> None:
        self.units.pick_none()
        self.findings.pick_none()
        self._word()

    def on_line_table_picked(self, event: LineTable.Picked) -> None:
        event.stop()
        self._word()

    # Keys.

    def action_enter(self) -> None:
        """In a pane without a cursor: into the finding that it is about."""
        self._follow()
        self._enter(self.findings.key)

    def action_everywhere(self) -> None:
        self.model.show_everywhere(not self.model.everywhere)
        self.findings.with_unit = self.model.everywhere
        self._show_findings(moved=True)
        self._word()
        if self.model.everywhere:
            self.focus_pane("findings")

    def action_sort(self) -> None:
        """Of the focused list; in a pane without columns that of the units."""
        table: LineTable[UnitId] | LineTable[FindingKey] = self.findings if self.pane is self.findings else self.units
        columns = [column.id for column in table.columns()]
        here = columns.index(table.sorted_by[0]) if table.sorted_by[0] in columns else -1
        self.sort_by(table, columns[(here + 1) % len(columns)], False)

    def action_invert(self) -> None:
        table = self.findings if self.pane is self.findings else self.units
        self.sort_by(table, table.sorted_by[0], not table.sorted_by[1])

    def on_line_table_sort_asked(self, event: LineTable.SortAsked) -> None:
        event.stop()
        name, backwards = event.table.sorted_by
        self.sort_by(event.table, event.column, not backwards if name == event.column else False)

    def sort_by(self, table: LineTable[UnitId] | LineTable[FindingKey], column: str, backwards: bool) -> None:
        if table is self.units:
            self.model.units.sort_by(column, backwards)
            self._show_units()
        else:
            self.model.findings.sort_by(column, backwards)
            self._show_findings(moved=True)
        self._word()

    def action_take_in(self) -> None:
        self.model.take_in()
        self._show_units()
        self._show_findings(moved=True)
        self._word()

    def action_see(self, view: str) -> None:
        self.planes.see(View(view))
        if self.stacked and self.pane is not self.planes:
            self.focus_pane("planes")

    def action_turn(self) -> None:
        self.planes.turn()
        self.tell(f"planes: {self.planes.shape}", "muted")

    def action_jump(self, by: int) -> None:
        self.planes.jump(by)

    def action_refresh(self) -> None:
        self._follow()
        row = self.unit
        self.host.feed.refresh(row.unit.id if row else None)
        self.tell(f"looking into {clean(row.unit.id.name, 60)} again" if row else "asking every source again", "muted")
