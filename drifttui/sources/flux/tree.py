"""What a unit hangs on and what hangs on it: its source, what it waits for, what it applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...core.errors import inert
from ...core.identity import ResourceRef
from ...core.inspection import Node
from .follow import Key
from .kinds import BY_KIND
from .units import source_of, upstream
from .wire import FluxObject, moment, span


def tree(
    found: FluxObject,
    kind: str,
    cluster: str,
    known: Mapping[Key, FluxObject],
    applied: Sequence[ResourceRef],
    clean: Callable[[str], str],
) -> tuple[Node, ...]:
    """Parents first: source of the source, source, units it depends on, the unit itself, its objects."""
    nodes: list[Node] = []
    own = _ref(kind, found.metadata.namespace, found.metadata.name, cluster)
    above: list[ResourceRef] = []
    reference = source_of(found, kind)
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
        namespace = one.namespace or found.metadata.namespace
        ref = _ref(kind, namespace, one.name, cluster)
        nodes.append(_node(ref, known.get((kind, namespace, one.name)), (), clean, waited=True))
        above.append(ref)
    nodes.append(_node(own, found, tuple(above), clean))
    nodes += [Node(ref, parents=(own,)) for ref in applied]
    return tuple(nodes)


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
    info: list[tuple[str, str]] = [("Depends on", "this comes first")] if waited else []
    if found.spec.suspend:
        info.append(("Suspended", "yes"))
    if found.status.artifact is not None:
        info.append(("Revision", inert(found.status.artifact.revision, 120)))
        if found.status.artifact.last_update_time:
            info.append(("Fetched", inert(found.status.artifact.last_update_time, 40)))
    if every := span(found.spec.interval):
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
