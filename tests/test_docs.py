"""What the pages say is so: every command in them is accepted, those that need no cluster are run, the keys are bound.

Commands on live systems are run by `tests/cluster/test_commands.py`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drifttui.cli import COMMANDS, Parser, screen_parser

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

RUN = r"drifttui (config|diff --|link (?!.*--remove)|ledger (?!.*--head))"
"""Commands that need nothing but a folder of their own."""

DESIRED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: prod}
data: {timeout: 5s}
"""


def commands() -> Iterator[tuple[str, str]]:
    """(page, command line): indented or fenced lines that start with `drifttui`, and every such command in prose."""
    for page in PAGES:
        fenced = False
        for line in page.read_text().splitlines():
            fenced ^= line.startswith("```")
            found = re.match(r"(?:\$ |    )?(drifttui(?: .*)?)$", line)
            if found and (fenced or line.startswith("    ")):
                yield page.name, found[1].split("  #")[0].strip()
        for quoted in re.findall(r"`(drifttui [^`]*)`", page.read_text()):
            yield page.name, " ".join(quoted.split())


LINES = sorted(set(commands()))


def parsed(line: str) -> tuple[str, Any]:
    words = shlex.split(line)[1:]
    name = next((word for word in words if word in COMMANDS), "")
    if not name:
        return "", screen_parser().parse_args(words)
    from importlib import import_module

    parser = Parser(prog=f"drifttui {name}")
    module: Any = import_module(COMMANDS[name].module)
    module.add_arguments(parser)
    words.remove(name)
    return name, parser.parse_args(words)


@pytest.mark.parametrize(("page", "line"), LINES)
def test_every_command_in_the_pages_is_accepted(page: str, line: str) -> None:
    if "…" in line or re.search(r"\b[A-Z]{3,}\b", line.replace("INC-", "")) or "--help" in line or "--version" in line:
        pytest.skip("a pattern, not a command")
    try:
        parsed(line)
    except SystemExit as left:
        raise AssertionError(f"{page}: {line} is not accepted") from left


@pytest.mark.parametrize("line", [line for _, line in LINES if re.match(RUN, line)])
def test_commands_that_need_no_cluster_are_run(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if "--help" in line:
        pytest.skip("a pattern, not a command")
    monkeypatch.chdir(tmp_path)
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    for variable in ("KUBECONFIG", "DRIFTTUI_LEDGER", "JIRA_TOKEN", "SERVICENOW_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    for name in ("manifest.yaml", "a.yaml", "c.yaml"):
        Path(name).write_text(DESIRED)
    for name in ("live.yaml", "b.yaml"):
        Path(name).write_text(DESIRED.replace("5s", "9s"))
    from drifttui.cli import main

    assert main(shlex.split(line)[1:]) == (2 if " diff " in line else 0)
    assert capsys.readouterr().out


def key_table() -> str:
    """The key table of the README, as the bindings have it."""
    from drifttui.app import DriftApp
    from drifttui.screens.help import key_groups

    lines = []
    for title, keys in key_groups(DriftApp, {}):
        lines += [f"**{title}**", "", "| key | does |", "|---|---|"]
        lines += [
            f"| {' '.join(f'`{key}`' for key in each.keys.split())} | {each.description.rstrip('.')} |" for each in keys
        ]
        lines.append("")
    return "\n".join(lines).strip()


def test_the_readme_lists_every_key() -> None:
    text = (ROOT / "README.md").read_text()
    shown = text.split("<!-- keys -->")[1].split("<!-- /keys -->")[0].strip()
    assert shown == key_table()


def test_ci_runs_the_readme_s_test_command() -> None:
    command = ".venv/bin/python -m pytest"
    assert f"    {command}\n" in (ROOT / "README.md").read_text()
    assert command in (ROOT / ".ci" / "run").read_text()


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
