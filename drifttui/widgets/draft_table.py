"""One row per finding that still differs: what was drafted for it, and what became of its request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from drifttui.core.draft_asks import DraftShown
from drifttui.core.words import clean

from .cells import Line, Piece
from .table import Cells, Column, LineTable


class DraftTable(LineTable[str]):
    """Keys are the ids of the findings. `excuse` stands where there are no rows, worded by the screen."""

    PICKS = True
    COLUMNS: ClassVar[tuple[Column, ...]] = (
        Column("draft", "draft", 8),
        Column("unit", "unit", 14, 26, middle=True),
        Column("what", "what", 20, 80),
        Column("files", "files", 5, right=True, drop=2),
        Column("request", "request", 8, 10, drop=1),
    )

    def __init__(self) -> None:
        super().__init__("drafts")
        self.rows: Mapping[str, DraftShown] = {}
        self.excuse: Line = ()

    def columns(self) -> Sequence[Column]:
        return self.COLUMNS

    def empty_lines(self, width: int) -> Sequence[Line]:
        return [(("  ", "text"), *self.excuse)]

    def cells(self, key: str) -> Cells:
        row = self.rows.get(key)
        if row is None:
            return Cells([("", "text")] * len(self.COLUMNS))
        return Cells(
            [
                kind_of(row),
                (clean(row.unit.rsplit("/", 1)[-1], 200), "strong"),
                (clean(row.title, 300), "text"),
                (str(len(row.files)) if row.files else "", "muted"),
                (clean(row.request.partition(" ")[0].rstrip(","), 40), "muted"),
            ]
        )


def kind_of(row: DraftShown) -> Piece:
    """`patch`, a patch of a `part` of what differs, `commands` for a state, or `none`."""
    if row.diff:
        return ("part", "warn") if row.problems else ("patch", "ok")
    return ("commands", "accent") if row.commands else ("none", "unknown")
