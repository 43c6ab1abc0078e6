"""The part of `closeout` that drafts what brings Git, or a state file, up to reality."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drifttui.core.errors import InputError, inert

if TYPE_CHECKING:
    from drifttui.core.acts import Acts
    from drifttui.core.scope import Scope
    from drifttui.services.drafts import Drafted
    from drifttui.services.evidence import Material
    from drifttui.store.settings import FileSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("drafts of what brings Git up to what runs")
    group.add_argument("--draft", metavar="DIR", help="write a patch and a description per open finding into DIR")
    group.add_argument("--clone", metavar="PATH", help="clone of the repository; only read")
    group.add_argument(
        "--finding", action="extend", nargs="+", default=[], metavar="ID", help="only these (default: all open ones)"
    )
    group.add_argument("--bundle", default="", metavar="NAME", help="bundle that the descriptions name as evidence")


def wanted(options: argparse.Namespace) -> bool:
    """Raises `InputError` for flags that do not go together."""
    if options.draft and not options.clone:
        raise InputError("No clone to draft in", "", "Give --clone: the folder of the repository.")
    if (options.clone or options.finding or options.bundle) and not options.draft:
        raise InputError(
            "--clone, --finding and --bundle go with --draft", "", "Give --draft: a folder for the drafts."
        )
    return bool(options.draft)


def drafts(
    options: argparse.Namespace, material: Material, scope: Scope, acts: Acts, file: FileSettings
) -> tuple[list[Drafted], list[str]]:  # fmt: skip
    """Of the open findings that were asked for, written into the folder; and the addresses of the clone's remotes."""
    from drifttui.services.drafts import chosen, drafted, open_findings, remotes_of, write
    from drifttui.services.redacting import LastPass, team_rules
    from drifttui.store.policy_files import policy_folder
    from drifttui.store.redaction_key import redaction_key

    found = chosen(open_findings(material, scope), options.finding)
    clone = Path(options.clone)
    remotes = asyncio.run(remotes_of(clone))
    last = LastPass(redaction_key(), team_rules(policy_folder(file.policy)))
    made = [drafted(one, clone, remotes, options.incident, acts, last, options.bundle, file.stack) for one in found]
    for one in made:
        write(Path(options.draft), one)
    return made, remotes


def as_json(made: Sequence[Drafted]) -> list[dict[str, Any]]:
    return [
        {
            "finding": one.recorded.id,
            "unit": str(one.recorded.unit),
            "title": one.title,
            "patch": bool(one.draft.diff),
            "files": sorted(one.draft.files),
            "done": list(one.draft.done),
            "commands": list(one.state.commands) if one.state else [],
            "problems": [*one.draft.problems, *(one.state.problems if one.state else ())],
        }
        for one in made
    ]


def show(made: Sequence[Drafted], folder: str) -> None:
    for one in made:
        kind = "patch and description" if one.draft.diff else "description"
        print(f"drafted {inert(one.recorded.id, 40)}: {kind} in {inert(folder, 200)}")
        for line in one.said:
            print(f"    {inert(line, 400)}")
    if not made:
        print("Nothing differs any more: nothing was drafted.")
