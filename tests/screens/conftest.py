"""Screens in tests: nothing of the developer's terminal gets in, and the clock stands still."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from textual.pilot import Pilot

from drifttui.app import DriftApp
from drifttui.core.board import Board
from drifttui.screens.acting import Acting
from drifttui.screens.feed import Options
from drifttui.screens.triage import TriageScreen

from .fakes import FakeFeed

Open = Callable[..., AbstractAsyncContextManager["Session"]]


class Session:
    """A running app, its feed, and what a person would look at."""

    def __init__(self, app: DriftApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        self.app = app
        self.feed = feed
        self.pilot = pilot

    @property
    def triage(self) -> TriageScreen:
        found = next(screen for screen in self.app.screen_stack if isinstance(screen, TriageScreen))
        return found

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        names = {" ": "space", ":": "colon", "-": "minus", ">": "greater_than_sign", "=": "equals_sign"}
        await self.press(*(names.get(letter, letter) for letter in text))

    async def settle(self) -> None:
        """Timers that wait for the cursor to rest have run, however busy the machine is."""
        await self.pilot.pause(0.05)
        for _ in range(200):
            triage = self.triage
            asked = triage._opened is None or self.feed.opened[-1:] == [triage._opened]
            if triage._following is None and asked:
                break
            await self.pilot.pause(0.05)
        await self.pilot.pause(0.05)

    async def tell(self, board: Board) -> None:
        self.feed.say(board)
        for _ in range(200):
            await self.pilot.pause(0.05)
            if not self.feed.waiting:
                break
        await self.settle()

    async def second(self) -> None:
        """The app's own second has struck, without waiting for it."""
        self.app._tick()
        await self.settle()

    @property
    def screen(self) -> str:
        """Everything on the screen as text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    def line(self, text: str) -> str:
        """The first line on screen that holds `text`."""
        return next((line for line in self.screen.splitlines() if text in line), "")


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        snapshots = name.startswith("TEXTUAL_SNAPSHOT")
        if (name.startswith("TEXTUAL") and not snapshots) or name in ("NO_COLOR", "COLORFGBG", "FORCE_COLOR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture
def opened() -> Open:
    @asynccontextmanager
    async def start(
        board: Board | None, size: tuple[int, int] = (140, 40), acting: Acting | None = None, **options: object
    ) -> AsyncIterator[Session]:
        feed = FakeFeed(board)
        make = (lambda: acting) if acting is not None else None
        app = DriftApp(feed, Options(**options), make)  # type: ignore[arg-type]
        async with app.run_test(size=size) as pilot:
            session = Session(app, feed, pilot)
            await session.settle()
            yield session

    return start
