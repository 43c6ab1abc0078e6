"""What was read directly of one resource, worded: how and when, what became of each change, and what stays unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC

from drifttui.core.ages import Times
from drifttui.core.direct import DirectAnswer, DirectRead, Merged, Since, provenance, summary, unread_words
from drifttui.core.words import clean

from .cells import Line, Piece, cut, line_width, wrapped

_STAYS = "The finding stays until the stack is planned again: ctrl+r."


def head_lines(read: DirectRead, merged: Merged | None, width: int, *, short: bool) -> list[Line]:
    """Above the changes of a finding. `short`: one line, for panes of a few."""
    if read.answer is None or merged is None:
        return _waiting(read, width, short)
    role = "ok" if merged.calm else "warn" if merged.since else "muted"
    if short:
        seen = read.answer.observation
        at = f"{seen.observed_at.astimezone(UTC):%H:%M:%SZ}" if seen.observed_at else "?"
        line: list[Piece] = [(f"read directly {at}, no plan: ", "accent"), (_verdict(read.answer, merged), role)]
        room = width - line_width(line) - 2
        if room > 12:
            line.append((f"  {cut(clean(seen.method, 80), room)}", "muted"))
        return [line]
    words = _first_up(provenance(read.answer))
    lines = [*wrapped(f"{words}.", width, "accent"), *wrapped(_sentence(read.answer, merged), width, role)]
    lines += [line for gap in read.answer.gaps for line in wrapped(clean(gap, 300), width, "unknown")]
    if said := unread_words(read.answer):
        lines += wrapped(said, width, "unknown")
    return [*lines, ()]


def _waiting(read: DirectRead, width: int, short: bool) -> list[Line]:
    if read.error:
        at = f" at {read.ended_at.astimezone(UTC):%H:%M:%SZ}" if read.ended_at else ""
        words, role = f"Not read directly{at}: {clean(read.error, 400)}", "bad"
    else:
        asked = f"{read.asked_at.astimezone(UTC):%H:%M:%SZ}"
        words, role = f"Reading it directly since {asked}. What follows is the plan's. D stops waiting.", "muted"
    if short:
        return [[(cut(words, width), role)]]
    return [*wrapped(words, width, role), ()]


def _verdict(answer: DirectAnswer, merged: Merged) -> str:
    if answer.gone:
        return "it is not there"
    counts = Counter(merged.since)
    return ", ".join(f"{count} {since}" for since in Since if (count := counts[since])) or summary(answer)


def _sentence(answer: DirectAnswer, merged: Merged) -> str:
    words = _first_up(_verdict(answer, merged)).rstrip(".") + "."
    return f"{words} {_STAYS}" if merged.calm else words


def note_of(merged: Merged, number: int) -> str:
    """Beside the name of one change."""
    since, before = merged.since[number], merged.before[number]
    if since is Since.UNREAD:
        return "not read directly: as of the plan"
    return f"{since}; the plan had {before}" if before and since is not Since.NEW else str(since)


def answer_lines(read: DirectRead, times: Times, width: int) -> list[Line]:
    """For a pane of its own."""
    if read.answer is None:
        if read.error:
            return wrapped(f"Not read, {times.ago(read.ended_at)}: {clean(read.error, 600)}", width, "bad")
        return wrapped(
            f"Reading, asked {times.ago(read.asked_at)}. esc goes back, and the answer is kept.", width, "muted"
        )
    answer = read.answer
    role = "warn" if answer.drifted else "ok" if answer.drifted is False else "unknown"
    return [
        *wrapped(summary(answer), width, role),
        (),
        *wrapped(f"{_first_up(provenance(answer))}, {times.ago(answer.observation.observed_at)}.", width, "text"),
        *_against(answer, times, width),
        *(line for gap in answer.gaps for line in wrapped(clean(gap, 300), width, "unknown")),
        *(((), *wrapped(unread_words(answer, 60), width, "unknown")) if answer.unread else ()),
        (),
        *wrapped(
            "It is no plan: what depends on this resource, and what an apply would do, it does not know.",
            width,
            "muted",
        ),
    ]


def _against(answer: DirectAnswer, times: Times, width: int) -> Iterator[Line]:
    for name, seen in (("recorded", answer.recorded), ("desired", answer.desired)):
        if seen is None:
            yield from wrapped(f"{name}: unknown, because no plan tells it.", width, "unknown")
            continue
        revision = f", {clean(seen.revision, 60)}" if seen.revision else ""
        yield from wrapped(
            f"{name}: {clean(seen.method, 120)}, {times.ago(seen.observed_at)}{revision}.", width, "text"
        )


def history_line(read: DirectRead, merged: Merged | None, times: Times) -> tuple[str, str]:
    """One sentence for the history of a finding, and its role."""
    if read.answer is None or merged is None:
        if read.error:
            return f"Not read directly, {times.ago(read.ended_at)}: {clean(read.error, 300)}", "bad"
        return "It is being read directly.", "muted"
    at = times.ago(read.answer.observation.observed_at)
    words = f"Read directly {at}: {_sentence(read.answer, merged)}"
    return words, "ok" if merged.calm else "warn"


def _first_up(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
