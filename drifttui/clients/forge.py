"""A host of Git repositories that takes a branch and a pull or merge request through its REST interface.

Nothing is ever forced: a branch is made where there is none, and what is there is read and left alone.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

from ..core.errors import BadAnswer, Missing, inert
from ..core.proposal import Request
from ..core.redact import redact_text
from .access import Access
from .http import Answer, Http
from .http_errors import undecodable
from .limits import Limits
from .retry import Backoff
from .tls import Tls
from .tracker_token import TrackerToken
from .write_once import write_once

BODY: Final = 8 * 1024 * 1024


class Place(NamedTuple):
    """`server` is the URL of the host; the token goes there and nowhere else."""

    server: str
    host: str
    token_file: Path | None = None
    token_env: str = ""
    ca_file: Path | None = None
    timeout: float = 15.0


class Forge(ABC):
    """One host under one identity. Methods raise `SourceError`; those that write also `ActionError`, as `write_once`
    does."""

    system: ClassVar[str]
    variables: ClassVar[tuple[str, ...]]
    request_words: ClassVar[str]

    def __init__(
        self, place: Place, repo: str, *, key: bytes, access: Access, environment: Mapping[str, str]
    ) -> None:  # fmt: skip
        self.place, self.repo, self._key = place, repo, key
        named = place.token_env or next((one for one in self.variables if environment.get(one)), self.variables[0])
        self._token = TrackerToken(self.system, place.token_file, named, environment, self.proof)
        self.http = Http(
            self.api,
            name=self.system,
            tls=Tls(ca_file=str(place.ca_file or "")),
            auth=self._token,
            access=access,
            limits=Limits(total=place.timeout, body=BODY),
            backoff=Backoff(attempts=2),
            login=self._token.hint,
            clean=self._clean,
        )

    @property
    @abstractmethod
    def api(self) -> str: ...

    @abstractmethod
    def proof(self, token: str) -> Mapping[str, str]:
        """The headers that carry the token."""

    @abstractmethod
    async def default_branch(self) -> str: ...

    @abstractmethod
    async def head(self, branch: str) -> str | None:
        """Hash of its newest commit; None where there is no such branch."""

    @abstractmethod
    async def text(self, path: str, revision: str) -> str | None: ...

    @abstractmethod
    async def existing(self, branch: str) -> Request | None:
        """The request from a branch, an open one before others; None where there never was one."""

    @abstractmethod
    async def push(self, branch: str, base: str, files: Mapping[str, str], message: str) -> None:
        """Makes the branch with one commit on `base`. Refused where the branch is there."""

    @abstractmethod
    async def propose(self, branch: str, target: str, title: str, body: str) -> Request: ...

    async def close(self) -> None:
        await self.http.close()

    # The same for all.

    async def asked(self, path: str, params: Mapping[str, str] | None = None, permission: str = "") -> Any:
        return self._decoded(path, await self.http.get(path, params, permission=permission))

    async def raw(self, path: str, params: Mapping[str, str], accept: str) -> str | None:
        """A file as it is; None where there is none, or it is no text."""
        try:
            answer = await self.http.get(path, params, accept=accept)
            return bytes(answer.body).decode("utf-8")
        except (Missing, UnicodeDecodeError):
            return None

    async def sent(self, path: str, body: Mapping[str, Any], permission: str) -> Any:
        content = json.dumps(body).encode()
        answer = await write_once(self.http, "POST", path, {}, content=content, permission=permission)
        return self._decoded(path, answer)

    def texts(self, path: str, found: Any, *keys: str) -> str:
        """A text somewhere in an answer. Raises `BadAnswer` where it is none."""
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, str) or not found:
            raise BadAnswer(f"{self.system}: the answer is not in the expected format", f"{path}: no {keys[-1]}")
        return inert(found, 500)

    def _decoded(self, path: str, answer: Answer) -> Any:
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise undecodable(self.system, path, error) from error

    def _clean(self, text: str) -> str:
        return inert(redact_text(self._token.hidden(text), self._key))
