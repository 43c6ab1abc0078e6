"""How long it takes until something is on the screen."""

from __future__ import annotations

from collections.abc import Iterator

from drifttui.sources.argocd.rest import SURVEY_FIELDS
from tests.bench import triage
from tests.bench.bench import PATIENCE, Bench, empty_app
from tests.bench.figures import Figure

EMPTY = "empty app"


def first_frame(bench: Bench) -> Iterator[Figure]:
    fleet, home = bench.fleet(bench.small), bench.home()
    shown, empty = [], []
    for _ in range(bench.runs):
        empty.append(empty_app(home)[0])
        with home.drifttui(fleet.url) as terminal:
            shown.append(terminal.until(triage.first_frame, PATIENCE, "a first frame") - terminal.spawned)
            terminal.quiet()
    yield Figure("first frame", "ms", tuple(shown), EMPTY, tuple(empty), 1.3)


def cached(bench: Bench) -> Iterator[Figure]:
    """Rows are kept by a first session; in the following the server takes every request and answers none."""
    fleet, home = bench.fleet(bench.large), bench.home()
    shown, empty = [], []
    with home.drifttui(fleet.url, cache=True) as terminal:
        terminal.until(triage.all_units(bench.large), PATIENCE, "all units")
        terminal.quiet(0.3)
        terminal.leave(triage.LEAVE)
    fleet.silent(True)
    try:
        for _ in range(bench.runs):
            empty.append(empty_app(home)[0])
            with home.drifttui(fleet.url, cache=True) as terminal:
                stale = triage.stale_units(bench.large)
                shown.append(terminal.until(stale, PATIENCE, "cached rows, marked stale") - terminal.spawned)
    finally:
        fleet.silent(False)
    yield Figure(f"{bench.large:,} units from the cache, stale", "ms", tuple(shown), EMPTY, tuple(empty), 1.7)


def live_small(bench: Bench) -> Iterator[Figure]:
    yield from _live(bench, bench.small)


def live_large(bench: Bench) -> Iterator[Figure]:
    yield from _live(bench, bench.large)
    fleet = bench.fleet(bench.large)
    survey = f"/api/v1/applications?fields={SURVEY_FIELDS}"
    whole = [fleet.curl() for _ in range(bench.runs)]
    lean = [fleet.curl(survey) for _ in range(bench.runs)]
    sizes = f"{lean[0][1] / 1e6:.1f} of {whole[0][1] / 1e6:.1f} MB"
    times = tuple(seconds for seconds, _ in lean), tuple(seconds for seconds, _ in whole)
    yield Figure("list with fields= (curl)", "ms", times[0], "curl, all fields", times[1], note=sizes)


def _live(bench: Bench, count: int) -> Iterator[Figure]:
    fleet, home = bench.fleet(count), bench.home()
    size = fleet.curl()[1]
    shown, baseline = [], []
    for _ in range(bench.runs):
        baseline.append(empty_app(home)[0] + fleet.curl()[0])
        with home.drifttui(fleet.url) as terminal:
            shown.append(terminal.until(triage.all_units(count), PATIENCE, "all units") - terminal.spawned)
            terminal.quiet()
    note = f"{size / 1e6:.1f} MB"
    yield Figure(
        f"{count:,} applications live", "ms", tuple(shown), "empty app + curl", tuple(baseline), 1.5, note=note
    )
