"""Rows of the last session, so that ten thousand units are on screen before the first answer arrives.

What comes from here is always shown as stale: nobody has vouched for it since.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path

from drifttui.core.errors import InputError
from drifttui.core.unit import Unit

from .paths import cache_directory, write_private


class RowCache:
    """One file per session of the same kind: another kubeconfig must not show the rows of this one.

    `of` says what is read; equal words, in any order, are the same file.
    """

    def __init__(self, of: Iterable[str], directory: Path | None = None) -> None:
        words = "\x00".join(sorted(of)).encode()
        name = f"{zlib.crc32(words):08x}-{len(words)}"
        self.path = (directory or cache_directory()) / f"rows-{name}.msgpack"

    def load(self) -> list[Unit]:
        """The rows, or none: a cache that cannot be read is no news."""
        from .wire import units_in

        try:
            return units_in(self.path.read_bytes())
        except (OSError, ValueError):
            return []

    def save(self, units: Iterable[Unit]) -> bool:
        """False where nothing could be written; the session goes on without a cache."""
        from .wire import units_out

        try:
            write_private(self.path, units_out(units))
        except (OSError, InputError):
            return False
        return True
