"""What a tracker says about one incident or change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from .link_refs import LinkRef, Tracker


class Resolved(NamedTuple):
    """Texts are inert and without secrets. Times in UTC; None where the tracker does not say."""

    title: str
    state: str
    """As the tracker words it."""
    open: bool | None
    """None: the state is none that is known to be open or over."""
    opened: datetime | None = None
    closed: datetime | None = None
    expires: datetime | None = None
    approver: str = ""
    url: str = ""
    kind: str = ""
    """`incident`, `change`, or empty where the tracker does not tell them apart."""
    problem: str = ""
    """What of it could not be read, in one line."""


class Resolver(Protocol):
    """Reads records of one tracker."""

    async def resolve(self, ref: LinkRef) -> Resolved:
        """Raises `SourceError`: `Missing` also where the reference names another server than the configured one, which
        is then not asked."""
        ...

    async def close(self) -> None: ...


Resolvers = Mapping[Tracker, Resolver]
