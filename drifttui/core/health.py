"""Whether a source can be believed right now, and whether a row can."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Standing(StrEnum):
    """How a source stands. Never folded into a boolean: each is shown in its own word."""

    STARTING = "starting"
    OK = "ok"
    DEGRADED = "degraded"
    """It answers, but not everything: a permission is missing, the stream is down and a list stands in."""
    BLIND = "blind"
    """It does not answer. What it said before is kept and is stale."""
    OFF = "off"
    """Configured, but switched off or not present in this cluster."""


class Permission(NamedTuple):
    """One right this source needs, in its system's words, such as `applications,get` or `list deployments.apps`."""

    name: str
    allowed: bool | None
    """None: could not be found out."""
    needed_for: str = ""


class SourceHealth(NamedTuple):
    name: str
    """The configured name of the source, such as `argocd:eu-west-1`."""
    system: str
    """`Argo CD`, `Kubernetes`."""
    standing: Standing
    address: str = ""
    """Where it is, without credentials."""
    version: str = ""
    identity: str = ""
    """Who we are to it."""
    error: str = ""
    """One line: what, where. Empty when there is none."""
    hint: str = ""
    """What to do about it."""
    permissions: tuple[Permission, ...] = ()
    checked_at: datetime | None = None
    newest_answer: datetime | None = None
    """When it last told us anything."""
    blind_since: datetime | None = None
    clock_skew: timedelta | None = None
    """Its clock minus ours; None where it does not tell."""
    latency_ms: float | None = None
    """Of the newest answer."""
    answers: int = 0
    """Answers since the start."""
    errors: int = 0
    rate: float = 0.0
    """Events or answers a second over the last ten seconds."""
    unit_count: int = 0
    method: str = ""
    """How it reads now: `stream`, `list every 30s`, `CRDs through Kubernetes`."""
    attempt: int = 0
    """Reconnections in a row; 0 when connected."""
    retry_at: datetime | None = None


class Freshness(StrEnum):
    FRESH = "fresh"
    STALE = "stale"
    BLIND = "blind"


STALE_AFTER = timedelta(minutes=10)
"""A live source that tells changes as they happen is fresh while it is connected; an answer older than this is not."""


def freshness(
    observed_at: datetime | None, health: SourceHealth | None, now: datetime, stale_after: timedelta = STALE_AFTER
) -> Freshness:
    """How far a row can be believed.

    A stream that is connected vouches for rows it has not mentioned for hours; a blind source vouches for none.
    """
    if observed_at is None:
        return Freshness.BLIND
    if health is None or health.standing in (Standing.BLIND, Standing.OFF):
        return Freshness.BLIND
    if health.standing is Standing.STARTING:
        return Freshness.STALE
    vouched = (
        max(observed_at, health.newest_answer or observed_at) if health.method.startswith("stream") else observed_at
    )
    return Freshness.STALE if now - vouched > stale_after else Freshness.FRESH
