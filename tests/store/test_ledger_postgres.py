"""What only a shared ledger meets: passwords, TLS, rights, connections that break."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drifttui.core.errors import InputError, LedgerError
from drifttui.store.ledger import open_ledger
from drifttui.store.ledger_postgres import PostgresLedger

from . import postgres
from .ledgers import NOW, Place, verdict

SECRET = "s3cr%2Fet+hunter2"
"""As a URL spells `s3cr/et+hunter2`."""


def opened(url: str, **more: Any) -> PostgresLedger:
    ledger = open_ledger(url, clock=lambda: NOW, actor="alice@laptop", **more)
    assert isinstance(ledger, PostgresLedger)
    return ledger


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://bob:{SECRET}@127.0.0.1:1/team",
        f"postgresql://127.0.0.1:1/team?user=bob&password={SECRET}",
        f"postgres://bob:{SECRET}@127.0.0.1:1,127.0.0.1:2/team?sslmode=disable&sslpassword={SECRET}",
    ],
)
def test_a_password_is_in_no_answer(url: str) -> None:
    ledger = opened(url)
    with pytest.raises(LedgerError) as caught:
        ledger.head()
    for said in (ledger.where, caught.value.one_line(), repr(caught.value), str(caught.value.__cause__)):
        assert not re.search("s3cr|hunter2", said), said
    assert ledger.where.startswith("postgresql://")


@pytest.mark.parametrize("rest", ["@127.0.0.1:no port/x", "@h/x?nonsense=1", "@h/x?sslmode=sometimes", "@[::1/x"])
def test_a_url_that_is_none_is_refused_without_its_password(rest: str) -> None:
    url = f"postgresql://bob:{SECRET}{rest}"
    with pytest.raises((InputError, LedgerError)) as caught:
        opened(url).head()
    assert not re.search("s3cr|hunter2", caught.value.one_line()), caught.value.one_line()


def test_without_psycopg_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InputError, match=r"pip install 'drifttui\[postgres\]'"):
        opened("postgresql:///x")


def test_a_connection_that_broke_is_made_again(database: str) -> None:
    import psycopg

    ledger = opened(database)
    ledger.append(*verdict())
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drifttui'")
    assert ledger.head().seq == 1
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drifttui'")
    assert ledger.append(*verdict()).seq == 2
    assert ledger.verify().intact
    ledger.close()


def test_a_connection_that_breaks_after_the_commit_is_asked_and_nothing_is_sent_twice(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has it, the answer is lost: the fault is put where the transaction ends."""
    import contextlib

    import psycopg

    real = psycopg.Connection.transaction

    @contextlib.contextmanager
    def torn(self: Any, *words: Any, **more: Any) -> Iterator[Any]:
        with real(self, *words, **more) as inside:
            yield inside
        self.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    ledger = opened(database)
    ledger.append(*verdict("f-1"))
    with monkeypatch.context() as during:
        during.setattr(psycopg.Connection, "transaction", torn)
        event = ledger.append(*verdict("f-2"))
    assert (event.seq, ledger.head().seq) == (2, 2)
    assert [each.seq for each in ledger.events()] == [1, 2]
    ledger.close()


def test_one_that_breaks_before_the_commit_leaves_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    ledger = opened(database)
    ledger.append(*verdict("f-1"))
    real = PostgresLedger._chain

    def killed(self: PostgresLedger, *words: Any) -> Any:
        with psycopg.connect(database, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drifttui'")
        return real(self, *words)

    with monkeypatch.context() as during:
        during.setattr(PostgresLedger, "_chain", killed)
        with pytest.raises(LedgerError, match="Nothing was recorded"):
            ledger.append(*verdict("f-2"))
    assert [event.seq for event in ledger.events()] == [1]
    assert ledger.append(*verdict("f-3")).seq == 2
    ledger.close()


def test_who_may_only_read_reads_and_is_told_what_is_missing(database: str, database_server: Path) -> None:
    import psycopg

    first = opened(database)
    first.append(*verdict())
    first.close()
    name = f"reader{os.getpid()}"
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {name} LOGIN")
        admin.execute(f"GRANT SELECT ON drifttui_ledger, drifttui_ledger_head TO {name}")
    reader = opened(database.replace(f"//{postgres.USER}@", f"//{name}@"))
    assert len(reader.acts().verdicts) == 1
    with pytest.raises(LedgerError, match="It needs SELECT and INSERT on drifttui_ledger"):
        reader.append(*verdict())
    reader.close()
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(f"GRANT INSERT ON drifttui_ledger TO {name}")
        admin.execute(f"GRANT UPDATE ON drifttui_ledger_head TO {name}")
    assert reader.append(*verdict()).seq == 2
    reader.close()


def certificate(folder: Path) -> None:
    """`server.crt` and `server.key` for localhost, signed by themselves."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.key").write_bytes(text)
    (folder / "server.key").chmod(0o600)


def test_passwords_and_tls_are_those_of_the_url(database: str, database_server: Path, tmp_path: Path) -> None:
    """The server is told to want both, on a port of its own, and asked in every way."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    certificate(tmp_path)
    with postgres.server(
        "listen_addresses=localhost", f"port={port}", "ssl=on", certificates=tmp_path, only_tls=True
    ) as folder:
        local = f"{postgres.url(folder, 'postgres')}&port={port}"
        import psycopg

        with psycopg.connect(local, autocommit=True) as admin:
            admin.execute("CREATE ROLE bob LOGIN SUPERUSER PASSWORD 's3cr/et+hunter2'")
        shutil.copyfile(tmp_path / "server.crt", tmp_path / "ca.crt")
        tls = f"sslmode=verify-full&sslrootcert={tmp_path / 'ca.crt'}"
        place = Place(f"postgresql://bob:{SECRET}@localhost:{port}/postgres?{tls}")
        ledger = place.open()
        assert ledger.append(*verdict()).seq == 1
        assert ledger.verify().intact
        place.close()
        wrong = [
            f"postgresql://bob:hunter3@localhost:{port}/postgres?{tls}",
            f"postgresql://bob:{SECRET}@127.0.0.1:{port}/postgres?{tls}",
            f"postgresql://bob:{SECRET}@localhost:{port}/postgres?sslmode=disable",
        ]
        for url, said in zip(wrong, ("refuses us", "does not match host name", "no pg_hba.conf entry"), strict=True):
            with pytest.raises(LedgerError, match=said) as caught:
                opened(url).head()
            assert not re.search("s3cr|hunter", caught.value.one_line())
