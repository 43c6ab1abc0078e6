"""`drifttui ledger`, as a script sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main

from .ledgers import UNIT, Place, intent, link, verdict

OTHER = UNIT.replace("payments", "checkout")


@pytest.fixture
def kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A ledger of three events, named by the environment."""
    monkeypatch.setenv("DRIFTTUI_LEDGER", place.target)
    place.open().append_all([verdict(), link(), intent()])
    return place


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    assert main(["ledger", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_an_intact_ledger(kept: Place, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "verify")
    assert (found["schema"], found["intact"], found["events"], found["problems"]) == (
        "drifttui.ledger-verify/1",
        True,
        3,
        [],
    )
    where = answer(capsys, "where")
    assert where["head"] == found["head"]
    head = f"{where['head']['seq']}:{where['head']['hash']}"
    assert main(["ledger", "verify", "--head", head]) == 0
    assert capsys.readouterr().out == f"Intact: 3 events, head {head}\n"


def test_an_altered_ledger(kept: Place, capsys: pytest.CaptureFixture[str]) -> None:
    kept.run("UPDATE events SET actor = 'mallory' WHERE seq = 2", "DELETE FROM events WHERE seq = 3")
    found = answer(capsys, "verify", code=3)
    assert [(each["seq"], each["what"]) for each in found["problems"]] == [(2, "altered"), (3, "missing")]
    assert (found["intact"], found["problem_count"]) == (False, 2)
    assert main(["ledger", "verify"]) == 3
    assert "event 2 was altered" in capsys.readouterr().out


def test_an_unreadable_ledger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 100)
    assert main(["ledger", "verify", "--ledger", str(tmp_path / "x.db")]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)


def test_a_head_from_elsewhere_that_does_not_fit(kept: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "verify", "--head", f"3:{'ab' * 32}"]) == 3
    assert main(["ledger", "verify", "--head", "3"]) == 1
    assert "It looks like" in capsys.readouterr().err


def test_the_log_is_for_people_and_its_json_for_scripts(kept: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ledger", "log"]) == 0
    newest, *_, oldest = capsys.readouterr().out.splitlines()
    assert newest.endswith("alice@laptop  payments  pause intended until 05:00Z: INC-9127 hotfix")
    assert oldest.startswith("2026-11-21 03:00:00Z  alice@laptop  payments  verdict emergency")
    events = answer(capsys, "log")["events"]
    assert [(event["seq"], event["kind"]) for event in events] == [(1, "verdict"), (2, "link"), (3, "intent")]
    assert events[2]["body"]["plan"]["reason"] == "INC-9127 hotfix"


def test_the_log_of_one_unit_and_what_is_left_out(kept: Place, capsys: pytest.CaptureFixture[str]) -> None:
    kind, body = intent("a2")
    kept.open().append(kind, body | {"unit": OTHER})
    assert [event["seq"] for event in answer(capsys, "log", "--unit", "checkout")["events"]] == [4]
    assert [event["seq"] for event in answer(capsys, "log", "--unit", UNIT)["events"]] == [1, 3]
    assert [event["seq"] for event in answer(capsys, "log", "--limit", "1")["events"]] == [4]
    assert main(["ledger", "log", "--limit", "1"]) == 0
    shown = capsys.readouterr()
    assert len(shown.out.splitlines()) == 1
    assert shown.err.startswith("3 older ones")
    assert main(["ledger", "log", "--limit", "-1"]) == 1


def test_a_damaged_text_does_not_break_the_log(kept: Place, capsys: pytest.CaptureFixture[str]) -> None:
    if not kept.shared:
        kept.run("UPDATE events SET actor = CAST(x'1B5B32FF' AS TEXT) WHERE seq = 1")
    kept.run("UPDATE events SET body = 'x' WHERE seq = 2")
    assert answer(capsys, "log")["events"][1]["kind"] == "unreadable"
    assert main(["ledger", "log"]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert main(["ledger", "verify"]) == 3


def test_flag_environment_and_settings_name_it_in_this_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'ledger = "{tmp_path}/settings.db"\n')
    assert answer(capsys, "where", "--config", str(settings))["where"] == f"{tmp_path}/settings.db"
    monkeypatch.setenv("DRIFTTUI_LEDGER", f"{tmp_path}/environment.db")
    assert answer(capsys, "where", "--config", str(settings))["where"] == f"{tmp_path}/environment.db"
    assert answer(capsys, "where", "--ledger", f"{tmp_path}/flag.db")["where"] == f"{tmp_path}/flag.db"
    monkeypatch.delenv("DRIFTTUI_LEDGER")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert answer(capsys, "where")["where"] == f"{tmp_path}/xdg/drifttui/ledger.db"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml"], "looking makes nothing"
