"""The ledger in one SQLite file.

WAL with `synchronous=FULL`: an event that `append` returned is on disk, whatever happens next. `BEGIN IMMEDIATE` reads
the head and writes behind it in one transaction, so that several processes make one chain. Triggers refuse every change
of what was written; whoever goes around them is found by the hashes.

Where the folder cannot be written (a read-only home) the file is still read.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from drifttui.core.errors import InputError, LedgerError
from drifttui.core.ledger import EMPTY, Event, EventKind, Head
from drifttui.core.ledger_rows import Row, row_from

from .ledger_base import VERIFY, StoredLedger
from .paths import PRIVATE_DIRECTORY, PRIVATE_FILE, private

if TYPE_CHECKING:
    from drifttui.core.ports import Clock

APPLICATION: Final = 0x44524C47
"""`DRLG` in the header of the file: this is a ledger and nothing else."""
VERSION: Final = 1
BUSY_SECONDS: Final = 10.0
COLUMNS: Final = "seq, at, kind, actor, body, previous, hash"

SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS events (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, body TEXT NOT NULL,
        previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS head (
        one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL)""",
    f"INSERT OR IGNORE INTO head VALUES (1, {EMPTY.seq}, '{EMPTY.hash}')",  # noqa: S608
    """CREATE TRIGGER IF NOT EXISTS events_are_not_changed BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS events_are_not_removed BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    # REPLACE removes a row without asking the trigger above.
    """CREATE TRIGGER IF NOT EXISTS events_follow_each_other BEFORE INSERT ON events
        WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM events)
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS the_head_goes_forward BEFORE UPDATE ON head WHEN NEW.seq <= OLD.seq
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER IF NOT EXISTS the_head_stays BEFORE DELETE ON head
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)


