"""What an operator can set about Loki. Not beside the source, so that `store` can read it from a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from ..core.errors import Unauthenticated

if TYPE_CHECKING:
    from .limits import Limits
    from .tls import Tls

Positive = msgspec.Meta(gt=0)


class LokiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[loki]]` in the configuration: the audit log of one cluster in one Loki. Seconds. The bounds hold for what a
    file says."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")]
    """Without credentials: those have fields of their own."""
    selector: Annotated[str, msgspec.Meta(pattern=r"^\{.+\}$")]
    """Streams of the audit log, such as `{job="kube-audit", cluster="prod"}`."""
    name: str = ""
    cluster: str = ""
    """Whose log it is."""
    covers: tuple[str, ...] = ()
    """Further names and URLs by which units call the cluster."""
    tenant: str = ""
    """`X-Scope-OrgID`."""
    username: str = ""
    password_file: Path | None = None
    password_env: str = ""
    token_file: Path | None = None
    """Read again when the server refuses the token."""
    token_env: str = ""
    ca_file: Path | None = None
    insecure: bool = False
    timeout: Annotated[float, Positive] = 60.0
    """Of one answer over all tries."""
    page: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 1000
    """Lines of one answer; 5000 are all that Loki allows by default."""
    max_lines: Annotated[int, Positive] = 20_000
    """Lines that one question may fetch."""
    window: Annotated[float, Positive] = 7 * 86400.0
    """Longest range of one request; Loki refuses more than 30 days by default."""
    look_back: Annotated[float, Positive] = 24 * 3600.0

    @property
    def shown_name(self) -> str:
        host = self.url.partition("://")[2].partition("/")[0].rpartition("@")[2]
        return (self.name or self.cluster or host).replace("/", "_")

    def tls(self) -> Tls:
        from .tls import Tls

        return Tls(ca_file=str(self.ca_file or ""), insecure=self.insecure)

    def limits(self) -> Limits:
        from .limits import Limits

        return Limits(total=self.timeout)

    def secrets(self) -> tuple[str, ...]:
        """What must not be shown; empty where it cannot be read."""
        try:
            return tuple(filter(None, (self._token(), self._password())))
        except Unauthenticated:
            return ()

    def proof(self) -> Mapping[str, str]:
        """Headers that say who asks. Reads files. Raises `Unauthenticated` where something named is not there."""
        from base64 import b64encode

        headers = {"X-Scope-OrgID": self.tenant} if self.tenant else {}
        if token := self._token():
            headers["Authorization"] = f"Bearer {token}"
        elif self.username:
            pair = f"{self.username}:{self._password()}".encode()
            headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        return headers

    def _token(self) -> str:
        return self._read(self.token_file, self.token_env)

    def _password(self) -> str:
        return self._read(self.password_file, self.password_env)

    def _read(self, file: Path | None, variable: str) -> str:
        if file is not None:
            try:
                return file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise self._missing(f"{file} cannot be read") from error
        if variable:
            found = os.environ.get(variable, "").strip()
            if not found:
                raise self._missing(f"${variable} is not set")
            return found
        return ""

    def _missing(self, what: str) -> Unauthenticated:
        return Unauthenticated(f"Loki {self.shown_name}: {what}", hint="Check [[loki]] in the settings file.")
