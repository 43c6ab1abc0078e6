"""Closes an incident out: what became of each finding, by the record, and what an operator decided about the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from drifttui.core.acts import Acts
from drifttui.core.audit import moment
from drifttui.core.closeout import Closeout, How, Seen, Settled, body_of, checklist, decided, what_moved
from drifttui.core.errors import InputError, inert
from drifttui.core.inspection import Inspection
from drifttui.core.ledger import Event, EventKind
from drifttui.core.proposal import requested
from drifttui.core.scope import Scope
from drifttui.store.ledger import Ledger

from .evidence import Material
from .evidence_lines import resource_words, told_undone


def seen_in(material: Material, scope: Scope) -> tuple[Seen, ...]:
    """Every finding of the record in the scope, as it stood last."""
    history = _History(scope)
    for at, record in material.records(lambda _: None):
        if not scope.has_time(at):
            continue
        if record.batch is not None and record.batch.inspection is not None:
            history.inspected(record.batch.inspection)
        elif record.look is not None:
            history.look(record.look, at)
    return tuple(history.seen.values())


class _History:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.seen: dict[str, Seen] = {}
        self._bodies: dict[str, Mapping[str, Any]] = {}
        self._open: dict[str, set[str]] = {}
        self._inspected: dict[str, Inspection] = {}

    def inspected(self, inspection: Inspection) -> None:
        if self._scope.has_unit(str(inspection.unit)):
            self._inspected[str(inspection.unit)] = inspection

    def look(self, body: Mapping[str, Any], at: datetime) -> None:
        unit = str(body.get("unit"))
        if not self._scope.has_unit(unit):
            return
        if body.get("looked") != "read":
            for key in self._open.get(unit, ()):
                self.seen[key] = self.seen[key]._replace(unread=str(body.get("error") or "the look failed"))
            return
        now: set[str] = set()
        for finding in body.get("findings") or ():
            key = str(finding["id"])
            now.add(key)
            began = moment(finding.get("first_seen")) or at
            known = self.seen.get(key)
            first = known.first_seen if known else began
            words = str(finding.get("summary") or "differs")
            self.seen[key] = Seen(key, unit, resource_words(finding), words, first, at)
            self._bodies[key] = finding
        for key in self._open.get(unit, set()) - now:
            self.seen[key] = self.seen[key]._replace(gone=at, how=self._how(key, unit), unread="")
        self._open[unit] = now
        for one in told_undone(body):
            key = str(one.get("finding"))
            if key in self.seen and self.seen[key].gone is not None:
                self.seen[key] = self.seen[key]._replace(undone=str(one.get("words") or ""))

    def _how(self, key: str, unit: str) -> How:
        return what_moved(self._bodies[key], self._inspected.get(unit))


def review(
    incident: str, scope: Scope, material: Material, events: Sequence[Event], acts: Acts, now: datetime
) -> Closeout:  # fmt: skip
    found = checklist(incident, scope, acts, seen_in(material, scope), decided(events, incident), now)
    asked = requested(events, incident)
    return found._replace(
        items=tuple(item._replace(request=inert(asked.get(item.id, ""), 400)) for item in found.items)
    )  # fmt: skip


def settle(
    ledger: Ledger,
    incident: str,
    seen: Iterable[Seen],
    findings: Sequence[str],
    how: How,
    *,
    owner: str,
    now: datetime,
    expires: datetime | None = None,
    note: str = "",
) -> None:
    """Records that findings are accepted, or handed over. Raises `InputError` where something of it is missing."""
    if not owner.strip():
        raise InputError("Nobody is named", "", "Give --owner: who answers for it from now on.")
    if how is How.ACCEPTED and expires is None:
        raise InputError("An acceptance needs an end", "", "Give --expires, such as 30d.")
    known = {one.id: one for one in seen}
    entries = []
    for key in findings:
        matching = [one for one in known.values() if one.id == key or one.id.startswith(key)]
        if len(matching) != 1:
            why = "no finding of this incident" if not matching else "more than one begins so"
            raise InputError(f"{inert(key, 40)}: {why}", "", "`drifttui closeout --incident …` lists them.")
        settled = Settled(how, inert(owner, 120), expires, inert(note, 500), ledger.actor, now)
        entries.append((EventKind.CLOSEOUT, body_of(incident, matching[0], settled)))
    ledger.append_all(entries)


def record_done(ledger: Ledger, found: Closeout) -> None:
    """The checklist as it stood when the incident was closed out."""
    items = [item._asdict() for item in found.items]
    text = f"{len(items)} items, nothing blocks"
    ledger.append(EventKind.CLOSEOUT, {"incident": found.incident, "done": True, "text": text, "items": items})
