"""Which merge explains what differs: asked of a real repository in a session, judged by, shown, recorded."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from drifttui.clients.git_settings import GitSettings
from drifttui.commands.who_live import _show as show
from drifttui.core.ages import Times
from drifttui.core.board import Board, Depth, Look
from drifttui.core.errors import Unreachable
from drifttui.core.finding import Finding
from drifttui.core.git import GitAnswer, GitQuestion, Merges
from drifttui.core.health import SourceHealth, Standing
from drifttui.core.inspection import Inspection, Revision
from drifttui.core.planes import Observation, Plane
from drifttui.core.ports import Batch
from drifttui.core.unit import Unit
from drifttui.core.who_models import WhoAnswer
from drifttui.services import answers
from drifttui.services.asking import with_who
from drifttui.services.collect import Collector
from drifttui.services.history import AGAIN_AFTER, History
from drifttui.services.judge import Judgement
from drifttui.services.look import Looker
from drifttui.services.who_live import live_answer, live_json
from drifttui.sources.git.local import LocalGit
from drifttui.store.wire import batch_in, batch_out
from drifttui.widgets.who_lines import who_lines
from tests.sources.git_repository import Repository, repository

from .fakes import HandClock, ScriptedSource, board_where, deployment, inspection, unit

AT = datetime(2026, 11, 21, 8, 9, tzinfo=UTC)
URL = "https://git.example.com/team/shop.git"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, dict[str, str]]:
    return repository(tmp_path_factory.mktemp("git") / "shop")


def web(revision: str, **more: Any) -> Unit:
    base = unit("web", sync="OutOfSync", repo=URL, path="apps/web/prod", revision=revision, tracks="main")
    return base._replace(namespace="prod", observed_at=AT, **more)


def held(of: Unit, desired: int, actual: int, applied: str = "", recorded: int | None = None) -> Inspection:
    found = inspection(of, desired, actual, at=AT)
    if recorded is not None:
        (planes,) = found.resources
        last = Observation(planes.ref, Plane.RECORDED, deployment("web", recorded), of.id.source, "last-applied", AT)
        found = found._replace(resources=(planes._replace(recorded=last),))
    return found._replace(revisions=(Revision(applied, AT - timedelta(minutes=6)),) if applied else ())


def clone(made: Repository, clock: HandClock) -> LocalGit:
    return LocalGit(GitSettings(clone=made.folder), clock, b"k" * 32)


def judged(of: Unit, found: Inspection, history: History) -> Look:
    findings, hidden = Judgement(merges=history.known)(of, found, (), AT)
    return Look(Depth.READ, findings, found, hidden, AT)


def asked(of: Unit, found: Inspection, history: History) -> Finding:
    """The one finding, once Git has answered."""
    look = judged(of, found, history)
    asyncio.run(history.ask(of, look, frozenset()))
    (only,) = judged(of, found, history).findings
    return only


def shown(finding: Finding, of: Unit, found: Inspection) -> str:
    lines = who_lines(finding, of, Look(Depth.READ, (finding,), found), Times(AT), 100)
    return " ".join(" ".join("".join(text for text, _ in line) for line in lines).split())


def test_a_merge_that_is_not_applied_yet_explains_the_drift(shop: tuple[Repository, dict[str, str]]) -> None:
    made, shas = shop
    clock = HandClock(AT)
    of = web(shas["scaled"])
    found = held(of, 3, 2, applied=shas["merged"], recorded=2)
    finding = asked(of, found, History([clone(made, clock)], clock))
    assert finding.verdict is not None
    assert finding.verdict.drift_class == "stale-desired"
    text = shown(finding, of, found)
    assert f'2026-11-21 08:05:00Z git {shas["scaled"][:7]} Dave "scale up (#813)" #813' in text
    assert "explains the drift: merged 4m ago" in text
    assert "not applied yet" in text


def test_one_that_came_after_the_render_explains_it_too(shop: tuple[Repository, dict[str, str]]) -> None:
    """The engine compares with an older revision; the branch has moved on, and somebody rolled that out."""
    made, shas = shop
    clock = HandClock(AT)
    of = web(shas["readme"])
    found = held(of, 2, 3, applied=shas["readme"], recorded=3)
    finding = asked(of, found, History([clone(made, clock)], clock))
    assert finding.verdict is not None
    assert any(reason.rule == "merge.explains" for reason in finding.verdict.reasons)


def test_one_that_may_is_told_where_the_rules_cannot_be_sure(shop: tuple[Repository, dict[str, str]]) -> None:
    """Neither an audit log nor what was applied last is known, so that somebody may have written it by hand."""
    made, shas = shop
    clock = HandClock(AT)
    of = web(shas["scaled"])
    found = held(of, 3, 2, applied=shas["merged"])
    finding = asked(of, found, History([clone(made, clock)], clock))
    assert finding.verdict is not None
    assert finding.verdict.drift_class == "unknown"
    assert "may explain the drift: #813 is the desired revision" in shown(finding, of, found)


def test_one_that_is_applied_long_since_does_not(shop: tuple[Repository, dict[str, str]]) -> None:
    made, shas = shop
    clock = HandClock(AT)
    of = web(shas["scaled"])
    found = held(of, 3, 9, applied=shas["scaled"])
    finding = asked(of, found, History([clone(made, clock)], clock))
    assert finding.verdict is not None
    assert finding.verdict.drift_class != "stale-desired"
    assert "merges could not be read" not in finding.verdict.missing
    text = shown(finding, of, found)
    assert "Dave" in text
    assert "does not explain the drift" in text
    body = answers.finding(finding)["git"]
    assert body["commits"][0]["request"] == "#813"
    assert body["commits"][0]["paths"] == ["/spec/replicas"]


def test_no_merge_that_touches_it_is_said(shop: tuple[Repository, dict[str, str]]) -> None:
    made, shas = shop
    clock = HandClock(AT)
    of = web(shas["scaled"])
    found = held(of, 3, 9)
    plane = found.resources[0].actual
    assert plane is not None
    assert plane.document is not None
    live = {**plane.document, "spec": {"replicas": 3, "paused": True}}
    found = found._replace(resources=(found.resources[0]._replace(actual=plane._replace(document=live)),))
    finding = asked(of, found, History([clone(made, clock)], clock))
    assert finding.merges is not None
    assert finding.merges.touches == ()
    assert "no merge touches it" in shown(finding, of, found)


@pytest.mark.parametrize(
    ("repo", "why"),
    [
        ("https://elsewhere.example/x/y", "no token and no clone for elsewhere.example"),
        ("oci://charts.example/x", "the unit names no Git repository"),
    ],
)
def test_a_repository_that_nobody_can_read_is_unknown_and_not_untouched(
    repo: str, why: str, shop: tuple[Repository, dict[str, str]]
) -> None:
    clock = HandClock(AT)
    of = web("abc")._replace(repo=repo)
    found = held(of, 3, 9)
    finding = asked(of, found, History([clone(shop[0], clock)], clock))
    assert finding.merges is not None
    assert finding.merges.merges is None
    assert f"merges unknown, because {why}" in shown(finding, of, found)


def test_without_any_git_nothing_is_said_of_merges(shop: tuple[Repository, dict[str, str]]) -> None:
    of = web("abc")
    found = held(of, 3, 9)
    findings, _ = Judgement()(of, found, (), AT)
    assert findings[0].merges is None
    assert "merge" not in shown(findings[0], of, found)


class Counting:
    """Fails while `error` is set; else answers that nothing touched anything."""

    system: ClassVar[str] = "Git"
    planes: ClassVar[frozenset[Plane]] = frozenset()
    name = "git:counting"

    def __init__(self) -> None:
        self.error = ""
        self.asked: list[GitQuestion] = []

    def holds(self, repo: str) -> bool:
        return True

    async def merges(self, question: GitQuestion) -> GitAnswer:
        self.asked.append(question)
        if self.error:
            raise Unreachable(self.error)
        return GitAnswer(self.name, question.repo, {ref: () for ref, _ in question.objects}, at=AT)

    async def check(self) -> SourceHealth:
        return SourceHealth(self.name, self.system, Standing.OK)

    async def close(self) -> None:
        """Nothing is open."""


def test_it_is_asked_again_when_the_branch_may_have_moved_and_after_a_failure() -> None:
    clock, source = HandClock(AT), Counting()
    history = History([source], clock)
    of = web("abc")
    found = held(of, 3, 9)
    source.error = "no route"
    finding = asked(of, found, history)
    assert finding.merges == Merges(unseen=("git:counting: no route.",), source="git:counting", at=AT)
    source.error = ""
    asked(of, found, history)
    assert len(source.asked) == 1
    clock.forward(seconds=61)
    assert asked(of, found, history).merges == Merges((), source="git:counting", at=AT)
    asked(of, found, history)
    assert len(source.asked) == 2
    clock.at += AGAIN_AFTER
    asked(of, found, history)
    assert len(source.asked) == 3
    asked(of._replace(revision="def"), found, history)
    assert len(source.asked) == 4, "another revision is another question"


def test_in_a_session_the_answer_is_on_the_board_and_in_the_record(shop: tuple[Repository, dict[str, str]]) -> None:
    made, shas = shop
    clock = HandClock(AT)
    of = web(shas["scaled"])
    source = ScriptedSource(look=lambda unit: held(unit, 3, 2, applied=shas["merged"], recorded=2))
    source.say(source.batch(of, complete=True))
    history = History([clone(made, clock)], clock)
    looker = Looker([source], Judgement(merges=history.known), clock, None, history)
    collector = Collector([source], looker, clock)
    collector.start()
    try:
        board = board_where(
            collector, lambda board: any(f.merges and f.merges.touches for f in board.look(of.id).findings)
        )
    finally:
        collector.stop()
    (finding,) = board.look(of.id).findings
    assert finding.verdict is not None
    assert finding.verdict.drift_class == "stale-desired"
    recorded = with_who(board.look(of.id))
    _, again = batch_in(batch_out(Batch("argocd:a", AT, inspection=recorded), 0.0))
    assert again.inspection is not None
    assert again.inspection.merges == {finding.ref: finding.merges}
    findings, _ = Judgement()(of, again.inspection, (), AT)
    assert findings[0].verdict == finding.verdict, "a replay judges alike, with nobody to ask"


def test_who_of_a_live_unit_names_its_merges(
    shop: tuple[Repository, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    made, shas = shop
    clock = HandClock(AT)
    of = web(shas["scaled"])
    found = held(of, 3, 2, applied=shas["merged"], recorded=2)
    finding = asked(of, found, History([clone(made, clock)], clock))
    board = Board({of.id: of}, {of.id: Look(Depth.READ, (finding,), found)}, at=AT)
    answer = live_answer(board, "web")
    document = live_json(answer)
    WhoAnswer.model_validate(document)
    (merge,) = document["merges"]
    assert (merge["request"], merge["author"], merge["paths"]) == ("#813", "Dave", ["/spec/replicas"])
    assert merge["explains"] == "#813 is the desired revision and is not applied yet"
    show(answer)
    shown = capsys.readouterr().out
    assert f'/spec/replicas merged at 2026-11-21 08:05:00Z: {shas["scaled"][:7]} Dave "scale up (#813)" #813' in shown
    assert "may explain the drift: #813" in shown
