"""The operator's verdicts: recorded beside what the rules said, for one finding or for many of one cause."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from drifttui.core.acts import OperatorVerdict
from drifttui.core.episodes import OpenFinding
from drifttui.core.errors import InputError, inert
from drifttui.core.finding import Finding
from drifttui.core.ledger import EventKind
from drifttui.core.operator_verdict import Subject, checked
from drifttui.core.ports import Clock
from drifttui.core.tracker import Resolvers
from drifttui.store.ledger import Ledger

from .linking import link_to_incident

CAUSE = 300
MOST = 5000
"""Findings of one verdict: more than this are no decision."""


async def give_verdict(
    ledger: Ledger,
    findings: Sequence[Finding | OpenFinding | Subject],
    drift_class: str,
    action: str,
    note: str = "",
    *,
    clock: Clock,
    cause: str = "",
    incident: str = "",
    resolvers: Resolvers | None = None,
) -> tuple[OperatorVerdict, ...]:
    """One event for all of `findings`, in their order. `cause` says in one line why they are one; `incident` is the
    session's, and then covers them.

    Raises `InputError` for words that are none and for no findings, `LedgerError` where it cannot be recorded.
    """
    drift_class, action, note = checked(drift_class, action, note)
    subjects = [_subject(finding) for finding in findings]
    if not subjects:
        raise InputError("No finding to classify")
    if len(subjects) > MOST:
        raise InputError(f"{len(subjects)} findings are too many for one verdict", "", f"At most {MOST}.")
    body = {
        "cause": inert(cause, CAUSE) if len(subjects) > 1 else "",
        "drift_class": drift_class,
        "action": action,
        "note": note,
        "findings": [subject._asdict() for subject in subjects],
    }
    await asyncio.to_thread(ledger.append, EventKind.VERDICT, body)
    await link_to_incident(
        ledger, incident, clock=clock, findings=[subject.finding for subject in subjects], resolvers=resolvers
    )
    return await _given(ledger, (subject.finding for subject in subjects))


async def take_back(ledger: Ledger, findings: Sequence[Finding | OpenFinding | Subject], note: str = "") -> None:
    """The rules' verdict counts again. The ledger keeps that there was another."""
    subjects = [_subject(finding) for finding in findings]
    body = {
        "cause": "",
        "drift_class": "",
        "action": "",
        "note": inert(note),
        "findings": [subject._asdict() for subject in subjects],
    }
    await asyncio.to_thread(ledger.append, EventKind.VERDICT, body)


async def _given(ledger: Ledger, findings: Iterable[str]) -> tuple[OperatorVerdict, ...]:
    verdicts = (await asyncio.to_thread(ledger.acts)).verdicts
    return tuple(verdicts[finding] for finding in findings)


def _subject(finding: Finding | OpenFinding | Subject) -> Subject:
    if isinstance(finding, Finding):
        return Subject.of(finding)
    return finding if isinstance(finding, Subject) else Subject.of_open(finding)
