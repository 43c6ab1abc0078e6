"""The operator's verdict, beside the rules' one: class, action, note, for one finding or for several of one cause."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from drifttui.core.asks import Choice
from drifttui.core.rows import FindingRow
from drifttui.core.verdict import ACTIONS, DRIFT_CLASSES
from drifttui.core.words import clean
from drifttui.widgets.cells import Line, Piece, wrapped
from drifttui.widgets.form import Entry, OneOf
from drifttui.widgets.history_lines import verdict_lines
from drifttui.widgets.plan_view import labelled
from drifttui.widgets.sheet import Sheet

from .act_screen import RecordScreen, padded

_SHOWN = 12

_EFFECTS = (
    "a record in the ledger, beside the rules' verdict; no system is written to. It stands while this drift lasts "
    "unchanged, and is reopened when the drift changes."
)
_UNDO = "classify again: the newest verdict counts, and the ledger keeps both."


class ClassifyScreen(RecordScreen):
    """`rows` are the marked findings, or the one under the cursor. `kin` are others of the same cause, and `cause` is
    what they share; they are offered, not taken."""

    def __init__(self, rows: Sequence[FindingRow], kin: Sequence[FindingRow] = (), cause: str = "") -> None:
        super().__init__()
        self.rows = list(rows)
        own = {row.key for row in rows}
        self.kin = [row for row in kin if row.key not in own]
        self.cause = cause

    def compose(self) -> ComposeResult:
        first = self.rows[0].finding
        verdict, said = first.verdict, self.model.deeds.said_of(first)
        ruled = verdict.drift_class if verdict else "unknown"
        advised = verdict.action if verdict else "investigate"
        fields: list[Widget] = [
            OneOf("class", "Class", DRIFT_CLASSES, said.verdict.drift_class if said else ruled, ruled),
            OneOf("action", "Action", ACTIONS, said.verdict.action if said else advised, advised),
        ]
        if self.kin:
            alone = "this finding" if len(self.rows) == 1 else "the marked ones"
            fields.append(OneOf("scope", "For", [alone, f"all {len(self.rows) + len(self.kin)} of one cause"], alone))
        yield Sheet([*fields, Entry("note", "Note", "", "what you know that the rules do not")])

    @property
    def subjects(self) -> list[FindingRow]:
        """What the verdict will be about."""
        return [*self.rows, *self.kin] if self.choice("scope").startswith("all ") else self.rows

    @property
    def heading(self) -> Line:
        subjects, first = self.subjects, self.rows[0].finding
        if len(subjects) > 1:
            return [("Classify ", "strong"), (f"{len(subjects)} findings", "strong")]
        return [
            ("Classify ", "strong"),
            (clean(first.ref.short, 120), "strong"),
            (f"  {clean(first.summary, 120)}", "text"),
        ]

    def lines(self, width: int) -> Sequence[Line]:
        subjects = self.subjects
        lines: list[Line] = []
        if len(subjects) > 1:
            if self.cause and len(subjects) > len(self.rows):
                lines += padded(wrapped(f"One cause: {clean(self.cause, 300)}", width - 2, "accent"))
            lines += [_subject(row) for row in subjects[:_SHOWN]]
            if len(subjects) > _SHOWN:
                lines.append([(f"   and {len(subjects) - _SHOWN} more", "muted")])
            lines.append(())
        elif self.kin:
            said = f"{len(self.kin)} more of one cause: {clean(self.cause, 300)}"
            lines += [*padded(wrapped(said, width - 2, "accent")), ()]
        lines.append([(" By the rules, * below" + (", for the first" if len(subjects) > 1 else ""), "muted")])
        lines += padded(verdict_lines(self.rows[0].finding, width - 2))
        lines += padded(self._before(width - 2))
        lines.append(())
        return [*lines, *labelled("Effects", [(_EFFECTS, "text")], width), *labelled("Undo", [(_UNDO, "text")], width)]

    def _before(self, width: int) -> Sequence[Line]:
        said = self.model.deeds.said_of(self.rows[0].finding)
        if said is None:
            return ()
        verdict = said.verdict
        told = f"Before: {verdict.drift_class}, {verdict.action} by {verdict.actor}"
        state = "; reopened since, the drift changed" if said.reopened else ""
        words = f"{clean(told, 300)} {self.times.ago(verdict.at)}{state}"
        return wrapped(words, width, "warn" if said.reopened else "text")

    def promise(self) -> str:
        many = f" for {len(self.subjects)} findings" if len(self.subjects) > 1 else ""
        return f"record {self.choice('class')}, {self.choice('action')}{many}"

    def record(self) -> None:
        subjects = self.subjects
        together = self.cause if len(subjects) > len(self.rows) else "marked together"
        choice = Choice(
            self.choice("class"),
            self.choice("action"),
            self.entry("note").value,
            together if len(subjects) > 1 else "",
        )
        self.host.desk.acting.classify([row.finding for row in subjects], choice, self.recorded)


def _subject(row: FindingRow) -> Line:
    finding = row.finding
    line: list[Piece] = [("   ", "text"), (clean(finding.unit.name, 60), "text"), ("  ", "text")]
    return [*line, (clean(finding.ref.short, 120), "strong"), (f"  {clean(finding.summary, 120)}", "muted")]
