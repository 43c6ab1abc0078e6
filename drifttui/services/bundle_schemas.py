"""The JSON Schemas of a bundle's files, as they stand in each bundle and in `docs/schemas/bundle`."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

SCHEMAS = {
    f"{name}.json" if name == "record" else f"{name}.jsonl": f"drifttui.{name}/1"
    for name in (
        "audit", "changes", "closeout", "findings", "health", "ledger", "links", "observations", "pauses", "record",
        "timeline", "units", "verdicts", "withheld",
    )
}  # fmt: skip
"""File → the name and version of its schema, as the manifest gives it."""


@lru_cache(maxsize=1)
def schema_files() -> dict[str, str]:
    """`schemas/findings.json` and so on, as text."""
    import msgspec

    from drifttui.core.bundle_models import LINES
    from drifttui.store.wire import WireBatch

    found: dict[str, dict[str, Any]] = {name: model.model_json_schema() for name, model in LINES.items()}
    wire = msgspec.json.schema(WireBatch)
    for name in ("health.jsonl", "observations.jsonl", "units.jsonl"):
        found[name] = wire
    return {
        f"schemas/{name.rsplit('.', 1)[0]}.json": json.dumps(
            {"$id": SCHEMAS[name], **schema}, indent=2, sort_keys=True, ensure_ascii=False
        )
        + "\n"
        for name, schema in sorted(found.items())
    }
