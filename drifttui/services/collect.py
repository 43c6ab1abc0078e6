"""Collects what every source says into one board after another.

One daemon thread runs an event loop of its own, with one task per source, so that a slow source delays nobody and the
screen never waits for the network. What arrives is merged there and published at most ten times a second; the screen
takes the newest board whenever it likes. Live, demo and replay differ only in their sources and their clock.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drifttui.core.board import Board, Depth, Look, Mode
from drifttui.core.errors import SourceError
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import UnitId
from drifttui.core.ports import Batch, Clock, Source, UnitSource
from drifttui.core.unit import Unit

from .acts_watch import ActsWatch
from .asking import Asking, with_who
from .claims import Claims
from .due import Due
from .healths import after_check, after_watch
from .links_told import LinksTold
from .outgoing import Outgoing

if TYPE_CHECKING:
    from drifttui.store.ledger import Ledger
    from drifttui.store.rows import RowCache

    from .look import Looker
    from .recording import Recording

    Reading = tuple[Sequence[Source], Looker]
    """Where it all comes from: the sources, and what looks into a unit through them."""

CHECK_EVERY = 30.0
"""Seconds between health checks of a source."""

SAVE_EVERY = 60.0
"""Seconds between saves of the row cache."""

LOOKS_AT_ONCE = 4
"""Units looked into at the same time: enough to fill the list, few enough not to burden a server in trouble."""

INSPECTIONS_KEPT = 32
"""Whole documents kept; older ones are read again when their unit is opened."""

SHOWN_AFTER = 0.5
"""Seconds at most in which cached rows get on the screen before anything is read."""


class Collector:
    """Feeds boards. `start` and `stop` once; the other methods from any thread."""

    def __init__(
        self,
        sources: Sequence[Source],
        looker: Looker | None,
        clock: Clock,
        *,
        prepare: Callable[[], Reading] | None = None,
        mode: Mode = Mode.LIVE,
        cache: RowCache | None = None,
        incident: str = "",
        read_only: bool = False,
        recorder: Callable[[], Recording] | None = None,
        ledger: Callable[[], Ledger] | None = None,
    ) -> None:
        """`prepare` brings sources and looker later, in the thread; what it raises comes out of `drain`. `ledger` is
        opened after the first rows; None in a replay.
        What `recorder` gives is made in the thread, told everything that is seen, and closed with it."""
        self._prepare = prepare
        self._clock = clock
        self._cache = cache
        self._recorded_by = recorder
        self.recorder: Recording | None = None
        self._acts = ActsWatch(ledger, lambda: self._call(self._remembered))
        self.links = LinksTold(self._acts, incident)
        self._template = Board(mode=mode, incident=incident, read_only=read_only)
        self._units: dict[UnitId, Unit] = {}
        self._looks: dict[UnitId, Look] = {}
        self._inspected: OrderedDict[UnitId, None] = OrderedDict()
        self._sources: dict[str, Source] = {}
        self._health: dict[str, SourceHealth] = {}
        self._due = Due()
        self._claims = Claims()
        self._opened: UnitId | None = None
        self._outgoing = Outgoing(self._board)
        self._lock = threading.Lock()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._early: list[tuple[Callable[..., object], tuple[object, ...]]] = []
        self._thread: threading.Thread | None = None
        self._asking = Asking(self._looked_at, self._who_is_known)
        self._stopping = asyncio.Event()
        self._live_watch: asyncio.Task[None] | None = None
        if looker is not None:
            self._adopt(sources, looker)

    # From any thread.

    def now(self) -> Any:
        return self._clock()

    def start(self) -> None:
        """Rows of the last session are on the first board, stale; then the thread starts."""
        if self._cache is not None:
            self._units = {unit.id: unit for unit in self._cache.load()}
            if self._prepare is None:
                self._forget_strangers()
            for name in {unit.source for unit in self._units} - self._health.keys():
                self._health[name] = SourceHealth(name, "", Standing.STARTING)
        self._outgoing.publish()
        self._thread = threading.Thread(target=self._run, name="drifttui-io", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """Ends the thread; what does not end in `timeout` seconds dies with the process."""
        self._call(self._stopping.set)
        if self._thread is not None:
            self._thread.join(timeout)

    def drain(self) -> Board | None:
        """The newest board since the last call, or None. Raises what went wrong in the thread: a bug is loud."""
        if failure := self._failure or self._acts.failure:
            raise failure
        return self._outgoing.take()

    @property
    def settled(self) -> bool:
        """Every source has answered or failed, every look that was due is over, and the newest board has it all."""
        started = all(health.standing is not Standing.STARTING for health in dict(self._health).values())
        looked = self._due.idle and self._asking.idle and self.links.heard
        return self._prepare is None and started and looked and self._outgoing.clean

    def open(self, unit: UnitId | None) -> None:
        """The operator looks at this unit: it comes first, and stays fresh."""
        self._call(self._open, unit)

    def refresh(self, unit: UnitId | None) -> None:
        """Look again at `unit` now, or check every source and look again everywhere."""
        self._call(self._refresh, unit)

    def reread_acts(self) -> None:
        """Something was appended to the ledger: look now, and not within a second."""
        self._acts.again()

    def under(self, incident: str) -> None:
        """What everything done from now on is linked to; empty: nothing."""
        self._call(self._under, incident)

    def _call(self, function: Callable[..., object], *args: object) -> None:
        with self._lock:
            loop = self._loop
            if loop is None:
                self._early.append((function, args))
                return
        with suppress(RuntimeError):  # The loop is closed: the session is over.
            loop.call_soon_threadsafe(function, *args)

    # In the thread.

    def _run(self) -> None:
        try:
            if self._units:
                # Who asks again has shown the first board. Until then nothing competes for the interpreter.
                self._outgoing.shown.wait(SHOWN_AFTER)
            if self._prepare is not None:
                self._adopt(*self._prepare())
                self._prepare = None
                self._forget_strangers()
                self._outgoing.mark(None)
            asyncio.run(self._main())
        except BaseException as error:
            self._failure = error

    def _adopt(self, sources: Sequence[Source], looker: Looker) -> None:
        self._sources = {source.name: source for source in sources}
        self._looker = looker
        self._asking.through(looker)
        self._health = {source.name: SourceHealth(source.name, source.system, Standing.STARTING) for source in sources}

    def _forget_strangers(self) -> None:
        """Rows of the last session whose source is not one of this session."""
        self._units = {key: unit for key, unit in self._units.items() if key.source in self._sources}

    async def _main(self) -> None:
        self.recorder = self._recorded_by() if self._recorded_by is not None else None
        with self._lock:
            self._loop = asyncio.get_running_loop()
            early, self._early = self._early, []
        for function, args in early:
            function(*args)
        jobs: list[Coroutine[Any, Any, None]] = [self._outgoing.publishing(), self._looking(), self._saving()]
        for source in self._sources.values():
            jobs.append(self._checking(source))
            if isinstance(source, UnitSource):
                jobs.append(self._watching(source))
        self._acts.start()
        jobs += self._asking.jobs(self._sources.values())
        tasks = [asyncio.create_task(job) for job in jobs]
        stop = asyncio.create_task(self._stopping.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
            while stop not in done:
                for task in done:
                    task.result()
                tasks = [task for task in tasks if not task.done()]
                done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._acts.stop()
            if self._live_watch is not None:
                tasks.append(self._live_watch)
            for task in [*tasks, stop]:
                task.cancel()
            await asyncio.gather(*tasks, stop, return_exceptions=True)
            if self._cache is not None and self._units:
                self._cache.save(self._units.values())
            await asyncio.gather(*(source.close() for source in self._sources.values()), return_exceptions=True)
            if self.recorder is not None:
                await asyncio.to_thread(self.recorder.close)

    async def _watching(self, source: UnitSource) -> None:
        async with aclosing(source.watch()) as batches:  # type: ignore[type-var]
            async for batch in batches:
                self._merge(batch)

    def _merge(self, batch: Batch) -> None:
        self._record(batch)
        changed: set[UnitId] = set()
        for unit in batch.units:
            before = self._units.get(unit.id)
            self._units[unit.id] = self._claims.owned(unit)
            changed.add(unit.id)
            self._due.unit_changed(before, unit, self._looks.get(unit.id))
        gone = set(batch.removed)
        if batch.complete:
            listed = {unit.id for unit in batch.units}
            gone |= {key for key in self._units if key.source == batch.source and key not in listed}
        for key in gone:
            self._units.pop(key, None)
            self._looks.pop(key, None)
            self._due.forget(key)
            self._asking.forget(key)
            self._shared(self._claims.forget(key, self._units))
        for key in batch.touched:
            if key == self._opened:
                self._due.again(key)
            elif (touched := self._units.get(key)) is not None:
                self._due.touched(touched, self._looks.get(key))
        if batch.health is not None:
            self._health[batch.health.name] = after_watch(self._health.get(batch.health.name), batch.health)
        if batch.inspection is not None and batch.inspection.unit in self._units:
            unit = self._units[batch.inspection.unit]
            self._keep(unit.id, self._looker.judge(unit, batch.inspection, self._looks.get(unit.id)))
        self._outgoing.mark(changed | gone if not batch.complete else None)
        self._acts.listed.set()
        if batch.complete:
            # Rows hold no cycles; walking ten thousand of them in every full collection is what keys would wait for.
            gc.freeze()

    async def _checking(self, source: Source) -> None:
        while True:
            found = await source.check()
            held, watched = self._health[source.name], isinstance(source, UnitSource)
            self._health[source.name] = after_check(held, found, watched=watched)
            self._record(Batch(source.name, self._clock(), health=self._health[source.name]))
            self._outgoing.mark(set())
            try:
                await asyncio.wait_for(self._due.check_again.wait(), CHECK_EVERY)
            except TimeoutError:
                continue

    # Looking into units.

    def _open(self, unit: UnitId | None) -> None:
        if unit == self._opened:
            return
        self._opened = unit
        if self._live_watch is not None:
            self._live_watch.cancel()
            self._live_watch = None
        self._due.opened(unit)

    def _refresh(self, unit: UnitId | None) -> None:
        if unit is not None:
            self._looker.renew(unit)
            self._due.again(unit, first=True)
            return
        self._due.check_sources_now()
        for key, held in self._looks.items():
            if held.findings or held.depth is Depth.FAILED:
                self._due.again(key)

    async def _looking(self) -> None:
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                while len(running) < LOOKS_AT_ONCE:
                    unit = self._due.next(self._units, self._looks, self._opened, self._clock(), self._looker.can_look)
                    if unit is None:
                        break
                    running.add(asyncio.create_task(self._look(unit)))
                waiting = asyncio.create_task(self._due.wait())
                done, _ = await asyncio.wait({*running, waiting}, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                for task in done - {waiting}:
                    running.discard(task)
                    task.result()
        finally:
            for task in running:
                task.cancel()

    async def _look(self, unit: Unit) -> None:
        before = self._looks.get(unit.id) or Look()
        if unit.id == self._opened or before.depth is Depth.LISTED:
            self._set_look(unit.id, replace(before, depth=Depth.READING, error="", hint=""))
        try:
            inspection = await self._looker.inspect(unit)
        except SourceError as error:
            kept = (before.findings, before.inspection, before.hidden)
            self._set_look(unit.id, Look(Depth.FAILED, *kept, self._clock(), error.one_line(), error.hint))
            self._due.looked(unit.id)
            return
        current = self._units.get(unit.id)
        if current is None:
            self._due.looked(unit.id)
            return
        self._record(Batch(unit.id.source, self._clock(), inspection=inspection))
        self._keep(unit.id, self._looker.judge(current, inspection, before))
        # Not before: from then on it counts as settled, for whoever asks from another thread.
        self._due.looked(unit.id)
        if unit.id == self._opened and self._live_watch is None:
            changes = self._looker.changes_of(current, inspection, lambda: self._due.again(unit.id, first=True))
            self._live_watch = asyncio.create_task(changes)

    def _keep(self, unit: UnitId, look: Look) -> None:
        self._inspected[unit] = None
        self._inspected.move_to_end(unit)
        while len(self._inspected) > INSPECTIONS_KEPT:
            oldest, _ = self._inspected.popitem(last=False)
            if oldest != self._opened and (held := self._looks.get(oldest)) is not None:
                self._looks[oldest] = replace(held, inspection=None)
        of = self._units[unit]
        others = self._claims.seen(of, look.inspection, self._looker.clusters(of), self._units)
        self._set_look(unit, look)
        self._shared(others)
        self._asking.about(unit, first=unit == self._opened)

    def _shared(self, others: set[UnitId]) -> None:
        """A look into one unit says something new about these."""
        for key in others & self._units.keys():
            self._units[key] = self._claims.owned(self._units[key])
            self._set_look(key, self._looks.get(key) or Look())
            self._asking.judge(key)

    def _looked_at(self, unit: UnitId) -> tuple[Unit, Look] | None:
        return (self._units[unit], self._looks[unit]) if unit in self._units and unit in self._looks else None

    def _who_is_known(self, unit: UnitId, look: Look) -> None:
        self._set_look(unit, look)
        self._record(Batch(unit.source, self._clock(), inspection=with_who(look)))

    def _remembered(self) -> None:
        """The ledger says something new: what it says of links, the rules are told. No system is read for that."""
        self._outgoing.mark(set())
        for unit in self.links.outdated(self._looks):
            self._asking.judge(unit)
        self.links.heard = True

    def _under(self, incident: str) -> None:
        self._template = replace(self._template, incident=incident)
        self.links.incident = incident
        if self.recorder is not None:
            self.recorder.incident(incident)
        self._remembered()

    def _set_look(self, unit: UnitId, look: Look) -> None:
        self._looks[unit] = look = self._claims.told(unit, look)
        if self.recorder is not None:
            self.recorder.look(unit, look)
        self._outgoing.mark({unit})

    def _record(self, batch: Batch) -> None:
        if self.recorder is not None:
            self.recorder.batch(batch)

    def _board(self, version: int, changed: frozenset[UnitId] | None) -> Board:
        return Board(
            units=dict(self._units),
            looks=dict(self._looks),
            sources=self._health | self._acts.told.health,
            at=self._clock(),
            mode=self._template.mode,
            version=version,
            changed=changed,
            incident=self._template.incident,
            read_only=self._template.read_only,
            acts=self._acts.told.acts,
        )

    async def _saving(self) -> None:
        while self._cache is not None:
            await asyncio.sleep(SAVE_EVERY)
            if self._units:
                await asyncio.to_thread(self._cache.save, list(self._units.values()))
