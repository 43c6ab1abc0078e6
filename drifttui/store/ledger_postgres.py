"""The ledger of a team, on PostgreSQL.

The same rows as in the file. Whoever appends locks the one row of the head, reads it, and writes behind it, so that all
machines make one chain. Triggers refuse every change of what was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from drifttui.clients.postgres import Address
from drifttui.core.errors import LedgerError, OutcomeUnknown, SourceError
from drifttui.core.ledger import EMPTY, Event, EventKind, Head
from drifttui.core.ledger_rows import Row, row_from

from .ledger_base import ROWS_AT_ONCE, VERIFY, StoredLedger

if TYPE_CHECKING:
    from psycopg import Connection

    from drifttui.core.ports import Clock

T = TypeVar("T")

COLUMNS: Final = "seq, at, kind, actor, body, previous, hash"
MAKING: Final = 0x44524C47
"""Of the advisory lock that whoever makes the tables holds."""

IS_MADE: Final = """SELECT 1 FROM pg_catalog.pg_class
    WHERE relname = 'drifttui_ledger_head' AND pg_catalog.pg_table_is_visible(oid)"""

SCHEMA: Final = (
    """CREATE TABLE drifttui_ledger (
        seq BIGINT PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, body TEXT NOT NULL,
        previous TEXT NOT NULL, hash TEXT NOT NULL)""",
    """CREATE TABLE drifttui_ledger_head (
        one INTEGER PRIMARY KEY CHECK (one = 1), seq BIGINT NOT NULL, hash TEXT NOT NULL)""",
    f"INSERT INTO drifttui_ledger_head VALUES (1, {EMPTY.seq}, '{EMPTY.hash}')",  # noqa: S608
    """CREATE FUNCTION drifttui_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$""",
    """CREATE TRIGGER events_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON drifttui_ledger
        FOR EACH STATEMENT EXECUTE FUNCTION drifttui_ledger_refuse()""",
    """CREATE TRIGGER the_head_stays BEFORE DELETE OR TRUNCATE ON drifttui_ledger_head
        FOR EACH STATEMENT EXECUTE FUNCTION drifttui_ledger_refuse()""",
    """CREATE TRIGGER the_head_goes_forward BEFORE UPDATE ON drifttui_ledger_head
        FOR EACH ROW WHEN (NEW.seq <= OLD.seq) EXECUTE FUNCTION drifttui_ledger_refuse()""",
)


class PostgresLedger(StoredLedger):
    def __init__(self, url: str, *, clock: Clock, actor: str, create: bool = True) -> None:
        super().__init__(clock=clock, actor=actor, create=create)
        self._address = Address(url)
        self.where = str(self._address)
        self._connection: Connection | None = None
        self._made = False

    def head(self) -> Head:
        return self._read(lambda connection: _head(connection) if self._is_made(connection) else EMPTY)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _rows(self, after: int, limit: int) -> Sequence[Row]:
        def rows(connection: Connection) -> Sequence[Row]:
            if not self._is_made(connection):
                return ()
            question = f"SELECT {COLUMNS} FROM drifttui_ledger WHERE seq > %s ORDER BY seq LIMIT %s"  # noqa: S608
            return [row_from(each) for each in connection.execute(question, (after, limit))]

        return self._read(rows)

    def _write(self, entries: Sequence[tuple[EventKind, dict[str, Any]]]) -> tuple[Event, ...]:
        import psycopg

        rows: list[Row] = []
        with self._lock:
            self._read(self._ready)
            connection = self._connected()
            try:
                with connection.transaction():
                    head = _head(connection, lock=True)
                    events, rows = self._chain(head, entries)
                    with connection.cursor() as cursor:
                        cursor.executemany(
                            f"INSERT INTO drifttui_ledger ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
                            rows,
                        )
                    connection.execute(
                        "UPDATE drifttui_ledger_head SET seq = %s, hash = %s", (rows[-1].seq, rows[-1].hash)
                    )
            except psycopg.Error as error:
                if connection.closed and rows and self._landed(rows[-1], error):
                    return tuple(events)
                raise self._said("written", error) from None
            return tuple(events)

    def _landed(self, row: Row, error: Exception) -> bool:
        """The connection broke while it was recorded: it is asked whether it was, and never sent again."""
        try:
            # The lock comes only when the server is done with the broken connection, one way or the other.
            self._read(lambda connection: _head(connection, lock=True))
            found = self._rows(row.seq - 1, 1)
        except LedgerError:
            raise OutcomeUnknown(
                f"Nobody knows whether event {row.seq} was recorded",
                self._address.clean(str(error)),
                "`drifttui ledger log` shows it once the database answers.",
            ) from None
        return bool(found) and found[0].hash == row.hash

    @contextmanager
    def _snapshot(self) -> Iterator[tuple[Head, Iterator[Row]]]:
        import psycopg

        try:
            with closing(self._address.connect()) as connection:
                if not self._is_made(connection):
                    yield EMPTY, iter(())
                    return
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                with connection.transaction(), connection.cursor("drifttui_verify") as cursor:
                    head = _head(connection)
                    cursor.itersize = ROWS_AT_ONCE
                    cursor.execute(f"SELECT {COLUMNS} FROM drifttui_ledger ORDER BY seq")  # noqa: S608
                    yield head, (row_from(each) for each in cursor)
        except (psycopg.Error, SourceError) as error:
            raise self._said("read", error) from None

    def _read(self, question: Callable[[Connection], T]) -> T:
        """A question that changes nothing is asked once more where its connection turns out to be dead."""
        import psycopg

        with self._lock:
            held = self._connection is not None
            try:
                try:
                    return question(self._connected())
                except psycopg.OperationalError:
                    if not held or self._connection is None or not self._connection.closed:
                        raise
                    return question(self._connected())
            except psycopg.Error as error:
                raise self._said("read", error) from None

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = None
            try:
                self._connection = self._address.connect()
            except SourceError as error:
                raise LedgerError(error.title, error.detail, error.hint) from None
        return self._connection

    def _ready(self, connection: Connection) -> None:
        """The connection lives, and the tables are there or are made. Raises `LedgerError` where they must not be."""
        connection.execute("SELECT 1")
        if self._is_made(connection):
            return
        if not self._create:
            raise LedgerError(f"There is no ledger in {self.where}", "", "Nothing was recorded.")
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
            if not self._is_made(connection):
                for statement in SCHEMA:
                    connection.execute(statement)

    def _is_made(self, connection: Connection) -> bool:
        if not self._made:
            # `to_regclass` would answer from its cache, which does not yet know what somebody made a moment ago.
            self._made = connection.execute(IS_MADE).fetchone() is not None
        return self._made

    def _said(self, verb: str, error: Exception) -> LedgerError:
        undone = "Nothing was recorded." if verb == "written" else ""
        state = getattr(error, "sqlstate", "") or ""
        if isinstance(error, SourceError):
            return LedgerError(error.title, error.detail, error.hint)
        if state == "42501":
            hint = "It needs SELECT and INSERT on drifttui_ledger, SELECT and UPDATE on drifttui_ledger_head."
        elif state == "23505":
            hint = VERIFY
        elif state in ("55P03", "57014"):
            hint = "Somebody holds it, or it is slow. Try again."
        else:
            hint = "Check the database, or use another ledger."
        detail = self._address.clean(str(error).partition("\n")[0])
        return LedgerError(f"The ledger {self.where} cannot be {verb}", detail, f"{undone} {hint}".strip())


def _head(connection: Connection, *, lock: bool = False) -> Head:
    found = connection.execute(
        "SELECT seq, hash FROM drifttui_ledger_head FOR UPDATE"
        if lock
        else "SELECT seq, hash FROM drifttui_ledger_head"
    ).fetchone()
    if found is None:
        raise LedgerError("The ledger is damaged", "its head is missing", VERIFY)
    return Head(int(found[0]), str(found[1]))
