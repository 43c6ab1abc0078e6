"""What an operator can set about an incident tracker. Not beside its resolver: `store` reads it from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class TrackerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[trackers.NAME]` table: `pagerduty`, `jira`, `servicenow`, `github`, `gitlab`. The token goes to `server`
    and to no other host, whatever an address that an operator links says."""

    server: str = ""
    """URL. Needed for Jira and ServiceNow; the others have a public one."""
    token_file: Path | None = None
    """File with the token. Read again when it is refused."""
    token_env: str = ""
    """Environment variable with the token."""
    user: str = ""
    """Jira Cloud: the e-mail address that the token belongs to. ServiceNow: the user, where the token is a password."""
    ca_file: Path | None = None
    """PEM file with the CA of the server."""
    timeout: Annotated[float, msgspec.Meta(gt=0, le=120)] = 10.0
    """Seconds of one answer over all tries."""

    def __post_init__(self) -> None:
        if self.server:
            check_server(self.server)


def check_server(server: str) -> None:
    """Raises `ValueError`: a token is sent there, so that it is https, or this machine."""
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("server is no http or https URL")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("server holds more than an address; the token belongs into token_file or token_env")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("server is not https: a token would cross the network in plain text")
