"""PagerDuty, REST API v2: `GET /incidents/{id or number}`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from ...core.link_refs import LinkRef, Tracker
from ...core.tracker import Resolved
from .base import WORD, TrackerSource

ACCEPT = "application/vnd.pagerduty+json;version=2"
_OPEN = {"triggered": True, "acknowledged": True, "resolved": False}


class PagerDuty(TrackerSource):
    system = "PagerDuty"
    tracker = Tracker.PAGERDUTY
    public = "https://api.pagerduty.com"
    variables = ("PAGERDUTY_TOKEN",)
    right = "incidents.read"

    def proof(self, token: str) -> Mapping[str, str]:
        # A key of the REST API has 20 characters; what an OAuth app was given is longer and is borne.
        return {"authorization": f"Token token={token}" if len(token) <= 24 else f"Bearer {token}"}

    def holds(self, host: str) -> bool:
        """Incidents are shown at the account's own name, and read at one for all."""
        return host.endswith(".pagerduty.com") or host == urlsplit(self.server).netloc

    async def whoami(self) -> str:
        await self.asked("/incidents", {"limit": "1"}, ACCEPT)
        return ""

    async def read(self, ref: LinkRef) -> Resolved:
        path = f"/incidents/{quote(ref.key, safe='')}"
        incident = (await self.asked(path, accept=ACCEPT)).get("incident")
        if not isinstance(incident, dict):
            raise self.odd(path, "no incident in it")
        status = self.said(incident.get("status"), WORD)
        over = _OPEN.get(status) is False
        ended = self.at(incident.get("resolved_at")) or self.at(incident.get("last_status_change_at"))
        return Resolved(
            title=self.said(incident.get("title") or incident.get("summary")),
            state=status,
            open=_OPEN.get(status),
            opened=self.at(incident.get("created_at")),
            closed=ended if over else None,
            url=self.web(incident.get("html_url")),
            kind="incident",
        )
