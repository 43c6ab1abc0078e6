"""Incident trackers: title and state of a change link, from PagerDuty, Jira, ServiceNow, GitHub or GitLab."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ...clients.access import Access
from ...clients.tracker_settings import TrackerSettings, check_server
from ...core.errors import InputError
from ...core.link_refs import Tracker
from ...core.ports import Clock
from .base import TrackerSource
from .github import GitHub
from .gitlab import GitLab
from .jira import Jira
from .pagerduty import PagerDuty
from .servicenow import ServiceNow

TRACKERS: tuple[type[TrackerSource], ...] = (PagerDuty, Jira, ServiceNow, GitHub, GitLab)


def build_trackers(settings: Any, clock: Clock, environment: Mapping[str, str] = os.environ) -> list[TrackerSource]:
    """Every tracker that somebody configured, or whose token is in the environment. Opens no connection.

    Reads `settings.trackers`, `.redaction_key` and `.access`. Raises `InputError` for a server in the environment
    that a token cannot be sent to.
    """
    tables: Mapping[str, TrackerSettings] = settings.trackers
    key: bytes = settings.redaction_key
    access: Access = settings.access
    made = [
        kind(tables.get(kind.tracker, TrackerSettings()), clock, key, environment, access) for kind in TRACKERS
    ]  # fmt: skip
    found = [one for one in made if one.configured]
    for one in found:
        try:
            check_server(one.server or "https://none.invalid")
        except ValueError as error:
            raise InputError(f"{one.tracker.upper()}_SERVER cannot be used", str(error)) from error
    return found


def resolvers(trackers: list[TrackerSource]) -> dict[Tracker, TrackerSource]:
    """Those that can be asked."""
    return {one.tracker: one for one in trackers if one.ready}
