"""What `managed-resources` and its siblings say about one application of the fleet."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.bench import fleet

CONTAINERS, VARIABLES = 20, 125
"""Of the big Deployment: two lines of YAML for each variable make it 5,000 lines long."""

LINES = 2 * CONTAINERS * VARIABLES
CHANGED_EVERY = 25
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
Json = dict[str, Any]


def managed_resources(index: int, count: int) -> Json:
    target = _big() if index == fleet.BIG else _deployment(index)
    changed = index == fleet.BIG or fleet.drifts(index, count)
    live = _live(target, changed=changed)
    ref = {"group": "apps", "kind": "Deployment", "namespace": target["metadata"]["namespace"]}
    return {
        "items": [
            {
                **ref,
                "name": target["metadata"]["name"],
                "targetState": _text(target),
                "liveState": _text(live),
                "normalizedLiveState": _text(live),
                "predictedLiveState": _text({**live, "spec": target["spec"]}),
                "resourceVersion": "1088",
                "modified": changed,
            }
        ]
    }


def tree(index: int) -> Json:
    name, namespace = fleet.name_of(index), _namespace(index)
    node = {"version": "v1", "kind": "Deployment", "group": "apps", "namespace": namespace, "name": name}
    return {"nodes": [{**node, "health": {"status": "Healthy"}, "createdAt": "2026-11-20T08:41:35Z"}]}


def _namespace(index: int) -> str:
    application: Json = fleet.application(index, 1)
    return str(application["spec"]["destination"]["namespace"])


def _deployment(index: int, containers: list[Json] | None = None) -> Json:
    name = fleet.name_of(index)
    labels = {"app.kubernetes.io/name": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": _namespace(index), "labels": labels},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": containers or [_container("app", 4)]},
            },
        },
    }


def _container(name: str, variables: int) -> Json:
    return {
        "name": name,
        "image": f"registry.example.com/{name}:2.14.0",
        "env": [{"name": f"SETTING_{n:03}", "value": f"value {n} of {name}"} for n in range(variables)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
    }


def _big() -> Json:
    return _deployment(fleet.BIG, [_container(f"part-{n:02}", VARIABLES) for n in range(CONTAINERS)])


def _live(target: Json, *, changed: bool) -> Json:
    """`target` as a server gives it back: defaults filled in, managed fields, status; with somebody's edits on top."""
    live = copy.deepcopy(target)
    pods = live["spec"]["template"]["spec"]
    pods |= {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler"}
    live["spec"] |= {"progressDeadlineSeconds": 600, "revisionHistoryLimit": 10}
    edited: dict[str, list[str]] = {}
    for container in pods["containers"]:
        container |= {"imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log"}
        if changed:
            container["image"] = container["image"].replace("2.14.0", "2.14.1-hotfix")
            edited[container["name"]] = []
            for variable in container["env"][::CHANGED_EVERY]:
                variable["value"] += " (edited)"
                edited[container["name"]].append(variable["name"])
    live["metadata"] |= {
        "uid": "e28c67c8-fedf-4ee1-a3a5-8c11a63d9d42",
        "resourceVersion": "1110",
        "creationTimestamp": "2026-11-20T08:41:35Z",
        "annotations": {LAST_APPLIED: _text(target)},
        "managedFields": [
            _manager("argocd-controller", {name: [v["name"] for v in e] for name, e in _variables(target).items()}),
            *([_manager("kubectl-edit", edited)] if edited else []),
        ],
    }
    live["status"] = {"observedGeneration": 2, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3}
    return live


def _variables(document: Json) -> dict[str, list[Json]]:
    return {c["name"]: c["env"] for c in document["spec"]["template"]["spec"]["containers"]}


def _manager(manager: str, owned: dict[str, list[str]]) -> Json:
    containers: Json = {
        f'k:{{"name":"{name}"}}': {
            "f:image": {},
            "f:env": {f'k:{{"name":"{variable}"}}': {".": {}, "f:name": {}, "f:value": {}} for variable in variables},
        }
        for name, variables in owned.items()
    }
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "apps/v1",
        "time": "2026-11-21T08:41:48Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": containers}}}},
    }


def _text(document: Json) -> str:
    return json.dumps(document, separators=(",", ":"))
