"""What screens may ask of the app. A Protocol, because screens stand below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from drifttui.core.ages import Times
from drifttui.core.board import Board

from .desk import Desk
from .evidence import Evidence
from .feed import Feed, Options
from .triage_model import TriageModel

if TYPE_CHECKING:
    from drifttui.core.timeline import Entry


class Host(Protocol):
    feed: Feed
    options: Options
    board: Board
    model: TriageModel
    desk: Desk
    exact: bool

    @property
    def evidence(self) -> Evidence | None:
        """What exports; None where `no_evidence` says why there is none."""
        ...

    @property
    def closing(self) -> Evidence | None:
        """What reviews a close-out; None as above."""
        ...

    @property
    def no_evidence(self) -> str: ...

    @property
    def times(self) -> Times: ...

    def timeline(self) -> tuple[Entry, ...]:
        """Everything known by now, oldest first."""
        ...

    @property
    def theme(self) -> str: ...

    def use_theme(self, name: str) -> None: ...

    def show_times(self, exact: bool) -> None: ...
