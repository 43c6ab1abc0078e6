"""Trackers in their documented wire formats, on real sockets, with the faults that they and those before them have."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.clients.access import Access
from drifttui.clients.tracker_settings import TrackerSettings
from drifttui.core.errors import BadAnswer, Forbidden, InputError, Missing, SourceError, Throttled, Unauthenticated
from drifttui.core.health import Standing
from drifttui.core.link_refs import Tracker, read_ref
from drifttui.core.ports import Source
from drifttui.sources.trackers import build_trackers, resolvers
from drifttui.sources.trackers.base import TrackerSource
from tests.clients.raw_http import RawServer, Reply, Request

NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)
TOKEN = "t0ken-Of-The-Tests-77"
SYS_ID = "9d385017c611228701d22104cc95c371"

PAGERDUTY = {
    "incident": {
        "id": "Q1AB2CD3EF4GH5",
        "type": "incident",
        "summary": "[#1234] Checkout fails",
        "self": "https://api.pagerduty.com/incidents/Q1AB2CD3EF4GH5",
        "html_url": "https://acme.pagerduty.com/incidents/Q1AB2CD3EF4GH5",
        "incident_number": 1234,
        "title": "Checkout fails",
        "created_at": "2026-11-21T03:02:11Z",
        "updated_at": "2026-11-21T03:05:00Z",
        "status": "acknowledged",
        "urgency": "high",
        "last_status_change_at": "2026-11-21T03:05:00Z",
        "resolved_at": None,
        "service": {"id": "PIJ90N7", "type": "service_reference", "summary": "checkout"},
    }
}
JIRA = {
    "id": "10002",
    "self": "https://acme.atlassian.net/rest/api/3/issue/10002",
    "key": "INC-9127",
    "fields": {
        "summary": "Checkout fails",
        "created": "2026-11-21T04:02:11.123+0100",
        "resolutiondate": None,
        "statuscategorychangedate": "2026-11-21T04:05:00.000+0100",
        "issuetype": {"id": "10101", "name": "[System] Incident", "subtask": False},
        "status": {
            "name": "In Progress",
            "id": "3",
            "statusCategory": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
        },
    },
}


def both(value: str, shown: str | None = None) -> dict[str, str]:
    return {"display_value": value if shown is None else shown, "value": value}


CHANGE = {
    "sys_id": both(SYS_ID),
    "number": both("CHG0030001"),
    "short_description": both("Raise the pool"),
    "state": both("-1", "Implement"),
    "active": both("true"),
    "approval": both("approved", "Approved"),
    "opened_at": both("2026-11-21 02:50:00", "20.11.2026 18:50:00"),
    "start_date": both("2026-11-21 03:00:00", "20.11.2026 19:00:00"),
    "end_date": both("2026-11-21 06:00:00", "20.11.2026 22:00:00"),
    "closed_at": both(""),
    "resolved_at": both(""),
    "work_end": both(""),
}
INCIDENT = {
    **CHANGE,
    "number": both("INC0010023"),
    "short_description": both("Checkout fails"),
    "state": both("6", "Resolved"),
    "resolved_at": both("2026-11-21 03:40:00"),
    "approval": both("not requested", "Not Yet Requested"),
}
APPROVAL = {
    "approver": both("62826bf03710200044e0bfc8bcbe5df1", "Grace Hopper"),
    "state": both("approved", "Approved"),
    "sysapproval": both(SYS_ID, "CHG0030001"),
}
GITHUB = {
    "number": 42,
    "state": "closed",
    "state_reason": "completed",
    "title": "Checkout fails",
    "html_url": "https://github.com/acme/shop/issues/42",
    "created_at": "2026-11-21T03:02:11Z",
    "closed_at": "2026-11-21T03:50:00Z",
}
GITLAB = {
    "iid": 7,
    "state": "opened",
    "title": "Checkout fails",
    "issue_type": "incident",
    "web_url": "https://gitlab.com/acme/ops/shop/-/issues/7",
    "created_at": "2026-11-21T03:02:11.000Z",
    "closed_at": None,
}


class Trackers(RawServer):
    """All five at one address: their paths do not meet. Whoever brings no token gets each tracker's own refusal."""

    def __init__(self) -> None:
        super().__init__(self._handle)
        self.fault: Any = None
        self.answers: dict[str, Any] = {
            "/incidents/Q1AB2CD3EF4GH5": PAGERDUTY,
            "/incidents": {"incidents": [], "limit": 1, "offset": 0, "more": False},
            "/rest/api/3/issue/INC-9127": JIRA,
            "/rest/api/2/issue/INC-9127": JIRA,
            "/rest/api/3/myself": {"accountId": "5b1", "emailAddress": "ada@acme.example", "displayName": "Ada"},
            "/rest/api/2/myself": {"name": "ada", "displayName": "Ada"},
            "/api/now/table/incident": {"result": [INCIDENT]},
            "/api/now/table/change_request": {"result": [CHANGE]},
            "/api/now/table/sysapproval_approver": {"result": [APPROVAL]},
            "/api/v3/repos/acme/shop/issues/42": GITHUB,
            "/api/v3/rate_limit": {"resources": {}, "rate": {"limit": 5000, "remaining": 4999}},
            "/api/v4/projects/acme/ops/shop/issues/7": GITLAB,
            "/api/v4/user": {"id": 1, "username": "ada"},
        }

    async def _handle(self, request: Request, reply: Reply) -> None:
        if self.fault is not None:
            await self.fault(request, reply)
            return
        if proof(request.path) not in (request.headers.get("authorization"), request.headers.get("private-token")):
            await reply.json({"message": "Bad credentials"}, 401)
        elif request.path in self.answers:
            await reply.json(self.answers[request.path])
        else:
            await reply.json({"errorMessages": ["Issue does not exist"], "errors": {}}, 404)


