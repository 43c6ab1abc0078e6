"""Flux in one cluster: its Kustomizations and HelmReleases, and what flux-operator reconciles, through the Kubernetes
API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime
from typing import ClassVar

from ...clients.kube import KubeClient
from ...core.board import Mode
from ...core.errors import BadAnswer, DriftError, Missing, SourceError, Unreachable
from ...core.health import Permission, SourceHealth, Standing
from ...core.identity import UnitId
from ...core.inspection import Inspection
from ...core.planes import Plane
from ...core.ports import Batch, Clock
from ...core.unit import Unit
from . import health as healths
from . import kinds
from .follow import ASK_AGAIN, Changed, Follower, Key, Stand
from .inspect import Inspector
from .kinds import Kind
from .units import ENGINES, Rows, leans_on, upstream
from .wire import FluxObject, Reference, decode

WINDOW = 0.1
"""Seconds: changes of one such window make one batch."""

HEARTBEAT = 10.0
"""Seconds between words about the source itself when nothing else happens."""

PROXIED = "http:source-controller:80"
"""As the API server names the Service in a proxied request, and so in the right to it."""

REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class FluxSource:
    """`UnitSource` and `Inspectable`. The actual plane is the Kubernetes source's to read."""

    system: ClassVar[str] = healths.SYSTEM
    planes: ClassVar[frozenset[Plane]] = frozenset({Plane.DESIRED, Plane.RECORDED})
    mode = Mode.LIVE

    def __init__(
        self, context: str, api: Callable[[], KubeClient], clock: Clock, *, key: bytes, clean: Callable[[str], str]
    ) -> None:
        self.name = f"flux:{context.replace('/', '_')}"
        self._context, self._make, self._clock = context, api, clock
        self._made: KubeClient | None = None
        self._rows = Rows(self.name, context, clean)
        self._followers = [Follower(kind, self._api, self._heard) for kind in kinds.ALL]
        self._inspector = Inspector(self._api, self.name, context, clock, key=key, clean=clean, known=self._known)
        self._pending: set[Key] = set()
        self._all = True
        self._wake = asyncio.Event()
        self._units: dict[UnitId, Unit] = {}
        self._blind_since: datetime | None = None
        self._permissions: tuple[Permission, ...] = ()
        self._checked_at: datetime | None = None
        self._watching = False

    async def check(self) -> SourceHealth:
        try:
            permissions = await self._rights()
        except SourceError as error:
            self._checked_at = self._clock()
            if not self._watching:
                for one in self._followers:
                    one.stand, one.error = Stand.BLIND, error
        else:
            self._permissions, self._checked_at = permissions, self._clock()
        return self._health()

    async def watch(self) -> AsyncIterator[Batch]:
        """One `complete` batch when every kind has answered or failed; then changes."""
        self._watching = True
        for one in self._followers:
            one.stand = Stand.STARTING
        driver = asyncio.create_task(self._drive(), name=f"watch {self.name}")
        driver.add_done_callback(lambda _: self._wake.set())
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT):
                        await self._wake.wait()
                if driver.done():
                    driver.result()
                if self._wake.is_set():
                    await asyncio.sleep(WINDOW)
                if any(one.stand is Stand.STARTING for one in self._followers):
                    self._wake.clear()
                    continue
                yield self._batch()
        finally:
            self._watching = False
            driver.cancel()
            await asyncio.gather(driver, return_exceptions=True)

    async def inspect(self, unit: Unit) -> Inspection:
        return await self._inspector(unit)

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    # Following.

    async def _drive(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name in dict.fromkeys(kind.group for kind in kinds.ALL):
                group.create_task(self._group([one for one in self._followers if one.kind.group == name]))

    async def _group(self, followers: list[Follower]) -> None:
        """A group that is not served is not there; to be forbidden to list would look the same without asking."""
        while not await self._served(followers):
            await asyncio.sleep(ASK_AGAIN)
        async with asyncio.TaskGroup() as group:
            for one in followers:
                group.create_task(one.run())

    async def _served(self, followers: list[Follower]) -> bool:
        try:
            await self._api().get(f"/apis/{followers[0].kind.group}")
        except Missing:
            for one in followers:
                one.vacant()
            return False
        except SourceError:
            return True  # The lists say why.
        return True

    def _heard(self, changed: Changed) -> None:
        if changed.keys is None:
            self._all = True
        else:
            self._pending |= changed.keys
        self._wake.set()

    def _known(self) -> dict[Key, FluxObject]:
        return {key: one for follower in self._followers for key, one in follower.objects.items()}

    def _batch(self) -> Batch:
        pending, everything = self._pending, self._all
        self._pending, self._all = set(), False
        self._wake.clear()
        now, known = self._clock(), self._known()
        blind = {one.kind.kind for one in self._followers if one.stand in (Stand.BLIND, Stand.FORBIDDEN)}
        unseen = any(one.kind.required and one.stand is Stand.BLIND for one in self._followers)
        units: dict[UnitId, Unit] = {}
        for key, found in known.items():
            if key[0] not in ENGINES:
                continue
            if everything or key in pending or not pending.isdisjoint(_leans_on(found, key[0], known)):
                row = self._rows.row(found, key[0], known, blind=blind, at=now)
                units[row.id] = row
        if everything:
            if unseen:
                # What was known stays: a list that failed says nothing about what is gone.
                units = {**{key: unit for key, unit in self._units.items() if key not in units}, **units}
            removed: tuple[UnitId, ...] = ()
            self._units = dict(units)
        else:
            listed = {self._rows.id(found, key[0]) for key, found in known.items() if key[0] in ENGINES}
            removed = () if unseen else tuple(key for key in self._units if key not in listed)
            for gone in removed:
                del self._units[gone]
            self._units |= units
        return Batch(
            self.name,
            now,
            units=tuple(units.values()),
            removed=removed,
            complete=everything,
            health=self._health(),
        )

    # Health.

    def _api(self) -> KubeClient:
        """Raises `Unreachable` where the context cannot be used, each time anew: it may be mended meanwhile."""
        if self._made is None:
            try:
                self._made = self._make()
            except SourceError:
                raise
            except DriftError as error:
                wrong = Unreachable(error.title, error.detail, error.hint)
                wrong.retryable = False
                raise wrong from error
        return self._made

    def _health(self) -> SourceHealth:
        found = healths.health(
            self.name,
            self._context,
            self._made,
            self._followers,
            units=len(self._units),
            blind_since=self._blind_since,
            permissions=self._permissions,
            checked_at=self._checked_at,
        )
        if found.standing is Standing.BLIND:
            self._blind_since = self._blind_since or self._clock()
            return found._replace(blind_since=self._blind_since)
        self._blind_since = None
        return found

    async def _rights(self) -> tuple[Permission, ...]:
        """Each right by name. Where Flux is not there, none is asked for."""
        api = self._api()
        own = (kinds.KUSTOMIZATION, kinds.HELM_RELEASE, kinds.RESOURCE_SET)
        served = await asyncio.gather(*(_is_served(api, kind) for kind in own))
        if not self._watching:
            for one in self._followers:
                there = any(served)
                one.stand, one.error = (Stand.WATCHED if there else Stand.ABSENT), None
        if not any(served):
            return ()
        listed = [kind for kind in kinds.ALL if kind.group != kinds.OPERATOR or served[-1]]
        wanted = [(kind, verb) for kind in listed for verb in ("list", "watch")]
        answers = await asyncio.gather(*(_may(api, kind.group, kind.plural, verb) for kind, verb in wanted))
        found = [
            Permission(
                f"{verb} {kind.resource}",
                allowed,
                "the list of units" if kind.kind in ENGINES else "freshness of their sources",
            )
            for (kind, verb), allowed in zip(wanted, answers, strict=True)
        ]
        proxy, secrets, patch = await asyncio.gather(
            _may(api, "", "services", "get", subresource="proxy", namespace="flux-system", name=PROXIED),
            _may(api, "", "secrets", "get"),
            _may(api, "apps", "deployments", "patch"),
        )
        found += [
            Permission("get services/proxy in flux-system", proxy, "what Git declares, from source-controller"),
            Permission("get secrets", secrets, "what a HelmRelease declares, and variables from Secrets (optional)"),
            Permission("patch deployments.apps", patch, "dry-run applies, which change nothing (optional)"),
        ]
        return tuple(found)


def _leans_on(found: FluxObject, kind: str, known: dict[Key, FluxObject]) -> set[Key]:
    """The sources whose news are news about this unit."""
    keys: set[Key] = set()
    for leaning in leans_on(found, kind, known):
        reference: Reference | None = leaning
        while reference is not None and (key := (reference.kind, reference.namespace, reference.name)) not in keys:
            keys.add(key)
            reference = upstream(known.get(key), reference.kind)
    return keys


async def _is_served(api: KubeClient, kind: Kind) -> bool:
    try:
        await api.get(f"/apis/{kind.group}")
    except Missing:
        return False
    return True


async def _may(
    api: KubeClient, group: str, resource: str, verb: str, *, subresource: str = "", namespace: str = "", name: str = ""
) -> bool | None:
    """SelfSubjectAccessReview; None where it could not be asked."""
    asked = {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": subresource,
        "namespace": namespace,
        "name": name,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {name: value for name, value in asked.items() if value}},
    }
    try:
        answer = decode(await api.review(REVIEW, body), dict, REVIEW)
        status = answer.get("status")
        return bool(status.get("allowed")) if isinstance(status, dict) else None
    except (Missing, BadAnswer):
        return None
