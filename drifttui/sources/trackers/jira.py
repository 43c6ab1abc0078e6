"""Jira: Cloud (`/rest/api/3`, e-mail address and token) and Data Center (`/rest/api/2`, a personal access token)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from ...core.link_refs import LinkRef, Tracker
from ...core.tracker import Resolved
from .base import WORD, TrackerSource, inner

FIELDS = "summary,status,issuetype,created,resolutiondate,statuscategorychangedate"
_OPEN = {"new": True, "indeterminate": True, "done": False}
"""Categories of a status, the same in every Jira; `undefined` says nothing."""


class Jira(TrackerSource):
    system = "Jira"
    tracker = Tracker.JIRA
    variables = ("JIRA_TOKEN",)
    right = "Browse Projects"

    @property
    def user(self) -> str:
        return self.settings.user or self._environment.get("JIRA_EMAIL", "")

    @property
    def cloud(self) -> bool:
        return bool(self.user) or (urlsplit(self.server).hostname or "").endswith(".atlassian.net")

    def proof(self, token: str) -> Mapping[str, str]:
        if self.cloud:
            both = base64.b64encode(f"{self.user}:{token}".encode()).decode()
            return {"authorization": f"Basic {both}"}
        return {"authorization": f"Bearer {token}"}

    @property
    def _root(self) -> str:
        return "/rest/api/3" if self.cloud else "/rest/api/2"

    async def whoami(self) -> str:
        found = await self.asked(f"{self._root}/myself")
        return str(found.get("emailAddress") or found.get("displayName") or found.get("name") or "")

    async def read(self, ref: LinkRef) -> Resolved:
        path = f"{self._root}/issue/{quote(ref.key, safe='')}"
        fields = (await self.asked(path, {"fields": FIELDS})).get("fields")
        if not isinstance(fields, dict):
            raise self.odd(path, "no fields in it")
        standing = _OPEN.get(str(inner(fields, "status", "statusCategory", "key")))
        ended = self.at(fields.get("resolutiondate")) or self.at(fields.get("statuscategorychangedate"))
        kind = self.said(inner(fields, "issuetype", "name"), WORD).lower()
        return Resolved(
            title=self.said(fields.get("summary")),
            state=self.said(inner(fields, "status", "name"), WORD),
            open=standing,
            opened=self.at(fields.get("created")),
            closed=ended if standing is False else None,
            url=self.web(f"{self.server}/browse/{quote(ref.key)}"),
            kind="change" if "change" in kind else "incident" if "incident" in kind else "",
        )
