"""What a plan's course looks like in the ledger: intent, steps, outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from drifttui.core.acts import ActRecord, Acts
from drifttui.core.ledger import Event, EventKind
from drifttui.core.pause import Plan
from drifttui.core.pause_json import plan_json
from drifttui.store.processes import is_alive, this_process

from .stepping import Step


class Journal(Protocol):
    """What is used of a `store.ledger.Ledger` here."""

    def append(self, kind: EventKind, body: Mapping[str, Any]) -> Event: ...

    def events(self, after: int = 0) -> Iterator[Event]: ...

    def acts(self) -> Acts: ...


async def intend(ledger: Journal, plan: Plan) -> Event:
    """Before the first write. Raises `DriftError` where it could not be recorded, and then nothing may be written."""
    body = {
        "act": plan.id,
        "purpose": str(plan.purpose),
        "unit": str(plan.unit),
        "plan": plan_json(plan),
        "process": this_process(),
    }
    return await asyncio.to_thread(ledger.append, EventKind.INTENT, body)


async def note_step(ledger: Journal, act: str, number: int, step: Step) -> None:
    body = {
        "act": act,
        "number": number,
        "result": step.result,
        "message": step.message,
        "audit_id": step.audit_id,
    }
    await asyncio.to_thread(ledger.append, EventKind.STEP, body)


async def note_outcome(
    ledger: Journal, act: str, result: str, message: str = "", *, by: str = "", checks: int = 0
) -> None:  # fmt: skip
    body = {"act": act, "result": result, "message": message, "by": by, "checks": checks}
    await asyncio.to_thread(ledger.append, EventKind.OUTCOME, body)


async def acts_of(ledger: Journal) -> Acts:
    return await asyncio.to_thread(ledger.acts)


def intent_of(ledger: Journal, act: str) -> Event | None:
    return next((e for e in ledger.events() if e.kind is EventKind.INTENT and e.body.get("act") == act), None)


async def at_work(ledger: Journal, act: ActRecord) -> bool | None:
    """Whether the process that began an open act still is. None: it ran on another machine."""
    event = await asyncio.to_thread(intent_of, ledger, act.id)
    process = event.body.get("process") if event is not None else None
    return is_alive(process) if isinstance(process, Mapping) else False
