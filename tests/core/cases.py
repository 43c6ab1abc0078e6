"""The labelled cases, and ways to take evidence away from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from drifttui.core.case import Case
from drifttui.core.finding import Change
from drifttui.core.planes import UNKNOWN, Plane
from drifttui.store.case_files import CaseFile, labelled

CASES = Path(__file__).parent.parent / "cases"
SHARED = CASES / "shared"
OWN = CASES / "own"


def all_cases() -> list[CaseFile]:
    return [*labelled(SHARED), *labelled(OWN)]


def name(file: CaseFile) -> str:
    return Path(file.name).stem


def without_evidence(case: Case) -> Iterator[tuple[str, Case]]:
    """The case with one piece of evidence fewer, for every piece that it has."""
    for part in ("audit", "merges", "links"):
        if getattr(case, part) is not None:
            lost: dict[str, Any] = {part: None}
            yield f"{part} unreadable", case._replace(**lost)
    if any(change.owners for change in case.changes):
        yield "no field managers", _each(case, lambda change: change._replace(owners=()))
    for index, change in enumerate(case.changes):
        for plane in Plane:
            if change.value(plane) is not UNKNOWN:
                changes = list(case.changes)
                gap: dict[str, Any] = {plane.value: UNKNOWN}
                changes[index] = change._replace(**gap)
                yield f"{plane.value} of change {index} unknown", case._replace(changes=tuple(changes))
    for fact in ("desired_revision", "applied_revision", "environment", "risk_tier", "auto_sync"):
        if getattr(case.unit, fact):
            blank: dict[str, Any] = {fact: ""}
            yield f"{fact} unknown", case._replace(unit=case.unit._replace(**blank))
    if case.unit.last_reconciled:
        yield "last reconciliation unknown", case._replace(unit=case.unit._replace(last_reconciled=None))
    yield "old look", aged(case)


def aged(case: Case) -> Case:
    return case._replace(unit=case.unit._replace(observed_at=case.now - timedelta(hours=9)))


def blinded(case: Case) -> Case:
    """Nobody could read what runs."""
    return _each(case, lambda change: change._replace(actual=UNKNOWN))


def _each(case: Case, edit: Callable[[Change], Change]) -> Case:
    return case._replace(changes=tuple(edit(change) for change in case.changes))
