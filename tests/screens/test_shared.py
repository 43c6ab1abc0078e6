"""What two units manage, as an operator meets it: a word at the unit, at the finding, and in an empty list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drifttui.core.board import Board, Depth, Look
from drifttui.core.filters import parse
from drifttui.core.identity import ResourceRef
from drifttui.core.rows import unit_rows
from drifttui.core.sharing import Conflict

from .boards import NOW, incident
from .conftest import Open

HOW = "by the same uid"


def shared(name: str, ref: ResourceRef | None = None) -> Board:
    """The incident, with another owner of one object of `name`."""
    board = incident()
    (key,) = [key for key in board.units if key.name == name]
    look = board.looks.get(key) or Look(Depth.READ, at=NOW)
    ref = ref or (look.findings[0].ref if look.findings else ResourceRef("east", "", "ConfigMap", "default", "a"))
    conflict = Conflict(ref, f"{ref.kind} {ref.name}", "opentofu/stacks//shop", "opentofu shop", HOW)
    return replace(board, looks={**board.looks, key: replace(look, conflicts=(conflict,))})


async def test_the_unit_and_the_finding_say_that_somebody_else_manages_it(opened: Open) -> None:
    async with opened(shared("payments"), (240, 60)) as session:
        assert "payments shared" in session.line("▌CRIT")
        assert "shared: " in session.screen
        await session.press("enter", "enter")
        assert "opentofu shop" in session.screen


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_the_word_is_there_at_any_size(opened: Open, size: tuple[int, int]) -> None:
    async with opened(shared("payments"), size) as session:
        assert "shared" in session.screen


def test_a_unit_in_which_nothing_differs_is_not_clean_while_it_is_shared() -> None:
    before = dict(unit_rows(incident(), NOW, {}))
    clean = next(key for key, row in before.items() if not row.risk)
    board = shared(clean.name)
    row = dict(unit_rows(board, NOW, {}))[clean]
    assert (row.risk, board.risk(board.units[clean], NOW)) == ("medium", "medium")
    assert not row.unsure
    assert not row.drifted
    assert [key for key, each in unit_rows(board, NOW, {}) if parse("is:shared").unit(NOW)(each)] == [clean]
    assert not parse("is:clean").unit(NOW)(row)