def proof(path: str) -> str:
    """The header that each tracker documents."""
    if path.startswith("/incidents"):
        return f"Token token={TOKEN}"
    if path.startswith("/rest/api/3"):
        return "Basic " + base64.b64encode(f"ada@acme.example:{TOKEN}".encode()).decode()
    return TOKEN if path.startswith("/api/v4") else f"Bearer {TOKEN}"


@dataclass
class Configured:
    trackers: dict[str, TrackerSettings]
    redaction_key: bytes = b"k" * 32
    access: Access = Access.READ_ONLY
    environment: dict[str, str] = field(default_factory=dict)


@pytest.fixture
async def server() -> AsyncIterator[Trackers]:
    server = Trackers()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def trackers(server: Trackers, tmp_path: Path) -> AsyncIterator[dict[Tracker, TrackerSource]]:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    table = TrackerSettings(server=server.url, token_file=file, timeout=5)
    names = {str(one): table for one in Tracker if one is not Tracker.OTHER}
    names["jira"] = TrackerSettings(server=server.url, token_file=file, user="ada@acme.example", timeout=5)
    found = build_trackers(Configured(names), lambda: NOW, {})
    assert {one.tracker for one in found} == set(Tracker) - {Tracker.OTHER}
    yield resolvers(found)
    await asyncio.gather(*(one.close() for one in found))


REFS = {
    Tracker.PAGERDUTY: "Q1AB2CD3EF4GH5",
    Tracker.JIRA: "INC-9127",
    Tracker.SERVICENOW: "CHG0030001",
    Tracker.GITHUB: "acme/shop#42",
    Tracker.GITLAB: "acme/ops/shop#7",
}


def at(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, 21, hour, minute, second, tzinfo=UTC)


