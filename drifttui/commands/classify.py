"""Judge one case by the rules, or record your own verdict on findings.

CASE is a YAML or JSON file in the case format (docs/verdicts.md), `-` for standard input. An expectation in it is not
looked at: how the drift came about, what it touches, how bad it is, what to do first.

With --finding ID… the operator's verdict is recorded in the ledger, beside that of the rules; it stands while the same
drift lasts. Several findings are classified as one. --take-back lets the rules' verdict count again.

Exits 0 with a verdict, 1 on errors.

Flags: CASE, --policy DIR, --json; --finding ID…, --class CLASS, --action ACTION, --note TEXT, --cause TEXT.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from drifttui.core.verdict import ACTIONS, DRIFT_CLASSES

from .options import add_json_argument, add_ledger_argument

if TYPE_CHECKING:
    from drifttui.core.acts import OperatorVerdict
    from drifttui.core.verdict import Verdict

SCHEMA = "drifttui.verdict/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("case", nargs="?", metavar="CASE", help="a case file, or - for standard input")
    parser.add_argument("--policy", metavar="DIR", help="policy folder (default: drifttui/policy in $XDG_CONFIG_HOME)")
    add_json_argument(parser)
    own = parser.add_argument_group("the operator's verdict")
    own.add_argument(
        "--finding", action="extend", nargs="+", default=[], metavar="ID", help="as `drifttui scan --json` names them"
    )
    own.add_argument("--class", dest="drift_class", default="", metavar="CLASS", help=", ".join(DRIFT_CLASSES))
    own.add_argument("--action", default="", metavar="ACTION", help=", ".join(ACTIONS))
    own.add_argument("--note", default="", metavar="TEXT", help="what you know that the rules do not")
    own.add_argument("--cause", default="classified together", metavar="TEXT", help="why several findings are one")
    own.add_argument("--take-back", action="store_true", help="your verdict no longer counts")
    own.add_argument("--incident", default="", metavar="REF", help="the findings are linked to it")
    own.add_argument("--config", metavar="FILE", help="settings file")
    add_ledger_argument(own)


def run(options: argparse.Namespace) -> int:
    from drifttui.core.errors import InputError

    if bool(options.case) == bool(options.finding):
        raise InputError("One of CASE and --finding", "", "Try `drifttui classify --help`.")
    return _record(options) if options.finding else _judge(options)


def _record(options: argparse.Namespace) -> int:
    import asyncio

    from drifttui.core.errors import inert
    from drifttui.services.deciding import give_verdict, take_back
    from drifttui.services.ledgers import opened_ledger
    from drifttui.services.link_answers import VERDICTS, verdict_json

    with opened_ledger(options) as opened:
        findings = [opened.finding(name) for name in dict.fromkeys(options.finding)]
        if options.take_back:
            asyncio.run(take_back(opened.ledger, findings, options.note))
            given: tuple[OperatorVerdict, ...] = ()
        else:
            given = asyncio.run(
                give_verdict(
                    opened.ledger,
                    findings,
                    options.drift_class,
                    options.action,
                    options.note,
                    clock=opened.clock,
                    cause=options.cause,
                    incident=opened.incident,
                )
            )
        if options.json:
            answer = {"schema": VERDICTS, "ledger": opened.ledger.where, "verdicts": [*map(verdict_json, given)]}
            json.dump(answer, sys.stdout, indent=2, ensure_ascii=False)
            print()
        elif options.take_back:
            print(f"{len(findings)} taken back: the rules' verdict counts.")
        else:
            for verdict in given:
                print(inert(f"{verdict.finding}  {verdict.drift_class} · {verdict.action}  {verdict.resource}"))
    return 0


def _judge(options: argparse.Namespace) -> int:
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
