"""Whether an incident or change record authorises a write, and which incidents are open on a unit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from .ages import span
from .attribute import Writer
from .case import Case, ChangeLink


class Cover(StrEnum):
    """How a write stands towards the records."""

    ACCEPTED = "accepted"
    """A change that covered it was closed without an end date: the result is agreed for good."""
    ACTIVE = "active"
    """A record covers it, and it is not accepted for good."""
    EXPIRED = "expired"
    """A record covered it when it was made and has run out since: nothing authorises what is still there."""
    NONE = "none"


class Covered(NamedTuple):
    cover: Cover
    link: ChangeLink | None = None
    refused: tuple[str, ...] = ()
    """Why each record that does not cover it does not."""


_PREFERENCE = (Cover.ACCEPTED, Cover.ACTIVE, Cover.EXPIRED)


def person_key(name: str) -> str:
    """What the spellings of one person share: `arn:…:assumed-role/X/h.nguyen`, `h.nguyen@acme.example`.

    Two people of one name at two companies share it as well; an approval is then doubted, never granted.
    """
    tail = re.split(r"[/:\\|#]", name.strip().rstrip("/"))[-1]
    return tail.split("@", 1)[0].casefold()


def names_unit(link: ChangeLink, unit: str) -> bool:
    return link.units is None or unit in link.units


def open_incidents(case: Case) -> tuple[ChangeLink, ...]:
    """Incidents on this unit that are open at the moment of judgement."""
    return tuple(
        link
        for link in case.links or ()
        if link.kind == "incident"
        and names_unit(link, case.unit.id)
        and (link.opened is None or link.opened <= case.now)
        and (link.closed is None or link.closed > case.now)
        and (link.expires is None or link.expires > case.now)
    )


def refusal(link: ChangeLink, writer: Writer, unit: str) -> str:
    """Why `link` does not authorise the write; empty where it does."""
    at = writer.time
    if at is None:
        return "the time of the write is not known"
    if link.opened is None:
        return "it does not say when it was opened"
    if at < link.opened:
        return f"it was opened {_apart(at, link.opened)} after the write"
    if link.closed is not None and at > link.closed:
        return f"it was closed {_apart(link.closed, at)} before the write"
    if link.expires is not None and at > link.expires:
        return f"it had expired {_apart(link.expires, at)} before the write"
    if not names_unit(link, unit):
        return "it names other units"
    if writer.misused:
        return "the account was not held by its owner"
    if link.kind == "incident":
        return "" if writer.kind == "break-glass" else "the writer did not use a break-glass account"
    if link.kind != "change":
        return "it is neither an incident nor a change"
    if not link.approved_by.strip():
        return "nobody approved it"
    return "the writer approved it" if person_key(link.approved_by) == person_key(writer.actor) else ""


def covered(case: Case, writer: Writer) -> Covered:
    """The best standing that any record gives this write. Links that could not be read give none: ask `case.links`."""
    found: dict[Cover, ChangeLink] = {}
    refused = []
    for link in case.links or ():
        why = refusal(link, writer, case.unit.id)
        if why:
            refused.append(f"{link.ref or 'a record'}: {why}")
        else:
            found.setdefault(_standing(link, case.now), link)
    cover = next((cover for cover in _PREFERENCE if cover in found), Cover.NONE)
    return Covered(cover, found.get(cover), tuple(refused))


def _standing(link: ChangeLink, now: datetime) -> Cover:
    if link.expires is not None and link.expires < now:
        return Cover.EXPIRED
    if link.kind == "change" and link.closed is not None and link.closed <= now and link.expires is None:
        return Cover.ACCEPTED
    return Cover.ACTIVE


def _apart(earlier: datetime, later: datetime) -> str:
    return span((later - earlier).total_seconds())


def refs(links: Iterable[ChangeLink]) -> str:
    return ", ".join(link.ref or "a record" for link in links)
