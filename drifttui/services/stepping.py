"""One step of a plan: written once, or taken back once, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from drifttui.core.errors import ActionError, DriftError, OutcomeUnknown, PreconditionFailed, SourceError
from drifttui.core.pause import Write, WriteKind
from drifttui.core.pause_stand import Stand, changed_since, departures, stand
from drifttui.core.planes import Document

from .doors import Patch, Receipt, Ways

REREADS: Final = (0.0, 0.5, 2.0, 5.0)
"""Seconds before each look at an object whose write was not answered: the write may still be on its way."""

Sleep = Callable[[float], Awaitable[None]]


class Step(NamedTuple):
    result: str
    """`written`, `refused`, `unknown`, `undone`, `skipped`: as the ledger's steps say it."""
    message: str = ""
    audit_id: str = ""
    document: Document | None = None
    """The object afterwards, where it is known."""


class Stepper:
    """Never sends anything twice. Raises nothing that a server can cause: it is in the step."""

    def __init__(self, ways: Ways, sleep: Sleep = asyncio.sleep) -> None:
        self._ways, self._sleep = ways, sleep

    async def read(self, write: Write) -> Document | None:
        """Raises `DriftError`."""
        return await self._ways.to(write.target).read(write.target)

    async def obstacles(self, write: Write) -> tuple[str, ...]:
        """Why this step would not do what the plan says, by a fresh look. Raises `DriftError` where there is no look.

        A sync that has ended by itself in between is none.
        """
        document = await self.read(write)
        if write.kind is WriteKind.STOP_OPERATION and stand(write, document) is Stand.AFTER:
            return ()
        return changed_since(write, document)

    async def write(self, write: Write) -> Step:
        """Writes it, and looks at what came of it."""
        if write.kind is WriteKind.STOP_OPERATION:
            return await self._stop(write)
        return await self._send(write, write.patch, Stand.AFTER, "written")

    async def take_back(self, write: Write) -> Step:
        """Undoes what this step has written: `undone`, `skipped` where there is nothing to undo, else why not."""
        if not write.undo:
            return Step("skipped", "nothing to take back")
        return await self._send(write, write.undo, Stand.BEFORE, "undone")

    async def _send(self, write: Write, patch: Patch, goal: Stand, done: str) -> Step:
        try:
            way = self._ways.to(write.target)
            if not way.checks_tests and goal is Stand.AFTER and (why := await self.obstacles(write)):
                return Step("refused", "; ".join(why))
            receipt = await way.write(write.target, write.kind, patch)
        except OutcomeUnknown as error:
            return await self._decide(write, goal, done, error)
        except PreconditionFailed as error:
            return Step("refused", await self._why(write, goal, error))
        except (SourceError, ActionError, DriftError) as error:
            return Step("refused", error.one_line())
        if way.checks_tests:
            return self._judged(write, goal, done, receipt)
        return await self._decide(write, goal, done, None, receipt.audit_id)

    async def _stop(self, write: Write) -> Step:
        try:
            way = self._ways.to(write.target)
            receipt = await way.write(write.target, write.kind, write.patch)
        except PreconditionFailed:
            return Step("skipped", "no sync was running any more")
        except OutcomeUnknown as error:
            return await self._decide(write, Stand.AFTER, "written", error)
        except (SourceError, ActionError, DriftError) as error:
            return Step("refused", error.one_line())
        return Step("written", "", receipt.audit_id, receipt.document)

    def _judged(self, write: Write, goal: Stand, done: str, receipt: Receipt) -> Step:
        """By the object in the answer. A server may drop a field that it does not know, an admission may change it."""
        found = stand(write, receipt.document)
        if found is goal:
            return Step(done, "", receipt.audit_id, receipt.document)
        if goal is Stand.AFTER and found is Stand.BEFORE:
            return Step(
                "refused", f"{write.target.short}: the server answered, and kept it as it was", receipt.audit_id
            )
        kept = "; ".join(each.words for each in departures(write, receipt.document)) if goal is Stand.AFTER else ""
        return Step(
            "unknown",
            f"{write.target.short}: the server answered, and it is not as it was asked for"
            + (f": {kept}" if kept else ""),
            receipt.audit_id,
            receipt.document,
        )

    async def _decide(
        self, write: Write, goal: Stand, done: str, error: DriftError | None, audit_id: str = ""
    ) -> Step:  # fmt: skip
        """Reads until the object is as the write makes it; if it never is, says how it is."""
        document: Document | None = None
        seen, problem = None, ""
        for wait in REREADS:
            await self._sleep(wait)
            try:
                document = await self.read(write)
            except DriftError as wrong:
                problem = wrong.one_line()
                continue
            seen, problem = stand(write, document), ""
            if seen is goal:
                told = "the server did not answer; it was read again, and it is there" if error else ""
                return Step(done, told, audit_id, document)
        said = error.one_line() if error else f"{write.target.short}: the server answered."
        if seen is None:
            return Step("unknown", f"{said} Reading it again failed: {problem}")
        if seen is (Stand.BEFORE if goal is Stand.AFTER else Stand.AFTER):
            return Step("refused", f"{said} Read again {len(REREADS)} times: nothing was changed.", "", document)
        return Step("unknown", f"{said} Read again: it is {seen}.", audit_id, document)

    async def _why(self, write: Write, goal: Stand, error: DriftError) -> str:
        """What changed in between, where a look tells; else what the server said."""
        try:
            document = await self.read(write)
        except DriftError:
            return error.one_line()
        if goal is Stand.AFTER:
            return "; ".join(changed_since(write, document)) or error.one_line()
        return "; ".join(each.words for each in departures(write, document)) or error.one_line()
