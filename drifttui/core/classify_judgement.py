"""The judgement of one change, and the words that its reasons share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from .attribute import Writer
from .domains import SECURITY_LOGGING, privileged
from .errors import inert
from .facts import ChangeFacts, is_absent
from .links import Cover
from .planes import ABSENT, UNKNOWN, Json, Mark
from .verdict import Reason

VALUE_LIMIT = 60
"""Longest value in a reason, in characters."""

UNKNOWN_CONFIDENCE = 0.3
"""Of saying that nobody can tell. Lower than any weaker verdict, so that losing evidence never makes one surer."""


class Judgement(NamedTuple):
    """How one change came about. `facets` are the details that decision rows ask for."""

    drift_class: str
    confidence: float
    reasons: tuple[Reason, ...]
    facets: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    domain: str = ""
    """Only where it is not that of the path."""
    facts: ChangeFacts | None = None
    writer: Writer | None = None

    def because(self, rule: str, fact: str) -> Judgement:
        return self._replace(reasons=(*self.reasons, Reason(rule, fact)))


def judged(
    facts: ChangeFacts | None,
    drift_class: str,
    confidence: float,
    rule: str,
    fact: str,
    *more: str,
    missing: Iterable[str] = (),
    writer: Writer | None = None,
    domain: str = "",
) -> Judgement:
    """A judgement with its first reason; `more` are facets."""
    return Judgement(
        drift_class, confidence, (Reason(rule, fact),), frozenset(more), tuple(missing), domain, facts, writer
    )


def unknown(facts: ChangeFacts | None, rule: str, fact: str, *more: str, missing: Iterable[str] = ()) -> Judgement:
    return judged(facts, "unknown", UNKNOWN_CONFIDENCE, rule, fact, *more, missing=missing)


def where(facts: ChangeFacts) -> str:
    """The path, for people."""
    return inert(facts.path, 120) or "the whole object"


def shown(facts: ChangeFacts, value: Json | Mark) -> str:
    """A value in a reason. Material of a secret is never repeated, not even as a digest."""
    if value is ABSENT:
        return "absent"
    if value is UNKNOWN:
        return "unknown"
    if facts.change.sensitive or facts.domain == "secret" or (isinstance(value, dict) and "digest" in value):
        return "a value"
    if isinstance(value, dict):
        return f"an object of {len(value)} keys"
    return inert(str(value), VALUE_LIMIT) or '""'


def difference(facts: ChangeFacts) -> str:
    return f"{where(facts)}: declared {shown(facts, facts.desired)}, runs {shown(facts, facts.actual)}"


def moment(at: datetime | None) -> str:
    return at.isoformat().replace("+00:00", "Z") if at else "an unknown time"


def who(writer: Writer) -> str:
    kind = writer.kind if writer.kind != "unknown" else "kind of account unknown"
    return f"{inert(writer.actor, 120) or 'nobody named'} ({kind})"


def field_facets(facts: ChangeFacts) -> frozenset[str]:
    """What kind of field it is, whoever wrote it."""
    found = set()
    kind = facts.case.resource.kind
    if facts.domain == "workload" and privileged(facts.path):
        found.add("privilege")
    if facts.domain == "workload" and _WHOLE_CONTAINER.search(facts.path) and not is_absent(facts.actual):
        found.add("code")
    if facts.domain == "observability" and (
        SECURITY_LOGGING.search(kind.lower())
        or SECURITY_LOGGING.search(facts.path.lower())
        or SECURITY_LOGGING.search(facts.case.resource.name.lower())
    ):
        found.add("security-log")
    if "/resources/" in f"{facts.path}/" and "/containers/" in facts.path:
        found.add("resources")
    if is_absent(facts.desired) and not is_absent(facts.actual):
        found.add("added")
    if facts.path == "" and facts.actual is ABSENT and facts.desired is not ABSENT:
        found.add("gone")
    if facts.domain in ("identity", "network") and _narrowed(facts):
        found.add("narrowed")
    return frozenset(found)


_WHOLE_CONTAINER = re.compile(r"/(containers|initContainers|ephemeralContainers|container_definitions)(/\d+)?$")
"""A container that was put there whole brings an image that nobody reviewed."""
_LIMITS = ("condition", "deny", "boundary", "/policytypes", "networkpolicy", "authorizationpolicy", "mfa", "waf", "acl")
"""Taking one of these away opens something."""


def _narrowed(facts: ChangeFacts) -> bool:
    """Whether a grant or a range was only taken away. In doubt it was not."""
    text = f"{facts.path} {facts.case.resource.kind}".lower()
    if facts.path == "" or any(word in text for word in _LIMITS):
        return False
    declared, runs = facts.desired, facts.actual
    if runs is ABSENT and declared is not UNKNOWN:
        return isinstance(declared, (str, dict, list))
    if isinstance(declared, list) and isinstance(runs, list):
        return len(runs) < len(declared) and all(item in declared for item in runs)
    return False


_COVER_FACETS = {
    Cover.ACTIVE: "covered",
    Cover.ACCEPTED: "accepted",
    Cover.EXPIRED: "expired-cover",
    Cover.NONE: "no-cover",
}


def cover_facets(facts: ChangeFacts) -> frozenset[str]:
    """How a known person's write stands towards the records; nothing where there is no such person."""
    writer = facts.attribution.writer
    if writer is None or not writer.person or facts.case.links is None:
        return frozenset()
    return frozenset({_COVER_FACETS[facts.cover.cover]})
