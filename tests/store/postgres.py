"""A PostgreSQL server from the system's packages, in a folder of its own, on a Unix socket."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

REQUIRED = "DRIFTTUI_REQUIRE_POSTGRES"
"""Set where a missing server is an error: in CI."""

USER = "drifttui"


class NoServer(Exception):
    pass


def binaries() -> Path:
    """Raises `NoServer`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and not on_path:
        raise NoServer("no PostgreSQL: `apt-get install postgresql` brings one")
    return found[-1].parent if found else Path(str(on_path)).parent


@contextlib.contextmanager
def server(*options: str, certificates: Path | None = None, only_tls: bool = False) -> Iterator[Path]:
    """The folder of its socket. As root it runs as another user, because it refuses root.

    `certificates` holds `server.crt` and `server.key`; with `only_tls` it is reached over TCP by password and TLS.
    """
    programs = binaries()
    folder = Path(tempfile.mkdtemp(prefix="drifttui-pg-", dir="/tmp"))
    as_user: dict[str, Any] = {}
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    try:
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", USER, "-E", "UTF8", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
            **as_user,
        )
        if certificates is not None:
            for name in ("server.crt", "server.key"):
                shutil.copy(certificates / name, folder / "data" / name)
                if as_user:
                    os.chown(folder / "data" / name, as_user["user"], as_user["group"])
        if only_tls:
            rules = "local all all trust\nhostssl all all all scram-sha-256\n"
            (folder / "data" / "pg_hba.conf").write_text(rules)
        words = [word for option in ("fsync=off", "listen_addresses=", *options) for word in ("-c", option)]
        running: subprocess.Popen[bytes] = subprocess.Popen(
            [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **as_user,
        )
        try:
            _wait(folder, running, next((option for option in options if option.startswith("port=")), ""))
            yield folder
        finally:
            running.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(5)
            running.kill()
            running.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(folder: Path, running: subprocess.Popen[bytes], port: str) -> None:
    import psycopg

    ends = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(f"{url(folder, 'postgres')}&{port}".rstrip("&"), connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if running.poll() is not None or time.monotonic() > ends:
                raise
        time.sleep(0.05)


def url(folder: Path, database: str, user: str = USER) -> str:
    return f"postgresql://{user}@/{database}?host={quote(str(folder), safe='')}"


def fresh_database(folder: Path, name: str) -> str:
    """Its URL."""
    import psycopg

    with psycopg.connect(url(folder, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type, unused-ignore]
    return url(folder, name)
