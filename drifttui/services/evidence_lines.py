"""The lines of a bundle's files, made from what sessions kept. Each file has one schema (`core.bundle_models`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from drifttui.core.acts import Acts
from drifttui.core.audit import Actor, ActorKind, Grade, Line
from drifttui.core.closeout import what_moved
from drifttui.core.inspection import Inspection
from drifttui.core.ledger import Event, EventKind, stamp
from drifttui.core.scope import Belonging
from drifttui.core.timeline import Entry, Kind, of_lines, of_undone
from drifttui.core.undone import Undone

from .answers import moment


class Lined(NamedTuple):
    file: str
    body: dict[str, Any]


class FindingLog:
    """Turns looks, as they were kept one after another, into what became of each finding."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, dict[str, Any]]] = {}
        self._gone: dict[str, dict[str, Any]] = {}
        """The line of each finding that was gone when it was looked at last."""
        self._ends: dict[str, list[Entry]] = {}
        self._happened: list[Entry] = []

    @property
    def entries(self) -> list[Entry]:
        """For the timeline."""
        return [*self._happened, *(entry for entries in self._ends.values() for entry in entries)]

    def look(self, body: Mapping[str, Any], inspection: Inspection | None = None) -> Iterator[Lined]:
        """`inspection` is what it was found in: it tells how what is gone came to go."""
        at, unit = str(body.get("at") or ""), str(body.get("unit") or "")
        found = {str(one["id"]): one for one in body.get("findings") or () if isinstance(one, dict) and "id" in one}
        before = self._held.get(unit, {})
        for key, finding in found.items():
            known = before.get(key)
            if known is None or known.get("fingerprint") != finding.get("fingerprint"):
                yield Lined("findings.jsonl", self._line(at, "opened" if known is None else "changed", unit, finding))
                for change in finding.get("changes") or ():
                    yield Lined("changes.jsonl", {"at": at, "finding": key, **change})
                if known is None:
                    self._entry(Kind.DRIFT, finding.get("first_seen") or at, unit, finding)
            if finding.get("verdict") and (known is None or known.get("verdict") != finding["verdict"]):
                yield Lined(
                    "verdicts.jsonl", {"at": at, "finding": key, "unit": unit, "by": "rules", **finding["verdict"]}
                )
            if finding.get("who") and (known is None or known.get("who") != finding["who"]):
                for line in finding["who"]:
                    yield Lined("audit.jsonl", {"seen_at": at, "finding": key, "unit": unit, **line})
                self._happened += of_lines(unit, resource_words(finding), map(line_from, finding["who"]))
        if body.get("looked") == "read":
            for key in sorted(before.keys() - found.keys()):
                how = what_moved(before[key], inspection).value
                self._gone[key] = {**self._line(at, "gone", unit, before[key]), "how": how}
                if not any(key == one.get("finding") for one in told_undone(body)):
                    yield Lined("findings.jsonl", self._gone[key])
                self._entry(Kind.GONE, at, unit, before[key])
            self._held[unit] = found
        else:
            self._held[unit] = {**before, **found}
        for one in told_undone(body):
            yield from self._undone(one)

    def _undone(self, body: Mapping[str, Any]) -> Iterator[Lined]:
        """The same line again, once it is known who undid it."""
        key = str(body.get("finding"))
        line = self._gone.get(key)
        told = {name: body.get(name) for name in ("path", "by", "words", "unseen")}
        if line is None or line.get("undone") == told:
            return
        self._gone[key] = {**line, "undone": told}
        yield Lined("findings.jsonl", self._gone[key])
        at = datetime.fromisoformat(line["at"])
        found = undone_from(body, str(line.get("summary") or "differs"), at)
        self._ends[key] = list(of_undone(str(line["unit"]), found))

    @staticmethod
    def _line(at: str, event: str, unit: str, finding: Mapping[str, Any]) -> dict[str, Any]:
        kept = ("id", "resource", "summary", "first_seen", "last_seen", "fingerprint", "planes", "hidden")
        return {"at": at, "event": event, "unit": unit, **{key: finding.get(key) for key in kept}}

    def _entry(self, kind: Kind, at: str, unit: str, finding: Mapping[str, Any]) -> None:
        words = str(finding.get("summary") or "differs")
        words = f"no longer differs: {words}" if kind is Kind.GONE else words
        key = str(finding["id"])
        entry = Entry(datetime.fromisoformat(at), kind, words, unit, resource_words(finding), ref=key)
        if kind is Kind.GONE:
            self._ends[key] = [entry]
        else:
            self._happened.append(entry)


