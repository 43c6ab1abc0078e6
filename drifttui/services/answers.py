"""What the commands print with `--json`: versioned documents made of the same models that the screen shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from drifttui.core.acts import Acts, LinkRecord
from drifttui.core.ages import Times
from drifttui.core.board import Board
from drifttui.core.budgets import BudgetLine, budget_lines, counted
from drifttui.core.causes import causes_of
from drifttui.core.finding import Finding
from drifttui.core.health import Freshness, SourceHealth, Standing
from drifttui.core.link_standing import standing as link_standing
from drifttui.core.link_standing import standing_words
from drifttui.core.operator_verdict import standing_verdict
from drifttui.core.unit import Unit
from drifttui.core.verdict import Verdict

if TYPE_CHECKING:
    from drifttui.core.audit import Line
    from drifttui.core.git import Merges
    from drifttui.core.policy_table import Policy
    from drifttui.core.undone import Undone

SCAN = "drifttui.scan/1"
DOCTOR = "drifttui.doctor/1"
WHO = "drifttui.who/1"
DIFF = "drifttui.diff/1"
SHARED = "OwnedTwice"
"""Type of the condition that both units of a conflict carry."""


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return at.isoformat().replace("+00:00", "Z") if at else None


def seconds(span: timedelta | None) -> float | None:
    return round(span.total_seconds(), 3) if span is not None else None


def verdict(given: Verdict | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {
        "drift_class": given.drift_class,
        "domain": given.domain,
        "risk": given.risk,
        "action": given.action,
        "auto_heal": given.auto_heal,
        "confidence": given.confidence,
        "reasons": [{"rule": reason.rule, "fact": reason.fact} for reason in given.reasons],
        "missing": list(given.missing),
    }


def operator(found: Finding, acts: Acts) -> dict[str, Any] | None:
    """The operator's verdict, and what changed since where it does not stand any more."""
    standing = standing_verdict(acts, found)
    if standing is None:
        return None
    given = standing.verdict
    return {
        "drift_class": given.drift_class,
        "action": given.action,
        "note": given.note,
        "cause": given.cause,
        "at": moment(given.at),
        "actor": given.actor,
        "reopened": standing.reopened,
        "changed": list(standing.changed),
    }


def link(record: LinkRecord, now: datetime) -> dict[str, Any]:
    stands = link_standing(record, now).value
    return {"ref": record.ref, "kind": record.kind, "standing": stands, "words": standing_words(record, Times(now))}


def line_json(line: Line, **more: Any) -> dict[str, Any]:
    """An entry of `lines`. Keys that say nothing are left out, but for those that the schema promises."""
    actor: dict[str, Any] = {"name": line.actor.name or None, "kind": line.actor.kind.value}
    for name in ("short", "arn", "through"):
        if value := getattr(line.actor, name):
            actor[name] = value
    return {
        **more,
        "path": line.path,
        "actor": actor,
        "via": line.via,
        "time": moment(line.time),
        "confidence": line.confidence,
        "grade": line.grade.value,
        "event_ids": list(line.event_ids),
        "reasons": list(line.reasons),
    }


def finding(found: Finding) -> dict[str, Any]:
    ref = found.ref
    return {
        "id": found.id,
        "resource": {
            "cluster": ref.cluster,
            "group": ref.group,
            "kind": ref.kind,
            "namespace": ref.namespace,
            "name": ref.name,
            **({"address": ref.address} if ref.address else {}),
        },
        "first_seen": moment(found.first_seen),
        "last_seen": moment(found.last_seen),
        "planes": {
            plane.value: {
                "source": stamp.source,
                "method": stamp.method,
                "observed_at": moment(stamp.observed_at),
                "revision": stamp.revision,
                "present": stamp.present,
            }
            for plane, stamp in found.planes.items()
        },
        "changes": [change.as_json() for change in found.changes],
        "hidden": [
            {"rule": hidden.rule, "path": hidden.path, **({"note": hidden.note} if hidden.note else {})}
            for hidden in found.hidden
        ],
        **({"who": [line_json(line) for line in found.who.lines]} if found.who and found.who.lines else {}),
        **({"git": merges(found.merges)} if found.merges and not found.merges.pending else {}),
        "verdict": verdict(found.verdict),
    }


def undone(found: Undone) -> dict[str, Any]:
    """Who undid a finding. `by` null: nobody can be named, and `unseen` says why."""
    from drifttui.core.undone import undone_words

    line = found.line
    return {
        "finding": found.finding,
        "resource": found.resource,
        "gone": moment(found.gone),
        "how": found.how,
        "path": found.path,
        "by": line_json(line) if line is not None else None,
        "words": undone_words(found),
        "unseen": list(found.unseen),
        **({"pending": True} if found.pending else {}),
    }


def merges(found: Merges) -> dict[str, Any]:
    """`commits` null: no history could be read. `paths` null: which fields a commit touched is not known."""
    commits = [
        {
            "sha": touch.commit.sha,
            "time": moment(touch.commit.time),
            "author": touch.commit.author,
            "title": touch.commit.title,
            "request": touch.commit.pull_request,
            "url": touch.commit.url,
            "paths": None if touch.paths is None else list(touch.paths),
            **({"how": touch.how} if touch.how else {}),
        }
        for touch in found.touches
    ]
    return {
        "source": found.source,
        "commits": None if found.merges is None else commits,
        "unseen": list(found.unseen),
    }


