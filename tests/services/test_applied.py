"""Units of an engine that compares nothing in between: unknown until somebody looked, and looked into by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drifttui.core.board import Board, Depth, Look
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import Engine, UnitId
from drifttui.core.rows import UnitRow
from drifttui.core.unit import APPLIED, Auto, Unit
from drifttui.core.words import drift_count
from drifttui.services.due import APPLIED_AFTER, Due

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
SOURCE = "flux:prod"
UNIT = Unit(
    UnitId(Engine.FLUX_KUSTOMIZATION, SOURCE, "flux-system", "web"),
    sync=APPLIED,
    health="Healthy",
    auto=Auto.HEALS,
    cluster="prod",
    observed_at=NOW,
)
HEALTH = SourceHealth(SOURCE, "Flux", Standing.OK, newest_answer=NOW, method="stream")
READ = Look(Depth.READ, at=NOW)


def risk(look: Look) -> str:
    board = Board(units={UNIT.id: UNIT}, looks={UNIT.id: look}, sources={SOURCE: HEALTH})
    return board.risk(UNIT, NOW)


@pytest.mark.parametrize(
    ("look", "found"),
    [
        (Look(), "unknown"),
        (Look(Depth.READING), "unknown"),
        (READ, ""),
        (Look(Depth.READING, at=NOW), ""),
        (Look(Depth.READ, at=NOW, uncompared=1), "unknown"),
        (Look(Depth.FAILED, at=NOW, error="no"), "unknown"),
    ],
)
def test_only_a_whole_look_calls_it_clean(look: Look, found: str) -> None:
    assert risk(look) == found
    row = UnitRow(UNIT, look, Board(sources={SOURCE: HEALTH}).freshness(UNIT, NOW))
    assert row.risk == found
    assert not row.drifted
    assert drift_count(UNIT, look) == ("" if found == "" else "?" if look.at is None else "0")


def test_it_is_looked_into_by_itself_and_again_after_a_while() -> None:
    due = Due()
    due.unit_changed(None, UNIT, None)
    units, looks = {UNIT.id: UNIT}, {UNIT.id: READ}
    assert due.next(units, {}, None, NOW, lambda unit: True) == UNIT
    due.looked(UNIT.id)
    assert due.next(units, looks, None, NOW + APPLIED_AFTER - timedelta(seconds=1), lambda unit: True) is None
    assert due.next(units, looks, None, NOW + APPLIED_AFTER, lambda unit: True) == UNIT


def test_a_synced_unit_of_another_engine_is_left_alone() -> None:
    due = Due()
    synced = UNIT._replace(sync="Synced")
    due.unit_changed(None, synced, None)
    assert due.next({UNIT.id: synced}, {UNIT.id: READ}, None, NOW + APPLIED_AFTER * 9, lambda unit: True) is None
