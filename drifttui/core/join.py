"""Who changed each field of one Kubernetes object: audit events and managedFields held against each other.

The audit log is the record of who and when; managedFields name a client, no identity, and date an entry rather than a
field. So an event that says which fields it wrote wins over one that does not, the latest wins over earlier ones, and
managedFields confirm, contradict, or stand in where no event is left. An engine that puts a field back to what it was
before did not cause the drift: the one it undid is named first, the engine after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from .actor_words import ENGINES
from .audit import Actor, Grade, Line, sureness
from .audit_kubernetes import KubernetesCall, Outcome
from .evidence import Clocks, Hit, Strength, hit_of
from .field_paths import Path, keyed, pointer, relation, value_at
from .finding import Owner
from .follow import SyncOperation, application_of, follow
from .history import History, Step, history_of
from .owners_words import owner_lines
from .ownership import ManagedFields
from .planes import ABSENT, UNKNOWN
from .pointers import parse
from .redact import is_mask
from .resource_question import ResourceQuestion
from .unseen import Log, unseen_of
from .via import via_of

SELF_HEAL = 600.0
"""Seconds within which an engine that writes after somebody is taken to undo them, where no values tell."""
SAME_FIT = 1.0
"""Seconds by which two calls may differ in their distance to a manager's time and still fit equally well."""
CONTRADICTED = "the object holds another value now: a later write is not in the log"
"""A reason of a line whose call did not bring what the object holds."""
LINES = 200
"""Fields reported where nobody asked about one; what is beyond is counted."""


class Answer(NamedTuple):
    """Lines best first; in one sentence each what could not be seen; and why other calls are not to blame."""

    lines: tuple[Line, ...]
    unseen: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    """The calls that took effect, oldest first."""
    application: str = ""
    """The Argo CD application that the object says it belongs to."""


class Evidence(NamedTuple):
    """Everything that the join may know beside the calls."""

    live: Any = None
    """The object as it runs, redacted with the same key as the calls. None: not given."""
    operations: Sequence[SyncOperation] = ()
    deletions: Sequence[KubernetesCall] = ()
    """Deletions of namespaces."""
    log: Log | None = None
    """What is known about the log as a whole. None: no audit log was given."""


def who(
    question: ResourceQuestion,
    calls: Iterable[KubernetesCall],
    evidence: Evidence,
    *,
    paths: Sequence[str] = (),
    since: datetime | None = None,
) -> Answer:
    """Every given path answered on its own; without paths, every field that the log shows written.

    `paths` are JSON Pointers into the live object. Calls before `since` still say what the object was before.
    """
    below_status = any(path == "/status" or path.startswith("/status/") for path in paths)
    history = history_of(question, calls, evidence.live, status=below_status)
    steps = [
        step for step in history.steps if since is None or step.call.received is None or step.call.received >= since
    ]
    join = _Join(history, steps, evidence)
    lines = join.asked(paths) if paths else join.everything()
    gaps = unseen_of(question, history, steps, evidence.live, evidence.log, paths, lines, since)
    if join.omitted:
        gaps = (*gaps, f"{join.omitted} more fields were written; --path asks about one")
    return Answer(tuple(lines), gaps, _aside(history.aside), tuple(steps), join.application)


