"""Opens one unit: what it declares, what it applied, what it hangs on. Each part fails on its own and says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ...clients.kube import KubeClient
from ...core.errors import BadAnswer, Forbidden, SourceError, inert
from ...core.identity import Engine, ResourceRef
from ...core.inspection import IgnoreRule, Inspection, Revision
from ...core.planes import Observation, Plane, ThreePlanes
from ...core.ports import Clock
from ...core.redact import redact_document
from ...core.unit import Unit
from . import artifact, helm, ignores, manifests, operated, render, resource_set, variables, wire
from .follow import Key
from .inventory import entries
from .kinds import BY_KIND, HELM_RELEASE, INPUT_PROVIDER, KUSTOMIZATION, RESOURCE_SET
from .places import Places
from .predict import Predicted, Predictor
from .render import Declared
from .tree import tree
from .units import UNITS, source_of, trouble_of
from .variables import Variables
from .wire import FluxObject, moment

DRY_RUN = "server-side dry-run apply"


class _Wanted(NamedTuple):
    """What a unit declares. `objects` is None where nobody could tell."""

    objects: Sequence[Declared] | None
    method: str
    revision: str
    manager: str
    applied: bool = False
    """It is what was applied last, so that it is the recorded plane too."""
    gaps: tuple[str, ...] = ()
    variables: Variables = Variables({})
    partial: bool = False
    """There may be more: what was applied and is not among `objects` is unknown, not gone."""


class Inspector:
    def __init__(
        self,
        api: Callable[[], KubeClient],
        source: str,
        cluster: str,
        clock: Clock,
        *,
        key: bytes,
        clean: Callable[[str], str],
        known: Callable[[], Mapping[Key, FluxObject]],
    ) -> None:
        self._api, self._source, self._cluster, self._clock = api, source, cluster, clock
        self._key, self._clean, self._known = key, clean, known
        self._places = Places(api)
        self._predict = Predictor(api, self._places)
        self._artifacts = artifact.Artifacts()

    async def __call__(self, unit: Unit) -> Inspection:
        """Raises `SourceError` only where the object itself cannot be read."""
        begun = self._clock()
        kind = UNITS[Engine(unit.id.engine)]
        path = kind.object_path(unit.id.namespace, unit.id.name)
        body = await self._api().get_object(path, permission=f"get {kind.resource} in {unit.id.namespace}")
        document = wire.decode(body, dict, path)
        found = wire.decode(body, FluxObject, path)
        applied = dict(entries(document.get("status") or {}, unit.cluster))
        remote = bool(found.spec.kube_config)
        if kind is KUSTOMIZATION:
            wanted = await self._kustomization(document, found)
        elif kind is HELM_RELEASE:
            wanted = await self._release(found, applied)
        elif kind is RESOURCE_SET:
            wanted = await self._resource_set(document, found)
        else:
            gap = "What it declares is in the distribution of Flux that it installs, which is not read here."
            wanted = _Wanted(None, "", "", "flux-operator", gaps=(gap,))
        gaps = [*wanted.gaps]
        if remote:
            gaps.append(f"It applies to another cluster, through {unit.cluster}: nothing here reads that one.")
        planes, objects, more = await self._planes(unit, wanted, applied, begun, remote=remote)
        gaps += more
        spec = document.get("spec") or {}
        chosen = spec.get("ignore") if kind is KUSTOMIZATION else (spec.get("driftDetection") or {}).get("ignore")
        rules, unfollowed = ignores.rules(_dicts(chosen), unit.id.name, (one.ref for one in planes))
        gaps += unfollowed
        gaps += self._engine_says(found, kind.kind)
        return Inspection(
            unit=unit.id,
            observed_at=begun,
            resources=planes,
            ignore_rules=(*rules, *_exclusions(objects)),
            tree=tree(found, kind.kind, unit.cluster, self._known(), [one.ref for one in planes], self._clean),
            revisions=_revisions(found, kind.kind),
            gaps=tuple(gaps),
        )

    # What is declared.

    async def _kustomization(self, document: Mapping[str, Any], found: FluxObject) -> _Wanted:
        spec, namespace = document.get("spec") or {}, found.metadata.namespace
        manager = "kustomize-controller"
        reference = source_of(found, KUSTOMIZATION.kind)
        kind = BY_KIND.get(reference.kind) if reference else None
        if reference is None or kind is None:
            return _Wanted(None, "", "", manager, gaps=("What it declares is unknown: it names no source known here.",))
        try:
            path = kind.object_path(reference.namespace, reference.name)
            permission = f"get {kind.resource} in {reference.namespace}"
            source = json.loads(await self._api().get_object(path, permission=permission))
            named = f"{reference.kind}/{reference.name}"
            fetched = await self._artifacts.fetch(self._api(), named, source)
            known = await variables.read(self._api(), spec, namespace)
            built = await render.render(fetched.files, document, known)
        except (SourceError, ValueError) as error:
            said = error.one_line() if isinstance(error, SourceError) else "its source cannot be read"
            return _Wanted(None, "", "", manager, gaps=(f"What Git declares is unknown: {self._clean(said)}",))
        gaps = [
            f"{ResourceRef.of(each.document).short}: what is declared is unknown, {each.unknown}"
            for each in built.objects
            if each.unknown
        ]
        newest = max(found.status.history or (), key=lambda past: past.last_reconciled or "", default=None)
        applied = fetched.revision == found.status.last_applied_revision
        method = f"{built.method} of the artifact"
        if applied and built.digest and newest is not None and newest.digest == built.digest:
            method += ", the very build that Flux applied"
        return _Wanted(built.objects, method, fetched.revision, manager, applied, tuple(gaps), known)

    async def _release(self, found: FluxObject, applied: Mapping[ResourceRef, str]) -> _Wanted:
        manager = "helm-controller"
        newest = next((past for past in found.status.history or () if past.status == "deployed"), None)
        if newest is None:
            return _Wanted(None, "", "", manager, gaps=("What it declares is unknown: nothing of it is deployed.",))
        home = found.status.storage_namespace or found.metadata.namespace
        try:
            release = await helm.read(self._api(), home, newest.name, newest.version)
        except Forbidden as error:
            said = f"What the chart declares is unknown: {error.one_line()} Helm keeps it in a Secret."
            return _Wanted(None, "", "", manager, gaps=(said,))
        except SourceError as error:
            gap = f"What the chart declares is unknown: {self._clean(error.one_line())}"
            return _Wanted(None, "", "", manager, gaps=(gap,))
        objects = [
            Declared(helm.adopted(await self._placed(each, release, applied), release)) for each in release.objects
        ]
        gaps = []
        if release.hooks:
            gaps.append(f"{release.hooks} hooks of the chart are not compared: Helm runs them and forgets them.")
        mode = (found.spec.drift_detection.mode if found.spec.drift_detection else "") or "disabled"
        if mode != "enabled":
            does = "reports differences and leaves them" if mode == "warn" else "does not look at live objects"
            gaps.append(f"driftDetection is {mode}: Flux {does} until the next upgrade.")
        method = f"Helm release manifest v{release.version}"
        return _Wanted(objects, method, release.chart, manager, applied=True, gaps=tuple(gaps))

    async def _resource_set(self, document: Mapping[str, Any], found: FluxObject) -> _Wanted:
        manager = "flux-operator"
        exported: list[Mapping[str, Any]] = []
        unread = ""
        for one in operated.providers(found, self._known()):
            path = INPUT_PROVIDER.object_path(one.namespace, one.name)
            try:
                permission = f"get {INPUT_PROVIDER.resource} in {one.namespace}"
                provider = wire.decode(await self._api().get_object(path, permission=permission), dict, path)
                exported += resource_set.named((provider.get("status") or {}).get("exportedInputs"), provider)
            except SourceError as error:
                unread = f"the inputs of {one.name} cannot be read: {self._clean(error.one_line())}"
        made = resource_set.render(document, exported, unread)
        gaps = [
            f"{ResourceRef.of(each.document).short}: what is declared is unknown, {each.unknown}"
            for each in made.objects
            if each.unknown
        ]
        if made.partial:
            gaps.append(f"There may be more objects than are compared: {made.partial}.")
        ready = found.condition("Ready")
        current = ready is not None and ready.status == "True" and not found.spec.inputs_from
        applied = current and ready is not None and ready.observed_generation == found.metadata.generation
        return _Wanted(
            made.objects,
            "templates of the ResourceSet",
            found.status.last_applied_revision,
            manager,
            applied,
            tuple(gaps),
            partial=bool(made.partial),
        )

    async def _placed(
        self, document: dict[str, Any], release: helm.Release, applied: Mapping[ResourceRef, str]
    ) -> dict[str, Any]:
        """With the namespace that the template left to the release."""
        ref = ResourceRef.of(document, self._cluster)
        if ref.namespace:
            return document
        same = [one for one in applied if (one.group, one.kind, one.name) == (ref.group, ref.kind, ref.name)]
        namespaced = (
            bool(same[0].namespace) if same else await self._places.namespaced(str(document["apiVersion"]), ref.kind)
        )
        if namespaced is False:
            return document
        return {**document, "metadata": {**document["metadata"], "namespace": release.namespace}}

    # Planes.

    async def _planes(
        self, unit: Unit, wanted: _Wanted, applied: Mapping[ResourceRef, str], at: datetime, *, remote: bool
    ) -> tuple[tuple[ThreePlanes, ...], dict[ResourceRef, tuple[Mapping[str, Any], ...]], list[str]]:
        if wanted.objects is None:
            return tuple(ThreePlanes(ref) for ref in applied), {}, []
        finished = [manifests.normal(each.document) for each in wanted.objects if not each.unknown]
        if remote:
            answer = Predicted(tuple(finished), (False,) * len(finished), ({},) * len(finished), ())
        else:
            answer = await self._predict(finished, wanted.manager)
        gaps = list(answer.gaps)
        found: dict[ResourceRef, ThreePlanes] = {ref: ThreePlanes(ref) for ref in applied}
        objects: dict[ResourceRef, tuple[Mapping[str, Any], ...]] = {}
        for declared, shown, was_asked, marks in zip(
            finished, answer.documents, answer.asked, answer.marks, strict=True
        ):
            ref = ResourceRef.of(declared, unit.cluster)
            objects[ref] = (declared, {"metadata": marks})
            method = f"{wanted.method}, {DRY_RUN}" if was_asked else wanted.method
            try:
                planes = ThreePlanes(ref).seen(self._seen(ref, Plane.DESIRED, shown, method, wanted, at))
                if wanted.applied:
                    planes = planes.seen(self._seen(ref, Plane.RECORDED, declared, wanted.method, wanted, at))
            except BadAnswer as error:
                planes = ThreePlanes(ref)
                gaps.append(f"{ref.short}: {error.one_line()}")
            found[ref] = planes
        unknown = {ResourceRef.of(each.document, unit.cluster) for each in wanted.objects if each.unknown}
        for ref in unknown:
            found.setdefault(ref, ThreePlanes(ref))
        for ref in () if wanted.partial else found.keys() - objects.keys() - unknown:
            gone = Observation(ref, Plane.DESIRED, None, self._source, wanted.method, at, wanted.revision)
            found[ref] = found[ref].seen(gone)
        return tuple(found.values()), objects, gaps

    def _seen(
        self, ref: ResourceRef, plane: Plane, document: dict[str, Any], method: str, wanted: _Wanted, at: datetime
    ) -> Observation:
        covered = variables.masked(document, wanted.variables, self._key)
        return Observation(ref, plane, redact_document(covered, self._key), self._source, method, at, wanted.revision)

    def _engine_says(self, found: FluxObject, kind: str) -> Iterable[str]:
        known = self._known()
        if known and (trouble := trouble_of(found, kind, known, blind=())) is not None:
            yield f"Stale: {inert(self._clean(trouble[1]), 400)}"
        ready = found.condition("Ready")
        if ready is not None and ready.status == "False":
            yield f"Flux reports {ready.reason}: {inert(self._clean(ready.message), 400)}"


def _exclusions(objects: Mapping[ResourceRef, Sequence[Mapping[str, Any]]]) -> Iterable[IgnoreRule]:
    """One for each object that is marked, where it is declared or where it runs."""
    for ref, documents in objects.items():
        found = (rule for document in documents if (rule := ignores.excluded(ref, document)) is not None)
        if (rule := next(found, None)) is not None:
            yield rule


def _revisions(found: FluxObject, kind: str) -> tuple[Revision, ...]:
    """Newest first."""
    history = found.status.history or ()
    if kind == HELM_RELEASE.kind:
        told = [Revision(f"{past.chart_name}-{past.chart_version}", moment(past.last_deployed)) for past in history]
    else:
        told = [Revision((past.metadata or {}).get("revision", ""), moment(past.last_reconciled)) for past in history]
    newest = sorted(told, key=lambda one: one.deployed_at.timestamp() if one.deployed_at else 0.0, reverse=True)
    return tuple(one._replace(revision=inert(one.revision, 200)) for one in newest)


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
