"""Whether a document is what one of our published schemas says: the few keywords that they use, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).parent.parent / "docs" / "schemas"
KNOWN = {
    "$id", "$schema", "additionalProperties", "anyOf", "const", "description", "enum", "format", "items", "minimum",
    "properties", "required", "type",
}  # fmt: skip
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}


def departures(document: Any, name: str) -> list[str]:
    """One line for each thing that `docs/schemas/NAME.schema.json` does not allow."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return list(_departures(document, schema, "$"))


def _departures(value: Any, schema: dict[str, Any], where: str) -> Iterator[str]:
    assert schema.keys() <= KNOWN, f"{where}: {schema.keys() - KNOWN} is not looked at here"
    if "anyOf" in schema and all(list(_departures(value, one, where)) for one in schema["anyOf"]):
        yield f"{where}: fits none"
    if "const" in schema and value != schema["const"]:
        yield f"{where}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not one of {schema['enum']}"
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        yield f"{where}: {value!r} is no {schema['type']}"
        return
    if schema.get("format") == "date-time" and datetime.fromisoformat(value).tzinfo is None:
        yield f"{where}: {value!r} names no time zone"
    if isinstance(value, dict):
        known = schema.get("properties", {})
        yield from (f"{where}: lacks {key}" for key in schema.get("required", ()) if key not in value)
        if schema.get("additionalProperties") is False:
            yield from (f"{where}: {key} is not in the schema" for key in value if key not in known)
        for key, inner in value.items():
            if key in known:
                yield from _departures(inner, known[key], f"{where}.{key}")
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from _departures(item, schema["items"], f"{where}[{number}]")
