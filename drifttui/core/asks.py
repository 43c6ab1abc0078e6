"""What an operator asks to be done on the screen, and what is answered: values that screens and services share."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from .pause import Plan


class Planned(NamedTuple):
    """The answer to a question for plans: one per unit, or why there is none."""

    plans: tuple[Plan, ...] = ()
    problem: str = ""
    """One line: what, where, what to do."""


class Answer(NamedTuple):
    """What became of it, in one line."""

    words: str
    failed: bool = False


class Choice(NamedTuple):
    """The operator's verdict, by the vocabulary of `core.verdict`."""

    drift_class: str
    action: str
    note: str = ""
    cause: str = ""
    """Why several findings are classified as one; empty for a single one."""


class LinkWish(NamedTuple):
    """A change link as typed, and what it shall cover. Units are `str(UnitId)`, findings and pauses their ids."""

    ref: str
    kind: str
    """`incident` or `change`."""
    expires: datetime | None = None
    approver: str = ""
    note: str = ""
    units: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
