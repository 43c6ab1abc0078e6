"""Attributions for people: one line per change, then the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drifttui.core.errors import inert

if TYPE_CHECKING:
    from drifttui.core.audit import Line
    from drifttui.core.join import Answer

_TEXT = 160


def show_answer(answer: Answer, indent: str = "") -> None:
    for line in answer.lines:
        print(indent + headline(line))
        for reason in line.reasons:
            print(f"{indent}    {inert(reason, _TEXT)}")
        if line.event_ids:
            print(f"{indent}    event {inert(', '.join(line.event_ids), _TEXT)}")
    if not answer.lines:
        print(f"{indent}unknown: nothing that was read names a writer")
    for sentence in answer.set_aside:
        print(f"{indent}not to blame: {inert(sentence, _TEXT)}")
    for sentence in answer.unseen:
        print(f"{indent}not seen: {inert(sentence, _TEXT)}")


def headline(line: Line) -> str:
    """`/spec/replicas  bob@example.com (person) by kubectl scale at 2026-11-21 08:41:48Z  95 % · audit and body`."""
    at = f" at {line.time:%Y-%m-%d %H:%M:%SZ}" if line.time else ""
    by = f" by {inert(line.via, 80)}" if line.via else ""
    who = f"{inert(line.actor.words, 120)} ({line.actor.kind.value})" if line.actor.name else "unknown"
    return f"{inert(line.path, 200) or '(whole object)'}  {who}{by}{at}  {line.confidence:.0%} · {line.grade.value}"
