"""Drafts for the findings of an incident that still differ, from what its sessions recorded and a clone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from drifttui.core.acts import Acts
from drifttui.core.audit import moment
from drifttui.core.draft_body import Told, body, title
from drifttui.core.draft_state import Stack, StateDraft, as_markdown, id_in, is_stack, state_draft
from drifttui.core.errors import InputError, SourceError, inert
from drifttui.core.finding import Change, Finding
from drifttui.core.git import repo_key
from drifttui.core.identity import Engine, ResourceRef, UnitId
from drifttui.core.inspection import Inspection
from drifttui.core.planes import ABSENT, UNKNOWN, ThreePlanes
from drifttui.core.pointers import parse
from drifttui.core.scope import Scope
from drifttui.core.unit import Unit

from .drafting import Draft, draft
from .evidence import Material
from .redacting import LastPass

if TYPE_CHECKING:
    from drifttui.clients.tofu_settings import StackSettings


class Recorded(NamedTuple):
    """One finding as the record last saw it. `body` is as `--json` prints it."""

    unit: UnitId
    body: Mapping[str, Any]
    row: Unit | None
    inspection: Inspection | None

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def ref(self) -> ResourceRef:
        held = self.body.get("resource") or {}
        names = ("cluster", "group", "kind", "namespace", "name", "address")
        return ResourceRef(*(str(held.get(name) or "") for name in names))

    @property
    def planes(self) -> ThreePlanes | None:
        held = self.inspection.resources if self.inspection is not None else ()
        ref = self.ref
        return next((one for one in held if one.ref == ref), None) or next(
            (one for one in held if one.ref[1:] == ref[1:]), None
        )


class Drafted(NamedTuple):
    """What was drafted for one finding."""

    recorded: Recorded
    title: str
    body: str
    draft: Draft
    state: StateDraft | None = None

    @property
    def said(self) -> tuple[str, ...]:
        """What was done and what could not, a line each."""
        done = [*self.draft.done, *(self.state.commands if self.state else ())]
        not_done = [*self.draft.problems, *(self.state.problems if self.state else ())]
        return (*done, *(f"not drafted: {one}" for one in not_done))


def open_findings(material: Material, scope: Scope) -> dict[str, Recorded]:
    """Those that differed when their unit was read last; a look that failed ends none."""
    rows: dict[str, Unit] = {}
    seen: dict[str, Inspection] = {}
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for at, record in material.records(lambda _: None):
        if not scope.has_time(at):
            continue
        if record.batch is not None:
            rows |= {str(unit.id): unit for unit in record.batch.units if scope.has_unit(str(unit.id))}
            if record.batch.inspection is not None and scope.has_unit(str(record.batch.inspection.unit)):
                seen[str(record.batch.inspection.unit)] = record.batch.inspection
        elif record.look is not None and record.look.get("looked") == "read":
            unit = str(record.look.get("unit"))
            if scope.has_unit(unit):
                found[unit] = {str(one["id"]): one for one in record.look.get("findings") or ()}
    return {
        key: Recorded(UnitId.parse(unit), held, rows.get(unit), seen.get(unit))
        for unit, findings in sorted(found.items())
        for key, held in findings.items()
    }


def chosen(found: Mapping[str, Recorded], names: Sequence[str]) -> list[Recorded]:
    """All, or those whose ids begin so. Raises `InputError` for a name that fits none, or several."""
    if not names:
        return list(found.values())
    picked = []
    for name in names:
        fits = [key for key in found if key == name] or [key for key in found if key.startswith(name)]
        if len(fits) != 1:
            why = "no open finding of this incident" if not fits else "more than one begins so"
            raise InputError(f"{inert(name, 40)}: {why}", "", "`drifttui closeout --incident …` lists them.")
        picked.append(found[fits[0]])
    return list({one.id: one for one in picked}.values())


def finding_of(recorded: Recorded) -> Finding:
    """The part of a finding that a draft is made of."""
    body = recorded.body
    first = moment(body.get("first_seen")) or moment(body.get("last_seen"))
    assert first is not None, "a recorded finding says when it was seen"
    last = moment(body.get("last_seen")) or first
    return Finding(recorded.id, recorded.unit, recorded.ref, tuple(_changes(body)), (), {}, first, last)


def _changes(body: Mapping[str, Any]) -> Iterator[Change]:
    for one in body.get("changes") or ():
        path = str(one.get("path") or "")
        desired, known, actual = (_value(one, plane) for plane in ("desired", "recorded", "actual"))
        yield Change(path, path, desired, known, actual, sensitive=bool(one.get("sensitive")))


def _value(change: Mapping[str, Any], plane: str) -> Any:
    if plane not in change:
        return UNKNOWN
    return ABSENT if change[plane] == {"absent": True} else change[plane]


def drafted(
    recorded: Recorded,
    clone: Path | None,
    remotes: Iterable[str],
    incident: str,
    acts: Acts,
    last: LastPass,
    bundle: str = "",
    stacks: Sequence[StackSettings] = (),
) -> Drafted:
    """`remotes` are the addresses of the repository that the clone is of; without a clone only state is drafted. What
    `last` takes for a secret is neither drafted nor described."""
    state = None
    row = recorded.row
    if is_stack(recorded.unit.engine):
        made = Draft(recorded.id, "", {}, (), ())
        state = _state(recorded, stacks)
    else:
        made = _of_git(recorded, clone, list(remotes), last)
    unit = str(recorded.unit)
    told = Told(
        incident,
        unit,
        recorded.body,
        operator=acts.verdicts.get(recorded.id),
        links=acts.links_of(unit, recorded.id),
        pause=acts.pause_of(unit),
        auto=row.auto.value if row is not None else "",
        done=made.done,
        problems=made.problems,
        head=acts.head,
        bundle=bundle,
    )
    words = last.text(f"{recorded.id}.md", body(told, as_markdown(state) if state else ()))
    return Drafted(recorded, title(told), words, made, state)


def _of_git(recorded: Recorded, clone: Path | None, remotes: list[str], last: LastPass) -> Draft:
    def no(why: str) -> Draft:
        return Draft(recorded.id, "", {}, (), (why,))

    if recorded.unit.engine == Engine.FLUX_HELMRELEASE:
        return no("its values stand in the HelmRelease, which the record does not hold: set them there by hand")
    row, planes = recorded.row, recorded.planes
    if row is None or not (row.repo or row.path):
        return no("the record does not say where in Git its unit is declared")
    if clone is None:
        return no(f"no clone of {inert(row.repo, 120) or 'its repository'} is known: name one")
    wanted = repo_key(row.repo)
    if wanted and remotes and wanted not in map(repo_key, remotes):
        return no(f"its unit is declared in {inert(row.repo, 120)}, which this clone is not of")
    if planes is None:
        return no("what runs is not in the record any more")
    keys = recorded.inspection.list_keys if recorded.inspection is not None else None

    def looks_secret(change: Change) -> bool:
        value = change.actual
        for token in reversed(parse(change.path)):
            value = {token: value}
        text = "" if change.actual is ABSENT else json.dumps(value, ensure_ascii=False)
        return last.text(f"{recorded.id}.patch", text) != text

    try:
        return draft(finding_of(recorded), planes, clone, row.path.strip("/"), keys, looks_secret)
    except InputError as error:
        return no(error.one_line())


def _state(recorded: Recorded, stacks: Sequence[StackSettings]) -> StateDraft:
    planes = recorded.planes
    actual = planes.actual.document if planes is not None and planes.actual is not None else None
    verdict = recorded.body.get("verdict") or {}
    return state_draft(
        recorded.unit.engine,
        str(verdict.get("action") or ""),
        recorded.ref.address,
        finding=recorded.id,
        ident=id_in(actual),
        stack=_stack(recorded, stacks),
    )


def _stack(recorded: Recorded, stacks: Sequence[StackSettings]) -> Stack:
    """As the settings describe it: by the place that its row names."""
    place = recorded.row.path if recorded.row is not None else ""
    for one in stacks:
        if one.dir and place in (one.dir, one.place):
            return Stack(str(Path(one.dir).expanduser()), one.workspace, tuple(one.var_file))
    return Stack(place=place)


async def remotes_of(clone: Path) -> list[str]:
    """Addresses of the clone's remotes; none where it has none. Raises `InputError` for a folder that is no clone."""
    from drifttui.clients.git import GitClone

    git = GitClone(clone)
    try:
        await git.run("rev-parse", "--git-dir")
        told = await git.run("config", "--get-regexp", r"^remote\..*\.url$", fails=False)
    except SourceError as error:
        raise InputError(error.title, error.detail, "Give --clone: the folder of the repository.") from None
    lines = told.decode(errors="replace").splitlines()
    # `origin` first: that is where requests are opened.
    return [line.partition(" ")[2] for line in sorted(lines, key=lambda line: not line.startswith("remote.origin."))]


def write(folder: Path, made: Drafted) -> list[str]:
    """`<finding>.patch` where there is one, and `<finding>.md`. Gives their names. Raises `InputError`."""
    names = []
    stem = "".join(c if c.isalnum() or c in "-_" else "_" for c in made.recorded.id)[:80]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        patch = folder / f"{stem}.patch"
        patch.unlink(missing_ok=True)  # Of an earlier draft.
        if made.draft.diff:
            patch.write_bytes(made.draft.diff.encode())
            names.append(patch.name)
        page = folder / f"{stem}.md"
        page.write_bytes(f"# {made.title}\n\n{made.body}".encode("utf-8", "replace"))
    except OSError as error:
        raise InputError(f"Cannot write to {folder}", error.strerror or str(error), "Give another folder.") from None
    return [*names, page.name]
