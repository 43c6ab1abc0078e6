"""Keys and defaults: of built-in kinds, and out of a cluster's own OpenAPI."""

from __future__ import annotations

from typing import Any

from drifttui.core.rules_kubernetes_defaults import Computed
from drifttui.core.schema import from_openapi, shape_of

WIDGET = {
    "x-kubernetes-group-version-kind": [{"group": "example.com", "kind": "Widget", "version": "v1"}],
    "properties": {
        "apiVersion": {"type": "string"},
        "metadata": {"allOf": [{"$ref": "#/components/schemas/meta"}]},
        "spec": {
            "type": "object",
            "properties": {
                "routes": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["host", "port"],
                    "items": {"properties": {"port": {"default": 80}, "w/eird~": {"default": "x"}}},
                },
                "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "plain": {"type": "array", "items": {"type": "string"}},
                "limits": {"additionalProperties": {"properties": {"burst": {"default": False}}}},
                "tree": {"$ref": "#/components/schemas/tree"},
            },
        },
        "status": {"properties": {"phase": {"default": "Pending"}}},
    },
}
DOCUMENT: dict[str, Any] = {
    "components": {
        "schemas": {
            "widget": WIDGET,
            "meta": {"properties": {"labels": {"additionalProperties": {"type": "string", "default": ""}}}},
            "tree": {"properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/tree"}}}},
        }
    }
}


def test_keys_sets_and_defaults_of_a_custom_resource_are_read() -> None:
    keys, defaults = from_openapi(DOCUMENT, [("example.com", "Widget"), ("example.com", "Other")])
    assert keys == {"example.com/Widget": {"/spec/routes": ("host", "port"), "/spec/tags": ()}}
    assert defaults["example.com/Widget"]["/spec/routes/*/port"] == 80
    assert defaults["example.com/Widget"]["/spec/limits/*/burst"] is False
    assert not any(path.startswith("/status") for path in defaults["example.com/Widget"])


def test_what_the_schema_says_is_found_again_at_its_place() -> None:
    keys, defaults = from_openapi(DOCUMENT, [("example.com", "Widget")])
    shape = shape_of("example.com", "Widget", "", keys, defaults)
    routes = shape.below("spec").below("routes")
    assert routes.keys == ("host", "port")
    assert routes.below("7").below("port").default == 80
    assert routes.below("7").below("w/eird~").default == "x"


def test_a_document_of_another_format_gives_nothing() -> None:
    for document in ({}, {"components": None}, {"components": {"schemas": {"a": None, "b": {"properties": 3}}}}):
        assert from_openapi(document, [("", "Pod")]) == ({}, {})


def test_built_in_lists_have_the_keys_of_their_types() -> None:
    template = shape_of("apps", "Deployment").below("spec").below("template").below("spec")
    assert template.below("containers").keys == ("name",)
    assert template.below("containers").below("0").below("ports").keys == ("containerPort", "protocol")
    assert template.below("containers").below("0").below("volumeMounts").keys == ("mountPath",)
    assert template.below("tolerations").keys is None
    cron = shape_of("batch", "CronJob").below("spec").below("jobTemplate").below("spec").below("template").below("spec")
    assert cron.below("volumes").keys == ("name",)
    assert shape_of("", "Service").below("spec").below("ports").keys == ("port", "protocol")
    assert shape_of("rbac.authorization.k8s.io", "Role").below("rules").keys is None


def test_an_object_of_an_old_version_may_hold_the_defaults_of_that_version() -> None:
    old = shape_of("extensions", "Deployment", "extensions/v1beta1").below("spec").below("revisionHistoryLimit")
    new = shape_of("apps", "Deployment", "").below("spec").below("revisionHistoryLimit")
    assert new.default == 10
    assert isinstance(old.default, Computed)
    assert old.default.fits(2147483647, {}, ()) and not old.default.fits(3, {}, ())
