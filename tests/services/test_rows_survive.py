"""Rows of a session that was killed in its first seconds are there in the next one."""

from __future__ import annotations

import time
from pathlib import Path

from tests.bench import triage
from tests.bench.subject import fleet_server, temporary_home

UNITS = 40
PATIENCE = 60.0


def saved(folder: Path) -> Path:
    """The row cache, once it is there."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := next(folder.glob("cache/drifttui/rows-*.msgpack"), None):
            return found
        time.sleep(0.02)
    raise AssertionError("no rows were saved")


def test_a_session_that_is_killed_in_its_first_minute_leaves_its_rows() -> None:
    with fleet_server(UNITS) as fleet, temporary_home() as home:
        with home.drifttui(fleet.url, cache=True) as terminal:
            terminal.until(triage.all_units(UNITS), PATIENCE, "all units")
            saved(home.folder)
            terminal.kill()
        fleet.silent(True)
        with home.drifttui(fleet.url, cache=True) as terminal:
            terminal.until(triage.stale_units(UNITS), PATIENCE, "the rows of the session that was killed, stale")
