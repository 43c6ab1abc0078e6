"""From a pause and what was just read to the plan of its end: exactly what was taken is given back, and nothing else.

What somebody changed meanwhile is not overwritten: the plan is blocked and says, field by field, what differs from how
the pause left it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from .acts import Acts, PauseRecord, PauseState
from .finding import Finding
from .identity import Engine, UnitId
from .json_patch import Patch, applied, remove, same, test
from .pause import Plan, Purpose, Write, WriteKind
from .pause_argocd import AUTOMATED, back, stands, value_at
from .pause_covering import IGNORED, entries_of, entry_for
from .pause_draft import Draft, Steps, guarded
from .pause_flux import flux_stands
from .pause_note import NOTE_POINTER, Note, note_is_for, note_of, spelled, unspelled
from .pause_owners import Request
from .pause_plan import shareable, writes_of
from .planes import ABSENT, Json, Mark
from .pointers import get
from .resume_changes import difference, dotted, expected
from .resume_effects import resume_effects
from .surroundings import Held, Key, Surroundings
from .unit import Unit


class Taken(NamedTuple):
    """What one pause took from one object."""

    key: Key
    captured: Mapping[str, Json]
    uid: str = ""
    """Empty where nobody wrote it down."""
    removed: bool | None = None
    """Argo CD: `automated` was taken out as a whole. None where nobody wrote it down."""


class Told(NamedTuple):
    """A pause, by the ledger or by an annotation."""

    id: str
    by: str
    unit: Taken
    owners: tuple[Taken, ...]
    """Topmost first, as they were written."""
    recorded: bool
    words: str
    """`latency, until 2026-05-14 06:30 UTC (pause 0123456789ab of alice@laptop)`."""


def plan_resume(
    around: Surroundings,
    unit: Unit,
    acts: Acts,
    request: Request,
    *,
    findings: Sequence[Finding] | None = None,
    notes: Sequence[Note] = (),
) -> Plan:
    """`findings` are those of the unit, where somebody looked; `notes` are annotations on other units of the source."""
    steps = Steps()
    held = around.unit
    argocd = unit.id.engine == Engine.ARGOCD
    steps.now += stands(held.document) if argocd else flux_stands(held.document)
    told = told_of(around, unit, acts, steps)
    if told is None:
        steps.blocked.append("there is no pause of drifttui here: neither the ledger nor an annotation tells of one")
    else:
        steps.now.append(f"paused for {told.words}")
        restored = _give_back(held, told.unit, steps)
        _owners(around, unit, acts, told, steps, notes)
        _below(held, acts, told.id, steps)
        if restored:
            steps.effects[:0] = resume_effects(around, unit, told.unit.captured, request.at, findings)
        if not steps.drafts and not steps.blocked:
            steps.blocked.append("there is nothing left to give back: somebody did it already")
        steps.undo.append("taking it back pauses it again, as it is now")
    if held.may is False:
        steps.blocked.append(f"missing permission: {held.needs}")
    elif held.may is None:
        steps.unknown.append(f"permission unknown: {held.needs}")
    return Plan(
        id=request.id,
        purpose=Purpose.RESUME,
        unit=unit.id,
        cluster=unit.cluster,
        environment=unit.environment,
        at=request.at,
        now=tuple(steps.now),
        undoers=(),
        writes=steps.writes(),
        effects=tuple(dict.fromkeys(steps.effects)),
        undo=tuple(steps.undo),
        blocked=tuple(dict.fromkeys(steps.blocked)),
        unknown=tuple(dict.fromkeys([*steps.unknown, *around.unknown])),
        reason=request.reason,
        link=request.link,
        pause=told.id if told is not None and told.recorded else "",
    )


def told_of(around: Surroundings, unit: Unit, acts: Acts, steps: Steps) -> Told | None:
    """The pause to end: the ledger's, unless an annotation tells of a later one."""
    record = newest_pause(acts, str(unit.id))
    note = None
    try:
        note = note_of(around.unit.document)
    except ValueError as error:
        steps.unknown.append(f"an annotation tells of a pause and cannot be read: {error}")
    if note is not None and not note_is_for(note, unit.id):
        steps.effects.append(f"it was paused for {note.unit}, by {note.by}: that pause may no longer hold")
    if record is not None and note is not None and note.id != record.id:
        steps.effects.append(f"the annotation tells of {note.by}'s pause {note.id}, the ledger of {record.id}")
        if note.at > record.at:
            record = None
    writes = writes_of(record) if record is not None else ()
    if record is not None and writes:
        taken = [(write, _taken(write)) for write in writes if write.kind is WriteKind.JSON_PATCH]
        mine = [each for _, each in taken if each.key == around.unit.key]
        owners = [
            each for write, each in taken if each.key != around.unit.key and not (write.skipped and write.optional)
        ]
        if mine:
            return Told(
                record.id,
                record.actor,
                mine[0],
                tuple(owners),
                True,
                _words(record.reason, record.until, record.id, record.actor),
            )
    if note is None:
        return None
    above = tuple(Taken(_key(kept.target), kept.captured) for kept in note.owners)
    return Told(
        note.id,
        note.by,
        Taken(around.unit.key, note.captured),
        above,
        False,
        _words(note.reason, note.until, note.id, note.by),
    )


