"""`drifttui link` and `drifttui classify --finding`, as a script meets them: flags in, JSON and exit codes out."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import main
from drifttui.core.episodes import OpenFinding
from drifttui.core.identity import ResourceRef, UnitId
from drifttui.store.findings import FindingStore
from tests.sources.test_trackers import CHANGE, TOKEN, Trackers

SCHEMAS = Path(__file__).parent.parent.parent / "docs" / "schemas"
WEB = UnitId("argocd", "argocd:a", "argocd", "web")
DEPLOYMENT = ResourceRef("in-cluster", "apps", "Deployment", "prod", "web")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    for tracker in ("PAGERDUTY", "JIRA", "SERVICENOW", "GITHUB", "GITLAB", "GH"):
        for what in ("TOKEN", "SERVER"):
            monkeypatch.delenv(f"{tracker}_{what}", raising=False)
    for variable in ("DRIFTTUI_LEDGER", "DRIFTTUI_INCIDENT"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.fixture
def finding() -> OpenFinding:
    now = datetime.now(UTC)
    found = OpenFinding("abc123def456", WEB, DEPLOYMENT, now, now, "0123456789abcdef")
    FindingStore().keep([found], [])
    return found


@pytest.fixture
def trackers() -> Iterator[Trackers]:
    """In a thread of its own: the command runs an event loop itself."""
    server = Trackers()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
    yield server
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    assert main([*arguments, "--json"]) == code
    found = json.loads(capsys.readouterr().out)
    conforms(found, "operator-verdicts" if arguments[0] == "classify" else "link")
    return found


def conforms(value: Any, name: str) -> None:
    """Against the published schema, with the keywords that it uses."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())

    def check(value: Any, part: dict[str, Any], where: str) -> None:
        if "$ref" in part:
            part = schema["$defs"][part["$ref"].rpartition("/")[2]]
        if "oneOf" in part:
            part = next(one for one in part["oneOf"] if one["properties"]["schema"]["const"] == value["schema"])
        if "const" in part:
            assert value == part["const"], where
        if "enum" in part:
            assert value in part["enum"], where
        kinds: dict[str, type] = {"string": str, "null": type(None), "object": dict, "array": list}
        named = part.get("type", [])
        allowed = tuple(kinds[kind] for kind in ([named] if isinstance(named, str) else named))
        assert not allowed or isinstance(value, allowed), where
        if isinstance(value, dict):
            assert set(value) == set(part["properties"]), where
            for key, inner in value.items():
                check(inner, part["properties"][key], f"{where}.{key}")
        for number, item in enumerate(value if isinstance(value, list) else ()):
            check(item, part["items"], f"{where}[{number}]")

    check(value, schema, "$")


def test_a_link_is_made_listed_and_emptied(finding: OpenFinding, capsys: pytest.CaptureFixture[str]) -> None:
    made = answer(
        capsys, "link", "INC-9127", "--unit", "web", "--finding", "abc1", "--expires", "2h", "--approver", "grace"
    )["link"]
    assert (made["ref"], made["standing"], made["kind"]) == ("INC-9127", "open", "incident")
    assert (made["units"], made["findings"]) == ([str(WEB)], ["abc123def456"])
    assert made["problem"].startswith("No JIRA_TOKEN")
    listed = answer(capsys, "link", "--list")
    assert [link["id"] for link in listed["links"]] == [made["id"]]
    left = answer(capsys, "link", "INC-9127", "--remove", "--unit", "web")["link"]
    assert (left["units"], left["findings"]) == ([], ["abc123def456"])
    assert main(["link", "--list"]) == 0
    shown = capsys.readouterr().out
    assert "INC-9127 open, ends in 1h59m" in shown
    assert "approved by" in shown


def test_an_empty_ledger_lists_nothing_and_is_not_made(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "link", "--list")["links"] == []
    assert main(["link", "--list"]) == 0
    assert "No links in" in capsys.readouterr().out
    assert not list(home.rglob("ledger.db"))


def test_a_tracker_is_read_with_a_token_from_a_file(
    trackers: Trackers, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "token").write_text(TOKEN)
    config = home / "drifttui" / "config.toml"
    config.parent.mkdir()
    config.write_text(f'[trackers.servicenow]\nserver = "{trackers.url}"\ntoken_file = "{home / "token"}"\n')
    made = answer(capsys, "link", "CHG0030001", "--unit", str(WEB))["link"]
    assert (made["kind"], made["title"], made["approver"]) == ("change", "Raise the pool", "Grace Hopper")
    assert made["opened"] == "2026-11-21T03:00:00Z"
    assert made["problem"] is None
    trackers.answers["/api/now/table/change_request"] = {"result": [{**CHANGE, "short_description": "\x1b[2J" + TOKEN}]}
    again = answer(capsys, "link", "CHG0030001")["link"]
    assert again["title"] == "[2J***"
    assert TOKEN.encode() not in (home / "drifttui" / "ledger.db").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["link"], "One of REF and --list"),
        (["link", "INC-1", "--list"], "One of REF and --list"),
        (["link", "javascript:alert(1)"], "no links"),
        (["link", "INC-1", "--unit", "checkout"], "No unit checkout"),
        (["link", "INC-1", "--finding", "zzzz"], "No open finding"),
        (["link", "INC-1", "--expires", "soon"], "is no time"),
        (["link", "INC-1", "--opened", "soon"], "is no time"),
        (["link", "INC-1", "--remove"], "No link INC-1"),
        (["classify"], "One of CASE and --finding"),
        (["classify", "--finding", "zzzz", "--class", "unknown", "--action", "ignore"], "No open finding"),
        (["classify", "--finding", "abc1", "--class", "drift", "--action", "ignore"], "no class"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_1(
    arguments: list[str], said: str, finding: OpenFinding, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert not printed.out


def test_the_operator_s_verdict_is_recorded_under_the_session_s_incident(
    finding: OpenFinding, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTTUI_INCIDENT", "INC-9127")
    given = answer(
        capsys,
        "classify",
        "--finding",
        "abc123def456",
        "--class",
        "emergency",
        "--action",
        "update-git",
        "--note",
        "sale",
    )
    (verdict,) = given["verdicts"]
    assert (verdict["unit"], verdict["drift_class"], verdict["note"]) == (str(WEB), "emergency", "sale")
    (link,) = answer(capsys, "link", "--list")["links"]
    assert (link["ref"], link["findings"]) == ("INC-9127", ["abc123def456"])
    assert answer(capsys, "classify", "--finding", "abc1", "--take-back")["verdicts"] == []
