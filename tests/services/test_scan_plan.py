"""`drifttui scan --plan` and `--state`: exit codes, what stands on stdout, and what never does."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.commands.scan_plan import run_plan
from tests.core.terraform_documents import KEY, change, plan, resource

BEFORE = {"size": "t3.small", "master_password": "hunter2-a", "user_data_base64": "aHVudGVyMg=="}
AFTER = {"size": "t3.large", "master_password": "hunter2-b", "user_data_base64": "aHVudGVyMw=="}
DRIFT = change("aws_db.pay", "update", BEFORE, AFTER, before_sensitive={"size": False})
REVERT = change("aws_db.pay", "update", AFTER, BEFORE)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An operator with an empty home."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("KUBECONFIG", "ARGOCD_SERVER", "ARGOCD_AUTH_TOKEN", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, document: Any) -> str:
    path = folder / "plan.json"
    path.write_text(json.dumps(document))
    return str(path)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (plan([REVERT], [DRIFT]), 2),
        (plan([REVERT], []), 0),
        (plan([REVERT]), 3),
        (plan([], [], errored=True), 3),
        (plan(None, None, [resource("aws_db.pay", BEFORE)]), 0),
    ],
)
@pytest.mark.parametrize("how", [["--json"], []])
def test_the_exit_code_says_drift_clean_or_unknown(
    document: dict[str, Any], code: int, how: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scan", "--plan", written(tmp_path, document), *how]) == code
    seen = capsys.readouterr()
    assert seen.err == ""
    assert "hunter2" not in seen.out
    assert "aHVudGVy" not in seen.out


def test_the_answer_is_one_document_of_the_published_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["scan", "--plan", written(tmp_path, plan([REVERT], [DRIFT])), "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "drifttui.plan/1"
    assert answer["drift_information"] is True
    (entry,) = answer["drift"]
    assert (entry["address"], entry["actions"]) == ("aws_db.pay", ["update"])
    assert entry["verdict"]["domain"]
    assert entry["verdict"]["reasons"]
    size, password = entry["changes"][:2]
    assert (size["path"], size["recorded"], size["actual"], size["desired"]) == (
        "/size", "t3.small", "t3.large", "t3.small",
    )  # fmt: skip
    assert password["sensitive"] is True
    assert password["recorded"] == password["desired"] != password["actual"]
    assert [one["address"] for one in answer["pending"]] == ["aws_db.pay"]


def test_a_plan_may_come_through_a_pipe(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.dumps(plan([], [DRIFT])).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert main(["scan", "--plan", "-", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["summary"]["drift"] == 1


def test_an_operator_may_vouch_for_the_refresh(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--plan", written(tmp_path, plan([REVERT])), "--refreshed"]) == 0
    assert "No drift." in capsys.readouterr().out


def test_a_state_alone_is_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instance = {"attributes": {"id": "db-1", "password": "hunter2"}, "index_key": "a"}
    state = {"version": 4, "resources": [{"type": "aws_db", "name": "pay", "instances": [instance]}]}
    assert main(["scan", "--state", written(tmp_path, state), "--json"]) == 3
    said = capsys.readouterr().out
    answer = json.loads(said)
    assert (answer["drift_information"], answer["drift"]) == (False, [])
    assert answer["recorded"][0]["address"] == 'aws_db.pay["a"]'
    assert "hunter2" not in said
    assert main(["scan", "--state", written(tmp_path, state)]) == 3
    assert 'aws_db.pay["a"]  db-1' in capsys.readouterr().out


@pytest.mark.parametrize("how", [["--json"], []])
def test_an_event_stream_is_unknown_even_when_it_ends_well(
    how: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "events"
    drift = {"resource": {"addr": "aws_db.pay"}, "action": "update"}
    events = [
        {"@level": "info", "@message": "m", "type": "resource_drift", "change": drift},
        {"@level": "info", "@message": "m", "type": "change_summary", "changes": {}},
    ]
    path.write_text("\n".join(map(json.dumps, events)))
    assert main(["scan", "--plan", str(path), *how]) == 3
    assert "aws_db.pay" in capsys.readouterr().out


def test_people_read_drift_first_then_pending_then_what_was_hidden(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy = change("aws_x.n", "update", {"tags": None, "etag": "1"}, {"tags": {}, "etag": "2"})
    moved = change("aws_x.new", "no-op", {}, {}, previous_address="aws_x.old")
    replaced = change("aws_x.r", ["create", "delete"], {"a": 1}, {"a": 2}, replace_paths=[["a"]], deposed="0d")
    made = change("aws_x.made", "create", None, {"huge": "x" * 5000}, after_unknown={"id": True})
    document = plan([REVERT, moved, replaced, made], [DRIFT, noisy], timestamp="2026-11-21T03:00:00Z")
    assert main(["scan", "--plan", written(tmp_path, document)]) == 2
    said = capsys.readouterr().out
    order = ["Drift: 1 object", "Pending, which is no drift: 4 objects", "Hidden: 2 differences"]
    assert [said.index(words) for words in order] == sorted(said.index(words) for words in order)
    for words in (
        "aws_db.pay  changed outside",
        'recorded  "t3.small"',
        "moved from aws_x.old",
        "aws_x.r  deposed 0d  replace (create, then destroy)",
        "known after apply: /id",
        "terraform-empty-equals-null",
        "made 2026-11-21T03:00:00Z",
    ):
        assert words in said
    assert "xxx" not in said


def test_foreign_text_is_shown_inert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = 'aws_db.pay["\x1b[2J\u202e[bold]\ud800"]'
    document = plan([], [{**change("aws_db.x", "update", {"a": "\x1b[31m"}, {"a": "[red]\x07"}), "address": evil}])
    assert main(["scan", "--plan", written(tmp_path, document)]) == 2
    said = capsys.readouterr().out
    assert "[bold]" in said
    assert "[red]" in said
    assert not {"\x1b", "\u202e", "\x07"} & set(said)
    assert main(["scan", "--plan", written(tmp_path, document), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["drift"][0]["address"] == evil


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--plan", "nowhere.json"], "cannot be read"),
        (["--plan", "."], "directory"),
        (["--plan", "\x00"], "no file name"),
        (["--plan", "plan.json", "payments"], "`payments` names a unit"),
        (["--plan", "plan.json", "--filter", "env:prod"], "--filter"),
        (["--state", "plan.json"], "This is a plan, not a state"),
    ],
)
def test_a_wrong_call_is_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, plan([]))
    assert main(["scan", *arguments]) == 1
    seen = capsys.readouterr()
    assert seen.out == ""
    assert seen.err.count("\n") == 1
    assert words in seen.err


def test_a_plan_and_a_state_at_once_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["scan", "--plan", "a", "--state", "b"])
    assert left.value.code == 1
    assert "not allowed with" in capsys.readouterr().err


def test_equal_secrets_have_equal_digests_under_one_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, plan([], [DRIFT]))
    said = []
    for key in (KEY, KEY, b"x" * 32):
        arguments = argparse.Namespace(plan=path, state=None, json=True, refreshed=False, key=key)
        assert run_plan(arguments) == 2
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != said[2]


def test_nothing_live_is_imported_for_a_file(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from drifttui.cli import main\n"
        f"assert main(['scan', '--plan', {written(tmp_path, plan([], [DRIFT]))!r}]) == 2\n"
        "live = ('drifttui.clients', 'drifttui.sources', 'httpx', 'kubernetes', 'boto3', 'textual', 'asyncio')\n"
        "found = [name for name in sys.modules if name.startswith(live)]\n"
        "assert not found, found\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
