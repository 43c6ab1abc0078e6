"""New lines of an audit log as they are written, through rotation by rename and by copying and truncating."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

import msgspec

from drifttui.store.audit_files import MAX_RECORD, files_in

CHUNK: Final = 4 << 20
"""Bytes of one file that are read in one go."""
TOO_MANY: Final = 2_000
"""Names of one go; beyond it the answer is that anything may have been written."""


class _Object(msgspec.Struct):
    name: str = ""


class _Answer(msgspec.Struct):
    metadata: _Object = msgspec.field(default_factory=_Object)


class _Head(msgspec.Struct):
    verb: str = ""
    object_ref: _Object = msgspec.field(name="objectRef", default_factory=_Object)
    response_object: _Answer | None = msgspec.field(name="responseObject", default=None)


_DECODER: Final = msgspec.json.Decoder(_Head)


class _Open:
    """One file that grows. The end of a line that is not written yet waits in `rest`."""

    def __init__(self, path: Path, file: IO[bytes], position: int) -> None:
        self.path, self.file, self.position = path, file, position
        self.rest = b""

    def read(self) -> tuple[list[bytes], bool]:
        """Whole new lines, and whether the file was truncated."""
        status = os.fstat(self.file.fileno())
        truncated = status.st_size < self.position
        if truncated:
            self.position, self.rest = 0, b""
        self.file.seek(self.position)
        data = self.file.read(CHUNK)
        self.position += len(data)
        *lines, self.rest = (self.rest + data).split(b"\n")
        if len(self.rest) > MAX_RECORD:
            self.rest = b""
        return lines, truncated

    @property
    def behind(self) -> bool:
        return os.fstat(self.file.fileno()).st_size > self.position


class Follower:
    """Looks when it is told to. Blocking. Compressed files do not grow and are left alone."""

    def __init__(self, places: Sequence[Path]) -> None:
        self._places = places
        self._open: dict[tuple[int, int], _Open] = {}
        self._begun = False
        self.truncations = 0
        """Times that a file was cut while it was followed: what was written just before may not have been seen."""

    def look(self) -> tuple[frozenset[str], bool]:
        """Names of objects written since the last look, and whether there was anything new at all. The first look only
        finds the ends of the files."""
        self._find()
        names: set[str] = set()
        news = anything = False
        for key, held in list(self._open.items()):
            try:
                lines, truncated = held.read()
            except OSError:
                self._close(key)
                continue
            self.truncations += truncated
            for line in lines:
                if line.strip():
                    news = True
                    name = _written(line)
                    anything = anything or name is None
                    if name:
                        names.add(name)
            if not _still_there(held.path, key) and not held.behind:
                self._close(key)
        if anything or len(names) > TOO_MANY:
            names.clear()
        return frozenset(names), news and (anything or bool(names))

    def close(self) -> None:
        for key in list(self._open):
            self._close(key)

    def _find(self) -> None:
        for place in self._places:
            if not place.exists():
                continue
            for path in files_in(place):
                try:
                    status = path.stat()
                    key = (status.st_dev, status.st_ino)
                    if key in self._open:
                        self._open[key].path = path
                        continue
                    file = path.open("rb")
                except OSError:
                    continue
                if file.read(2) == b"\x1f\x8b":
                    file.close()
                    continue
                self._open[key] = _Open(path, file, 0 if self._begun else _line_end(file, status.st_size))
        self._begun = True

    def _close(self, key: tuple[int, int]) -> None:
        self._open.pop(key).file.close()


def _line_end(file: IO[bytes], size: int) -> int:
    """Where the last whole line ends, as far as a look at the last part tells."""
    start = max(0, size - CHUNK)
    file.seek(start)
    at = file.read(CHUNK).rfind(b"\n")
    return start + at + 1 if at >= 0 else size


def _still_there(path: Path, key: tuple[int, int]) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == key


def _written(line: bytes) -> str | None:
    """The name of the object that a line writes; empty for a read, and for something made of which nobody says the name
    (reviews of access are most of these); None where it may be any."""
    try:
        head = _DECODER.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if head.verb in ("get", "list", "watch"):
        return ""
    answered = head.response_object.metadata.name if head.response_object is not None else ""
    return head.object_ref.name or answered or (None if head.verb == "deletecollection" else "")
