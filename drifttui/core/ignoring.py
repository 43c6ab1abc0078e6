"""Suppressions of an engine: what they would hide is still found, and listed under their ids ("hidden drift")."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from .attribution import Attribution
from .errors import DriftError, inert
from .finding import Hidden
from .identity import ResourceRef
from .inspection import IgnoreRule
from .normalize import is_empty, same
from .planes import ABSENT, Document, Json, Mark
from .pointers import build, parse, without
from .walk import Difference

JqDelete = Callable[[Document, str], Document]
"""(document, jq path) → a copy without what the path selects, as `del(path)`. Raises where jq refuses."""

_POSITION = re.compile(r"(?<=/)\d+(?=/|$)")


def applies(rule: IgnoreRule, ref: ResourceRef) -> bool:
    """Group and kind are globs, as in Argo CD; namespace and name are exact where given."""
    return (
        fnmatchcase(ref.group, rule.group)
        and fnmatchcase(ref.kind, rule.kind)
        and rule.namespace in ("", ref.namespace)
        and rule.name in ("", ref.name)
    )


class Suppression:
    """The rules that apply to one object. Collects in `hidden` what they take away."""

    def __init__(self, rules: Sequence[IgnoreRule], ref: ResourceRef, attribution: Attribution | None) -> None:
        self.hidden: list[Hidden] = []
        self._attribution = attribution
        self._pointers: list[tuple[str, str]] = []
        self._managers: list[tuple[str, frozenset[str]]] = []
        self.expressions: list[tuple[str, str]] = []
        self._survivors: dict[tuple[str, str], frozenset[str]] = {}
        for rule in rules:
            if not applies(rule, ref):
                continue
            for pointer in rule.json_pointers:
                try:
                    self._pointers.append((rule.id, build(parse(pointer))))
                except ValueError as error:
                    self.failed(rule.id, "json pointer " + pointer, error)
            self.expressions += [(rule.id, expression) for expression in rule.jq_paths]
            if rule.managers:
                self._managers.append((rule.id, frozenset(rule.managers)))

    @property
    def silent(self) -> bool:
        """No rule could take anything away."""
        return not (self._pointers or self._managers or self.expressions)

    def failed(self, rule: str, what: str, error: Exception) -> None:
        """A rule that cannot be evaluated is reported rather than silently hiding nothing."""
        reason = error.one_line() if isinstance(error, DriftError) else str(error)
        self.hidden.append(Hidden("ignore-rule-failed", "", inert(f"{rule}: {what}: {reason}", 200)))

    def survived(self, rule: str, expression: str, paths: Sequence[str]) -> None:
        """`paths` still differ without what the expression selects."""
        self._survivors[rule, expression] = frozenset(_shape(path) for path in paths)

    def keep(self, difference: Difference) -> bool:
        """Whether no rule takes this difference away. What a rule takes away is listed."""
        path = difference.path
        for rule, pointer in self._pointers:
            if path == pointer or path.startswith(pointer + "/") or not pointer:
                self.hidden.append(Hidden(rule, path))
                return False
            if pointer.startswith(path + "/"):
                tokens = parse(pointer[len(path) :])
                left, right = _rest(difference.left, tokens), _rest(difference.right, tokens)
                if left is not difference.left or right is not difference.right:
                    self.hidden.append(Hidden(rule, pointer))
                    if same(left, right) or (is_nothing(left) and is_nothing(right)):
                        return False
        for (rule, expression), survivors in self._survivors.items():
            if _shape(path) not in survivors:
                self.hidden.append(Hidden(rule, path, expression))
                return False
        return self._keep_by_manager(difference)

    def _keep_by_manager(self, difference: Difference) -> bool:
        if self._attribution is None or difference.right is ABSENT:
            return True
        for rule, managers in self._managers:
            trusted = [o.manager for o in self._attribution.owners(difference.path) if o.manager in managers]
            if trusted:
                self.hidden.append(Hidden(rule, difference.path, f"held by {trusted[0]}"))
                return False
        return True


def is_nothing(value: Any) -> bool:
    return value is ABSENT or is_empty(value)


def _rest(value: Json | Mark, tokens: Sequence[str]) -> Json | Mark:
    return without(value, tokens) if isinstance(value, (dict, list)) else value


def _shape(path: str) -> str:
    """Positions left open: an expression may take items out of a list, and those behind it move up."""
    return _POSITION.sub("#", path)
