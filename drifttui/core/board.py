"""Everything observed, as one value. Replaced whole, never edited in place; live and replay show the same one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from .acts_now import NOTHING, Acts
from .finding import Finding
from .health import Freshness, SourceHealth, Standing, freshness
from .identity import UnitId
from .inspection import Inspection
from .unit import APPLIED, Auto, Unit
from .verdict import risk_rank

if TYPE_CHECKING:
    from .direct import DirectRead
    from .sharing import Conflict
    from .undone import Undone


SHARED_RISK = "medium"
"""Of a unit in which nothing differs and of which another unit manages a part as well."""


class Mode(StrEnum):
    LIVE = "live"
    REPLAY = "replay"
    DEMO = "demo"


class Depth(StrEnum):
    """How far a unit has been looked into."""

    LISTED = "listed"
    """Only what the list says."""
    READING = "reading"
    READ = "read"
    FAILED = "failed"
    """The last look failed; `Look.error` says why. Findings from an earlier one are kept and are stale."""


@dataclass(frozen=True, slots=True)
class Look:
    """The last look into one unit: findings and where they came from."""

    depth: Depth = Depth.LISTED
    findings: tuple[Finding, ...] = ()
    inspection: Inspection | None = None
    """Kept for recently opened units only; None for the others."""
    hidden: int = 0
    """Removals by rules over the whole unit."""
    at: datetime | None = None
    error: str = ""
    hint: str = ""
    uncompared: int = 0
    """Resources of which the look could not tell whether they differ."""
    conflicts: tuple[Conflict, ...] = ()
    """Resources that another unit manages as well."""
    direct: tuple[DirectRead, ...] = ()
    """Resources that were read by themselves since: the findings are the look's, and stay."""
    undone: tuple[Undone, ...] = ()
    """What was found here earlier in this session and is gone, oldest first, with who undid it."""

    def read_directly(self, finding: Finding) -> DirectRead | None:
        """The last direct read of the finding's resource."""
        return next((read for read in self.direct if read.address == finding.ref.address), None)

    def vouches(self, unit: Unit) -> bool:
        """Whether somebody compared all of `unit` with what runs: its engine, or this look if the engine does not."""
        if unit.sync == APPLIED:
            return self.depth in (Depth.READ, Depth.READING) and self.at is not None and not self.uncompared
        return unit.sync == "Synced"


@dataclass(frozen=True, slots=True)
class Board:
    units: Mapping[UnitId, Unit] = field(default_factory=dict)
    looks: Mapping[UnitId, Look] = field(default_factory=dict)
    sources: Mapping[str, SourceHealth] = field(default_factory=dict)
    at: datetime | None = None
    """The moment that this board shows: now when live, the scrubber's time in a replay."""
    mode: Mode = Mode.LIVE
    version: int = 0
    """Grows with every board; equal versions are equal boards."""
    changed: frozenset[UnitId] | None = None
    """Units that differ from the board before. None: anything may."""
    incident: str = ""
    read_only: bool = False
    acts: Acts = NOTHING
    """What operators decided and did, from the ledger."""

    def look(self, unit: UnitId) -> Look:
        return self.looks.get(unit) or Look()

    def freshness(self, unit: Unit, now: datetime) -> Freshness:
        return freshness(unit.observed_at, self.sources.get(unit.id.source), now)

    def risk(self, unit: Unit, now: datetime) -> str:
        """The worst risk among a unit's findings; `unknown` where nobody could tell, empty where nothing differs.

        Unknown wins over nothing: a unit that the engine could not compare, or whose source is blind, is not clean.
        """
        look = self.look(unit.id)
        ranked = [finding.risk for finding in look.findings]
        if ranked:
            return max(ranked, key=risk_rank)
        if self.freshness(unit, now) is not Freshness.FRESH or look.depth is Depth.FAILED:
            return "unknown"
        if not look.vouches(unit):
            return "unknown"
        return SHARED_RISK if look.conflicts else ""

    @property
    def findings(self) -> list[Finding]:
        return [finding for look in self.looks.values() for finding in look.findings]

    @property
    def paused(self) -> list[Unit]:
        return [unit for unit in self.units.values() if unit.auto is Auto.PAUSED]

    @property
    def blind(self) -> list[SourceHealth]:
        return [health for health in self.sources.values() if health.standing is Standing.BLIND]
