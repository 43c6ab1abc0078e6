"""GitLab, REST v4: `/repository/branches`, `/repository/files/…/raw`, `/repository/commits` with actions,
`/merge_requests`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from ..core.errors import Missing
from ..core.proposal import Request
from .forge import Forge

RIGHT = "api, as a Developer"


class GitLabForge(Forge):
    system: ClassVar[str] = "GitLab"
    variables: ClassVar[tuple[str, ...]] = ("GITLAB_TOKEN",)
    request_words: ClassVar[str] = "merge request"

    @property
    def api(self) -> str:
        return f"{self.place.server}/api/v4"

    def proof(self, token: str) -> Mapping[str, str]:
        return {"private-token": token}

    @property
    def _at(self) -> str:
        return f"/projects/{quote(self.repo, safe='')}"

    async def default_branch(self) -> str:
        return self.texts(self._at, await self.asked(self._at), "default_branch")

    async def head(self, branch: str) -> str | None:
        path = f"{self._at}/repository/branches/{quote(branch, safe='')}"
        try:
            return self.texts(path, await self.asked(path), "commit", "id")
        except Missing:
            return None

    async def text(self, path: str, revision: str) -> str | None:
        return await self.raw(
            f"{self._at}/repository/files/{quote(path, safe='')}/raw", {"ref": revision}, "text/plain"
        )  # fmt: skip

    async def existing(self, branch: str) -> Request | None:
        path = f"{self._at}/merge_requests"
        found = await self.asked(path, {"source_branch": branch, "state": "all"})
        held = [self._request(path, one) for one in (found if isinstance(found, list) else [])]
        return next((one for one in held if one.state == "opened"), held[0] if held else None)

    async def push(self, branch: str, base: str, files: Mapping[str, str], message: str) -> None:
        actions = [{"action": "update", "file_path": name, "content": text} for name, text in files.items()]
        body = {"branch": branch, "start_sha": base, "commit_message": message, "actions": actions}
        await self.sent(f"{self._at}/repository/commits", body, RIGHT)

    async def propose(self, branch: str, target: str, title: str, body: str) -> Request:
        path = f"{self._at}/merge_requests"
        wanted: dict[str, Any] = {"source_branch": branch, "target_branch": target, "title": title, "description": body}
        return self._request(path, await self.sent(path, {**wanted, "remove_source_branch": True}, RIGHT))

    def _request(self, path: str, found: Any) -> Request:
        return Request(self.texts(path, found, "web_url"), self.texts(path, found, "state"))
