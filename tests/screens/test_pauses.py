"""The screen of pauses, and everything that keeps a pause from being overlooked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drifttui.core.acts import Acts, PauseState
from drifttui.core.deeds import Deeds
from drifttui.core.filters import parse
from drifttui.screens.triage_model import TriageModel

from . import acts
from .acts import CHECKOUT, FakeActing, acted, pause
from .boards import NOW, ago, incident, unit
from .conftest import Open


async def test_pauses_are_listed_overdue_first_then_undone_then_by_their_end(opened: Open) -> None:
    async with opened(acted(), (180, 40)) as session:
        await session.press("P")
        rows = [line for line in session.screen.splitlines() if "@" in line][:3]
        assert ["accounts" in rows[0], "docs" in rows[1], "checkout" in rows[2]] == [True] * 3
        for words in ("OVERDUE by 40m", "carol@desk", "load test", "none"):
            assert words in rows[0]
        assert "undone 8m ago: undone by" in rows[1]
        for words in ("PAUSED 1h left", "alice@laptop", "INC-9127", "40m", "holding, checked 3 times"):
            assert words in rows[2]
        assert "2 standing" in session.screen and "1 overdue" in session.screen


async def test_a_pause_that_nobody_recorded_is_listed_as_unknown(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("P")
        assert "nobody recorded it" in session.line("checkout")
        assert "No ledger and no annotation tells by whom or why." in session.screen


async def test_what_an_annotation_tells_is_a_pause_like_any_other(opened: Open) -> None:
    fake = FakeActing()
    async with opened(incident(), (180, 50), acting=fake) as session:
        assert session.app.desk.acting is fake
        await session.second()
        assert fake.looked_for == [CHECKOUT]
        fake.seen = {str(CHECKOUT): pause(actor="dave@elsewhere", until=ago(minutes=5))}
        await session.pilot.pause(0.3)
        await session.settle()
        assert "OVERDUE by 5m" in session.line("checkout  ")
        assert "PAUSED 1 (1 overdue)" in session.screen.splitlines()[0]
        await session.press("P")
        assert "dave@elsewhere" in session.line("checkout")
        assert "told by the unit's annotations" in session.line("checkout")


async def test_a_unit_that_no_source_lists_keeps_its_pause(opened: Open) -> None:
    board = replace(incident(), acts=acts.acts(pause(unit("gone-service").id)))
    async with opened(board) as session:
        assert "PAUSED 2 " in session.screen
        await session.press("P")
        assert "gone-service" in session.screen
        await session.press("enter")
        assert "no source lists this unit now" in session.screen


async def test_what_was_undone_before_is_not_listed_beside_what_stands_now(opened: Open) -> None:
    undone = pause(id="0ddba11c0de3", state=PauseState.UNDONE, at=ago(hours=1), ended_at=ago(minutes=50))
    async with opened(replace(incident(), acts=acts.acts(undone, pause()))) as session:
        await session.press("P")
        assert sum("checkout  " in line for line in session.screen.splitlines()) == 1
        assert "PAUSED 1h left" in session.line("checkout  ")


async def test_marked_pauses_are_resumed_together_and_enter_goes_to_the_unit(opened: Open) -> None:
    fake = FakeActing()
    async with opened(acted(), acting=fake) as session:
        await session.press("P", "space", "j", "space", "r")
        assert "Resume 2 units" in session.screen
        assert "accounts" in session.screen and "checkout" in session.screen
        await session.press("escape")
        assert "Pauses" in session.screen and "2 standing" in session.screen
        await session.press("g", "enter")
        assert session.app.screen is session.triage
        assert session.triage.model.chosen is not None and session.triage.model.chosen.name == "accounts"


async def test_the_header_and_the_rows_show_what_stands_and_what_is_overdue(opened: Open) -> None:
    async with opened(acted(), (80, 24), theme="drift-plain") as session:
        assert "PAUSED 2 (1 overdue)" in session.screen
        assert "PAUSED 1h left" in session.line("checkout")
        await session.press("colon")
        await session.type("filter is:overdue")
        await session.press("enter")
        assert "OVERDUE by 40m" in session.line("▌")
        session.feed.forward(hours=2)
        await session.second()
        assert "PAUSED 2 (2 overdue)" in session.screen


async def test_a_stale_row_still_says_that_it_is_paused(opened: Open) -> None:
    board = replace(incident(), acts=acts.acts(pause(unit("search", "argocd:ap-south-1").id)))
    async with opened(board, (180, 50)) as session:
        assert "PAUSED 1h left, stale 14m (403" in session.line("search")


async def test_exact_times_are_exact_there_too(opened: Open) -> None:
    async with opened(acted(), (220, 50)) as session:
        await session.press("P", "t")
        assert "OVERDUE 03:30:04Z" in session.screen and "PAUSED 05:30:04Z" in session.screen


@pytest.mark.parametrize(("term", "names"), [("is:overdue", {"accounts"}), ("is:paused", {"accounts", "checkout"})])
def test_filters_know_recorded_pauses(term: str, names: set[str]) -> None:
    model = TriageModel(parse(term))
    model.update(acted(), NOW)
    assert {key.name for key in model.units.order} == names


def test_the_ledger_knows_more_of_its_own_acts_than_an_annotation_read_before() -> None:
    done = pause(state=PauseState.RESUMED)
    seen = {str(CHECKOUT): pause()}
    assert Deeds(acts.acts(done), seen).pauses == {}
    assert set(Deeds(Acts(), seen).pauses) == {str(CHECKOUT)}
    undone = {str(CHECKOUT): pause(state=PauseState.UNDONE)}
    assert Deeds(Acts(), undone).pauses == {}


def test_a_row_changes_when_its_pause_does_and_no_other_row() -> None:
    model = TriageModel()
    board = incident()
    model.update(board, NOW)
    before = dict(model.units.rows)
    update = model.update(replace(board, acts=acted().acts, version=2, changed=frozenset()), NOW)
    assert update.units is None
    changed = {key.name for key, row in model.units.rows.items() if before[key] is not row}
    assert changed == {"accounts", "checkout"}
    model.update(replace(board, acts=acts.acts(seq=2), version=3, changed=frozenset()), NOW + timedelta(seconds=1))
    assert all(row.pause is None for row in model.units.rows.values())
