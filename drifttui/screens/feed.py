"""What the screens are given: boards from somewhere, and the operator's options."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol

from drifttui.core.board import Board
from drifttui.core.identity import UnitId


class Feed(Protocol):
    """Live systems, the demo, a replay or a test: the screens cannot tell them apart."""

    def start(self) -> None:
        """Starts its own I/O thread."""
        ...

    def stop(self) -> None: ...

    def drain(self) -> Board | None:
        """The newest board since the last call, or None. Asked ten times a second."""
        ...

    def open(self, unit: UnitId | None) -> None:
        """The operator looks at this unit: inspect it now and keep it fresh."""
        ...

    def refresh(self, unit: UnitId | None) -> None:
        """Look again at `unit`, or everywhere."""
        ...

    def read_directly(self, unit: UnitId, address: str, *, stop: bool = False) -> None:
        """Read this one resource of a stack now, without a plan; `stop`: nobody waits for it any more."""
        ...

    def now(self) -> datetime:
        """The live clock, or that of the replay."""
        ...


class Options(NamedTuple):
    """As given on the command line and in the settings file."""

    theme: str = ""
    """Empty: by NO_COLOR, the terminal's colours and its background."""
    filter: str = ""
    incident: str = ""
    read_only: bool = False
    keys: Mapping[str, str] = MappingProxyType({})
    """Binding id → key."""
