"""Which merge touched what differs: asks Git about the findings of a unit, and keeps what it answered.

Where a unit is rendered from several places, each is asked about the objects that no later one declares, for of one
that several render the last counts. What no file declares is told by Helm values, else by folders.

An answer is kept for as long as the drift and the unit's revisions stay the same. It is asked for again now and then,
for a merge may come in without the unit knowing of it yet; where the branch has not moved, that costs one question.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from drifttui.core.board import Look
from drifttui.core.errors import SourceError
from drifttui.core.finding import Change, Finding
from drifttui.core.git import (
    Field,
    Found,
    GitAnswer,
    GitQuestion,
    Merges,
    host_of,
    merges_for,
    newest_first,
    repo_key,
    stand_in,
)
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.ports import Clock, HistorySource
from drifttui.core.unit import Unit
from drifttui.core.verdict import risk_rank

AT_ONCE: Final = 40
"""Objects in one question."""
FIELDS: Final = 60
"""Fields of one object."""
LONGEST: Final = 300
"""Characters of a value that is looked for among Helm values."""
AGAIN_AFTER: Final = timedelta(minutes=2)
FAILED_AFTER: Final = timedelta(minutes=1)
TIMEOUT: Final = 120.0
"""Seconds for one question."""
PLACES: Final = 6
"""Of one unit that are asked."""


class Place(NamedTuple):
    """One source of a unit."""

    repo: str
    path: str = ""
    revision: str = ""
    applied: str = ""
    tracks: str = ""
    values: tuple[str, ...] = ()
    renders: bool = True


class Key(NamedTuple):
    places: tuple[Place, ...]
    """Those in Git, in the order of the sources."""
    fingerprint: str


class _Entry:
    __slots__ = ("answer", "asked", "failed", "key")

    def __init__(self, key: Key, answer: Merges, asked: datetime | None = None, failed: bool = False) -> None:
        self.key, self.answer, self.asked, self.failed = key, answer, asked, failed


class History:
    """One per session. All but `known` belong to the thread that asks."""

    def __init__(self, sources: Sequence[HistorySource], clock: Clock) -> None:
        self._sources = tuple(sources)
        self._clock = clock
        self._entries: dict[tuple[UnitId, ResourceRef], _Entry] = {}

    @property
    def configured(self) -> bool:
        return bool(self._sources)

    def known(self, finding: Finding, unit: Unit, inspection: Inspection) -> Merges | None:
        """What is known now; None where no Git is configured."""
        if not self._sources:
            return None
        key = _key(finding, unit, inspection)
        held = self._entries.get((finding.unit, finding.ref))
        if held is None or held.key != key:
            held = _Entry(key, self._unasked(key))
            self._entries[finding.unit, finding.ref] = held
        return held.answer

    def _unasked(self, key: Key) -> Merges:
        why = self._refusal(key)
        return Merges(unseen=(why,)) if why else Merges(pending=True)

    def _refusal(self, key: Key) -> str:
        """Why no source can be asked; empty where one can."""
        if not any(place.repo for place in key.places):
            return "the unit names no Git repository"
        if self._held(key):
            return ""
        return "; ".join(dict.fromkeys(_unheld(place.repo) for place in key.places if place.repo))

    def _held(self, key: Key) -> bool:
        return any(self._source(place.repo) is not None for place in key.places)

    def _source(self, repo: str) -> HistorySource | None:
        """The first that holds it; clones stand before hosts."""
        return next((source for source in self._sources if source.holds(repo)), None)

    def forget(self, unit: UnitId) -> None:
        for key in [key for key in self._entries if key[0] == unit]:
            del self._entries[key]

    def again(self, unit: UnitId) -> None:
        """The operator wants it asked again."""
        for key, held in self._entries.items():
            if key[0] == unit:
                held.asked = None

    def waits(self, unit: UnitId) -> bool:
        """Time alone makes a further question worth while: the branch may have moved."""
        return any(key[0] == unit and self._held(held.key) for key, held in self._entries.items())

    def due(self, unit: UnitId, look: Look) -> list[Finding]:
        """Findings that are worth a question now, worst risk first."""
        if not self._sources or look.inspection is None:
            return []
        found = [finding for finding in look.findings if self._is_due(finding)]
        return sorted(found, key=lambda finding: -risk_rank(finding.risk))[:AT_ONCE]

    def _is_due(self, finding: Finding) -> bool:
        held = self._entries.get((finding.unit, finding.ref))
        if held is None or not self._held(held.key):
            return False  # Judged before Git was known, or nobody can be asked.
        if held.asked is None:
            return True
        return self._clock() - held.asked >= (FAILED_AFTER if held.failed else AGAIN_AFTER)

    async def ask(self, unit: Unit, look: Look, clusters: frozenset[str]) -> bool:
        """Asks about what is due. True where anything may look different now. Never raises for a source."""
        findings = self.due(unit.id, look)
        if not findings or look.inspection is None:
            return False
        keys = {finding.ref: _key(finding, unit, look.inspection) for finding in findings}
        told = await self.told(unit, keys[findings[0].ref].places, findings)
        now = self._clock()
        news = False
        for finding in findings:
            before = self._entries.get((finding.unit, finding.ref))
            found = told[finding.ref]
            news |= before is None or before.answer._replace(at=None) != found._replace(at=None)
            failed = found.merges is None
            self._entries[finding.unit, finding.ref] = _Entry(
                keys[finding.ref], found._replace(at=found.at or now), now, failed
            )
        return news

    async def told(
        self, unit: Unit, places: Sequence[Place], findings: Sequence[Finding]
    ) -> dict[ResourceRef, Merges]:  # fmt: skip
        """What Git says of each finding. Never raises for a source."""
        asking = _Telling(len([place for place in places if place.repo]))
        left = list(findings)
        for place in list(reversed(places))[:PLACES]:
            if not left:
                break
            if not place.repo:
                continue
            source = self._source(place.repo)
            if source is None:
                asking.failed(left, _unheld(place.repo))
                continue
            question = question_for(unit, place, left)._replace(part=asking.several)
            try:
                async with asyncio.timeout(TIMEOUT):
                    answer = await source.merges(question)
            except SourceError as error:
                asking.failed(left, f"{source.name}: {error.one_line()}", source.name)
            except TimeoutError:
                asking.failed(left, f"{source.name} did not answer in {TIMEOUT:.0f} s", source.name)
            else:
                asking.take(left, answer)
                left = [finding for finding in left if answer.by.get(finding.ref) is not Found.FILE]
        if left and len(places) > PLACES:
            asking.failed(left, f"{len(places) - PLACES} of the unit's {len(places)} sources were not asked")
        return {finding.ref: asking.merges(finding.ref) for finding in findings}


class _Telling:
    """The answers of a unit's places, last one first."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._answers: list[GitAnswer] = []
        self._failures: dict[ResourceRef, list[str]] = {}
        self._failed = ""
        """The first source that did."""

    @property
    def several(self) -> bool:
        return self.count > 1

    def failed(self, findings: Sequence[Finding], why: str, source: str = "") -> None:
        self._failed = self._failed or source
        for finding in findings:
            self._failures.setdefault(finding.ref, []).append(why)

    def take(self, findings: Sequence[Finding], answer: GitAnswer) -> None:
        wanted = {finding.ref for finding in findings}
        touches = {ref: held for ref, held in answer.touches.items() if ref in wanted}
        self._answers.append(answer._replace(touches=touches))

    def merges(self, ref: ResourceRef) -> Merges:
        """By the file that declares it; else by whatever values and folders tell together."""
        why = tuple(self._failures.get(ref, ()))
        if not self.several:
            return merges_for(self._answers[0], ref) if self._answers else Merges(unseen=why, source=self._failed)
        for answer in self._answers:
            if answer.by.get(ref) is Found.FILE and ref in answer.touches:
                found = merges_for(answer, ref)
                later = tuple(f"{each}: if it declares the object too, it counts before this" for each in why)
                return found._replace(unseen=(*found.unseen, *later))
        if not self._answers:
            return Merges(unseen=why, source=self._failed)
        by_values = [one for one in self._answers if one.by.get(ref) is Found.VALUES]
        answers = by_values or self._answers
        parts = [merges_for(one, ref) for one in answers if ref in one.touches]
        touches = newest_first(touch for part in parts for touch in part.touches)
        folders = () if by_values else (stand_in((ref,), f"the unit's {self.count} repositories"),)
        unseen = dict.fromkeys((*(text for one in answers for text in one.unseen), *folders, *why))
        sources = ", ".join(dict.fromkeys(one.source for one in answers))
        merges = [merge for part in parts for merge in part.merges or ()]
        if not parts or (why and not by_values):
            return Merges(unseen=tuple(unseen), source=sources)
        return Merges(tuple(dict.fromkeys(merges)), touches, tuple(unseen), sources)


