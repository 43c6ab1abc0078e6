"""Recorded sessions: JSON Lines, gzip where the name ends in `.gz`.

The first line is `{"format": 1, "started": "…", "title": "…", "lead": 0}`; each further line is one batch with
its time `t` in seconds since the start (`store.wire.WireBatch`). Documents in it were redacted beforehand.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

import msgspec

from drifttui.core.errors import BundleError
from drifttui.core.ports import Batch

from .wire import FORMAT, batch_in, batch_out

LONGEST_LINE = 64 * 1024 * 1024


class Header(msgspec.Struct):
    format: int
    started: datetime
    title: str = ""
    lead: float = 0.0
    """Seconds that were over when the first looks were done; a showing starts there."""


class Recording(NamedTuple):
    """A session that was. `batches` are in the order of their time, in seconds since `started`."""

    started: datetime
    title: str
    batches: tuple[tuple[float, Batch], ...]
    lead: float = 0.0

    @property
    def seconds(self) -> float:
        return self.batches[-1][0] if self.batches else 0.0


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def read_recording(path: Path) -> Recording:
    """The whole session. Raises `BundleError` naming the line that is wrong."""
    try:
        with _open(path) as file:
            return _read(path, iter(lambda: file.readline(LONGEST_LINE), b""))
    except (OSError, EOFError) as error:
        raise BundleError(f"Cannot read {path}", str(error), "Give a recording made by drifttui.") from error


def _read(path: Path, lines: Iterator[bytes]) -> Recording:
    try:
        header = msgspec.json.decode(next(lines, b""), type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"{path} is no recording", f"line 1: {error}") from error
    if header.format != FORMAT:
        raise BundleError(
            f"{path} has format {header.format}", f"this drifttui reads {FORMAT}", "Use a newer drifttui."
        )
    batches = []
    for number, line in enumerate(lines, 2):
        try:
            batches.append(batch_in(line))
        except ValueError as error:
            raise BundleError(f"{path} is damaged", f"line {number}: {error}") from error
    batches.sort(key=lambda item: item[0])
    return Recording(header.started, header.title, tuple(batches), header.lead)


class RecordingWriter:
    """Appends batches as they happen. One writer per file."""

    def __init__(self, path: Path, clock: Callable[[], datetime], title: str = "", lead: float = 0.0) -> None:
        """`lead` is told beforehand; a recording is never rewritten."""
        self._clock = clock
        self._started = clock()
        file = gzip.GzipFile(path, "wb", mtime=0) if path.suffix == ".gz" else path.open("wb")
        self._file = cast(BinaryIO, file)
        self._file.write(msgspec.json.encode(Header(FORMAT, self._started, title, lead)) + b"\n")

    def add(self, batch: Batch) -> None:
        self._file.write(batch_out(batch, (self._clock() - self._started).total_seconds()) + b"\n")

    def close(self) -> None:
        self._file.close()
