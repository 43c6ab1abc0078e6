"""Rules that make an owner leave a field of an Application alone: `ignoreApplicationDifferences` of an ApplicationSet,
`ignoreDifferences` of a parent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .pause_argocd import AUTOMATED
from .pause_note import NOTE, NOTE_POINTER
from .planes import Json
from .pointers import get, parse

IGNORED: Final = "/spec/ignoreApplicationDifferences"

_PLAIN = re.compile(r"(\.[A-Za-z_][A-Za-z0-9_]*)+")
"""A jq path that is nothing but names: `.spec.syncPolicy`."""


def entry_for(name: str) -> dict[str, Json]:
    """The entry that drifttui adds for one child: its automation and its own annotation, and no more than those.

    The list is the whole object's, and rules work on it as it stands after normalisation, metadata included: the
    annotation is kept by being ignored, too.
    """
    return {"name": name, "jsonPointers": [AUTOMATED, NOTE_POINTER]}


def entries_of(document: Any) -> list[Any]:
    """`spec.ignoreApplicationDifferences`, whatever is in it."""
    found = get(document, parse(IGNORED))
    return found if isinstance(found, list) else []


def set_ignores(document: Any, name: str, pointer: str) -> bool:
    """Whether an ApplicationSet leaves this field of its child `name` alone already."""
    return any(_rule_covers(rule, pointer) for rule in entries_of(document) if _named(rule, name))


def set_keeps_note(document: Any, name: str) -> bool:
    """Whether an annotation of ours would stay on the child: it is preserved by name, or ignored as a difference."""
    kept = get(document, ("spec", "preservedFields", "annotations"))
    return (isinstance(kept, list) and NOTE in kept) or set_ignores(document, name, NOTE_POINTER)


def parent_ignores(parent: Any, namespace: str, name: str, kind: str, pointer: str) -> bool:
    """Whether `spec.ignoreDifferences` of a parent Application covers a field of its child."""
    rules = get(parent, ("spec", "ignoreDifferences"))
    for rule in rules if isinstance(rules, list) else ():
        if not isinstance(rule, dict) or not _named(rule, name):
            continue
        if rule.get("namespace") not in (None, "", namespace):
            continue
        if rule.get("group") not in ("argoproj.io", "*") or rule.get("kind") not in (kind, "*"):
            continue
        if _rule_covers(rule, pointer):
            return True
    return False


def sync_options(parent: Any, child: Any) -> frozenset[str]:
    """How `parent` applies `child`: options of the whole Application, and those that the child's annotation adds."""
    found = get(parent, ("spec", "syncPolicy", "syncOptions"))
    own = get(child, ("metadata", "annotations", "argocd.argoproj.io/sync-options"))
    whole = [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
    more = [part.strip() for part in own.split(",")] if isinstance(own, str) else []
    return frozenset([*whole, *more])


def _named(rule: Any, name: str) -> bool:
    return isinstance(rule, dict) and rule.get("name") in (None, "", name)


def _rule_covers(rule: Mapping[str, Any], pointer: str) -> bool:
    pointers = rule.get("jsonPointers")
    paths = rule.get("jqPathExpressions")
    wanted = parse(pointer)
    for each in pointers if isinstance(pointers, list) else ():
        if isinstance(each, str) and each.startswith("/") and _contains(parse(each), wanted):
            return True
    for each in paths if isinstance(paths, list) else ():
        plain = isinstance(each, str) and _PLAIN.fullmatch(each.strip())
        if plain and _contains(tuple(each.strip()[1:].split(".")), wanted):
            return True
    return False


def _contains(outer: Sequence[str], inner: Sequence[str]) -> bool:
    return tuple(inner[: len(outer)]) == tuple(outer)
