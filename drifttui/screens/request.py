"""A pull or merge request for drafts: looked at first, then opened by `enter` twice, then what became of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult

from drifttui.core.draft_asks import Ahead, DraftShown, OpenedAll, RequestShown
from drifttui.core.proposal import Fate
from drifttui.core.words import clean
from drifttui.widgets.cells import Line
from drifttui.widgets.form import Entry
from drifttui.widgets.plan_view import labelled
from drifttui.widgets.sheet import Sheet

from .act_screen import RecordScreen
from .evidence import Drafting

_SHOWN = 12
_EFFECTS = (
    "for each a branch with one commit and a request, on the Git host; nothing is forced, the clone is only read, and "
    "the ledger keeps what became of it."
)
_UNDO = "close the request there and delete its branch."
_ROLES = {Fate.OPENED: "ok", Fate.EXISTS: "ok", Fate.REFUSED: "bad", Fate.UNKNOWN: "bad"}


class RequestScreen(RecordScreen):
    """`after` is called when something may have been written."""

    TWICE = "twice opens"

    def __init__(
        self, evidence: Drafting, incident: str, drafts: Sequence[DraftShown], after: Callable[[], None]
    ) -> None:  # fmt: skip
        super().__init__()
        self.evidence, self.incident, self.drafts, self._after = evidence, incident, list(drafts), after
        self.found: Ahead | None = None
        """None while nobody has looked at this repository and branch."""
        self.done: OpenedAll | None = None
        self._looking = False
        self._looked_at = ("", "")

    def compose(self) -> ComposeResult:
        repos = {draft.repo for draft in self.drafts if draft.repo}
        yield Sheet(
            [
                Entry("repo", "Repo", repos.pop() if len(repos) == 1 else "", "host/owner/name, or a URL"),
                Entry("target", "Into", "", "branch to merge into; empty: the default one"),
            ]
        )

    def on_mount(self) -> None:
        super().on_mount()
        self._look()

    @property
    def _place(self) -> tuple[str, str]:
        return self.entry("repo").value, self.entry("target").value

    def _look(self) -> None:
        self._looking, self.found = True, None
        self._looked_at = place = self._place
        keys = [draft.finding for draft in self.drafts]
        self.evidence.look_ahead(self.incident, keys, *place, lambda found: self._looked(place, found))
        self.word()

    def _looked(self, place: tuple[str, str], found: Ahead) -> None:
        if self.alive and place == self._looked_at:
            self._looking, self.found = False, found
            self.check()
            self.word()

    # What it says.

    @property
    def heading(self) -> Line:
        many = f"{len(self.drafts)} drafts" if len(self.drafts) > 1 else self.drafts[0].title
        word = self.found.words if self.found is not None else "request"
        return [(f"Open a {word}", "strong"), (" ─ ", "border"), (clean(many, 120), "text")]

    def lines(self, width: int) -> Sequence[Line]:
        if self.done is not None:
            return self._result(self.done, width)
        found = self.found
        if found is None:
            said = "looking there, nothing is written" if self._looking else "enter looks there first"
            return [[(f" {said}", "muted")]]
        if found.problem:
            return list(labelled("Cannot", [(found.problem, "bad")], width))
        lines = list(labelled("To", [(f"{found.repo} at {found.host}", "strong")], width))
        for item in found.items[:_SHOWN]:
            lines += [(), *_request(item, width)]
        if len(found.items) > _SHOWN:
            lines.append([(f" and {len(found.items) - _SHOWN} more", "muted")])
        lines += [(), *labelled("Effects", [(_EFFECTS, "text")], width)]
        return [*lines, *labelled("Undo", [(_UNDO, "text")], width)]

    def _result(self, done: OpenedAll, width: int) -> list[Line]:
        if done.problem:
            return list(labelled("Unknown", [(done.problem, "bad")], width))
        titles = {draft.finding: draft.title for draft in self.drafts}
        lines: list[Line] = []
        for one in done.items:
            lines += labelled("Request", [(titles.get(one.finding, one.finding), "strong")], width)
            said = " ".join(part for part in (one.fate.value, one.url, one.why) if part)
            lines += [*labelled("Became", [(said, _ROLES.get(one.fate, "text"))], width), ()]
        return lines

    # Asking and opening.

    def wanting(self) -> str:
        repo, target = self.entry("repo"), self.entry("target")
        repo.tell([])
        target.tell([])
        if self._place != self._looked_at and self.found is not None:
            self.found = None
        return ""

    def check(self) -> str:
        self.wanting()
        found = self.found
        if self.sent or self.armed:
            return super().check()
        if found is None:
            self.tell("Nothing is written yet." + ("" if self._looking else " enter looks there first."), "muted")
        elif found.problem or not found.ready:
            self.tell("Nothing can be opened. Change where, or esc.", "bad")
        else:
            self.tell("Nothing is written yet.", "muted")
        return ""

    def may_arm(self) -> bool:
        """The first `enter` looks where nobody has looked yet; nothing is opened that was not shown."""
        if self.found is None and not self._looking:
            self._look()
            return False
        return self.found is not None and not self.found.problem and bool(self.found.ready)

    def promise(self) -> str:
        assert self.found is not None
        count = len(self.found.ready)
        words = f"{count} {self.found.words}{'' if count == 1 else 's'}"
        return f"open {words} at {clean(self.found.host, 60)}"

    def record(self) -> None:
        self.tell("opening", "warn")
        self.evidence.open_requests(self.incident, self._opened)

    def _opened(self, done: OpenedAll) -> None:
        self._after()
        if not self.alive:
            return
        self.done = done
        self.sheet.ask(False)
        self.set_focus(self.sheet, scroll_visible=False)
        self.word()

    def leave(self) -> None:
        if self.sent and self.done is None:
            self.tell("it is being opened, which cannot be taken back: wait for the answer", "warn")
        elif self.done is not None:
            self.dismiss()
        else:
            super().leave()


def _request(item: RequestShown, width: int) -> list[Line]:
    into = f" into {item.target}" if item.target else ""
    return [
        *labelled("Request", [(item.title, "strong")], width),
        *labelled("Branch", [(f"{item.branch}{into}", "text")], width),
        *labelled("Changes", [(", ".join(item.files), "text")], width),
        *labelled("Without", [(one, "warn") for one in item.without], width),
        *labelled("There", [(item.there, "warn")] if item.there else [], width),
        *labelled("Cannot", [(item.problem, "bad")] if item.problem else [], width),
    ]