def _words(reason: str, until: datetime, pause: str, by: str) -> str:
    return f"{reason}, until {until:%Y-%m-%d %H:%M} UTC (pause {pause} of {by})"


def newest_pause(acts: Acts, unit: str) -> PauseRecord | None:
    """The standing pause of a unit, else the newest that something undid: its steps may still be there."""
    standing = acts.pause_of(unit)
    if standing is not None:
        return standing
    undone = [each for each in acts.pauses.values() if each.unit == unit and each.state is PauseState.UNDONE]
    return max(undone, key=lambda each: each.at, default=None)


def owner_keys(around: Surroundings, unit: Unit, acts: Acts) -> tuple[Key, ...]:
    """What a resume must read besides the unit's present owners: those that the pause wrote then."""
    told = told_of(around, unit, acts, Steps())
    return tuple(each.key for each in told.owners) if told is not None else ()


def _taken(write: Write) -> Taken:
    gone = any(each["op"] == "remove" and each["path"] == AUTOMATED for each in write.patch)
    return Taken(_key(write.target), write.captured, write.uid, gone)


def _key(target: object) -> Key:
    return Key(*(str(getattr(target, name)) for name in ("group", "kind", "namespace", "name")))


def _give_back(held: Held, taken: Taken, steps: Steps) -> bool:
    """Adds the write that restores one object. False where it stands as captured already, or must not be touched."""
    short = held.target.short
    if taken.uid and taken.uid != held.uid:
        steps.blocked.append(f"{short} was made anew since the pause: what it was before is no longer its own")
        return False
    fields = {pointer: unspelled(value) for pointer, value in taken.captured.items() if pointer != NOTE_POINTER}
    wanted: dict[str, Json] = {}
    for pointer, before in fields.items():
        now = value_at(held.document, pointer)
        left = expected(pointer, before, taken.removed)
        if _is(now, before):
            steps.effects.append(f"{short}: {dotted(pointer)} is as it was before the pause, somebody put it back")
        elif any(_is(now, each) for each in left):
            wanted[pointer] = spelled(before)
        else:
            lines = difference(pointer, left[0], now)
            steps.blocked += [f"{short} was changed since the pause: {line}" for line in lines]
    if steps.blocked:
        return False
    if value_at(held.document, NOTE_POINTER) is not ABSENT:
        wanted[NOTE_POINTER] = spelled(ABSENT)
    if not wanted:
        return False
    _add(held, wanted, steps)
    return any(pointer != NOTE_POINTER for pointer in wanted)


def _add(held: Held, wanted: Mapping[str, Json], steps: Steps) -> None:
    patch = back(held, held.document, wanted)
    after = applied(held.document, patch)
    now = {pointer: spelled(value_at(held.document, pointer)) for pointer in wanted}
    words = [
        difference(pointer, value_at(held.document, pointer), unspelled(value))
        for pointer, value in wanted.items()
        if pointer != NOTE_POINTER
    ]
    said = "; ".join(line for lines in words for line in lines) or "the annotation of the pause is removed"
    steps.drafts.append(Draft(held.target, said, patch, back(held, after, now), held.uid, now, held.needs))


def _owners(
    around: Surroundings, unit: Unit, acts: Acts, told: Told, steps: Steps, notes: Sequence[Note]
) -> None:  # fmt: skip
    """The nearest first: the topmost is what held all the others off. What holds off for an owner that stays paused
    stays as well."""
    children = [unit.id.name]
    for taken in reversed(told.owners):
        owner = around.owner(taken.key)
        if not isinstance(owner, Held):
            if owner.gone:
                steps.effects.append(f"{taken.key.short} is not there any more: nothing is given back to it")
            else:
                steps.unknown.append(
                    f"{taken.key.short} was written for this pause and could not be read: {owner.problem}"
                )
            continue
        needed = needed_by(acts, told.id, taken.key, unit.id.source) or _noted(notes, told.id, taken.key)
        needed = needed or _for_itself(owner)
        if taken.key.kind == "Application" and needed:
            steps.effects.append(f"{taken.key.short} stays paused: {needed} needs it")
            continue
        if owner.may is False:
            steps.effects.append(f"{taken.key.short} stays as it is (missing permission: {owner.needs})")
            continue
        if owner.may is None:
            steps.unknown.append(f"permission unknown: {owner.needs}")
        if IGNORED in taken.captured:
            _no_longer_ignored(owner, children, taken, acts, steps)
        else:
            children.append(taken.key.name)
            _give_back(owner, taken, steps)


