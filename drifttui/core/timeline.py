"""What happened around an incident, in one order: calls, syncs, merges, drift, pauses, verdicts, and who was blind.

Entries say where they come from and never more than their source did. Where a source was blind nothing is known of what
happened, so the gap is an entry of its own and is drawn as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from .acts import Acts
from .ages import span
from .audit import Line
from .finding import Finding
from .git import Merges
from .health import SourceHealth, Standing
from .inspection import Event, Inspection
from .undone import Undone, undone_words
from .unit import Unit

SCHEMA: Final = "drifttui.timeline/1"


class Kind(StrEnum):
    CALL = "call"
    """Somebody changed something, by an audit event."""
    SYNC = "sync"
    """The engine applied a revision."""
    MERGE = "merge"
    """A revision came to be in Git."""
    EVENT = "event"
    """A warning that Kubernetes told."""
    DRIFT = "drift"
    """A difference was seen for the first time."""
    GONE = "gone"
    """A difference was not there any more."""
    VERDICT = "verdict"
    PAUSE = "pause"
    LINK = "link"
    ACT = "act"
    """Anything else that an operator did."""
    GAP = "gap"
    """A source was blind from `at` to `until`."""


class Entry(NamedTuple):
    at: datetime
    kind: Kind
    words: str
    """One line, inert only once it is drawn."""
    unit: str = ""
    resource: str = ""
    actor: str = ""
    source: str = ""
    ref: str = ""
    """What proves it: the id of an audit event, a revision, a finding, a ledger event."""
    until: datetime | None = None
    """Gaps, and pauses that ended. None for a gap: it still lasts."""

    def as_json(self) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "at": _moment(self.at),
            "kind": self.kind.value,
            "words": self.words,
            "unit": self.unit,
            "resource": self.resource,
            "actor": self.actor,
            "source": self.source,
            "ref": self.ref,
        }
        if self.kind is Kind.GAP or self.until is not None:
            entry["until"] = _moment(self.until) if self.until else None
        return entry


def _moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def merged(*streams: Iterable[Entry]) -> tuple[Entry, ...]:
    """All entries once each, oldest first; what two sources tell alike stands once."""
    found = {(e.at, e.kind, e.words, e.unit, e.resource, e.ref): e for stream in streams for e in stream}
    ordered = sorted(found.values(), key=lambda e: (e.at, _ORDER[e.kind], e.unit, e.words))
    told = {(e.unit, e.ref) for e in ordered if _by_git(e)}
    return tuple(e for e in ordered if e.kind is not Kind.MERGE or _by_git(e) or (e.unit, e.ref) not in told)


def _by_git(entry: Entry) -> bool:
    """A commit that Git itself told of stands once, though the engine tells of it too."""
    return entry.kind is Kind.MERGE and entry.source.startswith("git:")


_ORDER = {kind: place for place, kind in enumerate(Kind)}


def of_findings(findings: Iterable[Finding]) -> Iterable[Entry]:
    for finding in findings:
        unit, resource = str(finding.unit), finding.ref.short
        yield Entry(finding.first_seen, Kind.DRIFT, finding.summary, unit, resource, ref=finding.id)


def of_inspection(inspection: Inspection) -> Iterable[Entry]:
    """Syncs and merges from the history of deployed revisions, and warnings near the unit."""
    unit = str(inspection.unit)
    for revision in inspection.revisions:
        name = revision.revision[:12]
        if revision.authored_at is not None:
            words = f"{name} {revision.message.splitlines()[0]}" if revision.message else name
            yield Entry(
                revision.authored_at,
                Kind.MERGE,
                words,
                unit,
                actor=revision.author,
                source=revision.repo,
                ref=revision.revision,
            )
        if revision.deployed_at is not None:
            yield Entry(
                revision.deployed_at,
                Kind.SYNC,
                f"{name} applied",
                unit,
                actor=revision.initiated_by,
                source=inspection.unit.source,
                ref=revision.revision,
            )
    for ref, merges in inspection.merges.items():
        yield from of_merges(unit, ref.short, merges)
    for event in inspection.events:
        if event.warning and event.at is not None:
            yield _warning(event, unit)


def of_merges(unit: str, resource: str, merges: Merges) -> Iterable[Entry]:
    """Commits that touched what differs, when they came to be on the branch."""
    for touch in merges.touches:
        commit = touch.commit
        if commit.time is not None:
            words = " ".join(filter(None, (commit.sha[:12], commit.pull_request, commit.title)))
            name = resource if touch.paths else ""
            yield Entry(commit.time, Kind.MERGE, words, unit, name, commit.author, merges.source, commit.sha)


def _warning(event: Event, unit: str) -> Entry:
    assert event.at is not None
    times = f", {event.times} times" if event.times > 1 else ""
    words = f"{event.reason}: {event.message}{times}"
    return Entry(event.at, Kind.EVENT, words, unit, event.ref.short if event.ref else "", event.component)


def of_operation(unit: Unit) -> Iterable[Entry]:
    """The last or running sync, where it failed or still runs: the history of revisions tells of the others."""
    operation = unit.operation
    if operation is None or operation.phase == "Succeeded":
        return
    at = operation.finished_at or operation.started_at
    if at is not None:
        words = (
            f"sync {operation.phase.lower()}: {operation.message}"
            if operation.message
            else f"sync {operation.phase.lower()}"
        )
        who = "" if operation.automated else operation.initiated_by
        yield Entry(at, Kind.SYNC, words, str(unit.id), actor=who, source=unit.id.source, ref=operation.revision)


def of_lines(unit: str, resource: str, lines: Iterable[Line], source: str = "audit") -> Iterable[Entry]:
    """Who changed which field; several fields of one call are one entry."""
    calls: dict[tuple[datetime, str, tuple[str, ...]], list[Line]] = {}
    for line in lines:
        if line.time is not None and line.event_ids:
            calls.setdefault((line.time, line.actor.words, line.event_ids), []).append(line)
    for (at, actor, ids), held in calls.items():
        paths = ", ".join(line.path or "the whole object" for line in held[:3])
        more = f" and {len(held) - 3} more" if len(held) > 3 else ""
        via = f" by {held[0].via}" if held[0].via else ""
        yield Entry(at, Kind.CALL, f"{paths}{more}{via}", unit, resource, actor, source, ids[0])


_DEEDS = {"sync": Kind.SYNC, "reconcile": Kind.SYNC, "merge": Kind.MERGE}


def of_undone(unit: str, found: Undone) -> Iterable[Entry]:
    """That something was gone, and what undid it where that is known."""
    line = found.line
    actor = line.actor.words if line is not None and line.actor.name else ""
    words = f"no longer differs: {found.summary}; {undone_words(found)}"
    yield Entry(found.gone, Kind.GONE, words, unit, found.resource, actor, ref=found.finding)
    if line is not None and line.time is not None and line.event_ids:
        deed = "brought into what is declared" if found.path == "merge" else "put back"
        via = f" by {line.via}" if line.via else ""
        said = f"{line.path or 'the whole object'} {deed}{via}"
        kind = _DEEDS.get(found.path, Kind.CALL)
        yield Entry(line.time, kind, said, unit, found.resource, actor, found.path, line.event_ids[0])


_ACTS = {
    **{"verdict": Kind.VERDICT, "link": Kind.LINK, "cover": Kind.LINK},
    # What is planned, written and proven is a pause or a resume.
    **dict.fromkeys(("intent", "step", "outcome"), Kind.PAUSE),
}


def of_acts(acts: Acts) -> Iterable[Entry]:
    for entry in acts.history:
        kind = _ACTS.get(entry.kind, Kind.ACT)
        yield Entry(
            entry.at, kind, entry.words, entry.unit, actor=entry.actor, source="ledger", ref=entry.act or entry.finding
        )


class Gaps:
    """Collects when sources were blind, from their health as it changes."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[datetime, str]] = {}
        self._closed: list[Entry] = []

    def told(self, health: SourceHealth, at: datetime) -> None:
        begun = self._open.get(health.name)
        if health.standing is Standing.BLIND:
            if begun is None:
                self._open[health.name] = (min(health.blind_since or at, at), health.error)
        elif begun is not None and health.standing is not Standing.STARTING:
            since, why = self._open.pop(health.name)
            self._closed.append(_gap(health.name, since, at, why))

    def entries(self) -> tuple[Entry, ...]:
        lasting = [_gap(name, since, None, why) for name, (since, why) in self._open.items()]
        return (*self._closed, *lasting)


