"""GitHub and GitHub Enterprise Server: `GET /repos/{owner}/{repo}/issues/{number}`; pull requests are issues, too."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from ...core.link_refs import LinkRef, Tracker
from ...core.tracker import Resolved
from .base import WORD, TrackerSource

ACCEPT = "application/vnd.github+json"
_OPEN = {"open": True, "closed": False}


class GitHub(TrackerSource):
    system = "GitHub"
    tracker = Tracker.GITHUB
    public = "https://api.github.com"
    variables = ("GITHUB_TOKEN", "GH_TOKEN")
    right = "issues: read"
    headers = {"x-github-api-version": "2022-11-28"}

    @property
    def api(self) -> str:
        return self.server if self.server == self.public else f"{self.server}/api/v3"

    def holds(self, host: str) -> bool:
        return host == ("github.com" if self.server == self.public else urlsplit(self.server).netloc.lower())

    def proof(self, token: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {token}"}

    async def whoami(self) -> str:
        # `/user` is closed to tokens of apps; this tells a good token from a bad one for all of them.
        await self.asked("/rate_limit", accept=ACCEPT)
        return ""

    async def read(self, ref: LinkRef) -> Resolved:
        name, _, number = ref.key.rpartition("#")
        path = f"/repos/{quote(name)}/issues/{quote(number)}"
        issue = await self.asked(path, accept=ACCEPT)
        state = self.said(issue.get("state"), WORD)
        if not state:
            raise self.odd(path, "no state in it")
        return Resolved(
            title=self.said(issue.get("title")),
            state=state,
            open=_OPEN.get(state),
            opened=self.at(issue.get("created_at")),
            closed=self.at(issue.get("closed_at")),
            url=self.web(issue.get("html_url")),
        )
