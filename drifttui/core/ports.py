"""What a source is. A source reads one system; it never writes, caches, decides, or imports another source.

A source module ends in `SOURCE = …`, a `SourceFactory`. Third parties register the same object with the entry-point
group `drifttui.sources`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from .board import Mode
from .health import SourceHealth
from .identity import ResourceRef, UnitId
from .inspection import Event, Inspection
from .planes import Observation, Plane
from .unit import Unit

if TYPE_CHECKING:
    from .audit_question import AuditAnswer, AuditQuestion, Trail
    from .direct import DirectAnswer
    from .git import GitAnswer, GitQuestion


class Batch(NamedTuple):
    """What a source learned in one go."""

    source: str
    at: datetime
    units: tuple[Unit, ...] = ()
    removed: tuple[UnitId, ...] = ()
    complete: bool = False
    """`units` is the whole list: any unit of this source that it lacks is gone."""
    health: SourceHealth | None = None
    touched: tuple[UnitId, ...] = ()
    """Units whose objects changed, so that a look into them is out of date."""
    inspection: Inspection | None = None
    """A look that came unasked (replay)."""


@runtime_checkable
class Source(Protocol):
    """One system under one name. Every method raises only `SourceError`."""

    name: str
    """`argocd:eu-west-1`: unique in a session."""
    system: ClassVar[str]
    planes: ClassVar[frozenset[Plane]]

    async def check(self) -> SourceHealth:
        """Reachable, authenticated, each permission by name, clock skew. Never raises: the answer says it all."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class UnitSource(Source, Protocol):
    """A source that lists units and then tells every change."""

    mode: Mode

    def watch(self) -> AsyncIterator[Batch]:
        """First a `complete` batch, then changes, for as long as the session lasts.

        Reconnects by itself with backoff and reports it in `Batch.health`; after a gap it sends a `complete` batch
        again. It ends only by being closed. No unit is lost or doubled.
        """
        ...


@runtime_checkable
class Inspectable(Source, Protocol):
    """A source that can look into one unit."""

    async def inspect(self, unit: Unit) -> Inspection: ...


@runtime_checkable
class Renewable(Source, Protocol):
    """A source whose answers cost minutes, so that it holds them: a look gives what is held."""

    def renew(self, unit: UnitId) -> bool:
        """The operator wants a new answer. It comes through `watch`; False where the unit is none of this source's."""
        ...


@runtime_checkable
class DirectReader(Source, Protocol):
    """A source that can read one resource of a unit right now, where a look at the whole would take minutes."""

    async def recorded(self) -> Mapping[UnitId, Sequence[ResourceRef]]:
        """What its units record, without looking at what runs. Raises `SourceError`, and `ReadOnly` where even that
        may not be read."""
        ...

    async def read_one(self, unit: UnitId, address: str) -> DirectAnswer:
        """The resource of that address as it is now. Raises as `recorded` does."""
        ...


@runtime_checkable
class LiveReader(Source, Protocol):
    """A source that reads the actual plane of single objects: the Kubernetes API."""

    cluster: str
    aliases: frozenset[str]
    """Names and URLs by which units may call this cluster (`Unit.cluster`)."""

    async def read(
        self, refs: Sequence[ResourceRef], versions: Mapping[ResourceRef, str] = ...
    ) -> Sequence[Observation | Exception]:
        """The objects in the order asked; an exception in the place of one that could not be read.

        `versions` names the API version to read an object in, so that it has the fields of the manifest beside it.
        """
        ...

    async def events(self, namespace: str, refs: Sequence[ResourceRef]) -> tuple[tuple[Event, ...], str]:
        """Events about `refs`, newest first, and one line for what was not read. Raises `SourceError`."""
        ...

    async def schema(
        self, group_kinds: Sequence[tuple[str, str]]
    ) -> Mapping[str, tuple[Mapping[str, tuple[str, ...]], Mapping[str, object]]]:
        """List keys and defaults of kinds from the cluster's OpenAPI, keyed `group/Kind` (see `Inspection`)."""
        ...

    async def may(self, verb: str, ref: ResourceRef, subresource: str = "") -> bool | None:
        """SelfSubjectAccessReview; None where it could not be asked."""
        ...

    def watch_objects(self, refs: Sequence[ResourceRef]) -> AsyncIterator[Observation]:
        """Changes of these objects as they happen, with bookmarks and recovery from 410. Ends when cancelled."""
        ...


@runtime_checkable
class AuditSource(Source, Protocol):
    """A source that knows who called an API. It reads no plane."""

    trail: Trail
    covers: frozenset[str]
    """Names and URLs of the clusters (`Unit.cluster`, `LiveReader.aliases`), or accounts, whose calls it records.
    Empty: nobody said, so it is asked about every one, and may answer about another's object of the same name."""

    async def calls(self, question: AuditQuestion) -> AuditAnswer:
        """Every recorded call that may have written the asked things, from the store where it lies.

        Raises `SourceError` where nothing at all could be asked; whatever is partial is answered, and `unseen` says
        what is missing. Cancelling ends the query at the store too where it can be ended.
        """
        ...


@runtime_checkable
class AuditFollower(AuditSource, Protocol):
    """An audit source that hears of new events by itself, so that nobody need ask again by the clock."""

    def arrivals(self) -> AsyncIterator[frozenset[str]]:
        """Names of objects in events that arrived since the last; empty where they were too many to tell. Coalesced;
        ends by being closed."""
        ...


@runtime_checkable
class HistorySource(Source, Protocol):
    """A source that knows what came to be in Git, and when. It reads no plane and fetches nothing."""

    def holds(self, repo: str) -> bool:
        """Whether a repository (`core.git.repo_key`) is read through it."""
        ...

    async def merges(self, question: GitQuestion) -> GitAnswer:
        """The commits that last touched the asked fields. Raises `SourceError` where no history could be read;
        whatever is partial is answered, and `unseen` says what is missing."""
        ...


Clock = Callable[[], datetime]
"""Gives the time in UTC. Injected everywhere: replay and tests bring their own."""


class SourceFactory(Protocol):
    """Builds the sources of one system from settings: none where it is not configured, several for several servers."""

    system: str
    option_help: str

    def __call__(self, settings: Any, clock: Clock) -> Sequence[Source]: ...
