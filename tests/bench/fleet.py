"""Applications in the shape in which a real Argo CD 3.5 tells them, any number of them.

Field for field as in answers recorded from the control plane of tests/cluster; sizes are those of a usual application
with a handful of resources and five syncs behind it: 7.6 KB on average. Everything follows from the index.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

VERSION, SYNC, HEALTH, AT = "@VERSION@", "@SYNC@", "@HEALTH@", "@AT@"
"""Stand in the JSON for what changes while the server runs."""

BIG = 0
"""Index of the application with the big Deployment (`big`)."""

DRIFTED = 37
"""Applications that are out of sync, spread over the fleet: what an operator has before them on a bad day."""

CLUSTERS = ("eu-west-1", "eu-central-1", "us-east-1", "us-east-2", "us-west-2", "ap-south-1", "ap-east-1", "sa-east-1")
WORDS = ("payments", "checkout", "ledger", "search", "catalog", "gateway", "sessions", "reports", "billing", "edge")
ENVIRONMENTS = ("prod", "prod", "staging", "dev")
KINDS = (
    ("", "Service"),
    ("apps", "Deployment"),
    ("", "ConfigMap"),
    ("", "ServiceAccount"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("policy", "PodDisruptionBudget"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("", "Secret"),
)
MANAGER = "argocd-application-controller"
REPOSITORY = "https://git.example.com/platform/deployments.git"


def name_of(index: int) -> str:
    return f"{WORDS[index % len(WORDS)]}-{index:05}"


def drifts(index: int, count: int) -> bool:
    """Whether Argo CD calls it out of sync. Not so the big one: it is looked into when somebody opens it."""
    step = max(2, count // DRIFTED)
    return index % step == step // 2


def revision_at(number: int) -> str:
    return hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()


def application(index: int, count: int) -> dict[str, Any]:
    name, environment = name_of(index), ENVIRONMENTS[index % len(ENVIRONMENTS)]
    namespace = f"{WORDS[index % len(WORDS)]}-{environment}"
    revision = revision_at(index // 50)
    source = {"repoURL": REPOSITORY, "path": f"apps/{environment}/{name}", "targetRevision": "main"}
    destination = {"server": f"https://{CLUSTERS[index % len(CLUSTERS)]}.clusters.example.com:6443"}
    kinds = KINDS[: 3 + index % 6]
    spec = {
        "source": source,
        "destination": {**destination, "namespace": namespace},
        "project": f"team-{index % 23}",
        "syncPolicy": {
            "automated": {"prune": True, **({"selfHeal": True} if index % 3 else {})},
            "syncOptions": ["CreateNamespace=true", "ServerSideApply=true"],
        },
    }
    return {
        "metadata": {
            "name": name,
            "namespace": "argocd",
            "uid": f"{revision_at(index)[:8]}-2c3a-4034-9734-{revision_at(index)[8:20]}",
            "resourceVersion": VERSION,
            "generation": 28 + index % 900,
            "creationTimestamp": "2026-08-21T08:41:32Z",
            "labels": {"team": f"team-{index % 23}", "environment": environment, "tier": f"t{index % 4}"},
            "annotations": {
                "argocd.argoproj.io/hydrate": "normal",
                "argocd.argoproj.io/manifest-generate-paths": ".",
                "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"spec": spec}, separators=(",", ":")),
            },
            "ownerReferences": [
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "ApplicationSet",
                    "name": f"team-{index % 23}",
                    "uid": "4f9d0df5-77ab-4a10-a3ad-8c1a0bd20c52",
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
            "managedFields": _managed_fields(),
        },
        "spec": spec,
        "status": {
            "resources": [_resource(kind, name, namespace, index, count) for kind in kinds],
            "sync": {
                "status": SYNC,
                "comparedTo": {"source": source, "destination": spec["destination"]},
                "revision": revision,
            },
            "health": {"status": HEALTH, "lastTransitionTime": "2026-11-21T08:41:48Z"},
            "history": [
                {
                    "revision": revision_at(index // 50 - age),
                    "deployedAt": f"2026-11-{20 - age:02}T08:41:35Z",
                    "id": 40 - age,
                    "source": source,
                    "deployStartedAt": f"2026-11-{20 - age:02}T08:41:33Z",
                    "initiatedBy": {"automated": True},
                }
                for age in (4, 3, 2, 1, 0)
            ],
            "reconciledAt": AT,
            "operationState": _operation_state(kinds, name, namespace, revision, source),
            "sourceType": "Kustomize",
            "summary": {"images": [f"registry.example.com/{namespace}/{name}:2.14.{index % 30}"]},
            "resourceHealthSource": "appTree",
            "controllerNamespace": "argocd",
            "sourceHydrator": {},
        },
    }


def _resource(kind: tuple[str, str], name: str, namespace: str, index: int, count: int) -> dict[str, str]:
    group, word = kind
    differs = word == "Deployment" and drifts(index, count)
    return {
        **({"group": group} if group else {}),
        "version": "v1",
        "kind": word,
        "namespace": namespace,
        "name": name,
        "status": "OutOfSync" if differs else "Synced",
    }


def _operation_state(
    kinds: tuple[tuple[str, str], ...], name: str, namespace: str, revision: str, source: dict[str, str]
) -> dict[str, Any]:
    return {
        "operation": {
            "sync": {
                "revision": revision,
                "prune": True,
                "source": source,
                "syncOptions": ["CreateNamespace=true", "ServerSideApply=true"],
            },
            "initiatedBy": {"automated": True},
            "retry": {"limit": 5},
        },
        "phase": "Succeeded",
        "message": "successfully synced (all tasks run)",
        "syncResult": {
            "resources": [
                {
                    "group": group,
                    "version": "v1",
                    "kind": kind,
                    "namespace": namespace,
                    "name": name,
                    "status": "Synced",
                    "message": f"{kind.lower()}/{name} serverside-applied",
                    "hookPhase": "Running",
                    "syncPhase": "Sync",
                }
                for group, kind in kinds
            ],
            "revision": revision,
            "source": source,
        },
        "startedAt": "2026-11-20T08:41:33Z",
        "finishedAt": "2026-11-20T08:41:35Z",
    }


def _managed_fields() -> list[dict[str, Any]]:
    source: dict[str, Any] = {".": {}, "f:path": {}, "f:repoURL": {}, "f:targetRevision": {}}
    return [
        {
            "manager": "argocd-applicationset-controller",
            "operation": "Update",
            "apiVersion": "argoproj.io/v1alpha1",
            "time": "2026-08-21T08:41:32Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:annotations": {".": {}}, "f:ownerReferences": {".": {}}, "f:labels": {".": {}}},
                "f:spec": {
                    ".": {},
                    "f:destination": {".": {}, "f:namespace": {}, "f:server": {}},
                    "f:project": {},
                    "f:source": source,
                    "f:syncPolicy": {".": {}, "f:automated": {".": {}, "f:prune": {}}, "f:syncOptions": {}},
                },
            },
        },
        {
            "manager": MANAGER,
            "operation": "Update",
            "apiVersion": "argoproj.io/v1alpha1",
            "time": "2026-11-21T08:49:29Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:status": {
                    ".": {},
                    "f:controllerNamespace": {},
                    "f:health": {".": {}, "f:lastTransitionTime": {}, "f:status": {}},
                    "f:history": {},
                    "f:operationState": {
                        ".": {},
                        "f:finishedAt": {},
                        "f:message": {},
                        "f:operation": {
                            ".": {},
                            "f:initiatedBy": {".": {}, "f:automated": {}},
                            "f:retry": {".": {}, "f:limit": {}},
                            "f:sync": {".": {}, "f:prune": {}, "f:revision": {}, "f:source": source},
                        },
                        "f:phase": {},
                        "f:startedAt": {},
                        "f:syncResult": {".": {}, "f:resources": {}, "f:revision": {}, "f:source": source},
                    },
                    "f:reconciledAt": {},
                    "f:resourceHealthSource": {},
                    "f:resources": {},
                    "f:sourceHydrator": {},
                    "f:sourceType": {},
                    "f:summary": {".": {}, "f:images": {}},
                    "f:sync": {
                        ".": {},
                        "f:comparedTo": {
                            ".": {},
                            "f:destination": {".": {}, "f:namespace": {}, "f:server": {}},
                            "f:source": source,
                        },
                        "f:revision": {},
                        "f:status": {},
                    },
                }
            },
        },
    ]
