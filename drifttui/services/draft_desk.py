"""Drafts for the screen: made, written to files, and opened as requests. What was drafted last is what is written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from drifttui.core.draft_asks import Ahead, Drafts, DraftShown, Opened, RequestShown
from drifttui.core.errors import InputError, ReadOnly, inert
from drifttui.core.git import repo_key
from drifttui.core.proposal import branch_name, requested

from .drafts import Drafted, drafted, open_findings, remotes_of, write
from .proposing import forge_for
from .requesting import Wish, looked, wish, written

if TYPE_CHECKING:
    from drifttui.clients.forge import Forge
    from drifttui.core.acts import Acts
    from drifttui.core.ledger import Event
    from drifttui.core.scope import Scope
    from drifttui.store.ledger import Ledger

    from .evidence import Material
    from .redacting import LastPass
    from .session import Settings


class Clone(NamedTuple):
    folder: Path
    remotes: tuple[str, ...]
    """Its addresses, `origin` first."""


class Made(NamedTuple):
    drafted: Drafted
    clone: Clone | None


class DraftDesk:
    """Of one session, in one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, Made] = {}
        self._repo = ""
        self._wishes: list[Wish] = []

    def drafts(
        self, incident: str, named: str, material: Material, scope: Scope, acts: Acts, events: Sequence[Event]
    ) -> Drafts:  # fmt: skip
        """Patches first. `named` is a clone, else those of the settings are looked through. Raises `InputError` for one
        that is none. Nothing is written."""
        from drifttui.store.policy_files import policy_folder

        from .redacting import LastPass, team_rules

        self._made, self._wishes = {}, []
        clones, lacks = self._clones(named)
        last = LastPass(self._settings.redaction_key, team_rules(policy_folder(self._settings.policy)))
        asked = requested(events, incident)
        shown = []
        for recorded in open_findings(material, scope).values():
            clone = _fitting(clones, recorded.row.repo if recorded.row is not None else "", bool(named))
            folder, remotes = clone if clone is not None else (None, ())
            one = drafted(recorded, folder, remotes, incident, acts, last, stacks=self._settings.stacks)
            self._made[recorded.id] = Made(one, clone)
            shown.append(_shown(self._made[recorded.id], incident, asked.get(recorded.id, ""), last))
        shown.sort(key=lambda draft: (not draft.diff, not draft.commands))
        return Drafts(tuple(shown), named, tuple(lacks))

    def write(self, findings: Sequence[str], folder: str) -> str:
        """Says what was written. Raises `InputError`."""
        target = Path(folder).expanduser()
        names = [name for made in self._chosen(findings) for name in write(target, made.drafted)]
        return f"{len(names)} files in {inert(str(target), 200)}: {inert(', '.join(names), 300)}"

    def ahead(self, incident: str, findings: Sequence[str], repo: str, target: str) -> Ahead:
        """What opening these would do. Raises `InputError`, `ReadOnly`."""
        self._refuse()
        chosen = [made for made in self._chosen(findings) if made.drafted.draft.files]
        if not chosen:
            raise InputError("No draft changes a file", "", "There is nothing to open a request for.")
        self._repo = self._address(chosen, repo)
        forge = self._forge()
        wishes = [wish(made.drafted, incident, forge.repo, target) for made in chosen]
        self._wishes = asyncio.run(_looked(forge, wishes))
        return Ahead(tuple(map(_request, self._wishes)), forge.request_words, forge.place.host, forge.repo)

    def open(self, incident: str, ledger: Ledger) -> tuple[Opened, ...]:
        """Opens what the last `ahead` showed and found possible."""
        self._refuse()
        forge, wishes = self._forge(), [one for one in self._wishes if one.ahead is not None]
        self._wishes = []
        return asyncio.run(_opened(forge, wishes, incident, ledger))

    def _refuse(self) -> None:
        if self._settings.read_only:
            raise ReadOnly("Refused by --read-only", "a request writes to a Git host", "Nothing was sent.")

    def _chosen(self, findings: Sequence[str]) -> list[Made]:
        gone = [key for key in findings if key not in self._made]
        if gone:
            raise InputError(f"{inert(gone[0], 40)} is not drafted", "", "Draft again.")
        return [self._made[key] for key in findings]

    def _address(self, chosen: Sequence[Made], repo: str) -> str:
        found = {key: address for made in chosen if (address := _origin(made)) and (key := repo_key(address))}
        if repo:
            bare = "://" not in repo and "@" not in repo.partition("/")[0]
            return found.get(repo) or (f"https://{repo}" if bare else repo)
        if len(found) > 1:
            names = ", ".join(sorted(found))
            raise InputError("These drafts are for several repositories", inert(names, 200), "Open one's at a time.")
        return next(iter(found.values()), "")

    def _forge(self) -> Forge:
        return forge_for(self._repo, self._settings, self._settings.redaction_key, self._settings.access)

    def _clones(self, named: str) -> tuple[list[Clone], list[str]]:
        if named:
            folder = Path(named).expanduser()
            return [Clone(folder, tuple(asyncio.run(remotes_of(folder))))], []
        found, lacks = [], []
        for entry in self._settings.git:
            if entry.clone is None:
                continue
            folder = entry.clone.expanduser()
            try:
                remotes = asyncio.run(remotes_of(folder))
            except InputError as error:
                lacks.append(error.one_line())
            else:
                found.append(Clone(folder, (*remotes, *([entry.repo] if entry.repo else []))))
        return found, lacks


