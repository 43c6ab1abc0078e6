"""The app: wires a feed to the screens. Imports only what the first frame needs."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter, Monochrome, NoColor

from drifttui.broken import UNLOADABLE
from drifttui.core.ages import Times
from drifttui.core.board import Board
from drifttui.core.errors import DriftError, InputError, inert
from drifttui.core.filters import parse
from drifttui.core.words import clean
from drifttui.screens.base import DriftScreen
from drifttui.screens.desk import Desk
from drifttui.screens.feed import Feed, Options
from drifttui.screens.signals import leave_on_signals
from drifttui.screens.triage import TriageScreen
from drifttui.screens.triage_model import TriageModel
from drifttui.widgets.palette import Bare
from drifttui.widgets.themes import ANSI, BARE, CYCLE, themes

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.command import Provider

    from drifttui.core.timeline import Entry
    from drifttui.screens.acting import Acting
    from drifttui.screens.evidence import Evidence
    from drifttui.services.timeline import Story

DRAIN_EVERY = 0.1
"""Seconds between looks for a new board."""

_DRAIN_AT_FIRST = 0.02
"""The same while somebody waits for the first rows."""

_STARTED_AFTER = 2.0
"""Seconds until the start is taken for over, and everything loaded out of the garbage collector's sight."""


def _palette_provider() -> type[Provider]:
    from drifttui.screens.palette import DriftProvider

    return DriftProvider


