"""What Flux itself does not look at: rules of the unit, and annotations on single objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...core.errors import inert
from ...core.identity import ResourceRef
from ...core.inspection import IgnoreRule

_PLAIN = re.compile(r"[\w.-]*")
_EXCLUDED = {
    "kustomize.toolkit.fluxcd.io/reconcile": ("disabled",),
    "kustomize.toolkit.fluxcd.io/ssa": ("ignore", "ifnotpresent"),
    "helm.toolkit.fluxcd.io/driftdetection": ("disabled",),
}
"""In lower case: Flux compares them so. On the declared object or on the one that runs."""


def rules(
    entries: Iterable[Mapping[str, Any]], origin: str, refs: Iterable[ResourceRef]
) -> tuple[tuple[IgnoreRule, ...], tuple[str, ...]]:
    """Entries `{paths, target}` of `spec.ignore` or `spec.driftDetection.ignore`, and a line for each that cannot be
    followed here. Names in a target are regular expressions, matched whole (fluxcd/pkg, `ssa/jsondiff`)."""
    held = tuple(refs)
    found: list[IgnoreRule] = []
    gaps: list[str] = []
    for number, entry in enumerate(entries):
        paths = tuple(str(path) for path in entry.get("paths") or ())
        target = entry.get("target") or {}
        rule = f"flux/{origin}/{number}"
        if target.get("labelSelector") or target.get("annotationSelector"):
            gaps.append(f"{rule} chooses objects by labels or annotations: what it hides is shown here.")
            continue
        values = {part: str(target.get(part) or "") for part in ("group", "kind", "namespace", "name")}
        if all(_PLAIN.fullmatch(value) for value in values.values()):
            found.append(
                IgnoreRule(
                    rule,
                    values["group"] or "*",
                    values["kind"] or "*",
                    values["namespace"],
                    values["name"],
                    json_pointers=paths,
                    origin="unit",
                )
            )
            continue
        try:
            patterns = {part: re.compile(f"^(?:{value})$") for part, value in values.items() if value}
        except re.error:
            gaps.append(f"{rule} has a target that is no pattern: {inert(str(target), 120)}")
            continue
        found += [
            IgnoreRule(rule, ref.group, ref.kind, ref.namespace, ref.name, json_pointers=paths, origin="unit")
            for ref in held
            if all(pattern.match(getattr(ref, part)) for part, pattern in patterns.items())
        ]
    return tuple(found), tuple(gaps)


def excluded(ref: ResourceRef, document: Mapping[str, Any]) -> IgnoreRule | None:
    """The whole object, where its author told Flux to leave it alone."""
    metadata = document.get("metadata") or {}
    for place in ("annotations", "labels"):
        for name, value in (metadata.get(place) or {}).items():
            if str(value).lower() in _EXCLUDED.get(str(name).lower(), ()):
                rule = f"flux/{str(name).rpartition('/')[2]}-{value}"
                return IgnoreRule(
                    rule, ref.group, ref.kind, ref.namespace, ref.name, json_pointers=("",), origin="object"
                )
    return None
