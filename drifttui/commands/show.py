"""Answers for people: calm tables on the plain terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drifttui.core.acts import NOTHING, Acts
from drifttui.core.ages import Times, span
from drifttui.core.board import Board, Depth
from drifttui.core.errors import inert
from drifttui.core.finding import Finding, Owner
from drifttui.core.health import Freshness, SourceHealth
from drifttui.core.link_standing import standing_words
from drifttui.core.operator_verdict import standing_verdict
from drifttui.core.planes import UNKNOWN, Plane
from drifttui.core.unit import Unit
from drifttui.core.words import value_text
from drifttui.services.answers import is_unknown

RISK_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow", "unknown": "magenta"}


def age(at: datetime | None, now: datetime) -> str:
    return span((now - at).total_seconds()) if at else "?"


def _text(value: str, style: str = "") -> Text:
    """Foreign text, inert. Layout is added around it: `inert` folds white space."""
    return Text(inert(value), style=style)


def _line(indent: int, *parts: tuple[str, str] | str) -> Text:
    """Parts with two spaces between them, behind `indent` spaces."""
    texts = [_text(part) if isinstance(part, str) else _text(*part) for part in parts]
    return Text(" " * indent).append_text(Text("  ").join(text for text in texts if text.plain))


def console() -> Console:
    return Console(highlight=False, soft_wrap=False)


def show_scan(board: Board, units: Sequence[Unit], now: datetime, answer: Mapping[str, Any]) -> None:
    """`answer` is the same as JSON: its causes and budgets are shown, too."""
    out = console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("risk", "unit", "cluster", "sync", "health", "auto", "n", "read"):
        table.add_column(column, justify="right" if column in ("n", "read") else "left", no_wrap=True)
    clean = unlooked = 0
    for unit in units:
        look, unknown = board.look(unit.id), is_unknown(unit, board, now)
        if not look.findings and not look.conflicts and look.vouches(unit) and not unknown:
            clean += 1
            unlooked += look.depth is Depth.LISTED
            continue
        risk = board.risk(unit, now) or "none"
        fresh = board.freshness(unit, now)
        note = age(unit.observed_at, now) if fresh is Freshness.FRESH else f"stale {age(unit.observed_at, now)}"
        table.add_row(
            _text(risk, RISK_STYLE.get(risk, "")),
            _text(unit.id.name),
            _text(unit.cluster),
            _text(unit.sync),
            _text(unit.health),
            _text(unit.auto.value),
            str(len(look.findings)) if look.at else "?",
            _text(note),
        )
    if table.row_count:
        out.print(table)
    for unit in units:
        for found in board.look(unit.id).findings:
            show_finding(out, unit, found, now, board.acts)
    for conflict in answer["conflicts"]:
        out.print(_text(f"{conflict['unit'].split('/')[-1]}: {conflict['words']}", "yellow"))
    for cause in answer["causes"]:
        out.print(_text(f"one cause: {cause['words']}"))
    for budget in answer["budgets"]:
        if budget["exceeded"]:
            out.print(_text(f"over budget: {budget['words']}", "bold red"))
    for health in board.blind:
        out.print(_text(f"{health.name} is blind: {health.error} {health.hint}".strip(), "magenta"))
    word = f", {unlooked} of them by their engine's word alone (--all looks into them)" if unlooked else ""
    out.print(f"{len(units)} units, {clean} clean{word}.")


def show_finding(out: Console, unit: Unit, found: Finding, now: datetime, acts: Acts = NOTHING) -> None:
    verdict = found.verdict
    whole = "" if found.changes and found.changes[0].path else found.summary
    judged = f"{verdict.risk} · {verdict.drift_class} · {verdict.action}" if verdict else ""
    since = f"since {age(found.first_seen, now)}"
    out.print(_line(0, (f"{unit.id.name} · {found.ref.short}", "bold"), since, whole, (judged, "italic")))
    _show_deeds(out, unit, found, Times(now), acts)
    for change in found.changes:
        out.print(_line(2, change.label or "(whole object)"))
        if not change.path:
            continue
        for plane in Plane:
            value = change.value(plane)
            if value is not UNKNOWN:
                out.print(_line(4, plane.value.ljust(8), value_text(value)))
        if change.owners:
            out.print(_line(4, "held by ", ", ".join(owner_words(owner, now) for owner in change.owners)))


def _show_deeds(out: Console, unit: Unit, found: Finding, times: Times, acts: Acts) -> None:
    """The operator's verdict beside that of the rules, and what the finding is linked to."""
    standing = standing_verdict(acts, found)
    if standing is not None:
        given = standing.verdict
        words = f"{given.actor}: {given.drift_class} · {given.action} {times.ago(given.at)}"
        again = ("reopened: the drift changed since", "yellow") if standing.reopened else ""
        out.print(_line(2, (words, "bold"), given.note, again))
        for line in standing.changed:
            out.print(_line(4, line))
    for link in acts.links_of(str(unit.id), found.id):
        out.print(_line(2, standing_words(link, times), link.title))


def owner_words(owner: Owner, now: datetime) -> str:
    words = f"{owner.manager} {owner.operation}".strip()
    where = f" /{owner.subresource}" if owner.subresource else ""
    return words + where + (f", {age(owner.time, now)} ago" if owner.time else "")


def show_sources(found: Iterable[SourceHealth]) -> None:
    out = console()
    for health in found:
        standing = health.standing.value
        style = "" if standing == "ok" else "bold magenta"
        where = " · ".join(part for part in (health.system, health.version, health.address) if part)
        out.print(_line(0, (health.name, "bold"), (standing, style), where))
        if health.identity:
            out.print(_line(2, f"as {health.identity}"))
        if health.method:
            out.print(_line(2, f"reads by {health.method}"))
        rights = Table.grid(padding=(0, 2))
        for right in health.permissions:
            word = {True: "  allowed", False: "  DENIED", None: "  not known"}[right.allowed]
            denied = "red" if right.allowed is False else ""
            rights.add_row(Text(word, denied), _text(right.name, denied), _text(right.needed_for))
        if rights.row_count:
            out.print(rights)
        if health.clock_skew is not None and abs(health.clock_skew.total_seconds()) >= 5:
            seconds = health.clock_skew.total_seconds()
            side = "ahead" if seconds > 0 else "behind"
            out.print(_line(2, (f"its clock is {span(abs(seconds))} {side}", "yellow")))
        if health.error:
            out.print(_line(2, (f"{health.error} {health.hint}", "magenta")))
