"""Rows, ages and the list that keeps still."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drifttui.core.ages import Times, countdown, parse_span, span
from drifttui.core.board import Look
from drifttui.core.health import Standing
from drifttui.core.rows import Freshnesses, UnitRow, unit_rows
from drifttui.core.words import clean, hand_of, value_text
from drifttui.core.worklist import Worklist

from . import boards
from .boards import NOW, ago, incident, source, unit


@pytest.mark.parametrize("minutes", [0, 8, 11, 600])
def test_rows_agree_with_the_board_about_risk_and_freshness(minutes: int) -> None:
    now = NOW + timedelta(minutes=minutes)
    board = incident()
    for key, row in unit_rows(board, now, {}):
        assert row.risk == board.risk(board.units[key], now), key
        assert row.fresh is board.freshness(board.units[key], now), key


@pytest.mark.parametrize("standing", list(Standing))
@pytest.mark.parametrize("method", ["stream", "list every 30s"])
def test_freshness_per_source_is_that_of_each_row(standing: Standing, method: str) -> None:
    for newest in (None, ago(seconds=2), ago(hours=1)):
        health = source(boards.EU, standing, method=method, newest_answer=newest)
        board = replace(incident(), sources={health.name: health})
        quick = Freshnesses(board, NOW)
        for observed in (None, ago(seconds=1), ago(hours=2)):
            one = unit("web", observed_at=observed)
            assert quick.of(one) is board.freshness(one, NOW)


def rows_of(*names_and_risks: tuple[str, str]) -> dict[str, UnitRow]:
    found = {}
    for name, risk in names_and_risks:
        one = unit(name, sync="OutOfSync" if risk else "Synced")
        row = UnitRow(one, Look(), boards.incident().freshness(one, NOW))
        row.risk = risk
        found[name] = row
    return found


def test_an_empty_list_fills_also_where_the_operator_was_elsewhere() -> None:
    worklist: Worklist[str, UnitRow] = Worklist(lambda row: bool(row.risk))
    worklist.following = False
    assert worklist.merge(rows_of(("b", "low"), ("c", "high"), ("d", "")))
    assert worklist.order == ["c", "b"]
    assert not worklist.waiting
    assert not worklist.merge(rows_of(("a", "high")))
    assert worklist.order == ["c", "b"]


def test_nothing_moves_once_the_operator_has_touched_the_list() -> None:
    worklist: Worklist[str, UnitRow] = Worklist(lambda row: bool(row.risk))
    worklist.replace(rows_of(("b", "low"), ("c", "high"), ("d", "")))
    assert worklist.order == ["c", "b"]
    worklist.following = False
    moved = worklist.merge(rows_of(("b", "critical"), ("a", "high"), ("d", "low")))
    assert not moved
    assert worklist.order == ["c", "b"]
    assert str(worklist.waiting) == "2 new, 1 worse"
    worklist.take_in()
    assert worklist.order == ["b", "a", "c", "d"]
    assert worklist.marked == {"a", "b", "d"}
    assert not worklist.waiting


def test_what_is_gone_stays_in_place_until_taken_in() -> None:
    worklist: Worklist[str, UnitRow] = Worklist(lambda row: True)
    worklist.replace(rows_of(("a", "low"), ("b", "low")))
    worklist.following = False
    worklist.merge({}, ["a"])
    assert worklist.order == ["a", "b"]
    assert worklist.rows["a"].gone
    assert str(worklist.waiting) == "1 gone"
    worklist.take_in()
    assert worklist.order == ["b"]


def test_an_arrival_that_leaves_again_is_not_announced() -> None:
    worklist: Worklist[str, UnitRow] = Worklist(lambda row: bool(row.risk))
    worklist.replace(rows_of(("a", "low")))
    worklist.following = False
    worklist.merge(rows_of(("b", "high")))
    worklist.merge(rows_of(("b", "")))
    assert not worklist.waiting


def test_unknown_stands_behind_high_and_before_medium() -> None:
    worklist: Worklist[str, UnitRow] = Worklist(lambda row: True)
    worklist.replace(rows_of(*((risk or "clean", risk) for risk in ("", "info", "low", "medium", "unknown", "high"))))
    assert worklist.order == ["high", "unknown", "medium", "low", "info", "clean"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (86399, "23h"), (86400 * 40, "40d"), (86400 * 1500, "4y")],
)
def test_an_age_is_one_short_word(seconds: int, said: str) -> None:
    assert span(seconds) == said


def test_a_time_ahead_of_ours_is_not_an_age_of_zero() -> None:
    assert Times(NOW).short(NOW + timedelta(minutes=3)) == "+3m"
    assert "ahead of our clock" in Times(NOW).ago(NOW + timedelta(minutes=3))


def test_a_countdown_has_two_units_and_ends() -> None:
    assert countdown(252) == "4m12s"
    assert Times(NOW).until(NOW - timedelta(seconds=1)) == "due"


def test_exact_times_are_utc_and_name_the_day_when_it_is_another() -> None:
    exact = Times(NOW, exact=True)
    assert exact.short(ago(minutes=12)) == "03:58:04Z"
    assert exact.short(ago(days=3)) == "05-11 04:10Z"
    assert exact.ago(ago(minutes=12)) == "at 2026-05-14 03:58:04Z"


@pytest.mark.parametrize("text", ["", "h", "5", "-5m", "1h 30m x", "9" * 30 + "y"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_span(text)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (["get", "list", "*"], "get, list, *"),
        ("60", '"60"'),
        (60, "60"),
        ("", '""'),
        ("true", '"true"'),
        (True, "true"),
        (None, "null"),
        ({"digest": "hmac:abc"}, "hmac:abc"),
        ({"a": {"b": 1}}, '{"a": {"b": 1}}'),
    ],
)
def test_values_are_told_apart_by_their_look(value: object, said: str) -> None:
    assert value_text(value) == said


def test_a_value_of_megabytes_costs_no_more_than_a_small_one() -> None:
    assert len(value_text({"a": "x" * 5_000_000, "b": ["y" * 1000] * 10_000})) <= 200


def test_text_from_outside_is_inert() -> None:
    assert clean("\x1b[31mred\u202e\x07") == "[31mred"
    assert clean("plain") == "plain"


@pytest.mark.parametrize(
    ("manager", "hand"),
    [
        ("kubectl-edit", "human"),
        ("kubectl", "human"),
        ("k9s", "human"),
        ("argocd-controller", "engine"),
        ("kube-controller-manager", "controller"),
        ("cert-manager-controller", "controller"),
        ("our-script", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_manager_is_only_what_it_calls_itself(manager: str, hand: str) -> None:
    assert hand_of(manager) == hand