async def test_pagerduty(trackers: dict[Tracker, TrackerSource], server: Trackers) -> None:
    found = await trackers[Tracker.PAGERDUTY].resolve(read_ref("https://acme.pagerduty.com/incidents/Q1AB2CD3EF4GH5"))
    assert (found.title, found.state, found.open, found.kind) == ("Checkout fails", "acknowledged", True, "incident")
    assert (found.opened, found.closed) == (at(3, 2, 11), None)
    assert found.url == "https://acme.pagerduty.com/incidents/Q1AB2CD3EF4GH5"
    (asked,) = server.requests
    assert asked.headers["accept"] == "application/vnd.pagerduty+json;version=2"
    resolved = {**PAGERDUTY["incident"], "status": "resolved", "resolved_at": "2026-11-21T03:30:00Z"}
    server.answers["/incidents/Q1AB2CD3EF4GH5"] = {"incident": resolved}
    found = await trackers[Tracker.PAGERDUTY].resolve(read_ref("Q1AB2CD3EF4GH5"))
    assert (found.open, found.closed) == (False, at(3, 30))


async def test_jira_cloud(trackers: dict[Tracker, TrackerSource], server: Trackers) -> None:
    found = await trackers[Tracker.JIRA].resolve(read_ref("INC-9127"))
    assert (found.title, found.state, found.open, found.kind) == ("Checkout fails", "In Progress", True, "incident")
    assert found.opened == at(3, 2, 11).replace(microsecond=123000)
    assert server.requests[0].query["fields"].startswith("summary,status")
    done = json.loads(json.dumps(JIRA))
    done["fields"]["status"]["statusCategory"]["key"] = "done"
    server.answers["/rest/api/3/issue/INC-9127"] = done
    found = await trackers[Tracker.JIRA].resolve(read_ref(f"{server.url}/browse/INC-9127"))
    assert (found.open, found.closed) == (False, at(3, 5))


async def test_jira_data_center_takes_a_personal_access_token(server: Trackers, tmp_path: Path) -> None:
    environment = {"JIRA_TOKEN": TOKEN, "JIRA_SERVER": server.url}
    (jira,) = build_trackers(Configured({}), lambda: NOW, environment)
    found = await jira.resolve(read_ref("INC-9127"))
    assert found.title == "Checkout fails"
    assert server.requests[0].path == "/rest/api/2/issue/INC-9127"
    assert (await jira.check()).identity == "Ada"
    await jira.close()


async def test_servicenow_change(trackers: dict[Tracker, TrackerSource], server: Trackers) -> None:
    found = await trackers[Tracker.SERVICENOW].resolve(read_ref("CHG0030001"))
    assert (found.title, found.state, found.open, found.kind) == ("Raise the pool", "Implement", True, "change")
    assert (found.opened, found.expires, found.approver) == (at(3, 0), at(6, 0), "Grace Hopper")
    assert server.requests[0].query["sysparm_query"] == "number=CHG0030001"
    assert server.requests[0].query["sysparm_display_value"] == "all"


async def test_a_change_that_was_raised_after_the_fact_does_not_begin_before_it(
    trackers: dict[Tracker, TrackerSource], server: Trackers
) -> None:
    late = {**CHANGE, "opened_at": both("2026-11-21 05:00:00")}
    server.answers["/api/now/table/change_request"] = {"result": [late]}
    found = await trackers[Tracker.SERVICENOW].resolve(read_ref("CHG0030001"))
    assert found.opened == at(5, 0)


async def test_a_change_that_is_not_approved_has_no_approver(
    trackers: dict[Tracker, TrackerSource], server: Trackers
) -> None:
    server.answers["/api/now/table/change_request"] = {"result": [{**CHANGE, "approval": both("requested")}]}
    found = await trackers[Tracker.SERVICENOW].resolve(read_ref("CHG0030001"))
    assert (found.approver, found.problem) == ("", "")
    server.answers["/api/now/table/change_request"] = {"result": [CHANGE]}
    del server.answers["/api/now/table/sysapproval_approver"]
    found = await trackers[Tracker.SERVICENOW].resolve(read_ref("CHG0030001"))
    assert found.title == "Raise the pool"
    assert found.approver == ""
    assert found.problem.startswith("Approvals: ")


