"""The app over a replay: the same screens, a clock that the operator moves, and a line that shows it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from drifttui.app import DriftApp
from drifttui.core.words import clean
from drifttui.screens.feed import Options
from drifttui.screens.triage import TriageScreen
from drifttui.services.replay_feed import ReplayFeed
from drifttui.widgets.key_bar import KeyBar
from drifttui.widgets.scrubber import Moment, Scrubber

if TYPE_CHECKING:
    from drifttui.core.board import Board
    from drifttui.screens.evidence import Evidence
    from drifttui.services.replay import Film, Mark
    from drifttui.services.timeline import Story
    from drifttui.store.notes import Notes


class ReplayApp(DriftApp):
    """`notes` may be missing: then `:note` says that there is no place for them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("comma", "play", "Play", id="play", tooltip="Play, or stop."),
        Binding("greater_than_sign", "step(1)", "Step", id="step", tooltip="To the next thing that happened."),
        Binding("less_than_sign", "step(-1)", "Step back", show=False, id="step-back", tooltip="To the thing before."),
        Binding("right_curly_bracket", "jump(1)", "Jump", id="jump", tooltip="To the next mark of the timeline."),
        Binding("left_curly_bracket", "jump(-1)", "Jump back", show=False, id="jump-back", tooltip="The mark before."),
        Binding("plus", "rate(1)", "Faster", show=False, id="faster", tooltip="Faster, up to 60 times."),
        Binding("minus", "rate(-1)", "Slower", show=False, id="slower", tooltip="Slower, down to a quarter."),
    ]

    def __init__(
        self, feed: ReplayFeed, options: Options | None = None, notes: Notes | None = None, bundle: Path | None = None
    ) -> None:
        """`bundle` is the file that is played; None is the one that comes with drifttui."""
        super().__init__(feed, options)
        self.replay = feed
        self.bundle = bundle
        self.notes = notes

    @property
    def closing(self) -> Evidence:
        """As things stood at the moment that is shown."""
        from drifttui.services.replay_closing import ReplayClosing

        return ReplayClosing(self.replay)

    @property
    def no_evidence(self) -> str:
        if self.bundle is None:
            return "This is a bundle already: `drifttui export --demo -o FILE` gives it to you"
        return f"This is a bundle already: {clean(str(self.bundle), 300)}"

    @property
    def film(self) -> Film | None:
        return self.replay.film

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        film = self.film
        return (film.since, film.until) if film is not None and film.since and film.until else None

    @property
    def passed(self) -> Mark | None:
        """The mark that was passed last."""
        film, at = self.film, self.replay.now()
        return next((mark for mark in reversed(film.marks) if mark.at <= at), None) if film is not None else None

    def _drain(self) -> None:
        super()._drain()
        self._scrub()

    def _show(self, board: Board) -> None:
        """Time leaps here: ages are those of the board's moment, not of a second ago."""
        super()._show(board)
        self._tick()

    def _scrub(self) -> None:
        top = next((screen for screen in self._seen if not screen.is_modal), None)
        if top is None or self._ended_by is not None or not top.is_attached or not top.query(KeyBar):
            return
        found = top.query(Scrubber)
        if not found:
            top.mount(Scrubber(), before=top.query_one(KeyBar))
            return
        film, feed, passed = self.film, self.replay, self.passed
        note = self.notes.of(passed.at) if self.notes is not None and passed is not None else ""
        found.first(Scrubber).show(
            Moment(
                film.since if film else None,
                film.until if film else None,
                feed.now(),
                feed.playing,
                feed.rate,
                tuple((mark.at, mark.kind) for mark in film.marks) if film else (),
                passed.words if passed else "",
                note,
                self.exact,
                feed.frames_read,
            )
        )

    def _begin_story(self) -> Story:
        """What the record had told by this moment, and nothing that came later."""
        from drifttui.services.timeline import Story, story_of

        return story_of(self.film, self.replay.now()) if self.film is not None else Story()

    def _moved(self) -> None:
        """Whoever goes to another moment wants the list as it was then: it is sorted at once, and not with `.`."""
        self._tick()
        self._drain()
        for screen in self.screen_stack:
            if isinstance(screen, TriageScreen) and screen.ready:
                screen.action_take_in()

    def seek(self, at: datetime) -> None:
        self.replay.seek(at)
        self._moved()

    def show_times(self, exact: bool) -> None:
        super().show_times(exact)
        self._scrub()

    def note(self, text: str) -> str:
        passed = self.passed
        if self.film is None:
            return "the bundle is still being opened"
        if passed is None or self.notes is None:
            return "there is no mark here to hang it on" if passed is None else "there is no place for notes"
        self.notes.write(passed.at, text)
        self._scrub()
        return self.notes.problem or f"noted at {passed.at:%H:%M:%S}Z"

    def action_play(self) -> None:
        self.replay.toggle()
        self._drain()

    def action_step(self, by: int) -> None:
        self.replay.step(by)
        self._moved()

    def action_jump(self, by: int) -> None:
        self.replay.jump(by)
        self._moved()

    def action_rate(self, by: int) -> None:
        self.replay.faster(by)
        self._drain()
