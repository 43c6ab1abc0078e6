"""What an operator asks of the record on the screen, and what is answered: values that screens and services share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from .closeout import Closeout, How


class Subject(NamedTuple):
    """What an export is about. Nothing named: everything that was recorded."""

    incident: str = ""
    units: tuple[str, ...] = ()
    """`str(UnitId)`."""


class FileShown(NamedTuple):
    name: str
    lines: int
    """Records; 0 for what is no list of them."""
    size: int
    """Bytes before compression."""


class HitShown(NamedTuple):
    """One value that the last pass takes out."""

    file: str
    line: int
    what: str
    """The detector, or the team's rule."""
    digest: str


class Previewed(NamedTuple):
    """What would go into a bundle, or why there is none."""

    problem: str = ""
    """One line: what, where, what to do."""
    name: str = ""
    """Of the file, in a folder."""
    since: datetime | None = None
    until: datetime | None = None
    units: int = 0
    """Units in scope; 0: all."""
    files: tuple[FileShown, ...] = ()
    size: int = 0
    withheld: tuple[HitShown, ...] = ()
    lacks: tuple[str, ...] = ()
    head: int = 0
    """Events in the ledger."""


class Order(NamedTuple):
    """Where a previewed bundle goes."""

    to: str
    """A file, a folder, or `s3://bucket/prefix`."""
    key: str = ""
    """A key file, or `awskms:KEY`; empty: unsigned."""
    refuse_secrets: bool = False
    """Write nothing where anything had to be withheld."""
    retain: timedelta | None = None
    """For how long nobody may delete it in S3; None: as long as the bucket's default says."""


class Written(NamedTuple):
    """Where it went, or why nothing was written."""

    problem: str = ""
    place: str = ""
    size: int = 0
    """Bytes, compressed."""
    keyid: str = ""
    """Empty: unsigned."""
    locked_until: str = ""
    """Object Lock, in UTC; empty where there is none."""


class Reviewed(NamedTuple):
    """The checklist of an incident, or why there is none."""

    closeout: Closeout | None = None
    problem: str = ""


class Decision(NamedTuple):
    """Findings that stay, and who answers for them from now on."""

    findings: tuple[str, ...]
    how: How
    owner: str
    expires: datetime | None = None
    note: str = ""
