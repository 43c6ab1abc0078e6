"""Audit records out of files: Kubernetes audit logs and CloudTrail, as they lie on disks and in buckets.

JSON lines (also behind a prefix, as log exporters write them), whole documents (`{"Records": […]}` of CloudTrail,
`{"Events": […]}` of LookupEvents, `{"items": […]}`, arrays, one pretty-printed event), gzip told by its magic bytes,
folders with rotated files, standard input. Nothing is held but the line or record at hand; what cannot be read is
counted with its reason and never ends the reading.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from drifttui.core.audit import moment
from drifttui.core.errors import InputError

MAX_RECORD: Final = 32 << 20
"""Bytes of one line or record. etcd takes objects of 1.5 MB, and an event holds two of them."""
STDIN: Final = "-"

_CHUNK: Final = 1 << 20
_CONTAINERS: Final = ("Records", "Events", "items", "records", "logEvents", "entries")
_OPENS_CONTAINER: Final = re.compile(r'\{\s*"(?:' + "|".join(_CONTAINERS) + r')"\s*:\s*\[')
_TIMES: Final = re.compile(rb'\\?"(?:requestReceivedTimestamp|eventTime|timestamp)\\?"\s*:\s*\\?"([^"\\]{10,40})')
_PREFIX: Final = 512
"""Characters that a log exporter may have put before the JSON of a line."""
_ATTEMPTS: Final = 10_000
_BROKEN: Final = (OSError, EOFError, zlib.error)
_DECODER: Final = json.JSONDecoder()

_Stream = gzip.GzipFile | io.BufferedReader
Wanted = Callable[[bytes], bool]
"""A cheap look at the raw bytes of a line: whether it is worth being parsed."""


@dataclass
class Reading:
    """What was seen on the way, for the answer to tell."""

    files: int = 0
    lines: int = 0
    """Lines, or records of whole documents."""
    parsed: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None

    def at(self, time: datetime | None) -> None:
        if time is not None:
            self.first = time if self.first is None or time < self.first else self.first
            self.last = time if self.last is None or time > self.last else self.last


def records(
    places: Sequence[str], reading: Reading, *, wanted: Wanted = lambda line: True, stdin: IO[bytes] | None = None
) -> Iterator[dict[str, Any]]:
    """Every record of every place whose raw bytes are `wanted`, in the order of the files.

    `-` is standard input. Raises `InputError` for a place that is not there; whatever goes wrong later is counted.
    """
    for file, name in _files_of(places, reading, stdin):
        reading.files += 1
        try:
            with file, _unpacked(file) as stream:
                yield from _read(stream, reading, wanted)
        except _BROKEN as problem:
            kind = "compressed file ends early or is damaged" if not isinstance(problem, PermissionError) else "file"
            reading.problems[f"{kind} ({name})"] += 1


def _files_of(
    places: Sequence[str], reading: Reading, stdin: IO[bytes] | None
) -> Iterator[tuple[io.BufferedReader, str]]:
    for place in places:
        if place == STDIN:
            if stdin is None:
                raise InputError("Standard input cannot be read here")
            yield io.BufferedReader(_Kept(stdin)), "standard input"
            continue
        path = Path(place).expanduser()
        if not path.exists():
            raise InputError(f"No file {place}", hint="Give audit files, folders of them, or - for standard input.")
        for file in files_in(path):
            try:
                stream = file.open("rb")
            except OSError as problem:
                if file == path:
                    raise InputError(f"{place} cannot be read", problem.strerror or "") from problem
                reading.problems[f"unreadable file ({file.name})"] += 1
                continue
            yield stream, file.name


class _Kept(io.RawIOBase):
    """Standard input that outlives the reader around it."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._inner.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def files_in(path: Path) -> list[Path]:
    """A folder's files by age of their content as far as their names tell; digests of CloudTrail hold no events."""
    if not path.is_dir():
        return [path]
    found = [entry for entry in sorted(path.rglob("*")) if entry.is_file() and "CloudTrail-Digest" not in entry.parts]
    return [entry for entry in found if not entry.name.startswith(".")]


def _unpacked(stream: io.BufferedReader) -> _Stream:
    packed = stream.peek(2)[:2] == b"\x1f\x8b"
    return gzip.GzipFile(fileobj=stream, mode="rb") if packed else stream


def _read(stream: _Stream, reading: Reading, wanted: Wanted) -> Iterator[dict[str, Any]]:
    first = stream.readline(MAX_RECORD + 1)
    while first and not first.strip(b"\0\r\n\t \xef\xbb\xbf"):
        first = stream.readline(MAX_RECORD + 1)
    if _is_document(first, stream):
        yield from _document(first, stream, reading)
        return
    line, newest = first, b""
    head = True
    while line:
        if len(line) > MAX_RECORD and not line.endswith(b"\n"):
            _skip_line(stream)
            reading.lines += 1
            reading.problems[f"line longer than {MAX_RECORD >> 20} MB"] += 1
        else:
            line = line.strip(b"\0\r\n\t \xef\xbb\xbf")
            if line:
                reading.lines += 1
                if head:
                    reading.at(time_in(line))
                    head = False
                newest = line
                yield from line_records(line, reading, wanted)
        line = stream.readline(MAX_RECORD + 1)
    reading.at(time_in(newest))


