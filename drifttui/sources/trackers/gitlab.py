"""GitLab: `GET /api/v4/projects/{path}/issues/{iid}`; incidents are issues of a type of their own."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from ...core.link_refs import LinkRef, Tracker
from ...core.tracker import Resolved
from .base import WORD, TrackerSource

_OPEN = {"opened": True, "closed": False}


class GitLab(TrackerSource):
    system = "GitLab"
    tracker = Tracker.GITLAB
    public = "https://gitlab.com"
    variables = ("GITLAB_TOKEN",)
    right = "read_api"

    def proof(self, token: str) -> Mapping[str, str]:
        return {"private-token": token}

    async def whoami(self) -> str:
        return str((await self.asked("/api/v4/user")).get("username") or "")

    async def read(self, ref: LinkRef) -> Resolved:
        project, _, number = ref.key.rpartition("#")
        path = f"/api/v4/projects/{quote(project, safe='')}/issues/{quote(number)}"
        issue = await self.asked(path)
        state = self.said(issue.get("state"), WORD)
        if not state:
            raise self.odd(path, "no state in it")
        return Resolved(
            title=self.said(issue.get("title")),
            state=state,
            open=_OPEN.get(state),
            opened=self.at(issue.get("created_at")),
            closed=self.at(issue.get("closed_at")),
            url=self.web(issue.get("web_url")),
            kind="incident" if issue.get("issue_type") == "incident" else "",
        )
