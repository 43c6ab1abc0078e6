"""The timeline on screen: lanes, gaps that are drawn, one cursor for both panes, zoom, filter, where enter leads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from drifttui.app import DriftApp
from drifttui.core.board import Board
from drifttui.core.git import Commit, Merges, Touch
from drifttui.core.health import Standing
from drifttui.core.timeline import Entry, Kind
from drifttui.screens.feed import Options
from drifttui.screens.finding import FindingScreen
from drifttui.screens.sources import SourcesScreen
from drifttui.screens.timeline import TimelineScreen
from drifttui.widgets.timeline_view import BLIND

from . import boards
from .acts import acted
from .boards import NOW, ago
from .conftest import Open, Session
from .fakes import FakeFeed
from .test_snapshots import Compare


def told() -> Board:
    """The incident of the wireframe with what was done in it, and a merge that Git names."""
    board = acted()
    of, look = boards.payments()
    commit = Commit(boards.REVISION, ago(minutes=22), "carol", "merger", "tighten roles", "#812")
    merges = Merges(
        (), (Touch(commit, tuple(change.path for change in look.findings[0].changes)),), source="git:deploy"
    )
    held = board.looks[of.id]
    findings = tuple(
        finding._replace(merges=merges) if number == 0 else finding for number, finding in enumerate(held.findings)
    )
    return replace(board, looks={**board.looks, of.id: replace(held, findings=findings)})


def shown(session: Session) -> TimelineScreen:
    found = session.app.screen
    assert isinstance(found, TimelineScreen)
    return found


async def ready(session: Session) -> TimelineScreen:
    await session.press("L")
    return shown(session)


async def test_every_kind_has_its_lane_and_every_entry_its_row(opened: Open) -> None:
    async with opened(told(), (140, 50)) as session:
        screen = await ready(session)
        kinds = {entry.kind for entry in screen.table.keys}
        assert {Kind.DRIFT, Kind.MERGE, Kind.PAUSE, Kind.VERDICT, Kind.GAP} <= kinds
        for lane in ("drift", "merges", "syncs", "pauses", "decided", "blind"):
            assert session.line(f"│{lane}"), lane
        assert "#812 tighten roles" in session.screen
        assert "carol" in session.line("tighten roles")
        times = [entry.at for entry in screen.table.keys]
        assert times == sorted(times)


async def test_a_blind_source_is_a_shaded_run_in_every_lane_and_not_nothing(opened: Open) -> None:
    async with opened(boards.incident(), (140, 40)) as session:
        await ready(session)
        lane = session.line("│blind")
        assert "???" in lane
        assert BLIND * 3 in session.line("│syncs") + session.line("│drift")
        assert "is blind" in session.screen
        assert "so far" in session.line("is blind")


async def test_when_it_sees_again_the_gap_ends_where_it_ended(opened: Open) -> None:
    board = boards.incident()
    async with opened(board, (140, 40)) as session:
        screen = await ready(session)
        (before,) = [entry for entry in screen.table.keys if entry.kind is Kind.GAP]
        assert before.until is None
        name = before.source
        again = {**board.sources, name: board.sources[name]._replace(standing=Standing.OK, blind_since=None)}
        session.feed.forward(seconds=30)
        await session.tell(replace(board, sources=again, version=board.version + 1))
        await session.pilot.pause(0.4)
        (after,) = [entry for entry in screen.table.keys if entry.kind is Kind.GAP]
        assert (after.at, after.until) == (before.at, NOW + timedelta(seconds=30))


async def test_one_cursor_for_the_axis_and_the_list(opened: Open) -> None:
    async with opened(told(), (140, 40)) as session:
        screen = await ready(session)
        await session.press("g")
        first = screen.table.key
        assert screen.axis.at == first
        await session.press("tab", "right")
        assert screen.pane is screen.axis
        assert screen.table.key == screen.table.keys[1] == screen.axis.at
        await session.press("left")
        assert screen.table.key == first
        before = screen.axis.cursor
        await session.press("tab", "G")
        assert screen.axis.cursor is not None
        assert before is not None
        assert screen.axis.cursor > before


async def test_zoom_keeps_the_chosen_entry_and_moving_shows_another_time(opened: Open) -> None:
    async with opened(told(), (140, 40)) as session:
        screen = await ready(session)
        whole = screen.window
        await session.press("i", "i")
        assert screen.window.length == whole.length / 4
        assert screen.table.key is not None
        assert screen.window.holds(screen.table.key)
        near = screen.window
        await session.press("ctrl+left")
        assert screen.window.since < near.since
        assert screen.window.length == near.length
        await session.press("ctrl+right", "w", "w")
        assert screen.window.length == whole.length
        await session.press("9")
        assert all(screen.window.holds(entry) for entry in session.app.timeline())
        await session.press("0")
        assert screen.window == whole


async def test_the_shown_time_goes_along_until_it_is_chosen(opened: Open) -> None:
    async with opened(told(), (140, 40)) as session:
        screen = await ready(session)
        assert screen.window.until == NOW
        session.feed.forward(minutes=1)
        await session.second()
        assert screen.window.until == NOW + timedelta(minutes=1)
        await session.press("g", "i")
        chosen = screen.window
        session.feed.forward(minutes=1)
        await session.second()
        assert screen.window == chosen


async def test_words_filter_at_once_and_escape_takes_them_back(opened: Open) -> None:
    async with opened(told(), (140, 40)) as session:
        screen = await ready(session)
        every = len(screen.table.keys)
        await session.press("slash")
        await session.type("pause")
        assert 0 < len(screen.table.keys) < every
        assert all("pause" in str(entry).lower() for entry in screen.table.keys)
        await session.press("enter")
        assert shown(session).pane is screen.table
        await session.press("slash")
        await session.type("zzz")
        assert "None of" in session.screen
        await session.press("escape", "escape")
        assert len(screen.table.keys) == every
        assert shown(session) is screen
        await session.press("escape")
        assert session.triage in session.app.screen_stack[-1:]


async def test_enter_goes_to_what_an_entry_is_about(opened: Open) -> None:
    async with opened(told(), (140, 40)) as session:
        screen = await ready(session)

        async def enter(kind: Kind) -> object:
            screen.table.go_to(next(entry for entry in screen.table.keys if entry.kind is kind))
            await session.press("enter")
            return session.app.screen

        assert isinstance(await enter(Kind.DRIFT), FindingScreen)
        await session.press("escape")
        assert isinstance(await enter(Kind.MERGE), FindingScreen)
        await session.press("escape")
        assert isinstance(await enter(Kind.GAP), SourcesScreen)
        await session.press("escape")
        pause = next(entry for entry in screen.table.keys if entry.kind is Kind.PAUSE and entry.unit)
        screen.table.go_to(pause)
        await session.press("enter")
        assert session.app.screen is session.triage
        assert str(session.triage.units.key) == pause.unit


async def test_an_entry_of_a_unit_that_is_gone_says_so(opened: Open) -> None:
    board = told()
    async with opened(board, (140, 40)) as session:
        screen = await ready(session)
        drift = next(entry for entry in screen.table.keys if entry.kind is Kind.DRIFT)
        units = {key: unit for key, unit in board.units.items() if str(key) != drift.unit}
        await session.tell(replace(board, units=units, version=board.version + 1))
        await session.pilot.pause(0.3)
        screen.table.go_to(drift)
        await session.press("enter")
        assert "no unit that is listed now" in session.screen


async def test_where_nothing_is_known_it_says_so(opened: Open) -> None:
    async with opened(boards.starting()) as session:
        await ready(session)
        assert "Nothing is known yet." in session.screen


async def test_by_name_and_not_twice(opened: Open) -> None:
    async with opened(told()) as session:
        await session.press("colon")
        await session.type("timeline")
        await session.press("enter")
        shown(session)
        await session.press("L")
        assert sum(isinstance(screen, TimelineScreen) for screen in session.app.screen_stack) == 1


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (220, 60)])
async def test_it_fits_any_terminal(size: tuple[int, int], opened: Open) -> None:
    async with opened(told(), size) as session:
        screen = await ready(session)
        assert screen.table.body_height >= 1
        assert screen.axis.body_height >= 1
        await session.press("z", "tab", "i", "w", "9", "z")
        assert all(len(line) <= size[0] for line in session.screen.splitlines())


async def test_hostile_words_are_only_words(opened: Open) -> None:
    async with opened(boards.hostile(), (120, 30)) as session:
        await ready(session)
        assert all(line.isprintable() for line in session.screen.splitlines())


async def test_thousands_of_entries_are_drawn_in_their_columns(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(told(), (120, 30)) as session:
        screen = await ready(session)
        many = tuple(Entry(ago(seconds=n), Kind.CALL, f"call {n}") for n in range(5_000))
        monkeypatch.setattr(session.app, "timeline", lambda: many)
        await session.press("9")
        assert "####" in session.line("│calls")
        assert len(screen.table.keys) == 5_000


def picture(compare: Compare, size: tuple[int, int], *keys: str, theme: str = "drift-dark") -> bool:
    async def before(pilot: Pilot[None]) -> None:
        await pilot.pause(0.3)
        for key in ("L", *keys):
            await pilot.press(key)
            await pilot.pause(0.15)
        await pilot.pause(0.4)

    return compare(DriftApp(FakeFeed(told()), Options(theme=theme)), terminal_size=size, run_before=before)


def test_the_timeline(snap_compare: Compare) -> None:
    """Lanes and entries of an incident; one source is blind since a quarter of an hour."""
    assert picture(snap_compare, (120, 40))


def test_the_timeline_on_a_small_terminal(snap_compare: Compare) -> None:
    """The same in 80×24 without colour, zoomed in: signs and shades carry it."""
    assert picture(snap_compare, (80, 24), "i", theme="drift-plain")


def test_the_timeline_on_a_wide_terminal(snap_compare: Compare) -> None:
    """All that is known, in a light terminal."""
    assert picture(snap_compare, (220, 60), "9", theme="drift-light")
