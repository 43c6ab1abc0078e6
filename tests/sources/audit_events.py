"""Events of the Kubernetes audit log as the API server writes them, on one Deployment."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from drifttui.core.resource_question import ResourceQuestion

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = b"k" * 32
WEB = ResourceQuestion("apps", "Deployment", "prod", "web")


def event(audit_id: str, minutes: float, **more: Any) -> dict[str, Any]:
    """A patch so many minutes before `NOW`."""
    at = NOW - timedelta(minutes=minutes)
    target = {"resource": "deployments", "namespace": "prod", "name": "web", "apiGroup": "apps", "apiVersion": "v1"}
    held = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": audit_id,
        "stage": "ResponseComplete",
        "requestURI": "/apis/apps/v1/namespaces/prod/deployments/web?fieldManager=kubectl-edit",
        "verb": "patch",
        "user": {"username": "bob@example.com", "groups": ["system:authenticated"]},
        "sourceIPs": ["10.0.0.1"],
        "userAgent": "kubectl/v1.36.3",
        "objectRef": target,
        "responseStatus": {"code": 200},
        "requestObject": {"spec": {"replicas": 7}},
        "requestReceivedTimestamp": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "stageTimestamp": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
    }
    return {**held, **more}


def at(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def line(held: dict[str, Any]) -> str:
    """Without spaces, as the API server writes it."""
    return json.dumps(held, separators=(",", ":"), ensure_ascii=False)


SYNCED_BY = "system:serviceaccount:argocd:argocd-application-controller"

TRACKED = {
    "metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "cart:apps/Deployment:prod/web"}},
    "spec": {"replicas": 2},
}


def operation(minutes: float) -> dict[str, Any]:
    """A person asks Argo CD to sync."""
    return event(
        "sync", minutes, objectRef={"resource": "applications", "namespace": "argocd", "name": "cart",
                                    "apiGroup": "argoproj.io", "apiVersion": "v1alpha1"},
        requestObject={"operation": {"initiatedBy": {"username": "carol"}, "sync": {"revision": "abc"}}},
    )  # fmt: skip
