"""From what was just read around a unit to the plan of its pause."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from .acts import Acts, PauseRecord
from .identity import Engine, UnitId
from .pause import Door, Plan, Purpose, Write, WriteKind
from .pause_argocd import (
    SKIP_RECONCILE,
    automated_of,
    is_on,
    off_pointer,
    operation_phase,
    said_policy,
    stands,
    stop,
    switch_off,
)
from .pause_draft import Draft, Steps
from .pause_flux import called, flux_effects, flux_stands, is_suspended, lever_of, said_before, suspend
from .pause_json import plan_from
from .pause_note import Kept, note_is_for, note_of
from .pause_owners import Climb, Request
from .pointers import get
from .surroundings import Held, Key, Surroundings
from .sync_windows import duration, window_words
from .unit import Unit

WATCH: Final = timedelta(minutes=3)
LONGEST_WATCH: Final = timedelta(minutes=30)


def plan_pause(around: Surroundings, unit: Unit, acts: Acts, request: Request) -> Plan:
    """Pure: everything that was read is in `around`, and everything that is decided is in the plan."""
    steps = Steps()
    _asked(request, steps)
    _others(around, unit, acts, request, steps)
    climb = Climb(around, steps, request, standing_drafts(acts, unit.id.source))
    if unit.id.engine == Engine.ARGOCD:
        _argocd(around, unit, climb, steps)
    else:
        _flux(around, unit, climb, steps)
    _rights(around, steps)
    return Plan(
        id=request.id,
        purpose=Purpose.PAUSE,
        unit=unit.id,
        cluster=unit.cluster,
        environment=unit.environment,
        at=request.at,
        now=tuple(steps.now),
        undoers=steps.undoers(),
        writes=steps.writes(),
        effects=tuple(dict.fromkeys(steps.effects)),
        undo=tuple(steps.undo),
        blocked=tuple(dict.fromkeys(steps.blocked)),
        unknown=tuple(dict.fromkeys([*steps.unknown, *around.unknown])),
        reason=request.reason,
        until=request.until,
        link=request.link,
        watch_for=_watch(around, steps),
    )


def _watch(around: Surroundings, steps: Steps) -> timedelta:
    """Three reconciliations of the slowest owner that would undo it. An ApplicationSet looks at once."""
    if not steps.threats:
        return WATCH
    paces = [pace for owner in around.owners.values() if isinstance(owner, Held) and (pace := _pace(owner, around))]
    return min(max([WATCH, *(3 * pace for pace in paces)]), LONGEST_WATCH)


def _pace(owner: Held, around: Surroundings) -> timedelta | None:
    if owner.target.kind == "Application":
        return around.resync
    interval = get(owner.document, ("spec", "interval"))
    try:
        return duration(interval) if isinstance(interval, str) else None
    except ValueError:
        return None


def _asked(request: Request, steps: Steps) -> None:
    if not request.reason.strip():
        steps.blocked.append("a pause needs a reason")
    if request.until is None:
        steps.blocked.append("a pause needs an end")
    elif request.until <= request.at:
        steps.blocked.append("its end lies in the past")


def _others(around: Surroundings, unit: Unit, acts: Acts, request: Request, steps: Steps) -> None:
    """Another pause of this unit, in this ledger or told by an annotation."""
    held = acts.pause_of(str(unit.id))
    if held is not None:
        steps.blocked.append(
            f"paused already by {held.actor} until {held.until:%Y-%m-%d %H:%M} UTC: {held.reason} (pause {held.id})"
        )
        return
    try:
        note = note_of(around.unit.document)
    except ValueError as error:
        steps.unknown.append(f"an annotation tells of a pause and cannot be read: {error}")
        return
    if note is None:
        return
    if unit.id.engine == Engine.ARGOCD and is_on(around.unit.document):
        steps.effects.append(f"replaces what is left of {note.by}'s pause {note.id}, which somebody undid")
        return
    whose = "" if note_is_for(note, unit.id) else f" for {note.unit}"
    steps.blocked.append(
        f"paused already by {note.by}{whose} until {note.until:%Y-%m-%d %H:%M} UTC: {note.reason} (pause {note.id})"
    )
    steps.undo.append("resume it first, or let it stand")


def _argocd(around: Surroundings, unit: Unit, climb: Climb, steps: Steps) -> None:
    held, document = around.unit, around.unit.document
    steps.now += stands(document)
    if get(document, ("metadata", "annotations", SKIP_RECONCILE)) == "true":
        steps.now.append("skip-reconcile is set: Argo CD does not look at it at all")
    window_words(around.project, document, climb.request.at, steps.effects, around.project_problem)
    if not is_on(document):
        steps.blocked.append("there is nothing to pause: Argo CD does not sync it by itself")
        _running(around, steps)
        return
    if around.enabled_known is None:
        steps.unknown.append(f"whether this Argo CD knows automated.enabled: {around.enabled_proof}")
    known = around.enabled_known is True
    if around.enabled_known is False:
        steps.effects.append(
            f"{around.enabled_proof} does not know automated.enabled: the whole policy is taken out and put back"
        )
    stays = climb.protect(held, off_pointer(document, known))
    plain = switch_off(held, enabled_known=known, note=None, extra=climb.extra)
    owners = tuple(Kept(each.target, each.captured) for each in steps.drafts)
    note = climb.note(plain.captured, owners) if stays else None
    draft = switch_off(held, enabled_known=known, note=note, extra=climb.extra)
    steps.drafts.append(draft)
    for threat in climb.by_unit:
        threat.by = draft
    if not stays:
        steps.effects.append("who, why and until when stay in the ledger only: an owner removes annotations from it")
    steps.effects += _argocd_effects(around, unit, climb.request)
    steps.undo.append(f"the policy comes back exactly: automated {said_policy(automated_of(document))}")
    _running(around, steps)


def _argocd_effects(around: Surroundings, unit: Unit, request: Request) -> list[str]:
    policy = automated_of(around.unit.document) or {}
    found = ["Argo CD stops syncing the whole application by itself: merged changes are not deployed while it lasts"]
    if policy.get("selfHeal") is True:
        found.append("live changes are no longer undone")
    if policy.get("prune") is True:
        found.append("what Git removes is no longer deleted")
    found.append("a sync by hand still works, and then applies everything")
    if request.until is not None:
        found.append(overdue_words(request))
    if unit.operation is not None and unit.operation.running and unit.operation.automated:
        found.append("an automated sync is running at this moment")
    return found


def _running(around: Surroundings, steps: Steps) -> None:
    phase = operation_phase(around.unit.document)
    if phase == "queued":
        steps.effects.append("a sync is queued and will begin once more: it cannot be stopped before it has begun")
    if phase == "Terminating":
        steps.effects.append("the running sync is being stopped already")
    if phase != "Running":
        return
    steps.now.append("a sync is running")
    if steps.blocked and not steps.drafts:
        return
    if around.may_stop is False:
        steps.effects.append(f"the running sync goes on (missing permission: {around.stop_needs})")
        return
    draft = stop(around.unit, around.stop_needs)
    if draft is None:
        steps.effects.append("the running sync goes on: Argo CD says no operation that could be stopped")
        return
    if around.may_stop is None:
        steps.unknown.append(f"permission unknown: {around.stop_needs}")
    steps.drafts.append(draft)
    steps.effects.append("the running sync is stopped where it is: what it has applied so far stays")


def _flux(around: Surroundings, unit: Unit, climb: Climb, steps: Steps) -> None:
    held, document = around.unit, around.unit.document
    steps.now += flux_stands(document)
    if is_suspended(document):
        word = str(lever_of(document)[1]).lower()
        steps.blocked.append(f"there is nothing to pause: {called(document)} is {word} already")
        return
    lever, _ = lever_of(document)
    stays = climb.protect(held, lever)
    plain = suspend(held, note=None, extra=climb.extra)
    owners = tuple(Kept(each.target, each.captured) for each in steps.drafts)
    draft = suspend(held, note=climb.note(plain.captured, owners) if stays else None, extra=climb.extra)
    steps.drafts.append(draft)
    for threat in climb.by_unit:
        threat.by = draft
    steps.effects += flux_effects(document, around.dependents)
    if climb.request.until is not None:
        steps.effects.append(overdue_words(climb.request))
    steps.undo.append(f"{called(document)} comes back exactly: {said_before(draft.captured[lever])}")


def _rights(around: Surroundings, steps: Steps) -> None:
    held = around.unit
    if held.may is False:
        steps.blocked.append(f"missing permission: {held.needs}")
    elif held.may is None:
        steps.unknown.append(f"permission unknown: {held.needs}")
    if held.target.door is Door.ARGOCD and held.may is not False:
        steps.effects.append(
            "written through Argo CD's own interface: it renders the manifests first, and refuses while Git is broken"
        )


def overdue_words(request: Request) -> str:
    return f"it does not end by itself: after {request.until:%Y-%m-%d %H:%M} UTC it counts as overdue"


def standing_drafts(acts: Acts, source: str) -> Mapping[Key, Draft]:
    """Parents that standing pauses of their children hold by pausing them: shared for as long as one of them needs it.

    What an operator left out (`optional` and `skipped`) was never written.
    """
    found: dict[Key, Draft] = {}
    for record in acts.pauses.values():
        if not record.standing:
            continue
        for write in writes_of(record):
            if shareable(write, record, source):
                key = Key(write.target.group, write.target.kind, write.target.namespace, write.target.name)
                found.setdefault(key, _shared(write, record))
    return found


def shareable(write: Write, record: PauseRecord, source: str) -> bool:
    """Whether a write of a recorded pause stopped a whole owner, which another pause may lean on."""
    try:
        unit = UnitId.parse(record.unit)
    except ValueError:
        return False
    target = write.target
    return (
        write.kind is WriteKind.JSON_PATCH
        and target.kind == "Application"
        and unit.source == source
        and (unit.namespace, unit.name) != (target.namespace, target.name)
        and not (write.skipped and write.optional)
    )


def writes_of(record: PauseRecord) -> tuple[Write, ...]:
    """The writes of a recorded pause; none where its plan is of a kind that cannot be read."""
    try:
        return plan_from(record.plan).writes
    except ValueError:
        return ()


def _shared(write: Write, record: PauseRecord) -> Draft:
    return Draft(
        target=write.target,
        words=f"paused already by {record.actor}'s pause {record.id}: stays so until this one ends as well",
        patch=write.patch,
        undo=write.undo,
        uid=write.uid,
        captured=write.captured,
        needs=write.needs,
        skipped=True,
    )
