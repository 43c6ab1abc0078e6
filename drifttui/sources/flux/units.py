"""A Kustomization, a HelmRelease, or what flux-operator reconciles, as one row of the worklist.

Flux applies on its interval and looks at nothing in between, so that its own word about live changes is as old as its
last reconciliation: a unit that it applied is `Applied`, which is not `Synced`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from ...core.errors import inert
from ...core.identity import Engine, UnitId
from ...core.unit import APPLIED, Auto, Condition, Operation, Unit, environment_of
from . import operated, wire
from .kinds import FLUX_INSTANCE, HELM_RELEASE, KUSTOMIZATION, OPERATED, RESOURCE_SET
from .wire import FluxObject, Reference, moment, span

MESSAGE_LIMIT = 2000

Sources = Mapping[tuple[str, str, str], FluxObject]
"""Source objects by kind, namespace and name."""

UNITS: Final = {
    Engine.FLUX_KUSTOMIZATION: KUSTOMIZATION,
    Engine.FLUX_HELMRELEASE: HELM_RELEASE,
    Engine.FLUX_RESOURCESET: RESOURCE_SET,
    Engine.FLUX_INSTANCE: FLUX_INSTANCE,
}
ENGINES: Final = {kind.kind: engine for engine, kind in UNITS.items()}

_UNHEALTHY: Final = frozenset({"HealthCheckFailed", "TestFailed"})
"""Reasons of Ready=False after which everything was applied all the same."""

_OWNERS: Final = (
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("resourceset.fluxcd.controlplane.io", "ResourceSet"),
    ("fluxcd.controlplane.io", "FluxInstance"),
)


class Rows:
    """Makes rows for one cluster. `clean` takes secrets out of messages: a URL may hold a password."""

    def __init__(self, source: str, cluster: str, clean: Callable[[str], str]) -> None:
        self.source, self._cluster = source, cluster
        self._clean = clean

    def id(self, found: FluxObject, kind: str) -> UnitId:
        return UnitId(ENGINES[kind], self.source, found.metadata.namespace, found.metadata.name)

    def row(self, found: FluxObject, kind: str, sources: Sources, *, blind: Collection[str], at: datetime) -> Unit:
        """`blind` names the kinds that could not be read, so that nothing vouches for a source of them."""
        meta, spec, status = found.metadata, found.spec, found.status
        helm = kind == HELM_RELEASE.kind
        reference = source_of(found, kind)
        source = sources.get((reference.kind, reference.namespace, reference.name)) if reference else None
        trouble = trouble_of(found, kind, sources, blind=blind)
        suspended = operated.is_suspended(found, kind)
        mode = (spec.drift_detection.mode if spec.drift_detection else "") or "disabled"
        auto = Auto.PAUSED if suspended else Auto.ON if helm and mode != "enabled" else Auto.HEALS
        conditions = [self._condition(one) for one in status.conditions or () if _worth_telling(one)]
        if trouble:
            conditions.insert(0, Condition(trouble[0], self._told(trouble[1]), trouble[2], error=True))
        last = last_reconciled(found, kind)
        return Unit(
            id=self.id(found, kind),
            sync=_sync(found, source, helm=helm, stale=bool(trouble)),
            health=_health(found),
            auto=auto,
            cluster=self.cluster(found),
            namespace=spec.target_namespace or (meta.namespace if helm else ""),
            environment=environment_of(meta.labels or {}, self._cluster, spec.target_namespace, meta.namespace),
            revision=applied_revision(found, kind),
            reconciled_at=last,
            observed_at=at,
            version=meta.resource_version,
            conditions=tuple(conditions),
            operation=_operation(found, self._told),
            owner=owner_of(meta.labels or {}, f"{kind}/{meta.name}"),
            repo=self._told(origin(reference, source, sources) or operated.distribution_of(found)),
            path=inert(spec.path or chart_of(found), 300),
            prune=spec.prune or kind in OPERATED,
            reverts=_reverts(found, kind, last) if auto is Auto.HEALS else None,
        )

    def cluster(self, found: FluxObject) -> str:
        """Another cluster where a kubeconfig of its own says so: nobody here knows which."""
        if not found.spec.kube_config:
            return self._cluster
        secret = found.spec.kube_config.get("secretRef") or found.spec.kube_config.get("configMapRef")
        name = secret.get("name") if isinstance(secret, dict) else ""
        return inert(f"kubeConfig {name} of {self._cluster}", 120)

    def _condition(self, one: wire.Condition) -> Condition:
        said = f"{one.reason}: {one.message}" if one.reason else one.message
        error = (
            one.type == "Ready" and one.status == "False" and one.reason not in _UNHEALTHY
        ) or one.type == "Stalled"
        return Condition(inert(one.type, 80), self._told(said), moment(one.last_transition_time), error)

    def _told(self, text: str) -> str:
        return inert(self._clean(text), MESSAGE_LIMIT)


def source_of(found: FluxObject, kind: str) -> Reference | None:
    """What it takes its manifests or its chart from, with the namespace filled in."""
    spec, home = found.spec, found.metadata.namespace
    if kind == HELM_RELEASE.kind:
        if spec.chart_ref is not None:
            chosen: Reference | None = spec.chart_ref
        elif found.status.helm_chart:
            namespace, _, name = found.status.helm_chart.partition("/")
            return Reference("HelmChart", name, namespace)
        else:
            chosen = spec.chart.spec.source_ref if isinstance(spec.chart, wire.Chart) else None
    else:
        chosen = spec.source_ref
    if chosen is None or not chosen.name:
        return None
    return Reference(chosen.kind, chosen.name, chosen.namespace or home)


def leans_on(found: FluxObject, kind: str, known: Sources) -> Iterator[Reference]:
    """Everything that its own word depends on: its source, or the providers of its inputs."""
    if (reference := source_of(found, kind)) is not None:
        yield reference
    yield from operated.providers(found, known)


def trouble_of(
    found: FluxObject, kind: str, sources: Sources, *, blind: Collection[str]
) -> tuple[str, str, datetime | None] | None:
    """The first reason why what it compares with is old: condition, line, since when."""
    for one in leans_on(found, kind, sources):
        source = sources.get((one.kind, one.namespace, one.name))
        if (trouble := source_trouble(one, source, sources, blind=blind)) is not None:
            return trouble
    return None


def upstream(source: FluxObject | None, kind: str) -> Reference | None:
    """What a HelmChart is made from; None for every other kind."""
    if source is None or kind != "HelmChart" or source.spec.source_ref is None:
        return None
    chosen = source.spec.source_ref
    return Reference(chosen.kind, chosen.name, chosen.namespace or source.metadata.namespace)


def source_trouble(
    reference: Reference | None, source: FluxObject | None, sources: Sources, *, blind: Collection[str]
) -> tuple[str, str, datetime | None] | None:
    """Why what Flux compares with is not what the source of truth says now: condition, line, since when."""
    if reference is None:
        return None
    named = f"{reference.kind}/{reference.name}"
    if source is None:
        if reference.kind in blind:
            return "SourceUnread", f"{named} could not be read: whether it is fresh is unknown", None
        return "SourceMissing", f"{named} in {reference.namespace} is not there", None
    ready = source.condition("Ready")
    if operated.is_suspended(source, reference.kind):
        return "SourceSuspended", f"{named} is suspended: newer revisions are not fetched", None
    if ready is not None and ready.status == "False":
        since = moment(ready.last_transition_time)
        return "SourceStale", f"{named} cannot be fetched ({ready.reason}): {ready.message}", since
    if reference.kind in OPERATED:
        return None
    if source.status.artifact is None and source.spec.url[:6] != "oci://":
        return "SourceEmpty", f"{named} has no artifact yet", None
    above = upstream(source, reference.kind)
    if above is not None:
        return source_trouble(above, sources.get((above.kind, above.namespace, above.name)), sources, blind=blind)
    return None


def origin(reference: Reference | None, source: FluxObject | None, sources: Sources) -> str:
    """URL of the repository or the bucket's place, however many steps away; the source's name where it has none."""
    above = upstream(source, reference.kind) if reference else None
    if above is not None:
        return origin(above, sources.get((above.kind, above.namespace, above.name)), sources)
    if source is not None and source.spec.url:
        return source.spec.url
    if source is not None and source.spec.bucket_name:
        return f"bucket {source.spec.bucket_name} at {source.spec.endpoint}"
    return f"{reference.kind}/{reference.name}" if reference else ""


def chart_of(found: FluxObject) -> str:
    chart = found.spec.chart
    return chart.spec.chart if isinstance(chart, wire.Chart) else ""


def applied_revision(found: FluxObject, kind: str) -> str:
    """Of the manifests that run; of a HelmRelease its chart's version."""
    if kind != HELM_RELEASE.kind:
        return inert(found.status.last_applied_revision, 200)
    return inert(found.status.last_attempted_revision, 200)


