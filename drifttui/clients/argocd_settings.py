"""What an operator can set about Argo CD. Not beside the source, so that `store` can read it from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import msgspec

from ..core.errors import InputError

if TYPE_CHECKING:
    from .argocd_config import Login
    from .limits import Limits
    from .tls import Tls

Positive = msgspec.Meta(gt=0)


class ArgoCDSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Argo CD server: an `[[argocd]]` table of the configuration. Seconds and bytes. The bounds hold for what a
    file says.

    Either `server` names it, or `context` names an entry of the argocd CLI's own configuration; what is set here wins
    over what that entry says.
    """

    name: str = ""
    """How it is shown; by default the context or the host."""
    server: str = ""
    """host, host:port or URL; a path in it is the root path."""
    context: str = ""
    """A context of the argocd CLI."""
    config_file: Path | None = None
    """The argocd CLI's configuration, where it is elsewhere."""
    token_file: Path | None = None
    """File with the token. Read again when it is refused."""
    token_env: str = ""
    """Environment variable with the token."""
    ca_file: Path | None = None
    """PEM file with the CA of the server."""
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    insecure: bool = False
    """Do not check the server's certificate."""
    plain_text: bool = False
    """No TLS."""
    root_path: str = ""
    """Path in front of /api where a proxy adds one."""
    projects: tuple[str, ...] = ()
    """Only applications of these projects."""
    selector: str = ""
    """Only applications with these labels."""
    namespace: str = ""
    """Only applications in this namespace."""
    timeout: Annotated[float, Positive] = 30.0
    """Of one answer over all tries."""
    list_timeout: Annotated[float, Positive] = 120.0
    """Of the list of applications."""
    list_limit: Annotated[int, Positive] = 512 * 1024 * 1024
    """Largest list."""
    object_limit: Annotated[int, Positive] = 128 * 1024 * 1024
    """Largest answer about one application."""

    def __post_init__(self) -> None:
        if "/" in self.name:
            raise ValueError("a name holds no slash: it is a part of identities that are joined by slashes")

    def login(self) -> Login:
        """Where and who, from this entry and the CLI's configuration. Raises `InputError`. Reads files."""
        from .argocd_config import load, split_server

        config = load(self.config_file)
        address, root, plain = split_server(self.server)
        found = config.login_at(address) if address and not self.context else config.login(self.context)
        address = address or found.server
        if not address:
            raise InputError("No Argo CD server", self.name, "Give --argocd-server or log in with the argocd CLI.")
        return found._replace(
            server=address,
            root_path=(self.root_path or root or found.root_path).strip("/"),
            plain_text=self.plain_text or plain or found.plain_text,
            insecure=self.insecure or found.insecure,
        )

    def tls(self) -> Tls:
        """Raises `InputError`. Reads files."""
        from .tls import Tls

        found = self.login()
        own = self.client_cert_file is not None
        return Tls(
            ca_file=str(self.ca_file or ""),
            insecure=found.insecure,
            cert_file=str(self.client_cert_file or ""),
            key_file=str(self.client_key_file or ""),
            cert_data=b"" if own else found.cert,
            key_data=b"" if own else found.key,
        )

    def limits(self) -> Limits:
        from .limits import Limits

        return Limits(total=self.timeout, body=self.object_limit, line=self.object_limit)

    @property
    def shown_name(self) -> str:
        """Unique only as far as the operator made it so."""
        host = urlsplit("//" + self.server.rpartition("://")[2]).hostname or ""
        return (self.name or self.context or host or "default").replace("/", "_")
