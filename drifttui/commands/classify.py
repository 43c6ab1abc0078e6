"""Judge one case: how the drift came about, what it touches, how bad it is, and what to do first.

CASE is a YAML or JSON file in the case format (docs/verdicts.md), `-` for standard input. An expectation in it is not
looked at. Exits 0 with a verdict, 1 on errors.

Flags: CASE, --policy DIR, --json.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from .options import add_json_argument

if TYPE_CHECKING:
    from drifttui.core.verdict import Verdict

SCHEMA = "drifttui.verdict/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", metavar="CASE", help="a case file, or - for standard input")
    parser.add_argument("--policy", metavar="DIR", help="policy folder (default: drifttui/policy in $XDG_CONFIG_HOME)")
    add_json_argument(parser)


def run(options: argparse.Namespace) -> int:
    from drifttui.core.classify import classify
    from drifttui.services.answers import verdict as as_json
    from drifttui.store.case_files import read
    from drifttui.store.policy_files import load_policy, policy_folder

    policy = load_policy(policy_folder(options.policy))
    file = read(options.case, label=False)
    verdict = classify(file.case, policy)
    if options.json:
        json.dump({"schema": SCHEMA, **(as_json(verdict) or {})}, sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        _show(file.case.title, verdict)
    return 0


def _show(title: str, verdict: Verdict) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from drifttui.core.errors import inert

    from .show import RISK_STYLE, console

    out = console()
    if title:
        out.print(Text(inert(title, 120), style="bold"))
    out.print(
        Text(f"{verdict.drift_class} · {verdict.domain} · risk ").append(
            verdict.risk, style=RISK_STYLE.get(verdict.risk, "")
        )
    )
    heal = "may be put back by itself" if verdict.auto_heal else "not by itself"
    out.print(Text(f"first: {verdict.action} ({heal}) · confidence {verdict.confidence:.2f}"))
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for reason in verdict.reasons:
        table.add_row(Text(inert(reason.rule, 60)), Text(inert(reason.fact)))
    for fact in verdict.missing:
        table.add_row(Text("missing"), Text(inert(fact), style="magenta"))
    out.print(Padding(table, (1, 0, 0, 2)))
