"""Gitea and Forgejo, `/api/v1`: `/repos/{owner}/{repo}/commits`, `/git/trees`, `/raw` and `/commits/{sha}/pull`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from ...core.errors import Missing
from ...core.git import Commit
from .hosts import PAGES, HostGit, inner, repos_at

_LEAN = {"stat": "false", "verification": "false", "files": "false"}


class GiteaGit(HostGit):
    system: ClassVar[str] = "Gitea"
    variables: ClassVar[tuple[str, ...]] = ("GITEA_TOKEN",)

    @property
    def api(self) -> str:
        return f"{self._settings.server}/api/v1"

    def proof(self, token: str) -> Mapping[str, str]:
        return {"authorization": f"token {token}"}

    def page_of(self, page: int, size: int) -> Mapping[str, str]:
        # Servers allow 50 by default and answer larger questions with less: a short page must mean the end.
        return {"page": str(page), "limit": str(size)}

    async def listed(self, path: str, params: Mapping[str, str], most: int) -> tuple[list[dict[str, Any]], bool]:
        found, whole = await super().listed(path, params, min(most, 49))
        return found, whole

    async def whoami(self) -> str:
        if not self._has_token:
            await self.asked("/version")
            return ""
        found, _ = await self.asked("/user")
        return str(inner(found, "login") or "")

    async def head(self, repo: str, branch: str) -> Commit:
        where = f"{repos_at(repo)}/commits"
        found, _ = await self.listed(where, {**_LEAN, **({"sha": branch} if branch else {})}, 1)
        if not found:
            raise Missing(f"{self.system} has no commit of this branch", f"{repo} {branch}".strip())
        return self.commit_in(where, found[0])

    async def commit(self, repo: str, revision: str) -> Commit | None:
        path = f"{repos_at(repo)}/git/commits/{quote(revision, safe='')}"
        try:
            found, _ = await self.asked(path, {"stat": "false", "verification": "false"})
        except Missing:
            return None
        return self.commit_in(path, found)

    async def history(self, repo: str, revision: str, path: str, most: int) -> tuple[list[Commit], bool]:
        where = f"{repos_at(repo)}/commits"
        asked = {**_LEAN, "sha": revision, **({"path": path} if path else {})}
        entries, whole = await self.listed(where, asked, most)
        return [self.commit_in(where, entry) for entry in entries], whole

    async def tree(self, repo: str, revision: str) -> tuple[Sequence[str], bool]:
        path = f"{repos_at(repo)}/git/trees/{quote(revision, safe='')}"
        files: list[str] = []
        for page in range(1, PAGES + 1):
            found, _ = await self.asked(path, {"recursive": "true", "per_page": "1000", "page": str(page)})
            entries = inner(found, "tree")
            if not isinstance(entries, list):
                raise self.odd(path, "no tree in it")
            files += [str(one["path"]) for one in entries if inner(one, "type") == "blob" and "path" in one]
            if inner(found, "truncated") is not True:
                return files, True
        return files, False

    async def text(self, repo: str, revision: str, file: str) -> str | None:
        return await self.raw(f"{repos_at(repo)}/raw/{quote(file)}", {"ref": revision})

    async def told(self, repo: str, commit: Commit) -> Commit:
        whole = commit if commit.files else await self.commit(repo, commit.sha) or commit
        try:
            found, _ = await self.asked(f"{repos_at(repo)}/commits/{commit.sha}/pull")
        except Missing:
            return whole
        return self.merged_by(whole, [found], "#", "number", "html_url")
