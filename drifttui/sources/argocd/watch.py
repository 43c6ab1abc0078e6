"""Follows all applications of one Argo CD for as long as the session lasts."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from ...clients.retry import Backoff, Rng
from ...core.errors import Missing, SourceError, Throttled
from ...core.ports import Batch, Clock
from .feed import Alive, Changed, Deleted, Event, Feed, Listing, Lost, brief
from .fleet import Fleet, number
from .health import HealthBook
from .inbox import Inbox


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. A busy server is asked for whole lists rarely; a lost event is still found within minutes."""

    window: float = 0.1
    """Events of one such window make one batch."""
    settle: float = 5.0
    """After a stream was opened, one more survey: between list and subscription events fall through."""
    survey: float = 60.0
    full: float = 600.0
    """Between whole lists while the stream runs; for servers without surveys a third of it."""
    fallback: float = 30.0
    """Between lists where no stream comes about."""
    heartbeat: float = 10.0
    """Between words about the source itself when nothing else happens."""
    lived: float = 20.0
    """A stream that ran so long was no failure, however it ended."""
    patience: int = 3
    """Streams that failed in a row before lists stand in for them."""
    restored: float = 60.0
    """No replica of a server lags so far behind another; versions that are still lower then count anew."""
    singles: int = 50
    """Applications that are read one by one after a survey; for more, the list is cheaper."""
    backoff: Backoff = field(default_factory=lambda: Backoff(base=1.0, cap=30.0))


