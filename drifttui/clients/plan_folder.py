"""Where a plan file lies while it is read: it holds secrets in plain text."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def private_folder(data: Path) -> Iterator[Path]:
    """A folder for one plan file. Folders that a killed session left behind go first."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in data.glob("plan-*-*"):
        if not _alive(left.name.split("-")[1]):
            shutil.rmtree(left, ignore_errors=True)
    folder = tempfile.mkdtemp(prefix=f"plan-{os.getpid()}-", dir=data)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    return True
