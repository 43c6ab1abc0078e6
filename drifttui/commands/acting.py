"""What `pause`, `resume` and `pauses` share: the sources and the ledger, opened once; asking; writing and watching."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from drifttui.core.acts import Acts
from drifttui.core.board import Board
from drifttui.core.errors import DriftError, InputError, ReadOnly, inert
from drifttui.core.identity import UnitId
from drifttui.core.pause import Plan, Progress
from drifttui.services.doors import Doors
from drifttui.services.reach import Reach
from drifttui.services.recovery import Choose, Recovered, by_purpose, recover
from drifttui.services.session import build_sources, settings_from, utc_now
from drifttui.services.units_now import units_now
from drifttui.store.ledger import open_ledger

if TYPE_CHECKING:
    from drifttui.core.finding import Finding
    from drifttui.core.ports import Source
    from drifttui.core.unit import Unit

T = TypeVar("T")

QUIET = timedelta(seconds=30)


class Acting:
    """One command's session on live systems. Its event loop runs in turns, so that a question stands still."""

    def __init__(self, options: argparse.Namespace, *, writes: bool) -> None:
        self.options = options
        self.settings = settings_from(options)
        if writes and self.settings.read_only and not getattr(options, "dry_run", False):
            raise ReadOnly("Refused by --read-only", "this command writes", "--dry-run shows the plan alone.")
        self.ledger = open_ledger(self.settings.ledger or None, clock=utc_now)
        self.doors = Doors(self.settings, utc_now)
        self.recovered: tuple[Recovered, ...] = ()
        self._runner = asyncio.Runner()
        self._sources: Sequence[Source] = ()
        self._reaches: dict[str, Reach] = {}
        self._told: dict[str, tuple[str, datetime]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.run(self._close())
        finally:
            self._runner.close()
            self.ledger.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def now(self) -> datetime:
        return utc_now()

    @property
    def acts(self) -> Acts:
        return self.ledger.acts()

    def board(self) -> Board:
        """The units as their engines list them now. A source that does not answer is told on stderr."""
        self._sources = build_sources(self.settings, utc_now)
        board = self.run(units_now(self._sources, utc_now, self.options.timeout))
        for health in board.blind:
            note(f"{health.name} is blind: {health.error} {health.hint}".strip())
        return board

    def reach(self, unit: UnitId | str) -> Reach:
        source = unit if isinstance(unit, str) else unit.source
        if source not in self._reaches:
            self._reaches[source] = Reach(self.settings, source)
        return self._reaches[source]

    def findings(self, units: Sequence[Unit]) -> Mapping[UnitId, Sequence[Finding]]:
        """What differs in each, for what a resume will revert. What could not be looked into is told on stderr."""
        from drifttui.services.live import judging
        from drifttui.services.units_now import findings_of

        found, problems = self.run(findings_of(self._sources, units, judging(self.settings), utc_now))
        for problem in problems:
            note(problem)
        return found

    def tie(self, plans: Sequence[Plan]) -> None:
        """Pauses under their change link, which a tracker may tell more about. The pause stands without that."""
        from drifttui.services.linking import link_to_incident
        from drifttui.sources.trackers import build_trackers, resolvers

        async def tied(link: str, pauses: Sequence[str]) -> None:
            trackers = resolvers(build_trackers(self.settings, utc_now))
            try:
                await link_to_incident(self.ledger, link, clock=utc_now, pauses=pauses, resolvers=trackers)
            finally:
                await asyncio.gather(*(each.close() for each in trackers.values()), return_exceptions=True)

        for link in sorted({plan.link for plan in plans if plan.link}):
            try:
                self.run(tied(link, [plan.id for plan in plans if plan.link == link]))
            except DriftError as error:
                note(f"not linked to {link}: {error.one_line()}")

    def recover(self, choose: Choose = by_purpose) -> tuple[Recovered, ...]:
        """What an earlier process left open is finished or undone first, and told. Under --read-only only told."""
        if self.settings.read_only:
            for act in self.acts.open:
                note(
                    f"{act.purpose} of {act.unit.rpartition('/')[2]} is left open ({act.id}): not touched, --read-only"
                )
            return ()
        if not self.acts.open:
            return ()
        self.recovered = self.run(recover(self.doors, self.ledger, clock=utc_now, choose=choose, progress=self.tell))
        for each in self.recovered:
            note(each.line)
        return self.recovered

    def tell(self, progress: Progress) -> None:
        """One line per news on stderr. Watching says the same for minutes: once every half of one is enough."""
        at = utc_now()
        phase, said = self._told.get(progress.plan, ("", at))
        if progress.phase == phase == "verifying" and at - said < QUIET:
            return
        self._told[progress.plan] = (progress.phase, at)
        print(f"  {progress.plan}  {inert(progress.words, 400)}", file=sys.stderr)

    @contextmanager
    def stoppable(self) -> Iterator[Callable[[], bool]]:
        """Whether the operator, or the system, asked to stop: what is half written is then taken back, not torn."""
        asked: list[int] = []
        before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

        def stop(number: int, _frame: object) -> None:
            asked.append(number)
            note("stopping: what is half written is taken back")

        for each in before:
            signal.signal(each, stop)
        try:
            yield lambda: bool(asked)
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    async def _close(self) -> None:
        closing = [self.doors.close(), *(reach.close() for reach in self._reaches.values())]
        await asyncio.gather(*closing, *(source.close() for source in self._sources), return_exceptions=True)


def chosen(plans: Sequence[Plan], skip: Sequence[int]) -> tuple[Plan, ...]:
    """With the steps left out that --skip names. Raises `InputError` for one that is not there or not optional."""
    for number in skip:
        if not any(write.number == number and write.optional for plan in plans for write in plan.writes):
            raise InputError(f"Step {number} cannot be left out", "only optional steps can", "--dry-run shows them.")
    return tuple(
        plan._replace(
            writes=tuple(
                write._replace(skipped=write.skipped or (write.optional and write.number in skip))
                for write in plan.writes
            )
        )
        for plan in plans
    )


def confirm(plans: Sequence[Plan], options: argparse.Namespace, *, ask: Callable[[str], str] = input) -> bool:
    """In production the unit's name, else yes. Raises `InputError` where nobody can be asked."""
    production = sorted({plan.unit.name for plan in plans if plan.environment == "prod"})
    if options.yes:
        missing = [name for name in production if name not in options.name]
        if missing:
            raise InputError(
                "Production is confirmed by name", ", ".join(missing), f"Add --name {missing[0]} beside --yes."
            )
        return True
    if options.json or not sys.stdin.isatty():
        raise InputError("Nobody is there to confirm", "stdin is no terminal, or --json", "Add --yes.")
    try:
        for name in production:
            if ask(f"Production. Type the name of the unit ({name}) to go on: ").strip() != name:
                return False
        return bool(production) or ask("Write this? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        return False


def note(line: str) -> None:
    print(f"drifttui: {inert(line, 600)}", file=sys.stderr)
