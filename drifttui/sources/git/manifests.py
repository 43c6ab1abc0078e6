"""Files of a repository as manifests, and what a Kustomization builds on."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from ...core.git import normal_folder

FILE_LIMIT: Final = 2 * 1024 * 1024
"""Characters of one file; generated definitions reach one million."""
DOCUMENTS_LIMIT: Final = 2_000
VALUES_LIMIT: Final = 500_000
YAML: Final = (".yaml", ".yml", ".json")
KUSTOMIZATIONS: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_BUILT_ON: Final = ("resources", "bases", "components", "patches", "patchesStrategicMerge", "crds")


def documents(text: str) -> list[dict[str, Any]] | None:
    """Every object in `text`, Lists taken apart; None for what is no plain YAML (templates, too much, broken)."""
    import yaml

    if len(text) > FILE_LIMIT:
        return None
    found: list[dict[str, Any]] = []
    try:
        for document in yaml.load_all(text, Loader=_loader()):
            if len(found) >= DOCUMENTS_LIMIT:
                return None
            if not isinstance(document, dict):
                continue
            items = document.get("items")
            if isinstance(items, list) and str(document.get("kind", "")).endswith("List"):
                found += [item for item in items if isinstance(item, dict)]
            else:
                found.append(document)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return None if _too_large(found) else found


def built_on(folder: str, text: str) -> list[str]:
    """Places in the same repository that a `kustomization.yaml` in `folder` names. What is remote is left out."""
    found = documents(text)
    places: list[str] = []
    for document in found or ():
        for key in _BUILT_ON:
            entries = document.get(key)
            for entry in entries if isinstance(entries, list) else ():
                path = entry.get("path") if isinstance(entry, dict) else entry
                if isinstance(path, str) and path and "://" not in path and "\n" not in path and "?" not in path:
                    places.append(normal_folder(f"{folder}/{path}"))
    return places


def _too_large(found: list[dict[str, Any]]) -> bool:
    """Whether anything holds more values than a person wrote: aliases of aliases make millions of a few lines."""
    waiting: list[Any] = list(found)
    seen = 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > VALUES_LIMIT:
            return True
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return False


@cache
def _loader() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """Safe, without timestamps: `2026-01-01` in a manifest is a text."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    return Loader
