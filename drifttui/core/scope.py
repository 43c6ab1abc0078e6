"""What belongs to an export: by incident, by units, by time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from .acts import Acts, LinkRecord, PauseRecord
from .ledger import Event, EventKind


class Scope(NamedTuple):
    """`units` are `str(UnitId)`; None is every unit. Times are inclusive; None is without limit."""

    incident: str = ""
    units: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def has_unit(self, unit: str) -> bool:
        return self.units is None or unit in self.units

    def has_time(self, at: datetime) -> bool:
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


def link_of(acts: Acts, incident: str) -> LinkRecord | None:
    """The link that an incident's name means: its reference, its id, or the last part of its URL."""
    for link in acts.links.values():
        if incident in (link.ref, link.id) or link.ref.rstrip("/").rsplit("/", 1)[-1] == incident:
            return link
    return None


def incident_scope(acts: Acts, incident: str, seen: Iterable[str] = ()) -> Scope:
    """The units that the ledger ties to an incident: covered by its link, paused under it, judged with it.

    `seen` are units with findings in sessions that ran under the incident; they belong to it as well.
    """
    link = link_of(acts, incident)
    names = {incident, link.ref, link.id} if link else {incident}
    units = set(seen) | set(link.units if link else ())
    units |= {pause.unit for pause in acts.pauses.values() if pause.link in names or (link and pause.id in link.pauses)}
    covered = link.findings if link else frozenset()
    units |= {verdict.unit for verdict in acts.verdicts.values() if verdict.finding in covered}
    since = link.opened if link else None
    return Scope(incident, frozenset(units), since, link.closed if link else None)


class Belonging:
    """Which ledger events belong to a scope: those of its units, their plans, their findings and their links."""

    def __init__(self, scope: Scope, acts: Acts) -> None:
        self._scope = scope
        link = link_of(acts, scope.incident) if scope.incident else None
        self._links = {
            held.id
            for held in acts.links.values()
            if scope.units is None or held is link or held.units & scope.units
        }  # fmt: skip
        self._acts: set[str] = set()

    def __call__(self, event: Event) -> bool:
        """To be asked in the order of the ledger."""
        if self._scope.units is None:
            return True
        body = event.body
        match event.kind:
            case EventKind.INTENT:
                mine = self._scope.has_unit(_text(body, "unit"))
                if mine:
                    self._acts.add(_text(body, "act"))
                return mine
            case EventKind.STEP | EventKind.OUTCOME:
                return _text(body, "act") in self._acts
            case EventKind.VERDICT:
                found = body.get("findings")
                named = (
                    [_text(one, "unit") for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
                )
                return any(map(self._scope.has_unit, named))
            case EventKind.LINK:
                return _text(body, "id") in self._links
            case EventKind.COVER:
                return _text(body, "link") in self._links
            case EventKind.CLOSEOUT:
                return _text(body, "incident") == self._scope.incident
            case _:
                return self._scope.has_unit(_text(body, "unit"))

    def unit(self, unit: str) -> bool:
        return self._scope.has_unit(unit)

    def pause(self, pause: PauseRecord) -> bool:
        return self._scope.has_unit(pause.unit)

    def link(self, link: LinkRecord) -> bool:
        return self._scope.units is None or link.id in self._links


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""
