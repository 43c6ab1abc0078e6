"""Plans of pauses and of their end, from fresh reads. Nothing is written here: `services.writing` carries plans out."""

from __future__ import annotations

import secrets
from datetime import datetime

from drifttui.core.acts import Acts
from drifttui.core.errors import inert
from drifttui.core.pause import Plan
from drifttui.core.pause_note import REASON_LIMIT
from drifttui.core.pause_owners import Request
from drifttui.core.pause_plan import plan_pause as plan_of
from drifttui.core.unit import Unit

from .reach import Reach


async def plan_pause(
    unit: Unit,
    reach: Reach,
    acts: Acts,
    *,
    at: datetime,
    actor: str = "",
    reason: str = "",
    until: datetime | None = None,
    link: str = "",
) -> Plan:
    """The pause of one unit. Without a reason or an end it can be looked at, and says that it is blocked.

    `actor` goes into the annotation on the unit. Raises `SourceError` where the unit cannot be read, `InputError` where
    it cannot be paused at all.
    """
    around = await reach.around(unit)
    request = Request(
        id=secrets.token_hex(6),
        unit=str(unit.id),
        by=inert(actor, 200),
        at=at,
        reason=inert(reason, REASON_LIMIT),
        until=until,
        link=inert(link, REASON_LIMIT),
    )
    return plan_of(around, unit, acts, request)