async def test_servicenow_incident(trackers: dict[Tracker, TrackerSource], server: Trackers) -> None:
    found = await trackers[Tracker.SERVICENOW].resolve(read_ref("INC0010023"))
    assert (found.state, found.open, found.closed, found.kind) == ("Resolved", False, at(3, 40), "incident")
    assert found.expires is None


async def test_servicenow_that_ignores_the_query_names_no_other_record(
    trackers: dict[Tracker, TrackerSource], server: Trackers
) -> None:
    with pytest.raises(Missing):
        await trackers[Tracker.SERVICENOW].resolve(read_ref("INC0099999"))


async def test_github(trackers: dict[Tracker, TrackerSource], server: Trackers) -> None:
    found = await trackers[Tracker.GITHUB].resolve(read_ref("acme/shop#42"))
    assert (found.title, found.state, found.open, found.closed) == ("Checkout fails", "closed", False, at(3, 50))


async def test_gitlab(trackers: dict[Tracker, TrackerSource], server: Trackers) -> None:
    found = await trackers[Tracker.GITLAB].resolve(read_ref("acme/ops/shop#7"))
    assert (found.title, found.state, found.open, found.kind) == ("Checkout fails", "opened", True, "incident")


@pytest.mark.parametrize("tracker", REFS)
async def test_a_token_goes_to_no_host_that_a_reference_names(
    tracker: Tracker, trackers: dict[Tracker, TrackerSource], server: Trackers
) -> None:
    elsewhere = {
        Tracker.PAGERDUTY: "https://acme.pagerduty.com.evil.example/incidents/Q1AB2CD3EF4GH5",
        Tracker.JIRA: "https://evil.atlassian.net/browse/INC-9127",
        Tracker.SERVICENOW: "https://evil.service-now.com/incident.do?number=INC0010023",
        Tracker.GITHUB: "https://github.com/acme/shop/issues/42",
        Tracker.GITLAB: "https://evil.example/acme/shop/-/issues/7",
    }[tracker]
    ref = read_ref(elsewhere)._replace(tracker=tracker)
    with pytest.raises(Missing) as refused:
        await trackers[tracker].resolve(ref)
    assert TOKEN not in refused.value.one_line()
    assert not server.requests, "nobody was asked"


