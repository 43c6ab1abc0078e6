"""What operators did, by the unit or finding that it is about: from the ledger, and from annotations on units."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from .acts_now import NOTHING, Acts
from .finding import Finding
from .identity import UnitId

if TYPE_CHECKING:
    from .acts import HistoryEntry, LinkRecord, OperatorVerdict, PauseRecord


class Said(NamedTuple):
    """The operator's verdict on a finding."""

    verdict: OperatorVerdict
    reopened: bool
    """The drift is another one since: the verdict was about something else."""


class Deeds:
    """One per state of the ledger. `seen` are pauses that annotations on units tell of, by `str(UnitId)`."""

    def __init__(self, acts: Acts = NOTHING, seen: Mapping[str, PauseRecord] | None = None) -> None:
        self.acts = acts
        self.seen = seen or {}
        # Of its own acts the ledger knows more than an annotation that was read a while ago.
        others = {unit: pause for unit, pause in self.seen.items() if pause.standing and pause.id not in acts.pauses}
        self._pauses = {**others, **{pause.unit: pause for pause in acts.pauses.values() if pause.standing}}
        self._links: dict[str, list[LinkRecord]] = {}
        for link in acts.links.values():
            for about in link.units | link.findings | link.pauses:
                self._links.setdefault(about, []).append(link)
        self._history: dict[str, list[HistoryEntry]] | None = None

    # Pauses.

    @property
    def pauses(self) -> Mapping[str, PauseRecord]:
        """Those that stand, by `str(UnitId)`."""
        return self._pauses

    def by_unit(self, units: Collection[UnitId]) -> dict[UnitId, PauseRecord]:
        """The same for look-ups row by row. A unit that is not in `units` keeps its pause all the same."""
        found: dict[UnitId, PauseRecord] = {}
        spelled: dict[str, UnitId] | None = None
        for text, pause in self._pauses.items():
            try:
                key = UnitId.parse(text)
            except ValueError:
                continue
            if key not in units:
                # The name of a source may hold the sign that parts of an id are joined with.
                spelled = {str(unit): unit for unit in units} if spelled is None else spelled
                key = spelled.get(text, key)
            found[key] = pause
        return found

    def overdue(self, now: datetime) -> int:
        return sum(pause.overdue(now) for pause in self._pauses.values())

    # Links.

    def links_of(self, unit: UnitId, finding: str = "") -> list[LinkRecord]:
        """Those of the finding itself first, then those of its unit."""
        if not self._links:
            return []
        found = [*(self._links.get(finding, ()) if finding else ()), *self._links.get(str(unit), ())]
        return list({link.id: link for link in found}.values())

    # Verdicts.

    def said_of(self, finding: Finding) -> Said | None:
        verdict = self.acts.verdicts.get(finding.id)
        return Said(verdict, verdict.fingerprint != finding.fingerprint) if verdict else None

    # History.

    def history(self, unit: UnitId, finding: str = "") -> list[HistoryEntry]:
        """Of the finding and its unit, newest first; what other findings of the unit were told is left out."""
        if self._history is None:
            self._history = {}
            for entry in self.acts.history:
                self._history.setdefault(entry.unit, []).append(entry)
                if entry.finding and not entry.unit:
                    self._history.setdefault(entry.finding, []).append(entry)
        found = [*self._history.get(str(unit), ()), *(self._history.get(finding, ()) if finding else ())]
        mine = [entry for entry in found if not entry.finding or not finding or entry.finding == finding]
        return sorted(mine, key=lambda entry: entry.at, reverse=True)


NO_DEEDS: Final = Deeds()


def link_state(link: LinkRecord, now: datetime) -> str:
    """`expired` or `closed` where it no longer covers anything, else empty."""
    if link.closed is not None and link.closed <= now:
        return "closed"
    return "expired" if link.expires is not None and link.expires <= now else ""
