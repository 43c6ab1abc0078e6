"""What the rules say of a finding and why, how long it has lasted, and what else is known about its unit."""

from __future__ import annotations

from collections.abc import Iterator

from drifttui.core.ages import Times
from drifttui.core.board import Depth, Look
from drifttui.core.deeds import NO_DEEDS, Deeds
from drifttui.core.finding import Finding
from drifttui.core.undone import undone_words
from drifttui.core.unit import Unit
from drifttui.core.words import clean, reverts_sentence

from .actor_lines import headline
from .cells import Line, wrapped
from .deed_lines import deed_lines
from .who_lines import event_lines, labelled, revision_lines

_MOST = 10
_MOST_REASONS = 4


def history_lines(
    finding: Finding, unit: Unit, look: Look, times: Times, width: int, *, over: bool, deeds: Deeds = NO_DEEDS
) -> list[Line]:
    done = deed_lines(deeds, unit.id, finding, times, width)
    return [
        *([*done, (), [("by the rules", "muted")]] if done else ()),
        *verdict_lines(finding, width),
        (),
        *_time(finding, unit, look, times, width, over),
        *_gaps(look, width),
        *_past(look, times, width),
    ]


def verdict_lines(finding: Finding, width: int) -> Iterator[Line]:
    verdict = finding.verdict
    if verdict is None:
        yield from wrapped("Not judged: no rule has looked at it yet. Unknown is not low.", width, "unknown")
        return
    yield [
        (verdict.risk, verdict.risk),
        ("  ", "text"),
        (clean(verdict.drift_class, 60), "strong"),
        (f"  touches {clean(verdict.domain, 60)}", "text"),
    ]
    heal = "may heal by itself" if verdict.auto_heal else "a person decides"
    yield from wrapped(f"{clean(verdict.action, 60)} · {heal} · confidence {verdict.confidence:.0%}", width, "text")
    for number, reason in enumerate(verdict.reasons, 1):
        yield from labelled(f"{number}. ", clean(reason.fact, 400), width, "text")
        yield [("   ", "text"), (clean(reason.rule, 120), "muted")]
    for missing in verdict.missing:
        yield from labelled("missing: ", clean(missing, 300), width, "unknown")


def _time(finding: Finding, unit: Unit, look: Look, times: Times, width: int, over: bool) -> Iterator[Line]:
    if over:
        yield from wrapped(f"Over: it no longer differs. Last seen {times.ago(finding.last_seen)}.", width, "ok")
        yield from _undone(finding, look, times, width)
    else:
        yield from wrapped(reverts_sentence(unit, times), width, "warn")
    if (read := look.read_directly(finding)) is not None:
        from drifttui.core.direct import merged

        from .direct_lines import history_line

        beside = merged(finding, read.answer) if read.answer is not None else None
        words, role = history_line(read, beside, times)
        yield from wrapped(words, width, role)
    if unit.owner:
        yield from wrapped(f"Owned by {clean(unit.owner, 200)}.", width, "text")
    for conflict in look.conflicts:
        if conflict.ref == finding.ref:
            yield from wrapped(f"Shared: {clean(conflict.sentence, 600)}", width, "warn")
    yield [("first seen ", "muted"), (times.ago(finding.first_seen), "text")]
    yield [("last seen  ", "muted"), (times.ago(finding.last_seen), "text")]
    if look.depth is Depth.FAILED:
        yield from wrapped(f"Not read since: {clean(look.error, 300)}", width, "unknown")


def _undone(finding: Finding, look: Look, times: Times, width: int) -> Iterator[Line]:
    """Who undid it, and what speaks for that."""
    found = next((one for one in look.undone if one.finding == finding.id), None)
    if found is None:
        return
    line = found.line
    if line is None or not line.actor.name:
        words = clean(undone_words(found), 500)
        yield from wrapped(f"{words[:1].upper()}{words[1:]}.", width, "muted" if found.pending else "unknown")
    else:
        deed = "Brought into what is declared" if found.path == "merge" else "Put back"
        yield from wrapped(f"{deed}: {headline(line, times)}", width, "strong")
        for reason in line.reasons[:_MOST_REASONS]:
            yield from wrapped(clean(reason, 300), width, "muted", "  ")
        for id_ in line.event_ids[:_MOST_REASONS]:
            yield from wrapped(f"id {clean(id_, 80)}", width, "muted", "  ")
        for sentence in found.unseen[:_MOST_REASONS]:
            yield from wrapped(f"not seen: {clean(sentence, 300)}", width, "unknown")


def _gaps(look: Look, width: int) -> Iterator[Line]:
    gaps = look.inspection.gaps if look.inspection else ()
    if gaps:
        yield ()
        yield [("could not be read", "unknown")]
        for gap in gaps:
            yield from wrapped(clean(gap, 400), width, "text", "  ")


def _past(look: Look, times: Times, width: int) -> Iterator[Line]:
    if look.inspection is None:
        yield ()
        yield from wrapped("Revisions and events are read while the unit is open.", width, "muted")
        return
    yield ()
    yield [("revisions", "muted")]
    for revision in look.inspection.revisions[:_MOST]:
        yield [("  ", "text"), (clean(revision.revision, 60)[:12], "desired")]
        yield from revision_lines(revision, times, width, "  ")
    if not look.inspection.revisions:
        yield [("  unknown, because the engine tells none", "unknown")]
    if look.inspection.events:
        yield ()
        yield [("events", "muted")]
        latest = sorted(look.inspection.events, key=lambda e: e.at.timestamp() if e.at else 0.0, reverse=True)
        for event in latest[:_MOST]:
            yield from event_lines(event, times, width)
