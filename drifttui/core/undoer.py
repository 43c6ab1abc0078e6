"""Who undid a drift that is gone, and by which path: a call that put the field back, a sync of the engine, a merge.

Only what lies after the drift's own write and before it was seen to be gone can have undone it. Where what is declared
moved that is a merge, where what runs did a call or a sync; where nobody knows which side moved, either, less surely.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from .actor_words import ENGINES
from .actors import account
from .audit import Actor, ActorKind, Grade, Line
from .errors import inert
from .identity import Engine, UnitId
from .join import CONTRADICTED
from .planes import Plane
from .undone import NOBODY_ASKED, Undone

if TYPE_CHECKING:
    from .finding import Finding
    from .git import Merges
    from .inspection import Inspection
    from .unit import Unit

REVERTED: Final = "reverted"
CODIFIED: Final = "codified"
LATE: Final = timedelta(seconds=10)
"""By so much the clock of a record may be ahead of the one by which the drift was seen to be gone."""

ROUNDING: Final = timedelta(seconds=2)

_SYNCS: Final[dict[str, str]] = {Engine.ARGOCD: "Argo CD sync"}


class Gone(NamedTuple):
    """A finding that a look did not find any more."""

    finding: Finding
    at: datetime
    """When what was read was true."""
    how: str
    """`reverted`, `codified`, or `gone` where nobody can tell which side moved."""
    after: datetime
    """The drift's own last write, else when it was last seen: what undid it came later."""


def gone_of(finding: Finding, at: datetime, how: str) -> Gone:
    known = finding.who.lines if finding.who is not None else ()
    firsts = [next((line for line in known if line.path == change.path), None) for change in finding.changes]
    stamp = finding.planes.get(Plane.ACTUAL)
    seen = stamp.observed_at if stamp is not None and stamp.observed_at is not None else finding.last_seen
    # What is dated after the drift was read did not cause it, however early the log told of it.
    times = [one.time for one in firsts if one is not None and one.time and one.event_ids]
    return Gone(finding, at, how, max((time for time in times if time <= seen + ROUNDING), default=seen))


def undone(
    gone: Gone,
    unit: Unit,
    inspection: Inspection | None,
    lines: Sequence[Line] = (),
    merges: Merges | None = None,
    unseen: Iterable[str] = (),
    *,
    pending: bool = False,
) -> Undone:
    """`lines` say who wrote the finding's fields after the drift; `merges` is what Git says of them."""
    finding = gone.finding
    found = Undone(finding.id, finding.ref.short, finding.summary, gone.at, gone.how, pending=pending)
    moved = None if gone.how == CODIFIED else _by_write(gone, unit, inspection, lines)
    if moved is None and gone.how != REVERTED:
        moved = _by_merge(gone, inspection, merges)
    gaps = tuple(dict.fromkeys((*unseen, *(merges.unseen if merges is not None else ()))))
    if moved is None:
        return found._replace(unseen=gaps or ((NOBODY_ASKED,) if not pending else ()))
    path, line = moved
    if gone.how not in (REVERTED, CODIFIED):
        line = line._replace(
            confidence=round(max(0.05, line.confidence - 0.2), 2),
            reasons=(*line.reasons, "which side moved was not seen"),
        )
    return found._replace(path=path, line=line, unseen=gaps)


def _by_write(
    gone: Gone, unit: Unit, inspection: Inspection | None, lines: Sequence[Line]
) -> tuple[str, Line] | None:  # fmt: skip
    paths = {change.path for change in gone.finding.changes}
    brought = [line for line in lines if line.path in paths and CONTRADICTED not in line.reasons]
    inside = [line for line in brought if _inside(line.time, gone)]
    logged = _latest(line for line in inside if line.event_ids and line.actor.name)
    held = _latest(line for line in inside if not line.event_ids)
    if logged:
        line = max(logged, key=lambda line: line.confidence)
        others = sorted({one.actor.words for one in logged} - {line.actor.words})
        if others:
            note = f"others put fields of it back too: {', '.join(inert(name, 80) for name in others[:4])}"
            line = line._replace(reasons=(*line.reasons, note))
        return _path(unit.id, line), line
    synced = _sync(gone, unit, inspection, held)
    if synced is not None:
        return _path(unit.id, synced), synced
    if held:
        return "write", max(held, key=lambda line: line.confidence)
    return None


