"""What happened, in one order: calls, merges, syncs, drift, pauses, verdicts, and when a source was blind.

Live systems are asked, and what earlier sessions on this machine kept is told with it. Without a system to ask, or with
--recorded, only what was kept is told. Exit codes: 0 told, 3 a source was blind in that time or nothing is known of it,
1 error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .options import add_json_argument, add_session_arguments

if TYPE_CHECKING:
    from drifttui.core.acts import Acts
    from drifttui.core.board import Board
    from drifttui.core.identity import UnitId
    from drifttui.core.timeline import Entry
    from drifttui.services.timeline import Recorded
    from drifttui.store.journal import Session

BLIND = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("unit", nargs="*", metavar="UNIT", help="only these: name, namespace/name or full id")
    parser.add_argument(
        "--since", default="", metavar="TIME", help="3h, 2d or a time in UTC (default: the incident, or 3h)"
    )
    parser.add_argument("--until", default="", metavar="TIME", help="as --since (default: now)")
    parser.add_argument("--recorded", action="store_true", help="ask no live system")
    parser.add_argument(
        "--timeout", type=float, default=30.0, metavar="SECONDS", help="for the whole of it (default 30)"
    )
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from drifttui.core.errors import InputError
    from drifttui.core.timeline import Kind, Window, chosen, document, merged
    from drifttui.services.session import incident_from
    from drifttui.services.timeline import Story, sessions_since, window_of
    from drifttui.store.journal import read_sessions
    from drifttui.store.settings import load_settings

    from .export import moment

    now = datetime.now(UTC)
    since, until = moment(options.since, now), moment(options.until, now)
    incident = incident_from(options, load_settings(options.config))
    acts, unseen = _acts(options)
    window = window_of(acts, incident, now, since)
    window = window._replace(until=until) if until else window
    if window.since > window.until:
        raise InputError("--since lies behind --until", f"{window.since:%Y-%m-%d %H:%MZ}", "Turn them around.")
    sessions = sessions_since(read_sessions(), window.since)
    board = None if options.recorded else _board(options, unseen)
    units = _units(options.unit, board, sessions, incident, acts)
    kept = _kept(sessions, acts, units)
    streams: list[Iterable[Entry]] = [kept.entries]
    if board is not None:
        story = Story()
        story.see(board, now)
        told = story.entries(board)
        streams.append(told if units is None else [e for e in told if e.unit in units or not e.unit])
    known = board is not None or bool(sessions or kept.entries)
    if not known:
        unseen.append("nothing was recorded on this machine, and no live system was asked")
    entries = chosen(merged(*streams), Window(window.since, window.until))
    unseen += kept.unseen
    if options.json:
        json.dump(document(entries, now, window, incident=incident, unseen=unseen), sys.stdout, indent=2)
        print()
    else:
        _show(entries, unseen)
    return BLIND if not known or any(entry.kind is Kind.GAP for entry in entries) else 0


def _acts(options: argparse.Namespace) -> tuple[Acts, list[str]]:
    """What the ledger says; a ledger that cannot be read is said, and the rest is told."""
    from drifttui.core.acts import NOTHING
    from drifttui.core.errors import LedgerError
    from drifttui.services.session import ledger_from
    from drifttui.store.ledger import open_ledger
    from drifttui.store.settings import load_settings

    target = ledger_from(options, load_settings(options.config))
    try:
        ledger = open_ledger(target, clock=lambda: datetime.now(UTC), create=False)
        try:
            return ledger.acts(), []
        finally:
            ledger.close()
    except LedgerError as error:
        return NOTHING, [f"the ledger: {error.one_line()}"]


def _board(options: argparse.Namespace, unseen: list[str]) -> Board | None:
    """None where nothing is configured to be asked."""
    from drifttui.core.board import Depth
    from drifttui.core.errors import InputError
    from drifttui.services.live import live_collector
    from drifttui.services.once import board_when_settled, matching

    def wanted(board: Board) -> Iterable[UnitId]:
        return [unit.id for name in options.unit for unit in matching(board, name)]

    try:
        collector, _ = live_collector(options)
        board = board_when_settled(collector, options.timeout, open_units=wanted)
    except InputError as error:
        if error.title != "Nothing to read":
            raise
        unseen.append("no live system is configured: only what was recorded is told")
        return None
    unread = [
        unit.id.name for unit in board.units.values() if board.look(unit.id).depth in (Depth.READING, Depth.FAILED)
    ]
    if unread:
        more = f" and {len(unread) - 3} more" if len(unread) > 3 else ""
        unseen.append(f"not looked into: {', '.join(unread[:3])}{more}")
    return board


def _units(
    names: Sequence[str], board: Board | None, sessions: Sequence[Session], incident: str, acts: Acts
) -> frozenset[str] | None:
    """Ids of the units that are meant; None for all. Raises `InputError` for a name that nobody knows."""
    from drifttui.core.errors import InputError
    from drifttui.core.scope import incident_scope, link_of
    from drifttui.services.once import matching
    from drifttui.services.timeline import recorded_units

    if not names:
        found = incident_scope(acts, incident).units if incident and link_of(acts, incident) else None
        return found or None
    known = recorded_units(sessions)
    meant: set[str] = set()
    for name in names:
        live = {str(unit.id) for unit in matching(board, name)} if board is not None else set()
        kept = {str(one) for one in known if name in (one.name, f"{one.namespace}/{one.name}", str(one))}
        if not live | kept:
            raise InputError(f"No unit {name}", "neither live nor recorded", "`drifttui scan` lists the units.")
        meant |= live | kept
    return frozenset(meant)


def _kept(sessions: Sequence[Session], acts: Acts, units: frozenset[str] | None) -> Recorded:
    from drifttui.core.scope import Scope
    from drifttui.services.evidence import from_sessions
    from drifttui.services.timeline import recorded

    return recorded(from_sessions(sessions).records, acts, Scope("", units))


def _show(entries: Sequence[Entry], unseen: Sequence[str]) -> None:
    from drifttui.core.errors import inert

    for entry in entries:
        unit = entry.unit.rsplit("/", 1)[-1]
        until = f" until {entry.until:%H:%M:%SZ}" if entry.until else ""
        by = f"  by {inert(entry.actor, 100)}" if entry.actor else ""
        about = inert(" ".join(filter(None, (unit, entry.resource))), 120)
        said = f"{entry.at:%Y-%m-%d %H:%M:%SZ}  {entry.kind.value:<8} {about}  {inert(entry.words, 200)}{by}{until}"
        print(said)
    if not entries:
        print("Nothing is known of this time.")
    for sentence in unseen:
        print(f"not seen: {inert(sentence)}")
