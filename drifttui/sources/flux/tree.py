"""What a unit hangs on and what hangs on it: its source, what it waits for, what it applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...core.errors import inert
from ...core.identity import ResourceRef
from ...core.inspection import Node
from . import operated
from .follow import Key
from .kinds import BY_KIND, FLUX_INSTANCE, FLUX_REPORT, OPERATED
from .units import leans_on, upstream
from .wire import FluxObject, Reference, moment

_WAITED = (("Depends on", "this comes first"),)


def tree(
    found: FluxObject,
    kind: str,
    cluster: str,
    known: Mapping[Key, FluxObject],
    applied: Sequence[ResourceRef],
    clean: Callable[[str], str],
) -> tuple[Node, ...]:
    """Parents first: source of the source, source or providers of inputs, what it depends on, the unit itself, its
    objects, and what Flux reports of an instance."""
    nodes: list[Node] = []
    own = _ref(kind, found.metadata.namespace, found.metadata.name, cluster)
    above: list[ResourceRef] = []
    for leaning in leans_on(found, kind, known):
        reference: Reference | None = leaning
        chain: list[Key] = []
        while reference is not None and (reference.kind, reference.namespace, reference.name) not in chain:
            chain.append((reference.kind, reference.namespace, reference.name))
            reference = upstream(known.get(chain[-1]), reference.kind)
        parent: tuple[ResourceRef, ...] = ()
        for key in reversed(chain):
            ref = _ref(*key, cluster)
            nodes.append(_node(ref, known.get(key), parent, clean))
            parent = (ref,)
        above += parent
    for one in found.spec.depends_on or ():
        ref = _waited(one, found, kind, cluster)
        held = known.get((ref.kind, ref.namespace, ref.name))
        # Of what is not of Flux nothing is known here, so nothing is said of how it is.
        known_kind = ref.kind in BY_KIND
        nodes.append(_node(ref, held, (), clean, waited=True) if known_kind else Node(ref, info=_WAITED))
        above.append(ref)
    nodes.append(_node(own, found, tuple(above), clean))
    nodes += [Node(ref, parents=(own,)) for ref in applied]
    if kind == FLUX_INSTANCE.kind:
        nodes += [
            _node(_ref(*key, cluster), report, (own,), clean)
            for key, report in known.items()
            if key[:2] == (FLUX_REPORT.kind, found.metadata.namespace)
        ]
    return tuple(nodes)


def _waited(one: Reference, found: FluxObject, kind: str, cluster: str) -> ResourceRef:
    """A Kustomization or HelmRelease waits for its own kind, a ResourceSet for any object of the cluster."""
    if kind not in OPERATED:
        return _ref(kind, one.namespace or found.metadata.namespace, one.name, cluster)
    group = one.api_version.rpartition("/")[0]
    return ResourceRef(cluster, inert(group, 120), inert(one.kind, 80), inert(one.namespace, 80), inert(one.name, 260))


def _node(
    ref: ResourceRef,
    found: FluxObject | None,
    parents: tuple[ResourceRef, ...],
    clean: Callable[[str], str],
    *,
    waited: bool = False,
) -> Node:
    if found is None:
        return Node(ref, parents=parents, health="Unknown", health_message="it could not be read, or is not there")
    ready = found.condition("Ready")
    word = "Unknown" if ready is None else {"True": "Healthy", "False": "Degraded"}.get(ready.status, "Progressing")
    info: list[tuple[str, str]] = [*_WAITED] if waited else []
    if operated.is_suspended(found, ref.kind):
        info.append(("Suspended", "yes"))
    if found.status.artifact is not None:
        info.append(("Revision", inert(found.status.artifact.revision, 120)))
        if found.status.artifact.last_update_time:
            info.append(("Fetched", inert(found.status.artifact.last_update_time, 40)))
    if ref.kind == FLUX_REPORT.kind:
        told = found.spec.distribution or {}
        info += [
            (name.title(), inert(str(told[name]), 120))
            for name in ("version", "status", "entitlement")
            if told.get(name)
        ]
    if every := operated.every(found, ref.kind):
        info.append(("Interval", f"{every.total_seconds():g} s"))
    return Node(
        ref,
        parents=parents,
        health=word,
        health_message=inert(clean(ready.message), 400) if ready is not None and ready.status != "True" else "",
        created_at=moment(found.metadata.creation_timestamp),
        info=tuple(info),
    )


def _ref(kind: str, namespace: str, name: str, cluster: str) -> ResourceRef:
    known = BY_KIND.get(kind)
    return ResourceRef(cluster, known.group if known else "", kind, namespace, name)
