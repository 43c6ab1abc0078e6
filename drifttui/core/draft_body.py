"""Title and body of a reconciliation request, from the record as `--json` prints it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from .acts import LinkRecord, OperatorVerdict, PauseRecord
from .ledger import EMPTY, Head
from .markdown import code, plain_words

MOST: Final = 50
"""Fields, reasons and calls that are told; the rest is counted."""
TITLE: Final = 120


class Told(NamedTuple):
    """What is known about one finding when its draft is made. `finding` is as `--json` prints it."""

    incident: str
    unit: str
    finding: Mapping[str, Any]
    operator: OperatorVerdict | None = None
    links: Sequence[LinkRecord] = ()
    pause: PauseRecord | None = None
    auto: str = ""
    """What the engine does by itself (`core.unit.Auto`), as it was seen last."""
    done: Sequence[str] = ()
    """What the patch does, a line each."""
    problems: Sequence[str] = ()
    """What it does not, and why."""
    head: Head = EMPTY
    bundle: str = ""


def title(told: Told) -> str:
    """At most 120 characters, without anything that a host would take for a reference or a mention."""
    changes = _list(told.finding, "changes")
    path = str(changes[0].get("path") or "") if len(changes) == 1 else f"{len(changes)} fields"
    words = f"{_resource(told.finding)} {path} as it runs ({told.incident})"
    return plain_words(words, TITLE)


def body(told: Told, state: Sequence[str] = ()) -> str:
    """Markdown. `state` is the part about a state file, in Markdown."""
    parts = [
        ("What differs", list(_fields(told))),
        ("What this changes", [*(f"- {code(one, 600)}" for one in told.done), *_undone(told)]),
        ("State", list(state)),
        ("Classification", list(_judged(told))),
        ("Attribution", list(_who(told))),
        ("Risk", list(_risk(told))),
        ("Rollback", list(_rollback(told))),
        ("Expiry", list(_expiry(told))),
        ("Evidence", list(_evidence(told))),
    ]
    lines = ["Drafted by drifttui from the record of an incident. Review it like any other change.", ""]
    for heading, inner in parts:
        if inner:
            lines += [f"## {heading}", "", *inner, ""]
    return "\n".join(lines)


def _fields(told: Told) -> Iterator[str]:
    yield f"{code(_resource(told.finding))} of {code(told.unit)}, first seen {code(told.finding.get('first_seen'))}:"
    yield ""
    for change in (changes := _list(told.finding, "changes"))[:MOST]:
        yield f"- {code(change.get('path') or 'the whole object')}"
        for plane in ("desired", "recorded", "actual"):
            yield f"  - {plane}: {_value(change, plane)}"
    yield from _more(changes, "fields")


def _value(change: Mapping[str, Any], plane: str) -> str:
    if plane not in change:
        return "unknown"
    value = change[plane]
    if value == {"absent": True}:
        return "not there"
    if change.get("sensitive"):
        return "secret, told by a digest only"
    return code(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _undone(told: Told) -> Iterator[str]:
    if not told.done:
        yield "Nothing could be drafted."
    if told.problems:
        yield ""
        yield "Not drafted:"
        yield ""
        yield from (f"- {code(one, 600)}" for one in told.problems)


def _judged(told: Told) -> Iterator[str]:
    verdict = told.finding.get("verdict") or {}
    if not verdict:
        yield "The rules have not judged it."
    else:
        said = (code(verdict.get(key) or "unknown", 60) for key in ("drift_class", "domain", "action"))
        yield "By the rules: class {}, domain {}, recommended action {}, ".format(*said) + (
            f"confidence {code(verdict.get('confidence', 0), 20)}."
        )
        yield ""
        for reason in (reasons := _list(verdict, "reasons"))[:MOST]:
            yield f"- {code(reason.get('rule'), 80)}: {code(reason.get('fact'))}"
        yield from _more(reasons, "reasons")
        missing = verdict.get("missing") or ()
        if missing:
            yield f"- not known: {code(', '.join(map(str, missing)), 400)}"
    if (hand := told.operator) is not None:
        yield ""
        yield f"By {code(hand.actor, 80)} at {hand.at:%Y-%m-%d %H:%MZ}: class {code(hand.drift_class, 60)}, " + (
            f"action {code(hand.action, 60)}" + (f", {code(hand.note, 500)}" if hand.note else "") + "."
        )


def _who(told: Told) -> Iterator[str]:
    calls = _list(told.finding, "who")
    for line in calls[:MOST]:
        actor = line.get("actor")
        name = actor.get("name") if isinstance(actor, dict) else actor
        sure = line.get("confidence")
        yield f"- {code(line.get('path') or 'the whole object')}: {code(name or 'nobody named', 120)} " + (
            f"through {code(line.get('via') or 'unknown', 120)} at {code(line.get('time') or 'an unknown time', 40)}"
            f", confidence {code(sure, 20)}"
        )
    yield from _more(calls, "calls")
    if not calls:
        yield "Not known from this record: no audit event was joined with it."


def _risk(told: Told) -> Iterator[str]:
    verdict = told.finding.get("verdict") or {}
    yield f"Judged {code(verdict.get('risk') or 'unknown', 20)} as it runs. Merging makes it the declared state: " + (
        "what is wrong about it then stays until somebody changes Git again."
    )


def _rollback(told: Told) -> Iterator[str]:
    yield "Revert this commit."
    if told.pause is not None and told.pause.standing:
        yield (
            f"The unit is paused until {told.pause.until:%Y-%m-%d %H:%MZ}: this and its revert are not applied before"
            " it is resumed."
        )
        return
    yield {
        "heals": "The controller applies the revert by itself, as it applies this.",
        "on": "The controller applies the revert by itself, as it applies this.",
        "by hand": "Nobody applies the revert by itself: sync or apply by hand.",
        "paused": "Its automation is suspended: the revert is applied when that ends, or by hand.",
    }.get(told.auto, "Whether a controller then applies it by itself is not known from this record.")


def _expiry(told: Told) -> Iterator[str]:
    for link in told.links:
        until = f"{link.expires:%Y-%m-%d %H:%MZ}" if link.expires else "no end"
        yield f"- {code(link.kind, 20)} {code(link.ref, 200)}: {until}" + (
            f", approved by {code(link.approver, 80)}" if link.approver else ""
        )
    if told.pause is not None and told.pause.standing:
        yield f"- pause {code(told.pause.id, 40)}: {told.pause.until:%Y-%m-%d %H:%MZ}, {code(told.pause.reason)}"
    if not told.links and (told.pause is None or not told.pause.standing):
        yield "None is recorded: merged, it is permanent."


def _evidence(told: Told) -> Iterator[str]:
    yield f"- finding {code(told.finding.get('id'), 60)}, incident {code(told.incident, 200)}"
    planes = told.finding.get("planes")
    for plane, stamp in (planes if isinstance(planes, dict) else {}).items():
        revision = f", revision {code(stamp.get('revision'), 80)}" if stamp.get("revision") else ""
        yield f"- {code(plane, 20)} from {code(stamp.get('source'), 80)} by {code(stamp.get('method'), 80)} at " + (
            f"{code(_moment(stamp.get('observed_at')), 40)}{revision}"
        )
    empty = told.head == EMPTY
    yield "- the ledger was empty" if empty else f"- ledger head {code(f'{told.head.seq}:{told.head.hash}', 100)}"
    if told.bundle:
        yield f"- bundle {code(told.bundle, 200)}"


def _moment(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value or "an unknown time")


def _more(entries: Sequence[Any], words: str) -> Iterator[str]:
    if len(entries) > MOST:
        yield f"- and {len(entries) - MOST} more {words}"


def _list(holder: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = holder.get(key)
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _resource(finding: Mapping[str, Any]) -> str:
    ref = finding.get("resource") or {}
    return str(ref.get("address") or f"{ref.get('kind', '')}/{ref.get('name', '')}")
