"""A pull or merge request that is to be opened, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from .ledger import Event, EventKind

WHAT = "request"
"""How notes in the ledger about requests are told from other notes."""


class Proposal(NamedTuple):
    """`files` are whole new texts by path; `before` what they were edited from, which the target must still hold."""

    repo: str
    """`acme/deploy`, without the host."""
    branch: str
    title: str
    body: str
    files: Mapping[str, str]
    before: Mapping[str, str]
    target: str = ""
    """Branch to merge into; empty for the repository's default."""


class Request(NamedTuple):
    url: str
    state: str
    """As the host words it: `open`, `opened`, `closed`, `merged`."""


class Fate(StrEnum):
    INTENDED = "intended"
    OPENED = "opened"
    EXISTS = "exists"
    """It was there already; nothing was written."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """It may be there: look before doing it again."""


def branch_name(incident: str, finding: str) -> str:
    """The same for the same incident and finding, and a name that Git accepts (`git check-ref-format`)."""
    parts = [re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:60].strip("-") or "x" for text in (incident, finding)]
    return f"drifttui/{parts[0]}-{parts[1]}"


def note(
    incident: str, finding: str, unit: str, proposal: Proposal, fate: Fate, *, url: str = "", why: str = ""
) -> dict[str, Any]:
    """The body of a ledger event of the kind `note`."""
    where = url or f"{proposal.repo} {proposal.branch}"
    return {
        "what": WHAT,
        "incident": incident,
        "finding": finding,
        "unit": unit,
        "repo": proposal.repo,
        "branch": proposal.branch,
        "state": fate.value,
        "url": url,
        "text": f"request {fate.value}: {where}" + (f", {why}" if why else ""),
    }  # fmt: skip


def requested(events: Iterable[Event], incident: str) -> dict[str, str]:
    """By finding, what became of its request last: `opened https://…`."""
    found: dict[str, str] = {}
    for event in events:
        body = event.body
        if event.kind is EventKind.NOTE and body.get("what") == WHAT and body.get("incident") == incident:
            state = str(body.get("state") or "")
            # An attempt of which nothing else was written down ended with its process.
            word = "begun, outcome not recorded" if state == Fate.INTENDED.value else state
            found[str(body.get("finding") or "")] = f"{word} {body.get('url') or body.get('branch') or ''}".strip()
    return found
