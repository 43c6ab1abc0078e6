"""Objects for tests of the core, and planes made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drifttui.core.finding import Comparison
from drifttui.core.identity import ResourceRef
from drifttui.core.planes import Document, Observation, Plane, ThreePlanes

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"
KEY = b"k" * 32


def corpus(name: str) -> Path:
    folder = CORPORA / name
    if not folder.is_dir():
        pytest.skip(f"the corpus {name} is not beside the repository")
    return folder


def planes(
    desired: Document | None = None, actual: Document | None = None, recorded: Document | None = None
) -> ThreePlanes:
    """Planes that are given are known; the others are unknown."""
    known = {Plane.DESIRED: desired, Plane.RECORDED: recorded, Plane.ACTUAL: actual}
    ref = ResourceRef.of(next(document for document in (actual, recorded, desired) if document is not None))
    found = ThreePlanes(ref)
    for plane, document in known.items():
        if document is not None:
            found = found.seen(Observation(ref, plane, document, "test", "made up", None))
    return found


def paths(comparison: Comparison) -> list[str]:
    return sorted(change.path for change in comparison.changes)


def hidden(comparison: Comparison) -> dict[str, str]:
    """Path → rule."""
    return {entry.path: entry.rule for entry in comparison.hidden}


def deployment(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "containers": [
                        {
                            "name": "web",
                            "image": "web:1",
                            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                        },
                        {"name": "proxy", "image": "proxy:1"},
                    ]
                },
            },
            **spec,
        },
    }


def custom(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": "shop"},
        "spec": spec,
    }


def managed(manager: str, fields: dict[str, Any], operation: str = "Update", **more: Any) -> dict[str, Any]:
    entry = {"manager": manager, "operation": operation, "time": "2026-05-01T10:00:00Z", "fieldsType": "FieldsV1"}
    return {**entry, "fieldsV1": fields, **more}


def with_managers(document: dict[str, Any], *entries: dict[str, Any]) -> dict[str, Any]:
    return {**document, "metadata": {**document["metadata"], "managedFields": list(entries)}}


def with_last_applied(document: dict[str, Any], applied: dict[str, Any]) -> dict[str, Any]:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(applied)}
    return {**document, "metadata": {**document["metadata"], "annotations": annotations}}
