"""Flux: a Kustomization or HelmRelease is paused by `spec.suspend`, which somebody may have set to false on purpose:
absent and false are told apart and come back as they were. What flux-operator reconciles (ResourceSet, FluxInstance)
has no such field: an annotation disables it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .json_patch import applied
from .pause_argocd import back
from .pause_draft import Draft, combined
from .pause_note import NOTE_POINTER, spelled
from .planes import Document, Json
from .pointers import get, parse
from .surroundings import OPERATOR, Held

SUSPEND: Final = "/spec/suspend"
DISABLE: Final = "/metadata/annotations/fluxcd.controlplane.io~1reconcile"
_EVERY: Final = "/metadata/annotations/fluxcd.controlplane.io~1reconcileEvery"
_USUAL: Final = "60m"
"""How often flux-operator reconciles where no annotation says otherwise."""


def operated(document: Any) -> bool:
    """Whether flux-operator reconciles it."""
    return str(get(document, ("apiVersion",))).startswith(f"{OPERATOR}/")


def lever_of(document: Any) -> tuple[str, Json]:
    """The field that suspends it, and the value that does."""
    return (DISABLE, "disabled") if operated(document) else (SUSPEND, True)


def is_suspended(document: Any) -> bool:
    if not operated(document):
        return get(document, ("spec", "suspend")) is True
    value = get(document, parse(DISABLE))
    return isinstance(value, str) and value.lower() == "disabled"


def flux_stands(document: Any) -> list[str]:
    """How reconciliation stands now, a line each."""
    if is_suspended(document):
        return [f"reconciliation is suspended: {called(document)} is {'disabled' if operated(document) else 'true'}"]
    interval = get(document, parse(_EVERY) if operated(document) else ("spec", "interval"))
    if operated(document) and not isinstance(interval, str):
        interval = _USUAL
    every = f", every {interval}" if isinstance(interval, str) else ""
    prune = ", prunes" if operated(document) or get(document, ("spec", "prune")) is True else ""
    return [f"reconciliation is on{every}{prune}"]


def called(document: Any) -> str:
    """The field that suspends it, as a person says it."""
    return parse(DISABLE)[-1] if operated(document) else "spec.suspend"


def suspend(held: Held, *, note: str | None, extra: Mapping[str, Json]) -> Draft:
    """The write that suspends, with the annotation and the fields of `extra` in the same patch."""
    document = held.document
    lever, off = lever_of(document)
    fields: dict[str, Json] = {lever: off, **extra} | ({} if note is None else {NOTE_POINTER: note})
    captured = {pointer: spelled(get(document, parse(pointer))) for pointer in fields}
    patch = combined(held, document, fields)
    was = said_before(captured[lever])
    more = "".join(f", {parse(pointer)[-1]}: {value}" for pointer, value in extra.items())
    return Draft(
        target=held.target,
        words=f"{called(document)}  {was} → {str(off).lower()}{more}",
        patch=patch,
        undo=back(held, applied(document, patch), captured),
        uid=held.uid,
        captured=captured,
        needs=held.needs,
    )


def said_before(captured: Json) -> str:
    """What the lever was: `not set`, `false`."""
    return "not set" if captured == {"absent": True} else str(captured).lower()


def flux_effects(document: Any, others: Sequence[Document]) -> list[str]:
    """What follows, with the objects that name this one in their `spec.dependsOn`."""
    kind = str(get(document, ("kind",)) or "unit")
    found = [f"Flux stops reconciling the whole {kind}: merged changes are not deployed while it lasts"]
    if kind == "Kustomization":
        found.append("live changes are no longer undone")
        if get(document, ("spec", "prune")) is True:
            found.append("what Git removes is no longer deleted")
    elif operated(document):
        found += ["live changes are no longer undone", "what it no longer declares is no longer deleted"]
    elif get(document, ("spec", "driftDetection", "mode")) == "enabled":
        found.append("live changes are no longer undone")
    waiting = [] if operated(document) else dependents(document, others)
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
