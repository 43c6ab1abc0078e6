"""One question to local audit files, answered from their indexes. Blocking: for a worker thread.

Only lines whose head names an asked object are read, newest first, and of those only the ones that concern it are
decoded whole. Files that are not as the API server writes them (formats of clouds, whole documents) are read through.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from drifttui.clients.audit_search import Stopped
from drifttui.clients.audit_worker import name_key, resource_key, unpacked
from drifttui.core.audit import moment
from drifttui.core.audit_gathering import KEEP_CALLS, Gathering
from drifttui.core.audit_kubernetes import READS, WRITING_SUBRESOURCES, KubernetesCall
from drifttui.core.audit_question import AuditAnswer, AuditQuestion, Unseen, Why
from drifttui.core.errors import InputError, SourceError
from drifttui.core.follow import application_of
from drifttui.store.audit_files import MAX_RECORD, Reading, Wanted, files_in, line_records, records
from drifttui.store.audit_index import AuditIndexes, FileIndex, span

_KEEP_EACH: Final = 200
"""Calls on one object that are decoded at least, however many objects are asked about."""
KEEP_STATUS: Final = 500
"""Writes of the status of one object that are looked at; they are many and say nothing about its fields."""
OPERATIONS: Final = 5_000
"""Lines on applications that are looked at for syncs."""
_AROUND: Final = timedelta(minutes=15)
"""A sync is shown by writes of its application at most this long before and after what it wrote."""
_BLOCK: Final = 1 << 20


class _Object(msgspec.Struct):
    resource: str = ""
    namespace: str = ""
    name: str = ""
    api_group: str = msgspec.field(name="apiGroup", default="")
    subresource: str = ""


class _Head(msgspec.Struct):
    """What tells whether the rest of a line is worth decoding."""

    verb: str = ""
    object_ref: _Object = msgspec.field(name="objectRef", default_factory=_Object)
    received: str = msgspec.field(name="requestReceivedTimestamp", default="")


_HEAD: Final = msgspec.json.Decoder(_Head)
_WHOLE: Final = msgspec.json.Decoder()


class Search:
    """One question. `stop` ends it from another thread."""

    def __init__(self, question: AuditQuestion, key: bytes, now: datetime, stop: threading.Event) -> None:
        self._question, self._now, self._stop = question, now, stop
        self._gathering = Gathering(question, key, now)
        self._reading = Reading()
        self._skipped: Counter[str] = Counter()
        self._scanned = 0
        self._size = 0

    def run(self, places: Sequence[Path], indexes: AuditIndexes, source: str) -> AuditAnswer:
        """Raises `SourceError` where no file could be read, `Stopped`."""
        plain: list[FileIndex] = []
        other: list[Path] = []
        unseen: list[Unseen] = []
        files = self._files(places, unseen)
        for file in files:
            self._reading.files += 1
            try:
                index, searched = indexes.of(file, self._stop)
            except SourceError as error:
                if len(files) == 1:
                    raise
                unseen.append(Unseen(Why.BLIND, error.one_line()))
                continue
            self._scanned += searched
            if index is None:
                other.append(file)
            else:
                plain.append(index)
                self._size += index.identity.size
                self._reading.lines += index.lines
        plain.sort(key=_newest, reverse=True)
        for index in plain:
            self._through(index)
        for file in other:
            size = file.stat().st_size
            self._scanned += size
            self._size += size
            self._read(file, self._wanted, self._gathering.take)
        self._operations(plain, other)
        first, last = (moment(text.decode("ascii", "replace")) for text in span(plain))
        self._reading.at(first)
        self._reading.at(last)
        return self._gathering.answer(
            source,
            unseen=tuple(unseen),
            first=self._reading.first,
            newest=self._reading.last,
            events=self._reading.lines,
            scanned=self._scanned,
            problems={**self._reading.problems, **self._skipped},
            method="index" if self._scanned * 10 < self._size else "scan",
        )

    def _files(self, places: Sequence[Path], unseen: list[Unseen]) -> list[Path]:
        found: list[Path] = []
        for place in places:
            if place.exists():
                found += files_in(place)
            else:
                unseen.append(Unseen(Why.BLIND, f"there is no file {place}"))
        return list(dict.fromkeys(found))

    # Files with an index.

    def _keys(self) -> set[int]:
        keys: set[int] = set()
        for asked in self._question.objects:
            keys.add(name_key(asked.name.encode()))
            keys |= {resource_key(plural.encode()) for plural in asked.plurals}
            if asked.namespace:
                keys.add(name_key(asked.namespace.encode()))
        return keys

    def _through(self, index: FileIndex) -> None:
        found = index.offsets(self._keys())
        limit = max(_KEEP_EACH, KEEP_CALLS // max(1, len(self._question.objects)))
        kept: Counter[str] = Counter()
        status: Counter[str] = Counter()
        for line in lines_at(index, found[::-1]):
            if self._stop.is_set():
                raise Stopped
            head = self._head(line)
            if head is not None and not self._worthwhile(head, kept, status, limit, index.identity.packed):
                continue
            self._take(line, self._gathering.take)
        self._rest(index, self._wanted, self._gathering.take)

    def _worthwhile(
        self, head: _Head, kept: Counter[str], status: Counter[str], limit: int, oldest_first: bool
    ) -> bool:
        """Whether the rest of a line is decoded. What comes oldest first is bounded by what is gathered instead."""
        if not self._concerns(head):
            return False
        name = head.object_ref.name
        if head.object_ref.subresource not in WRITING_SUBRESOURCES and not self._question.status:
            status[name] += 1
            if status[name] > KEEP_STATUS:
                self._skipped["writes of its status that were not looked at"] += 1
                return False
            return True
        kept[name] += 1
        if kept[name] > limit and not oldest_first:
            self._skipped["older calls that were not looked at"] += 1
            return False
        return True

    def _rest(self, index: FileIndex, wanted: Wanted, take: Callable[[Any], object]) -> None:
        """Lines that are not as the API server writes them, and what has no newline yet."""
        for line in lines_at(index, index.odd):
            for record in line_records(line.strip(b"\0\r\n\t \xef\xbb\xbf"), self._reading, wanted):
                take(record)
        if index.identity.packed:
            if index.parts and index.parts[0].cut:
                self._reading.problems[f"compressed file ends early or is damaged ({index.path.name})"] += 1
            return
        with index.path.open("rb") as file:
            file.seek(index.covered)
            tail = file.read(MAX_RECORD).partition(b"\n")[0].strip(b"\0\r\n\t ")
        if tail:
            self._reading.lines += 1
            for record in line_records(tail, self._reading, wanted):
                take(record)

    @staticmethod
    def _head(line: bytes) -> _Head | None:
        try:
            return _HEAD.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None

    def _concerns(self, head: _Head) -> bool:
        if head.verb in READS:
            return False
        target = head.object_ref
        call = KubernetesCall(
            verb=head.verb, group=target.api_group, resource=target.resource, namespace=target.namespace,
            name=target.name,
        )  # fmt: skip
        if target.resource == "namespaces" and head.verb == "delete":
            return True
        if target.name:
            return any(asked.is_about(call) for asked in self._question.objects)
        return any(asked.same_kind(call) and asked.same_namespace(call) for asked in self._question.objects)

    def _take(self, line: bytes, take: Callable[[Any], object]) -> None:
        try:
            record = _WHOLE.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            for rescued in line_records(line, self._reading, lambda _: True):
                take(rescued)
            return
        take(record)

    # Files without one.

    def _wanted(self, line: bytes) -> bool:
        if any(asked.name.encode() in line for asked in self._question.objects):
            return True
        return b"deletecollection" in line or (b"delete" in line and b'"namespaces"' in line)

    def _read(self, file: Path, wanted: Wanted, take: Callable[[Any], object]) -> None:
        try:
            for record in records([str(file)], self._reading, wanted=wanted):
                take(record)
        except InputError as error:
            self._reading.problems[error.one_line()] += 1

    # Argo CD.

    def _operations(self, plain: Sequence[FileIndex], other: Sequence[Path]) -> None:
        """Syncs of the applications that the objects belong to. They fill most of the log of a cluster that runs Argo
        CD, so they are looked for only where its controller wrote one of the objects."""
        calls = [call for call in self._gathering.calls if "argocd" in call.authenticated_as]
        if not calls:
            return
        bodies = (body for call in calls for body in (call.response, call.request))
        names = {name for name in (*map(application_of, bodies), *self._question.applications) if name}
        bare = {name.rpartition("/")[2].rpartition("_")[2].encode() for name in names}
        times = [call.received for call in calls if call.received]
        if not times:
            return
        since, until = min(times) - _AROUND, max(times) + _AROUND

        def take(record: Any) -> None:
            self._gathering.take(record, operations_only=True)

        def wanted(line: bytes) -> bool:
            return (
                b"initiatedBy" in line and b"argoproj.io" in line and (not bare or any(name in line for name in bare))
            )

        for index in plain:
            left = OPERATIONS
            for line in lines_at(index, index.offsets(map(name_key, bare))[::-1]):
                head = self._head(line)
                at = moment(head.received) if head else None
                if left <= 0 or (at is not None and at < since and not index.identity.packed):
                    break
                if wanted(line) and (at is None or since <= at <= until):
                    left -= 1
                    self._take(line, take)
        quiet = self._reading
        self._reading = Reading()
        for file in other:
            self._read(file, wanted, take)
        self._reading = quiet


def _newest(index: FileIndex) -> bytes:
    return span([index])[1]


def lines_at(index: FileIndex, offsets: Sequence[int]) -> Iterator[bytes]:
    """The lines that begin at these offsets, in the order asked for. Of a gzip file's content they come in its order,
    and no more of it is unpacked than up to the last of them."""
    if not offsets:
        return
    if index.identity.packed:
        yield from _lines_packed(index, sorted(offsets))
        return
    with index.path.open("rb") as file:
        for offset in offsets:
            file.seek(offset)
            yield file.readline(MAX_RECORD + 1)


def _lines_packed(index: FileIndex, offsets: Sequence[int]) -> Iterator[bytes]:
    blocks: Iterable[bytes] = unpacked(str(index.path), [])
    start, held = 0, b""
    waiting = iter(offsets)
    wanted = next(waiting, None)
    for block in blocks:
        held += block
        while wanted is not None:
            if wanted > start:
                drop = min(wanted - start, len(held))
                start, held = start + drop, held[drop:]
            end = held.find(b"\n") if wanted == start else -1
            if end < 0:
                break
            yield held[: end + 1]
            wanted = next(waiting, None)
        if wanted is None:
            return
    if wanted is not None and wanted == start and held:
        yield held