def _below(held: Held, acts: Acts, pause: str, steps: Steps) -> None:
    """Paused units that this one makes: its next sync may put them back."""
    resources = get(held.document, ("status", "resources"))
    made = {
        (str(each.get("namespace") or held.target.namespace), str(each.get("name")))
        for each in (resources if isinstance(resources, list) else ())
        if isinstance(each, dict) and each.get("kind") == "Application"
    }
    for record in acts.pauses.values():
        parts = record.unit.split("/")
        if record.standing and record.id != pause and len(parts) == 4 and (parts[2], parts[3]) in made:
            steps.effects.append(
                f"{parts[3]}, which it makes, is paused by {record.actor}: a sync may switch it on again"
            )


def _for_itself(owner: Held) -> str:
    """The pause that an owner's annotation tells to be of the owner itself, in words; empty where it was paused for
    others only."""
    try:
        note = note_of(owner.document)
    except ValueError:
        return ""
    itself = UnitId(Engine.ARGOCD, "", owner.target.namespace, owner.target.name)
    return f"{note.by}'s own pause {note.id} of it" if note is not None and note_is_for(note, itself) else ""


def needed_by(acts: Acts, pause: str, key: Key, source: str) -> str:
    """Which other standing pause needs this owner paused, in words; empty where none does."""
    for record in acts.pauses.values():
        if not record.standing or record.id == pause:
            continue
        if record.unit.split("/")[1:] == [source, key.namespace, key.name]:
            return f"{record.actor}'s own pause {record.id} of it"
        for write in writes_of(record):
            if _key(write.target) == key and shareable(write, record, source):
                return f"{record.actor}'s pause {record.id} of {record.unit.rpartition('/')[2]}"
    return ""


def _noted(notes: Sequence[Note], pause: str, key: Key) -> str:
    for note in notes:
        if note.id != pause and any(_key(kept.target) == key for kept in note.owners):
            return f"{note.by}'s pause {note.id} of {note.unit.rpartition('/')[2]}"
    return ""


def _no_longer_ignored(owner: Held, names: Sequence[str], taken: Taken, acts: Acts, steps: Steps) -> None:
    """Takes our entries for these children out of the list; the last one out restores the list itself as it was:
    absent or empty."""
    entries = entries_of(owner.document)
    ours = [position for position, each in enumerate(entries) if any(each == entry_for(name) for name in names)]
    if not ours:
        if not any(isinstance(each, dict) and each == entry_for(str(each.get("name"))) for each in entries):
            steps.effects.append(f"{owner.target.short} does not ignore automation of {', '.join(names)} any more")
        return
    change: Patch = (
        *(test(f"{IGNORED}/{position}", entries[position]) for position in ours),
        *(remove(f"{IGNORED}/{position}") for position in reversed(ours)),
    )
    left = len(entries) - len(ours)
    if not left and _list_before(owner.key, taken, acts) is ABSENT:
        change = (test(IGNORED, entries), remove(IGNORED))
    patch = guarded(owner, [change])
    after = applied(owner.document, patch)
    now = {IGNORED: spelled(value_at(owner.document, IGNORED))}
    said = ", ".join(str(entries[position]["name"]) for position in ours)
    words = f"spec.ignoreApplicationDifferences  {len(entries)} → {left} entries: ours for {said} goes"
    steps.drafts.append(Draft(owner.target, words, patch, back(owner, after, now), owner.uid, now, owner.needs))


def _list_before(key: Key, taken: Taken, acts: Acts) -> Json | Mark:
    """How the list was before the first of our pauses: a later one has captured the entries of an earlier one."""
    before = unspelled(taken.captured[IGNORED])
    if before == [] or before is ABSENT:
        return before
    ours = [
        unspelled(write.captured[IGNORED])
        for record in acts.pauses.values()
        for write in writes_of(record)
        if _key(write.target) == key and IGNORED in write.captured
    ]
    return [] if [] in ours and ABSENT not in ours else ABSENT


def _is(one: Json | Mark, other: Json | Mark) -> bool:
    return one is other if isinstance(one, Mark) or isinstance(other, Mark) else same(one, other)
