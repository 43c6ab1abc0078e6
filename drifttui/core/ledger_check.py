"""Is the chain whole? Finds what was altered, removed, doubled or moved, and says where.

One pass, in memory that does not grow: a stream of a million rows needs as much as a stream of ten.

Whoever can write the store can also build a whole new chain. That is found only by a head that was noted elsewhere
(in a bundle, in a colleague's log): give it in `noted`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from .ledger import EMPTY, Head
from .ledger_rows import Row

PROBLEMS_KEPT: Final = 20
NEIGHBOURS: Final = 1000
"""How far from its place an event is looked for by its hash."""


class Problem(NamedTuple):
    seq: int
    what: str
    """`altered`, `missing`, `duplicated`, `reordered`, `replaced`, `unfinished`."""
    words: str
    """One line, with the seq in it."""


class Verification(NamedTuple):
    events: int
    head: Head
    """The last event that is there."""
    problems: tuple[Problem, ...] = ()
    """The first `PROBLEMS_KEPT` of them, in the order in which they were met."""
    found: int = 0
    """How many there are in all."""

    @property
    def intact(self) -> bool:
        return self.found == 0


def row_hash(row: Row, seq: int | None = None) -> str:
    """`core.ledger.event_hash` from the text of the body, byte for byte: other white space is another hash.

    `seq` asks what the hash would be in another place.
    """
    head = f'{{"actor":{_json(row.actor)},"at":{_json(row.at)},"body":'
    tail = f',"kind":{_json(row.kind)},"previous":{_json(row.previous)},"seq":{row.seq if seq is None else seq}}}'
    return hashlib.sha256((head + row.body + tail).encode("utf-8", "surrogatepass")).hexdigest()


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def verify(rows: Iterable[Row], head: Head | None = None, noted: Iterable[Head] = ()) -> Verification:
    """`rows` in the order in which they are kept; `head` is what the store says its last event is; None where nobody
    says. An event in `noted` must be there with the same hash."""
    check = _Check({each.seq: each.hash for each in noted if each.seq})
    for row in rows:
        check.row(row)
    return check.result(head)


class _Check:
    def __init__(self, noted: Mapping[int, str]) -> None:
        self._noted = dict(noted)
        self._last = EMPTY
        self._events = 0
        self._found = 0
        self._problems: list[Problem] = []

    def row(self, row: Row) -> None:
        self._events += 1
        if row.seq <= self._last.seq:
            if row.seq == self._last.seq:
                self._say(row.seq, "duplicated", f"event {row.seq} is there twice")
            else:
                self._say(row.seq, "reordered", f"event {row.seq} stands behind event {self._last.seq}")
            return
        whole = row_hash(row) == row.hash
        follows = row.previous == self._last.hash
        if row.seq > self._last.seq + 1:
            first, last = self._last.seq + 1, row.seq - 1
            which = f"event {first} is missing" if first == last else f"events {first} to {last} are missing"
            self._say(first, "missing", which)
            follows = True
        if not whole:
            self._not_whole(row)
        elif not follows:
            self._say(
                row.seq,
                "replaced",
                f"event {row.seq} does not follow event {self._last.seq}: one of them was replaced after it was written"
                if self._last.seq
                else f"event {row.seq} is no first event: the beginning was replaced",
            )
        noted = self._noted.pop(row.seq, None)
        if noted is not None and noted != row.hash:
            self._say(row.seq, "replaced", f"event {row.seq} has another hash than was noted elsewhere")
        self._last = Head(row.seq, row.hash)

    def _not_whole(self, row: Row) -> None:
        """A whole event in another's place keeps its own hash."""
        if len(self._problems) < PROBLEMS_KEPT:
            for distance in range(1, NEIGHBOURS):
                for seq in (row.seq - distance, row.seq + distance):
                    if seq > 0 and row_hash(row, seq) == row.hash:
                        words = f"event {row.seq} was written as event {seq} and stands in another place"
                        return self._say(row.seq, "reordered", words)
        self._say(row.seq, "altered", f"event {row.seq} was altered: its content does not match its hash")

    def _say(self, seq: int, what: str, words: str) -> None:
        self._found += 1
        if len(self._problems) < PROBLEMS_KEPT:
            self._problems.append(Problem(seq, what, words))

    def result(self, head: Head | None) -> Verification:
        last = self._last
        if head is not None and head.seq > last.seq:
            lost = head.seq - last.seq
            which = f"event {head.seq} is" if lost == 1 else f"events {last.seq + 1} to {head.seq} are"
            self._say(last.seq + 1, "missing", f"{which} missing from the end")
        elif head is not None and head.seq < last.seq:
            self._say(last.seq, "unfinished", f"event {last.seq} is there, but the ledger ends at event {head.seq}")
        elif head is not None and head.hash != last.hash:
            self._say(last.seq, "replaced", f"event {last.seq} is not the one that the ledger ended with")
        for seq in sorted(self._noted):
            if head is None or seq > head.seq:
                self._say(seq, "missing", f"event {seq}, noted elsewhere, is not there")
        return Verification(self._events, last, tuple(self._problems), self._found)
