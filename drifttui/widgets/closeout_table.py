"""One row per finding and pause of an incident: does it stand in the way, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from drifttui.core.closeout import Item
from drifttui.core.words import clean

from .cells import Line
from .table import Cells, Column, LineTable

ItemKey = tuple[str, str]
"""(`finding` or `pause`, id)"""


class CloseoutTable(LineTable[ItemKey]):
    """`excuse` stands where there are no rows, worded by the screen."""

    PICKS = True
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("stands", "stands", 7),
        Column("kind", "kind", 7, drop=2),
        Column("unit", "unit", 14, 34, middle=True),
        Column("what", "what", 16, 70),
        Column("state", "became", 9, 60, drop=1, want=20),
    )

    def __init__(self) -> None:
        super().__init__("closeout")
        self.rows: Mapping[ItemKey, Item] = {}
        self.excuse: Line = ()

    def columns(self) -> Sequence[Column]:
        return self.COLUMNS

    def empty_lines(self, width: int) -> Sequence[Line]:
        return [(("  ", "text"), *self.excuse)]

    def cells(self, key: ItemKey) -> Cells:
        item = self.rows.get(key)
        if item is None:
            return Cells([("", "text")] * len(self.COLUMNS))
        return Cells(
            [
                ("blocks", "bad") if item.blocks else ("done", "ok"),
                (item.kind, "muted"),
                (clean(item.unit.rsplit("/", 1)[-1], 200), "strong"),
                (clean(item.what, 300), "text"),
                (clean(_became(item), 200), "text" if item.blocks else "muted"),
            ]
        )


def _became(item: Item) -> str:
    """`open, request opened`: the address stands in the pane."""
    return f"{item.state}, request {item.request.rpartition(' ')[0] or item.request}" if item.request else item.state
