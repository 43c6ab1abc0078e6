"""Where the writes on each object lie in an audit log of the API server. Runs in the process or as one of its own:
`python -I -S audit_worker.py FILE START END` writes a `pack`ed result to standard output.

Only the head of a line is looked at: the API server writes its fields in one order, so that verb and object stand
before any body. A line that does not look as the API server writes it is `odd`, and left to a reader that trusts
nothing.

It imports next to nothing: as a process of its own it has started in ten milliseconds.
"""

from __future__ import annotations

import sys
from array import array
from zlib import crc32, decompressobj, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD = b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"'
"""How the API server begins every event."""
BLOCK = 256 << 10
_PACKED_BLOCK = 64 << 10
MAX_LINE = 32 << 20
MAX_ODD = 50_000
"""Odd lines of one range; a file with more is none that is worth an index."""

_VERB = b'","verb":"'
_OBJECT = b'"objectRef":{"resource":"'
_NAME = b'"name":"'
_READS = b"glw"
"""First letters of get, list and watch: no other verb begins so."""
_TIME = b'"requestReceivedTimestamp":"'


def name_key(name: bytes) -> int:
    """The number under which lines on objects of this name are found."""
    return crc32(name)


def resource_key(resource: bytes) -> int:
    """The number of lines that write objects of this resource without naming one: made by the server's choice of
    a name, or deleted as a collection."""
    return crc32(b"*" + resource)


class Found:
    """`keys`: number << 32 | offset of the line from `start`, sorted. `odd`: offsets in the file. `first` and `last`:
    the times of two lines as they stand. `end` is after the last whole line; `cut`: packed data ended early."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.lines = 0
        self.keys: array[int] | memoryview[int] = array("Q")
        self.odd = array("Q")
        self.first = b""
        self.last = b""
        self.cut = False


def scan(blocks: Iterable[bytes], start: int) -> tuple[Found, bytes]:
    """The lines of `blocks`, which begin with a line at offset `start` of the file; and what is left after the last."""
    found = Found(start)
    keys: list[int] = []
    rest, newest, skipping = b"", b"", False
    for block in blocks:
        if skipping:
            ends = block.find(b"\n")
            if ends < 0:
                found.end += len(block)
                continue
            found.end += ends + 1
            found.lines += 1
            block, skipping = block[ends + 1 :], False
        data = rest + block if rest else block
        used, line = _lines(data, found, keys)
        newest = line or newest
        found.end += used
        rest = data[used:]
        if len(rest) > MAX_LINE:
            found.odd.append(found.end)
            found.end += len(rest)
            rest, skipping = b"", True
        if len(found.odd) > MAX_ODD:
            break
    found.last = _time(newest)
    keys.sort()
    found.keys = array("Q", keys)
    return found, rest


def _lines(data: bytes, found: Found, keys: list[int]) -> tuple[int, bytes]:
    """Bytes of whole lines, and the last of those lines that is whole and regular."""
    find, begins, add = data.find, data.startswith, keys.append
    base, shift = found.end, found.end - found.start
    at, lines, regular, newest = 0, 0, 0, b""
    while True:
        end = find(b"\n", at)
        if end < 0:
            break
        lines += 1
        verb = find(_VERB, at, end)
        if verb > 0 and begins(HEAD, at) and data[end - 1] == 125:
            regular += 1
            if data[verb + 10] not in _READS:
                ref = find(_OBJECT, verb, end)
                close = find(b"}", ref, end) if ref > 0 else -1
                name = find(_NAME, ref, close) if close > 0 else -1
                if name > 0:
                    quote = find(b'"', name + 8, close)
                    named = data[name + 8 : quote]
                    if quote > 0 and data[close - 1] == 34 and b"\\" not in named:
                        add(crc32(named) << 32 | at + shift)
                    else:
                        found.odd.append(base + at)
                elif close > 0:
                    add(crc32(b"*" + data[ref + 25 : find(b'"', ref + 25, close)]) << 32 | at + shift)
                else:
                    found.odd.append(base + at)
        elif end > at:
            found.odd.append(base + at)
        at = end + 1
    if data.count(HEAD, 0, at) != regular:
        _interleaved(data[:at], found, keys, shift)
    if lines:
        if not found.lines:
            found.first = _time(data[: find(b"\n")])
        newest = data[data.rfind(b"\n", 0, at - 1) + 1 : at - 1]
    found.lines += lines
    return at, newest


def _interleaved(data: bytes, found: Found, keys: list[int], shift: int) -> None:
    """Lines with a second event inside are odd, whatever the first one is."""
    at = 0
    for line in data.split(b"\n"):
        if line.count(HEAD) > 1 and line.startswith(HEAD):
            odd = found.end + at
            if odd not in found.odd:
                found.odd.append(odd)
            doubled = at + shift
            keys[:] = [key for key in keys if key & 0xFFFFFFFF != doubled]
        at += len(line) + 1


def _time(line: bytes) -> bytes:
    at = line.rfind(_TIME)
    return line[at + len(_TIME) :].partition(b'"')[0][:40] if at >= 0 else b""


def plain(path: str, start: int, end: int, size: int = BLOCK) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        file.seek(start)
        left = end - start
        while left > 0:
            block = file.read(min(size, left))
            if not block:
                return
            left -= len(block)
            yield block


def unpacked(path: str, cut: list[bool]) -> Iterator[bytes]:
    """The content of a gzip file of any number of members. Damage ends it and is noted in `cut`."""
    inner, begun = decompressobj(31), False
    for block in plain(path, 0, 1 << 62, _PACKED_BLOCK):
        while block:
            try:
                data = inner.decompress(block)
            except error:
                cut.append(True)
                return
            begun = True
            if data:
                yield data
            block = b""
            if inner.eof:
                block = inner.unused_data.lstrip(b"\0")
                inner, begun = decompressobj(31), False
    if begun:
        cut.append(True)


def search(path: str, start: int, end: int) -> Found:
    """One range of a plain file; END 0: the whole of a gzip file, whose last line counts also without a newline."""
    if end:
        return scan(plain(path, start, end), start)[0]
    cut: list[bool] = []
    found, rest = scan(unpacked(path, cut), 0)
    if rest.strip():
        found.odd.append(found.end)
        found.lines += 1
        found.end += len(rest)
    found.cut = any(cut)
    return found


def pack(found: Found) -> bytes:
    head = array("Q", (found.start, found.end, found.lines, len(found.keys), len(found.odd), found.cut))
    times = found.first.ljust(40) + found.last.ljust(40)
    return b"".join((head.tobytes(), times, found.keys.tobytes(), found.odd.tobytes()))


if __name__ == "__main__":
    sys.stdout.buffer.write(pack(search(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
