"""Pictures of the main states. Each was looked at before it was accepted; a docstring is the caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual.pilot import Pilot

from drifttui.app import DriftApp
from drifttui.core.board import Board, Mode
from drifttui.screens.feed import Options

from . import boards
from .acts import FakeActing, acted, blocked_plan, pause_plan
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


def act(
    compare: Compare,
    board: Board,
    size: tuple[int, int],
    *keys: str,
    fake: FakeActing | None = None,
    theme: str = "drift-dark",
    told: Sequence[tuple[str, str]] = (),
) -> bool:
    """With somebody who acts; `told` is how the plan that the keys confirmed goes on."""
    acting = fake or FakeActing()
    acting.incident = board.incident

    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause(0.2)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.15)
        for phase, words in told:
            acting.progress(phase, words, done=phase in ("holding", "undone"), failed=phase == "undone")
            await pilot.pause(0.2)
        await pilot.pause(0.2)

    return compare(
        DriftApp(FakeFeed(board), Options(theme=theme), lambda: acting), terminal_size=size, run_before=before
    )


def test_a_plan(snap_compare: Compare) -> None:
    """A pause in production: who would put it back, what is written, what follows, and the name that is asked for."""
    assert act(snap_compare, acted(), (120, 40), "p")


def test_a_plan_on_a_small_terminal(snap_compare: Compare) -> None:
    """The same in 80×24 without colour, with a step left out: the plan says against whom it no longer holds."""
    assert act(snap_compare, acted(), (80, 24), "p", "shift+tab", "space", theme="drift-plain")


def test_a_plan_on_a_wide_terminal(snap_compare: Compare) -> None:
    """Three units in one sheet; one of them cannot be paused, and says which right is missing."""
    fake = FakeActing(lambda of: blocked_plan(of) if of.id.name == "checkout" else pause_plan(of))
    assert act(snap_compare, acted(), (220, 60), "space", "space", "space", "p", fake=fake)


def test_a_pause_that_was_undone(snap_compare: Compare) -> None:
    """What a confirmed plan came to, in its place."""
    fake = FakeActing(lambda of: pause_plan(of, environment="staging"))
    told = [
        ("journalled", "journalled"),
        ("writing", "written 3/3"),
        ("verifying", "as written, checked 4 times in 20s"),
        ("undone", "undone: spec.syncPolicy.automated is back, by applicationset-controller at 04:12:09Z"),
    ]
    assert act(snap_compare, acted(), (120, 40), "p", *"leak", "enter", "enter", fake=fake, told=told)


def test_resuming(snap_compare: Compare) -> None:
    """What will be reverted and deleted comes before the steps, in a light terminal."""
    assert act(snap_compare, acted(), (120, 40), "j", "r", theme="drift-light")


def test_classifying(snap_compare: Compare) -> None:
    """The operator's verdict beside the rules' one."""
    assert act(snap_compare, acted(), (120, 40), "c", "tab", "right")


def test_linking(snap_compare: Compare) -> None:
    """What a change link covers, in 80×24."""
    assert act(snap_compare, acted(), (80, 24), "l")


def test_pauses(snap_compare: Compare) -> None:
    """Overdue first, then what was undone."""
    assert act(snap_compare, acted(), (120, 40), "P", "space")


def test_pauses_on_a_small_terminal(snap_compare: Compare) -> None:
    """The same without colour: words and signs carry it."""
    assert act(snap_compare, acted(), (80, 24), "P", theme="drift-plain")


def test_what_was_done(snap_compare: Compare) -> None:
    """Marks in the lists, and what was done about the finding, newest first."""
    assert act(snap_compare, acted(), (120, 40), "tab")
