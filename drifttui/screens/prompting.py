"""The `:` line on every screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType

from drifttui.widgets.cells import Piece
from drifttui.widgets.lines_view import LinesView

from .base import DriftScreen

if TYPE_CHECKING:
    from drifttui.widgets.prompt import Prompt


class Prompting(DriftScreen):
    # With priority the app itself waits for the prompt before it hands on the next key. Without, letters typed quickly
    # after the sign would still reach the pane, as commands.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("colon", "command", "Command", id="command", tooltip="Type a command, or where to go.", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._before: LinesView | None = None
        self._said: list[str] = []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In an open prompt the signs are letters like all others."""
        if action in ("command", "filter") and self.query("#prompt"):
            return False
        return super().check_action(action, parameters)

    @property
    def prompt(self) -> Prompt:
        """The open one."""
        return cast("Prompt", self.query_one("#prompt"))

    async def open_command(self, text: str) -> None:
        """With the beginning of a command in it."""
        await self.action_command()
        self.prompt.put(text)

    async def action_command(self) -> None:
        from drifttui.widgets.prompt import Prompt

        self._before = self.pane
        hint = "units  findings  sources  pauses  timeline  filter …  sort …  theme …  help  q  or a unit or cluster"
        await self.open_prompt(Prompt(":", "", hint, self._said))

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        event.stop()
        if self._sign == ":":
            self._offer(event.text)
        elif self._sign == "/":
            self.filter_typed(event.text)

    async def on_prompt_kept(self, event: Prompt.Kept) -> None:
        event.stop()
        if self._sign == ":":
            await self._obey(event.text)
        elif self._sign == "/":
            await self.filter_kept(event.text)

    async def on_prompt_left(self, event: Prompt.Left) -> None:
        event.stop()
        if self._sign == "/":
            await self.filter_left()
        elif self._sign == ":":
            await self.close_prompt(self._before)

    async def on_prompt_abandoned(self, event: Prompt.Abandoned) -> None:
        """A filter already works and stays; a command that was not sent is not obeyed."""
        event.stop()
        await self.close_prompt(None)

    def on_prompt_completion_asked(self, event: Prompt.CompletionAsked) -> None:
        from .commands import offers

        event.stop()
        if self._sign == ":" and (found := offers(self, event.text)):
            self.prompt.put(found[0])

    @property
    def _sign(self) -> str:
        """Of the open prompt. Empty for what a prompt said just before it was closed: that is over."""
        return self.prompt.sign if self.query("#prompt") else ""

    def _offer(self, text: str) -> None:
        from .commands import offers

        found = offers(self, text)
        line: list[Piece] = [("tab ", "key")] if found else []
        for number, offer in enumerate(found[:4]):
            line.append((offer + "  ", "text" if number == 0 else "muted"))
        if text.strip() and not found:
            line = [("nothing is called so", "bad")]
        self.prompt.tell(line)

    async def _obey(self, text: str) -> None:
        from .commands import run

        if text.strip():
            self._said.append(text)
        await self.close_prompt(self._before)
        if text.strip():
            run(self, text)

    # For the screen that has a filter.

    def filter_typed(self, text: str) -> None:
        """The filter line says something else."""

    async def filter_kept(self, text: str) -> None:
        """The operator keeps it."""

    async def filter_left(self) -> None:
        """The operator wants the one before."""
