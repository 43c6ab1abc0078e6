"""Tree, events and sync windows of one application in the words of the core."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...core.identity import ResourceRef
from ...core.inspection import Event, Node, SyncWindow
from .wire import moment
from .wire_detail import EventList, KubernetesEvent, Tree, TreeNode, TreeRef, Windows

Clean = Callable[[str], str]
"""Redacts and makes inert."""


def nodes(tree: Tree, cluster: str, clean: Clean) -> Iterator[Node]:
    for orphan, found in ((False, tree.nodes), (True, tree.orphaned_nodes)):
        for node in found or ():
            yield Node(
                ref=_ref(node, cluster),
                parents=tuple(_ref(parent, cluster) for parent in node.parent_refs or ()),
                health=node.health.status if node.health else "",
                health_message=clean(node.health.message) if node.health else "",
                created_at=moment(node.created_at),
                images=tuple(node.images or ()),
                orphan=orphan,
                info=tuple((info.name, clean(info.value)) for info in node.info or ()),
            )


def events(found: EventList, cluster: str, clean: Clean) -> tuple[Event, ...]:
    """Newest first."""
    told = [_event(event, cluster, clean) for event in found.items or ()]
    return tuple(sorted(told, key=lambda event: event.at.timestamp() if event.at else 0.0, reverse=True))


def windows(found: Windows) -> Iterator[SyncWindow]:
    """Argo CD's answer has no time zone; where its project has one, `schedule` is in that."""
    active = {(w.kind, w.schedule, w.duration) for w in found.active_windows or ()}
    for window in found.assigned_windows or ():
        yield SyncWindow(
            kind=window.kind,
            schedule=window.schedule,
            duration=window.duration,
            active=(window.kind, window.schedule, window.duration) in active,
            manual_sync=window.manual_sync,
            timezone=window.time_zone,
        )


def _event(event: KubernetesEvent, cluster: str, clean: Clean) -> Event:
    series = event.series
    last = (series.last_observed_time if series else None) or event.last_timestamp
    about = event.involved_object
    group = about.api_version.rpartition("/")[0]
    return Event(
        at=moment(last or event.event_time or event.first_timestamp),
        reason=clean(event.reason),
        message=clean(event.message),
        warning=event.type == "Warning",
        component=clean(event.source.component or event.reporting_component),
        times=max(1, series.count if series else event.count),
        ref=ResourceRef(cluster, group, about.kind, about.namespace, about.name) if about.kind else None,
    )


def _ref(node: TreeNode | TreeRef, cluster: str) -> ResourceRef:
    return ResourceRef(cluster, node.group, node.kind, node.namespace, node.name)
