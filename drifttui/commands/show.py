"""Answers for people: calm tables on the plain terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from drifttui.core.board import Board
from drifttui.core.errors import inert
from drifttui.core.finding import Finding
from drifttui.core.health import Freshness, SourceHealth
from drifttui.core.unit import Unit
from drifttui.services.answers import is_unknown

RISK_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow", "unknown": "magenta"}


def span(seconds: float) -> str:
    """`3s`, `12m`, `2h`, `5d`: one unit, as on the screen."""
    for size, letter in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{letter}"
    return f"{max(0, int(seconds))}s"


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


def show_scan(board: Board, units: Sequence[Unit], now: datetime) -> None:
    out = console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("risk", "unit", "cluster", "sync", "health", "auto", "n", "read"):
        table.add_column(column, justify="right" if column in ("n", "read") else "left", no_wrap=True)
    clean = 0
    for unit in units:
        look, unknown = board.look(unit.id), is_unknown(unit, board, now)
        if not look.findings and unit.sync == "Synced" and not unknown:
            clean += 1
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
            show_finding(out, unit, found, now)
    for health in board.blind:
        out.print(_text(f"{health.name} is blind: {health.error} {health.hint}".strip(), "magenta"))
    out.print(f"{len(units)} units, {clean} clean.")


def show_finding(out: Console, unit: Unit, found: Finding, now: datetime) -> None:
    verdict = found.verdict
    judged = f"{verdict.risk} · {verdict.drift_class} · {verdict.action}" if verdict else ""
    since = f"since {age(found.first_seen, now)}"
    out.print(_line(0, (f"{unit.id.name} · {found.ref.short}", "bold"), since, (judged, "italic")))
    for change in found.changes:
        entry = change.as_json()
        out.print(_line(2, change.label or "(whole object)"))
        for plane in ("desired", "recorded", "actual"):
            if plane in entry:
                value = "–" if entry[plane] == {"absent": True} else repr(entry[plane])
                out.print(_line(4, f"{plane:<9}".strip().ljust(9), value))
        if change.owners:
            out.print(_line(4, "held by", ", ".join(owner_words(owner, now) for owner in change.owners)))


def owner_words(owner: object, now: datetime) -> str:
    manager = getattr(owner, "manager", "?")
    subresource = getattr(owner, "subresource", "")
    at = getattr(owner, "time", None)
    words = f"{manager} {getattr(owner, 'operation', '')}".strip()
    return words + (f" /{subresource}" if subresource else "") + (f", {age(at, now)} ago" if at else "")


def show_sources(found: Iterable[SourceHealth]) -> None:
    out = console()
    for health in found:
        standing = health.standing.value
        style = "" if standing == "ok" else "bold magenta"
        where = " · ".join(part for part in (health.system, health.version, health.address) if part)
        out.print(_line(0, (health.name, "bold"), (standing, style), where))
        if health.identity:
            out.print(_line(2, f"as {health.identity}"))
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
