"""What would bring Git, or a state file, up to what runs: a draft per finding that still differs. Nothing is written
before it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from drifttui.core.asks import Answer
from drifttui.core.draft_asks import Drafts, DraftShown
from drifttui.core.words import clean
from drifttui.widgets.cells import Line, Piece
from drifttui.widgets.draft_lines import draft_lines
from drifttui.widgets.draft_table import DraftTable
from drifttui.widgets.table import LineTable

from .base import DriftScreen
from .evidence import Drafting, reading_words
from .table_over import TableOver
from .triage_model import Update

if TYPE_CHECKING:
    from drifttui.widgets.prompt import Prompt

_CLONE, _WRITE = "C", "W"


def open_drafts(screen: DriftScreen) -> None:
    """Says in one line why there is nothing to draft, where there is not."""
    evidence, incident = screen.host.evidence, screen.board.incident
    if evidence is None:
        screen.tell(f"Nothing is drafted here. {screen.host.no_evidence}.", "warn")
    elif not isinstance(evidence, Drafting):
        screen.tell("Nothing is drafted here: this is no live session.", "warn")
    elif not incident:
        screen.tell("No incident is set: `:incident INC-9127` names one", "warn")
    else:
        screen.app.push_screen(DraftsScreen(evidence, incident))


class DraftsScreen(TableOver):
    """Made when it is opened, for another clone, and when it is asked for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("C", "clone", "Clone", id="clone", tooltip="Name the clone to draft in; it is only read."),
        Binding("W", "write", "Write", id="write-drafts", tooltip="Write patches and descriptions into a folder."),
        Binding(
            "O", "request", "Request", id="request", tooltip="Look what a pull or merge request would do; open it."
        ),
        Binding("ctrl+r", "refresh", "Ask again", show=False, id="refresh"),
    ]
    PANES = ("drafts", "draft-detail")
    SHARE = 0.35

    def __init__(self, evidence: Drafting, incident: str) -> None:
        super().__init__()
        self.evidence, self.incident = evidence, incident
        self.found: Drafts | None = None
        self._clone = ""
        self._asking = False
        self._clones: list[str] = []
        self._folders: list[str] = []

    def made(self) -> DraftTable:
        return DraftTable()

    def on_mount(self) -> None:
        super().on_mount()
        self.draft()

    @property
    def table(self) -> DraftTable:
        return self.query_one(DraftTable)

    @property
    def chosen(self) -> list[DraftShown]:
        """The marked ones, else the one that the cursor is on."""
        table = self.table
        here = [table.key] if table.key is not None else []
        return [table.rows[key] for key in [key for key in table.keys if key in table.picked] or here]

    # What arrives.

    def draft(self) -> None:
        self._asking = True
        self.evidence.drafts(self.incident, self._clone, self._drafted)
        self.word()

    def _drafted(self, found: Drafts) -> None:
        if not self.is_attached:
            return
        self._asking, self.found = False, found
        self.table.rows = {draft.finding: draft for draft in found.items}
        self.fill(list(self.table.rows))
        if found.lacks:
            self.tell(clean(found.lacks[0], 300), "unknown")
        self.word()

    def board_arrived(self, update: Update) -> None:
        self.show_header()

    # What it says.

    def word(self) -> None:
        if not self.ready:
            return
        table, found = self.table, self.found
        excuse: Line = [("Nothing of this incident differs any more: there is nothing to draft.", "ok")]
        if self._asking:
            excuse = reading_words(self.evidence.progress)
        elif found is not None and found.problem:
            excuse = [(clean(found.problem, 400), "bad")]
        table.excuse = excuse
        aside: list[Piece] = [("reading", "muted")] if self._asking else []
        if found is not None and found.items and not self._asking:
            patches = sum(1 for draft in found.items if draft.diff)
            aside = [(f"{patches} of {len(found.items)} with a patch", "ok" if patches else "unknown")]
        heading: list[Piece] = [("Drafts", "strong"), (" ─ ", "border"), (clean(self.incident, 120), "text")]
        if self._clone:
            heading += [(" ─ ", "border"), (clean(self._clone, 120), "muted")]
        table.say(heading, aside)
        if not table.rows:
            table.repaint()
        draft = table.rows.get(table.key) if table.key is not None else None
        if draft is None:
            self.detail.say([("Draft", "strong")])
            self.detail.word(None, lambda width: ())
            return
        self.detail.say([("Draft", "strong"), (" ─ ", "border"), (clean(draft.finding, 60), "text")])
        self.detail.word(draft, lambda width: draft_lines(draft, width))

    # Keys.

    def on_line_table_chosen(self, event: LineTable.Chosen) -> None:
        event.stop()
        self.focus_pane("draft-detail")

    async def action_clone(self) -> None:
        clones = [draft.clone for draft in self.chosen if draft.clone]
        await self._ask(_CLONE, self._clone or next(iter(clones), ""), "folder of the clone to draft in", self._clones)

    async def action_write(self) -> None:
        if not self.chosen:
            self.tell("there is no draft to write")
            return
        hint = "folder for .patch and .md of what is marked; enter writes, over earlier drafts of the same"
        await self._ask(_WRITE, self._folders[-1] if self._folders else "", hint, self._folders)

    async def _ask(self, sign: str, text: str, hint: str, past: list[str]) -> None:
        from drifttui.widgets.prompt import Prompt

        self._before = self.pane
        await self.open_prompt(Prompt(sign, text, hint, past))

    async def on_prompt_kept(self, event: Prompt.Kept) -> None:
        if (sign := self._sign) in (_CLONE, _WRITE):
            event.stop()
            await self.close_prompt(self._before)
            self._answered(sign, event.text.strip())

    async def on_prompt_left(self, event: Prompt.Left) -> None:
        if self._sign in (_CLONE, _WRITE):
            event.stop()
            await self.close_prompt(self._before)

    def _answered(self, sign: str, text: str) -> None:
        if sign == _CLONE:
            self._clone = text
            if text:
                self._clones.append(text)
            self.draft()
        elif sign == _WRITE and text:
            self._folders.append(text)
            self.evidence.write_drafts([draft.finding for draft in self.chosen], text, self._written)
            self.tell("writing", "muted")

    def _written(self, answer: Answer) -> None:
        if self.is_attached:
            self.tell(clean(answer.words, 400), "bad" if answer.failed else "ok")

    def action_request(self) -> None:
        if self.board.read_only:
            self.tell("Nothing is opened. Refused by --read-only.", "bad")
            return
        drafts = [draft for draft in self.chosen if draft.files]
        if not drafts:
            self.tell("no file is changed here: there is nothing to open a request for")
            return
        from .request import RequestScreen

        self.app.push_screen(RequestScreen(self.evidence, self.incident, drafts, self.draft))

    def action_refresh(self) -> None:
        self.draft()
        self.tell("drafting again", "muted")
