"""The bearer token of one Argo CD server, from wherever it is kept, read anew when the server refuses it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from ..core.errors import InputError, Unauthenticated
from .argocd_settings import ArgoCDSettings

TOKEN_LIMIT = 256 * 1024


class Token:
    """An `Auth` for `Http`. First of: the token file, the named variable, the argocd CLI's login at this server.

    Only files can change while this program runs, so only they are read again.
    """

    def __init__(self, settings: ArgoCDSettings, environment: Mapping[str, str] = os.environ) -> None:
        self._settings = settings
        self._environment = environment

    @property
    def hint(self) -> str:
        """What to do when the token is refused."""
        settings = self._settings
        if settings.token_file:
            return f"Write a new token into {settings.token_file}; it is read again by itself."
        if variable := self._variable:
            return f"{variable} holds an old token: start again with a new one, or use --argocd-token-file."
        return f"Run: argocd relogin{self._context}. It is noticed by itself."

    async def __call__(self, again: bool) -> Mapping[str, str]:
        token = await asyncio.to_thread(self._read)
        if any(c.isspace() or not c.isprintable() or ord(c) > 126 for c in token):
            raise Unauthenticated("The Argo CD token cannot be used", "it holds more than one word", self.hint)
        return {"authorization": f"Bearer {token}"}

    @property
    def _variable(self) -> str:
        name = self._settings.token_env
        return name if name and self._environment.get(name) else ""

    @property
    def _context(self) -> str:
        return f" --argocd-context {self._settings.context}" if self._settings.context else ""

    def _read(self) -> str:
        settings = self._settings
        if settings.token_file:
            try:
                with settings.token_file.open("rb") as handle:
                    token = handle.read(TOKEN_LIMIT).decode("utf-8", "replace").strip()
            except OSError as error:
                raise Unauthenticated(
                    "The Argo CD token file cannot be read",
                    f"{settings.token_file}: {error.strerror}",
                    "Write the token into that file.",
                ) from error
            if not token:
                raise Unauthenticated("The Argo CD token file is empty", str(settings.token_file), self.hint)
            return token
        if variable := self._variable:
            return self._environment[variable].strip()
        try:
            token = settings.login().token
        except InputError as error:
            raise Unauthenticated(error.title, error.detail, error.hint) from error
        if not token:
            raise Unauthenticated(
                "No Argo CD token",
                settings.server or settings.context or "current context",
                f"Give --argocd-token-file or ARGOCD_AUTH_TOKEN, or run: argocd login{self._context}",
            )
        return token
