"""What operators decided and did, in words: pauses, links, verdicts, and the lines of a history."""

from __future__ import annotations

from collections.abc import Iterator

from drifttui.core.acts import LinkRecord, PauseRecord, PauseState
from drifttui.core.ages import Times
from drifttui.core.deeds import Deeds, link_state
from drifttui.core.finding import Finding
from drifttui.core.identity import UnitId
from drifttui.core.words import clean

from .cells import Line, Piece, wrapped
from .deed_signs import pause_word

STATE_ROLES = {
    PauseState.INTENDED: "unknown",
    PauseState.WRITTEN: "warn",
    PauseState.HOLDING: "ok",
    PauseState.UNDONE: "bad",
    PauseState.FAILED: "bad",
    PauseState.RESUMED: "muted",
}
_STATE_WORDS = {
    PauseState.INTENDED: "outcome unknown",
    PauseState.WRITTEN: "written, not proven",
    PauseState.HOLDING: "holding",
    PauseState.UNDONE: "undone",
    PauseState.FAILED: "failed",
    PauseState.RESUMED: "resumed",
}


def state_words(pause: PauseRecord, times: Times) -> str:
    """`holding, checked 3 times`, `undone: applicationset-controller at 04:12:09Z`."""
    words = _STATE_WORDS[pause.state]
    if pause.state is PauseState.HOLDING:
        if pause.checks:
            words += f", checked {pause.checks} time{'' if pause.checks == 1 else 's'}"
        if pause.verified_at is not None:
            words += f", {times.ago(pause.verified_at)}"
        return words
    if pause.state is PauseState.RESUMED and pause.ended_by:
        words += f" by {clean(pause.ended_by, 80)}"
    if pause.ended_at is not None:
        words += f" {times.ago(pause.ended_at)}"
    return f"{words}: {clean(pause.message, 300)}" if pause.message else words


def link_words(link: LinkRecord, times: Times) -> list[Piece]:
    """`incident INC-9127 payments latency · triggered · expires in 2h0m`"""
    over = link_state(link, times.now)
    line: list[Piece] = [(f"{clean(link.kind, 20)} ", "muted"), (clean(link.ref, 200), "accent")]
    if link.title:
        line.append((f" {clean(link.title, 200)}", "text"))
    if link.state and link.state.casefold() != over:
        line.append((f" · {clean(link.state, 60)}", "text"))
    if over:
        line.append((f" · {over} {times.ago(link.closed if over == 'closed' else link.expires)}", "bad"))
    elif link.expires is not None:
        line.append((f" · expires {times.until(link.expires)}", "muted"))
    if link.approver:
        line.append((f" · approved by {clean(link.approver, 80)}", "muted"))
    return line


def pause_lines(pause: PauseRecord, times: Times, width: int) -> Iterator[Line]:
    """Who, why, until when, under which change, and whether it holds."""
    said = f"by {clean(pause.actor, 80) or 'somebody unknown'} {times.ago(pause.at)}"
    if pause.standing:
        word, role = pause_word(pause, times)
        yield [(f" {word} ", role), (f" {said}", "text")]
    else:
        yield [(f"paused {said}, over", "text")]
    yield from wrapped(clean(pause.reason, 400) or "no reason was given", width, "text", "  ")
    state = state_words(pause, times)
    change = f" · change {clean(pause.link, 120)}" if pause.link else " · no change link"
    yield from wrapped(state + change, width, STATE_ROLES[pause.state], "  ")


def deed_lines(
    deeds: Deeds, unit: UnitId, finding: Finding | None, times: Times, width: int, most: int = 0
) -> list[Line]:
    """What was done about a unit or a finding, newest first; `most` lines of history, 0 for all of it."""
    lines: list[Line] = []
    pause = deeds.pauses.get(str(unit))
    if pause is not None:
        lines += pause_lines(pause, times, width)
    said = deeds.said_of(finding) if finding is not None else None
    if said is not None:
        verdict = said.verdict
        words = f"{clean(verdict.drift_class, 60)}, {clean(verdict.action, 60)}: {clean(verdict.actor, 80)}"
        role = "warn" if said.reopened else "strong"
        lines += wrapped(f"✓ {words} {times.ago(verdict.at)}", width, role)
        if said.reopened:
            lines += wrapped("reopened: the drift changed since then", width, "warn", "  ")
        if verdict.note:
            lines += wrapped(clean(verdict.note, 400), width, "text", "  ")
    for link in deeds.links_of(unit, finding.id if finding is not None else ""):
        lines.append([("⚑ ", "accent"), *link_words(link, times)])
        if link.problem:
            lines += wrapped(f"not read: {clean(link.problem, 300)}", width, "unknown", "  ")
    entries = deeds.history(unit, finding.id if finding is not None else "")
    for entry in entries[:most] if most else entries:
        lead = f"{times.short(entry.at):>{times.width}}  "
        for number, line in enumerate(wrapped(_entry(entry.actor, entry.words), width - len(lead), "text")):
            lines.append([((lead if number == 0 else " " * len(lead)), "muted"), *line])
    if most and len(entries) > most:
        lines.append([(f"{len(entries) - most} more in the finding's history", "muted")])
    return lines


def _entry(actor: str, words: str) -> str:
    return f"{clean(words, 600)} ({clean(actor, 80)})" if actor else clean(words, 600)
