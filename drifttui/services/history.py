"""Which merge touched what differs: asks Git about the findings of a unit, and keeps what it answered.

An answer is kept for as long as the drift and the unit's revisions stay the same. It is asked for again now and then,
for a merge may come in without the unit knowing of it yet; where the branch has not moved, that costs one question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from drifttui.core.board import Look
from drifttui.core.errors import SourceError
from drifttui.core.finding import Finding
from drifttui.core.git import Field, GitAnswer, GitQuestion, Merges, host_of, merges_for, repo_key
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.ports import Clock, HistorySource
from drifttui.core.unit import Unit
from drifttui.core.verdict import risk_rank

AT_ONCE: Final = 40
"""Objects in one question."""
FIELDS: Final = 60
"""Fields of one object."""
AGAIN_AFTER: Final = timedelta(minutes=2)
FAILED_AFTER: Final = timedelta(minutes=1)
TIMEOUT: Final = 120.0
"""Seconds for one question."""


class Key(NamedTuple):
    repo: str
    path: str
    revision: str
    applied: str
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
        if not key.repo:
            return "the unit names no Git repository"
        if self._source(key.repo) is not None:
            return ""
        host = host_of(key.repo)[0]
        return f"no token and no clone for {host}" if host else f"no clone of {key.repo}"

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
        return any(key[0] == unit and self._source(held.key.repo) is not None for key, held in self._entries.items())

    def due(self, unit: UnitId, look: Look) -> list[Finding]:
        """Findings that are worth a question now, worst risk first."""
        if not self._sources or look.inspection is None:
            return []
        found = [finding for finding in look.findings if self._is_due(finding)]
        return sorted(found, key=lambda finding: -risk_rank(finding.risk))[:AT_ONCE]

    def _is_due(self, finding: Finding) -> bool:
        held = self._entries.get((finding.unit, finding.ref))
        if held is None or self._source(held.key.repo) is None:
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
        first = keys[findings[0].ref]
        source = self._source(first.repo)
        if source is None:
            return False
        question = question_for(unit, first, findings)
        failure = ""
        answer = GitAnswer(source.name, first.repo)
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await source.merges(question)
        except SourceError as error:
            failure = f"{source.name}: {error.one_line()}"
        except TimeoutError:
            failure = f"{source.name} did not answer in {TIMEOUT:.0f} s"
        now = self._clock()
        news = False
        for finding in findings:
            before = self._entries.get((finding.unit, finding.ref))
            blind = Merges(unseen=(failure,), source=source.name, at=now)
            told = blind if failure else merges_for(answer, finding.ref)
            news |= before is None or before.answer._replace(at=None) != told._replace(at=None)
            self._entries[finding.unit, finding.ref] = _Entry(keys[finding.ref], told, now, bool(failure))
        return news


def question_for(unit: Unit, key: Key, findings: Sequence[Finding]) -> GitQuestion:
    objects = tuple(
        (finding.ref, tuple(Field(change.path, change.label) for change in finding.changes[:FIELDS]))
        for finding in findings
    )
    return GitQuestion(key.repo, key.path, key.revision, key.applied, objects, unit.namespace, unit.tracks)


def _key(finding: Finding, unit: Unit, inspection: Inspection) -> Key:
    newest = next((one for one in inspection.revisions if one.deployed_at), None)
    operation = unit.operation
    succeeded = operation.revision if operation is not None and operation.phase == "Succeeded" else ""
    return Key(
        repo_key(unit.repo), unit.path, unit.revision, succeeded or (newest.revision if newest else ""),
        finding.fingerprint,
    )  # fmt: skip
