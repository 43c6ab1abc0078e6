"""Stacks under one name. A plan takes minutes: it runs in a task of its own, and looking never waits for one.

Each stack is read once at the start, then by its interval, or when the operator asks (`renew`); what was read is held
in between. A plan or state that somebody else makes is read again when its file changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from ...clients.tofu import Steps
from ...core.board import Mode
from ...core.direct import DirectAnswer
from ...core.errors import Missing, SourceError, inert
from ...core.health import Permission, SourceHealth, Standing
from ...core.identity import ResourceRef, UnitId
from ...core.inspection import Inspection
from ...core.planes import Plane, ThreePlanes
from ...core.ports import Batch, Clock
from ...core.unit import Unit
from .direct import Held, region_of
from .reading import Read, Reader
from .rows import inspection_of, row_of

SYSTEM = "OpenTofu and Terraform"
AT_ONCE = 2
"""Plans at the same time: each starts its providers."""

FILE_EVERY = 15.0
"""Seconds between looks at the time of a file that somebody else writes."""

FETCH_EVERY = 300.0
"""The same for one that has to be fetched, where no interval is set."""

RECORDED_FOR = timedelta(seconds=60)
"""How long what is recorded serves, before there is a plan, for one direct read after the other."""

TELL_EVERY = 0.5
"""Seconds between two words about progress."""


class _Stack:
    """One stack as it stands."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.read: Read | None = None
        """The last one that answered, or failed before any did."""
        self.failed: SourceError | None = None
        """Why the newest reading failed, where it did."""
        self.steps: Steps | None = None
        """While it is read."""
        self.recorded: tuple[datetime, Sequence[ThreePlanes]] | None = None
        """What it records, and when that was asked, before any plan had answered."""
        self.wanted = asyncio.Event()
        self.reading = asyncio.Lock()

    @property
    def readable(self) -> bool | None:
        return None if self.read is None else self.failed is None

    def keep(self, read: Read) -> None:
        self.failed = read.error
        if read.error is None or self.read is None or self.read.answer is None:
            self.read = read


