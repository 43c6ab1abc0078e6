"""What Flux says that it has applied: `status.inventory.entries` (fluxcd/cli-utils `object/objmetadata.go`).

`{"id": "<namespace>_<name>_<group>_<kind>", "v": "v1"}`. Names of RBAC objects may hold colons, which are written `__`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...core.identity import ResourceRef


def entries(status: Mapping[str, Any], cluster: str) -> Iterator[tuple[ResourceRef, str]]:
    """Each object and the version it was applied in. What is no entry is left out."""
    inventory = status.get("inventory")
    found = inventory.get("entries") if isinstance(inventory, dict) else None
    for entry in found if isinstance(found, list) else ():
        if isinstance(entry, dict) and (ref := parsed(str(entry.get("id") or ""), cluster)) is not None:
            yield ref, str(entry.get("v") or "")


def parsed(text: str, cluster: str) -> ResourceRef | None:
    """From both ends: namespace, group and kind hold no underscore, names of RBAC objects do."""
    namespace, opening, rest = text.partition("_")
    rest, closing, kind = rest.rpartition("_")
    name, middle, group = rest.rpartition("_")
    if not (opening and closing and middle and name and kind):
        return None
    return ResourceRef(cluster, group, kind, namespace, name.replace("__", ":"))
