"""Where the argocd CLI is logged in. Reads its configuration file; writes nothing.

Format and search order: argo-cd `util/localconfig/localconfig.go`. Unlike the CLI, loose file permissions are no
error here: the file is only read, and an incident is no time to argue about a mode.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..core.errors import InputError

FILE_LIMIT = 4 * 1024 * 1024


class Login(NamedTuple):
    """One server and one user. Holds a token: never printed."""

    server: str = ""
    """`host` or `host:port`."""
    token: str = ""
    root_path: str = ""
    insecure: bool = False
    plain_text: bool = False
    core: bool = False
    """Logged in without a server (`argocd login --core`): the Application objects are the only way."""
    cert: bytes = b""
    key: bytes = b""
    context: str = ""
    file: str = ""
    """Where it was found."""

    def __repr__(self) -> str:
        return f"Login({self.server!r}, context={self.context!r})"

    @property
    def url(self) -> str:
        root = f"/{self.root_path}" if self.root_path else ""
        return f"{'http' if self.plain_text else 'https'}://{self.server}{root}"


class ArgoCDConfig(NamedTuple):
    file: Path
    current: str
    contexts: Mapping[str, Mapping[str, Any]]
    servers: Mapping[str, Mapping[str, Any]]
    users: Mapping[str, Mapping[str, Any]]

    def __repr__(self) -> str:
        return f"ArgoCDConfig({str(self.file)!r})"

    def login(self, context: str = "") -> Login:
        """The login of `context`, by default the current one. Raises `InputError` where there is no such."""
        name = context or self.current
        if not name:
            raise InputError(
                "Not logged in to Argo CD", f"{self.file} has no current context", "Run: argocd login SERVER"
            )
        entry = self.contexts.get(name)
        if entry is None:
            known = ", ".join(sorted(self.contexts)) or "none"
            raise InputError(f"No Argo CD context {name}", f"{self.file} has: {known}", "Check the name.")
        server_name = str(entry.get("server") or "")
        server = self.servers.get(server_name, {})
        user = self.users.get(str(entry.get("user") or ""), {})
        address, root, plain = split_server(server_name)
        return Login(
            server=address,
            token=str(user.get("auth-token") or ""),
            root_path=str(server.get("grpc-web-root-path") or root).strip("/"),
            insecure=server.get("insecure") is True,
            plain_text=server.get("plain-text") is True or plain,
            core=server.get("core") is True,
            cert=self._pem(server, "client-certificate-data"),
            key=self._pem(server, "client-certificate-key-data"),
            context=name,
            file=str(self.file),
        )

    def login_at(self, server: str) -> Login:
        """The login at `server` (`host:port`), the current one first; an empty one where there is none.

        A token is never sent to another server than the one that it is written for.
        """
        names = sorted(self.contexts, key=lambda name: name != self.current)
        return next(
            (self.login(name) for name in names if split_server(str(self.contexts[name].get("server")))[0] == server),
            Login(),
        )

    def _pem(self, server: Mapping[str, Any], field: str) -> bytes:
        text = server.get(field)
        if not isinstance(text, str) or not text:
            return b""
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InputError(f"{field} is not base64", str(self.file), "Log in again with the argocd CLI.") from error


def config_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the CLI would look. The file need not be there."""
    if folder := environment.get("ARGOCD_CONFIG_DIR"):
        return Path(folder, "config")
    home = Path(environment.get("HOME") or "~").expanduser()
    if (home / ".argocd").exists():
        return home / ".argocd" / "config"
    if folder := environment.get("XDG_CONFIG_HOME"):
        return Path(folder, "argocd", "config")
    return home / ".config" / "argocd" / "config"


def load(file: Path | None = None, environment: Mapping[str, str] = os.environ) -> ArgoCDConfig:
    """The configuration; empty where there is no file. Raises `InputError` naming a file that cannot be used."""
    path = file or config_file(environment)
    try:
        with path.open("rb") as handle:
            text = handle.read(FILE_LIMIT + 1)
    except FileNotFoundError:
        return ArgoCDConfig(path, "", {}, {}, {})
    except OSError as error:
        raise InputError("Argo CD login cannot be read", f"{path}: {error.strerror}", "Check the file.") from error
    if len(text) > FILE_LIMIT:
        raise InputError("Argo CD login cannot be read", f"{path} is larger than 4 MB", "Check the file.")
    import yaml

    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise InputError("Argo CD login cannot be read", f"{path} is no YAML{where}", "Check the file.") from error
    document = document if isinstance(document, dict) else {}
    return ArgoCDConfig(
        path,
        str(document.get("current-context") or ""),
        _named(document, "contexts", "name"),
        _named(document, "servers", "server"),
        _named(document, "users", "name"),
    )


def split_server(text: str) -> tuple[str, str, bool]:
    """`host:port`, root path and plain text of a server as operators write it: with or without scheme and path."""
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        scheme, rest = "", scheme
    address, _, path = rest.partition("/")
    return address, path.strip("/"), scheme == "http"


def _named(document: Mapping[str, Any], field: str, key: str) -> Mapping[str, Mapping[str, Any]]:
    entries = document.get(field)
    return {
        str(entry[key]): entry
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and entry.get(key)
    }
