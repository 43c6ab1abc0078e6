"""Connections to PostgreSQL, by psycopg. A password that the URL holds is in no error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from drifttui.core.errors import InputError, Unauthenticated, Unreachable, inert

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 10

_DEFAULTS: Final[dict[str, Any]] = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "drifttui",
    # A connection whose other end vanished is found out within half a minute instead of two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
}
"""What the URL does not say. TLS is the URL's own: `?sslmode=verify-full&sslrootcert=…`."""

_PASSWORD = re.compile(r"(?P<head>://[^/@\s]*?:)[^@\s]*(?=@)|(?P<key>\b(?:ssl)?password=)[^&\s]*", re.IGNORECASE)


class Address:
    """A checked `postgresql://` URL. Raises `InputError` for what is none, and where psycopg is not installed."""

    def __init__(self, url: str) -> None:
        self._url = url
        try:
            from psycopg.conninfo import conninfo_to_dict
        except ImportError as error:
            raise InputError(
                "A ledger on PostgreSQL needs psycopg",
                str(error),
                "Install it with `pip install 'drifttui[postgres]'`.",
            ) from error
        import psycopg

        try:
            self._parts = conninfo_to_dict(url)
        except psycopg.Error as error:
            raise InputError(
                "This is no URL of a PostgreSQL database", self.clean(str(error)), "Check --ledger."
            ) from None

    def __str__(self) -> str:
        """Without the password, and without anything else that is not an address."""
        user, host, port, name = (str(self._parts.get(part) or "") for part in ("user", "host", "port", "dbname"))
        who = f"{quote(user)}@" if user else ""
        return inert(f"postgresql://{who}{host}{':' + port if port else ''}/{name}")

    def clean(self, text: str) -> str:
        """`text` without the password, however it is written."""
        secrets = {str(value) for key, value in getattr(self, "_parts", {}).items() if "password" in key and value}
        for secret in sorted(secrets | {quote(each) for each in secrets}, key=len, reverse=True):
            text = text.replace(secret, "…")
        return inert(_PASSWORD.sub(lambda found: (found["head"] or found["key"]) + "…", text))

    def connect(self) -> Connection:
        """In autocommit mode, with a limit on every statement. Raises `SourceError`."""
        import psycopg

        missing = {key: value for key, value in _DEFAULTS.items() if key not in self._parts}
        try:
            connection = psycopg.connect(self._url, autocommit=True, **missing)
            connection.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")
            connection.execute(f"SET lock_timeout = '{STATEMENT_SECONDS}s'")
        except psycopg.Error as error:
            said = self.clean(str(error))
            if "password" in said or "authentication" in said or "no pg_hba" in said or "role" in said:
                raise Unauthenticated(
                    f"{self} refuses us", said, "Check the user, and the password in the URL or in ~/.pgpass."
                ) from None
            raise Unreachable(f"Cannot connect to {self}", said, "Check the URL, or use another ledger.") from None
        return connection
