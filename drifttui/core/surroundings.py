"""What stands around one unit, freshly read, and who among it would put the unit's automation back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, NamedTuple

from .pause import Target
from .planes import Document
from .pointers import get

ARGOPROJ: Final = "argoproj.io"
KUSTOMIZE: Final = "kustomize.toolkit.fluxcd.io"
HELM: Final = "helm.toolkit.fluxcd.io"
OPERATOR: Final = "fluxcd.controlplane.io"
RESOURCE_SET: Final = f"resourceset.{OPERATOR}"
"""What a ResourceSet's labels begin with; those of a FluxInstance begin with the group itself."""
TRACKING_ID: Final = "argocd.argoproj.io/tracking-id"

MAX_OWNERS: Final = 8
"""Levels of owners that are walked upward. Real chains have two or three."""


class Key(NamedTuple):
    """One object of the control plane's cluster."""

    group: str
    kind: str
    namespace: str
    name: str

    @property
    def short(self) -> str:
        return f"{self.kind}/{self.name}"


class Held(NamedTuple):
    """One object as it was just read, and whether this identity may write it."""

    target: Target
    document: Document
    may: bool | None
    """None: nobody could tell."""
    needs: str
    """The permission in the words of the system that is asked."""

    @property
    def key(self) -> Key:
        return Key(self.target.group, self.target.kind, self.target.namespace, self.target.name)

    @property
    def uid(self) -> str:
        return str(get(self.document, ("metadata", "uid")) or "")


class Unread(NamedTuple):
    """An owner that could not be read. `gone` where the server says that there is none of that name."""

    key: Key
    problem: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Tracking:
    """How Argo CD knows its children: `argocd.argoproj.io/tracking-id`, or also a label."""

    label: str = ""
    """Empty where labels do not count."""
    home: str = "argocd"
    """The namespace of the controller; an instance name without a namespace lives there."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything that a plan is made from. Reading it is `services.reach`'s work."""

    unit: Held
    owners: Mapping[Key, Held | Unread] = field(default_factory=dict)
    """Whatever was met on the way up, by key."""
    tracking: Tracking = Tracking()
    enabled_known: bool | None = None
    """Whether the server knows `automated.enabled`; None where nobody could tell."""
    enabled_proof: str = ""
    """How that is known: `Argo CD v3.5.3`, `the schema of applications.argoproj.io`."""
    may_stop: bool | None = None
    stop_needs: str = ""
    project: Document | None = None
    """The AppProject."""
    project_problem: str = ""
    parameters: Mapping[str, str] | None = None
    """`argocd-cmd-params-cm`; None where it could not be read."""
    dependents: tuple[Document, ...] = ()
    """Flux: objects of the cluster that may depend on the unit."""
    resync: timedelta | None = None
    """How often the owners look again by themselves, where that is known."""
    unknown: tuple[str, ...] = ()
    """What else could not be read, in a line each."""

    def owner(self, key: Key) -> Held | Unread:
        return self.owners.get(key) or Unread(key, "it was not read")


def owners_of(document: Any, tracking: Tracking) -> tuple[Key, ...]:
    """The objects that would rewrite this one, by what it says itself.

    An owner reference, Argo CD's tracking id or label, Flux's labels. A tracking id counts only where it names the
    object that carries it: copied manifests carry a wrong one. What names itself (Flux's own `flux-system`) owns
    itself and is left out.
    """
    document = document if isinstance(document, dict) else {}
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    namespace, name = str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
    group = str(document.get("apiVersion") or "").rpartition("/")[0]
    me = Key(group, str(document.get("kind") or ""), namespace, name)
    labels, annotations = _texts(metadata.get("labels")), _texts(metadata.get("annotations"))
    references = metadata.get("ownerReferences")
    found = [
        Key(ARGOPROJ, "ApplicationSet", namespace, str(reference.get("name") or ""))
        for reference in (references if isinstance(references, list) else ())
        if isinstance(reference, dict) and reference.get("kind") == "ApplicationSet"
    ]
    parent, _, own = annotations.get(TRACKING_ID, "").partition(":")
    if not (parent and own == f"{me.group}/{me.kind}:{namespace}/{name}"):
        parent = labels.get(tracking.label, "") if tracking.label else ""
    if parent:
        where, _, called = parent.rpartition("_")
        found.append(Key(ARGOPROJ, "Application", where or tracking.home, called))
    for flux, above, kind in _FLUX:
        if called := labels.get(f"{flux}/name", ""):
            found.append(Key(above, kind, labels.get(f"{flux}/namespace", namespace), called))
    return tuple(dict.fromkeys(key for key in found if key.name and key != me))


_FLUX: Final = (
    (KUSTOMIZE, KUSTOMIZE, "Kustomization"),
    (HELM, HELM, "HelmRelease"),
    (RESOURCE_SET, OPERATOR, "ResourceSet"),
    (OPERATOR, OPERATOR, "FluxInstance"),
)
"""Prefix of the labels, group and kind of what writes them."""


def _texts(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: text for key, text in value.items() if isinstance(key, str) and isinstance(text, str)}
