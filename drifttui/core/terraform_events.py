"""The UI stream of `plan -json`: which objects drifted and which would change, without a single value.

Format: https://developer.hashicorp.com/terraform/internals/machine-readable-ui. It shows progress; it never shows that
nothing drifted, so that the answer to "is there drift" is unknown whatever it lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .errors import inert


class Progress(NamedTuple):
    tool_version: str
    drifted: tuple[tuple[str, str], ...]
    """(address, action) of `resource_drift` events."""
    planned: tuple[tuple[str, str], ...]
    refreshed: int
    """Objects whose refresh ended."""
    errors: tuple[str, ...]
    """Summaries of error diagnostics."""
    finished: bool
    """Whether the summary that ends a plan was seen."""

    @property
    def warnings(self) -> tuple[str, ...]:
        found = ["An event stream holds no values: give the output of `show -json` of the plan file."]
        if self.drifted:
            found.append(f"The stream names {len(self.drifted)} objects as drifted.")
        if not self.finished:
            found.append("The stream ends before the summary of the plan.")
        return (*found, *(f"The run reports an error: {error}" for error in self.errors))

    def as_json(self, schema: str) -> dict[str, Any]:
        return {
            "schema": schema,
            "input": "events",
            "terraform_version": self.tool_version or None,
            "drift_information": False,
            "partial": True,
            "summary": {"drift": 0, "pending": 0},
            "drift": [],
            "pending": [],
            "hidden": [],
            "progress": {
                "drifted": [{"address": address, "action": action} for address, action in self.drifted],
                "planned": [{"address": address, "action": action} for address, action in self.planned],
                "refreshed": self.refreshed,
                "finished": self.finished,
            },
            "warnings": list(self.warnings),
        }


def parse_events(events: Sequence[dict[str, Any]]) -> Progress:
    """Events that are not understood are passed over: the set of types is open."""
    drifted, planned, errors = [], [], []
    refreshed, finished, version = 0, False, ""
    for event in events:
        kind = event.get("type")
        if kind == "resource_drift":
            drifted.append(_what(event))
        elif kind == "planned_change":
            planned.append(_what(event))
        elif kind == "refresh_complete":
            refreshed += 1
        elif kind == "change_summary":
            finished = True
        elif kind == "version":
            version = str(event.get("tofu") or event.get("terraform") or "")
        elif kind == "diagnostic":
            told = event.get("diagnostic")
            if isinstance(told, dict) and told.get("severity") == "error":
                errors.append(inert(str(told.get("summary") or "no summary"), 160))
    return Progress(version, tuple(drifted), tuple(planned), refreshed, tuple(errors), finished)


def _what(event: dict[str, Any]) -> tuple[str, str]:
    change = event.get("change")
    change = change if isinstance(change, dict) else {}
    resource = change.get("resource")
    address = resource.get("addr") if isinstance(resource, dict) else None
    return str(address or "?"), str(change.get("action") or "?")
