"""What a long session costs: memory at rest, memory after ten thousand keys, and the processor under updates."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from tests.bench import triage
from tests.bench.bench import PATIENCE, Bench, empty_app
from tests.bench.figures import Figure
from tests.bench.keys import at_rest
from tests.bench.pty_harness import Terminal

KEYS = ("j", "j", "j", "k", "\x1b[6~", "\t", "j", "\x1b[5~", "\x1b[Z", "k")
"""Moves, pages, and the focus from pane to pane."""

BURST = 20
"""Keys before everything they caused is waited for."""

FLAT = 1.05
"""Times the memory at the start; a leak of a kilobyte for each key would be a tenth of all."""


def memory(bench: Bench) -> Iterator[Figure]:
    held, empty = [], []
    for _ in range(bench.runs):
        home = bench.home()
        empty.append(empty_app(home)[1])
        with at_rest(bench) as (terminal, _):
            terminal.rest(2.0)
            held.append(terminal.resident)
    yield Figure(f"memory, {bench.large:,} applications", "MB", tuple(held), "empty app", tuple(empty), 3.0)


def growth(bench: Bench) -> Iterator[Figure]:
    """One run, as it is long. What the first keys make the program load is no leak, so that the start comes after."""
    with at_rest(bench) as (terminal, fleet):
        fleet.updates(bench.updates)
        _press(terminal, max(bench.presses // 10, len(KEYS)))
        begin = terminal.resident
        _press(terminal, bench.presses)
        fleet.updates(0)
        terminal.rest(2.0)
        end = terminal.resident
    name = f"memory after {bench.presses:,} keys under updates"
    yield Figure(name, "MB", (end,), "at the start", (begin,), FLAT, note="1 run")


def _press(terminal: Terminal, count: int) -> None:
    rng = random.Random(4)
    for _ in range(count // BURST):
        for _ in range(BURST):
            terminal.send(rng.choice(KEYS))
            terminal.rest(0.002)
        terminal.quiet(0.02, 0.2)


def cpu(bench: Bench) -> Iterator[Figure]:
    """Of one core, with nobody at the keys."""
    found = []
    for _ in range(bench.runs):
        with at_rest(bench) as (terminal, fleet):
            fleet.updates(2 * bench.updates)
            terminal.rest(2.0)
            used, began = terminal.cpu_seconds, time.perf_counter()
            terminal.rest(bench.seconds)
            found.append((terminal.cpu_seconds - used) / (time.perf_counter() - began))
            fleet.updates(0)
            terminal.until(triage.all_units(bench.large), PATIENCE, "all units still there")
    yield Figure(f"processor at {2 * bench.updates:,.0f} updates/s", "%", tuple(found), budget=0.2, note="of one core")
