"""A text above a form, in one frame: what is about to be done, and what is asked before it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget

from .cells import Line
from .prompt import Said
from .text_pane import TextPane


class Sheet(TextPane):
    """The text scrolls, the form under it stays. `status` is the form's last line."""

    def __init__(self, fields: Sequence[Widget] = ()) -> None:
        super().__init__("sheet")
        self._fields = fields
        self.status = Said()
        self.steps: Callable[[int], bool] | None = None
        """Moves a cursor in the text, where it has one; False: the text scrolls."""

    def action_lines(self, by: int) -> None:
        if self.steps is None or not self.steps(by):
            super().action_lines(by)

    def compose(self) -> ComposeResult:
        with Container(id="form"):
            yield from self._fields
            yield self.status

    @property
    def _border_role(self) -> str:
        """What stands in front has the operator's attention, whichever of its fields has the focus."""
        return "focus"

    @property
    def form(self) -> Container:
        return self.query_one("#form", Container)

    @property
    def form_height(self) -> int:
        form = self.form
        return form.outer_size.height + 1 if form.display else 0

    @property
    def body_height(self) -> int:
        return max(0, super().body_height - self.form_height)

    def ask(self, shown: bool) -> None:
        """With the form or without it."""
        if self.form.display != shown:
            self.form.display = shown
            self.refresh()

    def tell(self, line: Line) -> None:
        self.status.say([(" ", "text"), *line])

    def reveal(self, first: int, last: int) -> None:
        """Scrolls so that these lines are in view."""
        if last >= self.top + self.body_height:
            self.show_from(last - self.body_height + 1)
        if first < self.top:
            self.show_from(first)
