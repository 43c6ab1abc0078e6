"""Where in a large audit file the writes on each object lie, kept from one search to the next.

An index belongs to a file by device, inode and the bytes at its head, so that it outlives rotation by rename, grows
with the file, and falls with a file that was truncated or written anew. It holds numbers of names and offsets, and no
content.
"""

from __future__ import annotations

import os
import threading
import time
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple
from zlib import crc32

from drifttui.clients.audit_search import ALONE, search_file, search_packed, unpack
from drifttui.clients.audit_worker import BUCKETS, HEAD, MAX_ODD, Found, pack
from drifttui.core.errors import InputError, Unreachable

from .paths import cache_directory, write_private

MAGIC: Final = b"drifttui audit index 2 " + array("Q", [1]).tobytes() + b"\n"
"""Also tells the order of bytes."""
KEEP_DAYS: Final = 30
_HEAD_BYTES: Final = 4096
_TAIL_BYTES: Final = 64
_SNIFF: Final = 1 << 20
"""Bytes in which a line must begin as the API server begins it: the first one may have been cut."""
_SMALL: Final = 4 << 20
_LINE_SEARCH: Final = 64 << 20
"""Bytes from the end in which the last newline is looked for."""


class Identity(NamedTuple):
    device: int
    inode: int
    size: int
    packed: bool


class FileIndex:
    """One file. `parts` follow one another without gaps from the start of the file, or of a gzip file's content."""

    def __init__(self, path: Path, identity: Identity) -> None:
        self.path = path
        self.identity = identity
        self.parts: list[Found] = []
        self.head = 0
        """Bytes of the head that `head_sum` is the checksum of; likewise the last bytes that are covered."""
        self.head_sum = 0
        self.tail_sum = 0
        self.saved = 0

    @property
    def covered(self) -> int:
        return self.parts[-1].end if self.parts else 0

    @property
    def lines(self) -> int:
        return sum(part.lines for part in self.parts)

    @property
    def odd(self) -> list[int]:
        return [offset for part in self.parts for offset in part.odd]

    @property
    def too_odd(self) -> bool:
        """So many lines are not as the API server writes them that the file is better read through."""
        return sum(len(part.odd) for part in self.parts) >= MAX_ODD

    def offsets(self, keys: Iterable[int]) -> list[int]:
        """Where lines that may be about these begin, in the order of the file."""
        return sorted({offset for key in keys for part in self.parts for offset in part.offsets(key)})


