"""Close an incident out: every pause resumed; every finding reverted, codified, accepted with owner and end, or handed
over.

Prints the checklist. With --accept or --hand-over it records the decision first; with --done it records the result in
the ledger, where an export finds it, and refuses while anything blocks.
With --draft it writes what would bring Git up to what runs: a patch and a description per finding that still differs.
With --open it opens a pull or merge request for each patch, after showing it and asking.
Exit code: 0 nothing blocks, 2 something does, 1 on errors, and where a request was not opened.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from drifttui.core.errors import InputError, inert

from . import closeout_drafts, closeout_open
from .options import add_ledger_argument

if TYPE_CHECKING:
    from drifttui.core.closeout import Closeout
    from drifttui.services.drafts import Drafted

BLOCKED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--incident", required=True, metavar="REF", help="the incident, by id or address")
    decide = parser.add_argument_group("decisions about findings that stay")
    decide.add_argument(
        "--accept", action="extend", nargs="+", default=[], metavar="ID", help="needs an owner and an end"
    )
    decide.add_argument("--hand-over", action="extend", nargs="+", default=[], metavar="ID", help="to --owner")
    decide.add_argument("--owner", default="", metavar="NAME", help="who answers for it from now on")
    decide.add_argument("--expires", default="", metavar="TIME", help="until when it is accepted: 30d, or a time")
    decide.add_argument("--note", default="", metavar="TEXT")
    closeout_drafts.add_arguments(parser)
    closeout_open.add_arguments(parser)
    parser.add_argument("--done", action="store_true", help="record the result; refused while anything blocks")
    parser.add_argument("--config", metavar="FILE", help="settings file, for the ledger")
    add_ledger_argument(parser)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def run(options: argparse.Namespace) -> int:
    from drifttui.core.closeout import How
    from drifttui.services.closing import record_done, review, seen_in, settle
    from drifttui.services.evidence import from_sessions
    from drifttui.services.export import scope_of
    from drifttui.services.ledgers import opened_ledger
    from drifttui.store.journal import read_sessions

    if bool(options.accept) and bool(options.hand_over):
        raise InputError("One of --accept and --hand-over", "", "Run it twice.")
    drafting = closeout_drafts.wanted(options)
    now = datetime.now(UTC)
    writes = bool(options.accept or options.hand_over or options.done or options.open)
    with opened_ledger(options, create=writes) as opened:
        ledger = opened.ledger
        sessions = read_sessions()
        scope = scope_of(ledger.acts(), sessions, options.incident)
        material = from_sessions(sessions)
        if options.accept or options.hand_over:
            how = How.ACCEPTED if options.accept else How.HANDED_OVER
            settle(
                ledger,
                options.incident,
                seen_in(material, scope),
                options.accept or options.hand_over,
                how,
                owner=options.owner,
                now=now,
                expires=_expires(options.expires, now),
                note=options.note,
            )
        access = closeout_open.access_of(options, opened.file) if options.open else None
        made: list[Drafted] = []
        remotes: list[str] = []
        if drafting:
            made, remotes = closeout_drafts.drafts(options, material, scope, ledger.acts(), opened.file)
        wishes = closeout_open.opened(options, made, remotes, ledger, opened.file, access) if access else []
        found = review(options.incident, scope, material, list(ledger.events()), ledger.acts(), now)
        if options.done and not found.blocking:
            record_done(ledger, found)
    if options.json:
        more = {"drafts": closeout_drafts.as_json(made)} if drafting else {}
        asked = {"requests": [wish.as_json() for wish in wishes]} if options.open else {}
        print(json.dumps({**found.as_json(), **more, **asked}, indent=2, ensure_ascii=False))
    else:
        _show(found, options.done)
        if drafting:
            closeout_drafts.show(made, options.draft)
        if options.open:
            closeout_open.show(wishes)
    if any(wish.failed for wish in wishes):
        return 1
    return BLOCKED if found.blocking else 0


def _expires(text: str, now: datetime) -> datetime | None:
    from drifttui.core.until import parse_until

    return parse_until(text, now) if text else None


def _show(found: Closeout, done: bool) -> None:
    for item in found.items:
        sign = "-" if item.blocks else "+"
        unit = item.unit.rsplit("/", 1)[-1]
        print(f"{sign} {item.kind:<8} {item.id[:12]:<12} {inert(unit, 60)}  {inert(item.what, 120)}  [{item.state}]")
        if item.undone:
            print(f"    {inert(item.undone, 500)}")
        if item.request:
            print(f"    request {inert(item.request, 300)}")
        if item.blocks:
            print(f"    blocks: {item.blocks}")
    if not found.items:
        print("Nothing was found and nothing paused under this incident.")
    blocking = len(found.blocking)
    if blocking:
        print(f"{blocking} of {len(found.items)} stand in the way." + (" Nothing was recorded." if done else ""))
    else:
        print("Nothing stands in the way." + (" Recorded." if done else " Record it with --done."))
