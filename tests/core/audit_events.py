"""Audit events as an API server writes them, with an object that moves on from call to call."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "breakglass:carol"
ARGOCD = "system:serviceaccount:argocd:argocd-application-controller"
DEPLOYMENTS = "system:serviceaccount:kube-system:deployment-controller"
KUBECTL = "kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0"


def stamp(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def deployment(replicas: int = 3, image: str = "web:1", version: int = 100, generation: int = 1) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "prod",
            "uid": "u-1",
            "resourceVersion": str(version),
            "generation": generation,
        },
        "spec": {
            "replicas": replicas,
            "template": {
                "spec": {
                    "containers": [
                        {"name": "web", "image": image, "env": [{"name": "LOG", "value": "info"}]},
                        {"name": "proxy", "image": "proxy:1"},
                    ]
                }
            },
        },
    }


def event(user: str, verb: str = "patch", at: float = 0.0, **more: Any) -> dict[str, Any]:
    """One final event on `prod/web`. `manager`, `dry_run`, `code`, `body`, `answer`, `sub`, `agent`, `level` and raw
    fields of the event in `extra` as asked.
    """
    query = [f"fieldManager={more['manager']}"] if more.get("manager") else []
    query += ["dryRun=All"] if more.get("dry_run") else []
    sub = more.get("sub", "")
    target: dict[str, Any] = {"resource": "deployments", "apiGroup": "apps", "apiVersion": "v1"}
    target |= {"namespace": "prod", "name": "web"} | ({"subresource": sub} if sub else {}) | more.get("target", {})
    uri = "/apis/apps/v1/namespaces/prod/deployments/web" + (f"/{sub}" if sub else "")
    made: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": more.get(
            "level", "RequestResponse" if "answer" in more else "Request" if "body" in more else "Metadata"
        ),
        "auditID": more.get("id", f"{user}-{verb}-{at}"),
        "stage": "ResponseComplete",
        "requestURI": uri + ("?" + "&".join(query) if query else ""),
        "verb": verb,
        "user": {"username": user, "groups": ["system:authenticated"]},
        "sourceIPs": ["10.0.0.7"],
        "userAgent": more.get("agent", KUBECTL),
        "objectRef": target,
        "responseStatus": {"code": more.get("code", 200)},
        "requestReceivedTimestamp": stamp(at),
        "stageTimestamp": stamp(at),
    }
    if "body" in more:
        made["requestObject"] = more["body"]
    if "answer" in more:
        made["responseObject"] = more["answer"]
    made.update(more.get("extra", {}))
    return made


def owned(document: dict[str, Any], *entries: tuple[str, str, float, dict[str, Any]]) -> dict[str, Any]:
    """The object with managedFields: (manager, subresource, seconds, fieldsV1)."""
    found = copy.deepcopy(document)
    found["metadata"]["managedFields"] = [
        {
            "manager": manager,
            "operation": "Update",
            "subresource": sub,
            "apiVersion": "apps/v1",
            "time": (START + timedelta(seconds=int(seconds))).isoformat().replace("+00:00", "Z"),
            "fieldsType": "FieldsV1",
            "fieldsV1": fields,
        }
        for manager, sub, seconds, fields in entries
    ]
    return found


REPLICAS_FIELD: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