def _gap(source: str, since: datetime, until: datetime | None, why: str) -> Entry:
    lasted = f" for {span((until - since).total_seconds())}" if until else ""
    words = f"{source} was blind{lasted}" if until else f"{source} is blind"
    why = why.removeprefix(f"{source}: ")
    return Entry(since, Kind.GAP, f"{words}: {why}" if why else words, source=source, until=until)


class Window(NamedTuple):
    """What part of the time is shown; both ends belong to it."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def zoomed(self, factor: float, around: datetime) -> Window:
        """Shorter for a factor below 1, and never shorter than ten seconds; `around` keeps its place."""
        length = max(timedelta(seconds=10), self.length * factor)
        if not self.length:
            return Window(around - length / 2, around + length / 2)
        share = min(1.0, max(0.0, (around - self.since) / self.length))
        since = around - length * share
        return Window(since, since + length)

    def moved(self, share: float) -> Window:
        return Window(self.since + self.length * share, self.until + self.length * share)

    def holds(self, entry: Entry) -> bool:
        """Gaps and pauses are in where any part of them is."""
        if entry.kind is Kind.GAP:
            return entry.at <= self.until and (entry.until is None or entry.until >= self.since)
        return self.since <= entry.at <= self.until


def whole(entries: Sequence[Entry], now: datetime) -> Window:
    """From the first entry to now, with a little air."""
    since = min((entry.at for entry in entries), default=now - timedelta(hours=1))
    until = max(now, max((entry.until or entry.at for entry in entries), default=now))
    air = max(timedelta(seconds=5), (until - since) * 0.02)
    return Window(since - air, until + air)


def chosen(
    entries: Iterable[Entry],
    window: Window | None = None,
    *,
    kinds: frozenset[Kind] | None = None,
    unit: str = "",
    text: str = "",
) -> tuple[Entry, ...]:
    """Entries of a window, of some kinds, of one unit (a gap concerns them all), that hold every word of `text`."""
    words = text.lower().split()
    return tuple(
        entry
        for entry in entries
        if (window is None or window.holds(entry))
        and (kinds is None or entry.kind in kinds)
        and (not unit or entry.unit == unit or entry.kind is Kind.GAP)
        and all(word in _haystack(entry) for word in words)
    )


def _haystack(entry: Entry) -> str:
    return " ".join(
        (entry.kind.value, entry.words, entry.unit, entry.resource, entry.actor, entry.source, entry.ref)
    ).lower()


class Column(NamedTuple):
    """One column of the drawn axis."""

    counts: dict[Kind, int]
    blind: frozenset[str] = frozenset()
    """Sources that were blind during any part of it."""


def columns(entries: Iterable[Entry], window: Window, count: int) -> tuple[Column, ...]:
    """The window in `count` equal columns."""
    counts: list[dict[Kind, int]] = [{} for _ in range(count)]
    blind: list[set[str]] = [set() for _ in range(count)]
    if count <= 0 or window.length <= timedelta(0):
        return ()
    width = window.length / count
    for entry in entries:
        if not window.holds(entry):
            continue
        first = min(count - 1, max(0, int((entry.at - window.since) / width)))
        if entry.kind is not Kind.GAP:
            counts[first][entry.kind] = counts[first].get(entry.kind, 0) + 1
            continue
        last = count - 1 if entry.until is None else min(count - 1, max(0, int((entry.until - window.since) / width)))
        for place in range(first, last + 1):
            blind[place].add(entry.source)
    return tuple(Column(held, frozenset(names)) for held, names in zip(counts, blind, strict=True))


def document(
    entries: Iterable[Entry],
    now: datetime,
    window: Window | None = None,
    *,
    incident: str = "",
    unseen: Iterable[str] = (),
) -> dict[str, Any]:
    """What `drifttui timeline --json` prints. `unseen` says in one line each what could not be told."""
    return {
        "schema": SCHEMA,
        "at": _moment(now),
        "since": _moment(window.since) if window else None,
        "until": _moment(window.until) if window else None,
        "incident": incident or None,
        "entries": [entry.as_json() for entry in entries],
        "unseen": list(unseen),
    }
