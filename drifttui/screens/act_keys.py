"""The keys that decide and do: each opens a sheet, none acts by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from drifttui.core.rows import FindingRow, UnitRow
from drifttui.core.words import clean

from .prompting import Prompting

if TYPE_CHECKING:
    from drifttui.core.pause import Purpose


class ActKeys(Prompting):
    """Subclasses say what the cursor or the marks are on."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "classify", "Classify", id="classify", tooltip="Record your verdict beside the rules' one."),
        Binding("p", "pause", "Pause", id="pause", tooltip="Plan to suspend auto-sync of the unit, or of all marked."),
        Binding("r", "resume", "Resume", id="resume", tooltip="Plan to give automation back exactly as it was."),
        Binding("l", "link", "Link", id="link", tooltip="Tie a finding, unit or pause to an incident or change."),
    ]

    def unit_rows(self) -> Sequence[UnitRow]:
        """The marked units, else the one under the cursor."""
        return ()

    def finding_rows(self) -> Sequence[FindingRow]:
        """The marked findings, else the one under the cursor."""
        return ()

    def acted(self) -> None:
        """A sheet is open: marks have done their service."""

    def _refused(self, verb: str) -> bool:
        """Says in one line why nothing is written here."""
        why = self.host.desk.refusal(self.board)
        if why:
            self.tell(f"Cannot {verb}. {why.rstrip('.')}.", "bad")
        return bool(why)

    def action_pause(self) -> None:
        from drifttui.core.pause import Purpose

        self._plan(Purpose.PAUSE)

    def action_resume(self) -> None:
        from drifttui.core.pause import Purpose

        self._plan(Purpose.RESUME, of_paused=True)

    def _plan(self, purpose: Purpose, *, of_paused: bool = False) -> None:
        if self._refused(purpose.value):
            return
        rows = [row for row in self.unit_rows() if not row.gone]
        if not rows:
            self.tell(f"no unit here to {purpose.value}")
            return
        under_way = [doing for row in rows for doing in self.host.desk.under_way(row.unit.id, purpose)]
        if of_paused and not under_way:
            paused = [row for row in rows if row.paused]
            if not paused:
                name = clean(rows[0].unit.id.name, 60)
                self.tell(f"{name} is not paused" if len(rows) == 1 else f"none of {len(rows)} units is paused")
                return
            rows = paused
        from .plan import PlanScreen

        self.app.push_screen(PlanScreen(purpose, [row.unit for row in rows], under_way))
        self.acted()

    def action_classify(self) -> None:
        if self._refused("classify"):
            return
        rows = self.finding_rows()
        if not rows:
            self.tell("no finding here to classify")
            return
        from .classify import ClassifyScreen

        kin, cause = self._kin(rows[0]) if len(rows) == 1 else ((), "")
        self.app.push_screen(ClassifyScreen(rows, kin, cause))
        self.acted()

    def _kin(self, row: FindingRow) -> tuple[Sequence[FindingRow], str]:
        """Findings of the same cause, the worst first, and what they share."""
        from drifttui.core.causes import cause_of, causes_of

        found = cause_of(row.finding.id, causes_of(self.board.findings))
        if found is None or not found.several:
            return (), ""
        wanted = set(found.findings)
        rows = {
            finding.id: FindingRow(of, finding)
            for of in self.model.units.rows.values()
            for finding in of.look.findings
            if finding.id in wanted
        }
        return [rows[key] for key in found.findings if key in rows], found.words

    def action_link(self) -> None:
        if self._refused("link"):
            return
        units, findings = self.unit_rows(), self.finding_rows()
        if not units and not findings:
            self.tell("nothing here to link")
            return
        from .link import LinkScreen

        self.app.push_screen(LinkScreen(units, findings))
        self.acted()
