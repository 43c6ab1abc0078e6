"""What follows from a case before anybody judges: freshness, revisions, how planes stand, which merge explains what."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from .ages import span
from .attribute import CLOCKS_APART, Attribution, attribute, newest, related
from .case import ENVIRONMENTS, Case, ChangeLink, Merge, Signal
from .classify_spelling import Field, alike, literal
from .domains import domain_of
from .finding import Change, Owner
from .links import Covered, covered, open_incidents
from .planes import ABSENT, UNKNOWN, Json, Mark, Plane

FRESH = timedelta(hours=1)
"""An observation older than this no longer says what runs."""

_WORSE_WHEN_MORE = re.compile(
    r"error|fail|latency|timeout|5xx|4xx|_4\d\d|_5\d\d|denied|reject|drop|lag|backlog|queue|restart|saturat|p9\d|p50|_ms\b|"
    r"duration|exception|unavailable|crash|oom|throttl|evict|depth|burn|loss|retries|stale|pending|abort|kill|alert|"
    r"incident|complaint|cancel|unhealthy"
)
_WORSE_WHEN_LESS = re.compile(
    r"success|availab|uptime|healthy|ready|throughput|request|hit_ratio|hit_rate|apdex|orders|checkout|conversion|"
    r"completed|processed|rps|qps|served|logins|revenue"
)
_HEX = re.compile(r"[0-9a-f]+")
_WORD = re.compile(r"[a-z0-9]+")
_ENVIRONMENT_WORDS = frozenset(
    (
        "prod",
        "production",
        "prd",
        "live",
        "staging",
        "stage",
        "stg",
        "preprod",
        "uat",
        "dev",
        "development",
        "test",
        "qa",
    )
)


class Pending(NamedTuple):
    """A merge that explains a change, and why it does."""

    merge: Merge
    fact: str
    applied: bool
    """The merge is in the applied revision already: the compared render is what lags behind."""


class CaseFacts:
    """Facts of the whole case. Computed once, on demand."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.unit = case.unit
        self.kubernetes = case.unit.kubernetes

    @cached_property
    def environment(self) -> str:
        """An environment that nobody named is treated as production."""
        return self.unit.environment if self.unit.environment in ENVIRONMENTS else "prod"

    @cached_property
    def age(self) -> timedelta | None:
        """Of the look at the actual plane; None where nobody knows, negative where it lies in the future."""
        seen = self.unit.observed_at
        return None if seen is None else self.case.now - seen

    @cached_property
    def fresh(self) -> bool:
        return self.age is not None and -CLOCKS_APART <= self.age <= FRESH

    @cached_property
    def age_words(self) -> str:
        if self.age is None:
            return "at an unknown time"
        return f"{span(self.age.total_seconds())} ago" if self.age >= timedelta(0) else "in the future"

    @cached_property
    def revisions_agree(self) -> bool | None:
        """Whether the applied revision is the desired one; None where one of them is unknown."""
        desired, applied = self.unit.desired_revision, self.unit.applied_revision
        return same_revision(desired, applied) if desired and applied else None

    @cached_property
    def incidents(self) -> tuple[ChangeLink, ...]:
        return open_incidents(self.case)

    @cached_property
    def degraded(self) -> Signal | None:
        """A signal that got worse, if any."""
        return next((signal for signal in self.case.signals if course(signal) > 0), None)

    @cached_property
    def unsettled(self) -> Signal | None:
        """A signal that did not clearly get better: reason enough to leave things to a person."""
        return next((signal for signal in self.case.signals if course(signal) >= 0), None)

    @cached_property
    def changes(self) -> tuple[ChangeFacts, ...]:
        return tuple(ChangeFacts(self, change) for change in self.case.changes)


