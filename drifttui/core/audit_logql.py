"""Questions about Kubernetes objects in LogQL. Line filters come first: Loki scans text far faster than it parses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from .resource_question import ResourceQuestion

_NAMES: Final = 20
_WRITES: Final = '| json verb="verb" | verb!~"get|list|watch"'


def quoted(text: str) -> str:
    """A LogQL string: Go's rules for what stands in double quotes. Nothing in it ends the string."""
    escapes = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(escapes.get(c, c if " " <= c < "\x7f" else f"\\U{ord(c):08x}") for c in text) + '"'


def any_of(texts: Iterable[str]) -> str:
    """A line filter for any of the texts, as RE2."""
    found = list(dict.fromkeys(texts))
    if len(found) == 1:
        return f"|= {quoted(found[0])}"
    return f"|~ {quoted('|'.join(re.escape(text) for text in found))}"


def writes(selector: str, questions: Sequence[ResourceQuestion]) -> list[str]:
    """Writes of the objects; objects of one namespace in one query."""
    found = []
    spaces = dict.fromkeys(question.namespace or "" for question in questions)
    for space in spaces:
        names = [question.name for question in questions if (question.namespace or "") == space]
        inside = f" |= {quoted(space)}" if space else ""
        groups = [names[start : start + _NAMES] for start in range(0, len(names), _NAMES)]
        found += [f"{selector} {any_of(group)}{inside} {_WRITES}" for group in groups]
    return found


def deletions(selector: str, questions: Sequence[ResourceQuestion]) -> list[str]:
    """Deletions of whole collections and of namespaces, which name no object."""
    spaces = list(dict.fromkeys(question.namespace or "" for question in questions))
    found = [f'{selector} |= "deletecollection"' + (f" {any_of(spaces)}" if all(spaces) else "")]
    if named := [space for space in spaces if space]:
        found.append(f'{selector} |= "delete" |= "namespaces" {any_of(named)} | json verb="verb" | verb="delete"')
    return found


def operations(selector: str, applications: Sequence[str]) -> str:
    """Syncs of Argo CD."""
    names = f" {any_of(name.rpartition('/')[2] for name in applications)}" if applications else ""
    return f'{selector} |= "initiatedBy" |= "argoproj.io"{names}'
