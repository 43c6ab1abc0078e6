"""The ledger of this machine or of a team: opened here, kept in SQLite or on PostgreSQL."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from drifttui.core.errors import inert

from .paths import data_directory

if TYPE_CHECKING:
    from drifttui.core.acts import Acts
    from drifttui.core.ledger import Event, EventKind, Head
    from drifttui.core.ledger_check import Verification
    from drifttui.core.ports import Clock

_URL = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
ACTOR_LENGTH = 120


class Ledger(Protocol):
    """Append-only and chained by hash. From any thread; several processes may have the same one open.

    Every method raises only `LedgerError`, `append` also `InputError` for a body that has no canonical JSON (a float,
    a text that is not Unicode) and `OutcomeUnknown` where the connection was lost while it was recorded. All of them
    may wait for a disk or a network: not for an event loop.
    """

    actor: str
    """Who appends, `alice@laptop`."""
    where: str
    """The file, or the URL without its password."""

    def append(self, kind: EventKind, body: Mapping[str, Any]) -> Event:
        """On disk when it returns. Secrets in free texts of `body` are replaced by digests (`core.ledger_prose`)."""
        ...

    def append_all(self, entries: Sequence[tuple[EventKind, Mapping[str, Any]]]) -> tuple[Event, ...]:
        """All of them, in this order and with nothing between them, or none."""
        ...

    def events(self, after: int = 0) -> Iterator[Event]:
        """In their order, from the one behind the seq `after`. Nothing is locked while the caller looks at one."""
        ...

    def head(self) -> Head: ...

    def acts(self) -> Acts:
        """What it all comes to. The same object as before where nothing is new: fit to be asked each second."""
        ...

    def verify(self, noted: Iterable[Head] = ()) -> Verification:
        """Whether the chain is whole. `noted` are heads that were written down elsewhere."""
        ...

    def close(self) -> None: ...


def open_ledger(target: str | Path | None, *, clock: Clock, actor: str = "", create: bool = True) -> Ledger:
    """The ledger in a file, at a `postgresql://` URL, or (None or empty) in the user's data folder.

    Nothing is read or written yet, and a file that is not there is an empty ledger: a session that only looks needs
    none. The first `append` makes it; without `create` that is refused. Raises `InputError` for a URL that is none.
    """
    actor = inert(actor, ACTOR_LENGTH) or this_actor()
    if is_url(target):
        from .ledger_postgres import PostgresLedger

        return PostgresLedger(str(target), clock=clock, actor=actor, create=create)
    from .ledger_sqlite import SqliteLedger

    path = Path(target).expanduser().absolute() if target else default_path()
    return SqliteLedger(path, clock=clock, actor=actor, create=create, own_folder=not target)


def default_path() -> Path:
    return data_directory() / "ledger.db"


def is_url(target: str | Path | None) -> bool:
    return isinstance(target, str) and _URL.match(target) is not None


def this_actor() -> str:
    """`alice@laptop`: the login name and this machine. In a container without either, the number of the user."""
    import getpass

    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        name = str(os.getuid())
    return inert(f"{name}@{os.uname().nodename}", ACTOR_LENGTH)
