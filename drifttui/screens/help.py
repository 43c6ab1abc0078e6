"""Every key, command, filter term and sign, read from where each is defined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from drifttui.core.ages import Times
from drifttui.core.filters import KEYS
from drifttui.widgets.cells import Line, wrapped
from drifttui.widgets.header import Header
from drifttui.widgets.key_bar import KeyBar
from drifttui.widgets.lines_view import LinesView
from drifttui.widgets.planes_pane import PlanesPane
from drifttui.widgets.table import LineTable
from drifttui.widgets.text_pane import TextPane
from drifttui.widgets.timeline_view import TimelineAxis

from .act_keys import ActKeys
from .base import DriftScreen
from .closeout import CloseoutScreen
from .commands import COMMANDS
from .drafts import DraftsScreen
from .filtering import Filtering
from .finding import FindingScreen
from .keys import Key, all_keys, keys_of
from .pauses import PausesScreen
from .plan import PlanScreen
from .prompting import Prompting
from .scrubbing import has_time
from .sources import SourcesScreen
from .timeline import TimelineScreen
from .triage import TriageScreen
from .triage_model import Update

SIGNS: Sequence[tuple[str, str]] = (
    ("CRIT HIGH ? med low info", "risk, from the worst; ? is not known and stands behind HIGH, never last"),
    ("Out · Synced · ?", "what the engine says about its sync"),
    ("Applied", "what Flux says: it applied the revision and looks again on its interval only"),
    ("heals · on", "live changes are undone · only new revisions are applied"),
    ("in 4m12s", "when the engine undoes a live change"),
    ("PAUSED 2h left · by hand", "somebody suspended the automation, until then · somebody applies"),
    ("OVERDUE by 40m", "a pause that should have been resumed by now"),
    ("✓ in front of a class", "your verdict; reopened where the drift is another one since"),
    ("⚑ behind a name", "an incident or change covers it; expired and closed ones say so"),
    ("* in front of a row", "marked, with space: what p, r, c and l are about"),
    ("stale 14m (why)", "the source has said nothing since; what it said before follows"),
    ("~2", "two resources differ by the engine's own word; nobody looked yet"),
    ("- desired  = recorded  + actual", "the planes: as rendered, as last applied, as it runs"),
    ("–", "looked, and not there"),
    ("+ in front of a row", "came in, or got worse, with the last `.`"),
    ("~ in front of a finding", "read before its source went silent"),
    ("! o @ m s w = v + *", "in the timeline: drift, gone, call, merge, sync, warning, pause, verdict, link, act"),
    ("? and ░", "in the timeline: a source was blind then; what is shaded is not known to be empty"),
)


OF_A_REPLAY = "Time of a replay"
OF_TIME = ("at", "note")
"""Commands of a replay alone."""


class HelpScreen(Prompting):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "leave", "Back", show=False, id="help-back", tooltip="Leave the help."),
    ]
    PANES = ("help",)

    def compose(self) -> ComposeResult:
        yield Header()
        yield TextPane("help")
        yield KeyBar()

    def on_mount(self) -> None:
        super().on_mount()
        pane = self.query_one("#help", TextPane)
        pane.say([("Help", "strong")], [("esc", "key"), (" back", "muted")])
        pane.word("help", self._lines)
        pane.focus(scroll_visible=False)

    def board_arrived(self, update: Update) -> None:
        self.show_header()

    def ticked(self, times: Times) -> None:
        self.show_header()

    def place_panes(self) -> None:
        for pane in self.query(LinesView):
            pane.boxed = not self.stacked

    def action_leave(self) -> None:
        self.leave()

    def _lines(self, width: int) -> Sequence[Line]:
        lines: list[Line] = []
        for title, keys in key_groups(type(self.app), self.host.options.keys):
            lines += [[(title, "accent")], *_table([(key.keys, key.description) for key in keys], width)]
            if title == OF_A_REPLAY:
                lines += _table([(f":{name}", COMMANDS[name].help) for name in OF_TIME], width)
            lines.append(())
        lines += [[("Commands, after :", "accent")]]
        commands = {name: command for name, command in COMMANDS.items() if name not in OF_TIME}
        lines += _table([(f":{name}", command.help) for name, command in commands.items()], width)
        lines += _table([(":NAME", "goes to the unit or cluster of that name")], width)
        lines += _table([("ctrl+p", "the same commands and names in a list")], width)
        lines += [(), [("Filter terms, after / or --filter", "accent")]]
        lines += _table([("word", "anywhere in names, clusters, projects, owners")], width)
        lines += _table([(f"{key}:", value) for key, value in KEYS.items()], width)
        lines += _table([("-term", "what must not be; a,b means either; * stands for anything")], width)
        lines += [(), [("Signs", "accent")], *_table(SIGNS, width)]
        lines += [(), *wrapped(_HONESTY, width, "muted")]
        return lines


_HONESTY = (
    "Managers of fields are names that clients choose for themselves, and a time is that of a manager's last write to "
    "any of its fields. who:human means an interactive tool such as kubectl, not a known person."
)


def key_groups(app: type, keymap: Mapping[str, str]) -> Iterator[tuple[str, list[Key]]]:
    """(title, keys) for the help and for documentation."""
    groups: Sequence[tuple[str, Sequence[type]]] = (
        ("Everywhere", (app, DriftScreen, Prompting)),
        ("Moving in a pane", (LinesView, LineTable, PlanesPane)),
        ("Deciding and acting", (ActKeys, PlanScreen)),
        ("Units and findings", (Filtering, TriageScreen)),
        ("One finding", (FindingScreen,)),
        ("Sources and pauses", (SourcesScreen, PausesScreen)),
        ("The timeline", (TimelineScreen, TimelineAxis)),
        ("Closing an incident out", (CloseoutScreen, DraftsScreen)),
    )
    of_time = list(keys_of(app, keymap)) if has_time(app) else []
    if of_time:
        yield OF_A_REPLAY, of_time
    seen = {key.id for key in of_time}
    for title, owners in groups:
        keys = [key for key in all_keys(owners, keymap) if key.id not in seen]
        seen |= {key.id for key in keys}
        if keys:
            yield title, keys


def _table(pairs: Sequence[tuple[str, str]], width: int) -> Iterator[Line]:
    column = min(34, max(14, *(len(left) + 2 for left, _ in pairs)))
    for left, right in pairs:
        if len(left) + 2 > column:
            yield [("  ", "text"), (left, "key")]
            left = ""
        for number, line in enumerate(wrapped(right, width - column - 2, "text")):
            yield [("  ", "text"), ((left if number == 0 else "").ljust(column), "key"), *line]
