"""What is declared: seventeen services in twelve clusters, by ApplicationSets over manifests in Git."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

CLUSTERS: Mapping[str, str] = {
    "prod-eu-west-1": "prod",
    "prod-eu-central-1": "prod",
    "prod-us-east-1": "prod",
    "prod-us-west-2": "prod",
    "prod-ap-south-1": "prod",
    "prod-ap-northeast-1": "prod",
    "prod-sa-east-1": "prod",
    "prod-ca-central-1": "prod",
    "staging-eu": "staging",
    "staging-us": "staging",
    "dev-eu": "dev",
    "dev-us": "dev",
}

HEALS: dict[str, Any] = {"automated": {"prune": True, "selfHeal": True}}
ON: dict[str, Any] = {"automated": {}}
BY_HAND: dict[str, Any] = {}

SERVICES: Mapping[str, tuple[dict[str, Any], str]] = {
    "payments": (ON, "pay"),
    "checkout": (ON, "shop"),
    "cart": (ON, "shop"),
    "search": (ON, "shop"),
    "catalog": (ON, "shop"),
    "orders": (ON, "shop"),
    "ledger": (ON, "pay"),
    "billing": (ON, "pay"),
    "accounts": (HEALS, "identity"),
    "notifications": (ON, "shop"),
    "gateway": (ON, "edge"),
    "sessions": (HEALS, "edge"),
    "recommendations": (ON, "shop"),
    "inventory": (HEALS, "shop"),
    "shipping": (HEALS, "shop"),
    "pricing": (BY_HAND, "shop"),
    "audit-trail": (HEALS, "pay"),
}
"""Name → what Argo CD may do by itself, and the team."""

OPERATED = {"orders", "inventory"}
"""Services whose ApplicationSet leaves automation to operators."""


def manifests(service: str, image: str = "1.4.0") -> str:
    """A Deployment, its Service and settings; rights for payments, a Secret for billing."""
    label = {"app.kubernetes.io/name": service}
    objects: list[dict[str, Any]] = [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": service, "labels": label},
            "spec": {
                "replicas": 2,
                "selector": {"matchLabels": label},
                "template": {
                    "metadata": {"labels": label},
                    "spec": {
                        "containers": [
                            {
                                "name": service,
                                "image": f"registry.example.com/{SERVICES[service][1]}/{service}:{image}",
                                "ports": [{"name": "http", "containerPort": 8080}],
                                "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "POOL_SIZE", "value": "20"}],
                                "resources": {
                                    "requests": {"cpu": "50m", "memory": "64Mi"},
                                    "limits": {"memory": "256Mi"},
                                },
                            }
                        ]
                    },
                },
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": service, "labels": label},
            "spec": {"selector": label, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{service}-settings"},
            "data": {"timeout": "5s", "retries": "2"},
        },
    ]
    if service == "payments":
        objects.append(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": {"name": "pay-admin"},
                "rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]}],
            }
        )
    if service == "billing":
        objects.append(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "billing-provider"},
                "stringData": {"endpoint": "https://billing.example.com", "api-key": "example-key-for-the-fleet"},
            }
        )
    return "---\n".join(yaml.safe_dump(each, sort_keys=False) for each in objects)


def application_set(service: str, git: str) -> dict[str, Any]:
    policy, team = SERVICES[service]
    path = f"fleet/{service}/{{{{.env}}}}" if service == "recommendations" else f"fleet/{service}"
    spec: dict[str, Any] = {
        "goTemplate": True,
        "generators": [{"list": {"elements": [{"cluster": name, "env": env} for name, env in CLUSTERS.items()]}}],
        "template": {
            "metadata": {
                "name": f"{service}-{{{{.cluster}}}}",
                "labels": {"env": "{{.env}}", "team": team},
                "annotations": {"argocd.argoproj.io/manifest-generate-paths": "."},
            },
            "spec": {
                "project": "default",
                "source": {"repoURL": git, "targetRevision": "main", "path": path},
                "destination": {"name": "{{.cluster}}", "namespace": f"{service}-{{{{.cluster}}}}"},
                "syncPolicy": {**policy, "syncOptions": ["CreateNamespace=true"]},
            },
        },
    }
    if service in OPERATED:
        spec["ignoreApplicationDifferences"] = [{"jsonPointers": ["/spec/syncPolicy"]}]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": service, "namespace": "argocd"},
        "spec": spec,
    }
