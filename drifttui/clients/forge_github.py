"""GitHub and GitHub Enterprise Server, REST version 2022-11-28: `/git/trees`, `/git/commits`, `/git/refs`, `/pulls`.

Tree and commit are made before the branch, so that the branch appears whole, with one commit, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from ..core.errors import Missing
from ..core.proposal import Request
from .forge import Forge

CONTENTS = "contents: write"
PULLS = "pull_requests: write"
PLAIN, RUNNABLE = "100644", "100755"


class GitHubForge(Forge):
    system: ClassVar[str] = "GitHub"
    variables: ClassVar[tuple[str, ...]] = ("GITHUB_TOKEN", "GH_TOKEN")
    request_words: ClassVar[str] = "pull request"

    @property
    def api(self) -> str:
        return "https://api.github.com" if self.place.host == "github.com" else f"{self.place.server}/api/v3"

    def proof(self, token: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {token}", "x-github-api-version": "2022-11-28"}

    @property
    def _at(self) -> str:
        return f"/repos/{quote(self.repo)}"

    async def default_branch(self) -> str:
        return self.texts(self._at, await self.asked(self._at), "default_branch")

    async def head(self, branch: str) -> str | None:
        path = f"{self._at}/git/ref/heads/{quote(branch)}"
        try:
            return self.texts(path, await self.asked(path), "object", "sha")
        except Missing:
            return None

    async def text(self, path: str, revision: str) -> str | None:
        return await self.raw(f"{self._at}/contents/{quote(path)}", {"ref": revision}, "application/vnd.github.raw")

    async def existing(self, branch: str) -> Request | None:
        path = f"{self._at}/pulls"
        owner = self.repo.partition("/")[0]
        found = await self.asked(path, {"head": f"{owner}:{branch}", "state": "all"})
        held = [self._request(path, one) for one in (found if isinstance(found, list) else [])]
        return next((one for one in held if one.state == "open"), held[0] if held else None)

    async def push(self, branch: str, base: str, files: Mapping[str, str], message: str) -> None:
        where = f"{self._at}/git/commits/{quote(base)}"
        tree = self.texts(where, await self.asked(where), "tree", "sha")
        modes = await self._modes(tree)
        entries = [
            {"path": name, "mode": modes.get(name, PLAIN), "type": "blob", "content": text}
            for name, text in files.items()
        ]
        path = f"{self._at}/git/trees"
        made = self.texts(path, await self.sent(path, {"base_tree": tree, "tree": entries}, CONTENTS), "sha")
        path = f"{self._at}/git/commits"
        body = {"message": message, "tree": made, "parents": [base]}
        commit = self.texts(path, await self.sent(path, body, CONTENTS), "sha")
        await self.sent(f"{self._at}/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit}, CONTENTS)

    async def _modes(self, tree: str) -> dict[str, str]:
        """As files have them; what a cut listing lacks is a plain file."""
        path = f"{self._at}/git/trees/{quote(tree)}"
        found = await self.asked(path, {"recursive": "1"})
        entries = found.get("tree") if isinstance(found, dict) else None
        return {
            str(one.get("path")): str(one.get("mode"))
            for one in (entries if isinstance(entries, list) else [])
            if isinstance(one, dict) and one.get("mode") in (PLAIN, RUNNABLE)
        }

    async def propose(self, branch: str, target: str, title: str, body: str) -> Request:
        path = f"{self._at}/pulls"
        wanted = {"title": title, "head": branch, "base": target, "body": body}
        return self._request(path, await self.sent(path, wanted, PULLS))

    def _request(self, path: str, found: Any) -> Request:
        merged = isinstance(found, dict) and found.get("merged_at")
        return Request(self.texts(path, found, "html_url"), "merged" if merged else self.texts(path, found, "state"))
