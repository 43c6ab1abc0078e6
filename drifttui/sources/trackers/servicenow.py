"""ServiceNow, Table API: `incident`, `change_request` and their like, by number or sys_id.

Asked with `sysparm_display_value=all`: what is shown comes from `display_value`, times from `value`, which is UTC
whatever the user's own time zone and format.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from ...core.errors import Missing, SourceError
from ...core.link_refs import LinkRef, Tracker
from ...core.tracker import Resolved
from .base import WORD, TrackerSource

FIELDS: Final = (
    "sys_id,number,short_description,state,active,approval,opened_at,resolved_at,closed_at,start_date,end_date,work_end"
)
_APPROVALS: Final = "/api/now/table/sysapproval_approver"


class ServiceNow(TrackerSource):
    system = "ServiceNow"
    tracker = Tracker.SERVICENOW
    variables = ("SERVICENOW_TOKEN",)
    right = "read incident and change_request"

    def proof(self, token: str) -> Mapping[str, str]:
        user = self.settings.user or self._environment.get("SERVICENOW_USER", "")
        if user:
            return {"authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}
        return {"authorization": f"Bearer {token}"}

    async def whoami(self) -> str:
        await self.asked("/api/now/table/incident", {"sysparm_limit": "1", "sysparm_fields": "number"})
        return self.settings.user or self._environment.get("SERVICENOW_USER", "")

    async def read(self, ref: LinkRef) -> Resolved:
        table = quote(ref.table or "incident", safe="")
        path = f"/api/now/table/{table}"
        by = "sys_id" if len(ref.key) == 32 else "number"
        record = await self._one(path, f"{by}={ref.key}", FIELDS)
        # A term that the server does not know is ignored, and any record answers.
        if record is None or self._value(record, by).lower() != ref.key.lower():
            raise Missing(f"ServiceNow has no {ref.key}", path, "It is gone, or hidden from this identity.")
        change = ref.table == "change_request"
        active = self._value(record, "active").lower()
        ended = self._value(record, "closed_at") or self._value(record, "resolved_at")
        resolved = not change and bool(self._value(record, "resolved_at"))
        open_ = False if resolved or active == "false" else True if active == "true" else None
        opened = self.at(self._value(record, "opened_at"))
        begins = self.at(self._value(record, "start_date"))
        # A change that was written down after the fact does not begin before it was: the later of both.
        opened = max(opened, begins) if change and opened and begins else opened
        approver, problem = await self._approver(record) if change else ("", "")
        return Resolved(
            title=self.said(self._shown(record, "short_description")),
            state=self.said(self._shown(record, "state"), WORD),
            open=open_,
            opened=opened,
            closed=self.at(ended or self._value(record, "work_end")) if open_ is False else None,
            expires=self.at(self._value(record, "end_date")) if change else None,
            approver=approver,
            url=self.web(
                f"{self.server}/nav_to.do?uri={table}.do?sysparm_query=number={self._value(record, 'number')}"
            ),
            kind="change" if change else "incident" if ref.table == "incident" else "",
            problem=problem,
        )

    async def _approver(self, record: Mapping[str, Any]) -> tuple[str, str]:
        """Who approved the change, and a line where that could not be read. Nobody, where it is not approved at all."""
        sys_id = self._value(record, "sys_id")
        if self._value(record, "approval") != "approved" or not sys_id.isalnum():
            return "", ""
        try:
            approval = await self._one(_APPROVALS, f"sysapproval={sys_id}^state=approved", "approver,state,sysapproval")
        except SourceError as error:
            return "", f"Approvals: {error.one_line()}"
        if approval is None or self._value(approval, "sysapproval") != sys_id:
            return "", ""
        return self.said(self._shown(approval, "approver"), WORD), ""

    async def _one(self, path: str, query: str, fields: str) -> Mapping[str, Any] | None:
        found = await self.asked(
            path,
            {
                "sysparm_query": query,
                "sysparm_fields": fields,
                "sysparm_limit": "1",
                "sysparm_display_value": "all",
                "sysparm_exclude_reference_link": "true",
            },
        )
        rows = found.get("result")
        if not isinstance(rows, list):
            raise self.odd(path, "no result in it")
        return rows[0] if rows and isinstance(rows[0], dict) else None

    @staticmethod
    def _value(record: Mapping[str, Any], name: str) -> str:
        held = record.get(name)
        value = held.get("value") if isinstance(held, dict) else held
        return value[:200] if isinstance(value, str) else ""

    @staticmethod
    def _shown(record: Mapping[str, Any], name: str) -> Any:
        held = record.get(name)
        return held.get("display_value") if isinstance(held, dict) else held
