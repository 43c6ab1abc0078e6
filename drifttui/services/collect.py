"""Collects what every source says into one board after another.

One daemon thread runs an event loop of its own, with one task per source, so that a slow source delays nobody and the
screen never waits for the network. What arrives is merged there and published at most ten times a second; the screen
takes the newest board whenever it likes. Live, demo and replay differ only in their sources and their clock.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

from drifttui.core.board import Board, Look, Mode
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.identity import UnitId
from drifttui.core.ports import Batch, Clock, Source, UnitSource
from drifttui.core.unit import Unit

from .acts_watch import ActsWatch
from .asking import Asking, with_who
from .due import Due
from .healths import after_check, after_watch
from .known import Known
from .links_told import LinksTold
from .looking import Looking

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

SAVE_SOON = 1.0
"""Seconds after a source's first whole list until the rows are saved, with those of others that came meanwhile."""

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
        self._acts = ActsWatch(ledger, lambda: self._call(self._remembered))
        self.links = LinksTold(self._acts, incident)
        self._known = Known(Board(mode=mode, incident=incident, read_only=read_only), clock, lambda: self._acts.told)
        self._outgoing = self._known.outgoing
        self._sources: dict[str, Source] = {}
        self._whole: set[str] = set()
        """Sources whose whole list was seen."""
        self._unsaved = asyncio.Event()
        self._due = Due()
        self._looking = Looking(self._known, self._due, clock, self._keep)
        self._lock = threading.Lock()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._early: list[tuple[Callable[..., object], tuple[object, ...]]] = []
        self._thread: threading.Thread | None = None
        self._asking = Asking(self._known.looked_at, self._who_is_known)
        self._stopping = asyncio.Event()
        if looker is not None:
            self._adopt(sources, looker)

    # From any thread.

    def now(self) -> Any:
        return self._clock()

    def start(self) -> None:
        """Rows of the last session are on the first board, stale; then the thread starts."""
        if self._cache is not None:
            self._known.remember(self._cache.load())
            if self._prepare is None:
                self._known.forget_strangers(self._sources)
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
        started = all(health.standing is not Standing.STARTING for health in dict(self._known.health).values())
        looked = self._due.idle and self._asking.idle and self.links.heard
        return self._prepare is None and started and looked and self._outgoing.clean

    @property
    def recorder(self) -> Recording | None:
        """None before the thread has made it."""
        return self._known.recorder

    def open(self, unit: UnitId | None) -> None:
        """The operator looks at this unit: it comes first, and stays fresh."""
        self._call(self._looking.open, unit)

    def refresh(self, unit: UnitId | None) -> None:
        """Look again at `unit` now, or check every source and look again everywhere."""
        self._call(self._refresh, unit)

    def read_directly(self, unit: UnitId, address: str, *, stop: bool = False) -> None:
        """Read this one resource of a stack now, without a plan; `stop`: nobody waits for it any more."""
        self._call(self._read_directly, unit, address, stop)

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
            if self._known.units:
                # Who asks again has shown the first board. Until then nothing competes for the interpreter.
                self._outgoing.shown.wait(SHOWN_AFTER)
            if self._prepare is not None:
                self._adopt(*self._prepare())
                self._prepare = None
                self._known.forget_strangers(self._sources)
                self._outgoing.mark(None)
            asyncio.run(self._main())
        except BaseException as error:
            self._failure = error

    def _adopt(self, sources: Sequence[Source], looker: Looker) -> None:
        self._sources = {source.name: source for source in sources}
        self._looker = looker
        self._asking.through(looker)
        starting = {source.name: SourceHealth(source.name, source.system, Standing.STARTING) for source in sources}
        self._known.health = starting

    async def _main(self) -> None:
        recorder = self._known.recorder = self._recorded_by() if self._recorded_by is not None else None
        with self._lock:
            self._loop = asyncio.get_running_loop()
            early, self._early = self._early, []
        for function, args in early:
            function(*args)
        jobs: list[Coroutine[Any, Any, None]] = [
            self._outgoing.publishing(),
            self._looking.work(self._looker),
            self._saving(),
        ]
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
            for task in [*tasks, stop]:
                task.cancel()
            await asyncio.gather(*tasks, stop, return_exceptions=True)
            if self._cache is not None and self._known.units:
                self._cache.save(self._known.units.values())
            if self._known.direct is not None:
                await self._known.direct.close()
            await asyncio.gather(*(source.close() for source in self._sources.values()), return_exceptions=True)
            if recorder is not None:
                await asyncio.to_thread(recorder.close)

    async def _watching(self, source: UnitSource) -> None:
        async with aclosing(source.watch()) as batches:  # type: ignore[type-var]
            async for batch in batches:
                self._merge(batch)

    def _merge(self, batch: Batch) -> None:
        known, looks = self._known, self._known.looks
        known.record(batch)
        changed: set[UnitId] = set()
        for unit in batch.units:
            before = known.listed(unit)
            changed.add(unit.id)
            self._due.unit_changed(before, unit, looks.get(unit.id))
        gone = set(batch.removed)
        if batch.complete:
            listed = {unit.id for unit in batch.units}
            gone |= {key for key in known.units if key.source == batch.source and key not in listed}
        for key in gone:
            others = known.gone(key)
            self._due.forget(key)
            self._asking.forget(key)
            self._judge_anew(others)
        for key in batch.touched:
            if key == known.opened:
                self._due.again(key)
            elif (touched := known.units.get(key)) is not None:
                self._due.touched(touched, looks.get(key))
        if batch.health is not None:
            known.health[batch.health.name] = after_watch(known.health.get(batch.health.name), batch.health)
        if batch.inspection is not None and (of := known.units.get(batch.inspection.unit)) is not None:
            self._keep(of, self._looker.judge(of, batch.inspection, looks.get(of.id)))
        self._outgoing.mark(changed | gone if not batch.complete else None)
        self._acts.listed.set()
        if batch.complete and batch.source not in self._whole:
            self._whole.add(batch.source)
            self._unsaved.set()
        if batch.complete:
            # Rows hold no cycles; walking ten thousand of them in every full collection is what keys would wait for.
            gc.freeze()

    async def _checking(self, source: Source) -> None:
        while True:
            found = await source.check()
            health, watched = self._known.health, isinstance(source, UnitSource)
            health[source.name] = after_check(health[source.name], found, watched=watched)
            self._known.record(Batch(source.name, self._clock(), health=health[source.name]))
            self._outgoing.mark(set())
            try:
                await asyncio.wait_for(self._due.check_again.wait(), CHECK_EVERY)
            except TimeoutError:
                continue

    def _refresh(self, unit: UnitId | None) -> None:
        if unit is not None:
            self._looker.renew(unit)
            self._due.again(unit, first=True)
            return
        self._due.check_sources_now()
        self._looking.refresh_all()

    def _read_directly(self, unit: UnitId, address: str, stop: bool) -> None:
        known = self._known
        if known.direct is None:
            from .direct import DirectReads

            known.direct = DirectReads(self._clock, known.read_directly, self._fail)
        if stop:
            known.direct.cancel(unit, address)
        else:
            known.direct.ask(self._sources, unit, address)

    def _fail(self, error: BaseException) -> None:
        self._failure = error

    def _keep(self, unit: Unit, look: Look) -> None:
        self._judge_anew(self._known.keep(unit.id, look, self._looker.clusters(unit)))
        self._asking.about(unit.id, first=unit.id == self._known.opened)

    def _judge_anew(self, units: set[UnitId]) -> None:
        for unit in units:
            self._asking.judge(unit)

    def _who_is_known(self, unit: UnitId, look: Look) -> None:
        self._known.set_look(unit, look)
        self._known.record(Batch(unit.source, self._clock(), inspection=with_who(look)))

    def _remembered(self) -> None:
        """The ledger says something new: what it says of links, the rules are told. No system is read for that."""
        self._outgoing.mark(set())
        for unit in self.links.outdated(self._known.looks):
            self._asking.judge(unit)
        self.links.heard = True

    def _under(self, incident: str) -> None:
        self._known.under(incident)
        self.links.incident = incident
        self._remembered()

    async def _saving(self) -> None:
        while self._cache is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._unsaved.wait(), SAVE_EVERY)
                await asyncio.sleep(SAVE_SOON)
            self._unsaved.clear()
            if self._known.units:
                await asyncio.to_thread(self._cache.save, list(self._known.units.values()))
