"""A policy in the form that thousands of findings a second can ask: patterns compiled, answers remembered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from functools import lru_cache
from typing import NamedTuple

from .case import AuditEvent
from .policy import Decision, HealRule, Ownership, PolicyFile

MEMORY = 50_000
"""Answers kept per policy before they are forgotten."""


class Situation(NamedTuple):
    """What a decision row may ask about."""

    drift_class: str
    domain: str
    environment: str
    tier: str
    facets: frozenset[str] = frozenset()
    open_incident: bool = False
    degraded: bool = False


class Answer(NamedTuple):
    """Risk and action, each with the id of the row that gave it."""

    risk: str
    risk_row: str
    action: str
    action_row: str


class Registered(NamedTuple):
    """What the registry says about a unit. Empty where it says nothing."""

    owner: str = ""
    environment: str = ""
    risk_tier: str = ""


class Policy:
    """A compiled policy. Equal questions get equal answers."""

    def __init__(self, source: PolicyFile) -> None:
        self.source = source
        self._owners = [OwnershipRule(rule) for rule in source.ownership]
        self._heal = [_Heal(rule) for rule in source.auto_heal.rules] if source.auto_heal else []
        self._heal_enabled = bool(source.auto_heal and source.auto_heal.enabled)
        self._units = [(any_glob(entry.match), entry) for entry in source.units]
        self._answers: dict[Situation, Answer] = {}
        self._fields: dict[tuple[str, str, str], tuple[OwnershipRule, ...]] = {}

    def decide(self, situation: Situation) -> Answer:
        """Where no row applies: unknown risk is not low, and nothing is changed before somebody looked."""
        if (held := self._answers.get(situation)) is not None:
            return held
        rows = [row for row in self.source.decisions if _applies(row, situation)]
        risk = next(((row.risk, row.id) for row in rows if row.risk), ("high", "no-row"))
        action = next(((row.action, row.id) for row in rows if row.action), ("investigate", "no-row"))
        if len(self._answers) >= MEMORY:
            self._answers.clear()
        answer = self._answers[situation] = Answer(*risk, *action)
        return answer

    def owners(self, path: str, kind: str, group: str) -> tuple[OwnershipRule, ...]:
        """Rules about this field, the deciding one first; a rule of Git ends the list."""
        key = (path, kind, group)
        if (held := self._fields.get(key)) is not None:
            return held
        found: list[OwnershipRule] = []
        for rule in self._owners:
            if rule.covers(path, kind, group):
                found.append(rule)
                if rule.owner == "git":
                    break
        if len(self._fields) >= MEMORY:
            self._fields.clear()
        answer = self._fields[key] = tuple(found)
        return answer

    def may_heal(self, unit: str, kind: str, path: str, domain: str, environment: str, tier: str) -> str:
        """The id of the rule that allows it; empty where none does."""
        if not self._heal_enabled:
            return ""
        return next((rule.id for rule in self._heal if rule.allows(unit, kind, path, domain, environment, tier)), "")

    def registered(self, *names: str) -> Registered:
        """Facts about a unit that is known under any of these names."""
        owner = environment = tier = ""
        for matches, entry in self._units:
            if any(matches(name) for name in names if name):
                owner = owner or entry.owner or ""
                environment = environment or entry.environment or ""
                tier = tier or entry.risk_tier or ""
        return Registered(owner, environment, tier)


class OwnershipRule:
    """One compiled rule of ownership."""

    def __init__(self, rule: Ownership) -> None:
        self.id = rule.id
        self.owner = rule.owner
        self.unattributed = rule.unattributed
        self._kind = any_glob(rule.kinds)
        self._group = any_glob(rule.groups)
        self._paths = [pointer_pattern(path) for path in rule.paths]
        self._any_kind, self._any_group = not rule.kinds, not rule.groups
        self._writer = any_glob([name.lower() for name in rule.writers])
        self._any_writer = not rule.writers

    def covers(self, path: str, kind: str, group: str) -> bool:
        return (
            (self._any_kind or self._kind(kind))
            and (self._any_group or self._group(group))
            and any(pattern.fullmatch(path) for pattern in self._paths)
        )

    def written_by(self, event: AuditEvent) -> bool:
        return self._any_writer or self._writer(event.actor.lower()) or self._writer(event.user_agent.lower())

    def managed_by(self, manager: str, subresource: str) -> bool:
        if self._any_writer or self._writer(manager.lower()):
            return True
        return bool(subresource) and self._writer(f"{manager}#{subresource}".lower())


class _Heal:
    def __init__(self, rule: HealRule) -> None:
        self.id = rule.id
        self._rule = rule
        self._kind, self._unit = any_glob(rule.kinds), any_glob(rule.units)
        self._paths = [pointer_pattern(path) for path in rule.paths]

    def allows(self, unit: str, kind: str, path: str, domain: str, environment: str, tier: str) -> bool:
        rule = self._rule
        return (
            (not rule.domains or domain in rule.domains)
            and (not rule.environments or environment in rule.environments)
            and (not rule.tiers or tier in rule.tiers)
            and (not rule.kinds or self._kind(kind))
            and (not rule.units or self._unit(unit))
            and (not rule.paths or any(pattern.fullmatch(path) for pattern in self._paths))
        )


def _applies(row: Decision, at: Situation) -> bool:
    when = row.when
    return (
        (not when.drift_class or at.drift_class in when.drift_class)
        and (not when.domain or at.domain in when.domain)
        and (not when.environment or at.environment in when.environment)
        and (not when.tier or at.tier in when.tier)
        and (not when.facet or not at.facets.isdisjoint(when.facet))
        and (not when.without or at.facets.isdisjoint(when.without))
        and when.open_incident in (None, at.open_incident)
        and when.degraded in (None, at.degraded)
    )


class _Glob:
    """Whether a text fits any of several globs."""

    __slots__ = ("_pattern",)

    def __init__(self, globs: Sequence[str]) -> None:
        self._pattern = re.compile("|".join(translate(glob) for glob in globs)) if globs else None

    def __call__(self, text: str) -> bool:
        return self._pattern is not None and self._pattern.match(text) is not None


def any_glob(globs: Sequence[str]) -> _Glob:
    return _Glob(globs)


@lru_cache(maxsize=4096)
def pointer_pattern(pointer: str) -> re.Pattern[str]:
    """`*` is one step of a pointer (or a part of one), `**` any number of steps, also none."""
    steps = []
    for step in pointer.split("/")[1:]:
        if step == "**":
            steps.append("(?:/[^/]*)*")
        else:
            steps.append("/" + "[^/]*".join(re.escape(part) for part in step.split("*")))
    return re.compile("".join(steps))
