"""A change link: which incident or change, until when, by whose approval, and what it covers."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from drifttui.core.asks import LinkWish
from drifttui.core.errors import InputError
from drifttui.core.link_refs import read_ref
from drifttui.core.rows import FindingRow, UnitRow
from drifttui.core.until import parse_until
from drifttui.core.words import clean
from drifttui.widgets.cells import Line
from drifttui.widgets.deed_lines import link_words
from drifttui.widgets.form import Entry, OneOf
from drifttui.widgets.plan_view import labelled
from drifttui.widgets.sheet import Sheet

from .act_screen import RecordScreen

FINDING, UNIT, PAUSE, INCIDENT = "finding", "unit", "pause", "everything from now on"

_NAMED = 5

_EFFECTS = (
    "a record in the ledger; no system is written to. Title and state are read from the tracker, where one is "
    "configured. What it covers counts as authorised while it is open and not expired."
)
_UNDO = "link again with another end; the ledger keeps both."


class LinkScreen(RecordScreen):
    """`units` and `findings` are what the cursor or the marks are on."""

    def __init__(self, units: Sequence[UnitRow], findings: Sequence[FindingRow]) -> None:
        super().__init__()
        self.units, self.findings = list(units), list(findings)

    @property
    def heading(self) -> Line:
        return [("Link to an incident or change", "strong")]

    @property
    def pauses(self) -> list[str]:
        return [row.pause.id for row in self.units if row.pause is not None and row.pause.id]

    def compose(self) -> ComposeResult:
        offered = ((FINDING, self.findings), (UNIT, self.units), (PAUSE, self.pauses), (INCIDENT, True))
        covers = [word for word, there in offered if there]
        yield Sheet(
            [
                Entry("ref", "Link", clean(self.board.incident, 200), "INC-9127, CHG0031, or any URL"),
                OneOf("kind", "Kind", ("incident", "change"), "incident"),
                OneOf("covers", "Covers", covers, covers[0]),
                Entry("expires", "Expires", "", "2h, 06:30 (UTC), 2026-05-14; empty: with the record itself"),
                Entry("approver", "Approver", "", "who agreed, for a change"),
                Entry("note", "Note"),
            ]
        )

    def lines(self, width: int) -> Sequence[Line]:
        lines = list(labelled("Covers", [(self._covered(), "strong")], width))
        unit = self.units[0].unit.id if self.units else self.findings[0].finding.unit
        finding = self.findings[0].finding.id if self.findings else ""
        known = self.model.deeds.links_of(unit, finding)
        lines += [[(" Already  ", "muted"), *link_words(link, self.times)] for link in known]
        return [*lines, *labelled("Effects", [(_EFFECTS, "text")], width), *labelled("Undo", [(_UNDO, "text")], width)]

    def _covered(self) -> str:
        names = _names([row.unit.id.name for row in self.units])
        match self.choice("covers"):
            case "finding":
                shown = _names([row.finding.ref.short for row in self.findings])
                return f"{shown} in {clean(self.findings[0].finding.unit.name, 60)}."
            case "pause":
                return f"the pause of {names}."
            case "everything from now on":
                return "everything done from now on: it becomes the incident in the header."
            case _:
                return f"{names}, with every finding in it."

    def wanting(self) -> str:
        ref, expires = self.entry("ref"), self.entry("expires")
        wanting = ""
        try:
            said = read_ref(ref.value).display
            ref.tell([(said, "muted")] if said != ref.value else [])
        except InputError as error:
            ref.tell([(error.title, "bad") if ref.value else ("required", "warn")])
            wanting = "ref"
        try:
            times = self.times
            end = parse_until(expires.value, times.now) if expires.value else None
            expires.tell([(f"{times.until(end)}, {times.full(end)}", "muted")] if end else [])
        except InputError as error:
            expires.tell([(error.title, "bad")])
            wanting = wanting or "expires"
        return wanting

    def promise(self) -> str:
        return f"link {clean(self.entry('ref').value, 60)}"

    def record(self) -> None:
        acting, covers, expires = self.host.desk.acting, self.choice("covers"), self.entry("expires").value
        wish = LinkWish(
            self.entry("ref").value,
            self.choice("kind"),
            parse_until(expires, self.times.now) if expires else None,
            self.entry("approver").value,
            self.entry("note").value,
            tuple(str(row.unit.id) for row in self.units) if covers == UNIT else (),
            tuple(row.finding.id for row in self.findings) if covers == FINDING else (),
            tuple(self.pauses) if covers == PAUSE else (),
        )
        if covers == INCIDENT:
            acting.set_incident(wish.ref, lambda answer: None)
        acting.link(wish, self.recorded)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(clean(name, 80) for name in names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
