"""Opens one application: everything that Argo CD's API says about it, each part on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ...core.errors import ReadOnly, SourceError
from ...core.identity import ResourceRef
from ...core.inspection import Extra, Inspection
from ...core.planes import ThreePlanes
from ...core.ports import Clock
from ...core.unit import Unit
from .details import events, nodes, windows
from .documents import Origin, managed
from .origins import origins_of
from .rest import Rest
from .revisions import Authors
from .rules import ignore_rules
from .units import CONFLICTS, ERRORS, UNRENDERED
from .wire import moment, revision_of
from .wire_detail import ApplicationInFull, ManagedResources, Settings

T = TypeVar("T")

AT_ONCE = 6
"""Reads of one application at a time; a browser opens as many connections."""


class Inspector:
    def __init__(
        self,
        rest: Rest,
        clock: Clock,
        *,
        source: str,
        key: bytes,
        clean: Callable[[str], str],
        settings: Callable[[], Awaitable[Settings]],
    ) -> None:
        self._rest, self._clock, self._source, self._key, self._clean = rest, clock, source, key, clean
        self._settings = settings
        self._authors = Authors(rest, clean)
        self._free = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, unit: Unit) -> Inspection:
        """Raises only where neither the application nor its resources could be read; other failures are gaps."""
        rest, who, gaps = self._rest, (unit.id, unit.project), list[str]()
        begun = self._clock()
        failures: list[SourceError | ReadOnly] = []

        async def part(what: str, asked: Awaitable[T]) -> T | None:
            try:
                async with self._free:
                    return await asked
            except (SourceError, ReadOnly) as error:
                failures.append(error)
                gaps.append(f"{what}: {error.one_line()}")
                return None

        application, resources, tree, told, open_windows, settings = await asyncio.gather(
            part("Application", rest.application(*who)),
            part("Target and live state", rest.managed_resources(*who)),
            part("Resource tree", rest.tree(*who)),
            part("Events", rest.events(*who)),
            part("Sync windows", rest.windows(*who)),
            part("System-wide ignore rules", self._settings()),
        )
        if application is None and resources is None:
            raise next(error for error in failures if isinstance(error, SourceError))
        revisions, gap = await self._authors.revisions(unit, application) if application else ((), "")
        planes, extras, more = await self._planes(unit, application, resources)
        conditions = application.status.conditions or () if application else ()
        gaps += [gap] if gap else []
        gaps += more
        gaps += [
            f"Argo CD reports {c.type}, so that its target state may be old: {self._clean(c.message)}"
            for c in conditions
            if c.type in ERRORS
        ]
        return Inspection(
            unit=unit.id,
            observed_at=begun,
            resources=planes,
            extras=extras,
            ignore_rules=ignore_rules(application, settings),
            tree=tuple(nodes(tree, unit.cluster, self._clean)) if tree else (),
            revisions=revisions,
            events=events(told, unit.cluster, self._clean) if told else (),
            windows=tuple(windows(open_windows)) if open_windows else (),
            conflicts=tuple(f"{c.type}: {self._clean(c.message)}" for c in conditions if c.type in CONFLICTS),
            gaps=tuple(gaps),
            origins=origins_of(application, self._clean) if application else (),
        )

    async def _planes(
        self, unit: Unit, application: ApplicationInFull | None, resources: ManagedResources | None
    ) -> tuple[tuple[ThreePlanes, ...], dict[ResourceRef, Extra], list[str]]:
        if resources is None:
            return (), {}, []
        status = application.status if application else None
        origin = Origin(
            source=self._source,
            cluster=unit.cluster,
            revision=revision_of(status.sync.revision, status.sync.revisions) if status else unit.revision,
            compared_at=moment(status.reconciled_at) if status else unit.reconciled_at,
            key=self._key,
            rendered=not any(c.type in UNRENDERED for c in (status.conditions or () if status else ())),
        )
        planes, extras, gaps, masked = [], {}, [], 0
        for item in resources.items or ():
            found = managed(item, origin)
            planes.append(found.planes)
            extras[found.planes.ref] = found.extra
            masked += found.masked
            gaps += [found.gap] if found.gap else []
            await asyncio.sleep(0)
        if masked:
            gaps.append(f"Argo CD masks the values of {masked} Secret(s): that they differ is known, not by what.")
        return tuple(planes), extras, gaps
