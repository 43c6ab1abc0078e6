"""Bundles on disk: written so that equal contents are equal bytes, read so that nothing in them is trusted.

Headers are packed and parsed by `tarfile`; its reader is not used, because it follows whatever a header says (long
names, pax records, sparse maps) before anybody can refuse it.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from drifttui.core.bundle import (
    ATTESTATION,
    LARGEST_FILE,
    LARGEST_MANIFEST,
    LARGEST_RATIO,
    LARGEST_WHOLE,
    MANIFEST,
    MOST_FILES,
    unsafe_name,
)
from drifttui.core.errors import BundleError

BLOCK = 512
CHUNK = 1024 * 1024
_END = 20 * BLOCK
"""Records of a tar end on this; what is behind the two empty blocks must be empty, too."""

_REFUSED = "Do not open it elsewhere either; ask for a new export."


class Entry(NamedTuple):
    name: str
    size: int
    chunks: Iterator[bytes]
    """To be read to the end before the next entry is asked for."""


class Content(NamedTuple):
    """A file to be written: its chunks are read once and must have `size` bytes together."""

    name: str
    size: int
    chunks: Callable[[], Iterable[bytes]]


def write_bundle(file: BinaryIO, contents: Iterable[Content], *, level: int = 6) -> None:
    """`contents` in the order given. No times, no owners, no host: equal contents are equal bytes."""
    packed = zlib.compressobj(level, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for content in contents:
        header = tarfile.TarInfo(content.name)
        header.size, header.mode = content.size, 0o644
        file.write(packed.compress(header.tobuf(tarfile.USTAR_FORMAT)))
        written = 0
        for chunk in content.chunks():
            written += len(chunk)
            file.write(packed.compress(chunk))
        if written != content.size:
            raise BundleError(f"{content.name} changed while it was written", "", "Export again.")
        file.write(packed.compress(b"\0" * (-written % BLOCK)))
    file.write(packed.compress(b"\0" * (2 * BLOCK)))
    file.write(packed.flush())


class _Inflating:
    """Bytes of one gzip member. Raises `BundleError` for what expands too much, ends early or goes on after its end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._ahead = bytearray()
        self._read = self._given = 0

    def take(self, count: int) -> bytes:
        """Exactly `count` bytes, or fewer at the end."""
        while len(self._ahead) < count and self._more():
            pass
        taken = bytes(self._ahead[:count])
        del self._ahead[:count]
        return taken

    def chunk(self, most: int) -> bytes:
        """Some bytes, without copying what came in one piece; empty at the end."""
        if not self._ahead:
            self._more()
        if len(self._ahead) <= most:
            taken, self._ahead = self._ahead, bytearray()
            return bytes(taken)
        return self.take(most)

    def _more(self) -> bool:
        if self._inflate.eof:
            if self._inflate.unused_data or self._file.read(1):
                raise BundleError("The bundle goes on behind its end", "", _REFUSED)
            return False
        waiting = self._inflate.unconsumed_tail
        if not waiting:
            waiting = self._file.read(CHUNK // 4)
            self._read += len(waiting)
            if not waiting:
                raise BundleError("The bundle is cut off", f"after {self._read} bytes", "Copy it again.")
        try:
            found = self._inflate.decompress(waiting, CHUNK)
        except zlib.error as error:
            raise BundleError("The bundle is damaged", str(error), "Copy it again.") from None
        self._given += len(found)
        if self._given > LARGEST_WHOLE or self._given > LARGEST_RATIO * self._read + CHUNK:
            raise BundleError("The bundle expands to more than anybody exports", "", _REFUSED)
        self._ahead += found
        return True


def entries(file: BinaryIO) -> Iterator[Entry]:
    """The files of a bundle, streamed. Raises `BundleError` at the first thing that drifttui does not write."""
    data = _Inflating(file)
    names: set[str] = set()
    while True:
        block = data.take(BLOCK)
        if len(block) < BLOCK:
            raise BundleError("The bundle is cut off", "it ends without an end", "Copy it again.")
        if block == bytes(BLOCK):
            break
        name, size = _header(block)
        if name in names:
            raise BundleError("The bundle holds a file twice", name, _REFUSED)
        names.add(name)
        if len(names) > MOST_FILES + 2:
            raise BundleError("The bundle holds too many files", f"more than {MOST_FILES}", _REFUSED)
        body = _Body(data, name, size)
        yield Entry(name, size, iter(body))
        body.finish()
    rest = data.take(_END + 1)
    if len(rest) < BLOCK or len(rest) > _END or any(rest):
        raise BundleError("The bundle goes on behind its end", "", _REFUSED)


class _Body:
    def __init__(self, data: _Inflating, name: str, size: int) -> None:
        self._data, self._name, self._size, self._left = data, name, size, size

    def __iter__(self) -> Iterator[bytes]:
        while self._left:
            chunk = self._data.chunk(min(self._left, CHUNK))
            if not chunk:
                raise BundleError("The bundle is cut off", f"in {self._name}", "Copy it again.")
            self._left -= len(chunk)
            yield chunk

    def finish(self) -> None:
        for _ in self:
            pass
        if any(self._data.take(-self._size % BLOCK)):
            raise BundleError("The bundle hides something between its files", self._name, _REFUSED)


def _header(block: bytes) -> tuple[str, int]:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise BundleError("The bundle is damaged", f"a tar header: {error}", "Copy it again.") from None
    if header.type != tarfile.REGTYPE:
        raise BundleError("The bundle holds more than files", f"{header.name} is of type {header.type!r}", _REFUSED)
    if why := unsafe_name(header.name):
        raise BundleError("The bundle holds a file that is not opened", f"{header.name}: {why}", _REFUSED)
    if not 0 <= header.size <= LARGEST_FILE:
        raise BundleError("The bundle holds a file that is too large", header.name, _REFUSED)
    if header.name in (MANIFEST, ATTESTATION) and header.size > LARGEST_MANIFEST:
        raise BundleError(f"{header.name} is too large", f"{header.size} bytes", _REFUSED)
    return header.name, header.size


def open_bundle(path: Path) -> BinaryIO:
    """Raises `BundleError` where it cannot be read or is no gzip file."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise BundleError(f"Cannot read {path}", error.strerror or str(error)) from None
    try:
        magic = file.read(2)
        file.seek(0)
    except OSError as error:
        file.close()
        raise BundleError(f"Cannot read {path}", error.strerror or str(error)) from None
    if magic != b"\x1f\x8b":
        file.close()
        raise BundleError(f"{path} is no bundle", "it is not gzip", "A bundle is a .tar.gz made by `drifttui export`.")
    return file
