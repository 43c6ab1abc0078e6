"""The token of one tracker, from a file or the environment, read anew when the tracker refuses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from ..core.errors import Unauthenticated

TOKEN_LIMIT = 64 * 1024


class TrackerToken:
    """An `Auth` for `Http`. `proof` makes headers of the token. `held` is what `hidden` takes out of texts."""

    def __init__(
        self,
        system: str,
        file: Path | None,
        variable: str,
        environment: Mapping[str, str],
        proof: Callable[[str], Mapping[str, str]],
    ) -> None:
        self._system, self._file, self._variable = system, file, variable
        self._environment, self._proof = environment, proof
        self._held = ""

    @property
    def hint(self) -> str:
        where = f"{self._file}; it is read again by itself" if self._file else self._variable
        return f"Put a token that is still good into {where}."

    async def __call__(self, again: bool) -> Mapping[str, str]:
        token = await asyncio.to_thread(self._read)
        if not token:
            raise Unauthenticated(f"No token for {self._system}", str(self._file or self._variable), self.hint)
        if any(c.isspace() or not c.isprintable() or ord(c) > 126 for c in token):
            raise Unauthenticated(f"The token for {self._system} cannot be used", "it is not one plain word", self.hint)
        self._held = token
        return self._proof(token)

    def hidden(self, text: str) -> str:
        """`text` without the token, should the server have repeated it."""
        return text.replace(self._held, "***") if self._held else text

    def _read(self) -> str:
        if self._file is None:
            return self._environment.get(self._variable, "").strip()
        try:
            with self._file.open("rb") as handle:
                return handle.read(TOKEN_LIMIT).decode("utf-8", "replace").strip()
        except OSError as error:
            raise Unauthenticated(
                f"The token file of {self._system} cannot be read",
                f"{self._file}: {error.strerror}",
                "Write the token into that file.",
            ) from error
