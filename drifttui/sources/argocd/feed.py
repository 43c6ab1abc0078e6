"""What following applications needs, whoever tells of them: Argo CD's own API, or the objects in Kubernetes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import NamedTuple, Protocol

from ...core.identity import UnitId
from ...core.unit import Unit


class Listing(NamedTuple):
    """Every application at one moment."""

    units: tuple[Unit, ...]
    version: str = ""
    """Of the list, from which a stream goes on."""
    gaps: tuple[str, ...] = ()
    """One line for each application that could not be read."""


class Changed(NamedTuple):
    unit: Unit


class Deleted(NamedTuple):
    unit: UnitId
    version: str


class Alive(NamedTuple):
    """The stream is there and has nothing to tell: its head, a keepalive, a bookmark."""


class Lost(NamedTuple):
    """Something was told that could not be read: only a list can say what."""

    reason: str


Event = Changed | Deleted | Alive | Lost


class Feed(Protocol):
    """All methods raise only `SourceError`."""

    method: str
    """How it reads while all is well, for the source's health."""

    optional: bool
    """Not being there at all is no fault: this cluster may have no Argo CD."""

    async def listing(self) -> Listing: ...

    def events(self, version: str) -> AsyncGenerator[Event, None]:
        """What happens after `version`. Ends where the server ends it; then something may have been missed."""
        ...

    async def survey(self) -> Listing | None:
        """A cheaper list that holds less: only `brief` of its units counts. None where there is no such."""
        ...

    async def one(self, unit: Unit) -> Unit | None:
        """`unit` read afresh; None where it is gone."""
        ...


def brief(unit: Unit) -> tuple[object, ...]:
    """The part of a row that a survey tells too: two rows that agree on it are taken for the same."""
    operation = unit.operation
    return (
        unit.sync,
        unit.health,
        unit.auto,
        unit.cluster,
        unit.namespace,
        unit.project,
        unit.repo,
        unit.path,
        operation.started_at if operation and operation.message != "queued" else None,
        operation.finished_at if operation and operation.message != "queued" else None,
    )