class TofuSource:
    """`UnitSource`, `Inspectable`, `Renewable` and `DirectReader`."""

    system: ClassVar[str] = SYSTEM
    planes: ClassVar[frozenset[Plane]] = frozenset(Plane)
    mode = Mode.LIVE

    def __init__(self, name: str, readers: Sequence[Reader], clock: Clock, room: asyncio.Semaphore) -> None:
        """`room` is for plans, shared by all stacks of a session."""
        self.name = name
        self._clock = clock
        self._stacks = [_Stack(reader) for reader in readers]
        self._room = room
        self._wake = asyncio.Event()
        self._done: list[_Stack] = []
        self._watching = False
        self._blind_since: datetime | None = None
        self._checked_at: datetime | None = None
        self._answers = self._errors = 0

    async def check(self) -> SourceHealth:
        self._checked_at = self._clock()
        return self._health(await asyncio.to_thread(self._troubles))

    async def watch(self) -> AsyncIterator[Batch]:
        """First every stack as a row that nobody looked into, then each as it is read."""
        self._watching = True
        tasks = [asyncio.create_task(self._following(one), name=f"stack {one.reader.name}") for one in self._stacks]
        for task in tasks:
            task.add_done_callback(lambda _: self._wake.set())
        try:
            shown = {one: self._row(one) for one in self._stacks}
            yield Batch(self.name, self._clock(), units=tuple(shown.values()), complete=True, health=self._health(()))
            while True:
                await self._wake.wait()
                await asyncio.sleep(TELL_EVERY if not self._done else 0)
                self._wake.clear()
                for task in tasks:
                    if task.done():
                        task.result()
                done, self._done = self._done, []
                if not done:
                    yield Batch(self.name, self._clock(), health=self._health(()))
                for one in done:
                    before, shown[one] = shown[one], self._row(one)
                    removed = (before.id,) if before.id != shown[one].id else ()
                    yield Batch(
                        self.name,
                        self._clock(),
                        units=(shown[one],),
                        removed=removed,
                        health=self._health(()),
                        inspection=self._inspection(one) if one.failed is None else None,
                    )
        finally:
            self._watching = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def inspect(self, unit: Unit) -> Inspection:
        """What is held. Only where nobody follows the stacks is it read here and now."""
        one = next((one for one in self._stacks if self._id(one) == unit.id), None)
        if one is None:
            raise Missing(f"There is no stack {unit.id.name}", "", "See [[stack]] in the settings file.")
        if one.read is None and not self._watching:
            await self._read(one)
        if one.failed is not None:
            raise one.failed
        return self._inspection(one) or inspection_of(self._id(one), None, one.steps, self._clock())

    def renew(self, unit: UnitId) -> bool:
        """Read this stack anew, soon. False where it is none of these."""
        one = next((one for one in self._stacks if self._id(one) == unit), None)
        if one is None:
            return False
        one.wanted.set()
        return True

    async def recorded(self) -> Mapping[UnitId, Sequence[ResourceRef]]:
        """What each stack records, without a plan. Raises `SourceError`, and `ReadOnly` where nothing may be run."""
        return {self._id(one): [planes.ref for planes in await self._recorded(one, anew=True)] for one in self._stacks}

    async def read_one(self, unit: UnitId, address: str) -> DirectAnswer:
        """One AWS resource as it is right now, without a plan. Raises `SourceError`, and `ReadOnly` likewise."""
        one = next((one for one in self._stacks if self._id(one) == unit), None)
        if one is None:
            raise Missing(f"There is no stack {unit.name}", "", "See [[stack]] in the settings file.")
        resources = await self._recorded(one)
        planes = next((each for each in resources if each.ref.address == address), None)
        recorded = planes.recorded if planes is not None else None
        if planes is None or recorded is None or recorded.document is None:
            hint = _near(address, [each.ref.address for each in resources])
            raise Missing(f"{inert(address, 160)} is not recorded", unit.name, hint or "Make a plan of the stack.")
        regions = {region_of(each.recorded.document or {}) for each in resources if each.recorded is not None} - {""}
        desired = planes.desired if planes.desired is not None and planes.desired.document is not None else None
        stamped = [each._replace(source=self.name) if each is not None else None for each in (recorded, desired)]
        held = Held(stamped[0] or recorded, stamped[1], regions.pop() if len(regions) == 1 else "")
        return await one.reader.read_one(held, self.name)

    async def _recorded(self, one: _Stack, *, anew: bool = False) -> Sequence[ThreePlanes]:
        if one.read is not None and one.read.answer is not None:
            return one.read.answer.resources
        if anew or one.recorded is None or self._clock() - one.recorded[0] > RECORDED_FOR:
            resources = (await one.reader.recorded()).resources
            one.recorded = (self._clock(), resources)
        return one.recorded[1]

    async def close(self) -> None:
        """Plans end with `watch`, which cancels them."""

    # Reading.

    async def _following(self, one: _Stack) -> None:
        while True:
            await self._read(one)
            self._done.append(one)
            self._wake.set()
            written = _written(one.reader)
            while not one.wanted.is_set():
                wait = self._pause(one)
                with suppress(TimeoutError):
                    await asyncio.wait_for(one.wanted.wait(), wait)
                local = not one.reader.planned_here and "://" not in one.reader.settings.place
                if not local or _written(one.reader) != written:
                    break
            one.wanted.clear()

    def _pause(self, one: _Stack) -> float | None:
        """Seconds until it is looked at again; None: when asked."""
        reader = one.reader
        if reader.planned_here:
            return reader.settings.interval
        return FILE_EVERY if "://" not in reader.settings.place else reader.settings.interval or FETCH_EVERY

    async def _read(self, one: _Stack) -> None:
        async with one.reading, self._room:
            one.steps = Steps("starting")

            def tell(steps: Steps) -> None:
                one.steps = steps
                self._wake.set()

            try:
                read = await one.reader.read(tell)
            finally:
                one.steps = None
            one.keep(read)
            self._answers += read.error is None
            self._errors += read.error is not None

    # What is known.

    def _id(self, one: _Stack) -> UnitId:
        engine = one.read.engine if one.read is not None and one.read.engine else one.reader.engine
        return UnitId(engine.value, self.name, "", one.reader.name)

    def _row(self, one: _Stack) -> Unit:
        return row_of(self._id(one), one.reader, one.read, one.failed, one.steps)

    def _inspection(self, one: _Stack) -> Inspection | None:
        if one.read is None or one.read.answer is None:
            return None
        return inspection_of(self._id(one), one.read, one.steps, self._clock())

    def _troubles(self) -> tuple[str, ...]:
        return tuple(said for one in self._stacks if (said := one.reader.trouble()))

    def _health(self, troubles: Sequence[str]) -> SourceHealth:
        failed = [(one.reader.name, one.failed) for one in self._stacks if one.failed is not None]
        waiting = any(one.read is None for one in self._stacks) and self._watching
        count = max(len(failed), len(troubles))
        if waiting:
            standing = Standing.STARTING
        elif not count:
            standing = Standing.OK
        else:
            standing = Standing.BLIND if count >= len(self._stacks) else Standing.DEGRADED
        now = self._clock()
        self._blind_since = (self._blind_since or now) if standing is Standing.BLIND else None
        name, error = failed[0] if failed else ("", None)
        said = f"{name}: {error.title}: {error.detail}" if error is not None else troubles[0] if troubles else ""
        ends = [one.read.at for one in self._stacks if one.read is not None and one.read.error is None]
        return SourceHealth(
            name=self.name,
            system=SYSTEM,
            standing=standing,
            address=", ".join(one.reader.place for one in self._stacks[:3]) + ("…" if len(self._stacks) > 3 else ""),
            error=said,
            hint=error.hint if error is not None else "See [[stack]] in the settings file." if said else "",
            permissions=tuple(
                Permission(
                    f"read {one.reader.name}", None if one.read is None else one.failed is None, one.reader.place
                )
                for one in self._stacks
            ),
            checked_at=self._checked_at,
            newest_answer=max(ends, default=None),
            blind_since=self._blind_since,
            answers=self._answers,
            errors=self._errors,
            unit_count=len(self._stacks),
            method=self._method(),
        )

    def _method(self) -> str:
        running = [f"{one.reader.name}: {one.steps.words}" for one in self._stacks if one.steps is not None]
        if running:
            return f"now {', '.join(running[:3])}"
        return "plans without lock and without writing state; on demand, or by each stack's interval"


def _written(reader: Reader) -> float | None:
    if reader.planned_here or "://" in reader.settings.place:
        return None
    try:
        return Path(reader.settings.place).expanduser().stat().st_mtime
    except OSError:
        return None


def _near(address: str, known: Sequence[str]) -> str:
    """A hint at what may have been meant."""
    last = address.rpartition(".")[2].partition("[")[0].lower()
    near = [inert(one, 80) for one in known if last and last in one.lower()][:3]
    return f"Did you mean {', '.join(near)}?" if near else ""
