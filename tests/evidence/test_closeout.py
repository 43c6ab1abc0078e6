"""An incident is closed out when nothing of it is left open, and not before."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from drifttui.cli import main
from drifttui.core.board import Depth, Look
from drifttui.core.closeout import How
from drifttui.core.planes import Plane
from drifttui.core.ports import Batch
from drifttui.core.scope import Scope
from drifttui.services.closing import seen_in
from drifttui.services.evidence import from_sessions
from drifttui.store.journal import read_sessions

from . import sessions

SCOPE = Scope("INC-1")


def test_what_became_of_each_finding_is_read_from_the_planes(tmp_path: Path) -> None:
    play = sessions.Play(tmp_path)
    play.rows(0, ["payments", "checkout", "docs"])
    for name in ("payments", "checkout", "docs"):
        play.look(1, name, sessions.finding(name))
    play.look(3, "payments")
    play.now = sessions.minute(4)
    codified = sessions.inspection("checkout", play.now)
    planes = codified.resources[0]
    assert planes.actual is not None
    moved = planes._replace(desired=planes.actual._replace(plane=Plane.DESIRED))
    codified = codified._replace(resources=(moved,))
    play.recorder.batch(Batch(sessions.SOURCE, play.now, inspection=codified))
    play.recorder.look(sessions.unit_id("checkout"), Look(Depth.READ, (), codified, 0, play.now))
    play.now = sessions.minute(5)
    failed = Look(Depth.FAILED, (sessions.finding("docs"),), None, 0, play.now, "403: get applications")
    play.recorder.look(sessions.unit_id("docs"), failed)
    play.close()
    seen = {one.id: one for one in seen_in(from_sessions(read_sessions(tmp_path)), SCOPE)}
    assert (seen["f-payments"].how, seen["f-payments"].gone) == (How.REVERTED, sessions.minute(3))
    assert (seen["f-checkout"].how, seen["f-checkout"].gone) == (How.CODIFIED, sessions.minute(4))
    assert (seen["f-docs"].how, seen["f-docs"].gone) == (How.OPEN, None)
    assert seen["f-docs"].unread == "403: get applications"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable, name in (("XDG_DATA_HOME", "data"), ("XDG_CONFIG_HOME", "config"), ("XDG_CACHE_HOME", "cache")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    sessions.incident(tmp_path / "data" / "drifttui" / "sessions")
    return tmp_path


def closeout(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, object]]:
    code = main(["closeout", "--incident", "INC-1", "--json", *arguments])
    said = capsys.readouterr()
    return code, json.loads(said.out) if said.out else {"error": said.err}


def test_an_open_finding_blocks_until_somebody_answers_for_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = closeout(capsys)
    assert (code, answer["done"]) == (2, False)
    assert isinstance(answer["items"], list)
    first, second = answer["items"]
    assert first["id"] == "f-checkout"
    assert "still differs, as of 2026-11-21 03:02Z" in first["blocks"]
    assert (second["id"], second["blocks"]) == ("f-payments", "")
    assert closeout(capsys, "--done")[0] == 2
    code, answer = closeout(capsys, "--accept", "f-checkout", "--owner", "team-shop")
    assert code == 1
    assert "needs an end" in str(answer["error"])
    assert "Nobody is named" in str(closeout(capsys, "--hand-over", "f-checkout")[1]["error"])
    assert "no finding of this incident" in str(closeout(capsys, "--hand-over", "zzz", "--owner", "x")[1]["error"])
    code, answer = closeout(capsys, "--accept", "f-checkout", "--owner", "team-shop", "--expires", "30d", "--done")
    assert (code, answer["done"]) == (0, True)


def test_the_result_is_part_of_the_bundle(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    closeout(capsys, "--hand-over", "f-checkout", "--owner", "team-shop", "--note", "after the freeze", "--done")
    assert main(["export", "--incident", "INC-1", "-o", str(home / "b.tar.gz"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["lines"]["closeout.jsonl"] == 2
    assert main(["report", str(home / "b.tar.gz")]) == 0
    text = capsys.readouterr().out
    assert "## Close-out" in text
    assert "closed it out as handed-over, team-shop answers for it: after the freeze" in text
    assert main(["verify", str(home / "b.tar.gz")]) == 4


def test_an_acceptance_that_is_over_blocks_again() -> None:
    from drifttui.core.acts import NOTHING
    from drifttui.core.closeout import Seen, Settled, checklist

    seen = Seen("f", "u", "Role/x", "verbs", sessions.AT, sessions.AT)
    until = sessions.AT + timedelta(days=1)
    settled = {"f": Settled(How.ACCEPTED, "team", until, "", "alice", sessions.AT)}
    before = checklist("INC-1", SCOPE, NOTHING, [seen], settled, sessions.AT)
    after = checklist("INC-1", SCOPE, NOTHING, [seen], settled, until)
    assert not before.blocking
    assert [item.blocks for item in after.items] == ["the acceptance is over"]
