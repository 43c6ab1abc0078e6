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
from os import pread
from zlib import crc32, decompressobj, error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

HEAD = b'{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"'
"""How the API server begins every event."""
BLOCK = 256 << 10
_PACKED_BLOCK = 64 << 10
MAX_LINE = 32 << 20
MAX_ODD = 50_000
"""Odd lines of one range; a file with more is none that is worth an index."""
BUCKETS = 256
"""A number is in the bucket of its lowest bits."""
_BUCKET = BUCKETS - 1

_VERB = b'","verb":"'
_OBJECT = b'"objectRef":{"resource":"'
_NAME = b'"name":"'
_BEFORE_VERB = 120
"""Bytes of a line in which no verb can stand: the head, an id of 36 bytes, and the names of what lies between."""
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
    """`keys`: number << 32 | offset of the line from `start`, those of one bucket together; where each bucket begins
    is in `buckets`. `odd`: offsets in the file. `first` and `last`: the times of two lines as they stand. `end` is
    after the last whole line; `cut`: packed data ended early."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.lines = 0
        self.keys: array[int] | memoryview[int] = array("Q")
        self.buckets: array[int] | memoryview[int] = array("Q", bytes(8 * BUCKETS + 8))
        self.odd = array("Q")
        self.first = b""
        self.last = b""
        self.cut = False

    def group(self, keys: Iterable[Iterable[int]]) -> None:
        """Sets the keys, bucket by bucket. Sorting them would take a tenth of the time of the search."""
        grouped, starts = array("Q"), array("Q", (0,))
        for bucket in keys:
            grouped.extend(bucket)
            starts.append(len(grouped))
        self.keys, self.buckets = grouped, starts

    def offsets(self, number: int) -> Iterator[int]:
        """In the file, of the lines under that number."""
        for key in self.bucket(number & _BUCKET):
            if key >> 32 == number:
                yield self.start + (key & 0xFFFFFFFF)

    def bucket(self, at: int) -> Sequence[int]:
        return self.keys[self.buckets[at] : self.buckets[at + 1]]


def scan(read: Callable[[int, int], bytes], start: int) -> tuple[Found, bytes]:
    """The lines from `start`, where one begins; and what is left after the last. `read(at, size)`: at most that many
    bytes from there on, none at the end. Reading a cut line again costs less than joining it to the next block."""
    found = Found(start)
    keys: list[list[int]] = [[] for _ in range(BUCKETS)]
    rest, newest, size, length = b"", b"", BLOCK, 0
    while len(found.odd) <= MAX_ODD:
        data = read(found.end, size)
        used, line = _lines(data, found, keys)
        if used:
            newest, size, length = line, BLOCK, 0
            found.end += used
        elif len(data) > MAX_LINE:
            found.odd.append(found.end)
            found.end = _line_end(read, found.end + len(data))
            found.lines += 1
            size, length = BLOCK, 0
        elif len(data) == length:
            rest = data
            break
        else:
            size, length = size * 2, len(data)
    found.last = _time(newest)
    found.group(keys)
    return found, rest


def _line_end(read: Callable[[int, int], bytes], at: int) -> int:
    while data := read(at, BLOCK):
        ends = data.find(b"\n") + 1
        at += ends or len(data)
        if ends:
            break
    return at


def _lines(data: bytes, found: Found, keys: list[list[int]]) -> tuple[int, bytes]:
    """Bytes of whole lines, and the last of those lines."""
    find, begins = data.find, data.startswith
    base, shift = found.end, found.end - found.start
    at, lines, newest = 0, 0, b""
    while (end := find(b"\n", at)) >= 0:
        lines += 1
        verb = find(_VERB, at + _BEFORE_VERB, end)
        if verb > 0 and data[end - 1] == 125 and begins(HEAD, at):
            if find(b"E", at + 12, end) > 0 and find(HEAD, at + 1, end) > 0:
                found.odd.append(base + at)  # A second event inside: odd, whatever the first one is.
            elif data[verb + 10] not in _READS:
                ref = find(_OBJECT, verb, end)
                close = find(b"}", ref, end) if ref > 0 else -1
                name = find(_NAME, ref + 26, close) if close > 0 else -1
                if name > 0:
                    quote = find(b'"', name + 8, close)
                    named = data[name + 8 : quote]
                    if quote > 0 and data[close - 1] == 34 and b"\\" not in named:
                        number = crc32(named)
                        keys[number & _BUCKET].append(number << 32 | at + shift)
                    else:
                        found.odd.append(base + at)
                elif close > 0:
                    number = resource_key(data[ref + 25 : find(b'"', ref + 25, close)])
                    keys[number & _BUCKET].append(number << 32 | at + shift)
                else:
                    found.odd.append(base + at)
        elif end > at:
            found.odd.append(base + at)
        at = end + 1
    if lines:
        if not found.lines:
            found.first = _time(data[: find(b"\n")])
        newest = data[data.rfind(b"\n", 0, at - 1) + 1 : at - 1]
    found.lines += lines
    return at, newest


def _time(line: bytes) -> bytes:
    at = line.rfind(_TIME)
    return line[at + len(_TIME) :].partition(b'"')[0][:40] if at >= 0 else b""


def unpacked(path: str, cut: list[bool]) -> Iterator[bytes]:
    """The content of a gzip file of any number of members. Damage ends it and is noted in `cut`."""
    inner, begun = decompressobj(31), False
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        while block := file.read(_PACKED_BLOCK):
            full = False
            while block or full:
                try:
                    data = inner.decompress(block, BLOCK)
                except error:
                    cut.append(True)
                    return
                begun = True
                if data:
                    yield data
                block, full = inner.unconsumed_tail, len(data) == BLOCK
                if inner.eof:
                    block, full = inner.unused_data.lstrip(b"\0"), False
                    inner, begun = decompressobj(31), False
    if begun:
        cut.append(True)


def _in_order(blocks: Iterator[bytes]) -> Callable[[int, int], bytes]:
    held, start = b"", 0

    def read(at: int, size: int) -> bytes:
        nonlocal held, start
        held, start = held[at - start :], at
        while len(held) < size and (block := next(blocks, b"")):
            held += block
        return held[:size]

    return read


def search(path: str, start: int, end: int) -> Found:
    """One range of a plain file; END 0: the whole of a gzip file, whose last line counts also without a newline."""
    if end:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            number = file.fileno()
            return scan(lambda at, size: pread(number, min(size, end - at), at), start)[0]
    cut: list[bool] = []
    found, rest = scan(_in_order(unpacked(path, cut)), 0)
    if rest.strip():
        found.odd.append(found.end)
        found.lines += 1
        found.end += len(rest)
    found.cut = any(cut)
    return found


def pack(found: Found) -> bytes:
    head = array("Q", (found.start, found.end, found.lines, len(found.keys), len(found.odd), found.cut))
    times = found.first.ljust(40) + found.last.ljust(40)
    return b"".join((head.tobytes(), times, found.buckets.tobytes(), found.keys.tobytes(), found.odd.tobytes()))


if __name__ == "__main__":
    sys.stdout.buffer.write(pack(search(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
