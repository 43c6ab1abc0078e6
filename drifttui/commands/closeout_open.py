"""The part of `closeout` that opens pull or merge requests for drafts: shown, confirmed, journalled, never forced."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from drifttui.clients.access import Access
from drifttui.core.errors import InputError, ReadOnly, inert

if TYPE_CHECKING:
    from drifttui.clients.forge import Forge
    from drifttui.services.drafts import Drafted
    from drifttui.services.requesting import Wish
    from drifttui.store.ledger import Ledger
    from drifttui.store.settings import FileSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("requests on GitHub or GitLab")
    group.add_argument("--open", action="store_true", help="open a pull or merge request per draft; asks first")
    group.add_argument("--repo", default="", metavar="URL", help="where (default: the clone's origin)")
    group.add_argument("--target", default="", metavar="BRANCH", help="merge into it (default: the default branch)")
    group.add_argument("--yes", action="store_true", help="do not ask")
    group.add_argument(
        "--read-only", nargs="?", const="yes", default=None, choices=("yes", "strict"), help="refuse --open"
    )


def access_of(options: argparse.Namespace, file: FileSettings) -> Access:
    """Raises `ReadOnly` and `InputError` before anything is read."""
    if not options.draft:
        raise InputError("--open needs a draft", "", "Give --draft and --clone.")
    access = {"no": Access.FULL, "yes": Access.READ_ONLY, "strict": Access.STRICT}[options.read_only or file.read_only]
    if access is not Access.FULL:
        raise ReadOnly("Refused by --read-only", "--open writes to a Git host", "Without --open the draft is made.")
    if not options.yes and (options.json or not sys.stdin.isatty()):
        raise InputError("Nobody is there to confirm", "stdin is no terminal, or --json", "Add --yes.")
    return access


def opened(
    options: argparse.Namespace, made: Sequence[Drafted], remotes: Sequence[str], ledger: Ledger, file: FileSettings,
    access: Access, *, ask: Callable[[str], str] = input,
) -> list[Wish]:  # fmt: skip
    """What became of each draft that changes a file. Raises `InputError` for a host that cannot be used."""
    from drifttui.services.proposing import forge_for
    from drifttui.services.requesting import looked, wish, written
    from drifttui.store.redaction_key import redaction_key

    drafts = [one for one in made if one.draft.files]
    if not drafts:
        return []
    row = drafts[0].recorded.row
    repo = options.repo or next(iter(remotes), "") or (row.repo if row is not None else "")
    forge = forge_for(repo, file, redaction_key(), access)
    with asyncio.Runner() as runner:
        try:
            wanted = [wish(one, options.incident, forge.repo, options.target) for one in drafts]
            wishes = [runner.run(looked(forge, one)) for one in wanted]
            if not options.json:
                _show(forge, wishes)
            ready = [one for one in wishes if one.ahead is not None]
            if not ready or not (options.yes or _confirmed(ready, forge, ask)):
                return wishes
            return [runner.run(written(forge, one, options.incident, ledger)) if one.ahead else one for one in wishes]
        finally:
            runner.run(forge.close())


def _show(forge: Forge, wishes: Sequence[Wish]) -> None:
    for wish in wishes:
        proposal, ahead = wish.proposal, wish.ahead
        print(f"{forge.request_words} {proposal.title}")
        print(f"    {inert(forge.place.host, 80)} {inert(proposal.repo, 120)}: {proposal.branch}", end="")
        print(f" into {inert(ahead.target, 80)}" if ahead else "")
        print(f"    changes {inert(', '.join(proposal.files), 300)}")
        for line in wish.drafted.draft.problems:
            print(f"    without {inert(line, 300)}")
        if wish.there:
            print(f"    {wish.there}")
        elif wish.outcome:
            print(f"    cannot be opened: {wish.outcome.why}")


def _confirmed(ready: Sequence[Wish], forge: Forge, ask: Callable[[str], str]) -> bool:
    count = sum(one.ahead is not None and one.ahead.request is None for one in ready)
    if not count:
        return True
    words = f"{count} {forge.request_words}{'' if count == 1 else 's'}"
    try:
        return ask(f"Open {words} at {inert(forge.place.host, 80)}? Type yes to go on: ").strip().lower() == "yes"
    except (EOFError, KeyboardInterrupt):
        return False


def show(wishes: Sequence[Wish]) -> None:
    for wish in wishes:
        outcome = wish.outcome
        words = f"{outcome.fate.value} {outcome.url} {outcome.why}" if outcome else "not opened: not confirmed"
        print(f"request for {inert(wish.drafted.recorded.id, 40)}: {inert(words, 500)}")
    if not wishes:
        print("No draft changes a file: no request was opened.")
