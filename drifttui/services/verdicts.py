"""What the rules say about live findings, with what is known today: the unit, the planes, who wrote, change links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from drifttui.core.case import Case, ChangeLink
from drifttui.core.classify import classify
from drifttui.core.classify_context import context_of
from drifttui.core.facts import CaseFacts
from drifttui.core.finding import Finding
from drifttui.core.inspection import Inspection
from drifttui.core.policy_table import Policy
from drifttui.core.unit import Unit
from drifttui.core.verdict import Verdict
from drifttui.store.policy_files import load_policy, policy_folder


class Rules:
    """One policy for a session. The built-in one is loaded at the first finding: it costs more than the first frame.

    A team's folder is read at once and raises `InputError` for its first problem: nobody wants to learn of it at the
    first finding.
    """

    def __init__(self, folder: Path | None = None) -> None:
        found = policy_folder(folder)
        self._policy: Policy | None = load_policy(found) if found else None

    def verdict(
        self,
        finding: Finding,
        unit: Unit,
        inspection: Inspection,
        now: datetime,
        links: Sequence[ChangeLink] | None = None,
    ) -> Verdict:
        return classify(self._case(finding, unit, inspection, now, links), self._loaded)

    def explained(self, finding: Finding, unit: Unit, inspection: Inspection, now: datetime) -> str:
        """The newest merge that may explain a change of the finding, and why; empty where none does."""
        if finding.merges is None or not finding.merges.merges:
            return ""
        whole = CaseFacts(self._case(finding, unit, inspection, now, None))
        found = [facts.pending for facts in whole.changes if facts.pending is not None]
        newest = max(found, key=lambda one: one.merge.time.timestamp() if one.merge.time else 0.0, default=None)
        return newest.fact if newest else ""

    @property
    def _loaded(self) -> Policy:
        if self._policy is None:
            self._policy = load_policy(None)
        return self._policy

    def _case(
        self,
        finding: Finding,
        unit: Unit,
        inspection: Inspection,
        now: datetime,
        links: Sequence[ChangeLink] | None,
    ) -> Case:
        return context_of(
            finding,
            unit,
            inspection,
            now,
            policy=self._loaded,
            audit=finding.who.events if finding.who else None,
            merges=finding.merges.merges if finding.merges else None,
            links=links,
            vouched_at=inspection.observed_at,
        )
