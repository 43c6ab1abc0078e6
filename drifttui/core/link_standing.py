"""Whether a change link stands, in one word and in the words of a row; and what it tells the rules about a finding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from .acts import Acts, LinkRecord
from .ages import Times
from .case import ChangeLink
from .errors import InputError, inert
from .link_refs import LinkRef, read_ref

BELIEVED_FOR: Final = timedelta(hours=1)
"""How long a tracker's `open` is believed without being read again."""


@lru_cache(maxsize=1024)
def ref_of(ref: str) -> LinkRef | None:
    """What the text of a record names; None for what no version of this program would have kept."""
    try:
        return read_ref(ref)
    except InputError:
        return None


class LinkStanding(StrEnum):
    OPEN = "open"
    EXPIRED = "expired"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    """Neither a tracker nor the operator says until when, or the tracker was read too long ago."""


def standing(link: LinkRecord, now: datetime) -> LinkStanding:
    """Closed wins over expired: it says who ended it. A link that begins later is not open yet, hence unknown."""
    if link.closed is not None and link.closed <= now:
        return LinkStanding.CLOSED
    if link.expires is not None and link.expires <= now:
        return LinkStanding.EXPIRED
    if link.opened is not None and link.opened > now:
        return LinkStanding.UNKNOWN
    if link.expires is not None or (link.checked_at is not None and now - link.checked_at <= BELIEVED_FOR):
        return LinkStanding.OPEN
    return LinkStanding.UNKNOWN


def link_name(link: LinkRecord) -> str:
    """`INC-9127`, `acme/shop#42`: the record's ref as short as it can be said."""
    found = ref_of(link.ref)
    return found.display if found else inert(link.ref, 60)


def standing_words(link: LinkRecord, times: Times) -> str:
    """`INC-9127 closed 2h ago`, `CHG-1 expired 3m ago`, `INC-9127 open, ends in 1h20m`, `INC-9127 open 3h ago, not read
    since`."""
    name = link_name(link)
    match standing(link, times.now):
        case LinkStanding.CLOSED:
            return f"{name} closed {times.ago(link.closed)}"
        case LinkStanding.EXPIRED:
            return f"{name} expired {times.ago(link.expires)}"
        case LinkStanding.OPEN:
            return f"{name} open, ends {times.until(link.expires)}" if link.expires else f"{name} open"
        case LinkStanding.UNKNOWN:
            if link.opened is not None and link.opened > times.now:
                return f"{name} begins {times.until(link.opened)}"
            if link.checked_at is not None:
                return f"{name} open {times.ago(link.checked_at)}, not read since"
            return f"{name}, state not known"


def incident_words(ref: str, acts: Acts, times: Times) -> str:
    """The incident of a session, for a header: `INC-9127 Checkout fails (Investigating)`, and its end if it has one."""
    link = link_by_ref(ref, acts)
    if link is None:
        return inert(ref, 80)
    name, over = link_name(link), standing(link, times.now)
    words = f"{name} {inert(link.title, 120)}" if link.title else name
    if over in (LinkStanding.CLOSED, LinkStanding.EXPIRED):
        return f"{words} · {standing_words(link, times).removeprefix(name).strip()}"
    return f"{words} ({inert(link.state, 40)})" if link.state else words


def link_by_ref(ref: str, acts: Acts) -> LinkRecord | None:
    """The record that `ref` means. A bare id and the address of the same record are one link, as long as no second
    record of the ledger has that id."""
    if not ref:
        return None
    wanted = ref_of(ref)
    if wanted is None:
        return None
    if (held := acts.links.get(wanted.id)) is not None:
        return held
    same = []
    for link in acts.links.values():
        found = ref_of(link.ref)
        if (
            found is not None
            and (found.tracker, found.key) == (wanted.tracker, wanted.key)
            and not (found.host and wanted.host)
        ):
            same.append(link)
    return same[0] if len(same) == 1 else None


def change_links(acts: Acts | None, unit: str, finding: str = "", incident: str = "") -> tuple[ChangeLink, ...] | None:
    """What the rules are told: the records that cover the unit or the finding, and the session's incident, which
    is limited to no unit. None where no ledger could be read.

    An incident that no ledger holds yet is open on everything and covers no write: nobody says when it was opened.
    """
    if acts is None:
        return None
    found = {link.id: told(link, (unit,)) for link in acts.links_of(unit, finding)}
    if incident:
        record = link_by_ref(incident, acts)
        if record is None:
            return (*found.values(), ChangeLink(ref=incident, kind="incident"))
        found[record.id] = told(record, None)
    return tuple(found.values())


def told(link: LinkRecord, units: tuple[str, ...] | None) -> ChangeLink:
    return ChangeLink(link.ref, link.kind, link.opened, link.closed, link.expires, link.approver, units)


def units_judged_anew(
    before: Acts, after: Acts, unit_of: Mapping[str, str], incident: str = ""
) -> frozenset[str] | None:  # fmt: skip
    """Units, as `str(UnitId)`, of which the rules are told other links than before; None for all of them, because
    the session's incident is another one now. `unit_of` leads from a finding's id to its unit, for links that cover
    findings."""
    if before.links is after.links:
        return frozenset()
    session = link_by_ref(incident, after)
    touched: set[str] = set()
    for key in before.links.keys() | after.links.keys():
        old, new = before.links.get(key), after.links.get(key)
        if _tells(old) == _tells(new):
            continue
        if session is not None and session.id == key:
            return None
        for link in (old, new):
            if link is not None:
                touched |= link.units | {unit_of[finding] for finding in link.findings if finding in unit_of}
    return frozenset(touched)


def _tells(link: LinkRecord | None) -> object:
    return None if link is None else (told(link, None), link.units, link.findings)
