"""What the engine will do once a pause ends: every field that goes back, everything that is deleted or created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from .errors import inert
from .finding import Change, Finding
from .identity import Engine
from .pause_argocd import AUTOMATED
from .planes import ABSENT, UNKNOWN, Json, Mark, Plane
from .pointers import get
from .surroundings import Surroundings
from .sync_windows import window_words
from .unit import Unit

MOST: Final = 200
"""Lines about single fields; what is beyond is counted."""

_LONGEST: Final = 60


def resume_effects(
    around: Surroundings,
    unit: Unit,
    captured: Mapping[str, Json],
    at: datetime,
    findings: Sequence[Finding] | None,
) -> list[str]:
    """`findings` is None where nobody looked: then only what the engine itself calls different is known."""
    document = around.unit.document
    argocd = unit.id.engine == Engine.ARGOCD
    policy = captured.get(AUTOMATED)
    policy = policy if isinstance(policy, dict) else {}
    prunes = policy.get("prune") is True if argocd else get(document, ("spec", "prune")) is True
    lines = [_when(unit, document, policy)]
    lines += _drift(unit, findings, prunes)
    lines += _prunable(document, prunes, findings) if argocd else []
    if argocd:
        windows: list[str] = []
        window_words(around.project, document, at, windows, around.project_problem)
        lines += [line.partition("; the pause")[0] for line in windows]
    return lines


def _when(unit: Unit, document: Any, policy: Mapping[str, Json]) -> str:
    if unit.id.engine != Engine.ARGOCD:
        return _when_flux(unit, document)
    if policy.get("enabled") is False:
        return "automation was off before the pause and stays off"
    if policy.get("selfHeal") is True:
        return "Argo CD undoes live changes at once (self-heal): everything below goes back to what Git says"
    now, last = _revision(document, "sync"), _revision(document, "operationState", "syncResult")
    if now and now != last:
        return f"Argo CD syncs at once, for revision {now[:12]} came meanwhile: everything below goes back"
    return "live changes stay until the next revision; then the whole application is applied, and all of this goes back"


def _when_flux(unit: Unit, document: Any) -> str:
    """A HelmRelease undoes live changes only where drift detection says so."""
    if unit.id.engine == Engine.FLUX_HELMRELEASE and get(document, ("spec", "driftDetection", "mode")) != "enabled":
        return "Flux reconciles at once; live changes stay until the next upgrade, for drift detection is not enabled"
    return "Flux reconciles at once: everything below goes back to what Git says"


def _revision(document: Any, *path: str) -> str:
    place = get(document, ("status", *path))
    if not isinstance(place, dict):
        return ""
    several = place.get("revisions")
    return ",".join(map(str, several)) if isinstance(several, list) and several else str(place.get("revision") or "")


def _drift(unit: Unit, findings: Sequence[Finding] | None, prunes: bool) -> list[str]:
    lines: list[str] = []
    for finding in findings or ():
        lines += _finding(finding, prunes)
    seen = {finding.ref[1:5] for finding in findings or ()}
    lines += [
        f"reverts {inert(ref.short, 120)}: which fields is not known here"
        for ref in unit.out_of_sync
        if ref[1:5] not in seen
    ]
    if not lines:
        return [_nothing(unit, looked=findings is not None)]
    more = len(lines) - MOST
    return [*lines[:MOST], f"and {more} more fields or objects"] if more > 0 else lines


def _nothing(unit: Unit, *, looked: bool) -> str:
    """Unknown is not clean: Argo CD's `Synced` is its word, and Flux names nothing that differs."""
    if looked:
        return "nothing was found to differ when it was last looked at"
    if unit.id.engine == Engine.ARGOCD and unit.sync == "Synced":
        return "Argo CD calls nothing different; nobody looked field by field"
    return "what differs is not known: nobody looked"


def _finding(finding: Finding, prunes: bool) -> list[str]:
    name = inert(finding.ref.short, 120)
    desired, actual = finding.planes.get(Plane.DESIRED), finding.planes.get(Plane.ACTUAL)
    if actual is not None and not actual.present:
        return [f"creates {name}: it is in Git and does not run"]
    if desired is not None and not desired.present:
        return [f"deletes {name}: it is not in Git (prune)" if prunes else f"leaves {name}: not in Git, prune is off"]
    return [f"reverts {name} {inert(change.label, 160)}: {_goes(change)}" for change in finding.changes]


def _goes(change: Change) -> str:
    if change.sensitive:
        return "a secret value changes"
    return f"{_said(change.actual)} → {_said(change.desired)}"


def _said(value: Json | Mark) -> str:
    match value:
        case _ if value is ABSENT:
            return "not there"
        case _ if value is UNKNOWN:
            return "unknown"
        case True | False:
            return str(value).lower()
        case dict():
            return f"an object of {len(value)} fields"
        case list():
            return f"a list of {len(value)}"
        case _:
            return inert(str(value), _LONGEST)


def _prunable(document: Any, prunes: bool, findings: Sequence[Finding] | None) -> list[str]:
    """Resources that Argo CD itself says Git no longer has."""
    told = {(each.ref.group, each.ref.kind, each.ref.namespace, each.ref.name) for each in findings or ()}
    resources = get(document, ("status", "resources"))
    lines = []
    for each in resources if isinstance(resources, list) else ():
        if not isinstance(each, dict) or each.get("requiresPruning") is not True:
            continue
        if tuple(str(each.get(part) or "") for part in ("group", "kind", "namespace", "name")) in told:
            continue
        name = inert(f"{each.get('kind')}/{each.get('name')}", 120)
        lines.append(
            f"deletes {name}: it is not in Git (prune)" if prunes else f"leaves {name}: not in Git, prune is off"
        )
    return lines