FAULTS: dict[str, tuple[int, dict[str, str], bytes, type[SourceError]]] = {
    "401": (401, {}, b'{"message": "Bad credentials"}', Unauthenticated),
    "403": (403, {}, b'{"message": "Resource not accessible"}', Forbidden),
    "404": (404, {}, b'{"errorMessages": ["Issue does not exist"]}', Missing),
    "429": (429, {"retry_after": "120"}, b'{"error": {"message": "Rate Limit Exceeded", "code": 2020}}', Throttled),
    "500": (500, {}, b"oops", BadAnswer),
    "login page": (200, {"content_type": "text/html"}, b"<!doctype html><title>Sign in</title>", BadAnswer),
    "elsewhere": (302, {"location": "https://evil.example/?t=1"}, b"", BadAnswer),
    "no JSON": (200, {}, b'{"incident": ', BadAnswer),
    "a list": (200, {}, b"[1, 2]", BadAnswer),
    "deep": (200, {}, b'{"a":' * 100_000 + b"1" + b"}" * 100_000, BadAnswer),
    "empty": (200, {}, b"{}", SourceError),
    "numbers": (200, {}, b'{"incident": 3, "fields": 4, "result": 5, "state": 6}', BadAnswer),
    "huge": (200, {}, b'{"title": "' + b"x" * (5 * 1024 * 1024) + b'"}', BadAnswer),
    "echo": (400, {}, json.dumps({"message": f"no token {TOKEN} here"}).encode(), BadAnswer),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("tracker", REFS)
async def test_a_fault_is_one_line_without_the_token(
    fault: str, tracker: Tracker, trackers: dict[Tracker, TrackerSource], server: Trackers
) -> None:
    status, headers, body, kind = FAULTS[fault]

    async def answer(request: Request, reply: Reply) -> None:
        await reply.send(body, status, **{"content_type": "application/json", **headers})

    server.fault = answer
    with pytest.raises(kind) as failed:
        await trackers[tracker].resolve(read_ref(REFS[tracker]))
    line = failed.value.one_line()
    assert line.isprintable()
    assert TOKEN not in line
    assert "evil.example/?t" not in line


async def test_hostile_texts_are_harmless(trackers: dict[Tracker, TrackerSource], server: Trackers) -> None:
    evil = "\x1b]0;owned\x07\u202eedoc\n\n[red]password=hunter2secret[/] " + TOKEN + "x" * 1_000_000
    for path, key in (
        ("/api/v3/repos/acme/shop/issues/42", GITHUB),
        ("/api/v4/projects/acme/ops/shop/issues/7", GITLAB),
    ):
        server.answers[path] = {
            **key,
            "title": evil,
            "html_url": "javascript:alert(1)",
            "web_url": "file:///etc/passwd",
        }
    for tracker in (Tracker.GITHUB, Tracker.GITLAB):
        found = await trackers[tracker].resolve(read_ref(REFS[tracker]))
        assert found.title.isprintable()
        assert len(found.title) <= 200
        assert "hunter2secret" not in found.title
        assert TOKEN not in found.title
        assert found.url == ""


@pytest.mark.parametrize("tracker", REFS)
async def test_the_check_says_who_we_are_and_what_is_missing(
    tracker: Tracker, trackers: dict[Tracker, TrackerSource], server: Trackers
) -> None:
    source = trackers[tracker]
    assert isinstance(source, Source)
    well = await source.check()
    assert (well.standing, well.error) == (Standing.OK, "")
    assert [right.allowed for right in well.permissions] == [True]

    async def forbidden(request: Request, reply: Reply) -> None:
        await reply.json({"message": f"token {TOKEN} may not"}, 403)

    server.fault = forbidden
    lame = await source.check()
    assert (lame.standing, lame.permissions[0].allowed) == (Standing.DEGRADED, False)
    await server.stop()
    blind = await source.check()
    assert blind.standing is Standing.BLIND
    for health in (well, lame, blind):
        assert TOKEN not in repr(health)


async def test_a_token_file_that_changes_is_read_again(
    trackers: dict[Tracker, TrackerSource], server: Trackers, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("old-token-of-yesterday")
    with pytest.raises(Unauthenticated):
        await trackers[Tracker.GITHUB].resolve(read_ref("acme/shop#42"))
    (tmp_path / "token").write_text(TOKEN)
    assert (await trackers[Tracker.GITHUB].resolve(read_ref("acme/shop#42"))).title == "Checkout fails"


async def test_what_is_configured() -> None:
    assert build_trackers(Configured({}), lambda: NOW, {}) == []
    (github,) = build_trackers(Configured({}), lambda: NOW, {"GH_TOKEN": TOKEN})
    assert github.api == "https://api.github.com"
    assert github.holds("github.com")
    assert not github.holds("github.com.evil.example")
    (jira,) = build_trackers(Configured({}), lambda: NOW, {"JIRA_TOKEN": TOKEN})
    assert not resolvers([jira]), "a token and nowhere to send it"
    health = await jira.check()
    assert health.standing is Standing.OFF
    assert "JIRA_SERVER" in health.hint
    (lonely,) = build_trackers(Configured({"jira": TrackerSettings(server="https://jira.example")}), lambda: NOW, {})
    assert (await lonely.check()).standing is Standing.OFF
    with pytest.raises(InputError, match="plain text"):
        build_trackers(Configured({}), lambda: NOW, {"JIRA_TOKEN": TOKEN, "JIRA_SERVER": "http://jira.example"})


@pytest.mark.parametrize(
    "server", ["http://jira.example", "https://u:p@jira.example", "jira.example", "ftp://jira.example"]
)
def test_a_server_that_a_token_cannot_be_sent_to_is_refused(server: str) -> None:
    with pytest.raises(ValueError, match="server"):
        TrackerSettings(server=server)
