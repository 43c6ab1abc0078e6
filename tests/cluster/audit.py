"""The API server's audit log, read from any point on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class AuditLog:
    """Complete lines of one growing file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def end(self) -> int:
        """Where the next event will begin, in bytes."""
        return self._path.stat().st_size if self._path.exists() else 0

    def since(self, position: int) -> Iterator[Event]:
        """From `position` on, or from the beginning when the file has been rotated away under it."""
        position = position if position <= self.end() else 0
        with self._path.open("rb") as file:
            file.seek(position)
            for line in file:
                if line.endswith(b"\n"):
                    yield json.loads(line)

    def writes(self, position: int, name: str) -> list[Event]:
        """Every recorded attempt to change the object called `name`, dry runs and refusals included."""
        reads = {"get", "list", "watch"}
        return [
            event
            for event in self.since(position)
            if event.get("objectRef", {}).get("name") == name and event["verb"] not in reads
        ]


def is_dry_run(event: Mapping[str, Any]) -> bool:
    """A delete says so in its body, everything else in its query. The body of a JSON patch is a list."""
    body = event.get("requestObject")
    return "dryRun=" in event["requestURI"] or (isinstance(body, dict) and bool(body.get("dryRun")))