def _aside(aside: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    found = []
    for reason, actors in aside.items():
        names = sorted(actors, key=lambda name: -actors[name])
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        found.append(f"{sum(actors.values())} × {reason}: {', '.join(name or 'unknown' for name in names[:3])}{more}")
    return tuple(found)


class _Join:
    def __init__(self, history: History, steps: Sequence[Step], evidence: Evidence) -> None:
        self._history, self._steps, self._evidence = history, steps, evidence
        self._places = {id(step): number for number, step in enumerate(steps)}
        self._owners = ManagedFields(evidence.live)
        self.omitted = 0
        """Written fields beyond `LINES`."""
        self._clocks = Clocks.measure([step.call for step in steps], evidence.live)
        self.application = application_of(evidence.live) or next(
            filter(None, (application_of(step.document) for step in reversed(history.steps))), ""
        )

    def _order(self, step: Step) -> int:
        return self._places.get(id(step), 0)

    def asked(self, paths: Sequence[str]) -> list[Line]:
        """Lines about several paths that are equally sure stay in the order of the paths."""
        found = [line for path in paths for line in self._about(path, self._keyed(path))]
        return sorted(found, key=sureness) if len(paths) > 1 else found

    def everything(self) -> list[Line]:
        """Every field that any call wrote. What the engine itself wrote comes last: it is what drift differs from."""
        wanted: dict[Path, None] = {}
        blind: list[Step] = []
        for step in reversed(self._steps):
            firm = [entry for entry in step.written or () if not entry.declared]
            if not firm:
                blind.append(step)
            for entry in firm:
                wanted.setdefault(entry.path)
        ranked: list[tuple[tuple[bool, bool, float, float], Line]] = []
        seen: set[tuple[str, tuple[str, ...]]] = set()
        whole_at = max(
            (step.call.received.timestamp() for step in self._steps if step.whole and step.call.received), default=0.0
        )
        for path in list(wanted)[:LINES]:
            only = None if path else [step for step in self._steps if step.whole]
            for line in self._about(self._pointer(path), path, only=only, fallback=False):
                if (line.path, line.event_ids) not in seen:
                    seen.add((line.path, line.event_ids))
                    ranked.append((self._rank(line, whole_at), line))
        self.omitted = max(0, len(wanted) - LINES)
        if blind and not any(line.confidence > 0.5 for _, line in ranked if not self._is_engine(line.actor)):
            more = self._about("", (), only=blind, fallback=False)
            ranked.extend((self._rank(line, whole_at), line) for line in more)
        ranked.sort(key=lambda pair: pair[0])
        lines = [line for _, line in ranked]
        explained = {step.call.manager for step in self._steps}
        return [*lines, *owner_lines(self._evidence.live, explained)]

    def _rank(self, line: Line, whole_at: float) -> tuple[bool, bool, float, float]:
        at = line.time.timestamp() if line.time else 0.0
        return (at < whole_at, self._is_engine(line.actor), -line.confidence, -at)

    @staticmethod
    def _is_engine(actor: Actor) -> bool:
        return bool(ENGINES.search(actor.name))

    def _keyed(self, path: str) -> Path:
        tokens = parse(path)
        for document in (self._evidence.live, self._history.last, *(step.document for step in reversed(self._steps))):
            if isinstance(document, dict):
                found = keyed(tokens, document, self._history.shape, guess=self._history.guess)
                if value_at(found, document) is not ABSENT:
                    return found
        return tokens

    def _pointer(self, path: Path) -> str:
        live, last = self._evidence.live, self._history.last
        for document in (live, last):
            if isinstance(document, dict) and value_at(path, document) is not ABSENT:
                return pointer(path, document)
        return pointer(path, live if isinstance(live, dict) else last)

    def _about(
        self, path: str, wanted: Path, *, only: Sequence[Step] | None = None, fallback: bool = True
    ) -> list[Line]:
        """The lines for one field: its writer, and after it the engine where that put the field back."""
        owners = self._owners.at(parse(path)) if self._owners.known and not path.count("[") else ()
        steps = self._steps if only is None else only
        newest_first = sorted(steps, key=self._order, reverse=True)
        hits = [hit for step in newest_first if (hit := hit_of(step, wanted, owners, self._clocks)) is not None]
        before = next((number for number, hit in enumerate(hits) if hit.strength.firm), None)
        if before is not None:
            return self._firm(path, wanted, [hit for hit in hits if hit.strength.firm], hits[:before], owners)
        if hits:
            return [self._unsure(path, wanted, hits, owners)]
        return owner_lines(self._evidence.live, set(), path) if fallback else []

    def _firm(self, path: str, wanted: Path, firm: list[Hit], since: list[Hit], owners: Sequence[Owner]) -> list[Line]:
        latest = firm[0]
        later = [hit for hit in since if not hit.housekeeping]
        if latest.strength is Strength.CREATED and not all(map(_by_engine, later)):
            # What an object was created with says little once others have written it.
            return [self._unsure(path, wanted, later, owners)]
        better = [hit for hit in later if hit.owned and not latest.owned and owners]
        if better:
            line = self._unsure(path, wanted, better, owners)
            if all(map(_by_engine, better)) and not _by_engine(latest) and _soon(latest, better[-1]):
                note = f"{line.via} wrote the field again at {_clock(better[-1].step.call)}"
                return [self._line(path, wanted, latest, (note,), owners, gone=True), line]
            return [line]
        undone = self._undone(firm)
        if undone is not None:
            put_back = self._line(path, wanted, latest, (), owners)
            note = f"{put_back.via} put the field back at {_clock(latest.step.call)}"
            return [self._line(path, wanted, undone, (note,), owners, gone=True), put_back]
        again = f"{len(later)} later calls do not say what they wrote and may have written this field again"
        notes = (again,) if later else ()
        line = self._line(path, wanted, latest, notes, owners)
        return [line._replace(confidence=round(line.confidence - 0.15, 2)) if later else line]

    def _undone(self, firm: Sequence[Hit]) -> Hit | None:
        """The write that the engine's last one took back; None where the engine brought something of its own."""
        latest = firm[0]
        if len(firm) < 2 or not _by_engine(latest) or latest.step.whole or latest.unasked:
            return None
        before = firm[1]
        if _by_engine(before) or before.step.whole or before.written is None or latest.written is None:
            return None
        was, now = before.written.before, latest.written.after
        if was is not UNKNOWN and now is not UNKNOWN:
            return before if was == now else None
        return before if _soon(before, latest) else None

    def _unsure(self, path: str, wanted: Path, hits: Sequence[Hit], owners: Sequence[Owner]) -> Line:
        """From calls that do not say what they wrote: the one nearest the manager's time, or the only writer."""
        owned = [hit for hit in hits if hit.owned]
        pool = owned or [hit for hit in hits if not hit.housekeeping] or list(hits)
        notes = ["the only writer of the object in the log"] if not owned and len(hits) == len(pool) else []
        if owned:
            nearest = min(hit.distance for hit in owned)
            pool = [hit for hit in owned if hit.distance - nearest <= SAME_FIT]
        elif outside := [hit for hit in pool if not _by_engine(hit)]:
            if len(outside) < len(pool):
                notes = ["an engine wrote the object too, but drift is what it did not write"]
            pool = outside
        names = sorted({hit.step.call.actor for hit in pool})
        if len(names) > 1:
            newest = pool[0].step.call
            return Line(
                path, Actor(""), "", newest.received, 0.15, Grade.GUESS,
                tuple(filter(None, (hit.step.call.audit_id for hit in pool[:10]))),
                (f"{len(names)} writers fit equally well: {', '.join(names[:5])}",
                 "the log does not say which fields their calls wrote"),
            )  # fmt: skip
        return self._line(path, wanted, pool[0], notes, owners)

    def _line(
        self, path: str, wanted: Path, hit: Hit, notes: Iterable[str], owners: Sequence[Owner], *, gone: bool = False
    ) -> Line:
        call = hit.step.call
        actor, more_ids = follow(call, self.application, self._evidence.operations, self._evidence.deletions)
        confidence, grade, reasons = hit.strength.confidence, hit.strength.grade, [hit.strength.reason]
        if grade is Grade.BODY and not call.has_body:
            confidence, grade = confidence - 0.05, Grade.METADATA
            if call.subresource == "scale":
                reasons = ["no body was logged, but the scale subresource holds nothing except replicas"]
        for holds, weight, reason in self._weights(hit, wanted, owners, gone=gone):
            if holds:
                confidence += weight
                reasons.append(reason)
        via = via_of(
            call, [token for token in (hit.written.path if hit.written else wanted) if isinstance(token, str)] or wanted
        )
        ids = tuple(filter(None, (call.audit_id, *more_ids)))
        return Line(
            path, actor, via, call.received, round(min(0.99, max(0.05, confidence)), 2), grade, ids,
            tuple(dict.fromkeys((*reasons, *notes, *actor.reasons))),
        )  # fmt: skip

    def _weights(self, hit: Hit, wanted: Path, owners: Sequence[Owner], *, gone: bool) -> list[tuple[bool, float, str]]:
        call, live = hit.step.call, self._evidence.live
        contradicted = False
        if live is not None and hit.written is not None and hit.written.after is not UNKNOWN and not gone:
            exact = relation(wanted, hit.written.path) == "same" and not hit.step.whole
            held = value_at(wanted, live)
            # A mask that Argo CD puts over a value of a Secret says nothing about it.
            contradicted = exact and held != hit.written.after and not is_mask(held)
        skew = self._clocks.words
        return [
            (hit.owned, 0.03, f"managedFields agree: {call.manager} holds the field"),
            (bool(owners) and not hit.owned and not gone and hit.strength is not Strength.WHOLE, -0.1,
             f"managedFields name {', '.join(sorted({owner.manager for owner in owners})[:3])} for the field instead"),
            (contradicted, -0.35, CONTRADICTED),
            (call.outcome is Outcome.UNKNOWN, -0.2, "the event does not say whether the call succeeded"),
            (bool(hit.written) and hit.unasked, 0.0,
             "the request did not name the field: admission added it while the call was handled"),
            (bool(skew) and hit.owned, 0.0, skew),
        ]  # fmt: skip


def _by_engine(hit: Hit) -> bool:
    return bool(ENGINES.search(hit.step.call.actor))


def _soon(first: Hit, then: Hit) -> bool:
    """Whether an engine wrote so soon after somebody that it undid them."""
    one, other = first.step.call.received, then.step.call.received
    return one is not None and other is not None and (other - one).total_seconds() <= SELF_HEAL


def _clock(call: KubernetesCall) -> str:
    return f"{call.received:%Y-%m-%d %H:%M:%SZ}" if call.received else "an unknown time"
