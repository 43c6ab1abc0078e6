"""What Git says of a finding: the commit that last touched each field, and whether that explains the drift."""

from __future__ import annotations

from collections.abc import Iterator

from drifttui.core.ages import Times
from drifttui.core.finding import Finding
from drifttui.core.git import Commit, Merges, Touch
from drifttui.core.words import clean

from .cells import Line, cut, wrapped

_MOST = 4
_MOST_UNSEEN = 3
_EXPLAINS = "merge.explains"


def merge_lines(finding: Finding, merges: Merges, times: Times, width: int) -> Iterator[Line]:
    if merges.pending:
        yield from wrapped("Asking Git…", width, "muted")
        return
    if merges.merges is None:
        why = clean(merges.unseen[0], 300).rstrip(".") if merges.unseen else "its history could not be read"
        yield from wrapped(f"git  merges unknown, because {why}.", width, "unknown")
        return
    shown = _shown(finding, merges)
    for touch in shown[:_MOST]:
        yield from wrapped(commit_words(touch.commit), width, "text")
        if touch.paths:
            labels = {change.path: change.label or change.path for change in finding.changes}
            names = ", ".join(clean(labels.get(path, path) or "whole object", 200) for path in touch.paths)
            yield [("  ", "text"), (cut(names, width - 2, middle=True), "name")]
            if touch.how:
                said = f"by the value {clean(touch.how, 300)}; templates were not rendered"
                yield from wrapped(said, width, "muted", "  ")
        elif touch.paths is None:
            yield from wrapped("touches the unit's files; which fields is not known", width, "unknown", "  ")
    if len(shown) > _MOST:
        yield [(f"  and {len(shown) - _MOST} more commits", "muted")]
    yield from wrapped(*_judgement(finding, merges, shown, times, width))
    for sentence in merges.unseen[:_MOST_UNSEEN]:
        yield from wrapped(f"not seen: {clean(sentence, 300)}", width, "unknown")


def commit_words(commit: Commit) -> str:
    """`22:15:10Z git 9fd2c1a carol "tighten roles" #812`"""
    at = f"{commit.time:%Y-%m-%d %H:%M:%SZ}" if commit.time else "at an unknown time"
    author = clean(commit.author, 100) or "author unknown"
    title = f' "{clean(commit.title, 200)}"' if commit.title else ""
    request = f" {clean(commit.pull_request, 20)}" if commit.pull_request else ""
    return f"{at} git {clean(commit.sha, 60)[:7]} {author}{title}{request}"


def _shown(finding: Finding, merges: Merges) -> list[Touch]:
    """The newest commit of each field; where none is known by field, the newest of the folder."""
    exact = [touch for touch in merges.touches if touch.paths]
    if exact:
        return exact
    return [touch for touch in merges.touches if touch.paths is None][:1]


def _judgement(
    finding: Finding, merges: Merges, shown: list[Touch], times: Times, width: int
) -> tuple[str, int, str, str]:
    reasons = finding.verdict.reasons if finding.verdict else ()
    if (reason := next((each for each in reasons if each.rule == _EXPLAINS), None)) is not None:
        when = max((touch.commit.time for touch in shown if touch.commit.time), default=None)
        merged = f"merged {times.ago(when)}: " if when else ""
        return f"explains the drift: {merged}{clean(reason.fact, 300)}", width, "strong", "  "
    if merges.explains:
        return f"may explain the drift: {clean(merges.explains, 300)}", width, "strong", "  "
    if not shown:
        return "git  no merge touches it", width, "text", ""
    return "does not explain the drift", width, "muted", "  "
