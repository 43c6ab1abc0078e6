"""The close-out of an incident: what still stands in the way, who answers for what stays, and the record of it all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from drifttui.core.asks import Answer
from drifttui.core.board import Mode
from drifttui.core.closeout import Closeout, Item
from drifttui.core.evidence_asks import Reviewed
from drifttui.core.identity import UnitId
from drifttui.core.words import clean
from drifttui.widgets.cells import Line, wrapped
from drifttui.widgets.closeout_table import CloseoutTable, ItemKey
from drifttui.widgets.plan_view import labelled
from drifttui.widgets.table import LineTable

from .base import DriftScreen
from .decision import DecisionScreen
from .evidence import Evidence, reading_words
from .table_over import TableOver
from .triage_model import Update


def open_closeout(screen: DriftScreen) -> None:
    """Says in one line why there is nothing to close out, where there is not."""
    evidence, incident = screen.host.closing, screen.board.incident
    if evidence is None:
        screen.tell(f"Nothing is closed out here. {screen.host.no_evidence}.", "warn")
    elif not incident:
        screen.tell("No incident is set: `:incident INC-9127` names one", "warn")
    else:
        screen.app.push_screen(CloseoutScreen(evidence, incident))


class CloseoutScreen(TableOver):
    """What blocks comes first. Reviewed when it is opened, after every decision, and when it is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "decide", "Own", id="own", tooltip="Accept the finding until an end, or hand it over."),
        Binding("d", "drafts", "Drafts", id="drafts", tooltip="What would bring Git, or a state, up to what runs."),
        Binding("y", "record", "Record", id="yes", tooltip="Record the checklist, once nothing blocks."),
        Binding("ctrl+r", "refresh", "Ask again", show=False, id="refresh"),
    ]
    PANES = ("closeout", "closeout-detail")
    SHARE = 2 / 3

    def __init__(self, evidence: Evidence, incident: str) -> None:
        super().__init__()
        self.evidence, self.incident = evidence, incident
        self.found: Closeout | None = None
        self.armed = False
        self._problem = ""
        self._asking = False

    def made(self) -> CloseoutTable:
        return CloseoutTable()

    def on_mount(self) -> None:
        super().on_mount()
        self.review()

    @property
    def table(self) -> CloseoutTable:
        return self.query_one(CloseoutTable)

    @property
    def item(self) -> Item | None:
        """What the cursor is on."""
        return self.table.rows.get(self.table.key) if self.table.key is not None else None

    # What arrives.

    def review(self) -> None:
        self._asking, self.armed = True, False
        self.evidence.review(self.incident, self._reviewed)
        self.word()

    def _reviewed(self, reviewed: Reviewed) -> None:
        self._asking, self._problem = False, reviewed.problem
        self.found = reviewed.closeout
        if self.ready:
            self._fill()

    def _fill(self) -> None:
        items = self.found.items if self.found is not None else ()
        self.table.rows = {(item.kind, item.id): item for item in items}
        self.fill(list(self.table.rows))
        self.word()

    def board_arrived(self, update: Update) -> None:
        self.show_header()

    # What it says.

    def word(self) -> None:
        if not self.ready:
            return
        table, found = self.table, self.found
        excuse: Line = [("Nothing was found and nothing paused under this incident.", "muted")]
        if self._problem:
            excuse = [(clean(self._problem, 400), "bad")]
        elif self._asking and found is None:
            excuse = reading_words(self.evidence.progress)
        table.excuse = excuse
        aside: Line = ()
        if found is not None:
            blocking = len(found.blocking)
            role = "bad" if blocking else "ok"
            aside = [(f"{blocking} of {len(found.items)} block" if blocking else "nothing blocks", role)]
        table.say([("Close-out", "strong"), (" ─ ", "border"), (clean(self.incident, 120), "text")], aside)
        if not table.rows:
            table.repaint()
        detail, item = self.detail, self.item
        detail.say([("What became of it" if item is None else f"{item.kind} {clean(item.id, 40)}", "strong")])
        detail.word(item, lambda width: self._about(item, width))

    def _about(self, item: Item | None, width: int) -> Sequence[Line]:
        if item is None:
            return ()
        lines = [
            *labelled("What", [(item.what, "strong")], width),
            *labelled("Unit", [(item.unit, "text")], width),
            *labelled("Became", [(item.state, "text" if item.blocks else "ok")], width),
            *(labelled("Undone", [(clean(item.undone, 500), "text")], width) if item.undone else ()),
            *labelled("Blocks", [(item.blocks, "bad")] if item.blocks else [("no longer", "ok")], width),
            *labelled("Request", [(item.request, "accent")] if item.request else [], width),
        ]
        if item.blocks:
            how = "`enter`, then `r` resumes it."
            if item.kind != "pause":
                how = "`enter` opens it; `o` says who owns it; `d` drafts what brings Git up to it."
            lines += [(), *wrapped(f" {how}", width, "muted")]
        if self.found is not None and not self.found.blocking and self.board.mode is Mode.LIVE:
            lines += [(), *wrapped(" Nothing blocks: `y` records the checklist in the ledger.", width, "muted")]
        return lines

    # Keys.

    def on_line_table_moved(self, event: LineTable.Moved) -> None:
        self.armed = False

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        """To the finding, or to the pause in the list of pauses."""
        event.stop()
        item = self.table.rows.get(event.key)
        if item is None:
            return
        try:
            unit = UnitId.parse(item.unit)
        except ValueError:
            self.tell("this record names no unit that can be gone to")
            return
        if item.kind == "pause":
            from .pauses import PausesScreen

            pauses = PausesScreen()
            self.app.push_screen(pauses)
            pauses.call_after_refresh(lambda: pauses.table.go_to((item.unit, item.id)))
            return
        if not any(finding.id == item.id for finding in self.board.look(unit).findings):
            self.tell(f"{clean(unit.name, 60)} does not show this finding now: {clean(item.state, 80)}")
            return
        from .finding import FindingScreen

        self.app.push_screen(FindingScreen((unit, item.id)))

    def action_drafts(self) -> None:
        from .drafts import open_drafts

        open_drafts(self)

    @property
    def _refused(self) -> bool:
        if self.board.mode is not Mode.LIVE:
            self.tell(f"Nothing is recorded. {self.host.desk.refusal(self.board)}.", "bad")
        elif self.board.read_only:
            self.tell("Nothing is recorded. Refused by --read-only.", "bad")
        return self.board.read_only

    def action_decide(self) -> None:
        if self._refused:
            return
        here: list[ItemKey] = [self.table.key] if self.table.key is not None else []
        keys = [key for key in self.table.keys if key in self.table.picked] or here
        items = [self.table.rows[key] for key in keys if key[0] == "finding"]
        if not items:
            self.tell("a pause is resumed, not accepted: `enter`, then `r`" if keys else "no finding here to decide on")
            return
        self.app.push_screen(DecisionScreen(self.evidence, self.incident, items, self._decided))
        self.table.pick_none()

    def _decided(self, words: str) -> None:
        self.review()
        self.tell(words, "ok")

    def action_record(self) -> None:
        if self._refused:
            return
        if self.found is None or self.found.blocking or not self.found.items:
            many = len(self.found.blocking) if self.found is not None else 0
            self.tell(f"{many} stand in the way" if many else "there is nothing to record", "bad")
        elif not self.armed:
            self.armed = True
            self.tell(f"y once more to record that {clean(self.incident, 60)} is closed out", "warn")
        else:
            self.armed = False
            self.evidence.close_out(self.incident, self._recorded)

    def _recorded(self, answer: Answer) -> None:
        if self.ready:
            self.tell(clean(answer.words, 300), "bad" if answer.failed else "ok")

    def action_refresh(self) -> None:
        self.review()
        self.tell("reading the record again", "muted")

    def leave(self) -> None:
        if self.armed and not self.table.picked:
            self.armed = False
            self.hush()
        else:
            if not self.table.picked:
                self.evidence.cancel()
            super().leave()
