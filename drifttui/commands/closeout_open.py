"""The part of `closeout` that opens pull or merge requests for drafts: shown, confirmed, journalled, never forced."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from drifttui.clients.access import Access
from drifttui.core.errors import DriftError, InputError, ReadOnly, inert
from drifttui.core.proposal import Fate, Proposal, branch_name, note

if TYPE_CHECKING:
    from drifttui.clients.forge import Forge
    from drifttui.services.drafts import Drafted
    from drifttui.services.proposing import Ahead, Outcome
    from drifttui.store.ledger import Ledger
    from drifttui.store.settings import FileSettings

LONGEST = 60_000
"""Characters of a description; GitHub takes 65,536."""


class Wish(NamedTuple):
    drafted: Drafted
    proposal: Proposal
    ahead: Ahead | None = None
    outcome: Outcome | None = None

    def as_json(self) -> dict[str, Any]:
        outcome = self.outcome
        return {
            "finding": self.drafted.recorded.id,
            "repo": self.proposal.repo,
            "branch": self.proposal.branch,
            "state": outcome.fate.value if outcome else "not opened",
            "url": outcome.url if outcome else "",
            "why": outcome.why if outcome else "",
        }

    @property
    def failed(self) -> bool:
        return self.outcome is None or self.outcome.fate in (Fate.REFUSED, Fate.UNKNOWN)


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
    from drifttui.store.redaction_key import redaction_key

    drafts = [one for one in made if one.draft.files]
    if not drafts:
        return []
    row = drafts[0].recorded.row
    repo = options.repo or next(iter(remotes), "") or (row.repo if row is not None else "")
    forge = forge_for(repo, file, redaction_key(), access)
    with asyncio.Runner() as runner:
        try:
            wishes = [runner.run(_looked(forge, _wish(options, forge, one))) for one in drafts]
            if not options.json:
                _show(forge, wishes)
            ready = [one for one in wishes if one.ahead is not None]
            if not ready or not (options.yes or _confirmed(ready, forge, ask)):
                return wishes
            return [runner.run(_written(options, forge, one, ledger)) if one.ahead else one for one in wishes]
        finally:
            runner.run(forge.close())


def _wish(options: argparse.Namespace, forge: Forge, one: Drafted) -> Wish:
    body = one.body
    if len(body) > LONGEST:
        body = body[: body.rfind("\n", 0, LONGEST)] + "\n\nCut here: the draft on disk is longer.\n"
    branch = branch_name(options.incident, one.recorded.id)
    return Wish(
        one, Proposal(forge.repo, branch, one.title, body, one.draft.files, one.draft.before, options.target)
    )  # fmt: skip


async def _looked(forge: Forge, wish: Wish) -> Wish:
    from drifttui.services.proposing import Outcome, look

    try:
        return wish._replace(ahead=await look(forge, wish.proposal))
    except DriftError as error:
        return wish._replace(outcome=Outcome(Fate.REFUSED, why=error.one_line()))


async def _written(options: argparse.Namespace, forge: Forge, wish: Wish, ledger: Ledger) -> Wish:
    from drifttui.core.ledger import EventKind
    from drifttui.services.proposing import open_request

    assert wish.ahead is not None
    recorded = wish.drafted.recorded

    def journal(fate: Fate, url: str = "", why: str = "") -> None:
        body = note(options.incident, recorded.id, str(recorded.unit), wish.proposal, fate, url=url, why=why)
        ledger.append(EventKind.NOTE, body)

    if wish.ahead.request is None:
        journal(Fate.INTENDED)
    outcome = await open_request(forge, wish.proposal, wish.ahead)
    journal(outcome.fate, outcome.url, outcome.why)
    return wish._replace(outcome=outcome)


def _show(forge: Forge, wishes: Sequence[Wish]) -> None:
    for wish in wishes:
        proposal, ahead = wish.proposal, wish.ahead
        print(f"{forge.request_words} {proposal.title}")
        print(f"    {inert(forge.place.host, 80)} {inert(proposal.repo, 120)}: {proposal.branch}", end="")
        print(f" into {inert(ahead.target, 80)}" if ahead else "")
        print(f"    changes {inert(', '.join(proposal.files), 300)}")
        for line in wish.drafted.draft.problems:
            print(f"    without {inert(line, 300)}")
        if ahead and ahead.request:
            print(f"    it is there already ({ahead.request.state}): {ahead.request.url}")
        elif ahead and ahead.branch:
            print("    the branch is there already, with this content: only the request is opened")
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