class SqliteLedger(StoredLedger):
    """`own_folder`: the folder is drifttui's own, and is closed to others. A folder that the operator named is not."""

    def __init__(self, path: Path, *, clock: Clock, actor: str, create: bool = True, own_folder: bool = False) -> None:
        super().__init__(clock=clock, actor=actor, create=create)
        self.where = str(path)
        self._path = path
        self._own_folder = own_folder
        self._database: sqlite3.Connection | None = None
        self._file: tuple[int, ...] = ()
        """What `_database` has open: device and inode."""
        self._readable_only = False
        """`_database` is a picture of the file, because nothing can be written beside it."""

    def head(self) -> Head:
        with self._lock, self._said("read"):
            database = self._reader()
            return EMPTY if database is None else _head(database)

    def close(self) -> None:
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = None

    def _rows(self, after: int, limit: int) -> Sequence[Row]:
        with self._lock, self._said("read"):
            database = self._reader()
            if database is None:
                return ()
            found = database.execute(
                f"SELECT {COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
                (after, limit),
            )
            return [row_from(each) for each in found]

    def _write(self, entries: Sequence[tuple[EventKind, dict[str, Any]]]) -> tuple[Event, ...]:
        with self._lock, self._said("written"):
            database = self._writer()
            try:
                database.execute("BEGIN IMMEDIATE")
                head = _head(database)
                events, rows = self._chain(head, entries)
                database.executemany(f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
                database.execute("UPDATE head SET seq = ?, hash = ?", (rows[-1].seq, rows[-1].hash))
                database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    database.rollback()
                raise
            return tuple(events)

    @contextmanager
    def _snapshot(self) -> Iterator[tuple[Head, Iterator[Row]]]:
        with self._said("read"):
            if not self._path.exists():
                yield EMPTY, iter(())
                return
            with closing(self._open()[0]) as database:
                if not _is_made(database):
                    yield EMPTY, iter(())
                    return
                database.execute("BEGIN")
                head = _head(database)
                found = database.execute(f"SELECT {COLUMNS} FROM events ORDER BY seq")  # noqa: S608
                yield head, (row_from(each) for each in found)

    # Opening.

    def _reader(self) -> sqlite3.Connection | None:
        """None where there is no ledger yet."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self.close()
            return None
        file: tuple[int, ...] = (status.st_dev, status.st_ino)
        if self._readable_only:
            # A picture does not move by itself.
            file += (status.st_mtime_ns, status.st_size, *_log_of(self._path))
        if self._database is None or self._file != file:
            self.close()
            database, self._readable_only = self._open()
            if not _is_made(database):
                database.close()
                return None
            self._database, self._file = database, file
        return self._database

    def _writer(self) -> sqlite3.Connection:
        if self._readable_only:
            self.close()
        database = self._reader()
        if database is None:
            if not self._create:
                raise LedgerError(f"There is no ledger {self.where}", "", "Nothing was recorded.")
            self._make()
            database = self._reader()
        if database is None:
            raise LedgerError(f"Cannot make the ledger {self.where}", "", "Nothing was recorded.")
        return database

    def _open(self) -> tuple[sqlite3.Connection, bool]:
        """And whether it is only a picture."""
        database, picture = self._connect("mode=rw"), False
        try:
            try:
                database.execute("PRAGMA synchronous = FULL")
            except sqlite3.OperationalError as error:
                database.close()
                busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                if busy or not os.access(self._path, os.R_OK):
                    raise
                database, picture = self._open_unwritable(), True
            self._belongs(database)
        except BaseException:
            database.close()
            raise
        return database, picture

    def _open_unwritable(self) -> sqlite3.Connection:
        """WAL wants to write beside the file even to read it. Where that is impossible nobody else writes either."""
        log = self._path.with_name(self._path.name + "-wal")
        if not _log_of(self._path)[1:]:
            return self._connect("mode=ro&immutable=1")
        # The newest events are in the log of a process that died. Both are read as copies.
        with tempfile.TemporaryDirectory(prefix="drifttui-") as folder:
            copy = Path(folder) / self._path.name
            shutil.copyfile(self._path, copy)
            shutil.copyfile(log, copy.with_name(log.name))
            with closing(sqlite3.connect(copy)) as whole:
                memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                whole.backup(memory)
        memory.execute("PRAGMA query_only = ON")
        return memory

    def _connect(self, query: str) -> sqlite3.Connection:
        database = sqlite3.connect(
            f"file:{quote(str(self._path))}?{query}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        database.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        return database

    def _belongs(self, database: sqlite3.Connection) -> None:
        tables, application, version = (
            database.execute(question).fetchone()[0]
            for question in ("SELECT COUNT(*) FROM sqlite_master", "PRAGMA application_id", "PRAGMA user_version")
        )
        if tables and application != APPLICATION:
            raise InputError(f"{self.where} is no ledger", "it is another SQLite database", "Check --ledger.")
        if version > VERSION:
            raise InputError(f"{self.where} is from a newer drifttui", f"format {version}", "Update drifttui.")

    def _make(self) -> None:
        """Killed in between, it leaves an empty file, which the next `append` makes a ledger."""
        if self._own_folder:
            private(self._path.parent)
        self._path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        if not self._path.exists():
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT, PRIVATE_FILE))
            folder = os.open(self._path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        ends = time.monotonic() + BUSY_SECONDS
        while True:
            with closing(self._connect("mode=rw")) as database:
                try:
                    self._belongs(database)
                    database.execute("PRAGMA synchronous = FULL")
                    # Two processes that switch at once are both told that it is busy, without any waiting.
                    database.execute("PRAGMA journal_mode = WAL")
                    database.execute("BEGIN IMMEDIATE")
                    for statement in SCHEMA:
                        database.execute(statement)
                    database.execute("COMMIT")
                    return
                except sqlite3.OperationalError as error:
                    with suppress(sqlite3.Error):
                        database.rollback()
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > ends:
                        raise
            time.sleep(0.02)

    @contextmanager
    def _said(self, verb: str) -> Iterator[None]:
        """What SQLite and the disk say, in one line."""
        undone = "Nothing was recorded." if verb == "written" else ""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_FULL:
                detail, hint = "the disk is full", "Free some space, or name another ledger with --ledger."
            elif code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
                detail, hint = "no permission, a read-only disk, or a full one", "Name another one with --ledger."
            elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                detail, hint = f"another process has held it for {BUSY_SECONDS:.0f} seconds", "Try again."
            elif code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                detail, hint = str(error), "Keep the file, and name another one with --ledger."
            elif code == sqlite3.SQLITE_CONSTRAINT:
                detail, hint = "it goes on behind its own end", VERIFY
            else:
                detail, hint = str(error), "Name another one with --ledger."
            raise LedgerError(
                f"The ledger {self.where} cannot be {verb}", detail, f"{undone} {hint}".strip()
            ) from error
        except OSError as error:
            raise LedgerError(
                f"The ledger {self.where} cannot be {verb}",
                error.strerror or str(error),
                f"{undone} Name another one with --ledger.".strip(),
            ) from error


def _log_of(path: Path) -> tuple[int, ...]:
    """Time and size of the log beside the file; a single 0 where there is none, or nothing in it."""
    try:
        status = path.with_name(path.name + "-wal").stat()
    except FileNotFoundError:
        return (0,)
    return (status.st_mtime_ns, status.st_size) if status.st_size else (0,)


def _is_made(database: sqlite3.Connection) -> bool:
    return bool(database.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'events'").fetchone()[0])


def _head(database: sqlite3.Connection) -> Head:
    found = database.execute("SELECT seq, hash FROM head").fetchone()
    if found is None or not isinstance(found[0], int):
        raise LedgerError("The ledger is damaged", "its head is missing", VERIFY)
    return Head(found[0], str(found[1]))
