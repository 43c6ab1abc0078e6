"""One resource of a stack that was read directly, also where no plan has found anything in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from drifttui.core.ages import Times
from drifttui.core.board import Mode
from drifttui.core.direct import DirectRead, as_finding, engine_refusal
from drifttui.core.identity import UnitId
from drifttui.core.rows import UnitRow
from drifttui.core.words import clean
from drifttui.widgets.cells import Excuse, Line, wrapped
from drifttui.widgets.direct_lines import answer_lines
from drifttui.widgets.header import Header
from drifttui.widgets.key_bar import KeyBar
from drifttui.widgets.planes_pane import PlanesPane, View
from drifttui.widgets.prompt import Said
from drifttui.widgets.text_pane import TextPane

from .base import DriftScreen
from .planes_beside import PlanesBeside
from .triage_model import Update


class DirectScreen(PlanesBeside):
    """Asks when it is opened. What AWS says of the attributes that it was asked for, and no plan."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "direct", "Read again", id="direct"),
        Binding("v", "turn", "View", id="view"),
        Binding("h", "hidden", "Hidden", id="hidden"),
        Binding("n", "jump(1)", "Next change", show=False, id="next-change"),
        Binding("N", "jump(-1)", "Previous change", show=False, id="previous-change"),
    ]
    PANES = ("planes", "how")

    def __init__(self, unit: UnitId, address: str) -> None:
        super().__init__()
        self.unit, self.address = unit, address

    def compose(self) -> ComposeResult:
        yield Header()
        yield Said()
        with Container(id="whole"):
            yield PlanesPane()
            with Container(id="side"):
                yield TextPane("how")
        yield KeyBar()

    @property
    def read(self) -> DirectRead | None:
        row = self.model.units.rows.get(self.unit)
        reads = row.look.direct if row is not None else ()
        return next((one for one in reads if one.address == self.address), None)

    def on_mount(self) -> None:
        super().on_mount()
        self.planes.focus(scroll_visible=False)
        self.action_direct()

    def board_arrived(self, update: Update) -> None:
        self._word()

    def ticked(self, times: Times) -> None:
        self.planes.tick(times)
        self._word()

    def _word(self) -> None:
        if not self.ready:
            return
        self.show_header()
        read, times = self.read, self.times
        name = clean(self.address, 200)
        self.query_one(Said).say(
            [(" ", "text"), (name, "strong"), ("  in ", "muted"), (clean(self.unit.name, 100), "text"),
             ("  read by itself, no plan", "muted")]
        )  # fmt: skip
        answer = read.answer if read is not None else None
        if answer is not None:
            self.planes.show(as_finding(self.unit, answer), None)
        else:
            words = "Nothing was read yet."
            if read is not None:
                words = clean(read.error, 600) if read.error else f"Asked {times.ago(read.asked_at)}."
            role = "bad" if read is not None and read.error else "muted"
            self.planes.show(None, None, Excuse(lambda width: wrapped(words, width, role, " ")))
        how = self.query_one("#how", TextPane)
        how.say([("How it was read", "strong")])
        how.word(self.address, lambda width: _how(read, times, width))

    def action_direct(self) -> None:
        self.host.feed.read_directly(self.unit, self.address)
        self.tell("reading", "muted")

    def action_hidden(self) -> None:
        self.planes.see(View.HIDDEN)


def _how(read: DirectRead | None, times: Times, width: int) -> Sequence[Line]:
    if read is None:
        return wrapped("It waits for its turn.", width, "muted")
    return answer_lines(read, times, width)


def open_direct(screen: DriftScreen, text: str) -> None:
    """`:direct ADDRESS` on the unit that the screen is about."""
    from .act_keys import ActKeys

    address = text.strip()
    rows: Sequence[UnitRow] = screen.unit_rows() if isinstance(screen, ActKeys) else ()
    row = rows[0] if rows else None
    if row is None:
        screen.tell("no unit here whose resource could be read")
    elif why := engine_refusal(row.unit.id):
        screen.tell(f"Cannot read it directly: {why}.", "bad")
    elif screen.board.mode is not Mode.LIVE:
        screen.tell(f"Cannot read it directly: a {screen.board.mode.value} reads nothing.", "bad")
    elif not address:
        screen.tell("direct ADDRESS: which resource of the stack?")
    else:
        screen.app.push_screen(DirectScreen(row.unit.id, address))


def addresses(screen: DriftScreen) -> list[str]:
    """Of the resources that were read of the chosen unit."""
    from .act_keys import ActKeys

    rows: Sequence[UnitRow] = screen.unit_rows() if isinstance(screen, ActKeys) else ()
    inspection = rows[0].look.inspection if rows else None
    known = inspection.resources if inspection is not None else ()
    return [planes.ref.address for planes in known if planes.ref.kind.startswith("aws_")]