class Watch:
    """One run: made anew for every `Source.watch`. A bug in it ends the iteration with that exception."""

    def __init__(
        self,
        feed: Feed,
        book: HealthBook,
        clock: Clock,
        *,
        pace: Pace,
        prepare: Callable[[], Awaitable[None]],
        rng: Rng = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._feed, self._book, self._clock, self._pace = feed, book, clock, pace
        self._prepare, self._rng, self._sleep, self._monotonic = prepare, rng, sleep, monotonic
        self._fleet = Fleet()
        self._inbox = Inbox(book.name)
        self._newest = 0
        self._newest_at = monotonic()
        self._lost = asyncio.Event()

    async def batches(self) -> AsyncIterator[Batch]:
        driver = asyncio.create_task(self._drive(), name=f"watch {self._book.name}")
        driver.add_done_callback(lambda _: self._inbox.poke())
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pace.heartbeat):
                        await self._inbox.filled.wait()
                if driver.done():
                    driver.result()
                if self._inbox.filled.is_set() and not self._inbox.complete:
                    await asyncio.sleep(self._pace.window)
                self._book.unit_count = len(self._fleet.units)
                yield self._inbox.take(self._clock(), self._book.health())
        finally:
            driver.cancel()
            await asyncio.gather(driver, return_exceptions=True)

    async def _drive(self) -> None:
        failures = drops = 0
        while True:
            try:
                await self._prepare()
                listing = await self._whole_list()
            except SourceError as error:
                failures += 1
                await self._blind(error, failures)
                continue
            failures = 0
            if drops < self._pace.patience:
                self._book.well(self._feed.method)
            begun = self._monotonic()
            problem = await self._follow(listing)
            drops = 0 if self._monotonic() - begun >= self._pace.lived else drops + 1
            await self._between(problem, drops)

    async def _whole_list(self) -> Listing:
        self._fleet.listing()
        listing = await self._feed.listing()
        self._believe(number(listing.version))
        self._fleet.listed(listing.units, listing.version)
        self._inbox.replace(self._fleet.units)
        self._book.gaps = listing.gaps
        return listing

    def _believe(self, version: int) -> None:
        """A list that is a little older comes from a replica that lags; one that is much older from a server that was
        restored from a backup, after which nothing held is newer than what it says."""
        now = self._monotonic()
        if version >= self._newest:
            self._newest, self._newest_at = version, now
        elif now - self._newest_at > self._pace.restored:
            self._fleet.forget()
            self._fleet.listing()
            self._newest, self._newest_at = version, now

    async def _blind(self, error: SourceError, failures: int) -> None:
        asked = error.retry_after if isinstance(error, Throttled) else None
        seconds = max(self._pace.backoff.delay(failures, self._rng), min(asked or 0.0, 300.0))
        now = self._clock()
        retry_at = now + timedelta(seconds=seconds)
        if isinstance(error, Missing) and self._feed.optional:
            self._book.off(error, retry_at)
        else:
            self._book.blind(error, now, failures, retry_at)
        self._inbox.poke()
        await self._sleep(seconds)

    async def _between(self, problem: SourceError | None, drops: int) -> None:
        """A stream ended. Something may have been missed, so that a list comes next, soon or at the fallback's pace."""
        if drops >= self._pace.patience:
            seconds = self._pace.fallback
            method = f"list every {seconds:g}s"
            self._book.lame(
                problem or f"the stream ends as soon as it begins, {drops} times in a row",
                method,
                drops,
                self._clock() + timedelta(seconds=seconds),
            )
        else:
            seconds = self._pace.backoff.delay(max(1, drops), self._rng)
            if problem is not None:
                retry_at = self._clock() + timedelta(seconds=seconds)
                self._book.lame(problem, self._feed.method, max(1, drops), retry_at)
        self._inbox.poke()
        await self._sleep(seconds)

    async def _follow(self, listing: Listing) -> SourceError | None:
        """Run the stream and check it against lists, until it ends. Returns why, or None for a plain end."""
        self._lost.clear()
        reader = asyncio.create_task(self._read(listing.version))
        reader.add_done_callback(lambda _: self._lost.set())
        listed = self._monotonic()
        due, must = self._pace.settle, True
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(due):
                        await self._lost.wait()
                        must = True
                if reader.done():
                    return reader.result()
                self._lost.clear()
                begun = self._monotonic()
                try:
                    if await self._check(begun - listed, must=must):
                        listed = begun
                except SourceError as error:
                    self._book.lame(error, self._feed.method)
                    self._inbox.poke()
                else:
                    must = False
                    self._book.well(self._feed.method)
                due = self._pace.survey
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(self, version: str) -> SourceError | None:
        try:
            async with aclosing(self._feed.events(version)) as events:
                async for event in events:
                    self._apply(event)
        except SourceError as error:
            return error
        return None

    def _apply(self, event: Event) -> None:
        match event:
            case Changed(unit):
                self._book.counters.told(1)
                if self._fleet.told(unit):
                    self._inbox.put(unit, touched=True)
            case Deleted(unit_id, version):
                self._book.counters.told(1)
                if self._fleet.gone(unit_id, version):
                    self._inbox.drop(unit_id)
            case Lost():
                self._lost.set()
            case Alive():
                pass

    async def _check(self, since_list: float, *, must: bool) -> bool:
        """Find what the stream did not tell. `since_list` in seconds; `must` where something is known to be missing.

        Returns whether a whole list was read.
        """
        self._fleet.listing()
        survey = await self._feed.survey() if since_list < self._pace.full else None
        if survey is None:
            if not must and since_list < self._pace.full / 3:
                return False
            await self._whole_check()
            return True
        held = self._fleet.units
        odd = [unit for unit in survey.units if (known := held.get(unit.id)) is None or brief(known) != brief(unit)]
        if len(odd) > self._pace.singles:
            await self._whole_check()
            return True
        for removed in self._fleet.surveyed({unit.id for unit in survey.units}, survey.version):
            self._inbox.drop(removed)
        for unit in odd:
            fresh = await self._feed.one(unit)
            if fresh is not None and self._fleet.told(fresh):
                self._inbox.put(fresh, touched=True)
        return False

    async def _whole_check(self) -> None:
        self._fleet.listing()
        listing = await self._feed.listing()
        self._believe(number(listing.version))
        self._book.gaps = listing.gaps
        found = self._fleet.listed(listing.units, listing.version)
        for unit in found.units:
            self._inbox.put(unit, touched=True)
        for gone in found.removed:
            self._inbox.drop(gone)
