"""A bundle as a film: the board at any moment of its record, with what was known then and nothing that came later."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from drifttui.core.acts import NOTHING, Acts
from drifttui.core.acts_fold import fold
from drifttui.core.attributed import Attributed
from drifttui.core.audit import moment
from drifttui.core.board import Board, Look, Mode
from drifttui.core.episodes import OpenFinding
from drifttui.core.finding import Finding
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.ledger import Event
from drifttui.core.ports import Batch
from drifttui.core.unit import Unit
from drifttui.core.verdict import Reason, Verdict

from .evidence_lines import line_from
from .judge import Judgement
from .opened import Opened
from .relook import relook

CHECKPOINT = 128
"""Frames between two states that are kept whole, so that a jump back costs at most so many."""


class Mark(NamedTuple):
    """A moment that somebody would jump to."""

    at: datetime
    kind: str
    words: str


class Frame(NamedTuple):
    """One thing that happened. Exactly one of the last three is there."""

    at: datetime
    batch: Batch | None = None
    unit: UnitId | None = None
    look: Look | None = None
    told: tuple[str, Mapping[str, Any]] | None = None
    """A line of `verdicts.jsonl` or `audit.jsonl`, with the name of its file."""
    event: Event | None = None


class _State:
    def __init__(self) -> None:
        self.units: dict[UnitId, Unit] = {}
        self.looks: dict[UnitId, Look] = {}
        self.health: dict[str, SourceHealth] = {}
        self.verdicts: dict[str, Verdict] = {}
        self.who: dict[str, tuple[str, tuple[Any, ...]]] = {}
        self.acts: Acts = NOTHING

    def copy(self) -> _State:
        other = _State()
        other.units, other.looks, other.health = dict(self.units), dict(self.looks), dict(self.health)
        other.verdicts, other.who, other.acts = dict(self.verdicts), dict(self.who), self.acts
        return other

    def take(self, frame: Frame) -> None:
        if frame.batch is not None:
            self._batch(frame.batch)
        if frame.unit is not None and frame.look is not None:
            self.looks[frame.unit] = frame.look
        if frame.told is not None:
            self._told(*frame.told)
        if frame.event is not None:
            self.acts = fold(self.acts, [frame.event])

    def _batch(self, batch: Batch) -> None:
        if batch.complete:
            for key in [key for key in self.units if key.source == batch.source]:
                del self.units[key]
        self.units.update((unit.id, unit) for unit in batch.units)
        for key in batch.removed:
            self.units.pop(key, None)
            self.looks.pop(key, None)
        if batch.health is not None:
            self.health[batch.health.name] = batch.health

    def _told(self, file: str, line: Mapping[str, Any]) -> None:
        key = str(line.get("finding"))
        if file == "audit.jsonl":
            at = str(line.get("seen_at"))
            when, held = self.who.get(key, ("", ()))
            self.who[key] = (at, (*held, line_from(line)) if when == at else (line_from(line),))
        elif line.get("by") == "rules":
            self.verdicts[key] = verdict_from(line)

    def board_looks(self) -> dict[UnitId, Look]:
        """Looks with the verdicts and the attribution that were recorded, not with those of this drifttui."""
        return {
            key: _as_recorded(look, self.verdicts, self.who) for key, look in self.looks.items() if key in self.units
        }


def _as_recorded(
    look: Look, verdicts: Mapping[str, Verdict], who: Mapping[str, tuple[str, tuple[Any, ...]]]
) -> Look:  # fmt: skip
    if not look.findings:
        return look
    findings: list[Finding] = []
    for finding in look.findings:
        lines = who.get(finding.id)
        attributed = finding.who
        if lines is not None:
            attributed = (attributed or Attributed())._replace(lines=lines[1], configured=True)
        findings.append(finding._replace(verdict=verdicts.get(finding.id, finding.verdict), who=attributed))
    return replace(look, findings=tuple(findings))


def verdict_from(line: Mapping[str, Any]) -> Verdict:
    """A line of `verdicts.jsonl` by the rules."""
    return Verdict(
        drift_class=str(line.get("drift_class") or "unknown"),
        domain=str(line.get("domain") or "workload"),
        risk=str(line.get("risk") or "unknown"),
        action=str(line.get("action") or "investigate"),
        auto_heal=line.get("auto_heal") is True,
        confidence=float(line.get("confidence") or 0.0),
        reasons=tuple(
            Reason(str(one.get("rule")), str(one.get("fact")))
            for one in line.get("reasons") or ()
            if isinstance(one, dict)
        ),
        missing=tuple(map(str, line.get("missing") or ())),
    )


class Remembered:
    """Findings keep the ids and beginnings under which they were recorded, by `lines` of `findings.jsonl`. Stands in
    for a `FindingStore`."""

    def __init__(self, lines: Iterable[Mapping[str, Any]]) -> None:
        self._held: dict[tuple[UnitId, ResourceRef], OpenFinding] = {}
        for line in lines:
            found = _open_finding(line)
            if found is not None:
                self._held.setdefault((found.unit, found.ref), found)

    def of(self, unit: UnitId) -> Sequence[OpenFinding]:
        return [found for (owner, _), found in self._held.items() if owner == unit]

    def keep(self, opened: object, closed: object) -> None:
        for found in closed:  # type: ignore[attr-defined]
            self._held.pop((found.unit, found.ref), None)


def _open_finding(line: Mapping[str, Any]) -> OpenFinding | None:
    ref, first, last = line.get("resource"), moment(line.get("first_seen")), moment(line.get("last_seen"))
    if not isinstance(ref, dict) or first is None:
        return None
    try:
        unit = UnitId.parse(str(line.get("unit")))
    except ValueError:
        return None
    fields = ("cluster", "group", "kind", "namespace", "name", "address")
    return OpenFinding(
        str(line.get("id")), unit, ResourceRef(*(str(ref.get(field) or "") for field in fields)), first, last or first,
        str(line.get("fingerprint") or ""),
    )  # fmt: skip


class Film:
    """All frames of a bundle, and the board at any of its moments. Built once; asking is cheap in any order."""

    def __init__(
        self, frames: Sequence[Frame], marks: Sequence[Mark], *, incident: str, title: str, mode: Mode
    ) -> None:
        self.frames = tuple(frames)
        self.marks = tuple(marks)
        self.incident, self.title, self.mode = incident, title, mode
        self._times = [frame.at for frame in self.frames]
        self._kept: dict[int, _State] = {0: _State()}
        self._place, self._state = 0, _State()

    @property
    def since(self) -> datetime | None:
        return self._times[0] if self._times else None

    @property
    def until(self) -> datetime | None:
        return self._times[-1] if self._times else None

    def board(self, at: datetime, version: int) -> Board:
        """What was known at `at`. `version` as the boards of a feed count."""
        state = self._at(bisect.bisect_right(self._times, at))
        return Board(
            units=dict(state.units),
            looks=state.board_looks(),
            sources=dict(state.health),
            at=at,
            mode=self.mode,
            version=version,
            changed=None,
            incident=self.incident,
            read_only=True,
            acts=state.acts,
        )

    def _at(self, place: int) -> _State:
        """The state after the first `place` frames."""
        if place < self._place or place - self._place > CHECKPOINT:
            nearest = max(known for known in self._kept if known <= place)
            if nearest > self._place or place < self._place:
                self._place, self._state = nearest, self._kept[nearest].copy()
        while self._place < place:
            self._state.take(self.frames[self._place])
            self._place += 1
            if self._place % CHECKPOINT == 0 and self._place not in self._kept:
                self._kept[self._place] = self._state.copy()
        return self._state

    def next_frame(self, at: datetime) -> datetime | None:
        """The moment of the next thing that happened."""
        place = bisect.bisect_right(self._times, at)
        return self._times[place] if place < len(self._times) else None

    def previous_frame(self, at: datetime) -> datetime | None:
        place = bisect.bisect_left(self._times, at)
        return self._times[place - 1] if place else None

    def next_mark(self, at: datetime) -> Mark | None:
        return next((mark for mark in self.marks if mark.at > at), None)

    def previous_mark(self, at: datetime) -> Mark | None:
        return next((mark for mark in reversed(self.marks) if mark.at < at), None)


JUMPS = frozenset({"drift", "gone", "gap", "verdict", "pause", "link", "act", "call"})


def film(opened: Opened, *, mode: Mode = Mode.REPLAY, progress: Callable[[int], None] = lambda _: None) -> Film:
    """Reads and judges the whole record once. Raises `BundleError`; `progress` is told how many frames there are."""
    frames: list[Frame] = []
    judgement = Judgement(store=Remembered(opened.lines("findings.jsonl")))  # type: ignore[arg-type]
    for found in relook(opened.batches(), judgement):
        frames.append(Frame(found.at, found.batch, found.unit, found.look))
        if len(frames) % 100 == 0:
            progress(len(frames))
    for name, key in (("verdicts.jsonl", "at"), ("audit.jsonl", "seen_at")):
        for line in opened.lines(name):
            at = moment(line.get(key))
            if at is not None:
                frames.append(Frame(at, told=(name, line)))
    frames += [Frame(event.at, event=event) for event in opened.events()]
    frames.sort(key=lambda frame: frame.at)
    title = opened.manifest.incident or "bundle"
    return Film(frames, _marks(opened, frames), incident=opened.manifest.incident, title=title, mode=mode)


def _marks(opened: Opened, frames: Sequence[Frame]) -> list[Mark]:
    """Entries of the timeline. Drift and blindness are marked when they were known, a little after they began: whoever
    jumps there sees them; and how long a source was blind is not told when that begins."""
    shown: dict[str, datetime] = {}
    blind: list[tuple[datetime, str]] = []
    for frame in frames:
        for finding in frame.look.findings if frame.look is not None else ():
            shown.setdefault(finding.id, frame.at)
        health = frame.batch.health if frame.batch is not None else None
        if health is not None and health.standing is Standing.BLIND:
            blind.append((frame.at, health.name))
    marks = []
    for line in opened.lines("timeline.jsonl"):
        at, kind, words = moment(line.get("at")), line.get("kind"), str(line.get("words"))
        if at is None or kind not in JUMPS or not frames or at < frames[0].at:
            continue
        if kind == "drift":
            at = max(at, shown.get(str(line.get("ref")), at))
        elif kind == "gap":
            source, (_, _, why) = str(line.get("source")), words.partition(": ")
            at = next((known for known, name in blind if name == source and known >= at), at)
            words = f"{source} is blind: {why}" if why else f"{source} is blind"
        marks.append(Mark(at, str(kind), words))
    return sorted(marks, key=lambda mark: mark.at)
