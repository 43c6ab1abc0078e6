"""Who wrote each changed field, and what led there: the audit log's word, managers, revision, operation, events.

Unknown says why.
"""

from __future__ import annotations

from collections.abc import Iterator

from drifttui.core.ages import Times
from drifttui.core.board import Look
from drifttui.core.finding import Change, Finding, Owner
from drifttui.core.inspection import Event, Revision
from drifttui.core.planes import ABSENT, Plane
from drifttui.core.unit import Unit
from drifttui.core.words import clean, hand_of, holders

from . import actor_lines
from .cells import Line, Piece, cut, wrapped
from .merge_lines import merge_lines

_HANDS = {
    "human": "an interactive tool",
    "engine": "a deployment engine",
    "controller": "a controller",
    "unknown": "a program of unknown kind",
}
_MOST_EVENTS = 8


def who_lines(finding: Finding, unit: Unit, look: Look, times: Times, width: int) -> list[Line]:
    who = finding.who
    if who is None or not who.configured:
        return [
            *_summary(finding, times, width),
            (),
            *_fields(finding, times, width),
            *_causes(finding, unit, look, times, width),
            *_events(finding, look, times, width),
        ]
    return [
        *actor_lines.summary(who, times, width),
        *actor_lines.others(who, finding, times, width),
        (),
        *actor_lines.evidence(who, times, width),
        *(() if finding.ref.address else ((), *_fields(finding, times, width))),
        *_causes(finding, unit, look, times, width),
        *_events(finding, look, times, width),
        *actor_lines.body(who, width),
    ]


def _summary(finding: Finding, times: Times, width: int) -> Iterator[Line]:
    who = finding.who
    first = next(iter(holders(finding)), None)
    if first is None:
        yield from wrapped("Nobody can be named: no changed field has a manager.", width, "unknown")
    else:
        hand = _HANDS[hand_of(first.manager)]
        said = f"{clean(first.manager, 120)}, {hand}, last wrote {times.ago(first.time)}."
        yield from wrapped(said, width, "strong")
    why = (
        clean(who.unseen[0], 300) if who is not None and who.unseen and finding.ref.address else "no audit log is read"
    )
    yield from wrapped(f"Person: unknown, because {why}.", width, "unknown")


def _fields(finding: Finding, times: Times, width: int) -> Iterator[Line]:
    """Fields with the same holders are told together."""
    groups: dict[tuple[Owner, ...], list[Change]] = {}
    for change in finding.changes:
        groups.setdefault(change.owners, []).append(change)
    for owners, changes in groups.items():
        for change in changes[:6]:
            yield [(cut(clean(change.label or change.path or "whole object", 400), width, middle=True), "name")]
        if len(changes) > 6:
            yield [(f"and {len(changes) - 6} more fields", "muted")]
        for owner in owners:
            yield from _owner(owner, times, width)
        if not owners:
            yield from wrapped(f"unknown, because {_why_nobody(changes[0], finding)}", width, "unknown", "  ")


def _owner(owner: Owner, times: Times, width: int) -> Iterator[Line]:
    role = "strong" if hand_of(owner.manager) == "human" else "text"
    words = [owner.operation, f"({clean(owner.subresource, 40)})" if owner.subresource else "", times.ago(owner.time)]
    line: list[Piece] = [
        ("  ", "text"),
        (clean(owner.manager, 200), role),
        ("  " + " ".join(word for word in words if word), "muted"),
    ]
    yield line


def _why_nobody(change: Change, finding: Finding) -> str:
    if finding.ref.address:
        return "a stack keeps no managers of fields."
    stamp = finding.planes.get(Plane.ACTUAL)
    if stamp is None:
        return "nobody could read the live object."
    if not stamp.present:
        return "the object is gone, and its field managers with it."
    if change.actual is ABSENT:
        return "a field that was removed has no manager."
    return f"{clean(stamp.method, 60) or 'the live object'} names no manager for it."


def _causes(finding: Finding, unit: Unit, look: Look, times: Times, width: int) -> Iterator[Line]:
    yield ()
    desired = finding.planes.get(Plane.DESIRED)
    revision = desired.revision if desired and desired.revision else unit.revision
    revisions = look.inspection.revisions if look.inspection else ()
    found = next((r for r in revisions if r.revision == revision), None)
    name = "git  "
    if finding.merges is not None:
        yield from merge_lines(finding, finding.merges, times, width)
        name = "rev  "
    if revision:
        yield [(name, "muted"), (clean(revision, 60)[:12], "desired")]
        if found is None:
            why = "the unit is not open" if look.inspection is None else "the engine does not tell"
            yield from wrapped(f"author unknown, because {why}.", width, "unknown", "     ")
        else:
            yield from revision_lines(found, times, width, "     ")
    else:
        yield [(name, "muted"), ("revision unknown, because the engine names none.", "unknown")]
    operation = unit.operation
    if operation is None:
        yield [("sync ", "muted"), ("no operation on record", "muted")]
        return
    by = "by itself" if operation.automated else f"by {clean(operation.initiated_by, 100) or 'somebody unnamed'}"
    when = operation.finished_at or operation.started_at
    said = f"{clean(operation.phase, 40)} {times.ago(when)}, started {by}"
    yield from labelled("sync ", said, width, "warn" if operation.running else "text")
    if operation.message:
        yield from wrapped(clean(operation.message, 300), width, "muted", "     ")


def labelled(label: str, text: str, width: int, role: str) -> Iterator[Line]:
    """`text` beside `label`, further lines under its own beginning."""
    for number, line in enumerate(wrapped(text, width, role, " " * len(label))):
        yield [(label, "muted"), *line[1:]] if number == 0 else line


def revision_lines(revision: Revision, times: Times, width: int, indent: str = "") -> Iterator[Line]:
    author = clean(revision.author, 120) or "author unknown"
    message = clean(revision.message.strip().split("\n", 1)[0], 300)
    when = revision.authored_at or revision.deployed_at
    said = f"{author} {times.ago(when)}" + (f' "{message}"' if message else "")
    yield from wrapped(said, width, "text", indent)
    if revision.initiated_by:
        deployed = f"deployed {times.ago(revision.deployed_at)} by {clean(revision.initiated_by, 100)}"
        yield from wrapped(deployed, width, "muted", indent)


def _events(finding: Finding, look: Look, times: Times, width: int) -> Iterator[Line]:
    if look.inspection is None:
        return
    near = [e for e in look.inspection.events if e.ref is None or e.ref.name.startswith(finding.ref.name)]
    if not near:
        return
    yield ()
    near.sort(key=lambda e: e.at.timestamp() if e.at else 0.0, reverse=True)
    for event in near[:_MOST_EVENTS]:
        yield from event_lines(event, times, width)


def event_lines(event: Event, times: Times, width: int) -> Iterator[Line]:
    many = f" ×{event.times}" if event.times > 1 else ""
    said = f"{clean(event.reason, 60)}{many}: {clean(event.message, 400)}"
    label = times.short(event.at) + " " * max(1, 5 - len(times.short(event.at)))
    yield from labelled(label, said, width, "warn" if event.warning else "text")
