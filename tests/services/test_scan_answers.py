"""What `scan` says beyond single findings: verdicts of operators, links, causes, budgets; in JSON and in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from drifttui.commands.show import show_scan
from drifttui.core.board import Board, Depth, Look
from drifttui.core.diff import compare
from drifttui.core.episodes import carry
from drifttui.core.finding import Finding, Owner
from drifttui.core.health import Standing
from drifttui.core.policy import Budget, PolicyFile
from drifttui.core.policy_table import Policy
from drifttui.core.unit import Unit
from drifttui.core.verdict import Reason, Verdict
from drifttui.services import answers
from drifttui.services.deciding import give_verdict
from drifttui.services.linking import make_link
from drifttui.store.ledger import Ledger, open_ledger

from .fakes import NOW, HandClock, health, inspection, unit

CLOCK = HandClock()
POLICY = Policy(
    PolicyFile(budgets=(Budget(id="no-workload", domain=("workload",), max_open=1), Budget(id="age", max_age="1h")))
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(tmp_path / "ledger.db", clock=CLOCK, actor="ada@laptop")
    yield opened
    opened.close()


def drifting(name: str, replicas: int = 7) -> tuple[Unit, Finding]:
    of = unit(name, sync="OutOfSync", environment="prod")
    planes = inspection(of, 3, replicas).resources
    (found,) = carry(of.id, (), map(compare, planes), {each.ref: each for each in planes}, NOW).findings
    change = found.changes[0]._replace(owners=(Owner("kubectl-scale", "Update", "", NOW),))
    verdict = Verdict("unknown", "workload", "medium", "investigate", reasons=(Reason("writer.no-identity", "x"),))
    return of, found._replace(changes=(change,), verdict=verdict)


async def board(ledger: Ledger) -> Board:
    held = [drifting("web"), drifting("api")]
    await give_verdict(ledger, [held[0][1]], "emergency", "update-git", "for the sale", clock=CLOCK)
    await make_link(ledger, "INC-9127", clock=CLOCK, units=[str(held[0][0].id)], expires=NOW + timedelta(hours=2))
    return Board(
        units={of.id: of for of, _ in held},
        looks={of.id: Look(Depth.READ, (found,), at=NOW) for of, found in held},
        sources={"argocd:a": health("argocd:a", Standing.OK)},
        acts=ledger.acts(),
    )


async def test_as_json(ledger: Ledger) -> None:
    shown = await board(ledger)
    answer = json.loads(json.dumps(answers.scan(shown, shown.units.values(), NOW, POLICY)))
    web, api = answer["units"]
    assert web["links"] == [
        {"ref": "INC-9127", "kind": "incident", "standing": "open", "words": "INC-9127 open, ends in 2h0m"}
    ]
    said = web["findings"][0]["operator"]
    assert (said["drift_class"], said["action"], said["actor"], said["reopened"]) == (
        "emergency", "update-git", "ada@laptop", False,
    )  # fmt: skip
    assert web["findings"][0]["verdict"]["drift_class"] == "unknown", "beside the rules' verdict, never over it"
    assert (api["links"], api["findings"][0]["operator"]) == ([], None)
    (cause,) = answer["causes"]
    assert len(cause["findings"]) == 2
    assert [(line["id"], line["open"], line["exceeded"]) for line in answer["budgets"]] == [
        ("no-workload", 2, True), ("age", 2, False),
    ]  # fmt: skip
    assert answer["summary"]["over_budget"] == ["no-workload"]
    assert answers.scan_exit(answer) == 2


async def test_in_words(ledger: Ledger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    shown = await board(ledger)
    units = list(shown.units.values())
    show_scan(shown, units, NOW, answers.scan(shown, units, NOW, POLICY))
    out = capsys.readouterr().out
    assert "ada@laptop: emergency · update-git 0s ago  for the sale" in out
    assert "INC-9127 open, ends in 2h0m" in out
    assert "one cause: 2 findings in 2 units: replicas of Deployment, written by kubectl-scale at one time" in out
    assert "over budget: no-workload: 2 open, 1 allowed" in out
    assert "over budget: age" not in out


async def test_a_verdict_on_another_drift_is_shown_as_reopened(
    ledger: Ledger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    shown = await board(ledger)
    (of, found), (_, other) = drifting("web"), drifting("web", 9)
    now = other._replace(id=found.id)
    shown = Board(units={of.id: of}, looks={of.id: Look(Depth.READ, (now,), at=NOW)}, acts=shown.acts)
    show_scan(shown, [of], NOW, answers.scan(shown, [of], NOW))
    out = capsys.readouterr().out
    assert "reopened: the drift changed since" in out
    assert "/spec/replicas: then 3 → 7, now 3 → 9" in out
