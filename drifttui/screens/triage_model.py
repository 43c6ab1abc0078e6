"""From boards to the two lists of the triage screen. Knows no widget, so it is tested without a screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from drifttui.core.board import Board
from drifttui.core.deeds import Deeds
from drifttui.core.filters import NO_FILTER, Filter
from drifttui.core.health import Freshness, Standing
from drifttui.core.identity import UnitId
from drifttui.core.ledger import EMPTY
from drifttui.core.rows import FindingRow, Freshnesses, UnitRow, unit_rows
from drifttui.core.tally import Tally, Tallying
from drifttui.core.unit import Unit
from drifttui.core.worklist import Worklist

if TYPE_CHECKING:
    from drifttui.core.acts import PauseRecord

FindingKey = tuple[UnitId, str]

_RECHECK: Final = timedelta(seconds=10)
"""How often every row is held against the clock: an answer grows stale without any news."""


class Update(NamedTuple):
    """What is different on screen."""

    units_moved: bool = False
    units: frozenset[UnitId] | None = frozenset()
    """Rows that say something else; None: any may."""
    findings_moved: bool = False


EVERYTHING: Final = Update(True, None, True)
"""For a screen that comes back from behind another one."""


class TriageModel:
    def __init__(self, filter_: Filter = NO_FILTER) -> None:
        self.board = Board()
        self.filter = filter_
        self.units: Worklist[UnitId, UnitRow] = Worklist(lambda row: True)
        self.findings: Worklist[FindingKey, FindingRow] = Worklist(lambda row: True)
        self.chosen: UnitId | None = None
        self.everywhere = False
        """Findings of all units that the filter lets through, or of the chosen one."""
        self.deeds = Deeds()
        """What operators did, by what it is about."""
        self._pauses: dict[UnitId, PauseRecord] = {}
        self._paused_elsewhere = 0
        self._standings: Mapping[str, Freshness | None] = {}
        self._rechecked: datetime | None = None
        self._tallying = Tallying()
        self._hidden_unknown: int | None = None

    def update(self, board: Board, now: datetime, *, whole: bool = False) -> Update:
        """`whole` looks at every row, whatever the board says has changed."""
        self.board = board
        known = self.deeds.acts
        done = board.acts is not known and (board.acts.head != known.head or board.acts.head == EMPTY)
        if done:
            self.deeds = Deeds(board.acts, self.deeds.seen)
        freshnesses = Freshnesses(board, now)
        same_standing = freshnesses.by_source == self._standings
        due = self._rechecked is None or now - self._rechecked >= _RECHECK or now < self._rechecked
        if whole or done or due or not same_standing or board.changed is None:
            self._standings, self._rechecked = freshnesses.by_source, now
            self._apply_filter(now)
            self._pauses = self.deeds.by_unit(board.units.keys())
            self._paused_elsewhere = sum(1 for key in self._pauses if key not in board.units)
            changed, moved = self._all(board, now)
        else:
            changed, moved = self._some(board, board.changed, freshnesses)
        return Update(moved, None if done else changed, self._refill_findings(changed))

    def see(self, seen: Mapping[str, PauseRecord], now: datetime) -> Update | None:
        """Pauses that annotations on units tell of, by `str(UnitId)`. None where they are the ones known already."""
        if seen == self.deeds.seen:
            return None
        self.deeds = Deeds(self.board.acts, seen)
        return self.update(self.board, now, whole=True)._replace(units=None)

    def recheck(self, now: datetime) -> Update | None:
        """Without a new board: rows may have grown stale. None where it is too early to look again."""
        if self._rechecked is None or timedelta() <= now - self._rechecked < _RECHECK:
            return None
        return self.update(self.board, now, whole=True)

    def _all(self, board: Board, now: datetime) -> tuple[frozenset[UnitId], bool]:
        held = self.units.rows
        rows = dict(unit_rows(board, now, held, self._pauses))
        changed = {key: row for key, row in rows.items() if held.get(key) is not row}
        removed = [key for key, row in held.items() if key not in rows and not row.gone]
        return frozenset(changed) | frozenset(removed), self._merge(changed, removed)

    def _some(self, board: Board, keys: frozenset[UnitId], fresh: Freshnesses) -> tuple[frozenset[UnitId], bool]:
        changed = {}
        removed = []
        for key in keys:
            unit = board.units.get(key)
            if unit is None:
                removed.append(key)
            else:
                changed[key] = UnitRow(unit, board.look(key), fresh.of(unit), self._pauses.get(key))
        return keys, self._merge(changed, removed)

    def _merge(self, changed: Mapping[UnitId, UnitRow], removed: Sequence[UnitId]) -> bool:
        held = self.units.rows
        for key, row in changed.items():
            before = held.get(key)
            if before is not None and not before.gone:
                self._tallying.remove(before)
            self._tallying.add(row)
        for key in removed:
            before = held.get(key)
            if before is not None and not before.gone:
                self._tallying.remove(before)
        self._hidden_unknown = None
        return self.units.merge(changed, removed)

    @property
    def tally(self) -> Tally:
        """Pauses of units that nobody lists count too."""
        tally = self._tallying.tally
        return tally._replace(paused=tally.paused + self._paused_elsewhere)

    @property
    def unexplained(self) -> list[Unit]:
        """Units that stand paused by their engine's word, and by nobody's record."""
        if self.tally.paused <= len(self._pauses):
            return []
        return [row.unit for row in self.units.rows.values() if row.paused and row.pause is None and not row.gone]

    # Findings.

    def choose(self, unit: UnitId | None) -> bool:
        """Another unit. True where the findings are other ones."""
        self.chosen = unit
        return not self.everywhere and self._refill_findings(None)

    def show_everywhere(self, everywhere: bool) -> None:
        self.everywhere = everywhere
        self._refill_findings(None)
        self.findings.arrange()

    def _refill_findings(self, changed: frozenset[UnitId] | None) -> bool:
        """True where the list is another one. Of one unit everything is sorted in at once: it is short, and awaited."""
        if changed is not None and not self.everywhere and self.chosen not in changed:
            return False
        held = self.findings.rows
        rows: dict[FindingKey, FindingRow] = {}
        units = self.units.rows
        keys = units.keys() if self.everywhere else [self.chosen] if self.chosen is not None else []
        for key in keys:
            of = units.get(key)
            if of is None or of.gone:
                continue
            for finding in of.look.findings:
                row = held.get((key, finding.id))
                if row is None or row.finding is not finding or row.of is not of:
                    row = FindingRow(of, finding)
                rows[key, finding.id] = row
        self.findings.following = not self.everywhere or self.units.following
        return self.findings.replace(rows)

    def finding(self, key: FindingKey | None) -> FindingRow | None:
        return self.findings.rows.get(key) if key is not None else None

    # What the operator asks for.

    def filter_by(self, filter_: Filter, now: datetime) -> None:
        self.filter = filter_
        self._apply_filter(now)
        self.units.arrange()
        self.findings.arrange()

    def _apply_filter(self, now: datetime) -> None:
        """`age:` terms compare with the clock."""
        self._hidden_unknown = None
        self.units.matching(self.filter.unit(now))
        self.findings.matching(self._finding_test(now))

    def _finding_test(self, now: datetime) -> Callable[[FindingRow], bool]:
        test = self.filter.finding(now)
        return lambda row: not self.everywhere or test(row)

    def take_in(self) -> None:
        self.units.take_in()
        self.findings.take_in()

    @property
    def hidden_unknown(self) -> int:
        """Units that nobody can judge and that the filter hides. Hidden is not clean."""
        if self._hidden_unknown is None:
            test = self.units.matches
            rows = self.units.rows.values() if self.filter else ()
            self._hidden_unknown = sum(1 for row in rows if row.unsure and not row.gone and not test(row))
        return self._hidden_unknown

    @property
    def total(self) -> int:
        return self.tally.units

    @property
    def starting(self) -> bool:
        """Nobody has answered yet, or somebody is still expected to."""
        sources = self.board.sources.values()
        return not sources or any(health.standing is Standing.STARTING for health in sources)
