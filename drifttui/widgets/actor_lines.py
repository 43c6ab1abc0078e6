"""Who did it by the audit log: the one line, what speaks for it, what could not be seen, and the event itself."""

from __future__ import annotations

import json
from collections.abc import Iterator

from drifttui.core.ages import Times
from drifttui.core.attributed import Attributed, Raw, kind_word, sureness
from drifttui.core.audit import Line as Writer
from drifttui.core.finding import Finding
from drifttui.core.words import clean

from .cells import Line, cut, wrapped

_MOST_REASONS = 6
_MOST_UNSEEN = 8
_BODY_LINES = 40


def headline(line: Writer, times: Times) -> str:
    """`alice@example.com, person, by kubectl edit, 12m ago. Certain.`"""
    parts = [clean(line.actor.words, 160), kind_word(line.actor.kind)] if line.actor.name else ["unknown account"]
    if line.via:
        parts.append(f"by {clean(line.via, 80)}")
    parts.append(times.ago(line.time) if line.time else "at an unknown time")
    return f"{', '.join(parts)}. {sureness(line.confidence)}."


def summary(who: Attributed, times: Times, width: int) -> Iterator[Line]:
    """The one line, or why there is none."""
    best = who.best
    if best is not None and best.actor.name:
        yield from wrapped(headline(best, times), width, "strong")
    else:
        if best is not None and best.via:
            yield from wrapped(headline(best, times), width, "text")
        why = clean(who.unseen[0], 300) if who.unseen else "the audit log names no writer"
        yield from wrapped(f"Person: unknown, because {why}.", width, "unknown")
    if who.pending:
        yield from wrapped("Asking the audit log…", width, "muted")
    elif who.may_arrive:
        yield from wrapped("The event may still arrive; it is asked for again.", width, "unknown")


def others(who: Attributed, finding: Finding, times: Times, width: int) -> Iterator[Line]:
    """Fields that somebody else wrote than the one line says, and engines that put a field back."""
    best = who.best
    labels = {change.path: change.label or change.path for change in finding.changes}
    rest = [line for line in who.lines if best is None or (line.actor, line.via) != (best.actor, best.via)]
    for line in rest[:10]:
        label = clean(labels.get(line.path, line.path) or "whole object", 300)
        yield [(cut(label, width, middle=True), "name")]
        yield from wrapped(headline(line, times), width, "text", "  ")
    if len(rest) > 10:
        yield [(f"and {len(rest) - 10} more fields", "muted")]


def evidence(who: Attributed, times: Times, width: int) -> Iterator[Line]:
    best = who.best
    for raw in sorted(who.raw, key=lambda each: each.time.timestamp() if each.time else 0.0, reverse=True):
        yield from _event(raw, times, width)
    if best is not None:
        for reason in best.reasons[:_MOST_REASONS]:
            yield from wrapped(clean(reason, 300), width, "muted", "  ")
    for sentence in who.set_aside[:_MOST_UNSEEN]:
        yield from wrapped(f"not to blame: {clean(sentence, 300)}", width, "muted")
    for sentence in who.unseen[:_MOST_UNSEEN]:
        yield from wrapped(f"not seen: {clean(sentence, 300)}", width, "unknown")
    if len(who.unseen) > _MOST_UNSEEN:
        yield [(f"and {len(who.unseen) - _MOST_UNSEEN} more that could not be seen", "unknown")]


def _event(raw: Raw, times: Times, width: int) -> Iterator[Line]:
    at = f"{raw.time:%H:%M:%SZ}" if raw.time else "--:--:--"
    if raw.from_cloudtrail:
        said = " ".join(filter(None, (clean(raw.verb, 120), clean(raw.what, 120), clean(raw.source_ip, 60))))
        yield from wrapped(f"{at} CloudTrail {said}", width, "text")
        yield from wrapped(f"{clean(raw.user_agent, 120)} id {clean(raw.id, 60)}", width, "muted", "  ")
        return
    code = str(raw.code) if raw.code is not None else "no status"
    said = " ".join(filter(None, (raw.verb.upper(), clean(raw.what, 200), code, clean(raw.source_ip, 60))))
    yield from wrapped(f"{at} audit  {said}", width, "text")
    client = f"{clean(raw.user_agent, 120)} id {clean(raw.id, 60)} level {clean(raw.level, 30) or 'unknown'}"
    yield from wrapped(client, width, "muted", "  ")


def body(who: Attributed, width: int) -> Iterator[Line]:
    """The request as it was logged, redacted."""
    raw = who.best_raw
    if raw is None:
        return
    yield ()
    if raw.request is None:
        yield from wrapped("The event holds no body of the request.", width, "muted")
        return
    yield [("request, redacted", "muted")]
    text = json.dumps(raw.request, indent=2, ensure_ascii=False, default=str)[:20_000].split("\n")
    for line in text[:_BODY_LINES]:
        yield [(cut(clean(line, 2000) if line.strip() else "", width), "text")]
    if len(text) > _BODY_LINES:
        yield [(f"and {len(text) - _BODY_LINES} more lines", "muted")]