def _latest(lines: Iterable[Line]) -> list[Line]:
    """The last one of each field: an engine may have written after somebody who undid it before."""
    found: dict[str, Line] = {}
    for line in lines:
        known = found.get(line.path)
        if known is None or _time(line) >= _time(known):
            found[line.path] = line
    return list(found.values())


def _time(line: Line) -> datetime:
    return line.time or datetime.min.replace(tzinfo=UTC)


def _inside(at: datetime | None, gone: Gone) -> bool:
    """managedFields keep whole seconds."""
    return at is not None and gone.after.replace(microsecond=0) <= at <= gone.at + LATE


def _path(unit: UnitId, line: Line) -> str:
    if not ENGINES.search(line.actor.through or line.actor.name):
        return "write"
    return "sync" if unit.engine == Engine.ARGOCD else "reconcile"


def _sync(gone: Gone, unit: Unit, inspection: Inspection | None, held: Sequence[Line]) -> Line | None:
    """The engine's own word: it applied something in that time."""
    operation = unit.operation
    at = (operation.finished_at or operation.started_at) if operation is not None else None
    who, revision, automated = "", "", True
    if operation is not None and operation.phase == "Succeeded" and _inside(at, gone):
        automated = operation.automated
        who, revision = "" if automated else operation.initiated_by, operation.revision
    else:
        inside = [one for one in (inspection.revisions if inspection else ()) if _inside(one.deployed_at, gone)]
        if not inside:
            return None
        newest = max(inside, key=lambda one: one.deployed_at or gone.after)
        at, revision = newest.deployed_at, newest.revision
        automated = not newest.initiated_by or newest.initiated_by == "automated sync policy"
        who = "" if automated else newest.initiated_by
    words = _SYNCS.get(unit.id.engine, f"{unit.id.engine} reconciliation")
    holds = any("Argo CD" in line.via or "Flux" in line.via for line in held)
    actor = account(who) if who else Actor(unit.id.engine, ActorKind.CONTROLLER)
    if who and actor.kind is ActorKind.UNKNOWN:
        actor = actor._replace(kind=ActorKind.PERSON)
    reasons = [f"{words} of {revision[:12] or 'its revision'} succeeded between the drift and the look that missed it"]
    reasons.append(f"{inert(who, 120)} started it" if who else "nobody asked for it: the engine syncs by itself")
    if holds:
        reasons.append("managedFields agree: the engine holds the field since then")
    elif held:
        return None  # Somebody else holds the field.
    through = Actor("", through=unit.id.engine).through
    return Line(
        gone.finding.changes[0].path if gone.finding.changes else "",
        actor._replace(through=through),
        words,
        at,
        0.75 if holds else 0.5,
        Grade.OWNERSHIP if holds else Grade.GUESS,
        (revision,) if revision else (),
        tuple(reasons),
    )


def _by_merge(gone: Gone, inspection: Inspection | None, merges: Merges | None) -> tuple[str, Line] | None:
    paths = {change.path for change in gone.finding.changes}
    for touch in merges.touches if merges is not None else ():
        if touch.paths is None or not paths.intersection(touch.paths):
            continue
        commit = touch.commit
        if commit.time is not None and commit.time > gone.at + LATE:
            continue
        how = "the commit changed this field"
        if touch.how:
            how = f"the commit changed the value {touch.how}; templates were not rendered"
        return "merge", Line(
            touch.paths[0], _author(commit.author), f"merge {commit.pull_request}" if commit.pull_request else "commit",
            commit.time, 0.7 if touch.how else 0.9, Grade.BODY, (commit.sha,), (how,),
        )  # fmt: skip
    stamp = gone.finding.planes.get(Plane.DESIRED)
    before = stamp.revision if stamp is not None else ""
    newest = next(iter(inspection.revisions), None) if inspection is not None else None
    if newest is None or not newest.author or not before or newest.revision in before.split(","):
        return None
    return "merge", Line(
        "", _author(newest.author), "commit", newest.authored_at, 0.5, Grade.GUESS, (newest.revision,),
        ("the compared revision is another one now; which fields it changed was not read",),
    )  # fmt: skip


def _author(name: str) -> Actor:
    """Whoever wrote a commit, by the name that it carries."""
    found = account(name)
    return found if found.kind is not ActorKind.UNKNOWN else found._replace(kind=ActorKind.PERSON)
