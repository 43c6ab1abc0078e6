"""A home with a recorded incident in it, and the board of the session that recorded it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.core.board import Board, Depth, Look, Mode
from drifttui.core.health import SourceHealth, Standing
from drifttui.services.exporting import LiveEvidence
from drifttui.services.session import Settings

from . import sessions

NOW = sessions.minute(10)


def home(folder: Path, monkeypatch: pytest.MonkeyPatch, note: str = "") -> Path:
    for variable, name in (("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")):
        monkeypatch.setenv(variable, str(folder / name))
    monkeypatch.setenv("TMPDIR", str(folder / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (folder / "tmp").mkdir()
    sessions.incident(folder / "data" / "drifttui" / "sessions", note)
    return folder


def board(**more: Any) -> Board:
    units = [sessions.unit(name) for name in ("payments", "checkout", "docs")]
    seen = sessions.inspection("checkout", sessions.minute(9), "", clean=False)
    found = (sessions.finding("checkout"),)
    return Board(
        units={one.id: one for one in units},
        looks={sessions.unit_id("checkout"): Look(Depth.READ, found, seen, 0, sessions.minute(9))},
        sources={sessions.SOURCE: SourceHealth(sessions.SOURCE, "Argo CD", Standing.OK, newest_answer=NOW)},
        at=NOW,
        mode=Mode.LIVE,
        version=1,
        **{"incident": "INC-1", **more},
    )


def evidence(**settings: Any) -> LiveEvidence:
    chosen = Settings(redaction_key=b"k" * 32, **{"access": Access.FULL, **settings})
    return LiveEvidence(chosen, lambda: NOW + timedelta(minutes=1))
