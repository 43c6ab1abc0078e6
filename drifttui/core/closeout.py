"""Whether an incident can be closed: what became of each finding and pause, and what still stands in the way. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from .acts import Acts, PauseRecord, PauseState
from .errors import inert
from .inspection import Inspection
from .ledger import Event, EventKind
from .planes import ABSENT
from .pointers import get, parse
from .scope import Scope

SCHEMA: Final = "drifttui.closeout/1"


NOT_RECORDED: Final = "who undid it is unknown, because no session looked into that when it was gone"


class How(StrEnum):
    """What became of a finding."""

    REVERTED = "reverted"
    """What runs is again what is declared."""
    CODIFIED = "codified"
    """What is declared became what runs."""
    GONE = "gone"
    """It does not differ any more; the record does not tell which side moved."""
    ACCEPTED = "accepted"
    HANDED_OVER = "handed-over"
    OPEN = "open"


class Seen(NamedTuple):
    """A finding as the record knows it."""

    id: str
    unit: str
    resource: str
    summary: str
    first_seen: datetime
    last_seen: datetime
    gone: datetime | None = None
    how: How = How.OPEN
    unread: str = ""
    """Why its unit could not be compared when it was last looked at; empty where it was."""
    undone: str = ""
    """Of one that is gone: who undid it and by which path, or why that is not known."""


class Settled(NamedTuple):
    """What somebody decided about a finding that stays."""

    how: How
    owner: str
    expires: datetime | None
    note: str
    actor: str
    at: datetime


class Item(NamedTuple):
    """One line of the checklist. `blocks` says why it stands in the way; empty: it does not."""

    kind: str
    """`finding` or `pause`."""
    id: str
    unit: str
    what: str
    state: str
    blocks: str = ""
    request: str = ""
    """What became of the request that was to bring Git up to it: `opened https://…`."""
    undone: str = ""
    """Of a finding that is gone: who undid it, by which path, how sure that is and by which event; or why not known."""


class Closeout(NamedTuple):
    incident: str
    at: datetime
    items: tuple[Item, ...]

    @property
    def blocking(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.blocks)

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "incident": self.incident,
            "at": _moment(self.at),
            "done": not self.blocking,
            "items": [item._asdict() for item in self.items],
        }


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def body_of(incident: str, seen: Seen, settled: Settled) -> dict[str, Any]:
    """A ledger event of the kind `closeout` about one finding."""
    return {
        "incident": incident,
        "finding": seen.id,
        "unit": seen.unit,
        "how": settled.how.value,
        "owner": settled.owner,
        "expires": _moment(settled.expires) if settled.expires else "",
        "note": settled.note,
        "text": f"{settled.how.value} by {settled.owner}: {settled.note}" if settled.note else settled.how.value,
    }


def decided(events: Iterable[Event], incident: str) -> dict[str, Settled]:
    """By finding, what was decided last. An event that is no such decision is passed over."""
    found: dict[str, Settled] = {}
    for event in events:
        body = event.body
        if event.kind is not EventKind.CLOSEOUT or body.get("incident") != incident:
            continue
        key, how = body.get("finding"), body.get("how")
        if not isinstance(key, str) or how not in (How.ACCEPTED.value, How.HANDED_OVER.value):
            continue
        try:
            text = body.get("expires")
            expires = datetime.fromisoformat(text) if isinstance(text, str) and text else None
        except ValueError:
            continue
        owner, note = str(body.get("owner") or ""), str(body.get("note") or "")
        found[key] = Settled(How(how), owner, expires, note, event.actor, event.at)
    return found


def checklist(
    incident: str, scope: Scope, acts: Acts, seen: Iterable[Seen], settled: Mapping[str, Settled], now: datetime
) -> Closeout:  # fmt: skip
    """Pauses first, then findings; what blocks stands before what does not."""
    pauses = [_pause(pause, now) for pause in acts.pauses.values() if scope.has_unit(pause.unit)]
    findings = [_finding(one, settled.get(one.id), now) for one in seen]
    items = sorted([*pauses, *findings], key=lambda item: (not item.blocks, item.kind != "pause", item.unit, item.what))
    return Closeout(incident, now, tuple(items))


def what_moved(finding: Mapping[str, Any], inspection: Inspection | None) -> How:
    """Which side of a finding moved that is gone, by the values that the planes of `inspection` hold now. `finding` is
    as `--json` prints it."""
    resource = finding.get("resource") or {}
    wanted = [resource.get(name) for name in ("group", "kind", "namespace", "name")]
    planes = next(
        (
            planes
            for planes in (inspection.resources if inspection else ())
            if [planes.ref.group, planes.ref.kind, planes.ref.namespace, planes.ref.name] == wanted
        ),
        None,
    )
    if planes is None or planes.desired is None or planes.actual is None:
        return How.GONE
    desired, actual = planes.desired.document, planes.actual.document
    told = {
        _moved(change, _value(desired, str(change.get("path") or "")), _value(actual, str(change.get("path") or "")))
        for change in finding.get("changes") or ()
        if "desired" in change and "actual" in change
    }
    return told.pop() if len(told) == 1 else How.GONE


def _value(document: Any, path: str) -> Any:
    found = get(document, parse(path)) if path else document
    return {"absent": True} if found is ABSENT or (document is None) else found


def _moved(change: Mapping[str, Any], desired: Any, actual: Any) -> How:
    if actual == change["desired"] and desired == change["desired"]:
        return How.REVERTED
    if desired == change["actual"] and actual == change["actual"]:
        return How.CODIFIED
    return How.GONE


def _pause(pause: PauseRecord, now: datetime) -> Item:
    what = f"paused until {pause.until:%Y-%m-%d %H:%MZ}: {pause.reason}"
    blocks = ""
    if pause.standing:
        over = "; it is overdue" if pause.overdue(now) else ""
        blocks = f"not resumed{over}"
        if pause.state is PauseState.INTENDED:
            blocks = "nobody knows whether it was written: start drifttui, which finds out"
    return Item("pause", pause.id, pause.unit, inert(what), pause.state.value, blocks)


def _finding(seen: Seen, settled: Settled | None, now: datetime) -> Item:
    what = inert(f"{seen.resource}, {seen.summary}")
    if seen.gone is not None:
        state = f"{seen.how.value} at {seen.gone:%Y-%m-%d %H:%MZ}"
        return Item("finding", seen.id, seen.unit, what, state, undone=inert(seen.undone or NOT_RECORDED, 500))
    if settled is not None:
        until = f" until {settled.expires:%Y-%m-%d %H:%MZ}" if settled.expires else ""
        state = f"{settled.how.value}, {inert(settled.owner, 80)}{until}"
        if settled.expires is not None and settled.expires <= now:
            return Item("finding", seen.id, seen.unit, what, state, "the acceptance is over")
        return Item("finding", seen.id, seen.unit, what, state)
    if seen.unread:
        why = f"could not be compared when it was last looked at: {inert(seen.unread, 160)}"
        return Item("finding", seen.id, seen.unit, what, "unknown", why)
    why = f"still differs, as of {seen.last_seen:%Y-%m-%d %H:%MZ}: revert it, codify it, accept it or hand it over"
    return Item("finding", seen.id, seen.unit, what, How.OPEN.value, why)
