"""The record of what operators decided and did: where it is, what it says, and whether anybody changed it.

ledger verify  check the chain of hashes; exits 0 when it is intact, 3 when an event was altered, removed, doubled or
               moved (with its number and what is wrong), 1 when it cannot be read. --head compares with a head that
               was written down elsewhere, which also finds a chain that was built anew.
ledger log     what was done, newest first; with --json the whole events, oldest first.
ledger where   the file or the database, and its head.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import TYPE_CHECKING, Any

from .options import add_json_argument, add_ledger_argument

if TYPE_CHECKING:
    from drifttui.core.ledger import Head
    from drifttui.store.ledger import Ledger

VERIFY = "drifttui.ledger-verify/1"
LOG = "drifttui.ledger-log/1"
WHERE = "drifttui.ledger-where/1"
ALTERED = 3
LINES = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("verify", "log", "where"), help="what to do")
    parser.add_argument(
        "--head", action="append", default=[], metavar="SEQ:HASH", help="verify: this event must be in it; repeatable"
    )
    parser.add_argument(
        "--unit", default="", metavar="UNIT", help="log: only what concerns this unit (name or full id)"
    )
    parser.add_argument("--limit", type=int, default=LINES, metavar="N", help=f"log: the newest N ({LINES}; 0 is all)")
    parser.add_argument("--config", metavar="FILE", help="settings file")
    add_ledger_argument(parser)
    add_json_argument(parser)


def run(options: argparse.Namespace) -> int:
    from drifttui.services.session import ledger_from, utc_now
    from drifttui.store.ledger import open_ledger
    from drifttui.store.settings import load_settings

    heads = [_head(text) for text in options.head]
    ledger = open_ledger(ledger_from(options, load_settings(options.config)), clock=utc_now, create=False)
    try:
        if options.what == "verify":
            return _verify(ledger, heads, as_json=options.json)
        if options.what == "log":
            return _log(ledger, options)
        return _where(ledger, as_json=options.json)
    finally:
        ledger.close()


def _head(text: str) -> Head:
    from drifttui.core.errors import InputError
    from drifttui.core.ledger import Head

    found = re.fullmatch(r"(\d{1,12}):([0-9a-f]{64})", text.strip())
    if found is None:
        raise InputError("--head is no head", text, "It looks like 42:9f86d0…, as `drifttui ledger where` prints it.")
    return Head(int(found[1]), found[2])


def _verify(ledger: Ledger, heads: list[Head], *, as_json: bool) -> int:
    found = ledger.verify(heads)
    if as_json:
        _print(
            {
                "schema": VERIFY,
                "where": ledger.where,
                "intact": found.intact,
                "events": found.events,
                "head": found.head._asdict(),
                "problem_count": found.found,
                "problems": [problem._asdict() for problem in found.problems],
            }
        )
    elif found.intact:
        print(f"Intact: {found.events} events, head {found.head.seq}:{found.head.hash}")
    else:
        for problem in found.problems:
            print(problem.words)
        more = found.found - len(found.problems)
        print(f"Altered: {found.found} problems" + (f", the first {len(found.problems)} of them above" if more else ""))
    return 0 if found.intact else ALTERED


def _log(ledger: Ledger, options: argparse.Namespace) -> int:
    from drifttui.core.errors import InputError, inert

    if options.limit < 0:
        raise InputError("--limit is less than nothing", str(options.limit), "0 is all.")
    if options.json:
        return _log_json(ledger, options)
    acts = ledger.acts()
    lines = [line for line in acts.history if not options.unit or _is(line.unit, options.unit)]
    shown = lines[: options.limit or None]
    for line in shown:
        unit = f"{inert(line.unit.rpartition('/')[2], 40)}  " if line.unit else ""
        print(f"{line.at:%Y-%m-%d %H:%M:%SZ}  {inert(line.actor, 40)}  {unit}{line.words}")
    if hidden := len(lines) - len(shown) + acts.older:
        print(f"{hidden} older ones; --limit 0 shows them, --json --limit 0 every event.", file=sys.stderr)
    if not acts.history:
        print(f"Nothing yet in {ledger.where}.")
    return 0


def _log_json(ledger: Ledger, options: argparse.Namespace) -> int:
    from collections import deque

    from drifttui.core.ledger import stamp

    newest: deque[dict[str, Any]] = deque(maxlen=options.limit or None)
    for event in ledger.events():
        if not options.unit or any(_is(unit, options.unit) for unit in _units(event.body)):
            newest.append({**event._asdict(), "at": stamp(event.at), "kind": str(event.kind)})
    _print({"schema": LOG, "where": ledger.where, "head": ledger.head()._asdict(), "events": list(newest)})
    return 0


def _units(body: Any) -> list[str]:
    """Every unit that an event names."""
    named = [body.get("unit"), *_list(body.get("units"))]
    named += [each.get("unit") for each in _list(body.get("findings")) if isinstance(each, dict)]
    return [unit for unit in named if isinstance(unit, str)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is(unit: str, wanted: str) -> bool:
    return unit == wanted or unit.endswith(f"/{wanted}")


def _where(ledger: Ledger, *, as_json: bool) -> int:
    head = ledger.head()
    if as_json:
        _print({"schema": WHERE, "where": ledger.where, "actor": ledger.actor, "head": head._asdict()})
        return 0
    print(ledger.where)
    print(f"head   {head.seq}:{head.hash}" if head.seq else "head   nothing yet")
    print(f"actor  {ledger.actor}")
    return 0


def _print(document: dict[str, Any]) -> None:
    json.dump(document, sys.stdout, indent=2)
    print()
