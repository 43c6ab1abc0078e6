"""A replay in the same screens: its own keys, its own clock, nothing that could be taken for live."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from drifttui.app_replay import ReplayApp
from drifttui.core.board import Mode
from drifttui.core.errors import InputError
from drifttui.core.scope import Scope
from drifttui.screens.feed import Options
from drifttui.services.evidence import from_sessions
from drifttui.services.export import Export, Wish
from drifttui.services.opened import open_evidence
from drifttui.services.replay import Film, film
from drifttui.services.replay_feed import ReplayFeed
from drifttui.store.journal import read_sessions
from drifttui.store.notes import Notes
from drifttui.widgets.cells import Line
from drifttui.widgets.scrubber import Moment, lines
from tests.evidence import sessions

from .acts import NASTY

Compare = Callable[..., bool]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Film:
    folder = tmp_path_factory.mktemp("replay")
    sessions.incident(folder / "sessions")
    with Export(Wish(Scope("INC-1"), b"k" * 32)) as export:
        preview = export.gather(from_sessions(read_sessions(folder / "sessions")), ())
        bundle = export.write(preview, folder / "INC-1.tar.gz").path
    with open_evidence(bundle) as opened:
        return film(opened)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Showing:
    def __init__(self, app: ReplayApp, feed: ReplayFeed, clock: Clock, pilot: Pilot[None]) -> None:
        self.app, self.feed, self.clock, self.pilot = app, feed, clock, pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause(0.05)

    async def type(self, text: str) -> None:
        names = {" ": "space", ":": "colon", "-": "minus", "+": "plus"}
        await self.press(*(names.get(letter, letter) for letter in text), "enter")

    async def until(self, text: str) -> None:
        for _ in range(200):
            if text in self.screen:
                return
            await self.pilot.pause(0.05)
        raise AssertionError(f"{text!r} never came:\n{self.screen}")

    @property
    def screen(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    @property
    def scrubber(self) -> str:
        return self.screen.splitlines()[-2]

    @property
    def keys(self) -> str:
        return self.screen.splitlines()[-1]


@asynccontextmanager
async def showing(
    of: Film, notes: Notes | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Showing]:  # fmt: skip
    clock = Clock()
    feed = ReplayFeed(lambda progress: of, monotonic=clock, playing=False)
    app = ReplayApp(feed, Options(read_only=True), notes, Path("/b/INC-1.tar.gz"))
    async with app.run_test(size=size) as pilot:
        found = Showing(app, feed, clock, pilot)
        await found.until("stop 1x")
        yield found


async def test_the_keys_of_time_come_first_and_those_that_write_are_not_offered(played: Film) -> None:
    async with showing(played, size=(80, 24)) as found:
        assert found.keys.split()[:8] == ["enter", "open", ",", "play", ">", "step", "}", "jump"]
        assert not {"classify", "pause", "resume", "link", "export"} & set(found.keys.split())


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("c", "Cannot classify. A replay changes nothing."),
        ("p", "Cannot pause. A replay changes nothing."),
        ("r", "Cannot resume. A replay changes nothing."),
        ("l", "Cannot link. A replay changes nothing."),
        ("x", "This is a bundle already: /b/INC-1.tar.gz"),
    ],
)
async def test_the_keys_that_write_say_why_they_do_not(played: Film, key: str, words: str) -> None:
    async with showing(played) as found:
        await found.press("right_curly_bracket", key)
        assert words in found.keys


async def test_time_is_stepped_jumped_played_and_gone_to(played: Film) -> None:
    async with showing(played) as found:
        assert "03:00:00Z  stop 1x" in found.scrubber
        assert "REPLAY  2026-11-21 03:00:00Z" in found.screen
        await found.press("right_curly_bracket")
        assert "03:01:00Z" in found.scrubber
        assert "CRIT  payments" in found.screen
        await found.press("greater_than_sign", "greater_than_sign", "less_than_sign")
        assert "03:02:00Z" in found.scrubber
        await found.press("left_curly_bracket")
        assert "03:01:00Z" in found.scrubber
        await found.press("plus", "comma")
        assert "play 2x" in found.scrubber
        found.clock.seconds += 30
        await found.until("03:02:00Z  play 2x")
        await found.type(":at 03:04:30")
        assert "03:04:30Z" in found.scrubber
        found.clock.seconds += 1000
        await found.until("the end: , plays it again")
        assert "03:06:00Z  end" in found.scrubber
        await found.press("comma")
        assert "03:00:00Z  play 2x" in found.scrubber
        await found.press("comma", "t")
        assert "2026-11-21 03:00:00Z  stop" in found.scrubber


async def test_what_was_stale_or_blind_then_is_so_then_and_not_before(played: Film) -> None:
    async with showing(played) as found:
        await found.type(":at 03:02:30")
        assert "blind" not in found.screen.splitlines()[1]
        await found.type(":at 03:03:30")
        await found.until("blind: argocd:a")
        assert "stale 3m (403)" in found.screen
        await found.type(":at 03:02:30")
        assert "blind: argocd:a" not in found.screen


async def test_notes_hang_on_the_mark_that_was_passed_and_stay_beside_the_bundle(played: Film, tmp_path: Path) -> None:
    path = tmp_path / "INC-1.tar.gz.notes.json"
    async with showing(played, Notes(path, "a" * 64)) as found:
        await found.type(":note too early")
        assert "there is no mark here to hang it on" in found.keys
        await found.press("right_curly_bracket")
        await found.type(":note here alice was paged")
        assert "note here alice was paged" in found.screen.splitlines()[-2]
        await found.press("right_curly_bracket")
        assert "alice was paged" not in found.screen
        await found.press("left_curly_bracket")
        assert "alice was paged" in found.screen
    assert Notes(path, "a" * 64).of(sessions.minute(1)) == "here alice was paged"


async def test_the_help_has_a_group_of_its_own(played: Film) -> None:
    async with showing(played) as found:
        await found.press("question_mark")
        assert "Time of a replay" in found.screen
        assert ":note" in found.screen


async def test_while_it_is_opened_it_says_so_and_q_leaves() -> None:
    over = threading.Event()

    def prepare(progress: Callable[[int], None]) -> Film:
        progress(4200)
        over.wait(30)
        raise InputError("the session is over")

    feed = ReplayFeed(prepare)
    app = ReplayApp(feed, Options(read_only=True))
    async with app.run_test(size=(80, 24)) as pilot:
        found = Showing(app, feed, Clock(), pilot)
        await found.until("opening, 4,200 records read  q leaves")
        assert "Opening the bundle." in found.screen
        assert "REPLAY" in found.screen
        assert "opening" in found.screen.splitlines()[0]
        await found.press("q")
    over.set()
    assert app.return_code == 0


def moment(**more: Any) -> Moment:
    base = Moment(sessions.minute(0), sessions.minute(60), sessions.minute(30), False, 1.0)
    return base._replace(**more)


def said(line: Line) -> str:
    return "".join(text for text, _ in line)


@pytest.mark.parametrize("width", [80, 120, 220])
def test_the_axis_stands_still_while_time_and_words_go_on(width: int) -> None:
    places = set()
    for at, words in ((0, ""), (1, "x"), (30, "a very long mark " * 20), (59.99, "y")):
        (line,) = lines(moment(at=sessions.minute(at), words=words, playing=True, rate=0.25), width)
        text = said(line)
        assert len(text) <= width
        axis = next(text for text, role in line if role in ("accent", "strong", "faint") and set(text) <= set("=-#"))
        places.add((text.index(axis), text[text.index(axis) :].count("-") + text.count("=") + text.count("#")))
    assert len({place for place, _ in places}) == 1
    assert len({cells for _, cells in places}) == 1


def test_hostile_marks_and_notes_are_inert() -> None:
    for line in lines(moment(words=NASTY, note=NASTY), 120):
        assert not set("\x1b\x07\u202e\u200b\r\n") & set(said(line))


def test_marks_stand_where_they_happened_and_differ_without_colour() -> None:
    marks = [(sessions.minute(15), "drift"), (sessions.minute(45), "gap")]
    (line,) = lines(moment(marks=marks), 120)
    axis = said(line)[said(line).index("=") :]
    assert axis.index("!") < axis.index("#") < axis.index("?")


def test_a_replay(played: Film, snap_compare: Compare) -> None:
    """A replay at a mark: its own word, colour and line of time."""
    assert picture(played, snap_compare, (120, 40))


def test_a_replay_on_a_small_terminal(played: Film, snap_compare: Compare) -> None:
    """The clock says less, so that the axis has room."""
    assert picture(played, snap_compare, (80, 24))


def test_a_replay_on_a_wide_terminal(played: Film, snap_compare: Compare) -> None:
    """The same line of time, longer."""
    assert picture(played, snap_compare, (220, 60))


def test_a_replay_in_a_light_terminal(played: Film, snap_compare: Compare) -> None:
    """Marks keep their roles."""
    assert picture(played, snap_compare, (120, 40), "drift-light")


def test_a_replay_without_colour(played: Film, snap_compare: Compare) -> None:
    """A sign each: nothing is lost."""
    assert picture(played, snap_compare, (80, 24), "drift-plain")


def test_a_replay_in_sixteen_colours(played: Film, snap_compare: Compare) -> None:
    """The terminal's own colours."""
    assert picture(played, snap_compare, (80, 24), "drift-ansi")


def picture(of: Film, compare: Compare, size: tuple[int, int], theme: str = "drift-dark") -> bool:
    feed = ReplayFeed(lambda progress: of, monotonic=Clock(), playing=False, mode=Mode.REPLAY)

    async def before(pilot: Pilot[None]) -> None:
        for _ in range(100):
            if feed.film is not None:
                break
            await pilot.pause(0.05)
        await pilot.pause(0.2)
        feed.seek(sessions.minute(5) + timedelta(seconds=20))
        await pilot.pause(0.5)

    return compare(ReplayApp(feed, Options(read_only=True, theme=theme)), terminal_size=size, run_before=before)
