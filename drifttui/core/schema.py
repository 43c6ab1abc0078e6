"""What the comparison knows about the shape of a kind: which lists have keys, and which values the server fills in.

Both come as mappings from a path with `*` for positions (and for the keys of free maps) to what holds there:
`/spec/ports` → `("port", "protocol")`, `/spec/ports/*/protocol` → `"TCP"`. An empty tuple of keys is a set: its items
are their own keys, and their order says nothing. `Inspection.list_keys` and `Inspection.defaults` have the same format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from .planes import ABSENT, Json, Mark
from .pointers import escape, unescape
from .rules_kubernetes import LIVE_ONLY
from .rules_kubernetes_defaults import DEFAULTS, LEGACY_DEFAULTS
from .rules_kubernetes_lists import LIST_KEYS

ListKeys = Mapping[str, Mapping[str, tuple[str, ...]]]
Defaults = Mapping[str, Mapping[str, object]]

_MAX_DEPTH = 40
"""Steps into an OpenAPI schema: recursive ones (JSONSchemaProps) never end."""


class Shape:
    """One place in a kind: what is below it, its keys where it is a list, its default where it has one."""

    __slots__ = ("default", "fields", "keys", "rule")

    def __init__(self) -> None:
        self.fields: dict[str, Shape] = {}
        self.keys: tuple[str, ...] | None = None
        """None: not known to be keyed. Empty: a set."""
        self.default: Json | Mark = ABSENT
        self.rule = ""
        """Why a value that only the actual plane has is legitimate here; empty where nothing makes it so."""

    def below(self, token: str) -> Shape:
        fields = self.fields
        return (fields.get(token) or fields.get("*") or UNSHAPED) if fields else UNSHAPED

    def at(self, path: str) -> Shape:
        """The place at a pattern, made where it is missing."""
        here = self
        for token in map(unescape, path.split("/")[1:]):
            below = here.fields.get(token)
            if below is None:
                below = here.fields[token] = Shape()
            here = below
        return here


UNSHAPED: Final = Shape()
"""A place that nothing is known about. Nothing is ever added to it."""


def shape_of(
    group: str, kind: str, version: str = "", list_keys: ListKeys | None = None, defaults: Defaults | None = None
) -> Shape:
    """What is known about a kind: the built-in tables, with what the cluster's own OpenAPI adds."""
    name = f"{group}/{kind}"
    more_keys = list_keys.get(name) if list_keys else None
    more_defaults = defaults.get(name) if defaults else None
    if not more_keys and not more_defaults:
        return _built_in(group, kind, "beta" in version or group == "extensions")
    shape = _grown(group, kind, "beta" in version or group == "extensions")
    for path, keys in (more_keys or {}).items():
        shape.at(path).keys = tuple(keys)
    for path, value in (more_defaults or {}).items():
        place = shape.at(path)
        if place.default is ABSENT:
            place.default = value
    return shape


def is_built_in(group: str) -> bool:
    """Whether the API server itself defines the kinds of a group, so that it drops their empty fields."""
    return "." not in group or (group.endswith(".k8s.io") and group not in _SERVED_BY_OTHERS)


_SERVED_BY_OTHERS: Final = frozenset(
    {
        "gateway.networking.k8s.io",
        "snapshot.storage.k8s.io",
        "metrics.k8s.io",
        "custom.metrics.k8s.io",
        "external.metrics.k8s.io",
        "policy.networking.k8s.io",
        "autoscaling.k8s.io",
        "externaldns.k8s.io",
        "scheduling.sigs.k8s.io",
    }
)
"""Groups with a name like the API server's own whose kinds are custom resources."""


@lru_cache(maxsize=256)
def _built_in(group: str, kind: str, legacy: bool) -> Shape:
    return _grown(group, kind, legacy)


def _grown(group: str, kind: str, legacy: bool) -> Shape:
    root = Shape()
    home = _HOME.get((group, kind), group)
    metadata = {"/metadata/finalizers": (), "/metadata/ownerReferences": ("uid",)}
    for path, keys in {**metadata, **LIST_KEYS.get((home, kind), {})}.items():
        root.at(path).keys = keys
    for path, value in DEFAULTS.get((home, kind), {}).items():
        root.at(path).default = value
    for path, rule in LIVE_ONLY.get((home, kind), {}).items():
        root.at(path).rule = rule
    if legacy:
        for path, value in LEGACY_DEFAULTS.get((group, kind), {}).items():
            root.at(path).default = value
    return root


