"""The order of a list that an operator works through while it changes underneath.

While nobody has touched the list it follows: every change is sorted in. From the first key on, rows keep their
places: they change in place, rows that arrive or get worse are counted and wait until the operator takes them in, and
rows whose object is gone stay where they are and say so. Nothing moves under the cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from .words import RISK_ORDER

K = TypeVar("K", bound=Hashable)


class Row(Protocol):
    gone: bool

    @property
    def urgency(self) -> int: ...

    def order(self, column: str) -> tuple[Any, ...]: ...


R = TypeVar("R", bound=Row)


class Waiting(NamedTuple):
    """What has happened since the operator last took things in."""

    new: int = 0
    worse: int = 0
    gone: int = 0

    def __bool__(self) -> bool:
        return any(self)

    def __str__(self) -> str:
        """`3 new, 1 worse`"""
        return ", ".join(f"{n} {word}" for n, word in zip(self, ("new", "worse", "gone"), strict=True) if n)


class Worklist(Generic[K, R]):
    """`order` is what is shown. `matches` says which rows belong; `columns` are what it can be sorted by."""

    def __init__(self, matches: Callable[[R], bool], column: str = "risk") -> None:
        self.rows: dict[K, R] = {}
        self.order: list[K] = []
        self.column = column
        self.backwards = False
        self.following = True
        self.marked: frozenset[K] = frozenset()
        """What came in with the last `take_in`, so that it can be found."""
        self.matches = matches
        """Whether a row belongs."""
        self._held: set[K] = set()
        self._urgency: dict[K, int] = {}
        self._arrived: set[K] = set()
        self._worse: set[K] = set()
        self._gone: set[K] = set()

    @property
    def waiting(self) -> Waiting:
        return Waiting(len(self._arrived), len(self._worse), len(self._gone))

    def matching(self, matches: Callable[[R], bool]) -> None:
        """Another filter; what is shown stays until the next `arrange`."""
        self.matches = matches

    def sort_by(self, column: str, backwards: bool = False) -> None:
        self.column, self.backwards = column, backwards
        self.arrange()

    def replace(self, rows: Mapping[K, R]) -> bool:
        """All rows. True where the order on screen changed."""
        changed = [key for key, row in rows.items() if self.rows.get(key) is not row]
        removed = [key for key in self.rows if key not in rows]
        return self.merge({key: rows[key] for key in changed}, removed)

    def merge(self, changed: Mapping[K, R], removed: Iterable[K] = ()) -> bool:
        """Some rows. True where the order on screen changed. An empty list follows: no row of it can move."""
        if self.following or not self.order:
            return self._follow(changed, removed)
        alarming = RISK_ORDER["high"]
        for key, row in changed.items():
            self.rows[key] = row
            self._gone.discard(key)
            if key in self._held:
                worse = row.urgency < self._urgency[key] and row.urgency <= alarming
                (self._worse.add if worse else self._worse.discard)(key)
            elif self.matches(row):
                self._arrived.add(key)
            else:
                self._arrived.discard(key)
        for key in removed:
            if key in self._held:
                self.rows[key].gone = True
                self._gone.add(key)
                self._worse.discard(key)
            else:
                self.rows.pop(key, None)
                self._arrived.discard(key)
        return False

    def _follow(self, changed: Mapping[K, R], removed: Iterable[K]) -> bool:
        moved = False
        for key, row in changed.items():
            before = self.rows.get(key)
            self.rows[key] = row
            if not moved:
                held, wanted = key in self._held, self.matches(row)
                moved = held != wanted
                if held and wanted and before is not None:
                    moved = before.order(self.column) != row.order(self.column)
        for key in removed:
            self.rows.pop(key, None)
            moved = moved or key in self._held
        if moved:
            self.arrange()
        return moved

    def take_in(self) -> None:
        """Sorts in everything that waits, and marks it."""
        self.marked = frozenset(self._arrived | self._worse)
        self.arrange()

    def arrange(self) -> None:
        """Filters and sorts everything anew; what waited is in, what is gone is out."""
        for key in self._gone:
            self.rows.pop(key, None)
        column, matches = self.column, self.matches
        shown = [(row.order(column), key) for key, row in self.rows.items() if matches(row)]
        shown.sort(key=_first, reverse=self.backwards)
        self.order = [key for _, key in shown]
        self._held = set(self.order)
        self._urgency = {key: self.rows[key].urgency for key in self.order}
        self._arrived, self._worse, self._gone = set(), set(), set()
        self.marked &= self._held


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]
