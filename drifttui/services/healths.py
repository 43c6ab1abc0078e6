"""What is known about a source, from its watch and from its checks: each asks things that the other does not."""

from __future__ import annotations

from drifttui.core.health import SourceHealth, Standing


def after_watch(held: SourceHealth | None, new: SourceHealth) -> SourceHealth:
    """A watch does not ask for permissions; what the last check found out about them stays."""
    if held is None:
        return new
    return new._replace(
        permissions=new.permissions or held.permissions,
        version=new.version or held.version,
        identity=new.identity or held.identity,
        address=new.address or held.address,
        method=new.method or held.method,
        checked_at=new.checked_at or held.checked_at,
        newest_answer=new.newest_answer or held.newest_answer,
        unit_count=new.unit_count or held.unit_count,
        clock_skew=new.clock_skew if new.clock_skew is not None else held.clock_skew,
    )


def after_check(held: SourceHealth, found: SourceHealth, *, watched: bool) -> SourceHealth:
    """A watch knows better whether rows arrive; the check adds what only it asks for.

    Until the watch has said its first word a good answer to a check makes no row fresh and no list complete.
    """
    if not watched:
        return after_watch(held, found)
    if held.standing is Standing.STARTING:
        good = found.standing in (Standing.OK, Standing.DEGRADED)
        return after_watch(held, found._replace(standing=Standing.STARTING) if good else found)
    return held._replace(
        permissions=found.permissions or held.permissions,
        version=found.version or held.version,
        identity=found.identity or held.identity,
        checked_at=found.checked_at,
        clock_skew=found.clock_skew if found.clock_skew is not None else held.clock_skew,
        latency_ms=found.latency_ms if found.latency_ms is not None else held.latency_ms,
    )
