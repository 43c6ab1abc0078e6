"""Drafts on their way to a Git host: looked at first, then opened one by one, each journalled before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from drifttui.core.errors import DriftError
from drifttui.core.proposal import Fate, Proposal, branch_name, note

from .proposing import Ahead, Outcome, look, open_request

if TYPE_CHECKING:
    from drifttui.clients.forge import Forge
    from drifttui.store.ledger import Ledger

    from .drafts import Drafted

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

    @property
    def there(self) -> str:
        """What of it is there already; empty where nothing is."""
        if self.ahead is not None and self.ahead.request is not None:
            return f"it is there already ({self.ahead.request.state}): {self.ahead.request.url}"
        if self.ahead is not None and self.ahead.branch:
            return "the branch is there already, with this content: only the request is opened"
        return ""


def wish(one: Drafted, incident: str, repo: str, target: str) -> Wish:
    """`repo` as the host names it, `target` empty for its default branch."""
    body = one.body
    if len(body) > LONGEST:
        body = body[: body.rfind("\n", 0, LONGEST)] + "\n\nCut here: the draft on disk is longer.\n"
    branch = branch_name(incident, one.recorded.id)
    return Wish(one, Proposal(repo, branch, one.title, body, one.draft.files, one.draft.before, target))


async def looked(forge: Forge, one: Wish) -> Wish:
    """Writes nothing. What cannot be opened has an outcome and nothing ahead."""
    try:
        return one._replace(ahead=await look(forge, one.proposal))
    except DriftError as error:
        return one._replace(outcome=Outcome(Fate.REFUSED, why=error.one_line()))


async def written(forge: Forge, one: Wish, incident: str, ledger: Ledger) -> Wish:
    """Of a wish with something ahead."""
    from drifttui.core.ledger import EventKind

    assert one.ahead is not None
    recorded = one.drafted.recorded

    def journal(fate: Fate, url: str = "", why: str = "") -> None:
        body = note(incident, recorded.id, str(recorded.unit), one.proposal, fate, url=url, why=why)
        ledger.append(EventKind.NOTE, body)

    if one.ahead.request is None:
        journal(Fate.INTENDED)
    outcome = await open_request(forge, one.proposal, one.ahead)
    journal(outcome.fate, outcome.url, outcome.why)
    return one._replace(outcome=outcome)
