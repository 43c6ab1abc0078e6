"""A `.tar.gz` from elsewhere as files in memory. Nothing is written, so that nothing can be written outside.

Everything that a hostile archive can do is bounded: size unpacked, number of entries, depth and length of names. Links,
devices and paths that lead out are refused as a whole: an archive that holds one is not from a source-controller.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from ..core.errors import BadAnswer, inert

UNPACKED_LIMIT = 200 * 1024 * 1024
"""Bytes of all files together."""

ENTRIES_LIMIT = 50_000
NAME_LIMIT = 1024


def unpack(archive: bytes, what: str) -> Mapping[str, bytes]:
    """Regular files by their path inside, without a leading `./`. Raises `BadAnswer`, which calls it `what`."""
    files: dict[str, bytes] = {}
    left = UNPACKED_LIMIT
    try:
        with tarfile.open(fileobj=_Bounded(archive, UNPACKED_LIMIT * 2), mode="r|") as opened:
            for number, entry in enumerate(opened):
                if number >= ENTRIES_LIMIT:
                    raise _refused(what, f"more than {ENTRIES_LIMIT} entries")
                name = _inside(entry.name, what)
                if entry.isdir():
                    continue
                if not entry.isreg():
                    raise _refused(what, f"{name or entry.name} is no regular file")
                left -= entry.size
                if entry.size < 0 or left < 0:
                    raise _refused(what, f"more than {UNPACKED_LIMIT // 1_000_000} MB unpacked")
                held = opened.extractfile(entry)
                files[name] = held.read() if held is not None else b""
    except (tarfile.TarError, zlib.error, EOFError, OverflowError, ValueError, UnicodeError) as error:
        raise _refused(what, f"it cannot be unpacked: {error}") from error
    return files


class _Bounded(io.RawIOBase):
    """The unpacked bytes, one piece after the other, and no more than `limit` of them."""

    def __init__(self, packed: bytes, limit: int) -> None:
        self._packed = packed
        self._limit = limit
        self._unpacker = zlib.decompressobj(wbits=31)
        self._tail = packed
        self._given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = 65536 if size < 0 else size
        found = bytearray()
        while len(found) < wanted and not self._unpacker.eof and self._tail:
            piece = self._unpacker.decompress(self._tail, wanted - len(found))
            self._tail = self._unpacker.unconsumed_tail
            found += piece
            if not piece and not self._tail:
                break
        self._given += len(found)
        if self._given > self._limit:
            raise ValueError("it unpacks to too much")
        return bytes(found)


def _inside(name: str, what: str) -> str:
    path = PurePosixPath(name)
    if len(name) > NAME_LIMIT or "\0" in name or "\\" in name or path.is_absolute() or ".." in path.parts:
        raise _refused(what, f"{name} leads out of it")
    return str(path) if path.parts else ""


def _refused(what: str, why: str) -> BadAnswer:
    return BadAnswer(f"{what} is not used", inert(why, 200), "What it declares is unknown, which is not clean.")
