"""Change links: what is under an incident or emergency change, and what its tracker says about it.

A link is a record in the ledger and works without any tracker. Where one is configured, title, state and times come
from it; what could not be read is said in the record's `problem`, and what was read before stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from drifttui.core.acts import Acts, LinkRecord
from drifttui.core.errors import InputError, SourceError, inert
from drifttui.core.ledger import EventKind, stamp
from drifttui.core.link_refs import LinkRef, Tracker, read_ref
from drifttui.core.link_standing import LinkStanding, link_by_ref, ref_of, standing
from drifttui.core.ports import Clock
from drifttui.core.tracker import Resolved, Resolvers
from drifttui.store.ledger import Ledger

KINDS: Final = ("incident", "change")

ASK_AGAIN: Final = timedelta(minutes=3)
"""A record is read at its tracker at most this often, whether the last time went well or not."""

NOTE_AGAIN: Final = timedelta(minutes=30)
"""That nothing has changed is journalled this often: half of the time for which it is believed."""

WORDS: Final = 500
NAME: Final = 120

Entry = tuple[EventKind, Mapping[str, Any]]


async def make_link(
    ledger: Ledger,
    ref: str,
    kind: str = "",
    *,
    clock: Clock,
    opened: datetime | None = None,
    expires: datetime | None = None,
    approver: str = "",
    note: str = "",
    units: Iterable[str] = (),
    findings: Iterable[str] = (),
    pauses: Iterable[str] = (),
    resolvers: Resolvers | None = None,
) -> LinkRecord:
    """The record of `ref`, made or changed, with what it covers added. `units` are `str(UnitId)`.

    What is not given stays as it was. A tracker's word counts over the operator's for opening and approval; of two
    ends the earlier one counts. Raises `InputError` for a reference that is none and `LedgerError`.
    """
    named = read_ref(ref)
    if kind and kind not in KINDS:
        raise InputError(f"{inert(kind, 40)} is no kind of link", "", "One of incident, change.")
    acts = await asyncio.to_thread(ledger.acts)
    held = link_by_ref(named.text, acts)
    record = held or LinkRecord(named.id, named.text, kind or named.kind, clock(), ledger.actor)
    record = replace(
        record,
        # An address says more than the bare id of the same record.
        ref=named.text if named.url or not record.url else record.ref,
        kind=kind or record.kind,
        opened=opened or record.opened,
        expires=expires or (record.expires if held is None or not _over(record, clock()) else None),
        approver=inert(approver, NAME) or record.approver,
        note=inert(note, WORDS) or record.note,
    )
    record = await read_record(record, resolvers or {}, clock, kind_given=bool(kind or held))
    entries: list[Entry] = []
    if held is None or _body(held) != _body(record):
        entries.append((EventKind.LINK, _body(record)))
    entries += covering(record, units, findings, pauses)
    await asyncio.to_thread(ledger.append_all, entries)
    return (await asyncio.to_thread(ledger.acts)).links[record.id]


def _over(record: LinkRecord, now: datetime) -> bool:
    """Linked again, an end that has passed does not stay: whoever links it means it to stand."""
    return record.expires is not None and record.expires <= now


async def link_to_incident(
    ledger: Ledger,
    incident: str,
    *,
    clock: Clock,
    units: Iterable[str] = (),
    findings: Iterable[str] = (),
    pauses: Iterable[str] = (),
    resolvers: Resolvers | None = None,
) -> LinkRecord | None:
    """What was just done, under the session's incident; None where none is set. Its tracker is asked only where the
    ledger does not know it yet. Raises `LedgerError`."""
    if not incident:
        return None
    acts = await asyncio.to_thread(ledger.acts)
    held = link_by_ref(incident, acts)
    if held is None:
        return await make_link(
            ledger, incident, clock=clock, units=units, findings=findings, pauses=pauses, resolvers=resolvers
        )
    await asyncio.to_thread(ledger.append_all, covering(held, units, findings, pauses))
    return (await asyncio.to_thread(ledger.acts)).links[held.id]


async def take_out(
    ledger: Ledger,
    ref: str,
    *,
    units: Iterable[str] = (),
    findings: Iterable[str] = (),
    pauses: Iterable[str] = (),
) -> LinkRecord:
    """Take these out from under a link; everything where none are named. The record itself stays in the ledger.

    Raises `InputError` where the ledger has no such link, and `LedgerError`.
    """
    acts = await asyncio.to_thread(ledger.acts)
    held = link_by_ref(ref, acts)
    if held is None:
        raise InputError(f"No link {read_ref(ref).display}", ledger.where, "`drifttui link --list` shows them.")
    chosen = [frozenset(units), frozenset(findings), frozenset(pauses)]
    if not any(chosen):
        chosen = [held.units, held.findings, held.pauses]
    gone = [names & covered for names, covered in zip(chosen, (held.units, held.findings, held.pauses), strict=True)]
    if any(gone):
        await asyncio.to_thread(ledger.append, EventKind.COVER, _cover(held, gone, remove=True))
    return (await asyncio.to_thread(ledger.acts)).links[held.id]


def covering(
    record: LinkRecord, units: Iterable[str] = (), findings: Iterable[str] = (), pauses: Iterable[str] = ()
) -> list[Entry]:  # fmt: skip
    """The event that puts what is not covered yet under a link; none where nothing is new."""
    new = [frozenset(units) - record.units, frozenset(findings) - record.findings, frozenset(pauses) - record.pauses]
    return [(EventKind.COVER, _cover(record, new))] if any(new) else []


def _cover(record: LinkRecord, names: list[frozenset[str]], *, remove: bool = False) -> dict[str, Any]:
    units, findings, pauses = (sorted(each) for each in names)
    return {"link": record.id, "units": units, "findings": findings, "pauses": pauses, "remove": remove}


async def read_record(
    record: LinkRecord, resolvers: Resolvers, clock: Clock, *, kind_given: bool = True
) -> LinkRecord:  # fmt: skip
    """`record` as its tracker has it now. Raises nothing: what went wrong is its `problem`."""
    named = ref_of(record.ref) or LinkRef(Tracker.OTHER, record.ref)
    resolver = resolvers.get(named.tracker)
    if resolver is None:
        return replace(record, url=record.url or _web(named), problem=_unread(named))
    try:
        found = await resolver.resolve(named)
    except SourceError as error:
        return replace(record, url=record.url or _web(named), problem=error.one_line())
    return _with(record, found, clock(), kind_given)


def _unread(named: LinkRef) -> str:
    if named.tracker is Tracker.OTHER:
        return ""
    variable = {Tracker.GITHUB: "GITHUB_TOKEN"}.get(named.tracker, f"{named.tracker.upper()}_TOKEN")
    return f"No {variable}, and no [trackers.{named.tracker}] in the settings: its title and state are not read."


def _web(named: LinkRef) -> str:
    return named.url if named.url.startswith(("http://", "https://")) else ""


def _with(record: LinkRecord, found: Resolved, now: datetime, kind_given: bool) -> LinkRecord:
    closed = record.closed
    if found.open is True:
        closed = None
    elif found.open is False:
        closed = found.closed or closed or now
    ends = [end for end in (record.expires, found.expires) if end is not None]
    return replace(
        record,
        kind=record.kind if kind_given else found.kind or record.kind,
        title=found.title,
        state=found.state,
        opened=found.opened or record.opened,
        closed=closed,
        expires=min(ends) if ends else None,
        approver=found.approver or record.approver,
        url=found.url or record.url,
        checked_at=now,
        problem=found.problem,
    )


def _body(record: LinkRecord) -> dict[str, Any]:
    def at(moment: datetime | None) -> str | None:
        return stamp(moment) if moment is not None else None

    return {
        "id": record.id,
        "ref": record.ref,
        "kind": record.kind,
        "title": record.title,
        "state": record.state,
        "opened": at(record.opened),
        "closed": at(record.closed),
        "expires": at(record.expires),
        "approver": record.approver,
        "note": record.note,
        "url": record.url,
        "checked_at": at(record.checked_at),
        "problem": inert(record.problem, WORDS),
    }


class Rereading:
    """Keeps links that stand as their trackers have them. One per session; call it as often as you like."""

    def __init__(self, ledger: Ledger, resolvers: Resolvers, clock: Clock, *, every: timedelta = ASK_AGAIN) -> None:
        self._ledger, self._resolvers, self._clock, self._every = ledger, resolvers, clock, every
        self._asked: dict[str, datetime] = {}

    async def __call__(self, incident: str = "", *, now: bool = False) -> tuple[str, ...]:
        """Ids of links that changed, and were journalled. Asks the trackers of links that stand, cover something or are
        the session's incident, and were not asked for `every`; `now` does not wait. Raises `LedgerError`."""
        acts = await asyncio.to_thread(self._ledger.acts)
        due = [link for link in self._standing(acts, incident) if now or self._due(link)]
        for link in due:
            self._asked[link.id] = self._clock()
        read = await asyncio.gather(*(read_record(link, self._resolvers, self._clock) for link in due))
        news = [new for old, new in zip(due, read, strict=True) if self._is_news(old, new)]
        await asyncio.to_thread(self._ledger.append_all, [(EventKind.LINK, _body(link)) for link in news])
        return tuple(link.id for link in news)

    def _standing(self, acts: Acts, incident: str) -> list[LinkRecord]:
        session = link_by_ref(incident, acts)
        ended = (LinkStanding.CLOSED, LinkStanding.EXPIRED)
        return [
            link
            for link in acts.links.values()
            if (link.units or link.findings or link.pauses or link is session)
            and standing(link, self._clock()) not in ended
            and (named := ref_of(link.ref)) is not None
            and named.tracker in self._resolvers
        ]

    def _due(self, link: LinkRecord) -> bool:
        last = max((at for at in (self._asked.get(link.id), link.checked_at) if at is not None), default=None)
        return last is None or self._clock() - last >= self._every

    def _is_news(self, old: LinkRecord, new: LinkRecord) -> bool:
        """Another text of a problem is none, and neither is that it was looked at again a moment ago."""
        if replace(new, checked_at=old.checked_at, problem=old.problem) != old or bool(new.problem) != bool(
            old.problem
        ):
            return True
        return new.checked_at is not None and (old.checked_at is None or new.checked_at - old.checked_at >= NOTE_AGAIN)