class ChangeFacts:
    """Facts of one change."""

    def __init__(self, whole: CaseFacts, change: Change) -> None:
        self.whole = whole
        self.case = whole.case
        self.change = change
        self.path = change.path
        resource = whole.case.resource
        self.domain = domain_of(change.path, resource.kind, resource.group, whole.kubernetes)

    @property
    def desired(self) -> Json | Mark:
        return self.change.desired

    @property
    def recorded(self) -> Json | Mark:
        return self.change.recorded

    @property
    def actual(self) -> Json | Mark:
        return self.change.actual

    @cached_property
    def unknown(self) -> tuple[Plane, ...]:
        return tuple(plane for plane in Plane if self.change.value(plane) is UNKNOWN)

    @cached_property
    def field(self) -> Field:
        tokens = tuple(token.replace("~1", "/").replace("~0", "~") for token in self.path.lower().split("/")[1:])
        return Field(tokens, self.case.resource.kind, self.whole.kubernetes, names_resolve=self.domain != "identity")

    def alike(self, one: Json | Mark, other: Json | Mark) -> bool:
        return alike(one, other, self.field)

    @cached_property
    def known(self) -> list[Json | Mark]:
        return [value for plane in Plane if (value := self.change.value(plane)) is not UNKNOWN]

    @cached_property
    def reading(self) -> bool:
        """Only the actual plane, and nothing to compare it with."""
        return self.actual is not UNKNOWN and len(self.known) == 1

    @cached_property
    def agreeing(self) -> bool:
        """Two or more planes are known and hold the same JSON."""
        return len(self.known) > 1 and all(literal(one, other) for one, other in pairwise(self.known))

    @cached_property
    def untouched(self) -> bool:
        """What runs is what was last applied."""
        return self.alike(self.recorded, self.actual)

    @cached_property
    def may_be_untouched(self) -> bool:
        """`untouched`, or the record is unknown and the audit log was read and names nobody."""
        if self.recorded is not UNKNOWN:
            return self.untouched
        found = self.attribution
        return not (found.unread or found.ambiguous or found.writer or found.later)

    @cached_property
    def in_place(self) -> bool:
        """What runs is what is declared."""
        return self.alike(self.desired, self.actual)

    @cached_property
    def attribution(self) -> Attribution:
        return attribute(self.case, self.change)

    @cached_property
    def cover(self) -> Covered:
        writer = self.attribution.writer
        assert writer is not None
        return covered(self.case, writer)

    @cached_property
    def manager(self) -> Owner | None:
        """The field manager that wrote last."""
        return newest(self.change.owners)

    @cached_property
    def pending(self) -> Pending | None:
        """The newest merge that explains this change."""
        found = [explained for merge in self.case.merges or () if (explained := self._explains(merge)) is not None]
        return max(found, key=lambda one: one.merge.time.timestamp() if one.merge.time else 0.0, default=None)

    def _explains(self, merge: Merge) -> Pending | None:
        if not touches(merge, self.path, self.case.unit.id):
            return None
        unit = self.case.unit
        name = merge.pull_request or merge.sha or "a merge"
        applied = among(merge.sha, unit.applied_revision)
        if among(merge.sha, unit.desired_revision):
            if applied or self.whole.revisions_agree is not False:
                return None
            return Pending(merge, f"{name} is the desired revision and is not applied yet", False)
        if applied:
            if self.whole.revisions_agree is False and not self._desired_is_newer(merge):
                return Pending(merge, f"{name} is applied, and desired was rendered from an older revision", True)
            return None
        if self._contained(merge):
            return None
        return Pending(merge, f"{name} is newer than the revision that desired was rendered from", False)

    def _desired_is_newer(self, merge: Merge) -> bool:
        desired = self._merge_of(self.case.unit.desired_revision)
        return bool(desired and desired.time and merge.time and desired.time >= merge.time)

    def _contained(self, merge: Merge) -> bool:
        """Whether desired already holds a merge that is neither its own revision nor the applied one.

        Decided by the time of desired's own merge; else by the last success, which cannot have applied a later merge.
        Without any time the merge is not known to be newer, and explains nothing.
        """
        if merge.time is None:
            return True
        desired = self._merge_of(self.case.unit.desired_revision)
        if desired is not None and desired.time is not None:
            return merge.time <= desired.time
        last = self.case.unit.last_reconciled
        return last is None or merge.time <= last

    def _merge_of(self, revision: str) -> Merge | None:
        return next((merge for merge in self.case.merges or () if among(merge.sha, revision)), None)


@lru_cache(maxsize=4096)
def same_revision(one: str, other: str) -> bool:
    """Equal revisions, also where one is shortened or carries its branch as Flux writes it (`main@sha1:0a1b…`)."""
    first, second = _bare(one), _bare(other)
    if not first or not second:
        return False
    if first == second:
        return True
    short, long = sorted((first, second), key=len)
    return len(short) >= 7 and bool(_HEX.fullmatch(long)) and long.startswith(short)


def among(one: str, revisions: str) -> bool:
    """Whether a revision is one of those that the sources of a unit stand at, joined by commas."""
    return any(same_revision(one, each) for each in revisions.split(","))


def _bare(revision: str) -> str:
    return revision.rsplit("@", 1)[-1].rsplit(":", 1)[-1].rsplit("/", 1)[-1].strip().lower()


def touches(merge: Merge, path: str, unit: str) -> bool:
    """Whether a merge reaches the path or one of the unit's files. A merge nobody could look into may."""
    if merge.touches is None:
        return True
    return any(
        related(touched, path) if touched == "" or touched.startswith("/") else file_of_unit(touched, unit)
        for touched in merge.touches
    )


@lru_cache(maxsize=4096)
def file_of_unit(file: str, unit: str) -> bool:
    """Whether a file belongs to a unit, by their words: no system tells it for every layout.

    Every word of the unit's name stands in the file's path, but for the environment, which must not be another one.
    """
    words = set(_WORD.findall(file.lower()))
    name = set(_WORD.findall(unit.lower().partition("/")[2] or unit.lower()))
    wanted = name & _ENVIRONMENT_WORDS
    given = words & _ENVIRONMENT_WORDS
    if given and wanted and not given & wanted:
        return False
    needed = name - _ENVIRONMENT_WORDS
    return bool(needed) and needed <= words


def course(signal: Signal) -> int:
    """1 where a signal got worse, -1 where it got better, 0 where nobody can tell. A tenth is not a change."""
    before, after = signal.before, signal.after
    if isinstance(before, bool) or isinstance(after, bool):
        return 0
    if not isinstance(before, (int, float)) or not isinstance(after, (int, float)):
        return 0
    if abs(after - before) <= 0.1 * abs(before):
        return 0
    metric = signal.metric.lower()
    more = after > before
    if _WORSE_WHEN_MORE.search(metric):
        return 1 if more else -1
    if _WORSE_WHEN_LESS.search(metric):
        return -1 if more else 1
    return 0


def is_absent(value: Json | Mark) -> bool:
    """Read and not there, or null, which Kubernetes and Terraform keep as not there."""
    return value is ABSENT or value is None
