"""An evidence bundle: what goes in, where it goes, how it went. Nothing is written before `enter` twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from drifttui.core.ages import Times, countdown, parse_span
from drifttui.core.evidence_asks import Order, Previewed, Subject, Written
from drifttui.core.words import clean
from drifttui.widgets.cells import Line, Piece
from drifttui.widgets.form import Entry, OneOf
from drifttui.widgets.plan_view import labelled
from drifttui.widgets.sheet import Sheet

from .act_keys import ActKeys
from .act_screen import RecordScreen
from .evidence import Evidence

if TYPE_CHECKING:
    from .base import DriftScreen

ALL, UNIT = "all", "this unit"

_HITS, _LACKS, _FILES = 12, 8, 24

_EFFECTS = (
    "one file, readable by you alone, never over another of its name; no system is written to. To s3:// it is sent in "
    "one request."
)
_UNSIGNED = "unsigned: it proves what it holds, not who made it"


def open_export(screen: DriftScreen) -> None:
    """Says in one line why there is nothing to export, where there is not."""
    evidence = screen.host.evidence
    if evidence is None:
        screen.tell(screen.host.no_evidence, "warn")
        return
    screen.app.push_screen(ExportScreen(evidence, subjects(screen)))


def subjects(screen: DriftScreen) -> dict[str, Subject]:
    """What the bundle may be about, the likeliest first, by the word that names it."""
    found: dict[str, Subject] = {}
    if incident := screen.board.incident:
        found["incident"] = Subject(incident)
    rows = [row for row in screen.unit_rows() if not row.gone] if isinstance(screen, ActKeys) else []
    if rows:
        word = UNIT if len(rows) == 1 else f"{len(rows)} marked units"
        found[word] = Subject("", tuple(str(row.unit.id) for row in rows))
    return found | {ALL: Subject()}


class ExportScreen(RecordScreen):
    """Previews, asks, writes; then says where it is."""

    TWICE = "twice writes"

    def __init__(self, evidence: Evidence, offered: dict[str, Subject]) -> None:
        super().__init__()
        self.evidence, self.offered = evidence, offered
        self.found: Previewed | None = None
        """None while it is being gathered."""
        self.written: Written | None = None
        self._about = ""

    def compose(self) -> ComposeResult:
        words = list(self.offered)
        retain = Entry("retain", "Retain", "", "90d: nobody can delete it before; empty: as the bucket does")
        retain.display = False
        yield Sheet(
            [
                OneOf("scope", "Scope", words, words[0]),
                Entry("to", "To", ".", "a folder, a file, or s3://bucket/prefix"),
                retain,
                Entry("key", "Key", "", "private key file, or awskms:alias/NAME; empty: unsigned"),
                OneOf("secrets", "Secrets", ("withhold", "refuse to write"), "withhold"),
            ]
        )

    def on_mount(self) -> None:
        super().on_mount()
        self._gather()

    def _gather(self) -> None:
        """The preview of the chosen scope, once for each choice."""
        word = self.choice("scope")
        if word == self._about:
            return
        self._about, self.found = word, None
        self.evidence.preview(self.offered[word], self._previewed)
        self.word()

    def _previewed(self, found: Previewed) -> None:
        if self.alive:
            self.found = found
            self.check()
            self.word()

    def ticked(self, times: Times) -> None:
        super().ticked(times)
        if self.alive and self.sent and self.written is None:
            self._show_progress()

    # What it says.

    @property
    def heading(self) -> Line:
        return [("Export", "strong"), (" ─ ", "border"), (self._subject, "text")]

    @property
    def _subject(self) -> str:
        subject = self.offered[self._about or next(iter(self.offered))]
        if subject.incident:
            return clean(subject.incident, 120)
        names = [unit.rsplit("/", 1)[-1] for unit in subject.units]
        return clean(", ".join(names), 120) if names else "everything that was recorded"

    def word(self) -> None:
        super().word()
        if self.alive and self.sent:
            self.frame(self.heading, [("esc", "back" if self.written is not None else "cancel")])

    def lines(self, width: int) -> Sequence[Line]:
        if self.written is not None:
            return self._result(self.written, width)
        found = self.found
        if found is None:
            return [[(" " + self._progress_words, "muted")]]
        if found.problem:
            return list(labelled("Cannot", [(found.problem, "bad")], width))
        lines = [*labelled("Time", [(self._range(found), "text")], width)]
        units = f"{found.units} units" if found.units != 1 else "1 unit"
        ledger = f"{units if found.units else 'every unit'}, {found.head:,} events of the ledger"
        if found.units and found.head:
            ledger += "; those of others stand in the chain by their hashes only"
        lines += labelled("Scope", [(ledger, "text")], width)
        lines += self._withheld(found, width)
        lines += labelled("Lacks", [(lack, "unknown") for lack in found.lacks[:_LACKS]] or [("nothing", "ok")], width)
        if len(found.lacks) > _LACKS:
            lines += labelled("", [(f"and {len(found.lacks) - _LACKS} more, all in manifest.json", "unknown")], width)
        lines += self._files(found)
        return [*lines, *labelled("Effects", [(_EFFECTS, "text")], width)]

    def _range(self, found: Previewed) -> str:
        if found.since is None or found.until is None:
            return "nothing was recorded in this scope"
        lasts = countdown((found.until - found.since).total_seconds())
        return f"{self.times.full(found.since)} to {self.times.full(found.until)}, {lasts}"

    def _files(self, found: Previewed) -> list[Line]:
        """Those with records by name; schemas and what describes them together."""
        lines: list[Line] = []
        records = [file for file in found.files if file.lines]
        lead = "Goes in"
        for file in records[:_FILES]:
            word = "line " if file.lines == 1 else "lines"
            size = f"{file.lines:>9,} {word} {_bytes(file.size):>9}"
            lines.append([(f" {lead:<9}", "muted"), (f"{clean(file.name, 40):<20}", "text"), (size, "muted")])
            lead = ""
        others = [file for file in found.files if not file.lines]
        size = f"{'':>15} {_bytes(sum(file.size for file in others)):>9}"
        lines.append([(f" {lead:<9}", "muted"), (f"{'report, schemas':<20}", "text"), (size, "muted")])
        whole: list[Piece] = [(f" {'':<9}", "muted"), (f"{'together':<20}", "strong")]
        lines.append([*whole, (f"{'':>15} {_bytes(found.size):>9}", "strong"), ("  before compression", "muted")])
        return lines

    def _withheld(self, found: Previewed, width: int) -> list[Line]:
        if not found.withheld:
            return list(labelled("Withheld", [("nothing: the last pass found nothing like a secret", "ok")], width))
        many = len(found.withheld)
        said = [(f"{many} {'value' if many == 1 else 'values'} like secrets, each as a digest", "warn")]
        said += [(f"{hit.file}:{hit.line}  {hit.what}  {hit.digest}", "text") for hit in found.withheld[:_HITS]]
        if many > _HITS:
            said.append((f"and {many - _HITS} more, all in withheld.jsonl", "warn"))
        return list(labelled("Withheld", said, width))

    def _result(self, done: Written, width: int) -> list[Line]:
        lines = [
            *labelled("Written", [(done.place, "strong")], width),
            *labelled("Size", [(f"{done.size:,} bytes", "text")], width),
            *labelled("Signed", [(f"by {done.keyid}", "ok") if done.keyid else (_UNSIGNED, "warn")], width),
        ]
        if done.locked_until:
            lines += labelled("Locked", [(f"until {done.locked_until}: nobody can delete it before", "ok")], width)
        key = " --key PUB" if done.keyid else ""
        local = not done.place.startswith("s3://")
        return [*lines, *(labelled("Check", [(f"drifttui verify {done.place}{key}", "key")], width) if local else ())]

    @property
    def _progress_words(self) -> str:
        phase, count = self.evidence.progress
        unit = "bytes" if phase.startswith(("packing", "sending")) else "records"
        return f"{phase or 'reading'}, {count:,} {unit}" if count else phase or "reading"

    def _show_progress(self) -> None:
        self.tell(f"{self._progress_words}  esc cancels", "warn")

    # Asking and writing.

    def wanting(self) -> str:
        to, key = self.entry("to"), self.entry("key")
        found = self.found
        place = ""
        if to.value and found is not None and found.name and to.value.startswith("s3://"):
            place = f"as {found.name}"
        elif to.value in (".", "./") and found is not None:
            place = found.name
        to.tell([(clean(place, 100), "muted")] if to.value else [("required", "warn")])
        key.tell([("signed", "ok") if key.value else ("unsigned", "warn")])
        return self._locking() if to.value else "to"

    def _locking(self) -> str:
        """Object Lock is a matter of S3: elsewhere nothing is asked. The mode is that of the bucket."""
        retain = self.entry("retain")
        remote = self.entry("to").value.startswith("s3://")
        if retain.display != remote:
            retain.display = remote
            self.call_after_refresh(self.place_panes)
        if not remote or not retain.value:
            retain.tell([])
            return ""
        try:
            until = self.times.now + parse_span(retain.value)
        except (ValueError, OverflowError):
            retain.tell([("no span: write 90d or 52w", "bad")])
            return "retain"
        retain.tell([(f"until {self.times.full(until)}, by Object Lock", "muted")])
        return ""

    @property
    def _retain(self) -> timedelta | None:
        retain = self.entry("retain")
        return parse_span(retain.value) if retain.display and retain.value else None

    def check(self) -> str:
        self._gather()
        wanting = super().check()
        if self.sent or self.armed:
            return wanting
        if self.found is None:
            self.tell("Nothing is written yet. The preview is being made.", "muted")
        elif self.found.problem:
            self.tell("Nothing can be written. Choose another scope, or esc.", "bad")
        else:
            self.tell("Nothing is written yet." + (f" Wanted: {wanting}." if wanting else ""), "muted")
        return wanting or ("to" if self.found is None or self.found.problem else "")

    def promise(self) -> str:
        signed = "signed" if self.entry("key").value else "unsigned"
        kept = f", locked until {self.times.now + self._retain:%Y-%m-%d}" if self._retain is not None else ""
        return f"write it, {signed}, to {clean(self.entry('to').value, 60)}{kept}"

    def record(self) -> None:
        refuse = self.choice("secrets") != "withhold"
        order = Order(self.entry("to").value, self.entry("key").value, refuse, self._retain)
        self._show_progress()
        self.evidence.export(order, self._done)

    def _done(self, written: Written) -> None:
        if not self.alive:
            return
        if written.problem:
            self.sent = self.armed = False
            self.tell(written.problem, "bad")
            self.word()
            return
        self.written = written
        self.sheet.ask(False)
        self.set_focus(self.sheet, scroll_visible=False)
        self.word()

    def leave(self) -> None:
        if self.written is not None:
            self.evidence.cancel()
            self.dismiss()
        elif self.sent and self.evidence.progress[0] == "sending":
            self.tell("it is being sent in one request, which cannot be taken back: wait for the answer", "warn")
        elif self.sent:
            self.evidence.cancel()
            self.dismiss()
            self.host.desk.tell("The export was cancelled. Nothing was written.", "warn")
        elif self.armed:
            super().leave()
        else:
            self.evidence.cancel()
            self.dismiss()


def _bytes(size: int) -> str:
    """`13.8 MB`: for a look, not for a comparison."""
    power = min(3, (len(str(size)) - 1) // 3)
    return f"{size} B" if not power else f"{size / 1000**power:.1f} {('kB', 'MB', 'GB')[power - 1]}"
