"""Who, for what differs right now: what a session's audit sources and the objects themselves told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from drifttui.core.attributed import Attributed
from drifttui.core.board import Board, Look
from drifttui.core.errors import InputError
from drifttui.core.finding import Finding
from drifttui.core.identity import ResourceRef
from drifttui.core.inspection import Revision
from drifttui.core.pointers import parse
from drifttui.core.resource_question import ResourceQuestion, parse_resource
from drifttui.core.unit import Unit

from .answers import WHO, line_json, merges, moment
from .once import find_unit


class Answered(NamedTuple):
    unit: Unit
    finding: Finding
    answer: Attributed


class LiveAnswer(NamedTuple):
    findings: tuple[Answered, ...]
    revisions: tuple[tuple[Unit, Revision], ...]
    """The newest deployed revision of each unit, with its author."""
    unseen: tuple[str, ...]


def units_for(board: Board, target: str) -> list[Unit]:
    """The unit that `target` names, or the units whose engine or findings name it as a resource.

    Raises `InputError` where nothing does.
    """
    try:
        return [find_unit(board, target)]
    except InputError as unknown:
        question = _resource(target)
        found = [unit for unit in board.units.values() if _holds(unit, board.look(unit.id), target, question)]
        if not found:
            raise unknown
        return found


def _resource(target: str) -> ResourceQuestion | None:
    try:
        return parse_resource(target)
    except InputError:
        return None


def _holds(unit: Unit, look: Look, target: str, question: ResourceQuestion | None) -> bool:
    refs = [*unit.out_of_sync, *(finding.ref for finding in look.findings)]
    return any(_is(ref, target, question) for ref in refs)


def _is(ref: ResourceRef, target: str, question: ResourceQuestion | None) -> bool:
    """What has an address is named by it alone."""
    if ref.address or question is None:
        return bool(ref.address) and ref.address == target
    return (
        question.name == ref.name
        and ref.kind.lower() in question.plurals
        and question.group in (None, ref.group)
        and question.namespace in (None, ref.namespace)
    )


def live_answer(board: Board, target: str, *, paths: Sequence[str] = (), since: datetime | None = None) -> LiveAnswer:
    """What the session found out about every finding of what `target` names. Raises `InputError` for an unknown one."""
    units = units_for(board, target)
    named = {name for unit in units for name in (unit.id.name, str(unit.id), f"{unit.id.namespace}/{unit.id.name}")}
    whole, question = target in named, _resource(target)
    answers = tuple(
        Answered(unit, finding, _about(finding, paths, since))
        for unit in units
        for finding in board.look(unit.id).findings
        if whole or _is(finding.ref, target, question)
    )
    return LiveAnswer(answers, _revisions(board, units), tuple(_blind(board, units, answers)))


def _about(finding: Finding, paths: Sequence[str], since: datetime | None) -> Attributed:
    known = finding.who or Attributed(unseen=("nobody has asked yet",))
    wanted = [line for line in known.lines if not paths or line.path in paths]
    lines = [line for line in wanted if since is None or line.time is None or line.time >= since]
    unseen = list(known.unseen)
    if paths and not wanted:
        unseen.append("the finding has no such field, or nobody wrote it as far as was seen")
    if len(lines) < len(wanted):
        unseen.append(f"{len(wanted) - len(lines)} earlier writes are left out by --since {since:%Y-%m-%d %H:%M:%SZ}")
    if known.pending:
        unseen.append("the audit sources had not answered yet: the event may still arrive")
    return known._replace(lines=tuple(lines), unseen=tuple(unseen))


def _revisions(board: Board, units: Sequence[Unit]) -> tuple[tuple[Unit, Revision], ...]:
    found = []
    for unit in units:
        inspection = board.look(unit.id).inspection
        if inspection is not None and inspection.revisions:
            found.append((unit, inspection.revisions[0]))
    return tuple(found)


def _blind(board: Board, units: Sequence[Unit], answers: Sequence[Answered]) -> list[str]:
    found = []
    for unit in units:
        look = board.look(unit.id)
        if look.error:
            found.append(f"{unit.id.name}: {look.error}")
        found.extend(f"{unit.id.name}: {gap}" for gap in (look.inspection.gaps if look.inspection else ()))
        if not look.findings and not look.error:
            found.append(f"{unit.id.name}: nothing differs, as far as could be read")
    found.extend(sentence for answered in answers for sentence in answered.answer.unseen)
    told = [answered.finding.merges for answered in answers if answered.finding.merges is not None]
    found.extend(f"merges: {sentence}" for each in told for sentence in each.unseen)
    return list(dict.fromkeys(found))


def live_json(answer: LiveAnswer) -> dict[str, Any]:
    found = [(answered, line) for answered in answer.findings for line in answered.answer.lines]
    found.sort(key=lambda pair: (not pair[1].actor.name, -pair[1].confidence))
    lines = [line_json(line, unit=str(each.unit.id), resource=str(each.finding.ref)) for each, line in found]
    aside = [sentence for answered in answer.findings for sentence in answered.answer.set_aside]
    revisions = [
        {
            "unit": str(unit.id),
            "revision": revision.revision,
            "author": revision.author or None,
            "deployed_at": moment(revision.deployed_at),
            "initiated_by": revision.initiated_by or None,
            "message": revision.message or None,
        }
        for unit, revision in answer.revisions
    ]
    return {
        "schema": WHO,
        "lines": lines,
        "unseen": list(answer.unseen),
        "set_aside": aside,
        "revisions": revisions,
        "merges": [merge for answered in answer.findings for merge in _merges(answered)],
    }


def _merges(answered: Answered) -> Iterator[dict[str, Any]]:
    found = answered.finding.merges
    for body in merges(found)["commits"] or () if found is not None else ():
        about = {"unit": str(answered.unit.id), "resource": str(answered.finding.ref)}
        yield {**about, **body, "explains": found.explains if found else ""}


def pointer_like(path: str) -> str:
    """The path again, once it is known to be a JSON Pointer. Raises `InputError`."""
    try:
        parse(path)
    except ValueError as problem:
        raise InputError(f"--path {path}", str(problem)) from problem
    return path
