"""A plan as it is read, confirmed and carried out: nothing is written before the operator has said so twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from drifttui.core.ages import Times, span
from drifttui.core.asks import Planned
from drifttui.core.board import Depth
from drifttui.core.errors import InputError
from drifttui.core.link_refs import read_ref
from drifttui.core.pause import Plan, Purpose
from drifttui.core.unit import Unit
from drifttui.core.until import parse_until
from drifttui.core.words import clean
from drifttui.widgets.cells import Line, Piece, wrapped
from drifttui.widgets.form import Entry
from drifttui.widgets.plan_view import PlanText, plan_text, skipping
from drifttui.widgets.sheet import Sheet

from .act_screen import ActScreen, padded
from .doing import Doing
from .triage_model import Update

_USUAL = "2h"

_VERBS = {Purpose.PAUSE: ("Pause", "Pausing"), Purpose.RESUME: ("Resume", "Resuming")}


class PlanScreen(ActScreen):
    """Reads, shows, asks; then shows how it goes. `doing` opens it on what is under way already."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "skip", "Skip", show=False, id="mark"),
        Binding("y", "yes", "Yes", show=False, id="yes", tooltip="Carry the plan out, or record a close-out."),
        Binding("enter", "enter", "Confirm", show=False, id="open"),
    ]

    def __init__(self, purpose: Purpose, units: Sequence[Unit], doing: Sequence[Doing] = ()) -> None:
        super().__init__()
        self.purpose = purpose
        self.units = list(units)
        self.plans: tuple[Plan, ...] = ()
        self.problem = ""
        self.skips: set[tuple[str, int]] = set()
        self.doing = list(doing)
        self._armed = False
        self._step: tuple[str, int] | None = None
        self._text = PlanText([], {})
        self._asked: int | None = None
        self._begun = 0.0

    def compose(self) -> ComposeResult:
        pause = self.purpose is Purpose.PAUSE
        fields = [Entry("name", "Name")]
        if pause:
            incident = clean(self.board.incident, 200)
            fields = [
                Entry("reason", "Reason", "", "why, for whoever finds it paused"),
                Entry("until", "Until", _USUAL, "2h, 45m, 06:30 (UTC)"),
                Entry("change", "Change", incident, "incident or change, a ticket id or URL"),
                *fields,
            ]
        yield Sheet(fields)

    def on_mount(self) -> None:
        super().on_mount()
        self.sheet.ask(False)
        self.sheet.steps = self.move_step
        self.set_focus(self.sheet, scroll_visible=False)
        self._begun = self.times.now.timestamp()
        if not self.doing:
            acting = self.host.desk.acting
            if self.purpose is Purpose.PAUSE:
                self._asked = acting.plan_pause(self.units, self._planned)
            else:
                looks = {unit.id: self.board.look(unit.id) for unit in self.units}
                known = {key: look.findings for key, look in looks.items() if look.depth is Depth.READ}
                self._asked = acting.plan_resume(self.units, known, self._planned)
        self._word()

    # What arrives.

    def _planned(self, planned: Planned) -> None:
        self._asked = None
        if not self.alive:
            return
        self.plans, self.problem = planned.plans, planned.problem
        self._word()
        if self.open:
            typed = self.query_one("#entry-name", Entry)
            typed.display = bool(self.name)
            if self.name:
                typed.rename(f"Type {self.name} to {self._verb.lower()} {'it' if len(self.open) == 1 else 'them'}")
            self.sheet.ask(True)
            self.call_after_refresh(self._shown)

    def _shown(self) -> None:
        if not self.alive:
            return
        self.place_panes()
        self._check()
        self.set_focus(self.ring[0], scroll_visible=False)
        self._word()

    def ticked(self, times: Times) -> None:
        if self.doing or self._asked is not None:
            self._word()

    def board_arrived(self, update: Update) -> None:
        self._word()

    # What it is about.

    @property
    def open(self) -> list[Plan]:
        """Plans that can be carried out."""
        return [plan for plan in self.plans if not plan.blocked]

    @property
    def name(self) -> str:
        """What has to be typed; empty where none of the units is production."""
        guarded = [plan for plan in self.open if plan.environment == "prod"]
        if not guarded:
            return ""
        return clean(guarded[0].unit.name, 200) if len(self.open) == 1 else f"{len(self.open)} units"

    @property
    def _verb(self) -> str:
        return _VERBS[self.purpose][0]

    def _subject(self) -> list[Piece]:
        names = [doing.plan.unit.name for doing in self.doing] or [unit.id.name for unit in self.units]
        word = _VERBS[self.purpose][bool(self.doing)]
        line: list[Piece] = [(f"{word} ", "strong")]
        if len(names) != 1:
            environments = {unit.environment for unit in self.units}
            line.append((f"{len(names)} units", "strong"))
            return [*line, (" ", "text"), (" prod ", "prod")] if "prod" in environments else line
        line.append((clean(names[0], 120), "strong"))
        if not self.units:
            return line
        unit = self.units[0]
        if unit.environment:
            chip = "prod" if unit.environment == "prod" else "other-env"
            line += [(" ", "text"), (f" {clean(unit.environment, 20)} ", chip)]
        health = self.board.sources.get(unit.id.source)
        engine = f", {health.system} {health.version}" if health is not None else ""
        return [*line, (clean(f" {unit.cluster}{engine}".rstrip(), 120), "muted")]

    # Words.

    def _word(self) -> None:
        if not self.alive:
            return
        self.frame(self._subject(), self._keys())
        self.sheet.word(self.purpose, self._lines)
        self.place_panes()

    def _lines(self, width: int) -> Sequence[Line]:
        if self.doing:
            return self._progress(width)
        if self._asked is not None:
            return self._reading(width)
        if self.problem:
            return [(), *padded(wrapped(self.problem, width - 2, "bad"))]
        many = len(self.plans) > 1
        cursor = self._step if self.focused is self.sheet else None
        self._text = plan_text(self.plans, self.skips, width, cursor, many)
        return [*self._summary(width), *self._text.lines] if many else self._text.lines

    def _reading(self, width: int) -> Sequence[Line]:
        waited = span(self.times.now.timestamp() - self._begun)
        names = ", ".join(clean(unit.id.name, 60) for unit in self.units[:4])
        more = f" and {len(self.units) - 4} more" if len(self.units) > 4 else ""
        said = f"Reading {names}{more} and what owns {'it' if len(self.units) == 1 else 'them'}, {waited}."
        return [(), *padded(wrapped(said, width - 2, "warn")), *padded(wrapped("Nothing is written.", width, "muted"))]

    def _summary(self, width: int) -> list[Line]:
        can, left = len(self.open), len(self.plans) - len(self.open)
        said = f"{can} of {len(self.plans)} units can be {self._verb.lower()}d"
        said += f"; {left} left out, each says why." if left else "."
        lines = padded(wrapped(said, width - 2, "warn" if left else "text"))
        doubtful = [clean(skipping(plan, self.skips).unit.name, 60) for plan in self.open if not self._holds(plan)]
        if doubtful:
            lines += padded(wrapped("May not hold: " + ", ".join(doubtful), width - 2, "bad"))
        return [*lines, ()]

    def _holds(self, plan: Plan) -> bool:
        return self.purpose is Purpose.RESUME or skipping(plan, self.skips).holds

    def _progress(self, width: int) -> Sequence[Line]:
        lines: list[Line] = [()]
        for doing in self.doing:
            lead: list[Piece] = [(f" {clean(doing.plan.unit.name, 40)}  ", "strong")] if len(self.doing) > 1 else []
            if lead:
                lines.append(lead)
            lines += _flowed(doing.words, width - 2)
            if not doing.done:
                lines.append([(f"  {span((self.times.now - doing.since).total_seconds())} so far", "muted")])
        text = plan_text([doing.plan for doing in self.doing], (), width, None, len(self.doing) > 1, done=True)
        return [*lines, (), *text.lines]

    def _keys(self) -> list[tuple[str, str]]:
        if self.doing:
            over = all(doing.done for doing in self.doing)
            return [("esc", "back" if over else "leaves, the watching goes on")]
        if self._asked is not None:
            return [("esc", "cancel")]
        if not self.open:
            return [("esc", "back: nothing can be written")]
        skip = [("space", "skip")] if self._text.steps and self.focused is self.sheet else []
        confirm = ("enter", "confirm") if self.name else ("enter", "twice confirms")
        yes = [("y", "confirms")] if not self.name and self.focused is self.sheet else []
        return [("tab", "next"), *skip, confirm, *yes, ("esc", "cancel")]

    # The form.

    def _entry(self, name: str) -> Entry:
        return self.query_one(f"#entry-{name}", Entry)

    def _check(self, *, told: bool = True) -> str:
        """The id of the first field that still wants something; empty when all is said. Says so beside the fields."""
        wanting = ""
        if self.purpose is Purpose.PAUSE:
            reason, until, change = self._entry("reason"), self._entry("until"), self._entry("change")
            reason.tell([] if reason.value else [("required", "warn")])
            wanting = "" if reason.value else "reason"
            try:
                said = read_ref(change.value).display if change.value else "asked for, may be left empty"
                change.tell([(said, "muted")] if said != change.value else [])
            except InputError as error:
                change.tell([(error.title, "bad")])
                wanting = wanting or "change"
            try:
                times = self.times
                end = parse_until(until.value, times.now)
                until.tell([(f"{times.until(end)}, {times.full(end)}"[:60], "muted")])
            except InputError as error:
                until.tell([(error.title if until.value else "required", "bad")])
                wanting = wanting or "until"
        if self.name and not wanting and self._entry("name").value != self.name:
            wanting = "name"
        if told:
            self._status(wanting)
        return wanting

    def _status(self, wanting: str) -> None:
        what = "it" if len(self.open) == 1 else f"{len(self.open)} units"
        if self._armed and not wanting:
            self.tell(f"enter once more to {self._verb.lower()} {what}, esc to go back", "warn")
        elif wanting in ("reason", "until", "change"):
            self.tell(f"Nothing is written yet. Wanted: {wanting}.", "muted")
        elif wanting == "name":
            self.tell("Nothing is written yet. Wanted: the name, as it is spelled above.", "muted")
        else:
            self.tell(f"Nothing is written yet. enter to {self._verb.lower()} {what}.", "muted")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.plans and self.sheet.form.display and not self.doing:
            self._armed = False
            self._check()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_enter()

    def action_enter(self) -> None:
        """In production the typed name is the confirmation; elsewhere the second enter is."""
        if self.doing or not self.open:
            return
        wanting = self._check()
        if wanting:
            self.set_focus(self._entry(wanting).field, scroll_visible=False)
        elif self.name or self._armed:
            self._carry_out()
        else:
            self._armed = True
            self._status("")

    def action_yes(self) -> None:
        if self.doing or not self.open:
            return
        wanting = self._check()
        if wanting:
            self.set_focus(self._entry(wanting).field, scroll_visible=False)
        else:
            self._carry_out()

    def _carry_out(self) -> None:
        plans = [skipping(plan, self.skips) for plan in self.open]
        if self.purpose is Purpose.PAUSE:
            until = parse_until(self._entry("until").value, self.times.now)
            reason, change = self._entry("reason").value, self._entry("change").value
            plans = [plan._replace(reason=reason, until=until, link=change) for plan in plans]
        self.doing = self.host.desk.carry_out(plans, self.times.now)
        self.sheet.ask(False)
        self.set_focus(self.sheet, scroll_visible=False)
        self.sheet.show_from(0)
        self._word()

    # Steps.

    def on_descendant_focus(self) -> None:
        steps = list(self._text.steps)
        if self.focused is self.sheet and self._step is None and steps:
            self._step = steps[0]
        self._armed = False
        self._word()

    def action_skip(self) -> None:
        if self._step is not None and not self.doing and self.focused is self.sheet:
            self.skips ^= {self._step}
            self._word()

    def move_step(self, by: int) -> bool:
        """The cursor on another step that may be skipped. False where there is none: the text scrolls then."""
        steps = list(self._text.steps)
        if self.doing or self._step not in steps:
            return False
        place = steps.index(self._step) + by
        if not 0 <= place < len(steps):
            return False
        self._step = steps[place]
        self._word()
        at = self._text.steps[self._step]
        self.sheet.reveal(at, at + 1)
        return True

    def leave(self) -> None:
        if self._armed:
            self._armed = False
            self._check()
            return
        if self._asked is not None:
            self.host.desk.acting.cancel(self._asked)
        super().leave()


def _flowed(line: Sequence[Piece], width: int) -> list[Line]:
    """Pieces on as many lines as they take, broken between pieces."""
    lines: list[Line] = []
    current: list[Piece] = [("  ", "text")]
    used = 2
    for text, role in line:
        if used + len(text) > width and used > 2:
            lines.append(current[:-1] if current[-1][0].strip() == "·" else current)
            current, used = [("  ", "text")], 2
        for number, part in enumerate(wrapped(text, width - 2, role) if len(text) > width - 2 else [[(text, role)]]):
            if number:
                lines.append(current)
                current = [("  ", "text")]
            current.extend(part)
        used += len(text)
    return [*lines, current]
