"""What a session keeps of itself while it runs (`store.journal`), so that an export holds what was seen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from drifttui.core.board import Depth, Look
from drifttui.core.finding import Finding
from drifttui.core.identity import UnitId
from drifttui.core.ports import Batch, Clock
from drifttui.core.tool import TOOL
from drifttui.core.words import clean
from drifttui.store.journal import LIMIT, Head, Journal

from . import answers


class Recording(Protocol):
    """What a collector tells of everything that it sees. From one thread; `flush` from any."""

    def batch(self, batch: Batch) -> None: ...

    def look(self, unit: UnitId, look: Look) -> None: ...

    def incident(self, incident: str) -> None: ...

    def flush(self) -> bool: ...

    def close(self) -> None: ...


class Recorder:
    """A `Recording` on the disk, on which nothing is before the first batch."""

    def __init__(self, clock: Clock, *, incident: str = "", folder: Path | None = None, limit: int = LIMIT) -> None:
        self._clock, self._incident = clock, incident
        self._folder, self._limit = folder, limit
        self._journal: Journal | None = None
        self._told: dict[UnitId, object] = {}

    @property
    def problem(self) -> str:
        """Why nothing is kept any more; empty while all is well."""
        return self._journal.problem if self._journal is not None else ""

    def batch(self, batch: Batch) -> None:
        self._started(batch.at).batch(batch)

    def look(self, unit: UnitId, look: Look) -> None:
        """Kept only where it says something new: looks are repeated all the time."""
        if look.depth not in (Depth.READ, Depth.FAILED):
            return
        said = (look.depth, look.error, tuple((f.id, f.fingerprint, f.verdict) for f in look.findings), _who(look),
                look.conflicts, look.undone)  # fmt: skip
        if self._told.get(unit) == said:
            return
        self._told[unit] = said
        self._started(self._clock()).look(look_body(unit, look, self._clock()))

    def incident(self, incident: str) -> None:
        """The incident was set or changed while the session ran."""
        self._incident = incident
        if self._journal is not None:
            self._journal.said({"at": answers.moment(self._clock()), "kind": "incident", "incident": incident})

    def flush(self) -> bool:
        """What was told so far is on the disk, for whoever reads the record while the session runs. False where it
        is not."""
        return self._journal is None or self._journal.flush()

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()

    def _started(self, at: datetime) -> Journal:
        if self._journal is None:
            started = min(at, self._clock()).astimezone(UTC)
            name = f"{started:%Y%m%dT%H%M%SZ}-{os.getpid()}"
            head = Head(name, started, TOOL, self._incident)
            self._journal = Journal(head, folder=self._folder, limit=self._limit)
        return self._journal


def _who(look: Look) -> object:
    return tuple(getattr(finding, "who", ()) for finding in look.findings)


def look_body(unit: UnitId, look: Look, at: datetime) -> Mapping[str, Any]:
    """A look in the words of `--json`."""
    return {
        "at": answers.moment(at),
        "unit": str(unit),
        "looked": look.depth.value,
        "error": look.error,
        "hidden": look.hidden,
        "findings": [finding_body(finding) for finding in look.findings],
        **({"conflicts": [one.sentence for one in look.conflicts]} if look.conflicts else {}),
        **({"undone": [answers.undone(one) for one in look.undone]} if look.undone else {}),
    }


def finding_body(finding: Finding) -> dict[str, Any]:
    body = answers.finding(finding)
    return {"summary": clean(finding.summary), "fingerprint": finding.fingerprint, **body}
