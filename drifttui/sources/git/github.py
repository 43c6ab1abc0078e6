"""GitHub and GitHub Enterprise Server, REST version 2022-11-28: `/repos/{owner}/{repo}/commits`, `/git/trees`,
`/contents` and `/commits/{sha}/pulls`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from ...core.errors import BadAnswer, Missing
from ...core.git import Commit
from .hosts import HostGit, inner, repos_at


class GitHubGit(HostGit):
    system: ClassVar[str] = "GitHub"
    variables: ClassVar[tuple[str, ...]] = ("GITHUB_TOKEN", "GH_TOKEN")

    @property
    def api(self) -> str:
        return "https://api.github.com" if self.host == "github.com" else f"{self._settings.server}/api/v3"

    def proof(self, token: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {token}", "x-github-api-version": "2022-11-28"}

    async def whoami(self) -> str:
        # `/user` is closed to tokens of apps; this tells a good token from a bad one, and costs nothing.
        await self.asked("/rate_limit")
        return ""

    async def head(self, repo: str, branch: str) -> Commit:
        found = await self._one(repo, branch or "HEAD")
        if found is None:
            raise Missing(f"{self.system} has no commit of this branch", f"{repo} {branch}".strip())
        return found

    async def commit(self, repo: str, revision: str) -> Commit | None:
        return await self._one(repo, revision)

    async def _one(self, repo: str, revision: str) -> Commit | None:
        path = f"{repos_at(repo)}/commits/{quote(revision, safe='')}"
        try:
            entry, _ = await self.asked(path)
        except Missing:
            return None
        except BadAnswer as error:
            if error.status == 422:  # "No commit found for SHA"
                return None
            raise
        return self.commit_in(path, entry)

    async def history(self, repo: str, revision: str, path: str, most: int) -> tuple[list[Commit], bool]:
        where = f"{repos_at(repo)}/commits"
        entries, whole = await self.listed(where, {"sha": revision, **({"path": path} if path else {})}, most)
        return [self.commit_in(where, entry) for entry in entries], whole

    async def tree(self, repo: str, revision: str) -> tuple[Sequence[str], bool]:
        path = f"{repos_at(repo)}/git/trees/{quote(revision, safe='')}"
        found, _ = await self.asked(path, {"recursive": "1"})
        entries = inner(found, "tree")
        if not isinstance(entries, list):
            raise self.odd(path, "no tree in it")
        return _blobs(entries), inner(found, "truncated") is not True

    async def text(self, repo: str, revision: str, file: str) -> str | None:
        path = f"{repos_at(repo)}/contents/{quote(file)}"
        return await self.raw(path, {"ref": revision}, "application/vnd.github.raw")

    async def told(self, repo: str, commit: Commit) -> Commit:
        whole = commit if commit.files else await self._one(repo, commit.sha) or commit
        entries, _ = await self.asked(f"{repos_at(repo)}/commits/{commit.sha}/pulls")
        return self.merged_by(whole, entries, "#", "number", "html_url")


def _blobs(entries: list[Any]) -> list[str]:
    return [str(one["path"]) for one in entries if inner(one, "type") == "blob" and isinstance(one.get("path"), str)]
