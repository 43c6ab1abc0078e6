"""The text field of the prompt."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.widgets import Input

from .prompt import Prompt


class Field(Input):
    """Every printable key types; only these do something else. The caret stands still: nothing is repainted for it."""

    cursor_blink = reactive(False, init=False)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Undo", show=False),
        Binding("tab", "complete", "Complete", show=False),
        Binding("up", "recall(-1)", "Earlier", show=False),
        Binding("down", "recall(1)", "Later", show=False),
    ]

    def action_leave(self) -> None:
        self.post_message(Prompt.Left())

    def action_complete(self) -> None:
        self.post_message(Prompt.CompletionAsked(self.value))

    def action_recall(self, by: int) -> None:
        prompt = self.parent
        assert isinstance(prompt, Prompt)
        prompt.recall(by)
