"""What a session saw, kept while it runs, so that an export holds what was seen and a crash loses a second of it.

A session is a folder of gzip segments under the user's data folder, each line one record in JSON:

    {"head": {"format": 1, "session": "…", "started": "…", "tool": "…", "incident": "…", "segment": 1}}   first
    {"t": 12.5, "source": "…", "at": "…", "units": […], …}      a batch, as in a recording (`store.wire`)
    {"look": {"at": "…", "unit": "…", "findings": […], …}}      what was found in one unit (`services.answers`)
    {"said": {"at": "…", "kind": "…", …}}                       anything else, in words of whoever writes it

Each second what is there is flushed to the disk behind a deflate boundary, so that a segment cut off anywhere is read
up to its last second. Segments begin with the rows and source health of that moment; whatever is over the limit is
dropped from the oldest end, which `read_sessions` reports.
"""

from __future__ import annotations

import os
import queue
import re
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from drifttui.core.errors import InputError
from drifttui.core.health import SourceHealth
from drifttui.core.identity import UnitId
from drifttui.core.ports import Batch
from drifttui.core.unit import Unit

from .paths import PRIVATE_FILE, data_directory, private
from .wire import batch_in, batch_out

FORMAT = 1
FLUSH_EVERY = 1.0
SEGMENT = 16 * 1024 * 1024
"""Bytes on disk after which a new segment begins."""
LIMIT = 512 * 1024 * 1024
"""Bytes on disk over all sessions."""
LONGEST_LINE = 64 * 1024 * 1024
_WAITING = 20_000
"""Records that may wait for the disk. What is beyond is dropped, counted, and said in the record itself."""

_SEGMENT = re.compile(r"([0-9]{6})\.jsonl\.gz")


class Head(NamedTuple):
    session: str
    started: datetime
    tool: str
    incident: str


class Journal:
    """Written from any thread; the disk is touched by its own. A disk that refuses ends the record, never the session.

    `problem` says why nothing more is kept, in one line; empty while all is well.
    """

    def __init__(
        self,
        head: Head,
        *,
        folder: Path | None = None,
        limit: int = LIMIT,
        segment: int = SEGMENT,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.problem = ""
        self.dropped = 0
        self._head, self._limit, self._size = head, limit, segment
        self._base = folder or sessions_folder()
        self._folder = self._base / head.session
        self._monotonic = monotonic
        self._units: dict[UnitId, Unit] = {}
        self._health: dict[str, SourceHealth] = {}
        self._queue: queue.Queue[Any] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="drifttui-record", daemon=True)
        self._number = 0
        self._file: int | None = None
        self._packed: Any = None
        self._written = 0
        self._thread.start()

    def batch(self, batch: Batch) -> None:
        self._put(batch)

    def look(self, body: Mapping[str, Any]) -> None:
        """What was found in one unit."""
        self._put({"look": body})

    def said(self, body: Mapping[str, Any]) -> None:
        self._put({"said": body})

    def flush(self, timeout: float = 5.0) -> bool:
        """Waits until everything that was given is on the disk. False where it is not, within `timeout` seconds."""
        if self.problem:
            return False
        done = threading.Event()
        try:
            self._queue.put(done, timeout=timeout)
        except queue.Full:
            return False
        return done.wait(timeout) and not self.problem

    def close(self, timeout: float = 5.0) -> None:
        """Everything that was given is on the disk afterwards, unless it does not take that in `timeout` seconds."""
        try:
            self._queue.put(None, timeout=0.0 if self.problem else timeout)
        except queue.Full:
            return
        self._thread.join(timeout)

    def _put(self, record: Any) -> None:
        if self.problem:
            return
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1

    def _run(self) -> None:
        try:
            self._begin()
            self._serve()
        except (OSError, InputError) as error:
            self.problem = error.strerror or str(error) if isinstance(error, OSError) else error.one_line()
        finally:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _serve(self) -> None:
        dirty, flushed, reported = False, self._monotonic(), 0
        while True:
            try:
                record = self._queue.get(timeout=max(0.05, FLUSH_EVERY - (self._monotonic() - flushed)))
            except queue.Empty:
                record = ()
            if record is None:
                self._write(self._packed.flush(zlib.Z_FINISH))
                return
            asked = record if isinstance(record, threading.Event) else None
            if record != () and asked is None:
                self._line(record)
                dirty = True
            if self.dropped > reported:
                reported = self.dropped
                self._line({"said": {"kind": "dropped", "records": reported}})
            if asked is not None or self._monotonic() - flushed >= FLUSH_EVERY:
                flushed = self._monotonic()
                if dirty:
                    self._write(self._packed.flush(zlib.Z_SYNC_FLUSH))
                    os.fdatasync(self._descriptor)
                    dirty = False
                if asked is not None:
                    asked.set()
                if self._written >= self._size:
                    self._write(self._packed.flush(zlib.Z_FINISH))
                    os.close(self._descriptor)
                    self._file = None
                    self._begin()

    @property
    def _descriptor(self) -> int:
        assert self._file is not None
        return self._file

    def _begin(self) -> None:
        private(self._base)
        private(self._folder)
        self._number += 1
        path = self._folder / f"{self._number:06}.jsonl.gz"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        self._packed = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self._written = 0
        head = {"format": FORMAT, "segment": self._number, **self._head._asdict()}
        self._encoded(msgspec.json.encode({"head": head}))
        if self._number > 1:
            self._snapshot()
        make_room(self._base, self._limit, keep=path)

    def _snapshot(self) -> None:
        by_source: dict[str, list[Unit]] = {}
        for unit in self._units.values():
            by_source.setdefault(unit.id.source, []).append(unit)
        for health in self._health.values():
            self._encoded(self._wire(Batch(health.name, health.checked_at or self._head.started, health=health)))
        for source, units in by_source.items():
            at = max((unit.observed_at for unit in units if unit.observed_at), default=self._head.started)
            self._encoded(self._wire(Batch(source, at, units=tuple(units), complete=True)))

    def _line(self, record: Any) -> None:
        if not isinstance(record, Batch):
            self._encoded(msgspec.json.encode(record))
            return
        if record.complete:
            self._units = {key: unit for key, unit in self._units.items() if key.source != record.source}
        self._units.update((unit.id, unit) for unit in record.units)
        for gone in record.removed:
            self._units.pop(gone, None)
        if record.health is not None:
            self._health[record.health.name] = record.health
        if record.units or record.removed or record.complete or record.health or record.inspection:
            self._encoded(self._wire(record))

    def _wire(self, batch: Batch) -> bytes:
        return batch_out(batch, (batch.at - self._head.started).total_seconds())

    def _encoded(self, line: bytes) -> None:
        self._write(self._packed.compress(line + b"\n"))

    def _write(self, content: bytes) -> None:
        self._written += len(content)
        while content:
            content = content[os.write(self._descriptor, content) :]


