"""Watches the ledger for a session: what colleagues and other processes append is on the board within a second.

In a daemon thread of its own, because a ledger waits for a disk or for a database across the network, and neither the
event loop nor the end of the session waits for that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from drifttui.core.acts_now import NOTHING, Acts
from drifttui.core.errors import DriftError
from drifttui.core.health import SourceHealth, Standing

if TYPE_CHECKING:
    from drifttui.store.ledger import Ledger

POLL = 1.0
"""Seconds between looks. One costs some microseconds in a file, one question to a database."""

NAME = "ledger"
"""Of the source health that says why the ledger cannot be read."""


LISTED_AFTER = 1.0
"""Seconds at most in which the first rows come before the ledger is opened."""


class Told(NamedTuple):
    acts: Acts = NOTHING
    health: dict[str, SourceHealth] = {}
    """Blind while the ledger cannot be read: `acts` is then what was known before. Empty while it can."""


class ActsWatch:
    """`told` is the newest; `news` is called in this thread when it changed. Without a ledger nothing ever happens."""

    def __init__(self, opened: Callable[[], Ledger] | None, news: Callable[[], object]) -> None:
        self.told = Told()
        self.listed = threading.Event()
        """Set once rows are there: until then nothing competes with them."""
        self.failure: BaseException | None = None
        self.read: Acts | None = None
        """The same as `told.acts`; None while the ledger cannot be read, or is none of this session."""
        self.answered = opened is None
        """It was read once, or could not be."""
        self._opened = opened
        self._news = news
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="drifttui-ledger", daemon=True)

    def start(self) -> None:
        if self._opened is not None:
            self._thread.start()

    def again(self) -> None:
        """Look now: something was appended."""
        self._wake.set()

    def stop(self) -> None:
        """A thread that waits for a database dies with the process."""
        self._stopping = True
        self.listed.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(0.2)

    def _run(self) -> None:
        self.listed.wait(LISTED_AFTER)
        try:
            self._watch()
        except BaseException as error:
            self.failure = error

    def _watch(self) -> None:
        ledger: Ledger | None = None
        try:
            while not self._stopping and self._opened is not None:
                try:
                    ledger = ledger or self._opened()
                    told = Told(ledger.acts())
                    self.read = told.acts
                except DriftError as error:
                    self.read = None
                    told = Told(self.told.acts, {NAME: _blind(error, ledger.where if ledger is not None else "")})
                if told.acts is not self.told.acts or told.health != self.told.health or not self.answered:
                    self.told = told
                    self._news()
                    self.answered = True
                self._wake.wait(POLL)
                self._wake.clear()
        finally:
            if ledger is not None:
                ledger.close()


def _blind(error: DriftError, where: str) -> SourceHealth:
    said = f"{error.title}: {error.detail}" if error.detail else error.title
    return SourceHealth(NAME, "Ledger", Standing.BLIND, address=where, error=said, hint=error.hint)