def last_reconciled(found: FluxObject, kind: str) -> datetime | None:
    """The newest sign that Flux compared: history (Kustomization), else the last write to the status, else the
    condition, which moves only when something changed."""
    if kind != HELM_RELEASE.kind:
        moments = [at for past in found.status.history or () if (at := moment(past.last_reconciled))]
        if moments:
            return max(moments)
    written = [
        at
        for entry in found.metadata.managed_fields or ()
        if entry.subresource == "status" and (at := moment(entry.time))
    ]
    if written:
        return max(written)
    ready = found.condition("Ready")
    return moment(ready.last_transition_time) if ready else None


def owner_of(labels: Mapping[str, str], own: str) -> str:
    """What declares this object and so would put it back: `Kustomization/root`. A unit may declare itself."""
    for group, kind in _OWNERS:
        if name := labels.get(f"{group}/name"):
            owner = inert(f"{kind}/{name}", 200)
            return f"{owner} (itself)" if owner == own else owner
    return ""


def _reverts(found: FluxObject, kind: str, last: datetime | None) -> datetime | timedelta | None:
    """Last reconciliation and interval; the interval alone where nobody knows the last."""
    ready = found.condition("Ready")
    failing = ready is not None and ready.status == "False"
    retry = span(found.spec.retry_interval) if failing and found.spec.retry_interval else None
    every = retry or operated.every(found, kind)
    if every is None:
        return None
    return last + every if last is not None else every


