"""What all measurements share: how many runs, how many applications, the servers, and the app that shows nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from tests.bench.empty_app import READY
from tests.bench.figures import Figure
from tests.bench.pty_harness import Failed, Terminal
from tests.bench.subject import Fleet, Home, fleet_server, temporary_home

FRAME = (1 / 60,)
"""Baseline of everything that answers a key, in seconds."""
FRAME_NAME = "60 Hz frame"
PATIENCE = 30.0
"""Seconds to wait for anything to be shown."""


@dataclass
class Bench:
    runs: int = 5
    small: int = 1_000
    large: int = 10_000
    keys: int = 60
    """Keys in each run."""
    presses: int = 10_000
    """Keys in the run that watches memory."""
    pairs: int = 1_000
    audit_bytes: int = 200_000_000
    updates: float = 500.0
    """A second; twice as many where the processor is measured."""
    seconds: float = 5.0
    """For which the processor is watched."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _fleets: dict[int, Fleet] = field(default_factory=dict)

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def fleet(self, count: int) -> Fleet:
        """The server with so many applications; started at first use, at rest (no updates)."""
        if count not in self._fleets:
            self._fleets[count] = self._stack.enter_context(fleet_server(count))
        self._fleets[count].updates(0)
        return self._fleets[count]

    def home(self) -> Home:
        """A new empty home folder."""
        return self._stack.enter_context(temporary_home())


def empty_app(home: Home) -> tuple[float, float]:
    """Seconds to the first frame of the app that shows nothing, and its memory in MB."""
    with home.empty_app() as terminal:
        shown = terminal.until(lambda screen: READY in screen, PATIENCE, "the empty app") - terminal.spawned
        terminal.rest(0.3)
        return shown, terminal.resident


Measurement = Callable[[Bench], Iterator[Figure]]


SURVEYED = 6.0
"""Seconds after a stream begins until the list has been held against it once; after that a minute goes by."""


def wait_for_rest(terminal: Terminal) -> None:
    """Until the program uses next to no processor: what it reads after the list has been read."""
    terminal.rest(SURVEYED)
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end:
        used = terminal.cpu_seconds
        terminal.rest(0.5)
        if terminal.cpu_seconds - used <= 0.05:
            return
    raise Failed(f"still busy after {PATIENCE:g} s")
