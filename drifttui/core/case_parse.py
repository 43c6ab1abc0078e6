"""A case from its document: unknown keys are left alone, a wrong type or time names its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from .case import (
    ACTOR_KINDS,
    AuditEvent,
    Case,
    CaseProblem,
    ChangeLink,
    Consumer,
    Expectation,
    IgnoreFact,
    Merge,
    PolicyResult,
    ResourceFacts,
    Signal,
    Surroundings,
    UnitFacts,
    Where,
)
from .finding import Change, Owner
from .planes import ABSENT, UNKNOWN, Json, Mark
from .verdict import ACTIONS, DOMAINS, DRIFT_CLASSES, RISKS

T = TypeVar("T")
MAX_ENTRIES = 20_000
"""Entries of one list. A case is one finding; more than this is a mistake or an attack."""


class _Section:
    """One mapping of the document and the way to it. Reads keys by type; null is the same as missing."""

    __slots__ = ("data", "where")

    def __init__(self, data: Any, where: Where) -> None:
        if not isinstance(data, Mapping):
            raise CaseProblem(where, f"a mapping is expected, not {_called(data)}")
        self.data: Mapping[str, Any] = data
        self.where = where

    def fail(self, key: str, what: str) -> CaseProblem:
        return CaseProblem((*self.where, key), what)

    def text(self, key: str, *, required: bool = False) -> str:
        """Numbers become text: an unquoted revision of digits is still a revision."""
        value = self.data.get(key)
        if isinstance(value, str):
            if required and not value.strip():
                raise self.fail(key, "must not be empty")
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float, type(None))):
            raise self.fail(key, f"a text is expected, not {_called(value)}")
        if value is None:
            if required:
                raise self.fail(key, "is required")
            return ""
        return str(value)

    def time(self, key: str, *, required: bool = False) -> datetime | None:
        value = self.data.get(key)
        if value is None:
            if required:
                raise self.fail(key, "is required")
            return None
        moment = value
        if isinstance(value, str):
            try:
                moment = datetime.fromisoformat(value.strip().upper())
            except ValueError:
                raise self.fail(key, f"{value[:40]!r} is no RFC 3339 time") from None
        if not isinstance(moment, datetime):
            raise self.fail(key, f"an RFC 3339 time is expected, not {_called(value)}")
        if moment.tzinfo is None:
            raise self.fail(key, f"{str(value)[:40]!r} has no UTC offset")
        try:
            return moment.astimezone(UTC)
        except OverflowError:
            raise self.fail(key, f"{str(value)[:40]!r} is out of range") from None

    def count(self, key: str) -> int:
        value = self.data.get(key)
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fail(key, f"a whole number is expected, not {_called(value)}")
        return value

    def section(self, key: str) -> _Section:
        if self.data.get(key) is None:
            raise self.fail(key, "is required")
        return _Section(self.data[key], (*self.where, key))

    def texts(self, key: str) -> tuple[str, ...] | None:
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list):
            raise self.fail(key, f"a list of texts is expected, not {_called(value)}")
        for position, item in enumerate(value):
            if not isinstance(item, str):
                raise CaseProblem((*self.where, key, position), f"a text is expected, not {_called(item)}")
        return tuple(value)

    def each(self, key: str, read: Callable[[_Section], T]) -> tuple[T, ...] | None:
        """None where the list is missing: nobody could read it, which is not the same as empty."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            raise self.fail(key, f"a list is expected, not {_called(value)}")
        if len(value) > MAX_ENTRIES:
            raise self.fail(key, f"has {len(value)} entries; at most {MAX_ENTRIES} are read")
        return tuple(read(_Section(item, (*self.where, key, position))) for position, item in enumerate(value))


def _called(value: Any) -> str:
    names: tuple[tuple[type, str], ...] = (
        (bool, "true or false"), (str, "a text"), (int, "a number"), (float, "a number"),
        (list, "a list"), (Mapping, "a mapping"), (type(None), "nothing"),
    )  # fmt: skip
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)


def _value(data: Mapping[str, Any], plane: str) -> Json | Mark:
    if plane not in data:
        return UNKNOWN
    value = data[plane]
    if isinstance(value, Mapping) and value.get("absent") is True and len(value) == 1:
        return ABSENT
    return value


def _owner(at: _Section) -> Owner:
    return Owner(at.text("manager"), at.text("operation"), at.text("subresource"), at.time("time"))


def _change(at: _Section) -> Change:
    if "path" not in at.data:
        raise at.fail("path", "is required")
    path = at.text("path")
    if path and not path.startswith("/"):
        raise at.fail("path", f"{path[:40]!r} is no JSON pointer; it starts with a slash")
    return Change(
        path,
        path,
        _value(at.data, "desired"),
        _value(at.data, "recorded"),
        _value(at.data, "actual"),
        at.each("managers", _owner) or (),
        at.data.get("sensitive") is True,
    )