def _sync(found: FluxObject, source: FluxObject | None, *, helm: bool, stale: bool) -> str:
    status, ready = found.status, found.condition("Ready")
    applied = bool(status.history) if helm else bool(status.last_applied_revision)
    if stale or not applied:
        return "Unknown"
    if ready is None or (ready.status == "False" and ready.reason not in _UNHEALTHY):
        return "Unknown"
    if helm:
        drifted = found.condition("Drifted")
        if drifted is not None and drifted.status == "True":
            return "OutOfSync"
    elif source is not None and _behind(status.last_applied_revision, source.status.artifact):
        return "OutOfSync"
    if found.metadata.generation > status.observed_generation > 0 and not found.spec.suspend:
        return "OutOfSync"
    return APPLIED


def _behind(applied: str, artifact: wire.Artifact | None) -> bool:
    return artifact is not None and artifact.revision != applied


def _health(found: FluxObject) -> str:
    ready, healthy = found.condition("Ready"), found.condition("Healthy")
    if ready is None:
        return "Suspended" if found.spec.suspend else "Unknown"
    if ready.status == "False" or (healthy is not None and healthy.status == "False"):
        return "Degraded"
    return "Healthy" if ready.status == "True" else "Progressing"


def _operation(found: FluxObject, told: Callable[[str], str]) -> Operation | None:
    running = found.condition("Reconciling")
    if running is None or running.status != "True":
        return None
    return Operation("Running", moment(running.last_transition_time), message=told(running.message), automated=True)


def _worth_telling(one: wire.Condition) -> bool:
    """What is not as it should be: `Ready` and its like when they are not true, the others when they are."""
    if one.type in ("Ready", "Healthy", "Released", "TestSuccess", "SourceVerified", "ArtifactInStorage"):
        return one.status == "False"
    return one.status == "True" and one.type != "Reconciling"
