"""Pictures of the main states. Each was looked at before it was accepted; a docstring is the caption."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual.pilot import Pilot

from drifttui.app import DriftApp
from drifttui.core.board import Board, Mode
from drifttui.screens.feed import Options

from . import boards
from .fakes import FakeFeed

Compare = Callable[..., bool]


def picture(compare: Compare, board: Board, size: tuple[int, int], *keys: str, theme: str = "drift-dark") -> bool:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.1)
        await pilot.pause(0.2)

    app = DriftApp(FakeFeed(board), Options(theme=theme))
    return compare(app, terminal_size=size, run_before=before)


def test_triage_on_a_small_terminal(snap_compare: Compare) -> None:
    """Nine units, and the findings of the chosen one."""
    assert picture(snap_compare, boards.incident(), (80, 24))


def test_planes_on_a_small_terminal(snap_compare: Compare) -> None:
    """The lower pane turned to the planes: a change a line."""
    assert picture(snap_compare, boards.incident(), (80, 24), "tab", "tab")


def test_triage(snap_compare: Compare) -> None:
    """Four panes: a change of a Role, made with kubectl edit."""
    assert picture(snap_compare, boards.incident(), (120, 40))


def test_triage_on_a_wide_terminal(snap_compare: Compare) -> None:
    """A column per plane."""
    assert picture(snap_compare, boards.incident(), (220, 60), "tab", "j")


def test_triage_in_a_light_terminal(snap_compare: Compare) -> None:
    """The light theme, with findings of all units."""
    assert picture(snap_compare, boards.incident(), (120, 40), "a", theme="drift-light")


def test_triage_without_colour(snap_compare: Compare) -> None:
    """No colour carries a meaning alone."""
    assert picture(snap_compare, boards.incident(), (80, 24), theme="drift-plain")


def test_one_finding(snap_compare: Compare) -> None:
    """A Deployment at full size: planes, who, verdict, history."""
    assert picture(snap_compare, boards.incident(), (120, 40), "tab", "j", "enter")


def test_the_whole_document(snap_compare: Compare) -> None:
    """Desired beside actual, opened at the first change."""
    assert picture(snap_compare, boards.incident(), (220, 60), "tab", "j", "enter", "f")


def test_sources(snap_compare: Compare) -> None:
    """A source that answers 403, and what to do about it."""
    assert picture(snap_compare, boards.incident(), (120, 40), "S")


def test_nothing_answers(snap_compare: Compare) -> None:
    """The only source is blind: no number looks like good news."""
    assert picture(snap_compare, boards.blind(), (80, 24))


def test_a_filter_that_hides_everything(snap_compare: Compare) -> None:
    """Which term hid the rows; every key types."""
    keys = ("slash", *"payments", "space", "i", "s", "colon", "s", "t", "a", "l", "e")
    assert picture(snap_compare, boards.incident(), (80, 24), *keys)


def test_demo(snap_compare: Compare) -> None:
    """The demo wears its own word and colour."""
    assert picture(snap_compare, replace(boards.incident(), mode=Mode.DEMO, read_only=True), (120, 40))
