"""What the cluster's components said about some objects lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ...clients.kube import KubeClient
from ...core.errors import inert
from ...core.identity import ResourceRef
from ...core.inspection import Event
from ...core.redact import redact_text
from .discovery import Served
from .reading import escaped, permission
from .wire import EventList, RawEvent, decode

EVENTS = Served("", "v1", "Event", "events", True)
"""`events.k8s.io` serves the same objects; this form is in every version."""

PAGE = 500
PAGES = 6
"""A namespace keeps an hour of events, which in a crash loop is thousands."""

ONE_BY_ONE = 4
"""Up to so many objects are asked for singly; more are picked out of the namespace's list."""

MESSAGE_LIMIT = 1_000


class EventsSeen(NamedTuple):
    events: tuple[Event, ...]
    """Newest first."""
    gap: str = ""
    """One line for what was not read; empty when this is everything."""


async def read_events(
    client: KubeClient, cluster: str, namespace: str, refs: Sequence[ResourceRef], key: bytes
) -> EventsSeen:
    """The events of `refs`, or of the whole namespace where none are given. Those of cluster-scoped objects are kept
    in `default`. Raises `SourceError`."""
    place = namespace or "default"
    path = EVENTS.path(place)
    right = permission("list", EVENTS, place)
    selectors = (
        [f"involvedObject.kind={escaped(ref.kind)},involvedObject.name={escaped(ref.name)}" for ref in refs]
        if 0 < len(refs) <= ONE_BY_ONE
        else [""]
    )
    wanted = {(ref.kind, ref.name, ref.group): ref for ref in refs}
    found: list[Event] = []
    cut = False
    for selector in selectors:
        params = {"limit": str(PAGE)} | ({"fieldSelector": selector} if selector else {})
        for page in range(PAGES):
            answer = decode(await client.get(path, params, permission=right), EventList, path)
            for item in answer.items or ():
                ref = _about(item, cluster)
                if not refs or (ref.kind, ref.name, ref.group) in wanted:
                    found.append(_event(item, ref, key))
            if not answer.metadata.more:
                break
            params["continue"] = answer.metadata.more
            cut = cut or page == PAGES - 1
    found.sort(key=lambda event: event.at or datetime.min.replace(tzinfo=UTC), reverse=True)
    gap = f"{place} has more than {PAGE * PAGES} events; the others were not read" if cut else ""
    return EventsSeen(tuple(found), gap)


def _about(item: RawEvent, cluster: str) -> ResourceRef:
    about = item.involved_object
    version = about.api_version or ""
    group = version.rsplit("/", 1)[0] if "/" in version else ""
    return ResourceRef(cluster, group, about.kind or "", about.namespace or "", about.name or "")


def _event(item: RawEvent, ref: ResourceRef, key: bytes) -> Event:
    last = item.series.last_observed_time if item.series else None
    return Event(
        at=_time(last or item.last_timestamp or item.event_time or item.first_timestamp),
        reason=inert(item.reason or "", 80),
        message=inert(redact_text((item.message or "")[: MESSAGE_LIMIT * 4], key), MESSAGE_LIMIT),
        warning=item.type == "Warning",
        component=inert((item.source.component if item.source else "") or item.reporting_component or "", 80),
        times=(item.series.count if item.series else None) or item.count or 1,
        ref=ref,
    )


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
