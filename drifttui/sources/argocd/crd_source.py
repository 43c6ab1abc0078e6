"""Argo CD without a token: what its Application objects in Kubernetes say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import ClassVar

from ...clients.kube_api import KubeApi
from ...core.board import Mode
from ...core.errors import Forbidden, Missing, SourceError
from ...core.health import Permission, SourceHealth
from ...core.inspection import Inspection, Node
from ...core.planes import Plane, ThreePlanes
from ...core.ports import Batch, Clock
from ...core.unit import Unit
from . import crd_system
from .crd_feed import HOME, LIST, CrdFeed
from .health import HealthBook
from .origins import origins_of
from .rest import decoded
from .revisions import NEWEST, deployed
from .rules import ignore_rules
from .units import CONFLICTS, ERRORS, Rows, resource_ref
from .watch import Pace, Watch
from .wire_detail import Settings


class ArgoCDObjects:
    """`UnitSource` and `Inspectable` over one Kubernetes cluster that runs Argo CD.

    Recorded and actual states are the Kubernetes source's to read: the planes here name the resources only.
    """

    system: ClassVar[str] = "Argo CD"
    planes: ClassVar[frozenset[Plane]] = frozenset()
    mode = Mode.LIVE

    def __init__(
        self,
        context: str,
        api: Callable[[], KubeApi],
        clock: Clock,
        *,
        clean: Callable[[str], str],
        namespace: str = "",
        pace: Pace | None = None,
    ) -> None:
        self.name = f"argocd:{context.replace('/', '_')}"
        self._context, self._clock, self._clean, self._pace = context, clock, clean, pace or Pace()
        self._rows = Rows(self.name, clean)
        self._feed = CrdFeed(api, self._rows, clock, namespace)
        self._home = namespace or HOME
        self._book = HealthBook(self.name, f"context {context}", self._feed.counters)
        self._system: Settings | None = None

    async def check(self) -> SourceHealth:
        allowed: bool | None = None
        now = self._clock()
        try:
            await self._feed.probe()
        except SourceError as error:
            allowed = False if isinstance(error, Forbidden) else None
            if isinstance(error, Missing):
                self._book.off(error, now)
            else:
                self._book.blind(error, now, 0, now)
        else:
            allowed = True
            self._book.address = f"context {self._context} at {self._feed.api.server}"
            self._book.gaps = self._feed.gaps
            self._book.well(self._book.method or self._feed.method)
        self._book.permissions = (
            Permission(LIST, allowed, "the list of units"),
            Permission("watch applications.argoproj.io", None, "changes as they happen"),
        )
        self._book.checked_at = self._clock()
        return self._book.health()

    def watch(self) -> AsyncIterator[Batch]:
        return Watch(self._feed, self._book, self._clock, pace=self._pace, prepare=self._prepare).batches()

    async def inspect(self, unit: Unit) -> Inspection:
        begun = self._clock()
        application = await self._feed.application(unit.id)
        status = application.status
        resources = [r for r in status.resources or () if not r.hook]
        conditions = [(c.type, self._clean(c.message)) for c in status.conditions or ()]
        return Inspection(
            unit=unit.id,
            observed_at=begun,
            resources=tuple(ThreePlanes(resource_ref(r, unit.cluster)) for r in resources),
            ignore_rules=ignore_rules(application, await self._settings()),
            tree=tuple(
                Node(
                    resource_ref(r, unit.cluster),
                    health=r.health.status if r.health else "",
                    info=(("Sync", r.status),) if r.status else (),
                )
                for r in resources
            ),
            revisions=tuple(one.revision for one in deployed(application, self._clean))[:NEWEST],
            conflicts=tuple(f"{kind}: {text}" for kind, text in conditions if kind in CONFLICTS),
            origins=origins_of(application, self._clean),
            gaps=(
                "Target manifests need an Argo CD token: what Git says is unknown here, which is not clean.",
                "Authors of revisions, events and sync windows need an Argo CD token.",
                *(() if self._system else (f"System-wide ignore rules: argocd-cm in {self._home} could not be read.",)),
                *(f"Argo CD reports {kind}: {text}" for kind, text in conditions if kind in ERRORS),
            ),
        )

    async def close(self) -> None:
        await self._feed.close()

    async def _prepare(self) -> None:
        """Without the ConfigMap owners by label are not seen, which `inspect` tells; the list goes on."""
        system = await self._settings()
        if system is not None:
            self._rows.tracking = crd_system.tracking(system)

    async def _settings(self) -> Settings | None:
        if self._system is None:
            path = crd_system.PATH.format(namespace=self._home)
            try:
                found = decoded(await self._feed.get(path), crd_system.ConfigMap, self.name, path)
            except SourceError:
                return None
            self._system = crd_system.settings(found.data or {})
        return self._system
