"""How an AWS identity stands, by trying what a source needs: there is no call that tells permissions beforehand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from ..core.errors import Forbidden, ReadOnly, SourceError, Unauthenticated
from ..core.health import Permission, SourceHealth, Standing
from .aws import Aws

NOTHING: Mapping[str, str] = MappingProxyType({})


class Need(NamedTuple):
    """One permission, and a cheap call that needs it. What the call gives is a note for the health's method."""

    name: str
    needed_for: str
    ask: Callable[[], Awaitable[str]]


class AwsHealth:
    """Never raises: the answer says it all."""

    def __init__(self, aws: Aws, name: str, system: str, clock: Callable[[], datetime]) -> None:
        self._aws, self._name, self._system, self._clock = aws, name, system, clock
        self._blind_since: datetime | None = None

    async def check(
        self, address: str, method: str, needs: Sequence[Need], hint: str = "", untried: Mapping[str, str] = NOTHING
    ) -> SourceHealth:
        """`hint` stands where an error has none of its own. `untried`: permissions whose calls cost, and what for."""
        identity = ""
        permissions: list[Permission] = []
        notes: list[str] = [method]
        wrong: SourceError | ReadOnly | None = None
        try:
            account, identity = await self._aws.identity()
            configured = self._aws.settings.account
            if configured and account and account != configured:
                raise Unauthenticated(
                    f"{self._aws.name}: the wrong account",
                    f"the credentials are of {account}, the settings say {configured}",
                    "Choose another profile, or correct `account`.",
                )
        except SourceError as error:
            wrong = error
        worked = 0
        for need in needs:
            try:
                notes.append(await need.ask())
                worked += 1
                permissions.append(Permission(need.name, True, need.needed_for))
            except Forbidden as error:
                wrong = wrong or error
                permissions.append(Permission(need.name, False, need.needed_for))
            except (SourceError, ReadOnly) as error:
                wrong = wrong or error
                permissions.append(Permission(need.name, None, need.needed_for))
        permissions += [Permission(name, None, needed_for) for name, needed_for in untried.items()]
        now = self._clock()
        standing = Standing.OK if wrong is None else Standing.DEGRADED if worked else Standing.BLIND
        self._blind_since = (self._blind_since or now) if standing is Standing.BLIND else None
        seen = self._aws.counters
        return SourceHealth(
            name=self._name,
            system=self._system,
            standing=standing,
            address=address,
            identity=identity,
            error="" if wrong is None else f"{wrong.title}: {wrong.detail}" if wrong.detail else wrong.title,
            hint="" if wrong is None else wrong.hint or hint,
            permissions=tuple(permissions),
            checked_at=now,
            newest_answer=seen.newest_answer,
            blind_since=self._blind_since,
            clock_skew=seen.clock_skew,
            latency_ms=seen.latency_ms,
            answers=seen.answers,
            errors=seen.errors,
            rate=seen.rate,
            method=", ".join(note for note in notes if note),
        )


def age(moment: datetime | None, now: datetime) -> str:
    """`newest event 4 min old`; empty where none is known."""
    if moment is None:
        return ""
    seconds = max(0.0, (now - moment).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"newest event {seconds // size:.0f} {unit} old"
    return f"newest event {seconds:.0f} s old"
