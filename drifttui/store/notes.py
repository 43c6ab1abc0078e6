"""Presenter notes beside a bundle: a JSON file of its own, so that the bundle stays as it was signed.

`{"schema": "drifttui.notes/1", "bundle": "<SHA-256 of the manifest>", "notes": [{"at": "…", "note": "…"}]}`
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from drifttui.core.errors import InputError

from .paths import PRIVATE_FILE

SCHEMA = "drifttui.notes/1"
LONGEST = 2_000
"""Characters of one note."""
_LARGEST = 4 * 1024 * 1024


class Notes:
    """Notes by the moment that they belong to. Kept at once; `problem` says why where they cannot be."""

    def __init__(self, path: Path, bundle: str) -> None:
        """`bundle` is the SHA-256 of the manifest. Raises `InputError` for a file that is none or of another bundle."""
        self.path, self._bundle = path, bundle
        self.problem = ""
        self._held: dict[datetime, str] = {}
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return
        except OSError as error:
            raise InputError(f"Cannot read {path}", error.strerror or str(error)) from None
        try:
            raw = json.loads(content)
            if raw["schema"] != SCHEMA:
                raise InputError(f"{path} holds no notes", f"its schema is {raw['schema']}"[:120])
            found = {datetime.fromisoformat(one["at"]): str(one["note"])[:LONGEST] for one in raw["notes"]}
            owner = str(raw["bundle"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InputError(f"{path} holds no notes", "it is damaged", "Move it away, or give --notes.") from None
        if owner != bundle:
            raise InputError(f"{path} belongs to another bundle", "", "Move it away, or give --notes.")
        self._held = found

    def of(self, at: datetime | None) -> str:
        return self._held.get(at, "") if at is not None else ""

    def write(self, at: datetime, note: str) -> None:
        """An empty note takes it away."""
        if note.strip():
            self._held[at] = note.strip()[:LONGEST]
        else:
            self._held.pop(at, None)
        document = {
            "schema": SCHEMA,
            "bundle": self._bundle,
            "notes": [{"at": at.isoformat(), "note": note} for at, note in sorted(self._held.items())],
        }
        temporary = self.path.with_name(f".{self.path.name}.part")
        try:
            temporary.touch(PRIVATE_FILE)
            temporary.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            temporary.replace(self.path)
            self.problem = ""
        except OSError as error:
            temporary.unlink(missing_ok=True)
            self.problem = f"The note is not kept: {error.strerror or error}"
