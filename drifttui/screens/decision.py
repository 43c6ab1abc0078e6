"""Who answers for a finding that stays, when its incident is closed out: accepted until an end, or handed over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult

from drifttui.core.asks import Answer
from drifttui.core.closeout import How, Item
from drifttui.core.errors import InputError
from drifttui.core.evidence_asks import Decision
from drifttui.core.until import parse_until
from drifttui.core.words import clean
from drifttui.widgets.cells import Line
from drifttui.widgets.form import Entry, OneOf
from drifttui.widgets.plan_view import labelled
from drifttui.widgets.sheet import Sheet

from .act_screen import RecordScreen
from .evidence import Evidence

ACCEPT, HAND_OVER = "accept", "hand over"
_SHOWN = 12
_UNDO = "decide again: the newest decision counts, and the ledger keeps both."


class DecisionScreen(RecordScreen):
    """`then` is told what was recorded."""

    def __init__(
        self, evidence: Evidence, incident: str, items: Sequence[Item], then: Callable[[str], None]
    ) -> None:  # fmt: skip
        super().__init__()
        self.evidence, self.incident, self.items, self._then = evidence, incident, list(items), then

    @property
    def heading(self) -> Line:
        many = f"{len(self.items)} findings" if len(self.items) > 1 else self.items[0].what
        return [("Answer for ", "strong"), (clean(many, 120), "strong")]

    def compose(self) -> ComposeResult:
        yield Sheet(
            [
                OneOf("how", "How", (ACCEPT, HAND_OVER), ACCEPT),
                Entry("owner", "Owner", "", "who answers for it from now on"),
                Entry("expires", "Until", "", "30d, or 2026-05-14: required to accept"),
                Entry("note", "Note"),
            ]
        )

    def lines(self, width: int) -> Sequence[Line]:
        lines: list[Line] = [_subject(item) for item in self.items[:_SHOWN]]
        if len(self.items) > _SHOWN:
            lines.append([(f" and {len(self.items) - _SHOWN} more", "muted")])
        effects = "a record in the ledger, and from there in the bundle; no system is written to. "
        effects += "Once the end has passed it blocks again." if self._accepts else "It blocks no longer."
        undo = "decide again: the newest decision counts, and the ledger keeps both."
        return [
            *lines,
            (),
            *labelled("Effects", [(effects, "text")], width),
            *labelled("Undo", [(undo, "text")], width),
        ]

    @property
    def _accepts(self) -> bool:
        return self.choice("how") == ACCEPT

    def wanting(self) -> str:
        owner, expires, times = self.entry("owner"), self.entry("expires"), self.times
        owner.tell([] if owner.value else [("required", "warn")])
        wanting = "" if owner.value else "owner"
        try:
            end = parse_until(expires.value, times.now) if expires.value else None
            missing = self._accepts and end is None
            expires.tell([(f"{times.until(end)}, {times.full(end)}", "muted")] if end else
                         [("required", "warn")] if missing else [])  # fmt: skip
            return wanting or ("expires" if missing else "")
        except InputError as error:
            expires.tell([(error.title, "bad")])
            return wanting or "expires"

    def promise(self) -> str:
        return f"record it, {clean(self.entry('owner').value, 60)} answers for it"

    def record(self) -> None:
        end = self.entry("expires").value
        decision = Decision(
            tuple(item.id for item in self.items),
            How.ACCEPTED if self._accepts else How.HANDED_OVER,
            self.entry("owner").value,
            parse_until(end, self.times.now) if end else None,
            self.entry("note").value,
        )
        self.evidence.settle(self.incident, decision, self.recorded)

    def recorded(self, answer: Answer) -> None:
        if not self.alive:
            return
        if answer.failed:
            super().recorded(answer)
            return
        self.dismiss()
        self._then(answer.words)


def _subject(item: Item) -> Line:
    name = clean(item.unit.rsplit("/", 1)[-1], 60)
    return [(" ", "text"), (name, "text"), ("  ", "text"), (clean(item.what, 160), "strong")]
