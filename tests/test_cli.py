"""The command line says what is wrong in one line, and its exit codes mean what the documentation says."""

from __future__ import annotations

import pytest

from drifttui.cli import COMMANDS, main


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An operator with an empty home."""
    home = tmp_path_factory.mktemp("home")
    for name in ("KUBECONFIG", "ARGOCD_SERVER", "ARGOCD_AUTH_TOKEN", "KUBERNETES_SERVICE_HOST", "ARGOCD_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))


def test_a_wrong_call_is_an_error_and_not_drift(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["scan", "--nonsense"])
    assert left.value.code == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--nonsense" in said


def test_nothing_to_read_is_said_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--json"]) == 1
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "Nothing to read" in seen.err
    assert "drifttui demo" in seen.err


def test_without_a_terminal_the_screen_points_to_scan(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert main([]) == 1
    assert "drifttui scan" in capsys.readouterr().err


def test_options_may_stand_before_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--no-kubernetes", "doctor", "--json"]) == 1
    assert "Nothing to read" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert not left.value.code
    assert f"drifttui {name}" in capsys.readouterr().out


def test_every_rule_that_hides_something_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "rules"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 5
