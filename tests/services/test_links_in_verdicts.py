"""What stands in the ledger changes what the rules say: of labelled cases, and of live findings while they are open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drifttui.core.acts import NOTHING, LinkRecord
from drifttui.core.board import Board
from drifttui.core.classify import classify
from drifttui.core.link_standing import change_links
from drifttui.core.verdict import Verdict
from drifttui.services.collect import Collector
from drifttui.services.judge import Judgement
from drifttui.services.linking import make_link
from drifttui.services.look import Looker
from drifttui.services.once import board_when_settled
from drifttui.store.case_files import labelled
from drifttui.store.ledger import Ledger, open_ledger
from drifttui.store.policy_files import load_policy
from tests.core.cases import OWN, SHARED

from .fakes import NOW, HandClock, ScriptedSource, board_where, inspection, unit

LINKED = [file for folder in (SHARED, OWN) for file in labelled(folder) if file.case.links]


@pytest.mark.parametrize("file", LINKED, ids=lambda file: Path(file.name).stem)
def test_links_of_a_ledger_decide_as_the_labelled_cases_say(file: object) -> None:
    case, expected = file.case, file.expected  # type: ignore[attr-defined]
    records = [
        LinkRecord(
            f"{number:012x}", link.ref, link.kind, NOW, "ada", opened=link.opened, closed=link.closed,
            expires=link.expires, approver=link.approved_by,
            units=frozenset(link.units if link.units is not None else (case.unit.id,)),
        )
        for number, link in enumerate(case.links or ())
    ]  # fmt: skip
    acts = replace(NOTHING, links={record.id: record for record in records})
    policy = load_policy(None)
    verdict = classify(case._replace(links=change_links(acts, case.unit.id)), policy)
    assert verdict.drift_class in expected.drift_class
    assert verdict.action in expected.action
    assert verdict.auto_heal is expected.auto_heal


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: HandClock) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.db", clock=clock, actor="ada@laptop")
    yield opened
    opened.close()


UNREAD = "incident and change records"


class Session:
    """A live session over one unit that drifts, with the wiring of `services.live`."""

    def __init__(self, clock: HandClock, ledger: Path | None, incident: str = "", *, start: bool = True) -> None:
        self.unit = unit("web", sync="OutOfSync", environment="prod")
        self.source = ScriptedSource(look=lambda of: inspection(of, 3, 7))
        judgement = Judgement(links=lambda found: self.collector.links(found))
        self.collector = Collector(
            [self.source],
            Looker([self.source], judgement, clock),
            clock,
            incident=incident,
            ledger=(lambda: open_ledger(ledger, clock=clock, create=False)) if ledger else None,
        )
        if start:
            self.collector.start()
        self.source.say(self.source.batch(self.unit, complete=True))

    def verdict(self, board: Board) -> Verdict | None:
        findings = board.look(self.unit.id).findings
        return findings[0].verdict if findings else None

    def until(self, holds: object) -> Verdict:
        board = board_where(
            self.collector,
            lambda board: (verdict := self.verdict(board)) is not None and holds(verdict),  # type: ignore[operator]
        )
        found, self.shown = self.verdict(board), board
        assert found is not None
        return found


def rules(verdict: Verdict) -> set[str]:
    return {reason.rule for reason in verdict.reasons}


async def test_a_link_that_is_made_or_closed_changes_the_verdict_and_nothing_is_read_again(
    clock: HandClock, ledger: Ledger, tmp_path: Path
) -> None:
    session = Session(clock, tmp_path / "ledger.db")
    try:
        first = session.until(lambda verdict: UNREAD not in verdict.missing)
        assert "incident.open" not in rules(first), "the ledger was read and is empty"
        looked = len(session.source.looked)
        await make_link(ledger, "INC-9127", clock=clock, units=[str(session.unit.id)], opened=NOW - timedelta(hours=1))
        session.collector.reread_acts()
        session.until(lambda verdict: "incident.open" in rules(verdict))
        await make_link(ledger, "INC-9127", clock=clock, expires=NOW - timedelta(minutes=1))
        session.collector.reread_acts()
        session.until(lambda verdict: "incident.open" not in rules(verdict))
        assert len(session.source.looked) == looked
    finally:
        session.collector.stop()


async def test_a_scan_is_not_settled_before_the_ledger_was_read(
    clock: HandClock, ledger: Ledger, tmp_path: Path
) -> None:
    session = Session(clock, tmp_path / "ledger.db", start=False)
    await make_link(ledger, "INC-9127", clock=clock, units=[str(session.unit.id)], opened=NOW - timedelta(hours=1))
    board = await asyncio.to_thread(board_when_settled, session.collector, 20.0)
    verdict = session.verdict(board)
    assert verdict is not None
    assert "incident.open" in rules(verdict)
    assert board.acts.links


def test_without_a_ledger_the_verdict_says_that_nobody_read_any_links(clock: HandClock) -> None:
    session = Session(clock, None)
    try:
        assert UNREAD in session.until(lambda verdict: True).missing
    finally:
        session.collector.stop()


def test_a_ledger_that_cannot_be_read_is_not_an_empty_one(clock: HandClock, tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database" * 1000)
    session = Session(clock, tmp_path / "ledger.db")
    try:
        board = board_where(session.collector, lambda board: "ledger" in board.sources and bool(board.findings))
        verdict = session.verdict(board)
        assert verdict is not None
        assert UNREAD in verdict.missing
    finally:
        session.collector.stop()


def test_the_session_s_incident_is_open_on_what_is_looked_at(clock: HandClock, tmp_path: Path) -> None:
    session = Session(clock, tmp_path / "ledger.db", incident="INC-9127")
    try:
        verdict = session.until(lambda verdict: "incident.open" in rules(verdict))
        assert verdict.action
        session.collector.under("")
        session.until(lambda verdict: "incident.open" not in rules(verdict))
        session.collector.under("INC-1")
        session.until(lambda verdict: "incident.open" in rules(verdict))
        assert session.shown.incident == "INC-1"
    finally:
        session.collector.stop()
