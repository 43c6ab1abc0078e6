"""YAML documents as Kubernetes reads them: times stay text, sizes and numbers of documents are bounded."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from ...core.errors import BadAnswer, inert

DOCUMENTS_LIMIT = 5_000
VALUES_LIMIT = 1_000_000


def parse(text: str, what: str) -> list[dict[str, Any]]:
    """Every object in `text`, Lists taken apart. Raises `BadAnswer`, which calls the text `what`."""
    import yaml

    try:
        found: list[Any] = []
        for document in yaml.load_all(text, Loader=_loader()):
            if len(found) >= DOCUMENTS_LIMIT:
                raise BadAnswer(f"{what} is too large", f"more than {DOCUMENTS_LIMIT} objects")
            if document is not None:
                found.append(document)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadAnswer(f"{what} is no YAML", inert(str(error), 160), "What it declares is unknown.") from error
    bound(found, what)
    objects: list[dict[str, Any]] = []
    for document in found:
        if not isinstance(document, dict):
            raise BadAnswer(f"{what} holds something that is no object", f"a {type(document).__name__}")
        items = document.get("items")
        if isinstance(items, list) and str(document.get("kind", "")).endswith("List"):
            objects += [item for item in items if isinstance(item, dict)]
        else:
            objects.append(document)
    for each in objects:
        if not (each.get("kind") and each.get("apiVersion") and isinstance(each.get("metadata"), dict)):
            raise BadAnswer(f"{what} holds something that is no object", "kind, apiVersion or metadata is missing")
    return objects


def normal(document: dict[str, Any]) -> dict[str, Any]:
    """As Flux writes it before it applies (fluxcd/pkg, `ssa/normalize`): values of a Secret encoded, no status."""
    made = {name: value for name, value in document.items() if name != "status"}
    if made.get("kind") == "Secret" and made.get("apiVersion") == "v1" and isinstance(made.get("stringData"), dict):
        plain = made.pop("stringData")
        encoded = {name: base64.b64encode(str(value).encode()).decode() for name, value in plain.items()}
        made["data"] = {**(made.get("data") or {}), **encoded}
    return made if document.get("kind") != "CustomResourceDefinition" else document


def load(text: str, what: str) -> Any:
    """The one document in `text`. Raises `BadAnswer`."""
    import yaml

    try:
        found = yaml.load(text, Loader=_loader())  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadAnswer(f"{inert(what, 100)} is no YAML", inert(str(error), 160), "It cannot be built.") from error
    bound(found, what)
    return found


def bound(value: Any, what: str) -> None:
    """Raises `BadAnswer` for more values than a document has: aliases of aliases make millions out of a few lines."""
    waiting, left = [value], VALUES_LIMIT
    while waiting:
        one = waiting.pop()
        inner = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else ()
        left -= len(inner)
        if left < 0:
            raise BadAnswer(f"{inert(what, 100)} is too large", f"more than {VALUES_LIMIT} values")
        waiting += inner


@cache
def _loader() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """Safe, without timestamps: `2026-01-01` in a manifest is a text."""

    # Of YAML 1.1 words only those that Go's YAML takes for booleans too.
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    return Loader
