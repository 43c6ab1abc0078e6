"""What an operator can set about Git. Not beside the sources: `store` reads it from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from .tracker_settings import check_server

Kind = Literal["", "github", "gitlab", "gitea"]
PUBLIC = {"github.com": "github", "gitlab.com": "gitlab", "gitea.com": "gitea", "codeberg.org": "gitea"}


class GitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[git]]` table: a clone on this machine, or a host. A clone is never written, nor fetched."""

    clone: Path | None = None
    repo: str = ""
    """Address of the repository that the clone is of, beside those of its remotes."""
    host: str = ""
    """`github.example.com`, or its URL. The token goes there and nowhere else."""
    kind: Kind = ""
    """What speaks at `host`; said by itself for the public ones."""
    token_file: Path | None = None
    """Read again when the host refuses the token."""
    token_env: str = ""
    ca_file: Path | None = None
    timeout: Annotated[float, msgspec.Meta(gt=0, le=120)] = 15.0
    """Seconds of one answer over all tries, or of one git."""

    def __post_init__(self) -> None:
        if bool(self.clone) == bool(self.host):
            raise ValueError("it names either a clone or a host")
        if self.host:
            check_server(self.server)
            if not self.speaks:
                raise ValueError("kind is missing: github, gitlab or gitea")

    @property
    def server(self) -> str:
        """URL of the host, without a slash behind it."""
        return (self.host if "://" in self.host else f"https://{self.host}").rstrip("/")

    @property
    def name(self) -> str:
        """The host as repositories name it; a port that goes without saying is left out."""
        parts = urlsplit(self.server)
        port = f":{parts.port}" if parts.port and parts.port not in (80, 443) else ""
        return f"{(parts.hostname or '').lower()}{port}"

    @property
    def speaks(self) -> str:
        return self.kind or PUBLIC.get(self.name, "")
