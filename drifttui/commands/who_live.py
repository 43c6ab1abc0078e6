"""`drifttui who UNIT|RESOURCE`: what differs now, and who wrote it."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from drifttui.core.board import Board
from drifttui.core.errors import InputError, inert
from drifttui.core.identity import UnitId
from drifttui.core.join import Answer
from drifttui.services.live import live_collector
from drifttui.services.once import board_when_settled
from drifttui.services.who import found_anyone
from drifttui.services.who_live import Answered, LiveAnswer, live_answer, live_json, pointer_like, units_for

from .show_who import show_answer
from .who import NOBODY, standard_input

MERGES = 4
"""Commits that are shown of one finding."""


def run_live(options: argparse.Namespace, since: datetime | None) -> int:
    if options.address or options.id:
        raise InputError(
            "A unit and a resource are two questions", hint="Give the address itself as the target, or leave it out."
        )
    paths = [pointer_like(path) for path in options.path]

    def wanted(board: Board) -> Iterable[UnitId]:
        try:
            return [unit.id for unit in units_for(board, options.target)]
        except InputError:
            return []

    with _spooled(options):
        collector, _ = live_collector(options)
        board = board_when_settled(collector, options.timeout, open_units=wanted)
    answer = live_answer(board, options.target, paths=paths, since=since)
    if options.json:
        json.dump(live_json(answer), sys.stdout, indent=2)
        print()
    else:
        _show(answer)
    return 0 if any(found_anyone(answered.answer.lines) for answered in answer.findings) else NOBODY


@contextmanager
def _spooled(options: argparse.Namespace) -> Iterator[None]:
    """Standard input as a file of its own for as long as the session lasts: sources search more than once."""
    stream = standard_input(options)
    if stream is None:
        yield
        return
    with tempfile.NamedTemporaryFile(prefix="drifttui-audit-") as file:
        shutil.copyfileobj(stream, file)
        file.flush()
        options.audit = [file.name if place == "-" else place for place in options.audit]
        options.cloudtrail = [file.name if place == "-" else place for place in options.cloudtrail]
        yield


def _show_merges(answered: Answered) -> None:
    found = answered.finding.merges
    if found is None or found.merges is None:
        return
    for touch in found.touches[:MERGES]:
        commit = touch.commit
        at = f" at {commit.time:%Y-%m-%d %H:%M:%SZ}" if commit.time else ""
        fields = ", ".join(touch.paths) if touch.paths is not None else "the unit's files"
        title = f' "{commit.title}"' if commit.title else ""
        said = f"{fields} merged{at}: {commit.sha[:7]} {commit.author}{title} {commit.pull_request}"
        print(f"  {inert(said)}")
        if touch.how:
            print(f"    by the value {inert(touch.how)}; templates were not rendered")
    if not found.touches:
        print("  no merge touches it")
    if found.explains:
        print(f"    may explain the drift: {inert(found.explains)}")


def _show(answer: LiveAnswer) -> None:
    for answered in answer.findings:
        print(inert(f"{answered.unit.id.name} · {answered.finding.ref}"))
        known = answered.answer
        show_answer(Answer(known.lines, (), known.set_aside), "  ")
        _show_merges(answered)
    for unit, revision in answer.revisions:
        by = f" by {revision.author}" if revision.author else ""
        started = f", synced by {revision.initiated_by}" if revision.initiated_by else ""
        print(
            inert(f"{unit.id.name} declares revision {revision.revision[:12]}{by}{started} {revision.message}".rstrip())
        )
    for sentence in answer.unseen:
        print(f"not seen: {inert(sentence)}")