def _unheld(repo: str) -> str:
    host = host_of(repo)[0]
    return f"no token and no clone for {host}" if host else f"no clone of {repo}"


def question_for(unit: Unit, place: Place, findings: Sequence[Finding]) -> GitQuestion:
    objects = tuple((finding.ref, tuple(_field(change) for change in finding.changes[:FIELDS])) for finding in findings)
    return GitQuestion(
        place.repo, place.path, place.revision, place.applied, objects, unit.namespace, place.tracks, place.values,
        place.renders,
    )  # fmt: skip


def _field(change: Change) -> Field:
    held = change.desired
    plain = isinstance(held, (str, int, float)) and not change.sensitive and len(str(held)) <= LONGEST
    return Field(change.path, change.label, json.dumps(held) if plain else "")


def _key(finding: Finding, unit: Unit, inspection: Inspection) -> Key:
    return Key(places_of(unit, inspection), finding.fingerprint)


def places_of(unit: Unit, inspection: Inspection) -> tuple[Place, ...]:
    """Where a unit is rendered from. Charts out of a registry have no history: they are places without a repository."""
    if inspection.origins:
        return tuple(
            Place(
                "" if each.chart else repo_key(each.repo), each.path, each.revision, each.applied,
                each.tracks or "HEAD", each.values, each.renders,
            )
            for each in inspection.origins
        )  # fmt: skip
    newest = next((one for one in inspection.revisions if one.deployed_at), None)
    operation = unit.operation
    succeeded = operation.revision if operation is not None and operation.phase == "Succeeded" else ""
    applied = succeeded or (newest.revision if newest else "")
    return (Place(repo_key(unit.repo), unit.path, unit.revision, applied, unit.tracks),)
