"""What can be typed after `:`: views and settings by name, or a unit or cluster to go to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from drifttui.core.errors import InputError
from drifttui.core.filters import NO_FILTER, parse
from drifttui.core.identity import UnitId
from drifttui.core.words import clean
from drifttui.widgets.themes import COLOURS

from .scrubbing import go_to, note
from .triage import TriageScreen

if TYPE_CHECKING:
    from .base import DriftScreen

_MOST_OFFERS: Final = 50


class Command(NamedTuple):
    help: str
    run: Callable[[DriftScreen, str], None]
    values: Callable[[DriftScreen], list[str]] = lambda screen: []


def triage_of(screen: DriftScreen) -> TriageScreen:
    """The first screen, with everything above it taken away."""
    below = screen.app.screen_stack
    found = next(one for one in below if isinstance(one, TriageScreen))
    while screen.app.screen is not found:
        screen.app.pop_screen()
    return found


def _units(screen: DriftScreen, _: str) -> None:
    triage = triage_of(screen)
    if triage.model.everywhere:
        triage.action_everywhere()
    triage.focus_pane("units")


def _findings(screen: DriftScreen, _: str) -> None:
    triage = triage_of(screen)
    if not triage.model.everywhere:
        triage.action_everywhere()


def _filter(screen: DriftScreen, text: str) -> None:
    triage = triage_of(screen)
    try:
        triage.filter_by(parse(text))
    except InputError as error:
        triage.tell(error.one_line(), "bad")


def _sort(screen: DriftScreen, text: str) -> None:
    triage = triage_of(screen)
    words = text.split()
    columns = [column.id for column in triage.units.columns()]
    name = next((column for column in columns if words and column.startswith(words[0])), "")
    if name:
        triage.sort_by(triage.units, name, "back" in words or "desc" in words)
    else:
        triage.tell(f"sort by one of {' '.join(columns)}", "bad")


def _theme(screen: DriftScreen, text: str) -> None:
    try:
        screen.host.use_theme(text.strip() or "drift-dark")
    except InputError as error:
        screen.tell(error.one_line(), "bad")


def _incident(screen: DriftScreen, text: str) -> None:
    desk, ref = screen.host.desk, text.strip()
    why = desk.refusal(screen.board)
    if why:
        screen.tell(f"Cannot set an incident. {why.rstrip('.')}.", "bad")
        return
    desk.acting.set_incident(ref, lambda answer: desk.tell(answer.words, "bad" if answer.failed else "ok"))


def _closeout(screen: DriftScreen, _: str) -> None:
    from .closeout import open_closeout

    open_closeout(screen)


def _drafts(screen: DriftScreen, _: str) -> None:
    from .drafts import open_drafts

    open_drafts(screen)


def _direct(screen: DriftScreen, text: str) -> None:
    from .direct import open_direct

    open_direct(screen, text)


def _addresses(screen: DriftScreen) -> list[str]:
    from .direct import addresses

    return addresses(screen)


def _action(name: str) -> Callable[[DriftScreen, str], None]:
    def act(screen: DriftScreen, _: str) -> None:
        screen.call_later(screen.run_action, name)

    return act


COMMANDS: Final[Mapping[str, Command]] = {
    "units": Command("the list of units", _units),
    "findings": Command("findings of all units", _findings),
    "sources": Command("every source: reachable, permitted, how old", _action("app.sources")),
    "pauses": Command("what stands paused, by whom, why and until when", _action("app.pauses")),
    "timeline": Command("what happened when, and when somebody was blind", _action("app.timeline")),
    "classify": Command("record your verdict on the finding", _action("screen.classify")),
    "pause": Command("plan to suspend auto-sync of the unit", _action("screen.pause")),
    "resume": Command("plan to give automation back", _action("screen.resume")),
    "link": Command("tie finding, unit or pause to an incident or change", _action("screen.link")),
    "export": Command("preview an evidence bundle, and write it", _action("app.export")),
    "closeout": Command("what still stands in the way of closing the incident", _closeout),
    "drafts": Command("what would bring Git, or a state, up to what runs", _drafts),
    "incident": Command("incident REF: what is done from now on is linked to it", _incident),
    "filter": Command("filter TERMS; without terms takes it away", _filter),
    "sort": Command(
        "sort COLUMN, and back to turn it around", _sort, lambda s: ["risk", "unit", "cluster", "age", "n"]
    ),
    "theme": Command("theme NAME", _theme, lambda s: list(COLOURS)),
    "times": Command("ages or exact UTC", _action("app.times")),
    "at": Command("at HH:MM:SS or +90s: to a moment of a replay", go_to),
    "note": Command("note TEXT: the presenter's, at the mark that was passed last", note),
    "direct": Command("direct ADDRESS: read one AWS resource of the stack now, without a plan", _direct, _addresses),
    "refresh": Command("ask every source again", lambda screen, _: screen.host.feed.refresh(None)),
    "help": Command("every key, command and filter term", _action("app.help")),
    "quit": Command("leave", _action("app.quit")),
}
_SHORT: Final = {"q": "quit", "q!": "quit", "u": "units", "f": "findings", "s": "sources", "h": "help", "?": "help"}


def places(screen: DriftScreen, text: str) -> Iterator[tuple[str, UnitId | str]]:
    """(what is offered, unit or cluster) for names that hold `text`; those that begin with it first."""
    wanted = text.strip().lower()
    if not wanted:
        return
    inside: list[tuple[str, UnitId]] = []
    found = 0
    seen = set()
    for key, unit in screen.board.units.items():
        name = key.name.lower()
        seen.add(unit.cluster)
        if wanted not in name:
            continue
        if name.startswith(wanted):
            yield clean(key.name, 120), key
            found += 1
            if found >= _MOST_OFFERS:
                return
        elif len(inside) < _MOST_OFFERS:
            inside.append((clean(key.name, 120), key))
    for cluster in sorted(seen):
        if wanted in cluster.lower():
            yield f"cluster {clean(cluster, 120)}", cluster
    yield from inside[: _MOST_OFFERS - found]


def offers(screen: DriftScreen, text: str) -> list[str]:
    """What `text` may become: commands first, then values of a command, then units and clusters."""
    word, space, rest = text.lstrip().partition(" ")
    command = COMMANDS.get(word)
    if command is not None and space:
        found = [f"{word} {value}" for value in command.values(screen) if value.startswith(rest.strip())]
        return found or [text.strip()]
    names = [name for name in COMMANDS if name.startswith(word)] if not space else []
    if word in _SHORT and not space:
        names.insert(0, _SHORT[word])
    if word == "cluster":
        text = rest
    return [*dict.fromkeys(names), *dict.fromkeys(name for name, _ in places(screen, text))]


def run(screen: DriftScreen, text: str) -> None:
    """Does what was typed; says so beside the keys where it cannot."""
    word, _, rest = text.strip().partition(" ")
    name = _SHORT.get(word, word)
    if name not in COMMANDS and not rest:
        begun = [command for command in COMMANDS if command.startswith(name)]
        exact = any(unit.name == name for unit in screen.board.units)
        if len(begun) == 1 and not exact:
            name = begun[0]
    if name in COMMANDS:
        COMMANDS[name].run(screen, rest)
        return
    target = next((place for _, place in places(screen, rest if word == "cluster" else text)), None)
    if target is None:
        screen.tell(f"no command, unit or cluster is called {clean(text, 60)}", "bad")
    else:
        go(screen, target)


def go(screen: DriftScreen, place: UnitId | str) -> None:
    """To a unit, or to the units of a cluster. A filter that hides the unit is taken off, and that is said."""
    triage = triage_of(screen)
    if isinstance(place, str):
        triage.filter_by(parse(f'cluster:"{place}"' if " " in place else f"cluster:{place}"))
        triage.focus_pane("units")
        return
    if triage.model.everywhere:
        triage.action_everywhere()
    triage.focus_pane("units")
    if triage.units.go_to(place):
        return
    if triage.model.filter:
        was = triage.model.filter.text
        triage.filter_by(NO_FILTER)
        triage.tell(f"filter {clean(was, 60)} taken off: it hides {clean(place.name, 60)}")
    else:
        triage.action_take_in()
    triage.units.go_to(place)
