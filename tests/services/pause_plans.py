"""Plans as the planner makes them, for tests of what carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from drifttui.core.identity import UnitId
from drifttui.core.json_patch import applied, replace, test
from drifttui.core.pause import Plan, Purpose, Write, WriteKind
from drifttui.core.pause_argocd import PHASE, switch_off
from drifttui.core.surroundings import Held
from tests.services.fake_kube import now, target

NOTE = '{"by":"alice@laptop","reason":"INC-9127"}'


def unit(name: str) -> UnitId:
    return UnitId("argocd", "argocd:prod", "argocd", name)


def step(document: Mapping[str, Any], number: int, *, note: bool = True) -> Write:
    """The write that switches one Application off, from the object as it is now."""
    held = Held(target(document["metadata"]["name"]), dict(document), True, "patch applications.argoproj.io in argocd")
    return switch_off(held, enabled_known=True, note=NOTE if note else None).numbered(number)


def stop_step(name: str, number: int) -> Write:
    patch = (test("/metadata/uid", f"uid-of-{name}"), test(PHASE, "Running"), replace(PHASE, "Terminating"))
    return Write(
        number,
        WriteKind.STOP_OPERATION,
        target(name),
        "status.operationState.phase  Running → Terminating",
        patch,
        uid=f"uid-of-{name}",
        captured={PHASE: "Running"},
        optional=True,
    )


def pause(name: str, *writes: Write, act: str = "0123456789ab", watch: float = 1.0) -> Plan:
    at = now()
    return Plan(
        id=act,
        purpose=Purpose.PAUSE,
        unit=unit(name),
        cluster="prod",
        environment="prod",
        at=at,
        now=("automated sync is on",),
        undoers=(),
        writes=writes,
        reason="payment latency",
        until=at + timedelta(hours=2),
        link="INC-9127",
        watch_for=timedelta(seconds=watch),
    )


def resume(plan: Plan, *documents: Mapping[str, Any], act: str = "ba9876543210") -> Plan:
    """What takes `plan` back, from the objects as it left them: the unit first, then its owners."""
    writes = []
    for number, (write, document) in enumerate(zip(reversed(plan.writes), reversed(documents), strict=True), 1):
        after = applied(dict(document), write.undo)
        assert after != document
        writes.append(
            write._replace(
                number=number,
                patch=write.undo,
                undo=write.patch,
                captured={pointer: _at(document, pointer) for pointer in write.captured},
            )
        )
    return plan._replace(id=act, purpose=Purpose.RESUME, writes=tuple(writes), pause=plan.id, until=None, reason="")


def _at(document: Mapping[str, Any], pointer: str) -> Any:
    from drifttui.core.pause_argocd import value_at
    from drifttui.core.pause_note import spelled

    return spelled(value_at(document, pointer))
