"""One finding, sources, help, the command line and the palette."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.app import App

from drifttui.app import DriftApp
from drifttui.core.board import Look
from drifttui.core.errors import InputError
from drifttui.screens.feed import Options
from drifttui.screens.help import key_groups
from drifttui.widgets.themes import COLOURS, CYCLE

from . import boards
from .boards import changed, incident
from .conftest import Open
from .fakes import FakeFeed


async def test_enter_goes_into_a_finding_and_esc_out_again(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("enter", "enter")
        assert "rbac.authorization.k8s.io/Role/payments/pay-admin" in session.screen
        assert "unauthorized" in session.screen and "touches identity" in session.screen
        assert "A Role gained verb * on secrets" in session.screen
        assert "missing: who: no audit log is read" in session.screen
        assert "A live change is undone within 5s." in session.screen
        await session.press("escape")
        assert session.app.screen is session.triage
        assert session.triage.pane is session.triage.findings


async def test_enter_in_the_planes_goes_into_their_finding(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("tab", "tab", "enter")
        assert "touches identity" in session.screen


async def test_brackets_step_through_the_findings(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("tab", "enter", "right_square_bracket")
        assert "apps/Deployment/payments/api" in session.screen
        await session.press("left_square_bracket", "left_square_bracket")
        assert "no more findings" in session.screen


async def test_a_finding_that_is_over_stays_readable_and_says_so(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("tab", "enter")
        of, look = boards.payments()
        await session.tell(changed(incident(), of, looks={of.id: replace(look, findings=look.findings[1:])}))
        assert "over, last seen 3s ago" in session.screen
        assert "get, list, *" in session.screen


async def test_nothing_of_a_finding_is_lost_at_80_by_24(opened: Open) -> None:
    async with opened(incident(), (80, 24)) as session:
        await session.press("tab", "enter")
        assert "Planes" in session.screen
        await session.press("tab")
        assert "an interactive tool" in session.screen
        await session.press("tab")
        assert "unauthorized" in session.screen
        await session.press("f")
        assert "whole document" in session.screen


async def test_a_document_that_is_no_longer_held_says_so(opened: Open) -> None:
    of, look = boards.payments()
    board = changed(incident(), looks={of.id: Look(look.depth, look.findings, None, 0, look.at)})
    async with opened(board) as session:
        await session.press("tab", "f")
        assert "is not held" in session.screen
        assert "author unknown, because the unit is not open." in session.triage.who.text


async def test_sources_show_the_worst_first_with_what_to_do(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("S")
        first = next(line for line in session.screen.splitlines() if "▌" in line)
        assert "argocd:ap-south-1" in first and "blind" in first
        assert "answered 403" in session.screen
        assert "--argocd-token-file" in session.screen
        assert "denied   list applications" in session.screen
        assert "118s ahead of ours" in session.screen
        assert "again in 22s" in session.screen
        await session.press("ctrl+r")
        assert session.feed.refreshed == [None]
        await session.press("escape")
        assert session.app.screen is session.triage


async def test_help_lists_every_binding_with_an_id(opened: Open) -> None:
    async with opened(incident(), (120, 60), keys={"sort": "o"}) as session:
        await session.press("question_mark")
        text = session.app.screen.query_one("#help").text  # type: ignore[attr-defined]
        for _, keys in key_groups(DriftApp, {"sort": "o"}):
            for key in keys:
                assert key.description in text, key.id
        assert "risk:" in text and "who:" in text and ":sources" in text
        assert any(line.split()[:1] == ["o"] for line in text.splitlines())
        await session.press("escape")
        await session.press("o")
        assert session.triage.units.sorted_by == ("unit", False)


def test_keys_that_open_a_plan_or_a_form_are_bound() -> None:
    bound = {word: key.id for _, keys in key_groups(DriftApp, {}) for key in keys for word in key.keys.split()}
    assert {word: bound.get(word) for word in "cprlx"} == {
        "c": "classify",
        "p": "pause",
        "r": "resume",
        "l": "link",
        "x": "export",
    }


def test_a_key_does_one_thing_everywhere() -> None:
    actions: dict[str, set[str]] = {}
    for _, keys in key_groups(DriftApp, {}):
        for key in keys:
            for word in key.keys.split():
                actions.setdefault(word, set()).add(key.id)
    assert {word: ids for word, ids in actions.items() if len(ids) > 1} == {}


def test_a_key_for_an_action_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="no key is called sorrt"):
        DriftApp(FakeFeed(), Options(keys={"sorrt": "o"}))


async def test_commands_go_where_they_say(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("colon")
        await session.type("so")
        assert "sources" in session.screen.splitlines()[-1]
        await session.press("tab", "enter")
        assert "Sources" in session.screen
        await session.press("colon")
        await session.type("findings")
        await session.press("enter")
        assert "Findings ─ all units" in session.screen
        await session.press("colon")
        await session.type("filter auto:paused")
        await session.press("enter")
        assert "1 of 24" in session.screen
        await session.press("colon")
        await session.type("docs")
        await session.press("enter")
        assert session.triage.model.chosen is not None and session.triage.model.chosen.name == "docs"
        assert "taken off" in session.screen
        await session.press("colon")
        await session.type("cluster ap-south-1")
        await session.press("enter")
        assert "cluster:ap-south-1" in session.screen
        await session.press("colon")
        await session.type("nosuchthing")
        assert "nothing is called so" in session.screen
        await session.press("enter")
        assert "no command, unit or cluster is called nosuchthing" in session.screen


async def test_colon_q_leaves(opened: Open) -> None:
    async with opened(incident()) as session:
        await session.press("colon")
        await session.type("q")
        await session.press("enter")
        assert not session.app.is_running or session.app._exit


async def test_the_palette_finds_units_and_is_capped(opened: Open) -> None:
    from drifttui.screens.palette import DriftProvider

    async with opened(boards.many(3_000)) as session:
        provider = DriftProvider(session.app.screen)
        hits = [hit async for hit in provider.search("app-")]
        assert len(hits) == 50
        hits = [hit async for hit in provider.search("02999")]
        assert len(hits) == 1
        hits[0].command()
        await session.settle()
        assert session.triage.model.chosen is not None and "02999" in session.triage.model.chosen.name


async def test_a_name_that_looks_like_markup_is_a_name_in_the_palette(opened: Open) -> None:
    async with opened(boards.hostile(), (120, 40)) as session:
        await session.press("ctrl+p")
        await session.type("markup")
        await session.pilot.pause(0.5)
        assert "[bold red]markup[/]" in session.screen


async def test_themes_are_gone_through_and_all_of_textuals_work(opened: Open) -> None:
    async with opened(incident(), (100, 30), theme="drift-dark") as session:
        seen = []
        for _ in CYCLE:
            await session.press("T")
            seen.append(session.app.theme)
        assert sorted(seen) == sorted(CYCLE)
        for name in ("nord", "textual-light", "ansi-dark"):
            session.app.use_theme(name)
            await session.settle()
            assert "payments" in session.screen


@pytest.mark.parametrize("name", list(COLOURS))
def test_every_theme_names_every_role(name: str) -> None:
    assert set(COLOURS[name]) == set(COLOURS["drift-dark"])


def test_an_unknown_theme_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(InputError, match="drift-light"):
        DriftApp(FakeFeed(), Options(theme="drift-drak"))


@pytest.mark.parametrize(
    ("variables", "theme"),
    [
        ({"NO_COLOR": "1"}, "drift-plain"),
        ({"NO_COLOR": ""}, "drift-dark"),
        ({"COLORFGBG": "0;15"}, "drift-light"),
        ({"TERM": "linux", "COLORTERM": ""}, "drift-ansi"),
    ],
)
def test_the_terminal_decides_the_first_theme(
    variables: dict[str, str], theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    app: App[None] = DriftApp(FakeFeed())
    assert app.theme == theme
    assert DriftApp(FakeFeed(), Options(theme="drift-safe")).theme == "drift-safe"
