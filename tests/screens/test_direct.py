"""Reading one resource of a stack directly, from the screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from drifttui.core.board import Board, Depth, Look
from drifttui.core.direct import DirectAnswer, DirectRead
from drifttui.core.finding import Comparison
from drifttui.core.planes import Observation, Plane
from drifttui.services.judge import Judgement
from tests.services.stacks import opened as drifted
from tests.services.stacks import planned, stack

from . import boards
from .conftest import Open


def board_of_a_stack() -> Board:
    of = stack("net", boards.ago(minutes=14))
    inspection = planned(of, boards.ago(minutes=14), drifted())
    findings, hidden = Judgement()(of, inspection, (), boards.NOW)
    look = Look(Depth.READ, findings, inspection, hidden, inspection.observed_at)
    health = {of.id.source: boards.source(of.id.source)}
    return Board(units={of.id: of}, looks={of.id: look}, sources=health, at=boards.NOW, version=1)


def answered(board: Board, read: DirectRead) -> Board:
    ((unit, look),) = board.looks.items()
    return replace(board, looks={unit: replace(look, direct=(read,))}, version=board.version + 1)


async def test_d_asks_and_the_answer_stands_beside_the_plan_s_word(opened: Open) -> None:
    board = board_of_a_stack()
    ((unit, look),) = board.looks.items()
    (finding,) = look.findings
    address = finding.ref.address
    async with opened(board, (120, 40)) as session:
        assert "D direct" in session.screen
        await session.press("D")
        assert session.feed.direct == [(unit, address, False)]
        asked = boards.NOW + timedelta(seconds=1)
        await session.tell(answered(board, DirectRead(address, asked)))
        assert "Reading it directly since 04:10:05Z" in session.screen
        seen = Observation(finding.ref, Plane.ACTUAL, {"ingress": []}, "s", "EC2 DescribeSecurityGroups", asked)
        answer = DirectAnswer(seen, Comparison(finding.ref, (), ()), (), place="account 123456789012")
        await session.tell(answered(board, DirectRead(address, asked, answer, "", asked)))
        assert "Read directly at 04:10:05Z through EC2 DescribeSecurityGroups" in session.screen
        assert "as recorded again" in session.screen
        assert "now as rec" in session.line("aws_sec")
        assert len(session.triage.findings.keys) == 1, "the plan's finding stays"


async def test_where_it_cannot_work_the_key_is_not_offered_and_says_why(opened: Open) -> None:
    async with opened(boards.incident(), (160, 40)) as session:
        assert "D direct" not in session.screen
        await session.press("D")
        assert "only resources of OpenTofu and Terraform stacks are read directly" in session.screen
        assert session.feed.direct == []
