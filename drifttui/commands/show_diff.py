"""`drifttui diff` for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from drifttui.core.errors import inert
from drifttui.core.finding import Change, Comparison, Owner
from drifttui.core.planes import ABSENT, UNKNOWN, Plane

VALUE_LIMIT = 120


def show(comparisons: Sequence[Comparison], planes: Sequence[Plane]) -> None:
    """One block per object that differs, one line for the rest; what is hidden is counted by rule."""
    console = Console(highlight=False, soft_wrap=False)
    clean = [one for one in comparisons if not one.drifted]
    missing = sorted({plane.value for one in clean for plane in one.missing} & {"desired", "actual"})
    for comparison in comparisons:
        if comparison.drifted:
            _object(console, comparison, [plane for plane in Plane if plane in planes])
    if clean:
        names = ", ".join(inert(one.ref.short, 60) for one in clean[:5])
        more = f" and {len(clean) - 5} more" if len(clean) > 5 else ""
        known = f" as far as known: the {' and '.join(missing)} plane is missing" if missing else ""
        console.print(Text(f"Nothing differs{known}: {names}{more}."))
    _hidden(console, comparisons)


def _object(console: Console, comparison: Comparison, planes: Sequence[Plane]) -> None:
    ref = comparison.ref
    title = Text(inert(ref.short, 100), style="bold")
    title.append(f"  {inert(ref.namespace, 60)}" if ref.namespace else "", style="not bold")
    count = len(comparison.changes)
    if comparison.changes[0].path:
        title.append("  1 field" if count == 1 else f"  {count} fields", style="not bold")
    console.print(title)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=True, header_style="dim")
    table.add_column("field", overflow="fold")
    for plane in planes:
        table.add_column(plane.value, overflow="fold")
    table.add_column("held by", overflow="fold")
    for change in comparison.changes:
        cells = [_value(change.value(plane), whole=not change.path) for plane in planes]
        table.add_row(Text(inert(change.label, 160) or "whole object"), *cells, _owners(change))
    console.print(Padding(table, (0, 0, 1, 2)))


def _value(value: Any, *, whole: bool) -> Text:
    if value is ABSENT:
        return Text("absent", style="dim")
    if value is UNKNOWN:
        return Text("unknown", style="dim")
    if whole:
        return Text("present")
    if isinstance(value, dict) and "digest" in value:
        return Text(inert(str(value["digest"]), 40))
    if isinstance(value, (dict, list)):
        import json

        return Text(inert(json.dumps(value, ensure_ascii=False), VALUE_LIMIT))
    if isinstance(value, str):
        return Text(inert(value, VALUE_LIMIT) if value else '""')
    return Text("null" if value is None else str(value).lower() if isinstance(value, bool) else str(value))


def _owners(change: Change) -> Text:
    if not change.owners:
        return Text("nobody known", style="dim")
    return Text(", ".join(map(_owner, change.owners)))


def _owner(owner: Owner) -> str:
    where = f"/{inert(owner.subresource, 30)}" if owner.subresource else ""
    when = owner.time.strftime(" %Y-%m-%d %H:%M:%SZ") if owner.time else ""
    return f"{inert(owner.manager, 60)}{where}{when}"


def _hidden(console: Console, comparisons: Sequence[Comparison]) -> None:
    counts: dict[str, int] = {}
    for comparison in comparisons:
        for hidden in comparison.hidden:
            counts[hidden.rule] = counts.get(hidden.rule, 0) + 1
    if counts:
        listed = ", ".join(f"{inert(rule, 60)} {count}" for rule, count in sorted(counts.items()))
        console.print(Text(f"Hidden: {listed}. `drifttui config rules` explains them, --json lists them.", style="dim"))
