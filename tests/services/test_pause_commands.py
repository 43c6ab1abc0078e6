"""What `pause`, `resume` and `pauses` ask, say and exit with. On a real Argo CD: `tests/cluster/test_pauses.py`."""

from __future__ import annotations

import argparse
import io
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from drifttui.commands.acting import Acting, chosen, confirm
from drifttui.commands.options import add_session_arguments
from drifttui.commands.pause import exit_code as acted_code
from drifttui.commands.show_pause import pause_line, plan_lines, show_done, show_pauses, show_plans
from drifttui.core.acts import PauseRecord, PauseState
from drifttui.core.errors import InputError, ReadOnly
from drifttui.core.pause import Plan, Undoer
from drifttui.services import pause_answers
from drifttui.services.holding import Look
from drifttui.services.pause_answers import Done, Standing, exit_code
from drifttui.services.recovery import Recovered
from tests.conforms import departures
from tests.services.fake_kube import application, now
from tests.services.pause_plans import pause, step, unit

NOW = now()
WEB, ROOT = application("web"), application("root")


def options(**given: object) -> argparse.Namespace:
    return argparse.Namespace(**{"yes": False, "name": [], "json": False, **given})


def record(state: PauseState = PauseState.HOLDING, hours: float = 1.0) -> PauseRecord:
    return PauseRecord(
        id="0123456789ab",
        unit=str(unit("web")),
        engine="argocd",
        reason="payment latency",
        until=NOW + timedelta(hours=hours),
        actor="alice@laptop",
        at=NOW - timedelta(hours=2),
        state=state,
        link="INC-9127",
    )


def plan(environment: str = "prod") -> Plan:
    made = pause("web", step(ROOT, 1)._replace(optional=True), step(WEB, 2))._replace(environment=environment)
    owner = Undoer("Application/root (self-heal)", "applies its Git", "at once", "pause it as well", covered=1)
    return made._replace(undoers=(owner,))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("environment", "typed", "goes_on"),
    [("prod", "web", True), ("prod", "y", False), ("prod", "", False), ("dev", "y", True), ("dev", "", False)],
)
def test_production_is_confirmed_by_typing_the_name(environment: str, typed: str, goes_on: bool) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return typed

    assert confirm([plan(environment)], options(), ask=ask) is goes_on
    assert len(asked) == 1
    assert ("web" in asked[0]) is (environment == "prod")


@pytest.mark.usefixtures("terminal")
def test_whoever_ends_the_input_has_not_confirmed() -> None:
    def ask(_: str) -> str:
        raise EOFError

    assert confirm([plan()], options(), ask=ask) is False


def test_a_script_names_production_exactly() -> None:
    with pytest.raises(InputError, match="--name web"):
        confirm([plan()], options(yes=True))
    with pytest.raises(InputError, match="--name web"):
        confirm([plan()], options(yes=True, name=["we"]))
    assert confirm([plan()], options(yes=True, name=["web"]))
    assert confirm([plan("dev")], options(yes=True))


def test_without_a_terminal_nothing_is_confirmed() -> None:
    with pytest.raises(InputError, match="--yes"):
        confirm([plan("dev")], options(json=True))


def test_only_optional_steps_are_left_out() -> None:
    (left,) = chosen([plan()], [1])
    assert [write.skipped for write in left.writes] == [True, False]
    assert not left.holds
    with pytest.raises(InputError, match="cannot be left out"):
        chosen([plan()], [2])


def test_the_plan_says_who_would_undo_it_and_what_is_left_out() -> None:
    text = "\n".join(plan_lines(plan(), NOW))
    assert "pause web (PROD · prod)" in text
    assert "held off by step 1" in text
    assert "spec.syncPolicy.automated.enabled not set → false" in " ".join(text.split())
    assert "payment latency, INC-9127" in text
    (left,) = chosen([plan()], [1])
    text = " ".join("\n".join(plan_lines(left, NOW)).split())
    assert "step 1 would hold it off and is left out" in text
    assert "not for certain" in text


def test_hostile_texts_are_inert() -> None:
    out = io.StringIO()
    evil = plan()._replace(reason="\x1b[2J\u202eevil", effects=("\x07bell",), blocked=("\x1b]0;title\x07",))
    show_plans([evil], NOW, out)
    show_done([Done(evil, "refused", "\x1b[31mred")], out)
    show_pauses([Standing(record(), "ledger", Look(NOW, False, "\x1b[31mred", "\x1b[31m"))], NOW, out)
    assert not {"\x1b", "\x07", "\u202e"} & set(out.getvalue())


