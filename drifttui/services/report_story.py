"""What a bundle tells, ordered as a report asks it: for each finding the ten questions of an evidence record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from drifttui.core.ages import span
from drifttui.core.bundle import unique_keys
from drifttui.core.errors import BundleError, inert

from .evidence_lines import resource_words

LONGEST_LINE = 64 * 1024 * 1024
MOST_FINDINGS = 2_000
"""In a report; what is beyond is counted there and stands in `findings.jsonl`."""


class Field(NamedTuple):
    path: str
    desired: str
    recorded: str
    actual: str


class Story(NamedTuple):
    """One finding from its first to its last line. Texts are inert; an empty one was not recorded."""

    id: str
    unit: str
    resource: str
    summary: str
    fields: tuple[Field, ...]
    detected: str
    lasted: str
    gone: str
    """When it was seen to be gone; empty where it still differed at the end."""
    who: tuple[str, ...]
    judged: tuple[str, ...]
    approved: tuple[str, ...]
    acted: tuple[str, ...]
    closed: str
    risk: str


class Report(NamedTuple):
    title: str
    incident: str
    since: str
    until: str
    stories: tuple[Story, ...]
    more: int
    timeline: tuple[dict[str, Any], ...]
    pauses: tuple[dict[str, Any], ...]
    links: tuple[dict[str, Any], ...]
    gaps: tuple[str, ...]
    withheld: int
    head: str
    closeout: tuple[dict[str, Any], ...]
    units: int


def lines(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """The lines of one file; none where there is no such file. Raises `BundleError` naming the line that is wrong."""
    path = folder / name
    if not path.exists():
        return
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            try:
                body = json.loads(line, object_pairs_hook=unique_keys)
            except (ValueError, RecursionError) as error:
                raise BundleError(f"{name} is damaged", f"line {number}: {error}") from None
            if not isinstance(body, dict):
                raise BundleError(f"{name} is damaged", f"line {number} is no object")
            yield body


def tell(folder: Path, *, since: str, until: str, head: str, gaps: tuple[str, ...], withheld: int) -> Report:
    """Reads the files of a bundle in `folder`. Raises `BundleError`."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines(folder, "findings.jsonl"):
        found.setdefault(_text(line, "id"), []).append(line)
    about = {name: _by_finding(folder, f"{name}.jsonl") for name in ("changes", "verdicts", "audit")}
    pauses, links = tuple(lines(folder, "pauses.jsonl")), tuple(lines(folder, "links.jsonl"))
    settled = tuple(lines(folder, "closeout.jsonl"))
    record = next(lines_of_document(folder, "record.json"), {})
    merges = [entry for entry in lines(folder, "timeline.jsonl") if entry.get("kind") == "merge"]
    ended = _text(record, "ended") or until
    stories = sorted(
        (
            _story(
                history,
                about["changes"].get(key, []),
                about["verdicts"].get(key, []),
                about["audit"].get(key, []),
                pauses,
                links,
                settled,
                merges,
                ended,
            )
            for key, history in found.items()
        ),
        key=lambda story: (-_rank(story.risk), story.detected, story.unit, story.resource),
    )
    incident = inert(_text(record, "incident"))
    covering = next((link for link in links if incident and incident in (_text(link, "ref"), _text(link, "id"))), None)
    title = inert(_text(covering, "title")) if covering else ""
    return Report(
        title=f"{incident} {title}".strip() or "Drift",
        incident=incident,
        since=since,
        until=until,
        stories=tuple(stories[:MOST_FINDINGS]),
        more=max(0, len(stories) - MOST_FINDINGS),
        timeline=_told(lines(folder, "timeline.jsonl"), {_text(history[-1], "unit") for history in found.values()}),
        pauses=pauses,
        links=links,
        gaps=gaps,
        withheld=withheld,
        head=head,
        closeout=settled,
        units=len({story.unit for story in stories}),
    )


def _told(timeline: Iterator[dict[str, Any]], units: set[str]) -> tuple[dict[str, Any], ...]:
    """What a reader wants: of merges and syncs those of units that drifted; what is told of many units, told once."""
    grouped: dict[tuple[str, ...], dict[str, Any]] = {}
    for entry in timeline:
        kind, unit = _text(entry, "kind"), _text(entry, "unit")
        if kind in ("merge", "sync") and unit not in units:
            continue
        key = (_text(entry, "at"), kind, _text(entry, "words"), _text(entry, "actor"), _text(entry, "resource"))
        held = grouped.setdefault(key, {**entry, "units": 0})
        held["units"] += 1
    return tuple(grouped.values())


