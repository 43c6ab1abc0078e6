"""Plans and states for people: drift first, then what is pending, then what was hidden and what is not known."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from drifttui.core.errors import inert
from drifttui.core.finding import Change
from drifttui.core.terraform_events import Progress
from drifttui.core.terraform_review import Entry, OutputEntry, Review
from drifttui.core.terraform_state import ONLY_RECORDED, State, names_of
from drifttui.core.verdict import Verdict

_DRIFT: Mapping[tuple[str, ...], str] = {
    ("update",): "changed outside",
    ("delete",): "deleted outside",
}
_PENDING: Mapping[tuple[str, ...], str] = {
    ("create",): "create",
    ("update",): "update",
    ("delete",): "destroy",
    ("delete", "create"): "replace (destroy, then create)",
    ("create", "delete"): "replace (create, then destroy)",
    ("forget",): "forget (leave it running, drop it from the state)",
    ("read",): "read during apply",
    ("no-op",): "no change",
}


def show_review(found: Review, verdicts: Sequence[Verdict]) -> None:
    """`verdicts` are those of `found.drift`, in its order."""
    out = _console()
    plan = found.plan
    facts = (plan.engine, f"{plan.mode} plan" if plan.mode else "plan", f"format {plan.format_version}")
    _line(out, 0, *(part for part in facts if part), plan.timestamp and f"made {plan.timestamp}")
    if found.drift:
        _title(out, f"Drift: {_count(len(found.drift), 'object')}", "bold red")
        for entry, verdict in zip(found.drift, verdicts, strict=True):
            words = _DRIFT.get(entry.resource.actions, " and ".join(entry.resource.actions))
            _entry(out, entry, f"{words}  {verdict.risk} · {verdict.drift_class} · {verdict.action}")
    elif found.known:
        _title(out, "No drift.")
    else:
        _title(out, "Not known whether anything drifted.", "bold magenta")
    if found.pending or found.outputs:
        _title(out, f"Pending, which is no drift: {_count(len(found.pending), 'object')}{_totals(found)}")
        for entry in found.pending:
            _entry(out, entry, _pending_words(entry), pending=True)
        for output in found.outputs:
            _output(out, output)
    if found.hidden:
        rules = Counter(hidden.rule for _, hidden in found.hidden)
        _title(out, f"Hidden: {_count(len(found.hidden), 'difference')}")
        width = max(map(len, rules))
        for rule, times in sorted(rules.items()):
            _line(out, 2, rule, str(times), width=width)
    _notes(out, found.warnings)


def show_progress(progress: Progress) -> None:
    out = _console()
    _title(out, "Not known whether anything drifted.", "bold magenta")
    for title, changes in (("Named as drifted", progress.drifted), ("Named as pending", progress.planned)):
        if changes:
            _title(out, f"{title}: {_count(len(changes), 'object')}")
            for address, action in changes:
                _line(out, 2, address, action)
    _notes(out, progress.warnings)


def show_state(state: State) -> None:
    out = _console()
    serial = f"serial {state.serial}" if state.serial is not None else ""
    _line(out, 0, f"state with {_count(len(state.resources), 'object')}", serial, state.tool_version)
    names = names_of(state)
    width = min(60, max((len(resource.address) for resource in state.resources), default=0))
    for resource in state.resources:
        marks = (f"deposed {resource.deposed}" if resource.deposed else "", "tainted" if resource.tainted else "")
        first = next(iter(names[resource.address]), "")
        _line(out, 2, resource.address, first, *marks, width=width)
    _notes(out, (ONLY_RECORDED, *state.warnings))


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _title(out: Console, words: str, style: str = "bold") -> None:
    out.print()
    out.print(Text(inert(words), style))


def _line(out: Console, indent: int, *parts: str, width: int = 0, style: str = "") -> None:
    """Foreign text made inert, two spaces between the parts, the first one padded to `width`."""
    texts = [inert(part) for part in parts if part]
    if width and len(texts) > 1:
        texts[0] = texts[0].ljust(width)
    out.print(Text(" " * indent + "  ".join(texts), style))


def _notes(out: Console, warnings: Sequence[str]) -> None:
    if warnings:
        _title(out, "Notes")
    for warning in warnings:
        _line(out, 2, warning)


def _totals(found: Review) -> str:
    said = [f"{number} to {what}" for what, number in found.totals.items() if number and what != "replace"]
    return f" ({', '.join(said)})" if said else ""


def _pending_words(entry: Entry) -> str:
    resource = entry.resource
    words = _PENDING.get(resource.actions, " and ".join(resource.actions))
    if resource.importing is not None:
        words = "import" if resource.actions == ("no-op",) else f"import and {words}"
    elif resource.previous_address and resource.actions == ("no-op",):
        words = "move"
    return words


def _entry(out: Console, entry: Entry, words: str, *, pending: bool = False) -> None:
    resource = entry.resource
    deposed = f"deposed {resource.deposed}" if resource.deposed else ""
    _line(out, 2, resource.address, deposed, *words.split("  "), resource.action_reason.replace("_", " "), style="bold")
    if resource.previous_address:
        _line(out, 4, f"moved from {resource.previous_address}")
    if resource.deferred:
        _line(out, 4, f"deferred: {resource.deferred.replace('_', ' ')}")
    # What will be made or removed as a whole is in the JSON; its first line of attributes would tell little here.
    _changes(out, (one for one in entry.changes if one.path or not pending))
    if resource.replace_paths:
        _line(out, 4, f"replaced because of {', '.join(resource.replace_paths)}")
    if resource.unknown:
        _line(out, 4, f"known after apply: {', '.join(path or 'everything' for path in resource.unknown)}")


def _changes(out: Console, changes: Iterable[Change]) -> None:
    for change in changes:
        _line(out, 4, change.label or "(whole object)")
        for plane, value in change.as_json().items():
            if plane in ("desired", "recorded", "actual"):
                shown = "–" if value == {"absent": True} else json.dumps(value, ensure_ascii=False, default=str)
                _line(out, 6, plane, shown, width=8)


def _output(out: Console, entry: OutputEntry) -> None:
    _line(out, 2, f"output {entry.output.name}", " and ".join(entry.output.actions), style="bold")
    _changes(out, entry.changes)
