"""From an inspection to findings: compare every resource, carry ids on, ask the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from drifttui.core.attributed import Attributed
from drifttui.core.case import ChangeLink
from drifttui.core.diff import compare
from drifttui.core.episodes import OpenFinding, carry
from drifttui.core.errors import BadAnswer
from drifttui.core.finding import Comparison, Finding
from drifttui.core.git import Merges
from drifttui.core.inspection import Inspection
from drifttui.core.planes import Plane, ThreePlanes
from drifttui.core.unit import Unit
from drifttui.store.findings import FindingStore

from .attribution import Attribution
from .jq import delete
from .session import utc_now
from .verdicts import Rules

UNREADABLE = (Plane.DESIRED, Plane.RECORDED, Plane.ACTUAL)


def compare_all(inspection: Inspection) -> list[Comparison]:
    """One comparison per resource, by the engine's ignore rules and the cluster's own schema."""
    return [_compared(planes, inspection) for planes in inspection.resources]


def _compared(planes: ThreePlanes, inspection: Inspection) -> Comparison:
    """A document too deep to be walked is one that nobody could read: unknown, never clean."""
    if (ready := inspection.comparisons.get(planes.ref)) is not None:
        return ready
    try:
        return compare(
            planes,
            ignore=inspection.ignore_rules,
            list_keys=inspection.list_keys,
            defaults=inspection.defaults,
            jq=delete,
        )
    except BadAnswer:
        return Comparison(planes.ref, (), (), UNREADABLE)


Who = Callable[[Finding, Inspection], Attributed]
Found = Callable[[Finding, Unit, Inspection], Merges | None]
Links = Callable[[Finding], Sequence[ChangeLink] | None]


class Judgement:
    """One per session. `policy` is a policy folder; `store` keeps ids across restarts and may be missing.

    `who` says who changed a finding's fields as far as is known by now; without it what the object itself tells.
    `merges` says what Git says of it; None where no Git is read.
    `links` names the incidents and changes that cover it; None where the ledger could not be read.
    """

    def __init__(
        self,
        policy: Path | None = None,
        store: FindingStore | None = None,
        who: Who | None = None,
        links: Links | None = None,
        merges: Found | None = None,
    ) -> None:
        self._rules = Rules(policy)
        self._store = store
        self._who = who or Attribution((), utc_now).known
        self._links = links
        self._merges = merges

    def __call__(
        self, unit: Unit, inspection: Inspection, previous: Sequence[Finding], now: datetime
    ) -> tuple[tuple[Finding, ...], int]:
        """The findings of `inspection`, and how many removals by rules there were over the whole unit."""
        comparisons = compare_all(inspection)
        carried = carry(
            unit.id,
            previous,
            comparisons,
            {planes.ref: planes for planes in inspection.resources},
            now,
            remembered=self._store.of(unit.id) if self._store else (),
            complete=bool(inspection.resources) or not inspection.gaps,
        )
        if self._store is not None:
            self._store.keep(map(OpenFinding.of, carried.findings), map(OpenFinding.of, carried.closed))
        findings = tuple(self._judged(finding, unit, inspection, now) for finding in carried.findings)
        return findings, sum(len(comparison.hidden) for comparison in comparisons)

    def _judged(self, finding: Finding, unit: Unit, inspection: Inspection, now: datetime) -> Finding:
        # A recording brings along what was known then, and nobody to ask.
        finding = finding._replace(who=inspection.who.get(finding.ref) or self._who(finding, inspection))
        merges = inspection.merges.get(finding.ref)
        if merges is None and self._merges is not None:
            merges = self._merges(finding, unit, inspection)
        finding = finding._replace(merges=merges)
        if merges is not None and (explains := self._rules.explained(finding, unit, inspection, now)):
            finding = finding._replace(merges=merges._replace(explains=explains))
        links = self._links(finding) if self._links is not None else None
        return finding._replace(verdict=self._rules.verdict(finding, unit, inspection, now, links))
