"""Between the screens and what acts: made when it is first needed, never where nothing may be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from drifttui.core.board import Board, Mode

if TYPE_CHECKING:
    from datetime import datetime

    from drifttui.core.acts import PauseRecord
    from drifttui.core.identity import UnitId
    from drifttui.core.pause import Plan, Progress, Purpose
    from drifttui.core.unit import Unit

    from .acting import Acting
    from .doing import Doing

NOTHING_SEEN: Mapping[str, PauseRecord] = {}


class Desk:
    """One per session. `tell` shows one line, in a role, on whatever screen is on top."""

    def __init__(self, make: Callable[[], Acting] | None, tell: Callable[[str, str], None]) -> None:
        self._make = make
        self._acting: Acting | None = None
        self.tell = tell
        self._progress = False
        self._looked_for: frozenset[UnitId] = frozenset()
        self.doing: dict[str, Doing] = {}
        """Plans that were confirmed in this session, by id."""

    def refusal(self, board: Board) -> str:
        """Why nothing can be written, in one line; empty: it can."""
        if board.mode is not Mode.LIVE:
            return f"A {board.mode.value} changes nothing" if board.mode is Mode.REPLAY else "The demo changes nothing"
        if board.read_only:
            return "Refused by --read-only"
        if self._make is None and self._acting is None:
            return "Nothing is written in this session"
        return self.acting.unavailable

    @property
    def acting(self) -> Acting:
        """Raises `LookupError` where `refusal` says that there is none."""
        if self._acting is None:
            if self._make is None:
                raise LookupError("nothing acts in this session")
            self._acting = self._make()
        return self._acting

    def start(self, board: Board) -> None:
        if self._make is not None and board.mode is Mode.LIVE and not board.read_only:
            self.acting.start()

    def stop(self) -> None:
        if self._acting is not None:
            self._acting.stop()

    def drain(self) -> bool:
        """Takes in what came as an answer, and tells what a crash had left open. True where a plan has gone on."""
        if self._acting is None:
            return False
        self._progress = False
        self._acting.drain()
        for answer in self._acting.recovered():
            self.tell(answer.words, "bad" if answer.failed else "warn")
        return self._progress

    def newest(self, board: Board) -> Board:
        """The board with what was done here since, and under the incident that was set here."""
        acting = self._acting
        if acting is None:
            return board
        acts = acting.acts
        if acts is not None and acts.head.seq > board.acts.head.seq:
            board = replace(board, acts=acts)
        return replace(board, incident=acting.incident) if acting.incident != board.incident else board

    def look_for(self, units: Sequence[Unit]) -> None:
        """Units that stand paused and nobody's record says by whom."""
        wanted = frozenset(unit.id for unit in units)
        if self._acting is not None and wanted != self._looked_for:
            self._looked_for = wanted
            self._acting.look_for(units)

    @property
    def seen(self) -> Mapping[str, PauseRecord]:
        return self._acting.seen if self._acting is not None else NOTHING_SEEN

    def carry_out(self, plans: Sequence[Plan], now: datetime) -> list[Doing]:
        from .doing import Doing

        begun = [Doing(plan, now) for plan in plans]
        self.doing.update({doing.plan.id: doing for doing in begun})
        self.acting.carry_out(plans, self._progressed)
        return begun

    def _progressed(self, progress: Progress) -> None:
        doing = self.doing.get(progress.plan)
        if doing is None:
            return
        doing.tell(progress)
        self._progress = True
        if progress.done:
            self.tell(*doing.end)

    def under_way(self, unit: UnitId, purpose: Purpose) -> list[Doing]:
        """What is being done to a unit right now, for the same purpose: a pause that is only watched can be ended."""
        running = [doing for doing in self.doing.values() if not doing.done]
        return [doing for doing in running if doing.plan.unit == unit and doing.plan.purpose is purpose]
