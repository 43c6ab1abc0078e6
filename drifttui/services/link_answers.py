"""What `drifttui link --json` prints (`docs/schemas/link.schema.json`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drifttui.core.acts import LinkRecord, OperatorVerdict
from drifttui.core.ages import Times
from drifttui.core.link_standing import standing, standing_words

from .answers import moment

LINK = "drifttui.link/1"
LINKS = "drifttui.links/1"
VERDICTS = "drifttui.operator-verdicts/1"


def link_json(link: LinkRecord, now: datetime) -> dict[str, Any]:
    return {
        "id": link.id,
        "ref": link.ref,
        "kind": link.kind,
        "standing": standing(link, now).value,
        "words": standing_words(link, Times(now)),
        "title": link.title,
        "state": link.state,
        "opened": moment(link.opened),
        "closed": moment(link.closed),
        "expires": moment(link.expires),
        "approver": link.approver,
        "note": link.note,
        "url": link.url or None,
        "checked_at": moment(link.checked_at),
        "problem": link.problem or None,
        "linked_at": moment(link.at),
        "actor": link.actor,
        "units": sorted(link.units),
        "findings": sorted(link.findings),
        "pauses": sorted(link.pauses),
    }


def verdict_json(verdict: OperatorVerdict) -> dict[str, Any]:
    return {
        "finding": verdict.finding,
        "unit": verdict.unit,
        "resource": verdict.resource,
        "drift_class": verdict.drift_class,
        "action": verdict.action,
        "note": verdict.note,
        "cause": verdict.cause,
        "at": moment(verdict.at),
        "actor": verdict.actor,
    }