def told_undone(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a look says of who undid what is gone, where nobody is being asked any more."""
    return [one for one in body.get("undone") or () if isinstance(one, dict) and not one.get("pending")]


def undone_from(body: Mapping[str, Any], summary: str, gone: datetime) -> Undone:
    """An entry of `undone` as a look keeps it, read again."""
    by = body.get("by")
    return Undone(
        finding=str(body.get("finding") or ""),
        resource=str(body.get("resource") or ""),
        summary=summary,
        gone=gone,
        how=str(body.get("how") or ""),
        path=str(body.get("path") or ""),
        line=line_from(by) if isinstance(by, dict) else None,
        unseen=tuple(map(str, body.get("unseen") or ())),
    )


def resource_words(finding: Mapping[str, Any]) -> str:
    ref = finding.get("resource") or {}
    return str(ref.get("address") or f"{ref.get('kind', '')}/{ref.get('name', '')}")


def line_from(body: Mapping[str, Any]) -> Line:
    """An attribution as `--json` prints it, read again."""
    actor = body.get("actor") or {}
    kind = str(actor.get("kind") or "unknown")
    at = body.get("time")
    return Line(
        path=str(body.get("path") or ""),
        actor=Actor(str(actor.get("name") or ""), ActorKind(kind) if kind in set(ActorKind) else ActorKind.UNKNOWN),
        via=str(body.get("via") or ""),
        time=datetime.fromisoformat(at) if at else None,
        confidence=float(body.get("confidence") or 0.0),
        grade=Grade.BODY,
        event_ids=tuple(map(str, body.get("event_ids") or ())),
        reasons=tuple(map(str, body.get("reasons") or ())),
    )


def ledger_line(event: Event, belongs: bool) -> dict[str, Any]:
    """The event whole, or what the chain needs of it."""
    if not belongs:
        return {"seq": event.seq, "previous": event.previous, "hash": event.hash, "withheld": True}
    return {
        "seq": event.seq,
        "at": stamp(event.at),
        "kind": str(event.kind),
        "actor": event.actor,
        "body": event.body,
        "previous": event.previous,
        "hash": event.hash,
    }


def closeout_lines(events: Iterable[Event]) -> Iterator[Lined]:
    """What was decided when the incident was closed out, and the checklist as it stood then."""
    for event in events:
        if event.kind is EventKind.CLOSEOUT:
            body = {key: value for key, value in event.body.items() if key != "text"}
            yield Lined("closeout.jsonl", {"at": stamp(event.at), "actor": event.actor, **body})


def act_lines(acts: Acts, belonging: Belonging) -> Iterator[Lined]:
    """Pauses, links, and verdicts of operators, as the ledger folds them."""
    for pause in sorted(acts.pauses.values(), key=lambda pause: (pause.at, pause.id)):
        if belonging.pause(pause):
            yield Lined("pauses.jsonl", _plain({**asdict(pause), "state": pause.state.value}))
    for link in sorted(acts.links.values(), key=lambda link: (link.at, link.id)):
        if belonging.link(link):
            yield Lined("links.jsonl", _plain(asdict(link)))
    for verdict in sorted(acts.verdicts.values(), key=lambda verdict: (verdict.at, verdict.finding)):
        if belonging.unit(verdict.unit):
            body = _plain(asdict(verdict))
            by, at = body.pop("actor"), body.pop("at")
            yield Lined("verdicts.jsonl", {"at": at, "finding": body.pop("finding"), "by": by, **body})


def _plain(value: Any) -> Any:
    """JSON: times as text, sets in order."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (list, tuple)):
        return [_plain(held) for held in value]
    return value
