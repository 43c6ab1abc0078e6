"""Check the policy, or test it against labelled cases.

policy test DIR    judge every labelled case under DIR (or the one file DIR); exits 0 when every answer is accepted, 2
                   when one is not, 1 on errors. Cases that would wrongly heal themselves are listed apart.
policy check [DIR] validate a policy folder; exits 0 when it holds, 1 with one line per problem: file, line, key.
policy schema      print the JSON Schema of a policy file, for editors.

Flags: test|check|schema, DIR, --policy DIR, --json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .options import add_json_argument

if TYPE_CHECKING:
    from drifttui.core.policy_score import Score

TEST = "drifttui.policy-test/1"
CHECK = "drifttui.policy-check/1"
NOT_ACCEPTED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("test", "check", "schema"), help="what to do")
    parser.add_argument("folder", nargs="?", metavar="DIR", help="test: the cases; check: the policy folder")
    parser.add_argument("--policy", metavar="DIR", help="policy folder (default: drifttui/policy in $XDG_CONFIG_HOME)")
    add_json_argument(parser)


def run(options: argparse.Namespace) -> int:
    if options.what == "schema":
        from drifttui.core.policy import PolicyFile

        json.dump(PolicyFile.model_json_schema(), sys.stdout, indent=2)
        print()
        return 0
    return _test(options) if options.what == "test" else _check(options)


def _test(options: argparse.Namespace) -> int:
    from drifttui.core.classify import classify
    from drifttui.core.errors import InputError
    from drifttui.core.policy_score import Trial, score
    from drifttui.store.case_files import labelled
    from drifttui.store.policy_files import load_policy, policy_folder

    if not options.folder:
        raise InputError("policy test needs a folder of labelled cases", "", "Try `drifttui policy test DIR`.")
    policy = load_policy(policy_folder(options.policy))
    trials = [
        Trial(file.name, file.expected, classify(file.case, policy))
        for file in labelled(Path(options.folder))
        if file.expected is not None
    ]
    result = score(trials)
    if options.json:
        json.dump(_as_json(result), sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        _show(result)
    return 0 if result.accepted else NOT_ACCEPTED


def _as_json(result: Score) -> dict[str, object]:
    return {
        "schema": TEST,
        "cases": result.cases,
        "accepted": result.accepted,
        "dimensions": {name: tally._asdict() for name, tally in result.tallies.items()},
        "wrong_auto_heal_true": list(result.wrong_heals),
        "misses": [{**miss._asdict(), "accepted": list(miss.accepted)} for miss in result.misses],
        "confusion": {name: dict(row) for name, row in result.confusion.items()},
    }


def _show(result: Score) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from drifttui.core.errors import inert

    from .show import console

    out = console()
    said = sorted({word for row in result.confusion.values() for word in row} | set(result.confusion))
    short = {word: f"{number}" for number, word in enumerate(said, 1)}
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title="expected (rows) and said (columns)", title_justify="left")
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("drift class", no_wrap=True)
    for word in said:
        table.add_column(short[word], justify="right", no_wrap=True)
    for word in said:
        row: Mapping[str, int] = result.confusion.get(word, {})
        table.add_row(short[word], word, *(str(row.get(other, "") or "·") for other in said))
    out.print(table)
    counts = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("", "best", "accepted", "wrong"):
        counts.add_column(column, justify="left" if not column else "right")
    for name, tally in result.tallies.items():
        counts.add_row(name, *(str(number) for number in tally))
    out.print(counts)
    for miss in result.misses:
        words = f"{inert(miss.name, 160)}: {miss.dimension} {miss.said}, accepted {', '.join(miss.accepted)}"
        out.print(Text(words))
    if result.wrong_heals:
        out.print(Text("Would heal by itself and must not:", style="bold red"))
        for name in result.wrong_heals:
            out.print(Text(f"  {inert(name, 160)}"))
    met = "all answers accepted" if result.accepted else f"{len(result.misses)} answers not accepted"
    out.print(Text(f"{result.cases} cases, {met}"))


def _check(options: argparse.Namespace) -> int:
    from drifttui.core.policy import merged
    from drifttui.core.policy_table import Policy
    from drifttui.store.policy_files import default_file, policy_folder, read_folder

    folder = policy_folder(options.folder or options.policy)
    files, problems = read_folder(folder) if folder is not None else ([], [])
    if options.json:
        document = {
            "schema": CHECK,
            "folder": str(folder) if folder is not None else None,
            "valid": not problems,
            "problems": [problem.one_line() for problem in problems],
        }
        json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        for problem in problems:
            print(problem.one_line(), file=sys.stderr)
        if not problems:
            policy = Policy(merged(files, default_file())).source
            counts = (
                f"{len(policy.decisions)} decisions, {len(policy.ownership)} ownership rules, "
                f"{len(policy.budgets)} budgets, {len(policy.units)} units"
            )
            print(f"{folder or 'The default policy'} holds: {counts}.")
    return 1 if problems else 0
