"""Filtering and sorting all rows, and opening a long diff: from the key to the repaint that shows the answer."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench import diff_pairs, documents, fleet, triage
from tests.bench.bench import FRAME, FRAME_NAME, PATIENCE, Bench
from tests.bench.figures import Figure
from tests.bench.keys import at_rest
from tests.bench.pty_harness import Terminal

WORDS = ("ledger", "search", "billing", "gateway")
"""Each is in the names of a tenth of the applications."""

CALM = 0.25
"""Seconds of silence after which nothing is under way."""


def filter_rows(bench: Bench) -> Iterator[Figure]:
    """The last letter of a word to the list and its title that say so."""
    found: list[float] = []
    for _ in range(bench.runs):
        with at_rest(bench) as (terminal, _):
            for word in WORDS:
                terminal.react(triage.FILTER, silence=CALM)
                terminal.react(word[:-1], silence=CALM)
                found.append(terminal.react(word[-1], triage.only(word, bench.large), silence=CALM).seen)
                terminal.react(triage.UNDO_FILTER, silence=CALM)
    yield Figure(f"filter {bench.large:,} rows", "ms", tuple(found), FRAME_NAME, FRAME, 3.0)


def sort_rows(bench: Bench) -> Iterator[Figure]:
    found: list[float] = []
    for _ in range(bench.runs):
        with at_rest(bench) as (terminal, _):
            for _ in WORDS:
                shown = triage.sorted_otherwise(triage.sorted_by(terminal.screen))
                found.append(terminal.react(triage.SORT, shown, silence=CALM).seen)
    yield Figure(f"sort {bench.large:,} rows", "ms", tuple(found), FRAME_NAME, FRAME, 3.0)


def open_diff(bench: Bench) -> Iterator[Figure]:
    """The key for the whole document of a Deployment of 5,000 lines to its three planes on the screen."""
    found: list[float] = []
    for _ in range(bench.runs):
        with at_rest(bench) as (terminal, _):
            _open_big(terminal)
            for _ in range(3):
                found.append(terminal.react(triage.WHOLE_DOCUMENT, triage.whole_document, silence=CALM).seen)
                terminal.react(triage.WHOLE_DOCUMENT, lambda screen: not triage.whole_document(screen), silence=CALM)
    yield Figure(f"three planes of {documents.LINES:,} lines", "ms", tuple(found), FRAME_NAME, FRAME, 3.0)


def _open_big(terminal: Terminal) -> None:
    """Put the cursor on the application with the big Deployment and wait for its finding."""
    name = fleet.name_of(fleet.BIG)
    terminal.react(triage.FILTER, silence=CALM)
    terminal.react(name + "\r", lambda screen: triage.under_cursor(screen) == name, silence=CALM)
    terminal.until(triage.opened, PATIENCE, "the finding of the big Deployment")
    terminal.quiet(CALM)


def pairs(bench: Bench) -> Iterator[Figure]:
    """In this process. Each run is the best of three, as `tests.bench.diff_pairs` takes it."""
    compare, parse = [], []
    for _ in range(bench.runs):
        result = diff_pairs.measure(bench.pairs)
        compare.append(result.compare_seconds)
        parse.append(result.parse_seconds)
    name = f"{bench.pairs:,} Deployment pairs, normalised diff"
    yield Figure(name, "ms", tuple(compare), "json.loads of both", tuple(parse), 1.5)