class AuditIndexes:
    """The indexes of one session. Blocking; one thread at a time works on them."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory or cache_directory() / "audit"
        self._held: dict[tuple[int, int], FileIndex] = {}
        self._lock = threading.Lock()
        self._tidied = False

    def of(self, path: Path, stop: threading.Event) -> tuple[FileIndex | None, int]:
        """The index of all whole lines that the file holds now, and how many bytes were searched for it. No index: the
        file does not look as the API server writes it.

        Raises `Unreachable` where the file cannot be read, `Stopped`.
        """
        with self._lock:
            try:
                return self._of(path, stop)
            except OSError as error:
                raise Unreachable(f"{path} cannot be read", error.strerror or "") from error

    def _of(self, path: Path, stop: threading.Event) -> tuple[FileIndex | None, int]:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            head = file.read(_HEAD_BYTES)
        packed = head[:2] == b"\x1f\x8b"
        if not packed and not head.startswith(HEAD) and b"\n" + HEAD not in _read(path, 0, _SNIFF):
            return None, 0
        identity = Identity(status.st_dev, status.st_ino, status.st_size, packed)
        index = self._held.get(identity[:2]) or self._load(path, identity)
        if not _is_of(index, path, identity, head):
            index = FileIndex(path, identity)
        index.path, index.identity = path, identity
        if not index.head:
            index.head, index.head_sum = len(head), crc32(head)
        searched = self._extend(index, stop)
        self._held[identity[:2]] = index
        return (None if index.too_odd or _empty(index) else index), searched

    def _extend(self, index: FileIndex, stop: threading.Event) -> int:
        path, size = index.path, index.identity.size
        before = index.covered
        if index.identity.packed:
            if not index.parts:
                index.parts = [search_packed(path, size, stop)]
                self._save(index, size)
                return size
            return 0
        end = _last_newline(path, before, size)
        if end <= before:
            return 0
        for part in search_file(path, before, end, stop):
            if index.parts and part.end - index.parts[-1].start <= _SMALL:
                index.parts[-1] = _joined(index.parts[-1], part)
            else:
                index.parts.append(part)
        index.tail_sum = crc32(_read(path, max(0, index.covered - _TAIL_BYTES), index.covered))
        if index.covered - index.saved > ALONE:
            self._save(index, index.covered)
        return end - before

    def _file(self, identity: Identity) -> Path:
        return self._directory / f"{identity.device:x}-{identity.inode:x}.index"

    def _save(self, index: FileIndex, size: int) -> None:
        """As far as that is possible: a search without an index is slower and says the same."""
        if size <= ALONE // (8 if index.identity.packed else 1):
            return
        packed_size = index.identity.size if index.identity.packed else 0
        body = [array("Q", (packed_size, index.head, index.head_sum, index.tail_sum)).tobytes()]
        for part in index.parts:
            held = pack(part)
            body += [array("Q", [len(held)]).tobytes(), held]
        content = b"".join(body)
        try:
            # Its checksum tells a file that a crash has left half written.
            held = MAGIC + array("Q", [crc32(content)]).tobytes() + content
            write_private(self._file(index.identity), held, synced=False)
            self._tidy()
        except (OSError, InputError):
            return
        index.saved = index.covered

    def _load(self, path: Path, identity: Identity) -> FileIndex:
        index = FileIndex(path, identity)
        try:
            held = self._file(identity).read_bytes()
        except OSError:
            return index
        start = len(MAGIC) + 8
        content = memoryview(held)[start:]
        if held[: len(MAGIC)] != MAGIC or array("Q", held[len(MAGIC) : start])[0] != crc32(content):
            return index
        size, index.head, index.head_sum, index.tail_sum = array("Q", content[:32].tobytes())
        if size != (identity.size if identity.packed else 0):
            return FileIndex(path, identity)
        at = 32
        while at < len(content):
            (length,) = array("Q", content[at : at + 8].tobytes())
            index.parts.append(unpack(content[at + 8 : at + 8 + length]))
            at += 8 + length
        index.saved = index.covered
        return index

    def _tidy(self) -> None:
        """Indexes that no search has renewed for a month are of files that are gone."""
        if self._tidied:
            return
        self._tidied = True
        oldest = time.time() - KEEP_DAYS * 86400
        for file in self._directory.glob("*.index"):
            if file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)


def _is_of(index: FileIndex, path: Path, identity: Identity, head: bytes) -> bool:
    """Whether the file still begins and goes on as it did when the index was made."""
    if not index.parts:
        return True
    if identity.packed != index.identity.packed or crc32(head[: index.head]) != index.head_sum:
        return False
    if identity.packed:
        return index.identity.size == identity.size
    if identity.size < index.covered:
        return False
    return crc32(_read(path, max(0, index.covered - _TAIL_BYTES), index.covered)) == index.tail_sum


def _empty(index: FileIndex) -> bool:
    """A packed file in which nothing looks as the API server writes it."""
    return index.identity.packed and not any(part.keys for part in index.parts) and bool(index.odd)


def _joined(one: Found, other: Found) -> Found:
    shift = other.start - one.start
    merged = Found(one.start)
    merged.end, merged.lines = other.end, one.lines + other.lines
    merged.group([*one.bucket(at), *(key + shift for key in other.bucket(at))] for at in range(BUCKETS))
    merged.odd = one.odd + other.odd
    merged.first, merged.last = one.first or other.first, other.last or one.last
    return merged


def _read(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def _last_newline(path: Path, start: int, size: int) -> int:
    """Where the last whole line ends; `start` where there is none after it."""
    end = size
    while end > start and size - end < _LINE_SEARCH:
        begin = max(start, end - (1 << 20))
        at = _read(path, begin, end).rfind(b"\n")
        if at >= 0:
            return begin + at + 1
        end = begin
    return start


def span(indexes: Sequence[FileIndex]) -> tuple[bytes, bytes]:
    """Times of the earliest and the latest line that the parts begin or end with, as they stand in the file."""
    firsts = [part.first for index in indexes for part in index.parts if part.first]
    lasts = [part.last for index in indexes for part in index.parts if part.last]
    return min(firsts, default=b""), max(lasts, default=b"")
