"""Compares 1,000 pairs of Deployments and holds the time against parsing the same 2,000 documents.

`python -m tests.bench.diff_pairs` prints one line. Each pair is about 6 KB a document, with managedFields and status on
the live side, defaults that the server filled in, and six fields that differ.
"""

from __future__ import annotations

import copy
import gc
import json
from time import perf_counter
from typing import Any, NamedTuple

from drifttui.core.diff import compare
from drifttui.core.identity import ResourceRef
from drifttui.core.planes import Observation, Plane, ThreePlanes

PAIRS = 1000
CHANGES = 6


class Result(NamedTuple):
    parse_seconds: float
    compare_seconds: float
    changes: int
    bytes_per_document: int

    @property
    def ratio(self) -> float:
        return self.compare_seconds / self.parse_seconds


def _container(number: int) -> dict[str, Any]:
    return {
        "name": f"part-{number}",
        "image": f"registry.example/team/part-{number}:1.4.{number}",
        "args": ["--config=/etc/app/config.yaml", "--log-format=json", f"--shard={number}"],
        "ports": [
            {"name": "http", "containerPort": 8080 + number},
            {"name": "metrics", "containerPort": 9090 + number},
        ],
        "env": [{"name": f"SETTING_{i}", "value": f"value {i} of part {number}"} for i in range(12)],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}, {"name": "tmp", "mountPath": "/tmp"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080 + number}},
    }


def pair(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Desired and actual of one Deployment."""
    labels = {"app": f"app-{number}", "app.kubernetes.io/part-of": "shop", "team": "payments"}
    desired: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"app-{number}", "namespace": "shop", "labels": labels},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": f"app-{number}"}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "containers": [_container(i) for i in range(3)],
                    "volumes": [{"name": "config", "configMap": {"name": "app"}}, {"name": "tmp", "emptyDir": {}}],
                },
            },
        },
    }
    actual = copy.deepcopy(desired)
    pod = actual["spec"]["template"]["spec"]
    for container in pod["containers"]:
        container["imagePullPolicy"] = "IfNotPresent"
        container["terminationMessagePath"] = "/dev/termination-log"
        container["terminationMessagePolicy"] = "File"
        for port in container["ports"]:
            port["protocol"] = "TCP"
        container["readinessProbe"] |= {
            "periodSeconds": 10,
            "timeoutSeconds": 1,
            "successThreshold": 1,
            "failureThreshold": 3,
        }
        container["readinessProbe"]["httpGet"]["scheme"] = "HTTP"
    pod |= {"restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler"}
    actual["spec"] |= {"revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
    actual["metadata"] |= {"uid": f"uid-{number}", "resourceVersion": str(number), "generation": 4}
    actual["metadata"]["managedFields"] = [
        _entry("argocd-controller", "Apply", _fields(desired)),
        _entry("kubectl-edit", "Update", {"f:spec": {"f:replicas": {}}, "f:metadata": {"f:labels": {"f:hotfix": {}}}}),
    ]
    actual["status"] = {"replicas": 5, "readyReplicas": 5, "conditions": [{"type": "Available", "status": "True"}]}
    actual["spec"]["replicas"] = 5
    actual["metadata"]["labels"] = {**labels, "hotfix": "yes"}
    pod["containers"][0]["image"] += "-debug"
    pod["containers"][1]["env"][3]["value"] = "changed"
    pod["containers"][2]["resources"]["limits"]["memory"] = "512Mi"
    pod["containers"][2]["args"] = ["--verbose"]
    return desired, actual


def _entry(manager: str, operation: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "apps/v1",
        "time": "2026-05-01T10:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def _fields(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {f"f:{name}": _fields(below) for name, below in value.items()}
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        return {
            f"k:{json.dumps({'name': item['name']}, separators=(',', ':'))}": {".": {}, **_fields(item)}
            for item in value
        }
    return {}


def measure(pairs: int = PAIRS, *, collector: bool = True) -> Result:
    """Best of three runs of each. `collector`: with Python's garbage collector as a program has it, or without."""
    texts = [[json.dumps(side) for side in pair(number)] for number in range(pairs)]
    parse, seconds, changes = [], [], 0
    gc.collect()
    if not collector:
        gc.disable()
    try:
        for _ in range(3):
            began = perf_counter()
            documents = [[json.loads(text) for text in texts_of_one] for texts_of_one in texts]
            parse.append(perf_counter() - began)
            planes = [_planes(desired, actual) for desired, actual in documents]
            began = perf_counter()
            changes = sum(len(compare(one).changes) for one in planes)
            seconds.append(perf_counter() - began)
    finally:
        gc.enable()
    size = sum(len(text) for texts_of_one in texts for text in texts_of_one) // (2 * pairs)
    return Result(min(parse), min(seconds), changes, size)


def _planes(desired: dict[str, Any], actual: dict[str, Any]) -> ThreePlanes:
    ref = ResourceRef.of(actual)
    return ThreePlanes(
        ref,
        desired=Observation(ref, Plane.DESIRED, desired, "bench", "made up", None),
        actual=Observation(ref, Plane.ACTUAL, actual, "bench", "made up", None),
    )


def main() -> None:
    for collector in (True, False):
        found = measure(collector=collector)
        print(
            f"{PAIRS} pairs, {found.bytes_per_document} bytes a document, {found.changes} changes, collector "
            f"{'on' if collector else 'off'}: json.loads {found.parse_seconds * 1000:.0f} ms, "
            f"compare {found.compare_seconds * 1000:.0f} ms, ratio {found.ratio:.2f}"
        )


if __name__ == "__main__":
    main()