def _event(at: _Section) -> AuditEvent:
    actor, kind = at.text("actor"), at.text("actor_kind")
    return AuditEvent(
        at.time("time"),
        actor,
        kind if kind in ACTOR_KINDS else "unknown",
        at.text("verb"),
        at.text("source"),
        at.text("user_agent"),
        at.text("source_ip"),
        at.text("event_id"),
        at.texts("touches"),
    )


def _merge(at: _Section) -> Merge:
    return Merge(at.text("sha"), at.time("time"), at.text("author"), at.text("pull_request"), at.texts("touches"))


def _link(at: _Section) -> ChangeLink:
    return ChangeLink(
        at.text("ref"),
        at.text("kind"),
        at.time("opened"),
        at.time("closed"),
        at.time("expires"),
        at.text("approved_by"),
        at.texts("units"),
    )


def _policy_result(at: _Section) -> PolicyResult:
    return PolicyResult(at.text("policy"), at.text("result"), at.time("since"), at.time("introduced"))


def _signal(at: _Section) -> Signal:
    return Signal(at.text("metric"), at.data.get("before"), at.data.get("after"), at.time("since"))


def _ignore(at: _Section) -> IgnoreFact:
    return IgnoreFact(
        at.texts("paths") or (),
        at.text("kind"),
        at.text("name"),
        at.text("reason"),
        at.time("added"),
        at.time("expires"),
    )


def _consumer(at: _Section) -> Consumer:
    return Consumer(at.text("name"), at.time("started_at"), at.data.get("holds"))


_SWITCH = {True: "on", False: "off"}
"""YAML 1.1 reads an unquoted `on` or `off` as a truth value."""


def _unit(at: _Section) -> UnitFacts:
    auto = at.data.get("auto_sync")
    return UnitFacts(
        id=at.text("id", required=True),
        engine=at.text("engine", required=True).lower(),
        environment=at.text("environment").lower(),
        owner=at.text("owner"),
        risk_tier=at.text("risk_tier").lower(),
        auto_sync=_SWITCH[auto] if isinstance(auto, bool) else at.text("auto_sync").lower(),
        last_reconciled=at.time("last_reconciled"),
        reconcile_error=at.text("reconcile_error"),
        desired_revision=at.text("desired_revision"),
        applied_revision=at.text("applied_revision"),
        engine_upgraded=at.time("engine_upgraded"),
        observed_at=at.time("observed_at", required=True),
    )


def _surroundings(top: _Section) -> Surroundings:
    if top.data.get("other_units") is None:
        return Surroundings()
    at = top.section("other_units")
    return Surroundings(
        at.count("same_drift"),
        at.count("total"),
        at.time("started"),
        at.texts("examples") or (),
        at.each("consumers", _consumer) or (),
        at.text("note"),
    )


def parse_case(document: Any) -> Case:
    """The facts of a case. Raises `CaseProblem` where a required key is missing or a value has the wrong type."""
    top = _Section(document, ())
    now = top.time("now", required=True)
    assert now is not None
    resource = top.section("resource")
    changes = top.each("changes", _change)
    if changes is None:
        raise top.fail("changes", "is required; it may be empty")
    return Case(
        now=now,
        unit=_unit(top.section("unit")),
        resource=ResourceFacts(
            resource.text("kind", required=True),
            resource.text("group"),
            resource.text("namespace"),
            resource.text("name"),
            resource.text("address"),
        ),
        changes=changes,
        audit=top.each("audit", _event),
        merges=top.each("merges", _merge),
        links=top.each("links", _link),
        policy_results=top.each("policy_results", _policy_result) or (),
        signals=top.each("signals", _signal) or (),
        ignore_rules=top.each("ignore_rules", _ignore) or (),
        surroundings=_surroundings(top),
        title=top.text("case"),
    )


def parse_expectation(document: Any) -> Expectation | None:
    """The label of a case, None where it has none. Words outside the vocabulary are a `CaseProblem`."""
    top = _Section(document, ())
    if top.data.get("expect") is None:
        return None
    at = top.section("expect")

    def words(key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
        found = at.texts(key)
        if not found:
            raise at.fail(key, "is required")
        for word in found:
            if word not in allowed:
                raise at.fail(key, f"{word[:40]!r} is none of {', '.join(allowed)}")
        return found

    heal = at.data.get("auto_heal")
    if not isinstance(heal, bool):
        raise at.fail("auto_heal", "true or false is expected")
    return Expectation(
        words("drift_class", DRIFT_CLASSES),
        words("domain", DOMAINS)[0],
        words("risk", RISKS),
        words("action", ACTIONS),
        heal,
        at.text("why"),
    )
