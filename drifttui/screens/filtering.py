"""The `/` line: it filters while it is typed, says how much is left, and can be undone."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from drifttui.core.filters import Filter, read
from drifttui.widgets.cells import Piece
from drifttui.widgets.lines_view import LinesView

from .prompting import Prompting


class Filtering(Prompting):
    """`filter_by` is what a filter does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="filter", tooltip="Type a filter; it works at once.", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._undo: tuple[Filter, LinesView | None] | None = None
        self._filters: list[str] = []

    def filter_by(self, filter_: Filter) -> None:
        """Shows what `filter_` lets through."""

    async def action_filter(self) -> None:
        from drifttui.widgets.prompt import Prompt

        self._undo = (self.model.filter, self.pane)
        hint = "payments sync:out env:prod risk:>=high age:>1h who:human -cluster:us-*"
        text = self.model.filter.text
        await self.open_prompt(Prompt("/", f"{text} " if text else "", hint, self._filters))
        self._answer("")

    def _answer(self, error: str) -> None:
        line: list[Piece] = [(error, "bad")]
        if not error:
            shown = len(self.model.units.order)
            line = [(f"{shown:,} of {self.model.total:,}  ", "muted"), ("enter", "key"), (" keep  ", "muted")]
            line += [("esc", "key"), (" undo", "muted")]
        self.prompt.tell(line)

    def filter_typed(self, text: str) -> None:
        """What can be read filters at once; a term that cannot says so beside it."""
        filter_, error = read(text)
        if filter_.text != self.model.filter.text:
            self.filter_by(filter_)
        self._answer(error.one_line() if error else "")

    async def filter_kept(self, text: str) -> None:
        """Stays open until every term can be read."""
        filter_, error = read(text)
        if error is not None:
            return
        if filter_.text != self.model.filter.text:
            self.filter_by(filter_)
        if filter_ and filter_.text not in self._filters:
            self._filters.append(filter_.text)
        await self.close_prompt(self._undo[1] if self._undo else None)

    async def filter_left(self) -> None:
        before, pane = self._undo or (self.model.filter, None)
        if before.text != self.model.filter.text:
            self.filter_by(before)
        await self.close_prompt(pane)
