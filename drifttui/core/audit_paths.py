"""Which fields one Kubernetes call asked to write, from the body that the audit log kept.

The content type of a PATCH is not logged. A list is a JSON patch; an object with `apiVersion` and `kind` is an apply;
any other object is a strategic or plain merge patch, which name fields in the same way but for lists: `$patch`,
`$deleteFromPrimitiveList/…`, `$setElementOrder/…` and `$retainKeys` are directives of the strategic one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from .audit_kubernetes import KubernetesCall
from .field_paths import Path, Written, item_key, keyed, list_keys
from .planes import ABSENT, UNKNOWN
from .pointers import MAX_DEPTH, parse
from .redact import is_digest
from .schema import Shape

REPLICAS: Final[Path] = ("spec", "replicas")
_NOISE: Final[frozenset[Path]] = frozenset(
    {
        ("apiVersion",),
        ("kind",),
        ("status",),
        ("metadata", "managedFields"),
        ("metadata", "resourceVersion"),
        ("metadata", "generation"),
        ("metadata", "uid"),
        ("metadata", "creationTimestamp"),
        ("metadata", "selfLink"),
        ("metadata", "name"),
        ("metadata", "namespace"),
        ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"),
        ("metadata", "annotations", "deployment.kubernetes.io/revision"),
    }
)
"""Written by the server or by the tool itself with every call."""


def is_noise(path: Path) -> bool:
    return any(path[: len(noise)] == noise for noise in _NOISE)


def requested(call: KubernetesCall, document: Any, shape: Shape, *, guess: bool) -> list[Written] | None:
    """Fields that the body names; None where there is no body to read.

    `document` is the object after the call, or the nearest known state of it: it turns positions into keys.
    """
    body = call.request
    if call.subresource == "scale":
        replicas = _replicas(body)
        replicas = _replicas(call.response) if replicas is UNKNOWN else replicas
        return [Written(REPLICAS, UNKNOWN, replicas)]
    if call.verb == "patch" and isinstance(body, list):
        return list(_json_patch(body, document, shape, guess))
    if not isinstance(body, dict):
        return None
    if call.resource == "secrets" and isinstance(body.get("stringData"), dict):
        # The server stores what it is given as `stringData` under `data`.
        data = body.get("data")
        body = {**body, "data": {**(data if isinstance(data, dict) else {}), **body["stringData"]}}
        del body["stringData"]
    whole = call.verb == "update" or {"apiVersion", "kind"} <= body.keys()
    held = _merge(body, document, shape, guess, ())
    return [entry._replace(declared=whole) for entry in held if not is_noise(entry.path)]


def _replicas(body: Any) -> Any:
    spec = body.get("spec") if isinstance(body, dict) else None
    return spec.get("replicas", 0 if body.get("kind") == "Scale" else UNKNOWN) if isinstance(spec, dict) else UNKNOWN


def _json_patch(operations: list[Any], document: Any, shape: Shape, guess: bool) -> Iterator[Written]:
    for operation in operations:
        if not isinstance(operation, dict) or operation.get("op") not in ("add", "remove", "replace", "move", "copy"):
            continue
        places = [("path", ABSENT if operation["op"] == "remove" else operation.get("value", UNKNOWN))]
        if operation["op"] == "move":
            places.append(("from", ABSENT))
        for name, value in places:
            try:
                tokens = parse(str(operation.get(name)))
            except ValueError:
                continue
            path = _with_keys(tokens, value, document, shape, guess)
            if not is_noise(path):
                # Below a list that is taken whole the operation wrote a part: what the list became is not known.
                yield Written(path, UNKNOWN, value if len(path) == len(tokens) else UNKNOWN)


def _with_keys(tokens: tuple[str, ...], value: Any, document: Any, shape: Shape, guess: bool) -> Path:
    if tokens[-1:] == ("-",):
        path = keyed(tokens[:-1], document, shape, guess=guess)
        for token in tokens[:-1]:
            shape = shape.below(token)
        keys = list_keys(shape, [value], guess=guess)
        key = item_key(value, keys) if keys is not None else None
        return (*path, key) if key is not None and len(path) == len(tokens) - 1 else path
    return keyed(tokens, document, shape, guess=guess)


def _merge(body: dict[str, Any], document: Any, shape: Shape, guess: bool, at: Path) -> Iterator[Written]:
    if len(at) > MAX_DEPTH:
        return
    for name, value in body.items():
        if name.startswith("$"):
            yield from _directive(name, value, at)
            continue
        here: Path = (*at, name)
        below = document.get(name) if isinstance(document, dict) else None
        if value is None:
            yield Written(here, UNKNOWN, ABSENT)
        elif isinstance(value, dict) and value and not is_digest(value):
            yield from _merge(value, below, shape.below(name), guess, here)
        elif isinstance(value, list):
            yield from _merge_list(value, below, shape.below(name), guess, here)
        else:
            yield Written(here, UNKNOWN, value)


def _directive(name: str, value: Any, at: Path) -> Iterator[Written]:
    if name == "$patch" and value in ("delete", "replace"):
        yield Written(at, UNKNOWN, ABSENT if value == "delete" else UNKNOWN)
    elif name.startswith("$deleteFromPrimitiveList/"):
        yield Written((*at, name.partition("/")[2]), UNKNOWN, UNKNOWN)


def _merge_list(items: list[Any], document: Any, shape: Shape, guess: bool, at: Path) -> Iterator[Written]:
    keys = list_keys(shape, items, document if isinstance(document, list) else [], guess=guess)
    named = [item_key(item, keys) if keys else None for item in items]
    if not items or any(key is None for key in named):
        yield Written(at, UNKNOWN, items)
        return
    for key, item in zip(named, items, strict=True):
        if key is None or not isinstance(item, dict):
            continue
        if item.get("$patch") == "delete":
            yield Written((*at, key), UNKNOWN, ABSENT)
            continue
        own = {name: value for name, value in item.items() if name not in dict(key.pairs)}
        found = list(_merge(own, _item(document, key, keys), shape.below("*"), guess, (*at, key)))
        yield from found or [Written((*at, key), UNKNOWN, item)]


def _item(items: Any, key: Any, keys: tuple[str, ...] | None) -> Any:
    for item in items if isinstance(items, list) else ():
        other = item_key(item, keys or ())
        if other is not None and other.meets(key):
            return item
    return None