def unit(shown: Unit, board: Board, now: datetime) -> dict[str, Any]:
    look = board.look(shown.id)
    reverts = shown.reverts
    return {
        "id": str(shown.id),
        "engine": shown.id.engine,
        "source": shown.id.source,
        "namespace": shown.id.namespace,
        "name": shown.id.name,
        "cluster": shown.cluster,
        "environment": shown.environment,
        "project": shown.project,
        "sync": shown.sync,
        "health": shown.health,
        "auto": shown.auto.value,
        "reverts_after_seconds": seconds(reverts) if isinstance(reverts, timedelta) else None,
        "reverts_at": moment(reverts) if isinstance(reverts, datetime) else None,
        "owner": shown.owner,
        "revision": shown.revision,
        "reconciled_at": moment(shown.reconciled_at),
        "observed_at": moment(shown.observed_at),
        "freshness": board.freshness(shown, now).value,
        "risk": board.risk(shown, now) or "none",
        "conditions": [
            *({"type": c.type, "message": c.message, "since": moment(c.since)} for c in shown.conditions),
            *({"type": SHARED, "message": one.sentence, "since": None} for one in look.conflicts),
        ],
        "looked": look.depth.value,
        "looked_at": moment(look.at),
        "error": look.error or None,
        "gaps": list(look.inspection.gaps) if look.inspection else [],
        "hidden": look.hidden,
        "links": [link(record, now) for record in board.acts.links_of(str(shown.id))],
        "findings": [
            {
                **finding(found),
                "operator": operator(found, board.acts),
                "links": [link(record, now) for record in board.acts.links_of("", found.id)],
            }
            for found in look.findings
        ],
    }


def conflicts(shown: Iterable[Unit], board: Board) -> list[dict[str, Any]]:
    """Every resource that two units manage, as each of them calls it: an entry per side."""
    return [
        {
            "unit": str(entry.id),
            "resource": one.ref.short,
            "what": one.what,
            "other": one.other,
            "how": one.how,
            "words": one.sentence,
        }
        for entry in shown
        for one in board.look(entry.id).conflicts
    ]


def source(health: SourceHealth) -> dict[str, Any]:
    return {
        "name": health.name,
        "system": health.system,
        "standing": health.standing.value,
        "address": health.address,
        "version": health.version,
        "identity": health.identity,
        "method": health.method,
        "error": health.error or None,
        "hint": health.hint or None,
        "permissions": [
            {"name": right.name, "allowed": right.allowed, "needed_for": right.needed_for}
            for right in health.permissions
        ],
        "checked_at": moment(health.checked_at),
        "newest_answer": moment(health.newest_answer),
        "clock_skew_seconds": seconds(health.clock_skew),
        "latency_ms": health.latency_ms,
    }


def is_unknown(shown: Unit, board: Board, now: datetime) -> bool:
    """Nobody can say whether this unit is clean: not compared, not fresh, or differing in a way nobody could read."""
    return board.freshness(shown, now) is not Freshness.FRESH or board.risk(shown, now) == "unknown"


def budget(line: BudgetLine) -> dict[str, Any]:
    return {**line._asdict(), "exceeded": line.exceeded}


def scan(board: Board, units: Iterable[Unit], now: datetime, policy: Policy | None = None) -> dict[str, Any]:
    """`policy` brings the drift budgets; they count every finding of `units`."""
    shown = list(units)
    findings = [found for entry in shown for found in board.look(entry.id).findings]
    budgets: tuple[BudgetLine, ...] = ()
    if policy is not None and policy.source.budgets:
        budgets = budget_lines(policy.source.budgets, counted(findings, board.units, policy, now))
    drifting = [entry for entry in shown if board.look(entry.id).findings or entry.sync == "OutOfSync"]
    unknown = [entry for entry in shown if is_unknown(entry, board, now)]
    return {
        "schema": SCAN,
        "at": moment(now),
        "summary": {
            "units": len(shown),
            "drift": len(drifting),
            "unknown": len(unknown),
            "shared": sum(bool(board.look(entry.id).conflicts) for entry in shown),
            "over_budget": [line.id for line in budgets if line.exceeded],
            "blind_sources": [health.name for health in board.sources.values() if health.standing is Standing.BLIND],
        },
        "sources": [source(health) for health in board.sources.values()],
        "budgets": [budget(line) for line in budgets],
        "causes": [cause._asdict() for cause in causes_of(findings) if cause.several],
        "conflicts": conflicts(shown, board),
        "units": [unit(entry, board, now) for entry in shown],
    }


def scan_exit(answer: dict[str, Any]) -> int:
    """2 where something differs or has two owners, else 3 where anything is unknown, stale or blind, else 0."""
    summary = answer["summary"]
    if summary["drift"] or summary["shared"]:
        return 2
    return 3 if summary["unknown"] or summary["blind_sources"] or not summary["units"] else 0
