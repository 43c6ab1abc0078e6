"""Open findings on disk, so that the same drift keeps its id and its beginning across restarts.

SQLite in WAL mode: several drifttui processes may have the file open. What is lost with it is only the ids; where
nothing can be written (a read-only home) the session goes on without it.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from drifttui.core.episodes import OpenFinding
from drifttui.core.errors import InputError
from drifttui.core.identity import ResourceRef, UnitId

from .paths import PRIVATE_FILE, data_directory, private

FORGET_AFTER = timedelta(days=30)
"""A finding that nobody has seen for so long is forgotten: its unit is gone, or nobody looked."""

TOUCH_EVERY = timedelta(hours=1)
"""`last_seen` on disk is this coarse, so that a quiet screen writes nothing."""

_TABLE = """CREATE TABLE IF NOT EXISTS open_findings (
    unit TEXT NOT NULL, ref TEXT NOT NULL, last_seen TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (unit, ref)
) WITHOUT ROWID"""


class FindingStore:
    """Used from one thread at a time. No method raises for what the disk does."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or data_directory() / "findings.db"
        self._held: dict[tuple[UnitId, ResourceRef], OpenFinding] = {}
        self._usable = True

    def load(self, now: datetime) -> None:
        """Read everything once. Rows that cannot be read are passed over; those past their time are forgotten."""
        try:
            with closing(self._connect()) as database, database:
                database.execute("DELETE FROM open_findings WHERE last_seen < ?", ((now - FORGET_AFTER).isoformat(),))
                rows = database.execute("SELECT body FROM open_findings").fetchall()
        except (sqlite3.Error, OSError, InputError):
            self._usable = False
            return
        for (body,) in rows:
            try:
                found = OpenFinding.from_json(json.loads(body))
            except ValueError:
                continue
            self._held[found.unit, found.ref] = found

    def of(self, unit: UnitId) -> Sequence[OpenFinding]:
        return [found for (owner, _), found in self._held.items() if owner == unit]

    def all(self) -> Sequence[OpenFinding]:
        return list(self._held.values())

    def keep(self, opened: Iterable[OpenFinding], closed: Iterable[OpenFinding]) -> None:
        """Remember `opened`, forget `closed`. Writes only what the disk does not know yet."""
        fresh = []
        for found in opened:
            held = self._held.get((found.unit, found.ref))
            same = held is not None and (held.id, held.fingerprint) == (found.id, found.fingerprint)
            if not same or (held is not None and found.last_seen - held.last_seen >= TOUCH_EVERY):
                fresh.append(found)
        gone = [found for found in closed if (found.unit, found.ref) in self._held]
        for found in fresh:
            self._held[found.unit, found.ref] = found
        for found in gone:
            del self._held[found.unit, found.ref]
        if self._usable and (fresh or gone):
            self._write(fresh, gone)

    def _write(self, fresh: Sequence[OpenFinding], gone: Sequence[OpenFinding]) -> None:
        try:
            with closing(self._connect()) as database, database:
                database.executemany(
                    "INSERT OR REPLACE INTO open_findings VALUES (?, ?, ?, ?)",
                    [
                        (str(f.unit), "\x00".join(f.ref), f.last_seen.isoformat(), json.dumps(f.as_json()))
                        for f in fresh
                    ],
                )
                database.executemany(
                    "DELETE FROM open_findings WHERE unit = ? AND ref = ?",
                    [(str(f.unit), "\x00".join(f.ref)) for f in gone],
                )
        except (sqlite3.Error, OSError, InputError):
            self._usable = False

    def _connect(self) -> sqlite3.Connection:
        private(self._path.parent)
        if not self._path.exists():
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT, PRIVATE_FILE))
        database = sqlite3.connect(self._path, timeout=2.0)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(_TABLE)
        return database
