"""An Application as one row of the worklist."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from ...core.errors import inert
from ...core.identity import Engine, ResourceRef, UnitId
from ...core.unit import Auto, Condition, Operation, Unit, environment_of
from .wire import Application, Automated, OperationState, ResourceStatus, moment, revision_of

IN_CLUSTER = "in-cluster"
"""Argo CD's own name for the cluster that it runs in."""

_IN_CLUSTER_URLS = ("https://kubernetes.default.svc", "https://kubernetes.default.svc.cluster.local")

ERRORS = frozenset({"ComparisonError", "InvalidSpecError", "UnknownError", "SyncError"})
"""Conditions after which Argo CD's word about drift is old, or after which it cannot converge."""

UNRENDERED = frozenset({"ComparisonError", "InvalidSpecError"})
"""Conditions after which Argo CD lists what runs without a target beside it."""

CONFLICTS = frozenset({"SharedResourceWarning", "RepeatedResourceWarning"})
"""Conditions that say that something else manages the same object."""

SELF_HEAL = timedelta(seconds=5)
"""Argo CD's default `--self-heal-timeout-seconds`: how long after a live change it syncs."""

SKIP_RECONCILE = "argocd.argoproj.io/skip-reconcile"
TRACKING_ID = "argocd.argoproj.io/tracking-id"
_FLUX = (
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("resourceset.fluxcd.controlplane.io", "ResourceSet"),
)
"""What Flux writes into the labels of everything that it applies, as `GROUP/name`."""
MESSAGE_LIMIT = 2000


class Tracking(NamedTuple):
    """How this Argo CD knows whose an object is: `trackingMethod` and `appLabelKey` of its settings."""

    by_label: bool = False
    label: str = "app.kubernetes.io/instance"


@lru_cache(8192)
def _one(text: str) -> str:
    """The same object for equal texts: thousands of rows share projects, clusters, revisions and states."""
    return text


def unit_id(application: Application, source: str) -> UnitId:
    return UnitId(Engine.ARGOCD, source, _one(application.metadata.namespace), application.metadata.name)


class Rows:
    """Makes rows for one source. `clean` takes secrets out of messages: a repository URL may hold a password."""

    def __init__(self, source: str, clean: Callable[[str], str]) -> None:
        self.source = source
        self.tracking = Tracking()
        self._clean = lru_cache(4096)(lambda text: inert(clean(text), MESSAGE_LIMIT))

    def __call__(self, application: Application, at: datetime) -> Unit:
        """The row of `application` as the source told it at `at`."""
        return unit_of(application, self.source, at, self.tracking, self._clean)


def unit_of(
    application: Application, source: str, at: datetime, tracking: Tracking, clean: Callable[[str], str]
) -> Unit:
    meta, spec, status = application.metadata, application.spec, application.status
    labels, annotations = meta.labels or {}, meta.annotations or {}
    cluster = _one(cluster_of(spec.destination.name, spec.destination.server))
    automated = spec.sync_policy.automated if spec.sync_policy else None
    auto = auto_of(automated, skips=annotations.get(SKIP_RECONCILE) == "true")
    repo, path, tracks = _origin(application)
    return Unit(
        id=unit_id(application, source),
        sync=_one(status.sync.status) or "Unknown",
        health=_one(status.health.status) or "Unknown",
        auto=auto,
        cluster=cluster,
        namespace=_one(spec.destination.namespace),
        project=_one(spec.project) or "default",
        environment=(environment_of(labels) if labels else "")
        or _named_environment(spec.destination.name, spec.project, spec.destination.namespace)
        or environment_of({}, meta.name, meta.namespace),
        revision=_one(revision_of(status.sync.revision, status.sync.revisions)),
        reconciled_at=moment(status.reconciled_at),
        observed_at=at,
        version=meta.resource_version,
        conditions=tuple(
            Condition(c.type, clean(c.message), moment(c.last_transition_time), c.type in ERRORS)
            for c in status.conditions or ()
        ),
        operation=_operation(application, clean),
        owner=_one(owner_of(application, tracking)),
        repo=clean(repo),
        path=path,
        out_of_sync=tuple(
            resource_ref(r, cluster) for r in status.resources or () if r.status == "OutOfSync" and not r.hook
        ),
        prune=bool(automated and automated.prune),
        reverts=SELF_HEAL if auto is Auto.HEALS else None,
        tracks=_one(tracks or "HEAD"),
    )


