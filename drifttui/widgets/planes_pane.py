"""Three planes of one resource: what differs, the whole document, or what the comparison left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.strip import Strip

from drifttui.core.ages import Times
from drifttui.core.finding import Comparison, Finding, Hidden
from drifttui.core.inspection import Inspection
from drifttui.core.planes import Plane, ThreePlanes
from drifttui.core.rules_kubernetes import RULES
from drifttui.core.words import clean, plane_stamps

from .cells import Excuse, Line, Piece, cut, line_width, strip_of, width_of, wrapped
from .change_lines import SIGNS, Shape, change_lines, column_titles
from .lines_view import LinesView

if TYPE_CHECKING:
    from drifttui.core.direct import DirectRead, Merged

    from .document_lines import Document

_THREE_FROM, _SIDE_FROM = 108, 84
"""Cells inside the pane from which columns are wide enough to be read."""

_NO_EXCUSE = Excuse()


class View(StrEnum):
    CHANGES = "changes"
    DOCUMENT = "document"
    HIDDEN = "hidden"


class PlanesPane(LinesView):
    """`show` takes a finding and, where the unit is open, what was read of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "sideways(-8)", "Left", show=False, id="left", tooltip="Scroll long lines to the left."),
        Binding("right", "sideways(8)", "Right", show=False, id="right", tooltip="Scroll long lines to the right."),
    ]

    def __init__(self, pane: str = "planes") -> None:
        super().__init__(pane)
        self.view = View.CHANGES
        self.chosen_shape: Shape | None = None
        self.finding: Finding | None = None
        self.excuse = Excuse()
        self.times: Times | None = None
        self._inspection: Inspection | None = None
        self._lines: Sequence[Line] = ()
        self._document: Document | None = None
        self._starts: list[int] = []
        self._skip = 0
        self._strips: dict[int, Strip] = {}
        self._built_for: tuple[Finding | None, Inspection | None, tuple[object, ...]] | None = None
        self._direct: DirectRead | None = None
        self._merged: Merged | None = None

    @property
    def shape(self) -> Shape:
        """As chosen, else the widest that the pane has room for."""
        if self.chosen_shape is not None:
            return self.chosen_shape
        width = self.inner_width
        return Shape.THREE if width >= _THREE_FROM else Shape.SIDE if width >= _SIDE_FROM else Shape.UNIFIED

    @property
    def shown(self) -> Finding | None:
        """The finding, with what was read directly since where its changes are shown: documents are the plan's."""
        return self._merged.finding if self._merged is not None and self.view is View.CHANGES else self.finding

    def show(
        self,
        finding: Finding | None,
        inspection: Inspection | None,
        excuse: Excuse = _NO_EXCUSE,
        direct: DirectRead | None = None,
    ) -> None:
        """`direct` is what was read of its resource by itself since: the changes are then as they are by that."""
        if direct is not self._direct or finding is not self.finding:
            self._direct, self._merged = direct, None
            if direct is not None and direct.answer is not None and finding is not None:
                from drifttui.core.direct import merged

                self._merged = merged(finding, direct.answer)
        other = (finding.id if finding else "") != (self.finding.id if self.finding else "")
        self.finding, self._inspection, self.excuse = finding, inspection, excuse
        if other:
            self.top = self._skip = 0
        self._build()

    def tick(self, times: Times) -> None:
        self.times = times
        self._frame()

    def see(self, view: View) -> None:
        """Another view, or back to the changes where it is already the one."""
        self.view = View.CHANGES if view is self.view else view
        self.top = self._skip = 0
        self._build()
        if self.view is View.DOCUMENT and self._starts:
            self.show_from(self._starts[0] - 2)

    def turn(self) -> None:
        """The next shape."""
        order = [*Shape]
        self.chosen_shape = order[(order.index(self.shape) + 1) % len(order)]
        self.top = self._skip = 0
        self._build()

    def jump(self, by: int) -> None:
        """To the next or the previous change."""
        if by > 0:
            later = [start for start in self._starts if start > self.top]
            self.show_from(later[0] if later else self.top)
        else:
            earlier = [start for start in self._starts if start < self.top]
            self.show_from(earlier[-1] if earlier else 0)

    # Lines.

    def _build(self) -> None:
        finding, built = self.finding, self._built_for
        width = self.inner_width
        shown = (self.view, self.shape, width, self.body_height, self.excuse.lines(width), self._direct)
        if built is not None and built[0] is finding and built[1] is self._inspection and built[2] == shown:
            return
        self._built_for = (finding, self._inspection, shown)
        self._strips.clear()
        self._lines, self._document, self._starts = (), None, []
        if self.shown is not None:
            self._BUILDERS[self.view](self, self.shown)
        self.top = max(0, min(self.top, self.max_top))
        self._frame()
        self.repaint()

    def _build_changes(self, finding: Finding) -> None:
        width = self.inner_width - 1
        short = self.size.height < 16 and self.shape is Shape.UNIFIED
        lines, notes = self._told_directly(width, short)
        for number, change in enumerate(finding.changes):
            block = change_lines(change, width, self.shape, short=short, note=notes[number] if notes else "")
            if number and (len(block) > 1 or not short):
                lines.append(())
            self._starts.append(len(lines))
            lines += block
        if not finding.changes:
            lines += wrapped("Nothing differs in what could be read.", width, "muted")
        self._lines = lines

    def _told_directly(self, width: int, short: bool) -> tuple[list[Line], list[str]]:
        """What stands above the changes, and beside each, of a resource that was read by itself."""
        if self._direct is None:
            return [], []
        from .direct_lines import head_lines, note_of

        merged = self._merged
        notes = [note_of(merged, number) for number in range(len(merged.since))] if merged is not None else []
        return head_lines(self._direct, merged, width, short=short), notes

    def _build_document(self, finding: Finding) -> None:
        planes = self._planes(finding)
        if planes is None or self._inspection is None:
            said = "The document is not held: it is read again while the unit is open. f goes back to the changes."
            self._lines = wrapped(said, self.inner_width - 1, "muted")
            return
        # Not on the way to the first frame: aligning knows the schema of every built-in kind.
        from drifttui.core.align import aligned

        from .document_lines import Document

        compared = Comparison(finding.ref, finding.changes, finding.hidden)
        rows = aligned(planes, compared, list_keys=self._inspection.list_keys, defaults=self._inspection.defaults)
        self._document = Document(rows, self.shape)
        self._starts = self._document.starts

    def _build_hidden(self, finding: Finding) -> None:
        width = self.inner_width - 1
        lines: list[Line] = []
        by_rule: dict[str, list[Hidden]] = {}
        for hidden in finding.hidden:
            by_rule.setdefault(hidden.rule, []).append(hidden)
        for rule, removed in by_rule.items():
            self._starts.append(len(lines))
            lines.append([(clean(rule, 120), "strong"), (f"  {len(removed)}", "muted")])
            if rule in RULES:
                lines += wrapped(RULES[rule], width, "muted", "  ")
            for hidden in removed:
                note = f"  {clean(hidden.note, 300)}" if hidden.note else ""
                lines.append([("  ", "text"), (clean(hidden.path, 600), "name"), (note, "muted")])
        self._lines = lines or wrapped("No rule removed anything here. h goes back to the changes.", width, "muted")

    _BUILDERS: ClassVar[dict[View, Callable[[PlanesPane, Finding], None]]] = {
        View.CHANGES: _build_changes,
        View.DOCUMENT: _build_document,
        View.HIDDEN: _build_hidden,
    }

    def _planes(self, finding: Finding) -> ThreePlanes | None:
        resources = self._inspection.resources if self._inspection else ()
        return next((planes for planes in resources if planes.ref == finding.ref), None)

    @property
    def line_count(self) -> int:
        if self.finding is None:
            return 0
        return len(self._document) if self._document is not None else len(self._lines)

    @property
    def head_count(self) -> int:
        """The planes with their ages; in a pane without a box, and without columns, the title names them."""
        needed = self.boxed or self.shape is not Shape.UNIFIED
        return int(needed and self.view is not View.HIDDEN and self.finding is not None)

    def head_line(self, index: int, width: int) -> Strip:
        assert self.shown is not None
        stamps = plane_stamps(self.shown, self.times) if self.times else []
        titles = column_titles(stamps, width - 1, self.shape) if stamps else ()
        return strip_of([(" ", "text"), *titles], width, self.palette)

    def body_line(self, index: int, width: int) -> Strip:
        strip = self._strips.get(index)
        if strip is None or strip.cell_length != width:
            line = (
                self._document.line(index, width - 1 + self._skip) if self._document is not None else self._lines[index]
            )
            strip = strip_of([(" ", "text"), *line], width, self.palette, skip=self._skip)
            if len(self._strips) > 1000:
                self._strips.clear()
            self._strips[index] = strip
        return strip

    def empty_lines(self, width: int) -> Sequence[Line]:
        return self.excuse.lines(width)

    # The frame.

    def _frame(self) -> None:
        finding = self.shown
        if finding is None:
            self.say([("Planes", "strong")])
            return
        if self.head_count and self.times is not None:
            self.repaint()
        view: list[Piece] = []
        if self.view is not View.CHANGES:
            view = [(" ─ ", "border"), (_VIEW_WORDS[self.view], "accent")]
        hidden = self._hidden_here(finding)
        count = len(finding.changes)
        aside: list[Piece] = [(f"{count} change{'' if count == 1 else 's'}", "muted")] if self.head_count else []
        name = clean(finding.ref.short, 300)
        room = self.size.width - 17 - line_width(view) - line_width(aside)
        room -= 0 if self.boxed else line_width(hidden) + 2
        stamps: Line = ()
        if not self.head_count and self.times is not None and self.view is not View.HIDDEN:
            said = plane_stamps(finding, self.times)
            stamps = _stamps(said, words=True)
            if width_of(name) + line_width(stamps) > room:
                stamps = _stamps(said, words=False)
        name = cut(name, max(12, room - line_width(stamps)), middle=True)
        self.say([("Planes", "strong"), (" ─ ", "border"), (name, "text"), *view, *stamps], aside, hidden)

    def _hidden_here(self, finding: Finding) -> Line:
        """What the comparison left out is never silent."""
        ignored = sum(1 for hidden in finding.hidden if hidden.rule.startswith("argocd/"))
        rules = len(finding.hidden) - ignored
        secret = sum(1 for change in finding.changes if change.sensitive)
        if not self.boxed:
            return [(f"{len(finding.hidden)} hidden", "muted")] if finding.hidden else []
        digests = f"{secret} secret digest{'' if secret == 1 else 's'}"
        said = f"hidden here: {rules} by rules · {ignored} by ignoreDifferences · {digests}"
        if width_of(said) > self.size.width - 8:
            said = f"hidden: {rules} rules · {ignored} ignored · {secret} digests"
        return [(said, "muted")]

    # Keys.

    def action_sideways(self, by: int) -> None:
        skip = max(0, self._skip + by)
        if skip != self._skip:
            self._skip = skip
            self._strips.clear()
            self.repaint()

    def on_resize(self) -> None:  # type: ignore[override]
        self._build()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()


def _stamps(said: Sequence[tuple[Plane, str]], *, words: bool) -> Line:
    """Revision or age of each plane, named by its word or, where space is short, by its sign."""
    line: list[Piece] = []
    for number, (plane, text) in enumerate(said):
        name = plane.value if words else SIGNS[plane]
        line += [(" · " if number else " ─ ", "border"), (f"{name} ", plane), (text, "muted")]
    return line


_VIEW_WORDS = {View.CHANGES: "changes", View.DOCUMENT: "whole document", View.HIDDEN: "hidden by rules"}
