"""GitHub and GitHub Enterprise Server, REST version 2022-11-28: `/repos/{owner}/{repo}/commits`, `/git/trees`,
`/contents` and `/commits/{sha}/pulls`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from ...core.errors import BadAnswer, Missing
from ...core.git import Commit, host_of, pull_request_of
from .hosts import HostGit, files_of, first_line, inner, sha_of


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
        path = f"{_at(repo)}/commits/{quote(revision, safe='')}"
        try:
            entry, _ = await self.asked(path)
        except Missing:
            return None
        except BadAnswer as error:
            if error.status == 422:  # "No commit found for SHA"
                return None
            raise
        return self._commit(path, entry)

    async def history(self, repo: str, revision: str, path: str, most: int) -> tuple[list[Commit], bool]:
        where = f"{_at(repo)}/commits"
        entries, whole = await self.listed(where, {"sha": revision, **({"path": path} if path else {})}, most)
        return [self._commit(where, entry) for entry in entries], whole

    async def tree(self, repo: str, revision: str) -> tuple[Sequence[str], bool]:
        path = f"{_at(repo)}/git/trees/{quote(revision, safe='')}"
        found, _ = await self.asked(path, {"recursive": "1"})
        entries = inner(found, "tree")
        if not isinstance(entries, list):
            raise self.odd(path, "no tree in it")
        return _blobs(entries), inner(found, "truncated") is not True

    async def text(self, repo: str, revision: str, file: str) -> str | None:
        path = f"{_at(repo)}/contents/{quote(file)}"
        return await self.raw(path, {"ref": revision}, "application/vnd.github.raw")

    async def told(self, repo: str, commit: Commit) -> Commit:
        whole = commit if commit.files else await self._one(repo, commit.sha) or commit
        entries, _ = await self.asked(f"{_at(repo)}/commits/{commit.sha}/pulls")
        merged = [one for one in entries if inner(one, "merged_at")] if isinstance(entries, list) else []
        if not merged:
            return whole
        first = min(merged, key=lambda one: str(one["merged_at"]))
        number = inner(first, "number")
        return whole._replace(
            pull_request=f"#{number}" if isinstance(number, int) else whole.pull_request,
            time=self.at(first["merged_at"]) or whole.time,
            url=self.said(inner(first, "html_url"), 300) or whole.url,
        )

    def _commit(self, path: str, entry: Any) -> Commit:
        sha = sha_of(inner(entry, "sha"))
        if not sha:
            raise self.odd(path, "a commit without a hash")
        message = inner(entry, "commit", "message")
        return Commit(
            sha,
            self.at(inner(entry, "commit", "committer", "date")),
            self.name_said(inner(entry, "commit", "author", "name")) or self.name_said(inner(entry, "author", "login")),
            self.name_said(inner(entry, "commit", "committer", "name")),
            self.said(first_line(message)),
            pull_request_of(message) if isinstance(message, str) else "",
            files_of(inner(entry, "files"), "filename"),
            self.said(inner(entry, "html_url"), 300),
        )


def _at(repo: str) -> str:
    return f"/repos/{quote(host_of(repo)[1])}"


def _blobs(entries: list[Any]) -> list[str]:
    return [str(one["path"]) for one in entries if inner(one, "type") == "blob" and isinstance(one.get("path"), str)]
