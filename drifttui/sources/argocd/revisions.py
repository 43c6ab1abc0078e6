"""What was deployed when, and who wrote it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...core.errors import SourceError
from ...core.inspection import Revision
from ...core.unit import Unit
from .rest import Rest
from .wire import Initiator, moment
from .wire_detail import ApplicationInFull, History, RevisionMetadata

NEWEST = 10
CACHED = 1000
Clean = Callable[[str], str]


class Deployed(NamedTuple):
    """`source` and `history` say where a revision is from in an application with several sources."""

    revision: Revision
    source: int | None
    history: int | None
    chart: bool
    """A Helm chart's version has no author."""


class Authors:
    """Author and message of commits, kept because they never change."""

    def __init__(self, rest: Rest, clean: Clean) -> None:
        self._rest, self._clean = rest, clean
        self._known: OrderedDict[tuple[str, str], RevisionMetadata] = OrderedDict()

    async def revisions(self, unit: Unit, application: ApplicationInFull) -> tuple[tuple[Revision, ...], str]:
        """The newest ten, newest first, and a line about those whose author could not be read."""
        found = list(deployed(application, self._clean))[:NEWEST]
        answers = await asyncio.gather(*(self._authored(unit, one) for one in found), return_exceptions=True)
        revisions, gap = [], ""
        for one, answer in zip(found, answers, strict=True):
            if isinstance(answer, Revision):
                revisions.append(answer)
            elif isinstance(answer, SourceError):
                revisions.append(one.revision)
                gap = gap or f"Author of {one.revision.revision[:8]}: {answer.one_line()}"
            else:
                raise answer
        return tuple(revisions), gap

    async def _authored(self, unit: Unit, one: Deployed) -> Revision:
        if one.chart or not one.revision.revision:
            return one.revision
        key = (one.revision.repo, one.revision.revision)
        known = self._known.get(key)
        if known is None:
            known = await self._rest.revision(unit.id, unit.project, one.revision.revision, one.source, one.history)
            self._known[key] = known
            while len(self._known) > CACHED:
                self._known.popitem(last=False)
        return one.revision._replace(
            author=self._clean(known.author), message=self._clean(known.message), authored_at=moment(known.date)
        )


def deployed(application: ApplicationInFull, clean: Clean) -> Iterator[Deployed]:
    """Newest first, without authors; a revision that is wanted and was not deployed yet comes before all."""
    history = sorted(application.status.history or (), key=lambda entry: entry.id, reverse=True)
    sync, spec = application.status.sync, application.spec
    deployed = {revision for entry in history for revision in (entry.revision, *(entry.revisions or ()))}
    if sync.revision and sync.revision not in deployed and spec.source is not None:
        wanted = Revision(sync.revision, repo=clean(spec.source.repo_url))
        yield Deployed(wanted, None, None, bool(spec.source.chart))
    for entry in history:
        yield from _entry(entry, clean)


def _entry(entry: History, clean: Clean) -> Iterator[Deployed]:
    at, by = moment(entry.deployed_at), _by(entry.initiated_by)
    if not entry.revisions:
        revision = Revision(entry.revision, at, initiated_by=by, repo=clean(entry.source.repo_url))
        yield Deployed(revision, None, None, bool(entry.source.chart))
        return
    sources = entry.sources or []
    for index, name in enumerate(entry.revisions):
        source = sources[index] if index < len(sources) else None
        repo = clean(source.repo_url) if source else ""
        yield Deployed(
            Revision(name, at, initiated_by=by, repo=repo), index, entry.id, bool(source.chart) if source else False
        )


def _by(initiator: Initiator) -> str:
    return initiator.username or ("automated sync policy" if initiator.automated else "")
