"""How long after a key the screen shows it, at 10,000 rows, at rest and while updates arrive; and how many bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import triage
from tests.bench.bench import FRAME, FRAME_NAME, PATIENCE, Bench, wait_for_rest
from tests.bench.figures import Figure
from tests.bench.pty_harness import Terminal
from tests.bench.subject import Fleet

PACE = (0.03, 0.08)
"""Seconds between keys, as of a hurried person."""

PAGE_DOWN, PAGE_UP = "\x1b[6~", "\x1b[5~"
HALF = 8
"""Cursor moves in one direction, so that the cursor stays on the first page."""


@contextmanager
def at_rest(bench: Bench, *, columns: int = 160, rows: int = 48) -> Iterator[tuple[Terminal, Fleet]]:
    """A session on all units that has nothing left to do."""
    fleet = bench.fleet(bench.large)
    with bench.home().drifttui(fleet.url, columns=columns, rows=rows) as terminal:
        terminal.until(triage.all_units(bench.large), PATIENCE, "all units")
        wait_for_rest(terminal)
        yield terminal, fleet


def moves(terminal: Terminal, count: int, rng: random.Random) -> list[float]:
    """Seconds from each key to the cursor on another row."""
    found = []
    for number in range(count):
        key = "j" if number % (2 * HALF) < HALF else "k"
        shown = triage.cursor_left(triage.under_cursor(terminal.screen))
        found.append(terminal.react(key, shown, silence=0).seen)
        terminal.rest(rng.uniform(*PACE))
    return found


def cursor(bench: Bench) -> Iterator[Figure]:
    rng = random.Random(1)
    down: list[float] = []
    page: list[float] = []
    for _ in range(bench.runs):
        with at_rest(bench) as (terminal, _):
            moves(terminal, 4, rng)
            down += moves(terminal, bench.keys, rng)
            for number in range(bench.keys // 3):
                shown = triage.cursor_left(triage.under_cursor(terminal.screen))
                key = PAGE_DOWN if number % 10 < 5 else PAGE_UP
                page.append(terminal.react(key, shown).settled)
                terminal.rest(rng.uniform(*PACE))
    count = f"{bench.large:,} rows"
    yield Figure(f"cursor key to repaint, {count}", "ms", tuple(down), FRAME_NAME, FRAME, 0.5, "p95")
    yield Figure(f"page key to the last byte, {count}", "ms", tuple(page), FRAME_NAME, FRAME)


def under_load(bench: Bench) -> Iterator[Figure]:
    rng = random.Random(2)
    down: list[float] = []
    for _ in range(bench.runs):
        with at_rest(bench) as (terminal, fleet):
            fleet.updates(bench.updates)
            terminal.rest(1.0)
            moves(terminal, 4, rng)
            down += moves(terminal, bench.keys, rng)
            fleet.updates(0)
    name = f"the same at {bench.updates:g} updates/s"
    yield Figure(name, "ms", tuple(down), FRAME_NAME, FRAME, 1.0, "p95")
    yield Figure(f"{name}, worst", "ms", tuple(down), FRAME_NAME, FRAME, 3.0, "max")


def bytes_written(bench: Bench) -> Iterator[Figure]:
    """At 80×24, the size of terminals over slow lines. The detail panes that follow the cursor are in it."""
    cursor_bytes: list[float] = []
    page_bytes: list[float] = []
    for _ in range(bench.runs):
        with at_rest(bench, columns=80, rows=24) as (terminal, _):
            moves(terminal, 2, random.Random(3))
            for key, found in (
                ("j", cursor_bytes),
                ("k", cursor_bytes),
                ("\x1b[6~", page_bytes),
                ("\x1b[5~", page_bytes),
            ):
                for _ in range(4):
                    terminal.quiet(0.2)
                    shown = triage.cursor_left(triage.under_cursor(terminal.screen))
                    found.append(float(terminal.react(key, shown, silence=0.15).written))
    yield Figure("bytes per cursor move, 80×24", "KB", tuple(cursor_bytes), budget=1024.0)
    yield Figure("bytes per page, 80×24", "KB", tuple(page_bytes), budget=8 * 1024.0)
