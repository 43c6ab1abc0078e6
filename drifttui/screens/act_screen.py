"""A sheet in front of the screen that it is about: its own keys only, and the screen behind it goes on living."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from drifttui.core.ages import Times
from drifttui.core.asks import Answer
from drifttui.core.words import clean
from drifttui.widgets.cells import Line
from drifttui.widgets.form import Entry, FormField, OneOf
from drifttui.widgets.sheet import Sheet

from .base import DriftScreen
from .triage_model import Update

WIDEST = 124
"""Longer lines are hard to read."""

_LINES_LEFT = 4
"""Of the screen behind, where there is room for it."""


class ActScreen(DriftScreen):
    """Subclasses give the fields and word the sheet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c,ctrl+q", "app.quit", "Quit", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._modal = True

    @property
    def alive(self) -> bool:
        """Its parts are there: neither yet to come nor gone with the screen."""
        return self.ready and bool(self.query(Sheet))

    @property
    def sheet(self) -> Sheet:
        return self.query_one(Sheet)

    @property
    def ring(self) -> list[Widget]:
        """What `tab` goes through: the fields that are to be seen, then the text."""
        fields: list[Widget] = []
        if self.sheet.form.display:
            for row in self.query("#form > *"):
                if isinstance(row, Entry) and row.display:
                    fields.append(row.field)
                elif isinstance(row, OneOf) and row.display:
                    fields.append(row)
        return [*fields, self.sheet]

    def action_pane(self, by: int) -> None:
        ring = self.ring
        here = ring.index(self.focused) if self.focused in ring else -1 if by > 0 else 0
        self.set_focus(ring[(here + by) % len(ring)], scroll_visible=False)

    @property
    def typing(self) -> bool:
        return isinstance(self.focused, FormField)

    def place_panes(self) -> None:
        if not self.alive:
            return
        width, height = self.app.size
        sheet = self.sheet
        sheet.styles.width = min(width, WIDEST)
        room = height if self.stacked and height <= 30 else height - _LINES_LEFT
        sheet.styles.height = min(room, max(8, sheet.line_count + sheet.form_height + 2))
        sheet.form.styles.width = min(width, WIDEST) - 2

    def show_header(self) -> None:
        """The screen behind has it."""

    def show_keys(self) -> None:
        """They stand in the sheet's frame."""

    def tell(self, text: str, role: str = "warn") -> None:
        self.sheet.tell([(clean(text, 400), role)])

    def hush(self) -> None:
        self.sheet.tell(())

    def frame(self, heading: Line, keys: list[tuple[str, str]]) -> None:
        notice: list[tuple[str, str]] = []
        for key, word in keys:
            notice += [("  " if notice else "", "text"), (key, "key"), (f" {word}", "muted")]
        self.sheet.say(heading, (), notice)

    def leave(self) -> None:
        self.dismiss()


class RecordScreen(ActScreen):
    """A form whose answer is one record in the ledger: `enter` twice records it. Nothing else is written, so that no
    name has to be typed."""

    TWICE: ClassVar[str] = "twice records"
    """What `enter` does, on the frame."""

    def __init__(self) -> None:
        super().__init__()
        self.armed = False
        self.sent = False

    def on_mount(self) -> None:
        super().on_mount()
        self.word()
        self.call_after_refresh(self._shown)

    def _shown(self) -> None:
        if not self.alive:
            return
        self.place_panes()
        self.check()
        self.set_focus(self.ring[0], scroll_visible=False)

    def ticked(self, times: Times) -> None:
        self.word()

    def board_arrived(self, update: Update) -> None:
        self.word()

    # What subclasses say.

    @property
    def heading(self) -> Line:
        return ()

    def lines(self, width: int) -> Sequence[Line]:
        """The text above the form."""
        return ()

    def wanting(self) -> str:
        """The name of the first field that still wants something; says so beside the fields."""
        return ""

    def may_arm(self) -> bool:
        """Whether what the next `enter` does is on the sheet by now."""
        return True

    def promise(self) -> str:
        """What `enter` does once more."""
        return ""

    def record(self) -> None:
        """Asks for the record; `recorded` is to be told."""

    # The same for all.

    def word(self) -> None:
        if not self.alive:
            return
        choose = [("◂ ▸", "choose")] if self.query(OneOf) else []
        keys = [("tab", "next"), *choose, ("enter", self.TWICE), ("esc", "cancel")]
        self.frame(self.heading, [("esc", "back")] if self.sent else keys)
        self.sheet.word(type(self), self.lines)
        self.place_panes()

    def check(self) -> str:
        wanting = self.wanting()
        if not self.sent:
            if self.armed and not wanting:
                self.tell(f"enter once more to {self.promise()}, esc to go back", "warn")
            else:
                self.tell("Nothing is recorded yet." + (f" Wanted: {wanting}." if wanting else ""), "muted")
        return wanting

    def entry(self, name: str) -> Entry:
        return self.query_one(f"#entry-{name}", Entry)

    def choice(self, name: str) -> str:
        found = self.query(f"#entry-{name}")
        return str(found.first(OneOf).value) if found else ""

    @on(OneOf.Changed)
    @on(Input.Changed)
    def _edited(self, event: Message) -> None:
        event.stop()
        if self.ready and not self.sent:
            self.armed = False
            self.check()
            self.word()

    @on(OneOf.Submitted)
    @on(Input.Submitted)
    def _entered(self, event: Message) -> None:
        event.stop()
        if self.sent:
            return
        wanting = self.check()
        if wanting:
            self.set_focus(self.entry(wanting).field, scroll_visible=False)
        elif not self.armed:
            self.armed = self.may_arm()
            self.check()
        else:
            self.sent = True
            self.tell("recording", "warn")
            self.record()

    def recorded(self, answer: Answer) -> None:
        if not self.alive:
            return
        if answer.failed:
            self.sent = self.armed = False
            self.tell(answer.words, "bad")
            return
        self.dismiss()
        self.host.desk.tell(answer.words, "ok")

    def leave(self) -> None:
        if self.armed and not self.sent:
            self.armed = False
            self.check()
        else:
            super().leave()


def padded(lines: Iterable[Line]) -> list[Line]:
    return [((" ", "text"), *line) for line in lines]