@pytest.mark.parametrize(
    ("standing", "word", "code"),
    [
        (Standing(record(), "ledger", Look(NOW, True)), "1h0m left", 0),
        (Standing(record(hours=-1.0), "ledger", Look(NOW, True)), "OVERDUE 1h", 2),
        (Standing(record(), "ledger", Look(NOW, False, "on again, by kubectl", "kubectl")), "UNDONE", 3),
        (Standing(record(hours=-1.0), "ledger", Look(NOW, False)), "UNDONE", 3),
        (Standing(record(), "ledger", Look(NOW, None, "no connection")), "UNKNOWN", 3),
        (Standing(record(PauseState.INTENDED), "ledger"), "UNKNOWN", 3),
        (Standing(record(PauseState.UNDONE), "annotation"), "UNDONE", 3),
        (Standing(record(), "ledger", Look(NOW, False, resumed=True)), "resumed elsewhere", 0),
        (Standing(record(PauseState.WRITTEN, hours=-0.5), "annotation"), "OVERDUE 30m", 2),
    ],
)
def test_one_line_and_one_exit_code_for_each(standing: Standing, word: str, code: int) -> None:
    line = pause_line(standing, NOW)
    assert line.startswith(word)
    assert "\n" not in line
    assert "0123456789ab" in line
    assert exit_code([standing], [], NOW) == code


def test_the_worst_counts_and_what_could_not_be_read_is_not_well() -> None:
    well, over = Standing(record(), "ledger", Look(NOW, True)), Standing(record(hours=-1.0), "ledger", Look(NOW, True))
    assert exit_code([], [], NOW) == 0
    assert exit_code([well, over], [], NOW) == 2
    assert exit_code([well, over, Standing(record(), "ledger", Look(NOW, None))], [], NOW) == 3
    assert exit_code([well], ["annotations of argocd:prod could not be read"], NOW) == 3


@pytest.mark.parametrize(
    ("results", "code"),
    [
        (["holding", "written"], 0),
        (["planned"], 0),
        (["holding", "refused"], 1),
        (["rolled-back"], 1),
        (["cancelled"], 1),
        (["failed", "undone"], 3),
        (["unknown"], 3),
    ],
)
def test_exit_codes_of_writing(results: list[str], code: int) -> None:
    assert acted_code(results) == code


def test_the_documents_are_as_published() -> None:
    recovered = [Recovered("aaaaaaaaaaaa", str(unit("web")), "pause", "rolled-back", "its process ended")]
    done = [Done(plan(), "holding", "checked 3 times", "", 3), Done(plan(), "refused", "changed")]
    assert departures(pause_answers.acted(pause_answers.PAUSE, done, recovered, NOW), "pause") == []
    assert departures(pause_answers.acted(pause_answers.RESUME, done[1:], recovered, NOW), "resume") == []
    standing = [
        Standing(record(), "both", Look(NOW, True)),
        Standing(record(PauseState.WRITTEN), "annotation"),
        Standing(record(), "ledger", Look(NOW, False, "on again", "kubectl-edit")),
    ]
    told = pause_answers.pauses(standing, recovered, ["argocd:eu could not be read"], NOW)
    assert departures(told, "pauses") == []
    assert told["summary"] == {"standing": 2, "overdue": 0, "undone": 1, "unknown": 0}
    assert departures({**told, "more": 1}, "pauses") == ["$: more is not in the schema"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop_and_tears_nothing_apart(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    parser = argparse.ArgumentParser()
    add_session_arguments(parser)
    before = signal.getsignal(number)
    with Acting(parser.parse_args([]), writes=True) as acting:
        with acting.stoppable() as stopped:
            assert not stopped()
            signal.raise_signal(number)
            assert stopped()
        assert signal.getsignal(number) == before
    assert "taken back" in capsys.readouterr().err


def test_read_only_is_refused_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    parser = argparse.ArgumentParser()
    add_session_arguments(parser)
    with pytest.raises(ReadOnly, match="--dry-run"):
        Acting(parser.parse_args(["--read-only"]), writes=True)
