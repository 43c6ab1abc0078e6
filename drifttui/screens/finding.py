"""One finding at full size: its planes, who, and its history with what the rules say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from drifttui.core.ages import Times
from drifttui.core.rows import FindingRow, UnitRow
from drifttui.core.words import RISK_WORDS, clean
from drifttui.widgets.cells import Line, Piece
from drifttui.widgets.deed_signs import pause_word
from drifttui.widgets.finding_table import FindingKey
from drifttui.widgets.header import Header
from drifttui.widgets.history_lines import history_lines
from drifttui.widgets.key_bar import KeyBar
from drifttui.widgets.planes_pane import PlanesPane, View
from drifttui.widgets.prompt import Said
from drifttui.widgets.text_pane import TextPane
from drifttui.widgets.who_lines import who_lines

from .base import STACK_BELOW_WIDTH
from .direct_keys import DirectKeys
from .headings import environment, evidence
from .planes_beside import PlanesBeside
from .triage_model import EVERYTHING, Update


class FindingScreen(DirectKeys, PlanesBeside):
    """Shows one finding of the list and steps through the others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "see('document')", "Full", id="full", tooltip="The whole document, or only what differs."),
        Binding("v", "turn", "View", id="view", tooltip="Unified, side by side, or a column per plane."),
        Binding("h", "see('hidden')", "Hidden", id="hidden", tooltip="What rules took out of the comparison."),
        Binding("n", "jump(1)", "Next change", show=False, id="next-change"),
        Binding("N", "jump(-1)", "Previous change", show=False, id="previous-change"),
        Binding("right_square_bracket", "step(1)", "Next", id="next-finding", tooltip="The next finding of the list."),
        Binding("left_square_bracket", "step(-1)", "Previous", show=False, id="previous-finding"),
        Binding("ctrl+r", "refresh", "Look again", show=False, id="refresh", tooltip="Look into this unit again now."),
    ]
    PANES = ("planes", "who", "history")

    def __init__(self, key: FindingKey) -> None:
        super().__init__()
        self.key = key
        self.row: FindingRow | None = None
        self.over = False

    def compose(self) -> ComposeResult:
        yield Header()
        yield Said()
        with Container(id="whole"):
            yield PlanesPane()
            with Container(id="side"):
                yield TextPane("who")
                yield TextPane("history")
        yield KeyBar()

    def on_mount(self) -> None:
        super().on_mount()
        self.planes.focus(scroll_visible=False)

    def board_arrived(self, update: Update) -> None:
        unit = self.model.units.rows.get(self.key[0])
        found = next((f for f in unit.look.findings if f.id == self.key[1]), None) if unit else None
        if unit is not None and found is not None:
            self.row = FindingRow(unit, found)
        elif unit is not None and self.row is not None:
            self.row = FindingRow(unit, self.row.finding)
        self.over = found is None
        self._word()

    def ticked(self, times: Times) -> None:
        self.planes.tick(times)
        self.show_header()
        self._word()

    def _word(self) -> None:
        row = self.row
        if row is None or not self.ready:
            return
        finding, unit, look, times, over = row.finding, row.of.unit, row.of.look, self.times, self.over
        deeds = self.model.deeds
        self.query_one(Said).say(self._subject(row))
        self.planes.show(finding, look.inspection, direct=look.read_directly(finding))
        self.follow_direct(row.of, row)
        who, history = self.query_one("#who", TextPane), self.query_one("#history", TextPane)
        who.say([("Who", "strong")])
        who.word(finding.id, lambda width: who_lines(finding, unit, look, times, width))
        history.say([("History and verdict", "strong")])
        history.word(finding.id, lambda width: history_lines(finding, unit, look, times, width, over=over, deeds=deeds))

    def _subject(self, row: FindingRow) -> Line:
        finding, unit = row.finding, row.of.unit
        # Where space is short the end is cut: production and the object come first, what else is known behind them.
        wide = self.app.size.width >= STACK_BELOW_WIDTH
        line: list[Piece] = [
            (" ", "text"),
            (RISK_WORDS.get(row.risk, "?"), row.risk),
            *environment(row.of),
            ("  ", "text"),
            (clean(str(finding.ref) if wide else finding.ref.short, 200), "strong"),
            (f"  {clean(finding.summary, 120)}", "text"),
            ("  in ", "muted"),
            (clean(unit.id.name, 120), "text"),
            ("  ", "text"),
        ]
        if self.over:
            line.append((f"over, last seen {self.times.ago(finding.last_seen)}", "ok"))
        else:
            line.extend(evidence(row.of, self.times))
        if row.of.pause is not None:
            word, role = pause_word(row.of.pause, self.times)
            line += [("  ", "text"), (f" {word} ", role)]
        return [*line, (f"  {clean(unit.cluster, 120)}", "muted")]

    def unit_rows(self) -> Sequence[UnitRow]:
        return [self.row.of] if self.row is not None else ()

    def finding_rows(self) -> Sequence[FindingRow]:
        return [self.row] if self.row is not None else ()

    def action_see(self, view: str) -> None:
        self.planes.see(View(view))
        if self.stacked and self.pane is not self.planes:
            self.focus_pane("planes")

    def action_step(self, by: int) -> None:
        order = self.model.findings.order
        if self.key not in order:
            self.tell("this finding is no longer in the list", "muted")
            return
        place = order.index(self.key) + by
        if not 0 <= place < len(order):
            self.tell("no more findings in the list", "muted")
            return
        self.key = order[place]
        self.host.feed.open(self.key[0])
        self.hush()
        self.board_arrived(EVERYTHING)

    def action_refresh(self) -> None:
        self.host.feed.refresh(self.key[0])
        self.tell("looking again", "muted")
