"""How Flux in one cluster stands, from what its kinds met."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ...clients.kube import KubeClient
from ...core.errors import inert
from ...core.health import Permission, SourceHealth, Standing
from .follow import Follower, Stand
from .units import ENGINES

SYSTEM = "Flux"
NAMED = 4
"""Objects that a line names before it counts."""

NOT_HERE = "There is no Flux in this cluster: neither Kustomizations nor HelmReleases are served"


def health(
    name: str,
    context: str,
    api: KubeClient | None,
    followers: Sequence[Follower],
    *,
    units: int,
    blind_since: datetime | None,
    permissions: tuple[Permission, ...] = (),
    checked_at: datetime | None = None,
) -> SourceHealth:
    """One page. `blind_since` is the caller's to keep."""
    standing, error, hint = standing_of(followers)
    if standing is Standing.OK:
        error = failing(followers)
    seen = api.counters if api is not None else None
    lame = any(one.stand is Stand.LAME for one in followers)
    return SourceHealth(
        name=name,
        system=SYSTEM,
        standing=standing,
        address=f"context {inert(context, 80)}" + (f" at {api.server}" if api is not None else ""),
        error=error,
        hint=hint,
        permissions=permissions,
        checked_at=checked_at,
        newest_answer=seen.newest_answer if seen else None,
        blind_since=blind_since if standing is Standing.BLIND else None,
        clock_skew=seen.clock_skew if seen else None,
        latency_ms=seen.latency_ms if seen else None,
        answers=seen.answers if seen else 0,
        errors=seen.errors if seen else 0,
        rate=seen.rate if seen else 0.0,
        unit_count=units,
        method="list, the watch is down" if lame else "stream",
        attempt=max((one.attempt for one in followers), default=0),
    )


def standing_of(followers: Sequence[Follower]) -> tuple[Standing, str, str]:
    """Standing, one line, what to do. The kinds of units decide; the others only take away from it."""
    own = [one for one in followers if one.kind.required]
    if any(one.stand is Stand.STARTING for one in own):
        return Standing.STARTING, "", ""
    if all(one.stand is Stand.ABSENT for one in followers if one.kind.kind in ENGINES):
        return Standing.OFF, NOT_HERE, ""
    for one in own:
        if one.stand is Stand.BLIND:
            return Standing.BLIND, _line(one), one.error.hint if one.error else ""
    refused = [one.kind.resource for one in followers if one.stand is Stand.FORBIDDEN]
    if refused and all(one.stand in (Stand.FORBIDDEN, Stand.ABSENT) for one in own):
        return Standing.BLIND, f"not permitted: list {', '.join(refused)}", "Ask for the permissions in the docs."
    if refused:
        hint = "Ask for the permissions in the docs; until then units and sources of these kinds are unknown."
        return Standing.DEGRADED, f"not permitted: list {', '.join(refused)}", hint
    for one in followers:
        if one.stand in (Stand.BLIND, Stand.LAME):
            return Standing.DEGRADED, _line(one), one.error.hint if one.error else ""
    if unread := sum(one.unread for one in followers):
        return Standing.DEGRADED, f"{unread} objects of Flux cannot be read", "They may be of a version not known here."
    return Standing.OK, "", ""


def failing(followers: Sequence[Follower]) -> str:
    """Sources that cannot be fetched, and parts of Flux that are not ready; empty where all are well. Nothing is
    missing from the list because of them, but what hangs on them is old."""
    names = [
        f"{kind}/{name}"
        for one in followers
        if one.kind.kind not in ENGINES
        for (kind, _, name), found in sorted(one.objects.items())
        if (ready := found.condition("Ready")) is not None and ready.status == "False"
    ]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return inert(f"not ready: {', '.join(names[:NAMED])}{more}") if names else ""


def _line(one: Follower) -> str:
    error = one.error
    if error is None:
        return f"{one.kind.resource} do not answer"
    return f"{error.title}: {error.detail}" if error.detail else error.title
