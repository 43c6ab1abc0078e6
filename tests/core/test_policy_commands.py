"""`drifttui classify` and `drifttui policy`, as a script meets them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from drifttui.cli import main

from .cases import OWN, SHARED

LAPTOP = SHARED / "ci-token-used-from-a-laptop.yaml"


@pytest.fixture(autouse=True)
def no_policy_of_the_operator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_a_case_becomes_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(LAPTOP), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == [
        "schema", "drift_class", "domain", "risk", "action", "auto_heal", "confidence", "reasons", "missing",
    ]  # fmt: skip
    assert (answer["drift_class"], answer["risk"], answer["auto_heal"]) == ("unauthorized", "critical", False)
    assert set(answer["reasons"][0]) == {"rule", "fact"}


def test_a_case_comes_from_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(LAPTOP.read_bytes())

    monkeypatch.setattr("sys.stdin", Input())
    assert main(["classify", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["domain"] == "identity"


def test_people_read_the_reasons_and_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(SHARED / "security-group-changed-and-the-audit-trail-is-unreachable.yaml")]) == 0
    shown = capsys.readouterr().out
    assert "unknown · network · risk high" in shown
    assert "missing" in shown and "audit log" in shown


def test_hostile_names_stay_inert(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = LAPTOP.read_text().replace("system:serviceaccount:ci:deployer", "[red]x[/red]\\e[31m\\u202e")
    (tmp_path / "case.yaml").write_text(text)
    assert main(["classify", str(tmp_path / "case.yaml")]) == 0
    shown = capsys.readouterr().out
    assert "[red]x[/red]" in shown
    assert "\x1b[31m" not in shown and "\u202e" not in shown


def test_bad_input_is_one_line_and_exit_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text("now: soon\n")
    assert main(["classify", str(tmp_path / "case.yaml")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "case.yaml, line 1, now" in error
    assert main(["classify", str(tmp_path / "none.yaml")]) == 1


def test_labelled_cases_are_scored(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "test", str(OWN), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["accepted"] is True and answer["wrong_auto_heal_true"] == []
    assert answer["dimensions"]["risk"]["accepted"] == answer["cases"]
    assert main(["policy", "test", str(SHARED)]) == 0
    shown = capsys.readouterr().out
    assert "all answers accepted" in shown and "unauthorized" in shown


def test_a_wrong_heal_is_listed_apart_and_exits_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    source = SHARED / "team-label-edited-by-hand-on-a-stateless-app.yaml"
    (tmp_path / "case.yaml").write_text(source.read_text().replace("auto_heal: true", "auto_heal: false"))
    assert main(["policy", "test", str(tmp_path), "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["wrong_auto_heal_true"] == [str(tmp_path / "case.yaml")]
    assert answer["misses"][0]["dimension"] == "auto_heal"
    assert main(["policy", "test", str(tmp_path)]) == 2
    assert "Would heal by itself and must not" in capsys.readouterr().out


def test_another_policy_gives_other_answers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text("decisions: [{id: calm, risk: info}]")
    assert main(["policy", "test", str(SHARED), "--policy", str(tmp_path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["dimensions"]["risk"]["wrong"] > 0


def test_unlabelled_cases_and_empty_folders_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["policy", "test", str(tmp_path)]) == 1
    document = LAPTOP.read_text().split("expect:")[0]
    (tmp_path / "case.yaml").write_text(document)
    assert main(["policy", "test", str(tmp_path)]) == 1
    assert "expect" in capsys.readouterr().err


def test_a_policy_folder_is_checked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["policy", "check"]) == 0
    assert "holds" in capsys.readouterr().out
    (tmp_path / "team.yaml").write_text("decisions:\n  - {id: x, risk: huge}\nunits:\n  - {match: a, oner: b}\n")
    assert main(["policy", "check", str(tmp_path)]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert "line 2" in errors[0] and "owner is near" in errors[1]
    assert main(["policy", "check", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["valid"] is False


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "schema"]) == 0
    assert "decisions" in json.loads(capsys.readouterr().out)["properties"]