@lru_cache(4096)
def _named_environment(cluster: str, project: str, namespace: str) -> str:
    """Thousands of applications share a few destinations; splitting their names each time would be felt."""
    return environment_of({}, cluster, project, namespace)


def resource_ref(resource: ResourceStatus, cluster: str) -> ResourceRef:
    return ResourceRef(cluster, resource.group, resource.kind, resource.namespace, resource.name)


def cluster_of(name: str, server: str) -> str:
    """The destination as operators name it; the cluster that Argo CD runs in is `in-cluster` however it is written."""
    if name:
        return name
    return IN_CLUSTER if server.rstrip("/") in _IN_CLUSTER_URLS else server


def auto_of(automated: Automated | None, *, skips: bool) -> Auto:
    if skips:
        return Auto.PAUSED
    if automated is None:
        return Auto.BY_HAND
    if automated.enabled is False:
        return Auto.PAUSED
    return Auto.HEALS if automated.self_heal else Auto.ON


def owner_of(application: Application, tracking: Tracking) -> str:
    """What would put this application back: its ApplicationSet, else the parent of an app of apps, else what of Flux
    applied it.

    A tracking id counts only where it names the object that carries it (copied manifests carry a wrong one); the label
    only where this Argo CD tracks by label, because Helm charts set the same one for their own ends.
    """
    meta = application.metadata
    for reference in meta.owner_references or ():
        if reference.kind == "ApplicationSet":
            return f"ApplicationSet/{reference.name}"
    tracked = (meta.annotations or {}).get(TRACKING_ID, "")
    parent, _, own = tracked.partition(":")
    if parent and own == f"argoproj.io/Application:{meta.namespace}/{meta.name}":
        return f"Application/{parent}"
    if tracking.by_label:
        parent = (meta.labels or {}).get(tracking.label, "")
        if parent and parent != meta.name:
            return f"Application/{parent}"
    if meta.labels:
        for group, kind in _FLUX:
            if above := meta.labels.get(f"{group}/name", ""):
                return f"{kind}/{above}"
    return ""


def _origin(application: Application) -> tuple[str, str, str]:
    """Repository, path and what is followed of it: of the first source where there are several, of the dry source where
    one is hydrated."""
    spec = application.spec
    if spec.source_hydrator is not None and spec.source_hydrator.dry_source.repo_url:
        dry = spec.source_hydrator.dry_source
        return dry.repo_url, dry.path, dry.target_revision
    source = spec.sources[0] if spec.sources else spec.source
    return (source.repo_url, source.path or source.chart, source.target_revision) if source else ("", "", "")


def _operation(application: Application, clean: Callable[[str], str]) -> Operation | None:
    state, wanted = application.status.operation_state, application.operation
    if wanted is not None and (state is None or state.phase not in ("Running", "Terminating")):
        asked = wanted.sync
        return Operation(
            phase="Running",
            message="queued",
            initiated_by=_initiator(wanted.initiated_by.username, wanted.initiated_by.automated),
            automated=wanted.initiated_by.automated,
            revision=revision_of(asked.revision, asked.revisions) if asked else "",
        )
    return _operation_state(state, clean) if state is not None and state.phase else None


def _operation_state(state: OperationState, clean: Callable[[str], str]) -> Operation:
    by, asked = state.operation.initiated_by, state.operation.sync
    result = state.sync_result
    revision = revision_of(result.revision, result.revisions) if result else ""
    return Operation(
        phase=_one(state.phase),
        started_at=moment(state.started_at),
        finished_at=moment(state.finished_at),
        message=clean(state.message),
        initiated_by=_initiator(by.username, by.automated),
        automated=by.automated,
        revision=_one(revision or (revision_of(asked.revision, asked.revisions) if asked else "")),
    )


def _initiator(username: str, automated: bool) -> str:
    return username or ("automated sync policy" if automated else "")
