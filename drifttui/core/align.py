"""The three planes of one resource as rows, each field of each plane beside its counterparts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Final, NamedTuple

from .finding import Comparison
from .pairing import key_of, pair
from .planes import ABSENT, UNKNOWN, Mark, Plane, ThreePlanes
from .pointers import escape
from .redact import is_digest
from .schema import UNSHAPED, Defaults, ListKeys, Shape, shape_of
from .third import item_name

TEXT_LIMIT: Final = 200
"""Longest value in characters; longer ones are cut with a mark."""

_MAX_DEPTH: Final = 100
"""Levels that are shown. Each costs two frames, and the screen that asks stands on many of its own."""

_DIGEST_SHOWN: Final = len("hmac:") + 8


class RowKind(StrEnum):
    BRANCH = "branch"
    """Has rows below it. Its cells are empty where the plane has the container."""
    LEAF = "leaf"


class AlignedRow(NamedTuple):
    """One field. A cell is a text, `ABSENT` or `UNKNOWN`."""

    depth: int
    label: str
    """The key, or `[name]` for an item of a list."""
    pointer: str
    """As in `Change.path`; empty for the object itself, which has no row."""
    desired: str | Mark
    recorded: str | Mark
    actual: str | Mark
    changed: bool
    hidden_rule: str
    kind: RowKind


def aligned(
    planes: ThreePlanes,
    comparison: Comparison | None = None,
    *,
    list_keys: ListKeys | None = None,
    defaults: Defaults | None = None,
) -> list[AlignedRow]:
    """Rows in the order of the actual plane, what only other planes have behind it. Linear in the number of fields.

    Values stay hostile text: they are cut here, and made inert where they are drawn. Without `comparison` no row is
    marked as changed. Levels below the deepest that may be compared are not walked; their row says so.
    """
    ref = planes.ref
    shape = shape_of(ref.group, ref.kind, "", list_keys, defaults)
    changed = frozenset(change.label for change in comparison.changes) if comparison else frozenset()
    hidden = {hidden.path: hidden.rule for hidden in comparison.hidden if hidden.path} if comparison else {}
    rows = _Rows(changed, hidden)
    values: list[Any] = [planes.value(plane) for plane in Plane]
    if any(isinstance(value, dict) for value in values):
        rows.fields(values[0], values[1], values[2], 0, "", "", shape, "" in changed)
    return rows.rows


class _Rows:
    def __init__(self, changed: frozenset[str], hidden: dict[str, str]) -> None:
        self.rows: list[AlignedRow] = []
        self._changed = changed
        self._hidden = hidden

    def fields(self, d: Any, r: Any, a: Any, depth: int, pointer: str, label: str, shape: Shape, changed: bool) -> None:
        """Every key of any of the three; what is no object has none."""
        shapes = shape.fields
        star = shapes.get("*") if shapes else None
        append = self.rows.append
        empty: dict[str, Any] = {}
        dd, rr, aa = (value if type(value) is dict else empty for value in (d, r, a))
        # Below a plane that is unknown everything is unknown; below one that lacks the field, everything is absent.
        no_d, no_r, no_a = (UNKNOWN if value is UNKNOWN else ABSENT for value in (d, r, a))
        keys = dict.fromkeys(aa)
        if len(rr):
            keys |= dict.fromkeys(rr)
        if len(dd):
            keys |= dict.fromkeys(dd)
        for key in keys:
            token = key if "/" not in key and "~" not in key else escape(key)
            here = f"{pointer}/{token}"
            vd, vr, va = dd.get(key, no_d), rr.get(key, no_r), aa.get(key, no_a)
            if (
                type(va) is str
                and va == vd
                and (va == vr or vr is UNKNOWN)
                and len(va) <= TEXT_LIMIT
                and "\n" not in va
            ):
                # Most of a document: the same text everywhere, no rule, no change.
                rule = self._hidden.get(here, "") if self._hidden else ""
                append(AlignedRow(depth, key, here, va, vr, va, changed, rule, RowKind.LEAF))
                continue
            below = shapes.get(key) or star or UNSHAPED
            self.row(vd, vr, va, depth, key, here, f"{label}/{token}", below, changed)

    def row(
        self, d: Any, r: Any, a: Any, depth: int, name: str, pointer: str, label: str, shape: Shape, changed: bool
    ) -> None:
        kinds = (type(d), type(r), type(a))
        changed = changed or label in self._changed
        if dict not in kinds and list not in kinds:
            actual = _text(a)
            self._append(depth, name, pointer, _like(d, a, actual), _like(r, a, actual), actual, changed, d, r, a)
        elif pointer == "/metadata/managedFields":
            self._append(depth, name, pointer, _managers(d), _managers(r), _managers(a), changed, None, None, None)
        elif any(is_digest(value) for value in (d, r, a)) or depth >= _MAX_DEPTH or not (d or r or a):
            self._append(depth, name, pointer, _text(d), _text(r), _text(a), changed, None, None, None)
        else:
            rule = self._hidden.get(pointer, "")
            cells3 = (_branch(d), _branch(r), _branch(a))
            self.rows.append(AlignedRow(depth, name, pointer, *cells3, changed, rule, RowKind.BRANCH))
            if dict in kinds:
                self.fields(d, r, a, depth + 1, pointer, label, shape, changed)
            if list in kinds:
                self.items(d, r, a, depth + 1, pointer, label, shape, changed)

    def items(self, d: Any, r: Any, a: Any, depth: int, pointer: str, label: str, shape: Shape, changed: bool) -> None:
        below = shape.below("*")
        no_d, no_r, no_a = (UNKNOWN if value is UNKNOWN else ABSENT for value in (d, r, a))
        for i, j, k in _triples(d, r, a, shape):
            item_d = d[i] if i is not None else no_d
            item_r = r[j] if j is not None else no_r
            item_a = a[k] if k is not None else no_a
            position = k if k is not None else j if j is not None else i
            item = item_a if k is not None else item_r if j is not None else item_d
            name = f"[{item_name(item, shape, str(position))}]"
            self.row(item_d, item_r, item_a, depth, name, f"{pointer}/{position}", label + name, below, changed)

    def _append(
        self,
        depth: int,
        name: str,
        pointer: str,
        desired: str | Mark,
        recorded: str | Mark,
        actual: str | Mark,
        changed: bool,
        d: Any,
        r: Any,
        a: Any,
    ) -> None:
        if (type(a) is str and "\n" in a) or (type(d) is str and "\n" in d) or (type(r) is str and "\n" in r):
            desired, recorded, actual = _lines(d, r, a)
        rule = self._hidden.get(pointer, "")
        self.rows.append(AlignedRow(depth, name, pointer, desired, recorded, actual, changed, rule, RowKind.LEAF))


def _triples(d: Any, r: Any, a: Any, shape: Shape) -> Iterator[tuple[int | None, int | None, int | None]]:
    """Positions of one item in each plane; None where it is not."""
    lists = [value if type(value) is list else [] for value in (d, r, a)]
    names = _identity(lists, shape)
    if names is None:
        yield from _by_place(lists, shape)
        return
    places: dict[Any, list[int | None]] = {}
    for plane in (2, 1, 0):
        seen: dict[Any, int] = {}
        for position, item in enumerate(lists[plane]):
            name = names(item)
            seen[name] = seen.get(name, -1) + 1
            entry = places.setdefault((name, seen[name]), [None, None, None])
            entry[plane] = position
    for entry in places.values():
        yield entry[0], entry[1], entry[2]


def _identity(lists: list[list[Any]], shape: Shape) -> Callable[[Any], Any] | None:
    """How items are told apart: by the keys of the schema, or by name where every item has one of its own."""
    keys = shape.keys
    if keys is not None and all(key_of(item, keys) is not None for items in lists for item in items):
        return lambda item: key_of(item, keys)
    for items in lists:
        found = [item.get("name") if type(item) is dict else None for item in items]
        if not all(isinstance(name, str) for name in found) or len(set(found)) != len(found):
            return None
    return lambda item: item["name"]


def _by_place(lists: list[list[Any]], shape: Shape) -> Iterator[tuple[int | None, int | None, int | None]]:
    desired, recorded, actual = lists
    if desired and actual and len(desired) != len(actual):
        pairing = pair(desired, actual, shape)
        if pairing is not None:
            left = {there: here for here, there in pairing.both}
            for k in range(len(actual)):
                yield left.get(k), k if k < len(recorded) else None, k
            for i in pairing.left:
                yield i, None, None
            return
    for position in range(max(map(len, lists))):
        at = [position if position < len(items) else None for items in lists]
        yield at[0], at[1], at[2]


def _like(value: Any, other: Any, text: str | Mark) -> str | Mark:
    """`text` is that of `other`: equal values are not put into words twice."""
    return text if value is other or (type(value) is type(other) and value == other) else _text(value)


def _text(value: Any) -> str | Mark:
    if type(value) is str:
        return value if len(value) <= TEXT_LIMIT else value[: TEXT_LIMIT - 1] + "…"
    if isinstance(value, Mark):
        return value
    if value is None:
        return "null"
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is dict:
        if is_digest(value):
            mark = " (encrypted)" if "masked" in value else ""
            return f"{value['digest'][:_DIGEST_SHOWN]}…{mark}"
        return "{…}" if value else "{}"
    if type(value) is list:
        return "[…]" if value else "[]"
    return str(value)[:TEXT_LIMIT]


def _branch(value: Any) -> str | Mark:
    return "" if value and type(value) in (dict, list) else _text(value)


def _managers(value: Any) -> str | Mark:
    if not isinstance(value, list):
        return _text(value)
    return "1 entry" if len(value) == 1 else f"{len(value)} entries"


def _lines(d: Any, r: Any, a: Any) -> tuple[str | Mark, str | Mark, str | Mark]:
    """Texts of several lines: the first line that is not the same everywhere, with its number."""
    split = [value.split("\n") if type(value) is str else None for value in (d, r, a)]
    known = [lines for lines in split if lines is not None]
    longest = max(map(len, known))
    at = next((i for i in range(longest) if len({lines[i] if i < len(lines) else None for lines in known}) > 1), None)
    cells = []
    for value, lines in zip((d, r, a), split, strict=True):
        if lines is None:
            cells.append(_text(value))
        elif at is None:
            cells.append(_text(f"{lines[0]} … ({len(lines)} lines)"))
        else:
            cells.append(_text(f"line {at + 1}: {lines[at]}" if at < len(lines) else f"ends after {len(lines)} lines"))
    return cells[0], cells[1], cells[2]
