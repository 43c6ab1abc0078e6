"""Plans of pauses and of their end, from fresh reads. Nothing is written here: `services.writing` carries plans out.

Plans that are made together know of each other: each is made as if those before it were written already, so that they
can be carried out one after the other, and a step that several need is in one of them only.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from drifttui.core.acts import Acts, PauseRecord, PauseState
from drifttui.core.errors import SourceError, inert
from drifttui.core.finding import Finding
from drifttui.core.identity import Engine, UnitId
from drifttui.core.json_patch import PatchError, applied
from drifttui.core.pause import Plan, Write, WriteKind
from drifttui.core.pause_argocd import is_on
from drifttui.core.pause_draft import stored
from drifttui.core.pause_flux import is_suspended
from drifttui.core.pause_json import plan_json
from drifttui.core.pause_note import REASON_LIMIT, Note, note_is_for, note_of, record_of
from drifttui.core.pause_owners import Request
from drifttui.core.pause_plan import plan_pause as pause_plan
from drifttui.core.resume_plan import owner_keys
from drifttui.core.resume_plan import plan_resume as resume_plan
from drifttui.core.surroundings import Held, Key, Surroundings
from drifttui.core.unit import Unit

from .reach import Reach


async def plan_pause(
    unit: Unit,
    reach: Reach,
    acts: Acts,
    *,
    at: datetime,
    actor: str = "",
    reason: str = "",
    until: datetime | None = None,
    link: str = "",
) -> Plan:
    """The pause of one unit. Without a reason or an end it can be looked at, and says that it is blocked.

    `actor` goes into the annotation on the unit. Raises `SourceError` where the unit cannot be read, `InputError` where
    it cannot be paused at all.
    """
    (plan,) = await plan_pauses([(unit, reach)], acts, at=at, actor=actor, reason=reason, until=until, link=link)
    return plan


async def plan_pauses(
    units: Sequence[tuple[Unit, Reach]],
    acts: Acts,
    *,
    at: datetime,
    actor: str = "",
    reason: str = "",
    until: datetime | None = None,
    link: str = "",
) -> tuple[Plan, ...]:
    """Several at once, in the order in which they are to be written. Raises as `plan_pause` does."""
    plans: list[Plan] = []
    written = _Written()
    for unit, reach in units:
        around = written.seen(await reach.around(unit))
        request = Request(
            id=secrets.token_hex(6),
            unit=str(unit.id),
            by=inert(actor, 200),
            at=at,
            reason=reach.redacted(reason, REASON_LIMIT),
            until=until,
            link=reach.redacted(link, REASON_LIMIT),
        )
        plan = pause_plan(around, unit, acts, request)
        plans.append(plan)
        if not plan.blocked:
            written.note(plan)
            acts = _with(acts, _intended(plan, actor))
    return tuple(plans)


async def plan_resume(
    unit: Unit,
    reach: Reach,
    acts: Acts,
    *,
    at: datetime,
    actor: str = "",
    findings: Sequence[Finding] | None = None,
) -> Plan:
    """The end of one unit's pause, by the ledger or by the annotation. `findings` are the unit's, where somebody
    looked; without them only what the engine itself calls different is told. Raises as `plan_pause` does."""
    looked = {} if findings is None else {unit.id: findings}
    (plan,) = await plan_resumes([(unit, reach)], acts, at=at, actor=actor, findings=looked)
    return plan


async def plan_resumes(
    units: Sequence[tuple[Unit, Reach]],
    acts: Acts,
    *,
    at: datetime,
    actor: str = "",
    findings: Mapping[UnitId, Sequence[Finding]] | None = None,
) -> tuple[Plan, ...]:
    """Several at once, in the order in which they are to be written. What several share ends with the last of them."""
    plans: list[Plan] = []
    written = _Written()
    ended: set[str] = set()
    for unit, reach in units:
        around = await reach.around(unit)
        around = written.seen(await reach.more(around, owner_keys(around, unit, acts)))
        try:
            notes = [note for note in await _other_notes(around, unit, acts, reach) if note.id not in ended]
        except SourceError as error:
            notes = []
            blind = f"whether another pause needs the same owner could not be read: {error.title}"
            around = replace(around, unknown=(*around.unknown, blind))
        request = Request(id=secrets.token_hex(6), unit=str(unit.id), by=inert(actor, 200), at=at)
        looked = (findings or {}).get(unit.id)
        plan = resume_plan(around, unit, acts, request, findings=looked, notes=notes)
        plans.append(plan)
        if plan.blocked:
            continue
        written.note(plan)
        if plan.pause:
            acts = _with(acts, replace(acts.pauses[plan.pause], state=PauseState.RESUMED))
        ended.update(_note_ids(around))
    return tuple(plans)


async def seen_pauses(reach: Reach) -> tuple[PauseRecord, ...]:
    """Pauses that annotations on the units of one source tell of, also those of the own ledger.

    `UNDONE` where automation is on although the annotation is there. Raises `SourceError` where the units cannot be
    listed; an annotation that cannot be read is left out, for the unit's own plan tells it.
    """
    found = []
    for unit, document in await reach.annotated():
        try:
            note = note_of(document)
        except ValueError:
            continue
        if note is None or not note_is_for(note, unit):
            continue
        record = record_of(note, unit)
        runs = is_on(document) if unit.engine == Engine.ARGOCD else not is_suspended(document)
        if runs:
            record = replace(record, state=PauseState.UNDONE, message="its annotation is there, and automation is on")
        found.append(record)
    return tuple(sorted(found, key=lambda record: (record.until, record.id)))


class _Written:
    """What the objects are once the plans so far are carried out."""

    def __init__(self) -> None:
        self._writes: dict[tuple[str, Key], list[Write]] = {}

    def note(self, plan: Plan) -> None:
        for write in plan.writes:
            if write.kind is WriteKind.JSON_PATCH and not write.skipped:
                target = write.target
                key = Key(target.group, target.kind, target.namespace, target.name)
                self._writes.setdefault((target.server, key), []).append(write)

    def seen(self, around: Surroundings) -> Surroundings:
        owners = {key: self._held(owner) if isinstance(owner, Held) else owner for key, owner in around.owners.items()}
        return replace(around, unit=self._held(around.unit), owners=owners)

    def _held(self, held: Held) -> Held:
        document = held.document
        for write in self._writes.get((held.target.server, held.key), ()):
            try:
                document = stored(applied(document, write.patch))
            except PatchError:
                continue
        return held._replace(document=document)


def _with(acts: Acts, record: PauseRecord) -> Acts:
    return replace(acts, pauses={**acts.pauses, record.id: record})


def _intended(plan: Plan, actor: str) -> PauseRecord:
    assert plan.until is not None
    return PauseRecord(
        id=plan.id,
        unit=str(plan.unit),
        engine=plan.unit.engine,
        reason=plan.reason,
        until=plan.until,
        actor=actor,
        at=plan.at,
        state=PauseState.INTENDED,
        plan=plan_json(plan),
    )


async def _other_notes(around: Surroundings, unit: Unit, acts: Acts, reach: Reach) -> list[Note]:
    """Annotations of other pauses, read only where this one holds a whole owner that another may lean on, too."""
    if not any(key.kind == "Application" for key in owner_keys(around, unit, acts)):
        return []
    found = []
    for other, document in await reach.annotated():
        try:
            note = note_of(document)
        except ValueError:
            continue
        if note is not None and note_is_for(note, other) and other != unit.id:
            found.append(note)
    return found


def _note_ids(around: Surroundings) -> set[str]:
    try:
        note = note_of(around.unit.document)
    except ValueError:
        return set()
    return {note.id} if note is not None else set()
