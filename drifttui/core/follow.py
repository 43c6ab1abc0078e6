"""From a controller that wrote to the one who asked it to: Argo CD's operations and the deletion of a namespace."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from .actors import account, caller
from .audit import Actor, ActorKind, mapping, moment, text
from .audit_kubernetes import KubernetesCall

_SLACK: Final = timedelta(seconds=2)
_UNFINISHED: Final = timedelta(minutes=10)
_TRACKING: Final = "argocd.argoproj.io/tracking-id"
_NAMESPACE_CONTROLLER: Final = "system:serviceaccount:kube-system:namespace-controller"


class SyncOperation(NamedTuple):
    """One sync of an Argo CD application, as its own object tells (`operation`, `status.operationState`)."""

    namespace: str
    application: str
    username: str
    automated: bool
    started: datetime | None
    finished: datetime | None
    revision: str
    event_id: str


def operations_in(call: KubernetesCall) -> list[SyncOperation]:
    """The operations that one call on an Application shows. Empty for any other call."""
    if call.group != "argoproj.io" or call.resource != "applications":
        return []
    found = []
    for body in (call.request, call.response):
        held = mapping(body)
        state = mapping(mapping(held.get("status")).get("operationState"))
        for operation, at in ((held.get("operation"), call.received), (state.get("operation"), None)):
            by = mapping(mapping(operation).get("initiatedBy"))
            if not by:
                continue
            found.append(
                SyncOperation(
                    namespace=call.namespace,
                    application=call.object_name,
                    username=text(by.get("username")),
                    automated=by.get("automated") is True,
                    started=at or moment(state.get("startedAt")),
                    finished=None if at else moment(state.get("finishedAt")),
                    revision=text(mapping(state.get("syncResult")).get("revision"))
                    or text(mapping(mapping(operation).get("sync")).get("revision")),
                    event_id=call.audit_id,
                )
            )
    return found


def application_of(document: Any) -> str:
    """The application that an object is tracked by; empty where it does not say."""
    metadata = mapping(mapping(document).get("metadata"))
    tracking = mapping(metadata.get("annotations")).get(_TRACKING)
    if isinstance(tracking, str) and ":" in tracking:
        return text(tracking.partition(":")[0])
    return text(mapping(metadata.get("labels")).get("app.kubernetes.io/instance"))


def follow(
    call: KubernetesCall,
    application: str,
    operations: Iterable[SyncOperation],
    deletions: Iterable[KubernetesCall],
) -> tuple[Actor, tuple[str, ...]]:
    """The one who asked, and the ids of the events that show it."""
    who = caller(call)
    if call.authenticated_as == _NAMESPACE_CONTROLLER:
        return _namespace(call, who, deletions)
    if who.kind is not ActorKind.CONTROLLER or "argocd" not in call.authenticated_as:
        return who, ()
    fitting = [entry for entry in operations if _covers(entry, call.received)]
    if application:
        fitting = [
            entry for entry in fitting if application in (entry.application, f"{entry.namespace}_{entry.application}")
        ]
    named = {(entry.username, entry.automated) for entry in fitting}
    if len(named) != 1:
        return who, ()
    entry = max(fitting, key=lambda each: bool(each.revision))
    of = f" of revision {entry.revision[:12]}" if entry.revision else ""
    if entry.automated or not entry.username:
        return who._replace(reasons=(*who.reasons, f"Argo CD synced {entry.application} by itself{of}")), (
            entry.event_id,
        )
    asked = account(entry.username)
    kind = asked.kind if asked.kind is not ActorKind.UNKNOWN else ActorKind.PERSON
    reason = f"Argo CD synced {entry.application}{of} because {entry.username} asked it to"
    return asked._replace(kind=kind, through=who.name, reasons=(reason,)), (entry.event_id,)


def _covers(entry: SyncOperation, at: datetime | None) -> bool:
    if at is None or entry.started is None or at < entry.started - _SLACK:
        return False
    return at <= (entry.finished + _SLACK if entry.finished else entry.started + _UNFINISHED)


def _namespace(call: KubernetesCall, who: Actor, deletions: Iterable[KubernetesCall]) -> tuple[Actor, tuple[str, ...]]:
    """The namespace controller deletes what is in a namespace that somebody deleted."""
    before = [
        entry for entry in deletions
        if entry.verb == "delete" and entry.resource == "namespaces" and entry.object_name == call.namespace
        and entry.explains_drift and entry.received and call.received and entry.received <= call.received + _SLACK
    ]  # fmt: skip
    if not before:
        return who._replace(
            reasons=(*who.reasons, f"it empties namespace {call.namespace}; who deleted that is not in the log")
        ), ()
    last = max(before, key=lambda entry: entry.received.timestamp() if entry.received else 0.0)
    asked = caller(last)
    reason = f"deleted namespace {call.namespace}, which took the object with it"
    return asked._replace(through=who.name, reasons=(*asked.reasons, reason)), (last.audit_id,)