class DriftApp(App[None]):
    """Raises `InputError` for a filter, theme or key that cannot be used."""

    TITLE = "drifttui"
    CSS_PATH = "assets/drift.tcss"
    ALLOW_SELECT = False
    COMMANDS = {_palette_provider}
    COMMAND_PALETTE_DISPLAY = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", id="help", tooltip="Every key, command and filter term."),
        Binding("S", "sources", "Sources", id="sources", tooltip="Health, permissions and rates of every source."),
        Binding("P", "pauses", "Pauses", id="pauses", tooltip="What stands paused, by whom, why and until when."),
        Binding("L", "timeline", "Timeline", id="timeline", tooltip="What happened when, and when somebody was blind."),
        Binding("x", "export", "Export", id="export", tooltip="Preview an evidence bundle, and write it."),
        Binding("t", "times", "Times", show=False, id="times", tooltip="Ages or exact UTC, everywhere at once."),
        Binding("T", "next_theme", "Theme", show=False, id="theme", tooltip="The next theme."),
        Binding("q,ctrl+c,ctrl+q", "quit", "Quit", show=False, id="quit", tooltip="Leave."),
    ]

    def __init__(
        self,
        feed: Feed,
        options: Options | None = None,
        acting: Callable[[], Acting] | None = None,
        evidence: Callable[[], Evidence] | None = None,
    ) -> None:
        """`acting` makes what carries out plans, once rows are on the screen. Without it nothing can be written.
        `evidence` makes what exports, once somebody asks for it."""
        super().__init__()
        self.feed = feed
        self.options = options or Options()
        self.board = Board()
        self.exact = False
        self._ended_by: DriftError | ImportError | SyntaxError | None = None
        self.model = TriageModel(parse(self.options.filter))
        self.desk = Desk(acting, self._tell)
        self._make_evidence = evidence
        self._evidence: Evidence | None = None
        self._bare = Bare()
        self._story: Story | None = None
        for theme in themes():
            self.register_theme(theme)
        self.use_theme(self.options.theme or self._fitting_theme())
        if self.options.keys:
            self._use_keys()

    def _use_keys(self) -> None:
        from drifttui.screens.help import key_groups
        from drifttui.screens.keys import check_names

        check_names(self.options.keys, [key.id for _, keys in key_groups(type(self), {}) for key in keys])
        self.set_keymap(self.options.keys)

    # Colour.

    def _fitting_theme(self) -> str:
        """By https://no-color.org (set and not empty), the terminal's colours, and its background where it tells."""
        if os.environ.get("NO_COLOR"):
            return BARE
        if self.console.color_system == "standard":
            return ANSI
        background = os.environ.get("COLORFGBG", "").rsplit(";", 1)[-1]
        return "drift-light" if background in ("7", "15") else "drift-dark"

    def use_theme(self, name: str) -> None:
        if self.get_theme(name) is None:
            known = ", ".join(theme.name for theme in themes())
            raise InputError(f"No theme {inert(name, 40)}", "", f"There are {known}, and those of Textual.")
        self.theme = name

    def refresh_css(self, animate: bool = True) -> None:
        """Textual asks for it whenever the theme is set. Before there is a screen nothing is styled yet, and what would
        be parsed here is parsed again for the first frame: the variables are enough."""
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual turns NO_COLOR into shades of grey; here it is a theme without any colour."""
        if self.theme == BARE:
            return [self._bare]
        return [found for found in super().get_line_filters() if not isinstance(found, (Monochrome, NoColor))]

    # Life.

    def get_default_screen(self) -> TriageScreen:
        return TriageScreen()

    def on_mount(self) -> None:
        leave_on_signals(lambda code: self.exit(return_code=code))
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """After the first frame, so that nothing that the feed does delays it."""
        self.feed.start()
        self._drain()
        self.set_interval(DRAIN_EVERY, self._drain)
        self.set_interval(_DRAIN_AT_FIRST, self._drain, repeat=int(_STARTED_AFTER / _DRAIN_AT_FIRST))
        self.set_interval(1.0, self._tick)
        self.set_timer(_STARTED_AFTER, self._started)

    def _started(self) -> None:
        _settle_memory()
        self.desk.start(self.board)
        self._begin_story()

    def run_to_exit(self) -> int:
        """Runs until the operator leaves; gives the exit code. The feed stops after the terminal is restored.

        Raises the `DriftError` that ended the session, where one did, or what could not be loaded.
        """
        try:
            self.run()
        finally:
            self.desk.stop()
            if self._evidence is not None:
                self._evidence.stop()
            self.feed.stop()
        if self._ended_by is not None:
            raise self._ended_by
        return self.return_code or 0

    def _handle_exception(self, error: Exception) -> None:
        """Textual shows a traceback of whatever goes wrong in a handler. A broken installation is no bug of a handler:
        the screen goes, and one line stays."""
        super()._handle_exception(error)
        if isinstance(error, UNLOADABLE):
            self._ended_by = self._ended_by or error
            self._exit_renderables.clear()

    @property
    def _seen(self) -> list[DriftScreen]:
        """What is to be seen: the screen on top, and below a sheet the one that it stands in front of; nothing behind
        Textual's palette."""
        seen: list[DriftScreen] = []
        for screen in reversed(self.screen_stack):
            if not isinstance(screen, DriftScreen):
                return []
            if screen.ready and screen.display:  # Not one that is being taken away: its parts go first.
                seen.append(screen)
            if not screen.is_modal:
                break
        return seen

    def _drain(self) -> None:
        try:
            board = self.feed.drain()
        except DriftError as error:
            self._ended_by = error
            self.exit(return_code=error.exit_code)
            return
        except UNLOADABLE as error:
            self._handle_exception(error)
            return
        moved = self._evidence is not None and self._evidence.drain()
        if self.desk.drain() or moved:
            for screen in self._seen:
                screen.ticked(self.times)
        newest = self.desk.newest(board or self.board)
        if newest is not self.board:
            self._show(newest)
        if (update := self.model.see(self.desk.seen, self.times.now)) is not None:
            for screen in self._seen:
                screen.board_arrived(update)

    def _show(self, board: Board) -> None:
        self.board = board
        if self._story is not None:
            self._story.see(board, self.times.now)
        seen = self._seen
        self.model.units.following = any(screen.follows for screen in seen)
        update = self.model.update(board, self.times.now)
        for screen in seen:
            screen.board_arrived(update)

    def _tick(self) -> None:
        self.desk.look_for(self.model.unexplained)
        update = self.model.recheck(self.times.now)
        for screen in self._seen:
            if update is not None:
                screen.board_arrived(update)
            screen.ticked(self.times)

    def _tell(self, text: str, role: str) -> None:
        """To who looks at lists: a sheet says by itself what it is about."""
        for screen in self._seen:
            if not screen.is_modal:
                screen.tell(clean(text, 400), role)

    def _begin_story(self) -> Story:
        """Not before the first rows: health says by itself since when a source is blind."""
        if self._story is None:
            from drifttui.services.timeline import Story

            self._story = Story()
            self._story.see(self.board, self.times.now)
        return self._story

    def timeline(self) -> tuple[Entry, ...]:
        return self._begin_story().entries(self.board)

    @property
    def times(self) -> Times:
        return Times(self.feed.now(), self.exact)

    def show_times(self, exact: bool) -> None:
        self.exact = exact
        self._tick()

    @property
    def evidence(self) -> Evidence | None:
        if self._evidence is None and self._make_evidence is not None:
            self._evidence = self._make_evidence()
        return self._evidence

    @property
    def closing(self) -> Evidence | None:
        return self.evidence

    @property
    def no_evidence(self) -> str:
        return "Nothing is recorded in this session"

    # Keys.

    def action_export(self) -> None:
        from drifttui.screens.export import open_export

        if isinstance(self.screen, DriftScreen):
            open_export(self.screen)

    def action_times(self) -> None:
        self.show_times(not self.exact)

    def action_next_theme(self) -> None:
        here = CYCLE.index(self.theme) if self.theme in CYCLE else -1
        self.use_theme(CYCLE[(here + 1) % len(CYCLE)])
        if isinstance(self.screen, DriftScreen):
            self.screen.tell(self.theme, "muted")

    def action_help(self) -> None:
        from drifttui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_pauses(self) -> None:
        from drifttui.screens.pauses import PausesScreen

        if not isinstance(self.screen, PausesScreen):
            self.push_screen(PausesScreen())

    def action_timeline(self) -> None:
        from drifttui.screens.timeline import TimelineScreen

        if not isinstance(self.screen, TimelineScreen):
            self.push_screen(TimelineScreen())

    def action_sources(self) -> None:
        from drifttui.screens.sources import SourcesScreen

        if not isinstance(self.screen, SourcesScreen):
            self.push_screen(SourcesScreen())


def _settle_memory() -> None:
    """Collections over ten thousand rows are the tail of the latency; what is loaded now stays loaded.

    Collecting first would be one such pause more, for what a start leaves behind once.
    """
    gc.freeze()
    gc.set_threshold(20_000, 10, 50)
    gc.enable()