class Session(NamedTuple):
    """One recorded session on the disk."""

    head: Head
    segments: tuple[Path, ...]
    cut: bool
    """Its beginning was dropped to stay within the limit."""


def sessions_folder() -> Path:
    return data_directory() / "sessions"


def read_sessions(folder: Path | None = None) -> list[Session]:
    """The recorded sessions, oldest first. What is no session is passed over."""
    found = []
    base = folder or sessions_folder()
    for path in sorted(base.iterdir()) if base.is_dir() else ():
        segments = (
            tuple(sorted(part for part in path.iterdir() if _SEGMENT.fullmatch(part.name))) if path.is_dir() else ()
        )
        head = next((head for head in map(_head, segments) if head is not None), None)
        if head is not None:
            found.append(Session(head, segments, segments[0].name != "000001.jsonl.gz"))
    return sorted(found, key=lambda session: session.head.started)


def _head(path: Path) -> Head | None:
    try:
        body = msgspec.json.decode(next(raw_lines(path), b"null"))["head"]
        return Head(body["session"], datetime.fromisoformat(body["started"]), body["tool"], body["incident"])
    except (OSError, msgspec.MsgspecError, KeyError, TypeError, ValueError):
        return None


def incidents_of(session: Session) -> frozenset[str]:
    """Every incident that was set while it ran. Damaged lines name none."""
    found = {session.head.incident}
    for path in session.segments:
        for line in raw_lines(path):
            if line.startswith(b'{"said"') and b'"incident"' in line:
                try:
                    found.add(str(msgspec.json.decode(line)["said"].get("incident") or ""))
                except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
                    continue
    return frozenset(found - {""})


def raw_lines(path: Path) -> Iterator[bytes]:
    """Whole lines of a segment, up to where it was cut off. Raises `OSError`."""
    inflate, rest = zlib.decompressobj(16 + zlib.MAX_WBITS), b""
    with path.open("rb") as file:
        while chunk := file.read(256 * 1024):
            while chunk:
                try:
                    rest += inflate.decompress(chunk, 4 * 1024 * 1024)
                except zlib.error:
                    return
                chunk = inflate.unconsumed_tail
                *lines, rest = rest.split(b"\n")
                yield from lines
                if len(rest) > LONGEST_LINE:
                    return


class Kept(NamedTuple):
    """One record: exactly one of the last three is there."""

    seconds: float
    """Since the session started; for looks and words by their own `at`."""
    batch: Batch | None = None
    look: Mapping[str, Any] | None = None
    said: Mapping[str, Any] | None = None


def records(session: Session, damaged: Callable[[str], None] = lambda _: None) -> Iterator[Kept]:
    """The records of a session in the order in which they were written. `damaged` is told of lines that are none."""
    for path in session.segments:
        for number, line in enumerate(raw_lines(path), 1):
            try:
                if line.startswith(b'{"head"'):
                    continue
                if line.startswith((b'{"look"', b'{"said"')):
                    body = msgspec.json.decode(line)
                    inner = body.get("look") or body.get("said") or {}
                    at = inner.get("at")
                    moment = datetime.fromisoformat(at) if at else session.head.started
                    yield Kept(
                        (moment - session.head.started).total_seconds(), None, body.get("look"), body.get("said")
                    )
                    continue
                seconds, batch = batch_in(line)
                yield Kept(seconds, batch)
            except (ValueError, TypeError, AttributeError) as error:
                damaged(f"{path.name}, line {number}: {error}")


def make_room(base: Path, limit: int, *, keep: Path | None = None) -> int:
    """Drop the oldest segments until all sessions together fit into `limit` bytes. Gives how many were dropped."""
    found = []
    for path in base.glob("*/*.jsonl.gz"):
        try:
            held = path.stat()
        except OSError:
            continue
        found.append((held.st_mtime, held.st_size, path))
    total, dropped = sum(size for _, size, _ in found), 0
    for _, size, path in sorted(found):
        if total <= limit:
            break
        if path == keep:
            continue
        try:
            path.unlink()
            dropped += 1
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
        except OSError:
            continue
        total -= size
    return dropped
