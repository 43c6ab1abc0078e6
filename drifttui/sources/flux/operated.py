"""What flux-operator reconciles (fluxcd.controlplane.io/v1, `api/v1` of its repository): annotations say how often and
whether at all, and a ResourceSet may take its inputs from other objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from .follow import Key
from .kinds import FLUX_INSTANCE, INPUT_PROVIDER, OPERATED, RESOURCE_SET
from .wire import FluxObject, Reference, Selector, span

RECONCILE: Final = "fluxcd.controlplane.io/reconcile"
EVERY: Final = "fluxcd.controlplane.io/reconcileEvery"
_USUAL: Final = {
    RESOURCE_SET.kind: timedelta(hours=1),
    FLUX_INSTANCE.kind: timedelta(hours=1),
    INPUT_PROVIDER.kind: timedelta(minutes=10),
}


def is_suspended(found: FluxObject, kind: str) -> bool:
    if kind not in OPERATED:
        return found.spec.suspend
    return (found.metadata.annotations or {}).get(RECONCILE, "").lower() == "disabled"


def every(found: FluxObject, kind: str) -> timedelta | None:
    """How often it is reconciled, as it says or as is usual; None where nobody can tell."""
    if kind not in OPERATED:
        return span(found.spec.interval)
    said = (found.metadata.annotations or {}).get(EVERY)
    return (span(said) if said else None) or _USUAL.get(kind)


def providers(found: FluxObject, known: Mapping[Key, FluxObject]) -> tuple[Reference, ...]:
    """Where a ResourceSet takes inputs from, in the order in which flux-operator combines them; by a selector those
    that are known."""
    home = found.metadata.namespace
    named: set[str] = set()
    for one in found.spec.inputs_from or ():
        if one.name:
            named.add(one.name)
        elif one.selector is not None:
            named.update(_selected(one.selector, home, known))
    return tuple(Reference(INPUT_PROVIDER.kind, name, home) for name in sorted(named))


def _selected(selector: Selector, home: str, known: Mapping[Key, FluxObject]) -> Iterator[str]:
    for (kind, namespace, name), one in known.items():
        if kind == INPUT_PROVIDER.kind and namespace == home and selects(selector, one.metadata.labels or {}):
            yield name


def selects(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Kubernetes' label selectors; an operator that is not known selects nothing."""
    if any(labels.get(name) != value for name, value in (selector.match_labels or {}).items()):
        return False
    return all(_holds(each, labels) for each in selector.match_expressions or ())


def _holds(expression: Mapping[str, object], labels: Mapping[str, str]) -> bool:
    key, values = str(expression.get("key")), expression.get("values")
    within = isinstance(values, list) and labels.get(key) in values
    match expression.get("operator"):
        case "In":
            return key in labels and within
        case "NotIn":
            return not (key in labels and within)
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def distribution_of(found: FluxObject) -> str:
    """What a FluxInstance installs from: its artifact, else its registry."""
    told = found.spec.distribution or {}
    return str(told.get("artifact") or told.get("registry") or "")
