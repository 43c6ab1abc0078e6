"""The fold: events of the ledger become what screens and services see of them.

It goes on from any earlier state, never raises, and passes over what it does not understand with a line in the history
that says so: one odd event, of a newer version or a damaged row, hides no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from .acts import Acts, HistoryEntry, LinkRecord, OperatorVerdict
from .acts_pauses import Acting, entry, texts_of
from .errors import inert
from .ledger import Event, EventKind, Head

HISTORY_KEPT: Final = 20_000
"""Lines; older ones are counted."""

WORDS_LENGTH: Final = 200


def fold(acts: Acts, events: Iterable[Event]) -> Acts:
    """The state after `events`, which follow those that `acts` was made of. `acts` itself where there are none."""
    state = _State(acts)
    for event in events:
        state.take(event)
    return state.acts() if state.taken else acts


class _State:
    """One fold in progress: copies of what it may change, made once."""

    def __init__(self, acts: Acts) -> None:
        self._before = acts
        self.taken = 0
        self._head = acts.head
        self._verdicts = dict(acts.verdicts)
        self._links = dict(acts.links)
        self._acting = Acting(acts)
        self._skipped = acts.skipped
        self._lines: list[HistoryEntry] = []

    def take(self, event: Event) -> None:
        self.taken += 1
        self._head = Head(event.seq, event.hash)
        try:
            lines = self._lines_of(event)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            self._skipped += 1
            why = inert(str(error), 80)
            lines = [entry(event, f"event {event.seq} ({inert(str(event.kind), 40)}) is not understood: {why}")]
        self._lines += lines

    def acts(self) -> Acts:
        self._lines.reverse()
        lines = (*self._lines, *self._before.history)
        return Acts(
            head=self._head,
            verdicts=self._verdicts,
            links=self._links,
            pauses=self._acting.pauses,
            open=tuple(self._acting.open.values()),
            history=lines[:HISTORY_KEPT],
            done=self._acting.done,
            skipped=self._skipped,
            older=self._before.older + max(0, len(lines) - HISTORY_KEPT),
        )

    def _lines_of(self, event: Event) -> list[HistoryEntry]:
        """Takes the event whole, or raises before anything is changed."""
        match event.kind:
            case EventKind.VERDICT:
                return self._verdict(event)
            case EventKind.LINK:
                return self._link(event)
            case EventKind.COVER:
                return self._cover(event)
            case EventKind.INTENT:
                return self._acting.intent(event)
            case EventKind.STEP:
                return self._acting.step(event)
            case EventKind.OUTCOME:
                return self._acting.outcome(event)
            case EventKind.NOTE | EventKind.CLOSEOUT:
                return _note(event)
        raise ValueError("its kind is unknown to this version")

    def _verdict(self, event: Event) -> list[HistoryEntry]:
        text = texts_of(event.body, "cause", "drift_class", "action", "note")
        found: list[OperatorVerdict] = []
        for each in event.body["findings"]:
            one = texts_of(each, "finding", "unit", "resource", "fingerprint")
            if not one["finding"]:
                raise ValueError("a verdict names its findings")
            rules = each.get("rules") or {}
            found.append(
                OperatorVerdict(
                    **one,
                    **text,
                    at=event.at,
                    actor=event.actor,
                    rules=dict(rules) if isinstance(rules, Mapping) else {},
                )
            )
        said = ", ".join(part for part in (text["drift_class"], text["action"]) if part)
        words = f"verdict {said}" if said else "verdict taken back"
        for verdict in found:
            if said:
                self._verdicts[verdict.finding] = verdict
            else:
                self._verdicts.pop(verdict.finding, None)
        return [
            entry(event, _said(words, text["note"]), unit=verdict.unit, finding=verdict.finding) for verdict in found
        ]

    def _link(self, event: Event) -> list[HistoryEntry]:
        names = ("id", "ref", "kind", "title", "state", "approver", "note", "url", "problem")
        text: dict[str, Any] = {**texts_of(event.body, *names)}
        if not text["id"] or not text["ref"]:
            raise ValueError("a link has an id and a ref")
        text |= {name: _moment(event.body.get(name)) for name in ("opened", "closed", "expires", "checked_at")}
        before = self._links.get(text["id"])
        if before is None:
            link = LinkRecord(**text, at=event.at, actor=event.actor)
            words = f"linked {link.ref}" + (f" ({link.state})" if link.state else "")
        else:
            link = replace(before, **text)
            words = _news(before, link)
        self._links[link.id] = link
        return [entry(event, _said(words, link.title))] if words else []

    def _cover(self, event: Event) -> list[HistoryEntry]:
        link = self._links.get(texts_of(event.body, "link")["link"])
        if link is None:
            raise ValueError("no link has this id")
        given = {name: _names(event.body.get(name)) for name in ("units", "findings", "pauses")}
        remove = event.body.get("remove") is True
        held = {name: getattr(link, name) for name in given}
        self._links[link.id] = replace(
            link, **{name: held[name] - given[name] if remove else held[name] | given[name] for name in given}
        )
        words = f"taken out of {link.ref}" if remove else f"put under {link.ref}"
        lines = [entry(event, words, unit=unit) for unit in sorted(given["units"])]
        lines += [entry(event, words, finding=finding) for finding in sorted(given["findings"])]
        for act in sorted(given["pauses"]):
            lines.append(entry(event, words, unit=self._acting.linked(act, link.ref, remove=remove), act=act))
        return lines


def _note(event: Event) -> list[HistoryEntry]:
    about = texts_of(event.body, "unit", "finding", "act")
    said = next(filter(None, texts_of(event.body, "text", "note", "words", "message", "summary").values()), "")
    word = "note" if event.kind is EventKind.NOTE else "closed out"
    return [entry(event, _said(word, said), **about)]


def _said(words: str, more: str) -> str:
    return inert(f"{words}: {more}" if more else words, WORDS_LENGTH)


def _news(before: LinkRecord, link: LinkRecord) -> str:
    """What changed about a link, for the history; empty where it was only looked at again."""
    if before.state != link.state and link.state:
        return f"{link.ref} is now {link.state}"
    if before.expires != link.expires:
        return f"{link.ref} now expires {_minute(link.expires)}" if link.expires else f"{link.ref} no longer expires"
    kept = ("ref", "kind", "title", "approver", "note", "closed")
    return f"{link.ref} changed" if any(getattr(before, name) != getattr(link, name) for name in kept) else ""


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}"


def _moment(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("a time without a time zone")
    return at


def _names(value: Any) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, (list, tuple)) or not all(isinstance(each, str) for each in value):
        raise ValueError("a cover lists names")
    return frozenset(value)
