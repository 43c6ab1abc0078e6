"""Stacks in a session: chosen by flag and file, in the one list, with the answer that `scan --plan` gives."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.commands.options import add_session_arguments
from drifttui.core.errors import InputError
from drifttui.services.session import Settings, settings_from

PLAN = Path(__file__).parent.parent / "recorded" / "opentofu" / "plan.json"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))


def settings(*words: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_session_arguments(parser)
    return settings_from(parser.parse_args(words))


def test_a_flag_names_a_table_or_stands_for_itself(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        '[[stack]]\nname = "net"\ndir = "/srv/net"\nworkspace = "prod"\n[[stack]]\nplan = "s3://ci/pay/plan.json"\n'
    )
    given = ("--config", str(config))
    assert [one.shown_name for one in settings(*given).stacks] == ["net", "pay"]
    (named,) = settings(*given, "--stack", "net").stacks
    assert (named.dir, named.workspace) == ("/srv/net", "prod")
    (folder,) = settings("--stack", str(tmp_path)).stacks
    assert folder.dir == str(tmp_path)
    made = settings("--stack", str(PLAN), "--stack", "https://ci/pay.tfstate?sig=1").stacks
    assert [(bool(one.plan), bool(one.state)) for one in made] == [(True, False), (False, True)]
    with pytest.raises(InputError, match="No stack nowhere"):
        settings("--stack", "nowhere")
    with pytest.raises(InputError, match="Two stacks are called net"):
        settings("--stack", "https://a/net", "--stack", "https://b/net")
    config.write_text('[[stack]]\nname = "both"\ndir = "a"\nplan = "b"\n')
    with pytest.raises(InputError, match="stack"):
        settings(*given)


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = main([*words, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


def test_scan_of_a_stack_and_of_its_plan_are_one_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[[stack]]\nname = "shop"\nplan = "{PLAN}"\nrefreshed = true\n')
    live_code, live = answer(capsys, "scan", "--config", str(config), "--no-kubernetes")
    plan_code, plan = answer(capsys, "scan", "--plan", str(PLAN), "--refreshed")
    assert live_code == plan_code == 2
    (unit,) = live["units"]
    assert (unit["id"], unit["sync"], unit["engine"]) == ("opentofu/stack:shop//shop", "OutOfSync", "opentofu")
    said = {one["resource"]["address"]: one["changes"] for one in unit["findings"]}
    assert said == {one["address"]: one["changes"] for one in plan["drift"]}
    assert len(said) == 4
    assert any(one["type"] == "PendingChanges" for one in unit["conditions"])


def test_a_stack_nobody_can_read_is_unknown_and_never_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[[stack]]\nname = "shop"\ndir = "{tmp_path}/nowhere"\n')
    code, found = answer(capsys, "scan", "--config", str(config), "--no-kubernetes")
    assert code == 3
    assert found["summary"]["blind_sources"] == ["stack:shop"]
    assert found["units"][0]["sync"] == "Unknown"
    assert found["units"][0]["risk"] == "unknown"
    assert main(["doctor", "--config", str(config), "--no-kubernetes"]) == 3
    assert "there is no folder" in capsys.readouterr().out
