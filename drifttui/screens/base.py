"""What every screen has: header, line of keys, prompt, panes, and keys that mean the same anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from drifttui.core.ages import Times
from drifttui.core.board import Board
from drifttui.widgets.cells import Line, Piece
from drifttui.widgets.header import TWO_LINES_BELOW, Header
from drifttui.widgets.key_bar import KeyBar
from drifttui.widgets.lines_view import LinesView

from .keys import shown_keys
from .triage_model import EVERYTHING, TriageModel, Update

if TYPE_CHECKING:
    from drifttui.widgets.prompt import Prompt

    from .host import Host

STACK_BELOW_WIDTH, STACK_BELOW_HEIGHT = 108, 28
"""Below either, one lower pane at a time: each then has room to be read."""


class DriftScreen(Screen[None], inherit_bindings=False):
    """`board_arrived` and `ticked` are what a screen shows; the app calls them on the screen on top only."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "pane(1)", "Pane", id="next-pane", tooltip="Focus the next pane."),
        Binding("shift+tab", "pane(-1)", "Previous pane", show=False, id="previous-pane"),
        Binding("z", "zoom", "Zoom", id="zoom", tooltip="Give the focused pane the whole screen, or take it back."),
        Binding("escape", "out", "Out", show=False, id="out", tooltip="Back out: zoom, pane, filter, screen."),
    ]
    AUTO_FOCUS = None

    IDLE: ClassVar[frozenset[str]] = frozenset()
    """Ids of keys that it has by birth and that do nothing here."""
    PANES: ClassVar[tuple[str, ...]] = ()
    """Ids of the panes in the order of `tab`."""

    def __init__(self) -> None:
        super().__init__()
        self.ready = False
        """Its parts are there; before that it is told nothing."""
        self.zoomed = False
        self.wanted = self.PANES[0] if self.PANES else ""
        """The pane that the operator is in, or goes to: it is shown before it can have the focus."""
        self.told: Line = ()
        """An answer to the last key; the next one takes it away."""

    @property
    def host(self) -> Host:
        return cast("Host", self.app)

    @property
    def board(self) -> Board:
        return self.host.board

    @property
    def model(self) -> TriageModel:
        return self.host.model

    @property
    def times(self) -> Times:
        return self.host.times

    @property
    def follows(self) -> bool:
        """Whether rows may still be sorted in without being asked for."""
        return False

    def board_arrived(self, update: Update) -> None:
        """The model holds another board."""

    def ticked(self, times: Times) -> None:
        """Another second, or another way to show times."""

    # Frame.

    def show_header(self) -> None:
        self.query_one(Header).show(self.board, self.model.tally, self.times, self.model.deeds)

    @property
    def idle_keys(self) -> frozenset[str]:
        """Ids of keys that do nothing about what the cursor is on."""
        return self.IDLE

    def show_keys(self) -> None:
        self.query_one(KeyBar).show(shown_keys(self), self.told)

    def tell(self, text: str, role: str = "warn") -> None:
        """One line beside the keys."""
        piece: Piece = (text, role)
        self.told = (piece,)
        self.show_keys()

    def hush(self) -> None:
        if self.told:
            self.told = ()
            self.show_keys()

    def on_mount(self) -> None:
        self.ready = True
        self.set_class(self.app.size.width < TWO_LINES_BELOW, "-two")
        self.place_panes()
        self.show_keys()

    def on_screen_resume(self) -> None:
        if self.ready:
            self.place_panes()
            self.ticked(self.times)
            self.board_arrived(EVERYTHING)

    def on_resize(self) -> None:
        if not self.ready:
            return
        self.set_class(self.app.size.width < TWO_LINES_BELOW, "-two")
        self.place_panes()

    # Panes.

    @property
    def stacked(self) -> bool:
        width, height = self.app.size
        return width < STACK_BELOW_WIDTH or height < STACK_BELOW_HEIGHT

    @property
    def panes(self) -> list[LinesView]:
        return [self.query_one(f"#{pane}", LinesView) for pane in self.PANES]

    @property
    def pane(self) -> LinesView | None:
        """The pane with the focus."""
        return self.focused if isinstance(self.focused, LinesView) else None

    def place_panes(self) -> None:
        """Which panes are to be seen."""

    def focus_pane(self, pane: str) -> None:
        self.hush()
        self.wanted = pane
        self.place_panes()
        self.query_one(f"#{pane}", LinesView).focus(scroll_visible=False)

    def on_descendant_focus(self) -> None:
        """A click goes to a pane without asking."""
        if self.pane is not None and self.pane.id != self.wanted:
            self.wanted = self.pane.id or self.wanted
            self.place_panes()

    def action_pane(self, by: int) -> None:
        here = self.PANES.index(self.wanted) if self.wanted in self.PANES else 0
        self.focus_pane(self.PANES[(here + by) % len(self.PANES)])

    def action_zoom(self) -> None:
        self.zoomed = not self.zoomed
        self.place_panes()

    def action_out(self) -> None:
        if self.zoomed:
            self.action_zoom()
        else:
            self.leave()

    def leave(self) -> None:
        """What `escape` does when nothing is zoomed."""
        self.app.pop_screen()

    # Prompt.

    async def open_prompt(self, prompt: Prompt) -> None:
        """One at a time. It has the focus when this returns, so that what is typed on goes into it."""
        if self.query("#prompt"):
            return
        self.hush()
        self.query_one(KeyBar).display = False
        await self.mount(prompt)
        self.set_focus(prompt.field, scroll_visible=False)

    async def close_prompt(self, back_to: LinesView | None) -> None:
        await self.query("#prompt").remove()
        self.query_one(KeyBar).display = True
        if back_to is not None:
            back_to.focus(scroll_visible=False)
        self.show_keys()
