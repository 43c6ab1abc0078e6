"""Fresh reads around one unit: itself, what owns it, and what this identity may do about either.

Through the cluster that the control plane runs in where a context leads there, because only there a write has a real
precondition; else through Argo CD's REST interface alone. That a context leads to the right cluster is proved by the
unit itself: both doors must show one and the same uid.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from drifttui.core.errors import DriftError, InputError, Missing, SourceError, Unreachable, inert
from drifttui.core.identity import Engine, UnitId
from drifttui.core.pause import Door
from drifttui.core.pause_note import NOTE
from drifttui.core.planes import Document
from drifttui.core.pointers import get
from drifttui.core.redact import redact_text
from drifttui.core.surroundings import (
    ARGOPROJ,
    HELM,
    KUSTOMIZE,
    MAX_OWNERS,
    OPERATOR,
    Held,
    Key,
    Surroundings,
    Tracking,
    Unread,
    owners_of,
)
from drifttui.core.unit import Unit

from .reach_argocd import ArgoCDDoor
from .reach_kubernetes import KubernetesDoor
from .session import Settings, utc_now

AnyDoor = KubernetesDoor | ArgoCDDoor

MAX_OBJECTS = 40
"""Owners that are read for one plan."""

_KINDS = {
    Engine.ARGOCD: (ARGOPROJ, "Application"),
    Engine.FLUX_KUSTOMIZATION: (KUSTOMIZE, "Kustomization"),
    Engine.FLUX_HELMRELEASE: (HELM, "HelmRelease"),
    Engine.FLUX_RESOURCESET: (OPERATOR, "ResourceSet"),
    Engine.FLUX_INSTANCE: (OPERATOR, "FluxInstance"),
}


class Reach:
    """The way to one source's control plane. Opens no connection before the first read; whoever made it closes it.

    `source` is the name in the unit's id: `argocd:eu-west-1`, `flux:prod`.
    """

    def __init__(self, settings: Settings, source: str, clock: Callable[[], datetime] = utc_now) -> None:
        self.source = source
        self._settings, self._clock = settings, clock
        self._kubernetes: KubernetesDoor | None = None
        self._argocd: ArgoCDDoor | None = None
        self._opened = False
        self._opening = asyncio.Lock()

    async def around(self, unit: Unit) -> Surroundings:
        """Everything that a plan is made from. Raises `SourceError` where the unit itself cannot be read, `InputError`
        where no setting leads to its source."""
        await self._open()
        key = key_of(unit.id)
        door, document, notes = await self._unit(key, unit)
        held = await self._held(door, key, document)
        if unit.id.engine != Engine.ARGOCD:
            return await self._flux(door, held, notes)
        home = str(get(document, ("status", "controllerNamespace")) or unit.id.namespace)
        tracking, problem = await self._tracking(door, home)
        if problem:
            notes.append(problem)
        owners = await self._owners(door, held, tracking)
        project, project_problem = await self._project(door, document, tracking.home)
        known, proof = await self._enabled(door)
        (may_stop, stop_needs), parameters = await asyncio.gather(
            door.may_stop(held.target), door.parameters(tracking.home)
        )
        resync = await door.resync(tracking.home) if owners else None
        return Surroundings(
            unit=held,
            owners=owners,
            tracking=tracking,
            enabled_known=known,
            enabled_proof=proof,
            may_stop=may_stop,
            stop_needs=stop_needs,
            project=project,
            project_problem=project_problem,
            parameters=parameters,
            resync=resync,
            unknown=tuple(notes),
        )

    async def more(self, around: Surroundings, keys: Sequence[Key]) -> Surroundings:
        """The same with further objects, which need not own the unit any more. Raises nothing."""
        door = self._argocd if around.unit.target.door is Door.ARGOCD else self._kubernetes
        assert door is not None
        wanted = [key for key in dict.fromkeys(keys) if key not in around.owners and key != around.unit.key]
        answers = await asyncio.gather(*(self._owner(door, key) for key in wanted[:MAX_OBJECTS]))
        return replace(around, owners={**around.owners, **dict(zip(wanted, answers, strict=False))})

    async def annotated(self) -> tuple[tuple[UnitId, Document], ...]:
        """Every unit of this source that carries an annotation of ours. Raises `SourceError`, `InputError`."""
        await self._open()
        door: AnyDoor | None = self._kubernetes
        listed: list[tuple[str, Document]] = []
        if self.source.startswith("argocd:"):
            # Argo CD's own list first: its cluster may be another one than the context leads to.
            door = self._argocd or self._kubernetes
            assert door is not None
            listed += [(Engine.ARGOCD, each) for each in await door.applications()]
        elif self._kubernetes is not None:
            operated = await self._kubernetes.serves(OPERATOR)
            for flux in [engine for engine, (group, _) in _KINDS.items() if group != ARGOPROJ]:
                if _KINDS[flux][0] == OPERATOR and not operated:
                    continue
                try:
                    listed += [(flux, each) for each in await self._kubernetes.metadata_of(*_KINDS[flux])]
                except Missing:
                    continue
        found: list[tuple[UnitId, Document]] = []
        for engine, each in listed:
            metadata = each.get("metadata")
            if door is None or not isinstance(metadata, dict) or NOTE not in (metadata.get("annotations") or {}):
                continue
            unit = UnitId(engine, self.source, str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))
            try:
                found.append((unit, await door.read(key_of(unit))))
            except Missing:
                continue
        return tuple(found)

    def redacted(self, text: str, limit: int) -> str:
        """An operator's words as they may be kept: no secrets, no control characters."""
        return inert(redact_text(text, self._settings.redaction_key), limit)

    async def close(self) -> None:
        for door in (self._kubernetes, self._argocd):
            if door is not None:
                await door.close()

    # The doors

    async def _open(self) -> None:
        """Reads files, hence in a thread. Calls that come at once wait for the same doors."""
        async with self._opening:
            if not self._opened:
                self._kubernetes, self._argocd = await asyncio.to_thread(self._doors)
                self._opened = True

    def _doors(self) -> tuple[KubernetesDoor | None, ArgoCDDoor | None]:
        system, _, name = self.source.partition(":")
        if system != "argocd":
            return self._cluster(self._context_called(name)), None
        for context in self._settings.argocd_crd_contexts:
            if context.replace("/", "_") == name:
                return self._cluster(context), None
        argocd = self._server()
        if argocd is None:
            raise InputError(f"Nothing is configured for {self.source}", "", "`drifttui config` shows what is.")
        context = self._home_context()
        return (self._cluster(context) if context else None), argocd

    def _server(self) -> ArgoCDDoor | None:
        from drifttui.clients.argocd_http import argocd_http, source_name

        for entry in self._settings.argocd:
            if source_name(entry) == self.source:
                http = argocd_http(
                    entry, self._clock, clean=self._clean, access=self._settings.access, environment=os.environ
                )
                return ArgoCDDoor(http)
        return None

    def _cluster(self, context: str) -> KubernetesDoor:
        return KubernetesDoor(self._settings.kube_api(context), self._clock)

    def _home_context(self) -> str:
        """The context of the cluster that Argo CD runs in: the one that was named, else the only one there is."""
        chosen = self._settings.kubernetes
        if chosen.argocd_context or not chosen.enabled:
            return chosen.argocd_context if chosen.enabled else ""
        names = self._contexts()
        return names[0] if len(names) == 1 else ""

    def _context_called(self, name: str) -> str:
        """Also one that is named for Flux alone, and the cluster that this process runs in."""
        from drifttui.clients.kubeconfig import IN_CLUSTER

        for context in (*self._settings.flux.contexts, *self._contexts(), IN_CLUSTER):
            if context.replace("/", "_") == name:
                return context
        raise InputError(f"No context leads to {self.source}", "", "`kubectl config get-contexts` lists them.")

    def _contexts(self) -> list[str]:
        import fnmatch

        from drifttui.clients.kubeconfig import kubeconfig_files, load

        chosen = self._settings.kubernetes
        found = load(kubeconfig_files(chosen.kubeconfig, os.environ)).contexts
        return [one.name for one in found if any(fnmatch.fnmatchcase(one.name, each) for each in chosen.contexts)]

    def _clean(self, text: str) -> str:
        return inert(redact_text(text, self._settings.redaction_key))

    # The reads

    async def _unit(self, key: Key, unit: Unit) -> tuple[AnyDoor, Document, list[str]]:
        """The unit through the better door. Where both are there, they must show the same object."""
        if self._argocd is None:
            assert self._kubernetes is not None
            return self._kubernetes, await self._kubernetes.read(key), []
        told = await self._argocd.read(key, unit.project)
        if self._kubernetes is None:
            return self._argocd, told, []
        try:
            seen = await self._kubernetes.read(key)
        except DriftError as error:
            return self._argocd, told, [] if isinstance(error, Missing) else [f"through Kubernetes: {error.one_line()}"]
        if get(seen, ("metadata", "uid")) != get(told, ("metadata", "uid")):
            where = self._kubernetes.server
            return self._argocd, told, [f"context {where} shows another {key.short} than Argo CD: it is not used"]
        refused = await self._kubernetes.may(self._kubernetes.target(key, seen)) is False
        if refused and await self._argocd.may(self._argocd.target(key, told)):
            return self._argocd, told, []
        return self._kubernetes, seen, []

    async def _held(self, door: AnyDoor, key: Key, document: Document) -> Held:
        target = door.target(key, document)
        return Held(target, document, await door.may(target), door.needs(target))

    async def _tracking(self, door: AnyDoor, home: str) -> tuple[Tracking, str]:
        try:
            return await door.tracking(home or Tracking().home), ""
        except Missing:
            return Tracking(home=home or Tracking().home), ""
        except SourceError as error:
            found = Tracking(home=home or Tracking().home)
            return found, f"how Argo CD tracks its objects could not be read: {error.title}"

    async def _owners(self, door: AnyDoor, unit: Held, tracking: Tracking) -> dict[Key, Held | Unread]:
        """Breadth first, each once, a level at a time."""
        found: dict[Key, Held | Unread] = {}
        level = [key for key in owners_of(unit.document, tracking) if key != unit.key]
        for _ in range(MAX_OWNERS):
            wanted = [key for key in dict.fromkeys(level) if key not in found and key != unit.key]
            if not wanted or len(found) + len(wanted) > MAX_OBJECTS:
                break
            answers = await asyncio.gather(*(self._owner(door, key) for key in wanted))
            found.update(zip(wanted, answers, strict=True))
            level = [
                above
                for answer in answers
                if isinstance(answer, Held)
                for above in owners_of(answer.document, tracking)
            ]
        return found

    async def _owner(self, door: AnyDoor, key: Key) -> Held | Unread:
        try:
            document = await door.read(key)
        except Missing as error:
            gone = isinstance(door, KubernetesDoor)
            return Unread(key, error.title, gone=gone)
        except SourceError as error:
            return Unread(key, error.one_line())
        return await self._held(door, key, document)

    async def _project(self, door: AnyDoor, document: Document, home: str) -> tuple[Document | None, str]:
        name = str(get(document, ("spec", "project")) or "default")
        try:
            return await door.project(name, home), ""
        except SourceError as error:
            return None, f"project {name} could not be read ({error.title})"

    async def _enabled(self, door: AnyDoor) -> tuple[bool | None, str]:
        """Both must agree where both are asked: a new server over an old definition still loses the field."""
        known, proof = await door.enabled_known()
        if isinstance(door, ArgoCDDoor) or self._argocd is None or known is False:
            return known, proof
        version_knows, version = await self._argocd.enabled_known()
        if version_knows is None:
            return known, proof
        return version_knows, version

    async def _flux(self, door: AnyDoor, held: Held, notes: list[str]) -> Surroundings:
        if not isinstance(door, KubernetesDoor):
            raise Unreachable("Flux is read through Kubernetes", self.source, "Give a kubeconfig context.")
        owners = await self._owners(door, held, Tracking())
        try:
            others: list[Any] = await door.all_of(held.target.group, held.target.kind)
        except SourceError as error:
            others = []
            notes.append(f"what depends on it could not be listed: {error.title}")
        return Surroundings(unit=held, owners=owners, dependents=tuple(others), unknown=tuple(notes))


def key_of(unit: UnitId) -> Key:
    """Raises `InputError` for an engine whose units are not paused."""
    try:
        group, kind = _KINDS[Engine(unit.engine)]
    except (KeyError, ValueError):
        raise InputError(
            f"{unit.engine} is not paused", str(unit), "Argo CD and Flux units can be; a stack runs when started."
        ) from None
    return Key(group, kind, unit.namespace, unit.name)
