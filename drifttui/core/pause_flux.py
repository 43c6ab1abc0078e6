"""Flux: a Kustomization or HelmRelease is paused by `spec.suspend`, which somebody may have set to false on purpose:
absent and false are told apart and come back as they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .json_patch import applied
from .pause_argocd import back
from .pause_draft import Draft, combined
from .pause_note import NOTE_POINTER, spelled
from .planes import Document, Json
from .pointers import get, parse
from .surroundings import Held

SUSPEND: Final = "/spec/suspend"


def is_suspended(document: Any) -> bool:
    return get(document, ("spec", "suspend")) is True


def flux_stands(document: Any) -> list[str]:
    """How reconciliation stands now, a line each."""
    interval = get(document, ("spec", "interval"))
    every = f", every {interval}" if isinstance(interval, str) else ""
    if is_suspended(document):
        return ["reconciliation is suspended: spec.suspend is true"]
    prune = ", prunes" if get(document, ("spec", "prune")) is True else ""
    return [f"reconciliation is on{every}{prune}"]


def suspend(held: Held, *, note: str | None, extra: Mapping[str, Json]) -> Draft:
    """The write that suspends, with the annotation and the fields of `extra` in the same patch."""
    fields: dict[str, Json] = {SUSPEND: True, **extra} | ({} if note is None else {NOTE_POINTER: note})
    document = held.document
    captured = {pointer: spelled(get(document, parse(pointer))) for pointer in fields}
    patch = combined(held, document, fields)
    before = captured[SUSPEND]
    was = "not set" if before == {"absent": True} else str(before).lower()
    more = "".join(f", {parse(pointer)[-1]}: {value}" for pointer, value in extra.items())
    return Draft(
        target=held.target,
        words=f"spec.suspend  {was} → true{more}",
        patch=patch,
        undo=back(held, applied(document, patch), captured),
        uid=held.uid,
        captured=captured,
        needs=held.needs,
    )


def flux_effects(document: Any, others: Sequence[Document]) -> list[str]:
    """What follows, with the objects that name this one in their `spec.dependsOn`."""
    kind = str(get(document, ("kind",)) or "unit")
    found = [f"Flux stops reconciling the whole {kind}: merged changes are not deployed while it lasts"]
    if kind == "Kustomization":
        found.append("live changes are no longer undone")
        if get(document, ("spec", "prune")) is True:
            found.append("what Git removes is no longer deleted")
    elif get(document, ("spec", "driftDetection", "mode")) == "enabled":
        found.append("live changes are no longer undone")
    waiting = dependents(document, others)
    if waiting:
        found.append(
            f"{', '.join(waiting)} depends on it: from the next revision of a source that both share it waits, and is"
            " not deployed either"
            if len(waiting) == 1
            else f"{', '.join(waiting)} depend on it: from the next revision of a source that they share with it they"
            " wait, and are not deployed either"
        )
    found.append("a reconciliation that is running goes on to its end")
    return found


def dependents(document: Any, others: Sequence[Document]) -> list[str]:
    """`Kustomization/apps`, of the same kind as the unit: Flux resolves `dependsOn` within one kind."""
    me = (get(document, ("metadata", "namespace")), get(document, ("metadata", "name")))
    found = []
    for other in others:
        if get(other, ("kind",)) != get(document, ("kind",)):
            continue
        home = get(other, ("metadata", "namespace"))
        needed = get(other, ("spec", "dependsOn"))
        for each in needed if isinstance(needed, list) else ():
            if isinstance(each, dict) and (each.get("namespace") or home, each.get("name")) == me:
                found.append(f"{other.get('kind')}/{get(other, ('metadata', 'name'))}")
                break
    return sorted(found)
