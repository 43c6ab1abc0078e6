"""What every ledger does alike, whatever keeps its rows."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from drifttui.core.acts import NOTHING, Acts
from drifttui.core.errors import InputError, LedgerError
from drifttui.core.ledger import Event, EventKind, Head, canonical, chained
from drifttui.core.ledger_rows import Row, event_of, row_of

if TYPE_CHECKING:
    from drifttui.core.ledger_check import Verification
    from drifttui.core.ports import Clock

ROWS_AT_ONCE = 1000
VERIFY = "`drifttui ledger verify` says what is wrong with it."
LONGEST_BODY = 4 * 1024 * 1024
"""Bytes of one event. A plan of a hundred writes has a twentieth of it."""


class StoredLedger(ABC):
    """A `store.ledger.Ledger` over five calls on a store."""

    where: str

    def __init__(self, *, clock: Clock, actor: str, create: bool) -> None:
        self.actor = actor
        self._clock = clock
        self._create = create
        self._key = b""
        self._lock = threading.RLock()
        """Held for every use of the connection."""
        self._acts = NOTHING
        self._folding = threading.Lock()

    @abstractmethod
    def head(self) -> Head: ...

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def _rows(self, after: int, limit: int) -> Sequence[Row]:
        """In order of seq, from the one behind `after`."""

    @abstractmethod
    def _write(self, entries: Sequence[tuple[EventKind, dict[str, Any]]]) -> tuple[Event, ...]:
        """Read the head and write behind it (`_chain`), in one transaction that excludes every other."""

    @abstractmethod
    def _snapshot(self) -> AbstractContextManager[tuple[Head, Iterator[Row]]]:
        """Head and rows of one moment, on a connection of its own."""

    def append(self, kind: EventKind, body: Mapping[str, Any]) -> Event:
        return self.append_all([(kind, body)])[0]

    def append_all(self, entries: Sequence[tuple[EventKind, Mapping[str, Any]]]) -> tuple[Event, ...]:
        if not entries:
            return ()
        return self._write([(kind, self._fit(kind, body)) for kind, body in entries])

    def _fit(self, kind: EventKind, body: Mapping[str, Any]) -> dict[str, Any]:
        from drifttui.core.ledger_prose import cleaned

        if not self._key:
            from .redaction_key import redaction_key

            self._key = redaction_key()
        try:
            fit = cleaned(body, self._key)
            size = len(canonical(fit))
        except (ValueError, TypeError, RecursionError) as error:
            raise InputError(f"This {kind} cannot be recorded", str(error), "Nothing was recorded.") from error
        if size > LONGEST_BODY:
            raise InputError(
                f"This {kind} cannot be recorded",
                f"{size // 1024} KiB, more than {LONGEST_BODY // 1024}",
                "Nothing was recorded.",
            )
        return fit

    def _chain(self, head: Head, entries: Sequence[tuple[EventKind, dict[str, Any]]]) -> tuple[list[Event], list[Row]]:
        events, rows = [], []
        at = self._clock()
        for kind, body in entries:
            event = chained(head, at, kind, self.actor, body)
            row = row_of(event)
            # As every reader will see it: what is a tuple here is a list there.
            events.append(event_of(row))
            rows.append(row)
            head = Head(event.seq, event.hash)
        return events, rows

    def events(self, after: int = 0) -> Iterator[Event]:
        while rows := self._rows(after, ROWS_AT_ONCE):
            for row in rows:
                yield event_of(row)
            if rows[-1].seq <= after:
                raise LedgerError("The ledger is damaged", f"behind event {after}", VERIFY)
            after = rows[-1].seq

    def acts(self) -> Acts:
        from drifttui.core.acts_fold import fold

        head = self.head()
        with self._folding:
            held = self._acts
            if head == held.head:
                return held
            if head.seq < held.head.seq or (held.head.seq and not self._holds(held.head)):
                held = NOTHING  # Another ledger stands in its place, such as a restored one.
            self._acts = fold(held, self.events(held.head.seq))
            return self._acts

    def _holds(self, head: Head) -> bool:
        rows = self._rows(head.seq - 1, 1)
        return bool(rows) and (rows[0].seq, rows[0].hash) == head

    def verify(self, noted: Iterable[Head] = ()) -> Verification:
        from drifttui.core.ledger_check import verify

        with self._snapshot() as (head, rows):
            return verify(rows, head, noted)
