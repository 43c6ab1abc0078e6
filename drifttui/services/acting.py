"""Carries out what the screen asks for, in a thread and an event loop of its own: neither a slow write nor a ledger
across the network is waited for, by the screen or by the sources.

Made before it is needed and without anything heavy: sources, ledger and clients are imported by the first ask.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Any

from drifttui.core.asks import Answer, Choice, LinkWish, Planned

if TYPE_CHECKING:
    from drifttui.core.acts import Acts, PauseRecord
    from drifttui.core.finding import Finding
    from drifttui.core.identity import UnitId
    from drifttui.core.pause import Plan, Progress
    from drifttui.core.unit import Unit

    from .acting_work import Work
    from .session import Settings

STOP_WAITS = 10.0
"""Seconds that leaving waits for what is half written to be taken back."""


class LiveActing:
    """Implements `screens.acting.Acting` on live systems. `changed` is called, in the thread, after every record,
    `under` with every incident that is set."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], datetime],
        changed: Callable[[], None] | None = None,
        under: Callable[[str], None] | None = None,
    ) -> None:
        self._settings, self._clock, self._changed, self._under = settings, clock, changed, under
        self.unavailable = "Refused by --read-only" if settings.read_only else ""
        self.acts: Acts | None = None
        self.seen: Mapping[str, PauseRecord] = {}
        self.incident = settings.incident
        self._recovered: list[Answer] = []
        self._answers: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._asked: dict[int, asyncio.Task[None]] = {}
        self._dropped: set[int] = set()
        self._number = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._made: Work | None = None
        self._ended: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._leaving = False

    # From the screen's thread.

    def start(self) -> None:
        self._ask(self._begin, lambda answer: None)

    def stop(self) -> None:
        """Watching ends at once; what is half written is finished or taken back as far as `STOP_WAITS` allows. What is
        left then is told by the journal to the next start."""
        self._leaving = True
        if self._loop is not None and self._thread is not None:
            self._call(self._end())
            self._thread.join(STOP_WAITS)

    def drain(self) -> None:
        while True:
            try:
                answer = self._answers.get_nowait()
            except queue.Empty:
                return
            answer()

    def recovered(self) -> Sequence[Answer]:
        found, self._recovered = self._recovered, []
        return found

    def look_for(self, units: Sequence[Unit]) -> None:
        async def look(work: Work) -> Answer:
            self.seen = await work.seen_on(units)
            return Answer("")

        self._ask(look, lambda answer: None)

    def plan_pause(self, units: Sequence[Unit], then: Callable[[Planned], None]) -> int:
        return self._plan(lambda work: work.pauses(units), then)

    def plan_resume(
        self, units: Sequence[Unit], findings: Mapping[UnitId, Sequence[Finding]], then: Callable[[Planned], None]
    ) -> int:
        return self._plan(lambda work: work.resumes(units, findings), then)

    def carry_out(self, plans: Sequence[Plan], then: Callable[[Progress], None]) -> int:
        def tell(progress: Progress) -> None:
            self._answers.put(lambda: then(progress))

        async def carry(work: Work) -> Answer:
            await work.carry_out(plans, tell, lambda: self._leaving)
            return Answer("")

        def failed(answer: Answer) -> None:
            """A bug or a ledger that cannot be written: nothing more will be told of these plans."""
            from drifttui.core.pause import Progress

            for plan in plans if answer.failed else ():
                then(Progress(plan.id, "failed", answer.words, done=True, failed=True))

        return self._ask(carry, failed)

    def cancel(self, asked: int) -> None:
        """Also before the ask has begun, and where its answer is there and nobody has taken it."""
        self._dropped.add(asked)

        def cancel() -> None:
            task = self._asked.pop(asked, None)
            if task is not None:
                task.cancel()

        if self._loop is not None:
            self._loop.call_soon_threadsafe(cancel)

    def classify(self, findings: Sequence[Finding], choice: Choice, then: Callable[[Answer], None]) -> None:
        self._ask(lambda work: work.classify(findings, choice, self.incident), then)

    def link(self, wish: LinkWish, then: Callable[[Answer], None]) -> None:
        self._ask(lambda work: work.link(wish), then)

    def set_incident(self, ref: str, then: Callable[[Answer], None]) -> None:
        async def take(work: Work) -> Answer:
            self.incident, words = await work.incident(ref)
            if self._under is not None:
                self._under(self.incident)
            return Answer(words)

        self._ask(take, then)

    # The thread.

    def _plan(
        self, plan: Callable[[Work], Coroutine[Any, Any, tuple[Plan, ...]]], then: Callable[[Planned], None]
    ) -> int:
        made: list[tuple[Plan, ...]] = []

        async def planned(work: Work) -> Answer:
            made.append(await plan(work))
            return Answer("")

        return self._ask(planned, lambda answer: then(Planned(made[0]) if made else Planned((), answer.words)))

    def _ask(self, job: Callable[[Work], Coroutine[Any, Any, Answer]], then: Callable[[Answer], None]) -> int:
        self._number += 1
        self._call(self._answered(self._number, job, then))
        return self._number

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="drifttui-acts", daemon=True)
            self._thread.start()
        self._ready.wait()
        if self._loop is None or self._loop.is_closed():
            work.close()
            return
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self) -> None:
        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self._ended = asyncio.Event()
            self._ready.set()
            await self._ended.wait()

        asyncio.run(main())

    async def _work(self) -> Work:
        if self._made is None:
            from .acting_work import Work

            self._made = Work(self._settings, self._clock, self._news)
        return self._made

    async def _answered(
        self, number: int, job: Callable[[Work], Coroutine[Any, Any, Answer]], then: Callable[[Answer], None]
    ) -> None:
        from drifttui.core.errors import DriftError

        task = asyncio.current_task()
        assert task is not None
        if number in self._dropped:
            return
        self._asked[number] = task
        try:
            answer = await job(await self._work())
        except DriftError as error:
            answer = Answer(error.one_line(), failed=True)
        except Exception as error:
            # Told where it was asked: a thread that dies in silence would leave the operator waiting.
            answer = Answer(f"This went wrong inside drifttui: {type(error).__name__}. Look before you go on.", True)
        finally:
            self._asked.pop(number, None)
        self._answers.put(lambda: None if number in self._dropped else then(answer))

    def _news(self, acts: Acts) -> None:
        self.acts = acts
        if self._changed is not None:
            self._changed()

    async def _begin(self, work: Work) -> Answer:
        if not self.unavailable:
            async with aclosing(work.begin(lambda: self.incident, lambda: self._leaving)) as answers:
                async for answer in answers:
                    self._recovered = [*self._recovered, answer]
        return Answer("")

    async def _end(self) -> None:
        """What is being written is waited for; whoever only watches is sent home."""
        if self._made is not None:
            await self._made.written()
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._made is not None:
            await self._made.close()
        if self._ended is not None:
            self._ended.set()