def _fitting(clones: Sequence[Clone], repo: str, named: bool) -> Clone | None:
    """A clone that was named stands for itself: what does not fit it says so."""
    if named:
        return clones[0]
    wanted = repo_key(repo)
    return next((one for one in clones if wanted and wanted in map(repo_key, one.remotes)), None)


def _origin(made: Made) -> str:
    row = made.drafted.recorded.row
    if made.clone is not None and made.clone.remotes:
        return made.clone.remotes[0]
    return row.repo if row is not None else ""


def _shown(made: Made, incident: str, request: str, last: LastPass) -> DraftShown:
    one, key = made.drafted, made.drafted.recorded.id
    before = len(last.withheld)
    diff = last.text(f"{key}.patch", one.draft.diff)
    state = one.state
    return DraftShown(
        finding=key,
        unit=str(one.recorded.unit),
        title=one.title,
        body=one.body,
        diff=diff,
        withheld=len(last.withheld) - before,
        files=tuple(one.draft.files),
        done=one.draft.done,
        problems=(*one.draft.problems, *(state.problems if state else ())),
        commands=state.commands if state else (),
        preconditions=state.preconditions if state else (),
        block=state.block if state else (),
        clone=str(made.clone.folder) if made.clone is not None else "",
        repo=repo_key(_origin(made)) if one.draft.files else "",
        branch=branch_name(incident, key) if one.draft.files else "",
        request=request,
    )


def _request(one: Wish) -> RequestShown:
    proposal, ahead, outcome = one.proposal, one.ahead, one.outcome
    return RequestShown(
        finding=one.drafted.recorded.id,
        title=proposal.title,
        branch=proposal.branch,
        target=ahead.target if ahead is not None else proposal.target,
        files=tuple(proposal.files),
        without=one.drafted.draft.problems,
        there=one.there,
        problem=outcome.why if outcome is not None else "",
    )


async def _looked(forge: Forge, wishes: Sequence[Wish]) -> list[Wish]:
    try:
        return [await looked(forge, one) for one in wishes]
    finally:
        await forge.close()


async def _opened(forge: Forge, wishes: Sequence[Wish], incident: str, ledger: Ledger) -> tuple[Opened, ...]:
    try:
        done = [await written(forge, one, incident, ledger) for one in wishes]
    finally:
        await forge.close()
    return tuple(Opened(one.drafted.recorded.id, *one.outcome) for one in done if one.outcome is not None)