_HOME: Final[Mapping[tuple[str, str], str]] = {
    ("extensions", "Deployment"): "apps",
    ("extensions", "DaemonSet"): "apps",
    ("extensions", "ReplicaSet"): "apps",
    ("extensions", "Ingress"): "networking.k8s.io",
    ("extensions", "NetworkPolicy"): "networking.k8s.io",
}
"""Where kinds of the group `extensions` live today."""


def from_openapi(
    document: Mapping[str, Any], group_kinds: Sequence[tuple[str, str]]
) -> tuple[dict[str, dict[str, tuple[str, ...]]], dict[str, dict[str, object]]]:
    """List keys and defaults of kinds out of one Kubernetes OpenAPI v3 document of a group and version.

    Both are keyed `group/Kind`; a kind that the document does not define is left out of both.
    """
    components = document.get("components")
    schemas = components.get("schemas") if isinstance(components, Mapping) else None
    wanted = set(group_kinds)
    keys: dict[str, dict[str, tuple[str, ...]]] = {}
    values: dict[str, dict[str, object]] = {}
    if not isinstance(schemas, Mapping):
        return keys, values
    for schema in schemas.values():
        names = schema.get("x-kubernetes-group-version-kind") if isinstance(schema, Mapping) else None
        for name in names if isinstance(names, list) else ():
            group_kind = (
                (str(name.get("group") or ""), str(name.get("kind") or "")) if isinstance(name, Mapping) else None
            )
            if group_kind in wanted:
                reading = _Reading(schemas)
                reading.read(schema, "", ())
                keys["/".join(group_kind)], values["/".join(group_kind)] = reading.keys, reading.defaults
    return keys, values


class _Reading:
    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas
        self.keys: dict[str, tuple[str, ...]] = {}
        self.defaults: dict[str, object] = {}

    def read(self, schema: Any, path: str, within: tuple[str, ...]) -> None:
        """`within` are the references that led here: one that leads to itself again is left."""
        if not isinstance(schema, Mapping) or path.count("/") > _MAX_DEPTH:
            return
        default = schema.get("default", ABSENT)
        if default is not ABSENT and path and not _zero_of_go(default, schema, within):
            self.defaults[path] = default
        parts = schema.get("allOf")
        for part in [schema, *parts] if isinstance(parts, list) else [schema]:
            reference = part.get("$ref") if isinstance(part, Mapping) else None
            if isinstance(reference, str):
                name = reference.rsplit("/", 1)[-1]
                if name not in within:
                    self.read(self._schemas.get(name), path, (*within, name))
            elif part is not schema:
                self.read(part, path, within)
        self._list(schema, path, within)
        properties = schema.get("properties")
        for name, below in properties.items() if isinstance(properties, Mapping) else ():
            if path or name not in ("apiVersion", "kind", "status"):
                self.read(below, f"{path}/{escape(str(name))}", within)
        free = schema.get("additionalProperties")
        if isinstance(free, Mapping):
            self.read(free, f"{path}/*", within)

    def _list(self, schema: Mapping[str, Any], path: str, within: tuple[str, ...]) -> None:
        kind = schema.get("x-kubernetes-list-type")
        names = schema.get("x-kubernetes-list-map-keys")
        merge = schema.get("x-kubernetes-patch-merge-key")
        if kind == "map" and isinstance(names, list) and names:
            self.keys[path] = tuple(str(name) for name in names)
        elif kind == "set":
            self.keys[path] = ()
        elif kind is None and isinstance(merge, str):
            self.keys[path] = (merge,)
        if "items" in schema:
            self.read(schema["items"], f"{path}/*", within)


def _zero_of_go(default: object, schema: Mapping[str, Any], within: tuple[str, ...]) -> bool:
    """Built-in types publish the zero values of their Go fields as defaults, and the server fills in none of those."""
    if any(name.startswith("io.k8s.") for name in within) or "allOf" in schema:
        return default in ("", 0, {}) and default is not False
    return False
