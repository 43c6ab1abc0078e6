"""Every test that takes `place` runs over a file and over PostgreSQL."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import postgres
from .ledgers import Place

_names = itertools.count()


@pytest.fixture(scope="session")
def database_server() -> Iterator[Path]:
    try:
        with postgres.server() as folder:
            yield folder
    except postgres.NoServer as error:
        if os.environ.get(postgres.REQUIRED):
            raise
        pytest.skip(str(error))


@pytest.fixture
def database(database_server: Path) -> str:
    """The URL of an empty database."""
    return postgres.fresh_database(database_server, f"ledger{os.getpid()}_{next(_names)}")


@pytest.fixture(params=["file", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Where a ledger may be; nothing is there yet."""
    target = str(tmp_path / "data" / "ledger.db") if request.param == "file" else request.getfixturevalue("database")
    made = Place(target)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of redaction is made here and not in the operator's home."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
