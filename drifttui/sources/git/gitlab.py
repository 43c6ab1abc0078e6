"""GitLab, `/api/v4/projects/{path}`: `/repository/commits`, `/repository/tree`, `/repository/files/{file}/raw` and
`/repository/commits/{sha}/merge_requests`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import quote

from ...core.errors import Missing
from ...core.git import Commit, host_of, pull_request_of
from .hosts import PAGE, PAGES, HostGit, files_of, first_line, inner

_FILES: Final = PAGE * PAGES - 1


class GitLabGit(HostGit):
    system: ClassVar[str] = "GitLab"
    variables: ClassVar[tuple[str, ...]] = ("GITLAB_TOKEN",)

    @property
    def api(self) -> str:
        return f"{self._settings.server}/api/v4"

    def proof(self, token: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {token}"}

    async def whoami(self) -> str:
        if not self._has_token:
            await self.asked("/projects", {"per_page": "1", "simple": "true"})
            return ""
        found, _ = await self.asked("/user")
        return str(inner(found, "username") or "")

    async def head(self, repo: str, branch: str) -> Commit:
        where = f"{_at(repo)}/commits"
        found, _ = await self.listed(where, {"ref_name": branch} if branch else {}, 1)
        if not found:
            raise Missing(f"{self.system} has no commit of this branch", f"{repo} {branch}".strip())
        return self._commit(where, found[0])

    async def commit(self, repo: str, revision: str) -> Commit | None:
        path = f"{_at(repo)}/commits/{quote(revision, safe='')}"
        try:
            found, _ = await self.asked(path)
        except Missing:
            return None
        return self._commit(path, found)

    async def history(self, repo: str, revision: str, path: str, most: int) -> tuple[list[Commit], bool]:
        where = f"{_at(repo)}/commits"
        entries, whole = await self.listed(where, {"ref_name": revision, **({"path": path} if path else {})}, most)
        return [self._commit(where, entry) for entry in entries], whole

    async def tree(self, repo: str, revision: str) -> tuple[Sequence[str], bool]:
        found, whole = await self.listed(f"{_at(repo)}/tree", {"ref": revision, "recursive": "true"}, _FILES)
        return [str(one["path"]) for one in found if one.get("type") == "blob" and "path" in one], whole

    async def text(self, repo: str, revision: str, file: str) -> str | None:
        return await self.raw(f"{_at(repo)}/files/{quote(file, safe='')}/raw", {"ref": revision})

    async def told(self, repo: str, commit: Commit) -> Commit:
        where = f"{_at(repo)}/commits/{commit.sha}"
        changed, _ = await self.listed(f"{where}/diff", {}, PAGE - 1)
        whole = commit._replace(files=files_of(changed, "new_path"))
        found, _ = await self.asked(f"{where}/merge_requests")
        return self.merged_by(whole, found, "!", "iid", "web_url")

    def _commit(self, path: str, entry: Any) -> Commit:
        message = inner(entry, "message")
        return Commit(
            self.hash_in(path, inner(entry, "id")),
            self.at(inner(entry, "committed_date")),
            self.name_said(inner(entry, "author_name")),
            self.name_said(inner(entry, "committer_name")),
            self.said(first_line(message)) or self.said(inner(entry, "title")),
            pull_request_of(message) if isinstance(message, str) else "",
            (),
            self.said(inner(entry, "web_url"), 300),
        )


def _at(repo: str) -> str:
    return f"/projects/{quote(host_of(repo)[1], safe='')}/repository"