def _skip_line(stream: _Stream) -> None:
    while True:
        rest = stream.readline(_CHUNK)
        if not rest or rest.endswith(b"\n"):
            return


def time_in(line: bytes) -> datetime | None:
    found = _TIMES.search(line)
    return moment(found[1].decode("ascii", "replace")) if found else None


def newest_time(path: Path) -> datetime | None:
    """Time of the last event at the end of a file of lines that is not compressed; None where it shows none."""
    try:
        with path.open("rb") as file:
            if file.read(2) == b"\x1f\x8b":
                return None
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - _CHUNK))
            times = _TIMES.findall(file.read(_CHUNK))
    except OSError:
        return None
    return moment(times[-1].decode("ascii", "replace")) if times else None


def _is_document(line: bytes, stream: _Stream) -> bool:
    """Whether the file is one document rather than a record per line. A second line that is indented goes on with the
    first; one that starts anew follows a first line that was cut."""
    start = line.strip(b"\0\r\n\t \xef\xbb\xbf")
    if start[:1] == b"[" or start in (b"{", b""):
        return True
    if start[:1] == b"{" and not start.endswith(b"}") and stream.peek(1)[:1] in (b" ", b"\t"):
        return True
    return _OPENS_CONTAINER.match(start[:200].decode("utf-8", "replace")) is not None


def line_records(line: bytes, reading: Reading, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """The records of one line, without its end. What is damaged is counted, also where nobody wants it."""
    if not wanted(line):
        if not line.endswith(b"}") or b"{" not in line[:_PREFIX]:
            reading.problems["damaged line"] += 1
        return
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        reading.problems["line with bytes that are no UTF-8"] += 1
        text = line.decode("utf-8", "replace")
    start = text.find("{")
    if start < 0 or start > _PREFIX:
        reading.problems["line without JSON"] += 1
        return
    try:
        value = json.loads(text[start:] if start else text)
    except (ValueError, RecursionError):
        yield from _rescue(text, reading)
        return
    for record in _expanded(value):
        reading.parsed += 1
        yield record


def _rescue(text: str, reading: Reading) -> Iterator[dict[str, Any]]:
    """Whole events out of a line in which several were written over one another."""
    position, found = text.find('{"'), 0
    for _ in range(_ATTEMPTS):
        if position < 0:
            break
        try:
            value, end = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            value, end = None, position + 1
        if isinstance(value, dict) and _is_record(value):
            found += 1
            reading.parsed += 1
            yield value
            position = text.find('{"', end)
        else:
            position = text.find('{"', position + 1)
    words = f"damaged line, {found} events of it read" if found else "damaged line"
    reading.problems[words] += 1


def _is_record(value: dict[str, Any]) -> bool:
    return "auditID" in value or "eventName" in value or {"verb", "user"} <= value.keys() or "protoPayload" in value


def _expanded(value: Any) -> Iterator[dict[str, Any]]:
    """The records of a container, or the record itself."""
    if isinstance(value, list):
        for item in value:
            yield from _expanded(item)
        return
    if not isinstance(value, dict):
        return
    if not _is_record(value):
        for name in _CONTAINERS:
            held = value.get(name)
            if isinstance(held, list):
                for item in held:
                    yield from _expanded(item)
                return
        message = value.get("message", value.get("@message"))
        if isinstance(message, str) and message.lstrip()[:1] == "{":
            try:
                yield from _expanded(json.loads(message))
                return
            except (ValueError, RecursionError):
                yield value
                return
    yield value


def _document(first: bytes, stream: _Stream, reading: Reading) -> Iterator[dict[str, Any]]:
    """Records out of one document, one at a time."""
    decoder = _utf8()
    buffer, position, ended = decoder(first), 0, False
    damaged = 0
    while damaged < _ATTEMPTS:
        position = buffer.find("{", position)
        if position < 0:
            if ended:
                break
            buffer, position, ended = *_more("", stream, decoder), ended
            ended = not buffer
            continue
        opened = _OPENS_CONTAINER.match(buffer, position)
        if opened:
            position = opened.end()
            continue
        try:
            value, end = _DECODER.raw_decode(buffer, position)
        except (ValueError, RecursionError):
            held = buffer[position:]
            if not ended and len(held) < MAX_RECORD:
                buffer, position = _more(held, stream, decoder, max(_CHUNK, len(held)))
                ended = len(buffer) == len(held)
                continue
            damaged += 1
            if damaged == 1:
                reading.problems["damaged record of a document"] += 1
            position += 1
            continue
        position = end
        if damaged and not (isinstance(value, dict) and _is_record(value)):
            continue
        for record in _expanded(value):
            reading.lines += 1
            reading.parsed += 1
            reading.at(moment(record.get("eventTime") or record.get("requestReceivedTimestamp")))
            yield record
        if position > _CHUNK:
            buffer, position = buffer[position:], 0


def _utf8() -> Callable[[bytes], str]:
    from codecs import getincrementaldecoder

    return getincrementaldecoder("utf-8-sig")("replace").decode


def _more(held: str, stream: _Stream, decoder: Callable[[bytes], str], size: int = _CHUNK) -> tuple[str, int]:
    return held + decoder(stream.read(size)), 0
