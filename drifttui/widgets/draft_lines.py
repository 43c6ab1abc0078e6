"""A draft in words: what it changes and where it would go, the patch, the commands for a state, the description.

Every line comes from outside: it is shown inert and whole, folded where it is longer than the pane.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from drifttui.core.draft_asks import DraftShown
from drifttui.core.words import clean

from .cells import CUT, Line, width_of, wrapped
from .plan_view import labelled

_LONGEST = 4000
"""Characters of one line; what is longer is cut with a mark."""

_UNSEEN = "\N{REPLACEMENT CHARACTER}"
"""For every control, invisible or direction sign: who reviews a patch has to see that there is one."""

_FOLD = "  … "
"""In front of what did not fit on the line before: no sign of a patch, and no blank like its context."""


def draft_lines(draft: DraftShown, width: int) -> Sequence[Line]:
    lines: list[Line] = [*labelled("What", [(draft.title, "strong")], width)]
    lines += labelled("Unit", [(draft.unit, "text")], width)
    lines += labelled("Edits", [(one, "ok") for one in draft.done], width)
    lines += labelled("Lacks", [(f"not drafted: {one}", "warn") for one in draft.problems], width)
    if draft.clone:
        lines += labelled("Clone", [(f"{draft.clone}, which is only read", "text")], width)
    if draft.branch:
        lines += labelled("To", [(f"{draft.repo or 'no remote is known'}, branch {draft.branch}", "text")], width)
    if draft.request:
        lines += labelled("Request", [(draft.request, "accent")], width)
    if draft.withheld:
        many = f"{draft.withheld} values like secrets" if draft.withheld > 1 else "a value like a secret"
        said = f"{many} around the edit, shown as digests here; the patch that is written holds what Git holds"
        lines += labelled("Withheld", [(said, "warn")], width)
    if draft.diff:
        lines += [(), [("Patch, for git apply", "accent")], *patch_lines(draft.diff, width)]
    if draft.commands:
        lines += [(), [("Commands. Nothing of this was run. Before it:", "accent")]]
        for one in draft.preconditions:
            lines += [((" - " if not number else "   ", "muted"), *line) for number, line in _numbered(one, width - 3)]
        lines.append(())
        lines += folded(draft.commands, "key", width)
    if draft.block:
        lines += [(), [("Or, reviewed with the configuration:", "muted")], *folded(draft.block, "string", width)]
    body = draft.body.rstrip().split("\n")
    return [*lines, (), [("Description, as the request says it", "accent")], *folded(body, "muted", width)]


def patch_lines(diff: str, width: int) -> Iterator[Line]:
    """A unified diff. The signs say what the colours say."""
    for line in diff.removesuffix("\n").split("\n"):
        yield from folded([line], _role(line), width)


def _role(line: str) -> str:
    if line.startswith(("--- ", "+++ ", "diff ", "index ", "new file ", "deleted file ")):
        return "strong"
    return {"+": "ok", "-": "bad", "@": "accent", "\\": "muted"}.get(line[:1], "text")


def folded(texts: Iterable[str], role: str, width: int) -> Iterator[Line]:
    """Lines with their blanks as they are, each on as many as it takes."""
    for text in texts:
        rest = _shown(text)
        lead = ""
        while True:
            part, rest = _parted(rest, max(8, width - len(lead)))
            yield ((lead, "faint"), (part, role)) if lead else ((part, role),)
            if not rest:
                break
            lead = _FOLD


def _shown(text: str) -> str:
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + CUT
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "    " if c == "\t" else _UNSEEN for c in text)


def _parted(text: str, width: int) -> tuple[str, str]:
    """What fits into `width` cells, at least one character, and the rest."""
    if width_of(text) <= width:
        return text, ""
    used = 0
    for place, char in enumerate(text):
        used += width_of(char)
        if used > width and place:
            return text[:place], text[place:]
    return text, ""


def _numbered(text: str, width: int) -> Iterator[tuple[int, Line]]:
    yield from enumerate(wrapped(clean(text, 1000), width, "text"))
