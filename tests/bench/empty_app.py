"""The least that Textual can show: the baseline of every start and of memory."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Static

READY = "nothing but Textual"


class EmptyApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Static(READY)


if __name__ == "__main__":
    EmptyApp().run()
