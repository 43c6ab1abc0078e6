"""The filter language: words that must be there, and `key:value` terms. One text for `/`, `--filter` and settings.

    payments sync:out env:prod risk:>=high age:>1h who:human -cluster:us-*

Terms are joined by AND; commas inside a value mean OR; `-` in front negates; `"two words"` is one word.
A term about findings (`risk age who class kind`) holds for a unit when it holds for any of its findings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from .ages import parse_span
from .board import Depth
from .errors import InputError, inert
from .finding import Finding
from .health import Freshness
from .rows import FindingRow, UnitRow
from .unit import Auto
from .verdict import DRIFT_CLASSES, RISKS, risk_rank
from .words import hand_of, holders

UnitTest = Callable[[UnitRow, datetime], bool]
FindingTest = Callable[[FindingRow, datetime], bool]

KEYS: Final[Mapping[str, str]] = {
    "sync": "out, synced or unknown",
    "health": "healthy, progressing, degraded, suspended, missing or unknown",
    "auto": "heals, on, hand, paused or unknown",
    "risk": "critical, high, medium, low, info or unknown; also >=high",
    "age": "a span: >1h, <30m",
    "is": "drift, clean, unknown, stale, blind, fresh, paused, overdue, shared, reading or failed",
    "env": "prod, staging or dev",
    "unit": "its name; * stands for anything",
    "cluster": "its name or server",
    "ns": "namespace of the unit or of what it deploys",
    "project": "Argo CD project",
    "owner": "what would put it back: an ApplicationSet or a parent",
    "engine": "argocd, flux-kustomization, …",
    "source": "argocd:eu-west-1",
    "class": "drift class: " + ", ".join(DRIFT_CLASSES[:3]) + ", …",
    "kind": "kind of the resource: Deployment",
    "who": "human, controller, engine or unknown tools, a kind of account, or a part of its or the manager's name",
}
"""Every key with what may follow it, for help and for error lines."""

_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "sync": ("out", "synced", "unknown"),
    "health": ("healthy", "progressing", "degraded", "suspended", "missing", "unknown"),
    "auto": ("heals", "on", "hand", "paused", "unknown"),
    "is": ("drift", "clean", "unknown", "stale", "blind", "fresh", "paused", "overdue", "shared", "reading", "failed"),
    "risk": (*RISKS, "unknown"),
}
_SYNC: Final = {"out": "OutOfSync", "synced": "Synced", "applied": "Applied", "unknown": "Unknown"}
_AUTO: Final = {
    "heals": Auto.HEALS,
    "on": Auto.ON,
    "hand": Auto.BY_HAND,
    "paused": Auto.PAUSED,
    "unknown": Auto.UNKNOWN,
}
_HANDS: Final = ("human", "controller", "engine", "unknown")
_TOKEN: Final = re.compile(r'\s*(-?)(?:([a-zA-Z]+):)?("(?:[^"]*)"?|\S*)')
_COMPARED: Final = re.compile(r"(>=|<=|>|<)(.+)")


class Term(NamedTuple):
    """One condition. `text` is as typed."""

    text: str
    unit: UnitTest
    finding: FindingTest


class Filter(NamedTuple):
    text: str
    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def unit(self, now: datetime) -> Callable[[UnitRow], bool]:
        """Whether a unit is shown at `now`."""
        tests = [term.unit for term in self.terms]
        if not tests:
            return _everything
        if len(tests) == 1:
            only = tests[0]
            return lambda row: only(row, now)
        return lambda row: all(test(row, now) for test in tests)

    def finding(self, now: datetime) -> Callable[[FindingRow], bool]:
        tests = [term.finding for term in self.terms]
        return (lambda row: all(test(row, now) for test in tests)) if tests else _everything

    def without(self, term: Term) -> Filter:
        left = tuple(other for other in self.terms if other is not term)
        return Filter(" ".join(other.text for other in left), left)


NO_FILTER: Final = Filter("")


def _everything(_: object) -> bool:
    return True


def parse(text: str) -> Filter:
    """The filter that `text` says. Raises `InputError` with one line that names the term and what may stand there."""
    filter_, error = read(text)
    if error is not None:
        raise error
    return filter_


def read(text: str) -> tuple[Filter, InputError | None]:
    """The terms that can be read and the first error: a filter works while it is still being typed."""
    terms: list[Term] = []
    first: InputError | None = None
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        assert match is not None
        at = match.end()
        negated, key, value = match.group(1) == "-", (match.group(2) or "").lower(), match.group(3).strip('"').lower()
        typed = match.group(0).strip()
        if not typed or typed == "-" or (not key and not value):
            continue
        try:
            terms.append(_term(typed, negated, key, value))
        except InputError as error:
            first = first or error
    return Filter(" ".join(term.text for term in terms), tuple(terms)), first


def _term(typed: str, negated: bool, key: str, value: str) -> Term:
    if key in ("app", "name"):
        key = "unit"
    if key == "namespace":
        key = "ns"
    if key and key not in KEYS:
        raise InputError(f"No filter key {inert(key, 30)}", "", "Keys: " + " ".join(KEYS) + ".")
    if key and not value:
        raise InputError(f"{key}: wants a value", KEYS[key])
    unit, finding = _TESTS[key](key, value) if key in _TESTS else _texts(key, value)
    if negated:
        return Term(typed, lambda row, now: not unit(row, now), lambda row, now: not finding(row, now))
    return Term(typed, unit, finding)


def _choices(key: str, value: str) -> list[str]:
    """The words meant by `value`: each part may be cut short (`sync:o`). Raises `InputError`."""
    chosen = []
    for part in value.replace("?", "unknown").replace("outofsync", "out").replace("by-hand", "hand").split(","):
        found = [word for word in _WORDS[key] if word.startswith(part)]
        if not part or not found:
            raise InputError(f"{key}:{inert(part, 30)} is none of {' '.join(_WORDS[key])}")
        chosen.append(part if part in found else found[0])
    return chosen


def _matcher(value: str) -> Callable[[str], bool]:
    """Contained in, or with `*` the whole of, a lower-case text."""
    parts = [part for part in value.split(",") if part]
    if any("*" in part for part in parts):
        pattern = re.compile("|".join(".*".join(re.escape(piece) for piece in part.split("*")) for part in parts))
        return lambda text: pattern.fullmatch(text.lower()) is not None
    if len(parts) == 1:
        only = parts[0]
        return lambda text: only in text.lower()
    return lambda text: any(part in text.lower() for part in parts)


def _texts(key: str, value: str) -> tuple[UnitTest, FindingTest]:
    if not key:
        return (lambda row, now: value in row.haystack), (lambda row, now: value in row.haystack)
    holds = _matcher(value)
    read = _READ[key]

    def unit(row: UnitRow, now: datetime) -> bool:
        return any(holds(text) for text in read(row))

    return unit, lambda row, now: unit(row.of, now)


_READ: Final[Mapping[str, Callable[[UnitRow], Sequence[str]]]] = {
    "env": lambda row: (row.unit.environment,),
    "unit": lambda row: (row.unit.id.name,),
    "cluster": lambda row: (row.unit.cluster,),
    "ns": lambda row: (row.unit.namespace, row.unit.id.namespace),
    "project": lambda row: (row.unit.project,),
    "owner": lambda row: (row.unit.owner,),
    "engine": lambda row: (row.unit.id.engine,),
    "source": lambda row: (row.unit.id.source,),
}


def _sync(key: str, value: str) -> tuple[UnitTest, FindingTest]:
    wanted = {_SYNC[word] for word in _choices(key, value)}
    return (lambda row, now: row.unit.sync in wanted), (lambda row, now: row.of.unit.sync in wanted)


def _health(key: str, value: str) -> tuple[UnitTest, FindingTest]:
    wanted = {word.capitalize() for word in _choices(key, value)}
    return (lambda row, now: row.unit.health in wanted), (lambda row, now: row.of.unit.health in wanted)


def _auto(key: str, value: str) -> tuple[UnitTest, FindingTest]:
    wanted = {_AUTO[word] for word in _choices(key, value)}
    return (lambda row, now: row.unit.auto in wanted), (lambda row, now: row.of.unit.auto in wanted)


def _is(key: str, value: str) -> tuple[UnitTest, FindingTest]:
    wanted = _choices(key, value)
    tests: Mapping[str, Callable[[UnitRow], bool]] = {
        "drift": lambda row: row.drifted,
        "clean": lambda row: not row.risk,
        "unknown": lambda row: row.unsure,
        "stale": lambda row: row.fresh is not Freshness.FRESH,
        "blind": lambda row: row.fresh is Freshness.BLIND,
        "fresh": lambda row: row.fresh is Freshness.FRESH,
        "paused": lambda row: row.paused,
        "shared": lambda row: bool(row.look.conflicts),
        "reading": lambda row: row.look.depth is Depth.READING,
        "failed": lambda row: row.look.depth is Depth.FAILED,
    }

    def unit(row: UnitRow, now: datetime) -> bool:
        if "overdue" in wanted and row.pause is not None and row.pause.overdue(now):
            return True
        return any(tests[word](row) for word in wanted if word in tests)

    return unit, lambda row, now: unit(row.of, now)


def _risk(key: str, value: str) -> tuple[UnitTest, FindingTest]:
    """A comparison is only true of what was judged: unknown is neither above nor below anything."""
    match = _COMPARED.fullmatch(value)
    if match is None:
        wanted = set(_choices(key, value))
    else:
        word = _choices(key, match.group(2))[0]
        if word == "unknown":
            raise InputError("risk:" + inert(value, 30), "unknown has no rank", "Use risk:unknown.")
        compare = _COMPARISONS[match.group(1)]
        wanted = {risk for risk in RISKS if compare(risk_rank(risk), risk_rank(word))}
    return (lambda row, now: row.risk in wanted), (lambda row, now: row.risk in wanted)


_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


def _age(key: str, value: str) -> tuple[UnitTest, FindingTest]:
    """Without a sign: at least as old. An age that nobody knows is neither."""
    match = _COMPARED.fullmatch(value)
    sign, words = (match.group(1), match.group(2)) if match else (">=", value)
    try:
        wanted: timedelta = parse_span(words)
    except ValueError as error:
        raise InputError(f"age:{inert(value, 30)}", "no span of time", "Such as age:>1h or age:<30m.") from error
    compare = _COMPARISONS[sign]
    seconds = wanted.total_seconds()

    def holds(since: datetime | None, now: datetime) -> bool:
        return since is not None and compare((now - since).total_seconds(), seconds)

    return (lambda row, now: holds(row.since, now)), (lambda row, now: holds(row.finding.first_seen, now))


def _of_findings(holds: Callable[[Finding], bool]) -> tuple[UnitTest, FindingTest]:
    return (
        lambda row, now: any(holds(finding) for finding in row.look.findings),
        lambda row, now: holds(row.finding),
    )


def _class(key: str, value: str) -> tuple[UnitTest, FindingTest]:
    holds = _matcher(value)
    return _of_findings(lambda f: holds(f.verdict.drift_class if f.verdict else "unknown"))


def _kind(key: str, value: str) -> tuple[UnitTest, FindingTest]:
    holds = _matcher(value)
    return _of_findings(lambda f: holds(f.ref.kind))


def _who(key: str, value: str) -> tuple[UnitTest, FindingTest]:
    parts = value.split(",")
    holds = _matcher(value)

    def by(finding: Finding) -> bool:
        lines = finding.who.lines if finding.who is not None else ()
        if any(holds(word) for line in lines if line.actor.name for word in (line.actor.name, line.actor.kind.value)):
            return True
        owners = holders(finding)
        if not owners:
            return "unknown" in parts
        return any(
            (hand := hand_of(owner.manager)) in parts or (hand not in parts and holds(owner.manager))
            for owner in owners
        )

    if all(part in _HANDS for part in parts):
        return _of_findings(
            lambda f: any(hand_of(o.manager) in parts for o in holders(f)) or (not holders(f) and "unknown" in parts)
        )
    return _of_findings(by)


_TESTS: Final[Mapping[str, Callable[[str, str], tuple[UnitTest, FindingTest]]]] = {
    "sync": _sync,
    "health": _health,
    "auto": _auto,
    "is": _is,
    "risk": _risk,
    "age": _age,
    "class": _class,
    "kind": _kind,
    "who": _who,
}
