"""Opens a request for a draft: looks first, writes once, and reads again where nobody knows what a write came to."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from drifttui.clients.access import Access
from drifttui.clients.forge import Forge, Place
from drifttui.clients.git_settings import PUBLIC, GitSettings
from drifttui.core.errors import (
    BadAnswer,
    DriftError,
    InputError,
    OutcomeUnknown,
    PreconditionFailed,
    SourceError,
    inert,
)
from drifttui.core.git import host_of, repo_key
from drifttui.core.proposal import Fate, Proposal, Request

if TYPE_CHECKING:
    from drifttui.clients.tracker_settings import TrackerSettings


class Hosts(Protocol):
    """The part of the settings that says what speaks where."""

    @property
    def git(self) -> Sequence[GitSettings]: ...

    @property
    def trackers(self) -> Mapping[Any, TrackerSettings]: ...


class Ahead(NamedTuple):
    """What a look told before anything is written."""

    target: str
    base: str
    """Newest commit of the target."""
    branch: str | None
    """Newest commit of the branch that is to be made; None where there is none, as there should be."""
    request: Request | None


class Outcome(NamedTuple):
    fate: Fate
    url: str = ""
    why: str = ""


def forge_for(
    repo: str, file: Hosts, key: bytes, access: Access, environment: Mapping[str, str] = os.environ
) -> Forge:  # fmt: skip
    """For the address of a repository. Raises `InputError` for a host that nobody described, or that takes no requests
    from here."""
    host, path = host_of(repo_key(repo))
    if not host or not path:
        raise InputError("No host to open a request at", inert(repo, 120) or "no remote", "Give --repo with a URL.")
    kind, place = _place(host, file)
    if kind == "github":
        from drifttui.clients.forge_github import GitHubForge

        return GitHubForge(place, path, key=key, access=access, environment=environment)
    if kind == "gitlab":
        from drifttui.clients.forge_gitlab import GitLabForge

        return GitLabForge(place, path, key=key, access=access, environment=environment)
    hint = "Open it by hand, from the patch and the description."
    if kind:
        raise InputError(f"No requests are opened on {kind}", inert(host, 120), hint)
    raise InputError(f"What speaks at {inert(host, 120)} is not known", "", f"Name it in [[git]] host and kind. {hint}")


def _place(host: str, file: Hosts) -> tuple[str, Place]:
    for one in file.git:
        if one.host and one.name == host:
            return one.speaks, Place(one.server, host, one.token_file, one.token_env, one.ca_file, one.timeout)
    for kind in ("github", "gitlab"):
        held = file.trackers.get(kind)
        server = (held.server if held else "").rstrip("/")
        mine = server.partition("://")[2].lower() == host if server else PUBLIC.get(host) == kind
        if held is not None and mine:
            at = server or f"https://{host}"
            return kind, Place(at, host, held.token_file, held.token_env, held.ca_file, held.timeout)
    return PUBLIC.get(host, ""), Place(f"https://{host}", host)


async def look(forge: Forge, proposal: Proposal) -> Ahead:
    """Raises `SourceError`, and `PreconditionFailed` where the target is not what the draft was made from."""
    target = proposal.target or await forge.default_branch()
    base = await forge.head(target)
    if base is None:
        raise PreconditionFailed(f"There is no branch {inert(target, 80)}", proposal.repo, "Give another --target.")
    ahead = Ahead(target, base, await forge.head(proposal.branch), await forge.existing(proposal.branch))
    if ahead.request is not None:
        return ahead
    if ahead.branch is None:
        wrong = await _differing(forge, base, proposal.before)
        if wrong:
            raise PreconditionFailed(
                f"{inert(wrong, 120)} is not the same in {inert(target, 80)} as in the clone",
                "a draft of another text would undo what others merged",
                "Bring the clone to that branch and draft again. Nothing was written.",
            )
    elif wrong := await _differing(forge, ahead.branch, proposal.files):
        raise PreconditionFailed(
            f"The branch {proposal.branch} is there with other content",
            inert(wrong, 120),
            "It is left as it is: remove it, or open the request by hand. Nothing was written.",
        )
    return ahead


async def open_request(forge: Forge, proposal: Proposal, ahead: Ahead) -> Outcome:
    """Never raises `DriftError`: what became of it is the outcome."""
    if ahead.request is not None:
        return Outcome(Fate.EXISTS, ahead.request.url, f"{ahead.request.state}; nothing was written")
    try:
        if ahead.branch is None:
            await _push(forge, proposal, ahead)
        return Outcome(Fate.OPENED, (await _propose(forge, proposal, ahead)).url)
    except OutcomeUnknown as error:
        return Outcome(Fate.UNKNOWN, why=error.one_line())
    except DriftError as error:
        return Outcome(Fate.REFUSED, why=error.one_line())


async def _push(forge: Forge, proposal: Proposal, ahead: Ahead) -> None:
    try:
        await forge.push(proposal.branch, ahead.base, proposal.files, f"{proposal.title}\n")
    except (OutcomeUnknown, PreconditionFailed, BadAnswer) as error:
        if not await _is_there(forge, proposal):
            raise error


async def _is_there(forge: Forge, proposal: Proposal) -> bool:
    """Whether the branch holds what was to be written. A look that fails tells nothing."""
    try:
        held = await forge.head(proposal.branch)
        return held is not None and not await _differing(forge, held, proposal.files)
    except SourceError:
        return False


async def _propose(forge: Forge, proposal: Proposal, ahead: Ahead) -> Request:
    try:
        return await forge.propose(proposal.branch, ahead.target, proposal.title, proposal.body)
    except (OutcomeUnknown, PreconditionFailed, BadAnswer) as error:
        try:
            found = await forge.existing(proposal.branch)
        except SourceError:
            raise error from None
        if found is None:
            raise error
        return found


async def _differing(forge: Forge, revision: str, texts: Mapping[str, str]) -> str:
    """The first file that is another there; empty where all are the same."""
    for name, text in texts.items():
        if await forge.text(name, revision) != text:
            return name
    return ""
