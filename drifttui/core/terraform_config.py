"""What the `configuration` part of a plan says about one resource: which attributes are set, and to which literals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .terraform_fields import mapping, objects, text

Expressions = Mapping[str, Any]
"""Attribute → `{"constant_value": …}` or `{"references": […]}`; blocks are lists or objects of such."""


def expressions(document: Mapping[str, Any]) -> dict[str, Expressions]:
    """Expressions by address in the configuration; empty where the plan holds none."""
    root = mapping(mapping(document, "configuration", ""), "root_module", "configuration")
    return dict(_of_module(root, "", "configuration.root_module"))


def _of_module(module: Mapping[str, Any], prefix: str, where: str) -> Iterator[tuple[str, Expressions]]:
    for resource in objects(module, "resources", where):
        yield prefix + text(resource, "address", f"{where}.resources"), mapping(resource, "expressions", where)
    for name, call in mapping(module, "module_calls", where).items():
        if isinstance(call, dict):
            below = mapping(call, "module", f"{where}.module_calls.{name}")
            yield from _of_module(below, f"{prefix}module.{name}.", f"{where}.module_calls.{name}.module")


def constants(held: Expressions) -> dict[str, Any]:
    """Attributes that the configuration sets to a literal."""
    return {
        name: value["constant_value"]
        for name, value in held.items()
        if isinstance(value, dict) and "constant_value" in value
    }
