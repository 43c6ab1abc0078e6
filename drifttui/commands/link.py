"""Put units, findings and pauses under an incident or emergency change, or list what is under which.

REF is any address or ticket id: INC-9127, CHG0030001, acme/shop#42, https://…. Linking it again changes what is given
and keeps the rest. Title and state are read from PagerDuty, Jira, ServiceNow, GitHub or GitLab where a token is there
(docs/links.md); without one the link works all the same. Only the ledger is written to.

Exits 0 when the link is recorded or listed, 1 on errors.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING

from .options import add_json_argument, add_ledger_argument

if TYPE_CHECKING:
    from drifttui.core.acts import LinkRecord
    from drifttui.services.ledgers import Opened


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ref", nargs="?", metavar="REF", help="the incident or change: an address or a ticket id")
    parser.add_argument("--list", action="store_true", help="every link of the ledger and how it stands")
    parser.add_argument("--remove", action="store_true", help="take what is named, or everything, out from under REF")
    parser.add_argument("--kind", choices=("incident", "change"), default="", help="default: as the id or tracker says")
    covers = parser.add_argument_group("what it covers")
    for name, metavar, words in (
        ("--unit", "UNIT", "a unit: its id, or the name of one with findings"),
        ("--finding", "ID", "a finding, by its id or the first letters of it"),
        ("--pause", "ID", "a pause, by its id"),
    ):
        covers.add_argument(name, action="extend", nargs="+", default=[], metavar=metavar, help=words)
    record = parser.add_argument_group("the record")
    record.add_argument("--opened", metavar="TIME", help="since when it authorises: 2h (ago), or RFC 3339")
    record.add_argument("--expires", metavar="TIME", help="until when: 2h, 06:30 (UTC), or RFC 3339")
    record.add_argument("--approver", default="", metavar="NAME", help="who approved a change")
    record.add_argument("--note", default="", metavar="TEXT")
    add_json_argument(parser)
    general = parser.add_argument_group("general")
    general.add_argument("--config", metavar="FILE", help="settings file")
    add_ledger_argument(general)


def run(options: argparse.Namespace) -> int:
    from drifttui.core.errors import InputError
    from drifttui.services.ledgers import opened_ledger

    if options.list == bool(options.ref):
        raise InputError(
            "One of REF and --list", "", "Try `drifttui link INC-9127 --unit checkout` or `drifttui link --list`."
        )
    with opened_ledger(options, create=not options.list) as opened:
        if options.list:
            return _list(options, opened)
        record = asyncio.run(_remove(options, opened) if options.remove else _make(options, opened))
        now = opened.clock()
        if options.json:
            from drifttui.services.link_answers import LINK, link_json

            _print_json({"schema": LINK, "ledger": opened.ledger.where, "link": link_json(record, now)})
        else:
            _show([record], now)
    return 0


async def _make(options: argparse.Namespace, opened: Opened) -> LinkRecord:
    from drifttui.core.until import parse_until
    from drifttui.services.linking import make_link

    now = opened.clock()
    trackers = opened.trackers()
    try:
        return await make_link(
            opened.ledger,
            options.ref,
            options.kind,
            clock=opened.clock,
            opened=_past(options.opened, now) if options.opened else None,
            expires=parse_until(options.expires, now) if options.expires else None,
            approver=options.approver,
            note=options.note,
            units=[opened.unit(name) for name in options.unit],
            findings=[opened.finding(name).id for name in options.finding],
            pauses=[opened.pause(name) for name in options.pause],
            resolvers=trackers,
        )
    finally:
        await asyncio.gather(*(one.close() for one in trackers.values()), return_exceptions=True)


async def _remove(options: argparse.Namespace, opened: Opened) -> LinkRecord:
    from drifttui.services.linking import take_out

    return await take_out(
        opened.ledger,
        options.ref,
        units=[opened.unit(name) for name in options.unit],
        findings=[opened.finding_id(name) for name in options.finding],
        pauses=options.pause,
    )


def _list(options: argparse.Namespace, opened: Opened) -> int:
    now = opened.clock()
    links = sorted(opened.ledger.acts().links.values(), key=lambda link: link.at, reverse=True)
    if options.json:
        from drifttui.services.answers import moment
        from drifttui.services.link_answers import LINKS, link_json

        answer = {
            "schema": LINKS,
            "at": moment(now),
            "ledger": opened.ledger.where,
            "links": [link_json(link, now) for link in links],
        }
        _print_json(answer)
    elif links:
        _show(links, now)
    else:
        print(f"No links in {opened.ledger.where}.")
    return 0


def _past(text: str, now: datetime) -> datetime:
    """`2h` is two hours ago. Raises `InputError`."""
    from drifttui.core.ages import parse_span
    from drifttui.core.audit import moment
    from drifttui.core.errors import InputError, inert

    try:
        at = now - parse_span(text)
    except (ValueError, OverflowError):
        at = moment(text) or now
        if moment(text) is None:
            raise InputError(
                f"{inert(text, 40)} is no time", "--opened", "Such as 2h (ago) or 2026-05-14T03:00Z."
            ) from None
    return at


def _print_json(answer: object) -> None:
    json.dump(answer, sys.stdout, indent=2, ensure_ascii=False)
    print()


def _show(links: list[LinkRecord], now: datetime) -> None:
    from rich.text import Text

    from drifttui.core.ages import Times
    from drifttui.core.errors import inert
    from drifttui.core.link_standing import LinkStanding, standing, standing_words

    from .show import console

    out = console()
    for link in links:
        over = standing(link, now) in (LinkStanding.CLOSED, LinkStanding.EXPIRED)
        line = Text(standing_words(link, Times(now)), style="bold red" if over else "bold")
        line.append(f"  {inert(link.kind, 20)}", style="dim")
        for word in (link.title, f"({link.state})" if link.state else ""):
            line.append(f"  {inert(word, 120)}" if word else "", style="")
        out.print(line)
        facts = (
            ("approved by", link.approver),
            ("note", link.note),
            ("covers", ", ".join(sorted(link.units)) + (" (units)" if link.units else "")),
            ("findings", ", ".join(sorted(link.findings))),
            ("pauses", ", ".join(sorted(link.pauses))),
            ("at", link.url),
            ("not read", link.problem),
        )
        for name, value in facts:
            if value:
                out.print(Text(f"  {name:<12} {inert(value)}", style="magenta" if name == "not read" else ""))