def where(entry: dict[str, Any]) -> str:
    """The object and its unit, or how many of them."""
    count = entry.get("units")
    if isinstance(count, int) and count > 1:
        return f"{count} units" if entry.get("unit") else f"{count} findings"
    return ", ".join(part for part in (_text(entry, "resource"), _text(entry, "unit").rsplit("/", 1)[-1]) if part)


def lines_of_document(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """One JSON document as if it were a line."""
    path = folder / name
    if path.exists():
        try:
            body = json.loads(path.read_bytes(), object_pairs_hook=unique_keys)
        except (ValueError, RecursionError) as error:
            raise BundleError(f"{name} is damaged", str(error)) from None
        if isinstance(body, dict):
            yield body


def _by_finding(folder: Path, name: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines(folder, name):
        found.setdefault(_text(line, "finding"), []).append(line)
    return found


def _story(
    history: list[dict[str, Any]],
    changes: list[dict[str, Any]],
    verdicts: list[dict[str, Any]],
    audit: list[dict[str, Any]],
    pauses: tuple[dict[str, Any], ...],
    links: tuple[dict[str, Any], ...],
    settled: tuple[dict[str, Any], ...],
    merges: list[dict[str, Any]],
    ended: str,
) -> Story:
    first, last = history[0], history[-1]
    key, unit = _text(last, "id"), _text(last, "unit")
    gone = _text(last, "at") if last.get("event") == "gone" else ""
    began = _text(first, "first_seen") or _text(first, "at")
    covering = [link for link in links if key in _texts(link, "findings") or unit in _texts(link, "units")]
    held = [pause for pause in pauses if _text(pause, "unit") == unit]
    paused = {_text(pause, "id") for pause in held}
    beside = [link for link in links if link not in covering and paused.intersection(_texts(link, "pauses"))]
    how = _text(last, "how")
    rules = [verdict for verdict in verdicts if verdict.get("by") == "rules"]
    given = [verdict for verdict in verdicts if verdict.get("by") != "rules"]
    newest = {_text(change, "path"): change for change in changes if change.get("at") == _newest(changes)}
    return Story(
        id=inert(key),
        unit=inert(unit),
        resource=inert(resource_words(last)),
        summary=inert(_text(last, "summary")),
        fields=tuple(
            Field(inert(path), *(_value(change, plane) for plane in ("desired", "recorded", "actual")))
            for path, change in newest.items()
        ),
        detected=exact(began),
        lasted=_lasted(began, gone or ended, bool(gone)),
        gone=exact(gone),
        who=_who(audit),
        judged=tuple(map(_judged, rules[-1:])),
        approved=(*map(_approved, covering), *(f"{_approved(link)}; it covers the pause" for link in beside)),
        acted=(
            *map(_given, given),
            *map(_paused, held),
            *(_merged(merge) for merge in merges if how == "codified" and _between(merge, unit, began, gone)),
            *_undone(last, how, bool(held)),
            *map(_settled, (s for s in settled if s.get("finding") == key)),
        ),
        closed=_closed(gone, how, held),
        risk=_text(rules[-1], "risk") if rules else "unknown",
    )


def _newest(changes: list[dict[str, Any]]) -> Any:
    return max((_text(change, "at") for change in changes), default="")


def _value(change: dict[str, Any], plane: str) -> str:
    if plane not in change:
        return "not read"
    value = change[plane]
    if isinstance(value, dict) and value.get("absent") is True:
        return "absent"
    if isinstance(value, dict) and isinstance(value.get("digest"), str):
        return f"secret {inert(value['digest'], 40)}"
    return inert(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True), 400)


def _who(audit: list[dict[str, Any]]) -> tuple[str, ...]:
    newest = max((_text(line, "seen_at") for line in audit), default="")
    words = []
    for line in audit:
        if line.get("seen_at") != newest:
            continue
        actor = line.get("actor") if isinstance(line.get("actor"), dict) else {}
        name = inert(str(actor.get("name") or "unknown")) if isinstance(actor, dict) else "unknown"
        kind = inert(str(actor.get("kind") or "")) if isinstance(actor, dict) else ""
        via = f" by {inert(_text(line, 'via'))}" if line.get("via") else ""
        confidence = line.get("confidence")
        sure = f", {round(confidence * 100)} % sure" if isinstance(confidence, (int, float)) else ""
        ids = ", ".join(inert(one, 60) for one in _texts(line, "event_ids"))
        proof = f" (event {ids})" if ids else ""
        at = f" at {exact(_text(line, 'time'))}" if line.get("time") else ""
        words.append(f"{inert(_text(line, 'path')) or 'whole object'}: {name}, {kind}{via}{at}{sure}{proof}")
    return tuple(words)


def _judged(verdict: dict[str, Any]) -> str:
    reasons = verdict.get("reasons") if isinstance(verdict.get("reasons"), list) else []
    ids = ", ".join(inert(_text(one, "rule"), 60) for one in reasons or [] if isinstance(one, dict))
    missing = ", ".join(inert(one, 80) for one in _texts(verdict, "missing"))
    words = f"{_text(verdict, 'drift_class')}, {_text(verdict, 'domain')}, risk {_text(verdict, 'risk')}, "
    words += f"recommends {_text(verdict, 'action')}"
    words += f"; by the rules {ids}" if ids else ""
    return inert(words + (f"; not known: {missing}" if missing else ""), 1_000)


def _given(verdict: dict[str, Any]) -> str:
    note = f": {_text(verdict, 'note')}" if verdict.get("note") else ""
    words = f"{_text(verdict, 'by')} judged it {_text(verdict, 'drift_class')}, {_text(verdict, 'action')}{note}"
    return inert(f"{words} ({exact(_text(verdict, 'at'))})", 500)


def _paused(pause: dict[str, Any]) -> str:
    words = f"{_text(pause, 'actor')} paused the unit until {exact(_text(pause, 'until'))}: {_text(pause, 'reason')}"
    ended = f", resumed by {_text(pause, 'ended_by')}" if pause.get("ended_by") else ""
    return inert(f"{words} ({_text(pause, 'state')}, checked {pause.get('checks')} times{ended})", 500)


def _settled(line: dict[str, Any]) -> str:
    until = f" until {exact(_text(line, 'expires'))}" if line.get("expires") else ""
    note = f": {_text(line, 'note')}" if line.get("note") else ""
    words = f"{_text(line, 'actor')} closed it out as {_text(line, 'how')}, {_text(line, 'owner')} answers for it"
    return inert(f"{words}{until}{note} ({exact(_text(line, 'at'))})", 500)


def _approved(link: dict[str, Any]) -> str:
    who = f"approved by {_text(link, 'approver')}" if link.get("approver") else "no approver recorded"
    state = f", {_text(link, 'state')}" if link.get("state") else ""
    return inert(f"{_text(link, 'ref')} ({_text(link, 'kind')}{state}): {who}", 300)


def _merged(merge: dict[str, Any]) -> str:
    words = f"{_text(merge, 'actor')} brought Git up to it: {_text(merge, 'words')}"
    return inert(f"{words} ({exact(_text(merge, 'at'))})", 500)


def _undone(last: dict[str, Any], how: str, paused: bool) -> tuple[str, ...]:
    told = last.get("undone")
    if isinstance(told, dict) and (words := _text(told, "words")):
        by = told.get("by")
        reasons = "; ".join(_texts(by, "reasons")[:3]) if isinstance(by, dict) else ""
        return (inert(f"{words}: {reasons}" if reasons else words, 600),)
    return ("put back where it runs; by whom was not recorded",) if how == "reverted" and not paused else ()


def _between(entry: dict[str, Any], unit: str, began: str, ended: str) -> bool:
    """Commits carry whole seconds."""
    try:
        at, since, until = (datetime.fromisoformat(text) for text in (_text(entry, "at"), began, ended))
    except ValueError:
        return False
    return _text(entry, "unit") == unit and since.replace(microsecond=0) <= at <= until


def _closed(gone: str, how: str, pauses: list[dict[str, Any]]) -> str:
    open_ones = [pause for pause in pauses if pause.get("state") in ("intended", "written", "holding")]
    sides = {"reverted": ": what runs is what was declared", "codified": ": what is declared is what ran"}
    words = (
        f"compared again at {exact(gone)}, and nothing differed{sides.get(how, '')}"
        if gone
        else "nothing: it still differed at the end"
    )
    if open_ones:
        words += f"; {len(open_ones)} pause{'s' if len(open_ones) > 1 else ''} not resumed"
    return words


def _lasted(began: str, ended: str, gone: bool) -> str:
    try:
        seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()
    except (ValueError, TypeError):
        return "unknown"
    return span(seconds) if gone else f"{span(seconds)} by the end of the record"


def exact(at: str) -> str:
    """`2026-11-21 03:58:02Z`; what is no time stays as it is."""
    try:
        return datetime.fromisoformat(at).strftime("%Y-%m-%d %H:%M:%SZ") if at else ""
    except ValueError:
        return inert(at, 40)


def _rank(risk: str) -> int:
    from drifttui.core.verdict import risk_rank

    return risk_rank(risk)


def _text(body: Any, key: str) -> str:
    value = body.get(key) if isinstance(body, dict) else None
    return value if isinstance(value, str) else ""


def _texts(body: dict[str, Any], key: str) -> list[str]:
    value = body.get(key)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
