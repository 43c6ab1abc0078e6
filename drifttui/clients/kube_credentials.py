"""What a kubeconfig user shows to the API server: headers and a client certificate.

Here are the kinds that are written down (token, token file, certificate, basic, impersonation); `kube_exec` and
`kube_provider` bring those that a program hands out, `kube_login` picks and refreshes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from ..core.errors import Unauthenticated, inert
from .kubeconfig import KubeContext

PEM_LIMIT = 2**20
"""Bytes of a certificate, key or token file."""

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Credential(NamedTuple):
    """Secret: never shown, logged or kept outside the client."""

    headers: Mapping[str, str] = NO_HEADERS
    certificate: bytes = b""
    """PEM chain, empty for none; `key` comes with it."""
    key: bytes = b""
    expires_at: datetime | None = None
    """None where it does not say."""

    def __repr__(self) -> str:
        return f"Credential(expires_at={self.expires_at})"


def written(context: KubeContext) -> Credential:
    """The credential as the kubeconfig holds it, files read now. Empty for anonymous access.

    Raises only `Unauthenticated`, which names the file and never its content.
    """
    user = context.user
    certificate, key = material(context, "client-certificate"), material(context, "client-key")
    if bool(certificate) != bool(key):
        lacking = "client-key" if certificate else "client-certificate"
        raise malformed(context, f"its user {context.user_name} has no {lacking}")
    if b"ENCRYPTED" in key:
        # OpenSSL would ask for the passphrase on the terminal, which the screen is using.
        raise malformed(context, f"the client-key of its user {context.user_name} is protected by a passphrase")
    headers = dict(impersonation(user))
    if file := user.get("tokenFile"):
        headers["Authorization"] = f"Bearer {_line(context, _file(context, 'tokenFile', str(file)))}"
    elif token := user.get("token"):
        headers["Authorization"] = f"Bearer {_line(context, str(token).encode())}"
    elif name := user.get("username"):
        pair = base64.b64encode(f"{name}:{user.get('password') or ''}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    return Credential(headers, certificate, key)


def impersonation(user: Mapping[str, object]) -> dict[str, str]:
    """`as`, `as-uid` and `as-groups` as headers. Leaving them out would act with more rights than the operator chose.

    Several groups need one header each, which a mapping cannot hold: they are joined by a newline here and split again
    by the client.
    """
    headers: dict[str, str] = {}
    if name := user.get("as"):
        headers["Impersonate-User"] = str(name)
    if uid := user.get("as-uid"):
        headers["Impersonate-Uid"] = str(uid)
    groups = user.get("as-groups")
    if isinstance(groups, list) and groups:
        headers["Impersonate-Group"] = "\n".join(str(group) for group in groups)
    extra = user.get("as-user-extra")
    if isinstance(extra, Mapping):
        for key, values in extra.items():
            chosen = values if isinstance(values, list) else [values]
            headers[f"Impersonate-Extra-{quote(str(key), safe='')}"] = "\n".join(str(value) for value in chosen)
    return headers


def material(context: KubeContext, key: str, *, entry: str = "user") -> bytes:
    """PEM from `<key>-data` (base64) or the file at `<key>`; empty where neither is set."""
    holder = context.user if entry == "user" else context.cluster
    if data := holder.get(f"{key}-data"):
        try:
            return base64.b64decode("".join(str(data).split()), validate=True)
        except (binascii.Error, ValueError):
            raise malformed(context, f"its {key}-data is not base64") from None
    if path := holder.get(key):
        return _file(context, key, str(path))
    return b""


def malformed(context: KubeContext, why: str) -> Unauthenticated:
    name = inert(context.name, 80)
    return Unauthenticated(
        f"No credentials for {name}", f"{context.file}: {why}", "Mend the kubeconfig, then check again."
    )


def _file(context: KubeContext, key: str, path: str) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(PEM_LIMIT + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "the path is not usable"
        raise malformed(context, f"its {key} {path} cannot be read: {why}") from None
    if not content.strip():
        raise malformed(context, f"its {key} {path} is empty")
    if len(content) > PEM_LIMIT:
        raise malformed(context, f"its {key} {path} is larger than a megabyte")
    return content


def _line(context: KubeContext, token: bytes) -> str:
    text = token.strip().decode("ascii", errors="replace")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise malformed(context, f"the token of its user {context.user_name} is no single line of ASCII")
    return text
