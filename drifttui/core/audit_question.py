"""What an audit source is asked and what it answers: the same words for files, CloudWatch Logs, Loki and CloudTrail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from .resource_question import ResourceQuestion, question_for

if TYPE_CHECKING:
    from .audit_cloudtrail import CloudTrailCall
    from .audit_kubernetes import KubernetesCall
    from .follow import SyncOperation
    from .identity import ResourceRef
    from .join_cloudtrail import CloudQuestion


class Trail(StrEnum):
    """The two records that exist of calls to an API."""

    KUBERNETES = "kubernetes"
    CLOUDTRAIL = "cloudtrail"


class Why(StrEnum):
    """Why a call that matters may be missing from an answer."""

    BLIND = "source blind"
    """It did not answer, or refused, for all or a part of the range. So does a source that nobody configured."""
    RETENTION = "retention passed"
    """The range begins before what the source still keeps."""
    LEVEL = "level too low"
    """It records less than was asked: no bodies, no data events, a kind that the audit policy leaves out."""
    LATE = "may still arrive"
    """The range ends later than what the source has delivered by now. The same question is worth asking again."""
    LEFT_OUT = "left out"
    """A budget, a limit or a size kept a part from being read."""
    DAMAGED = "damaged"
    """Records that could not be read."""


class Unseen(NamedTuple):
    """One thing that could not be seen. `words` is one sentence for people that names source and amount."""

    why: Why
    words: str


class AuditQuestion(NamedTuple):
    """Which calls are wanted: those that may have written any of these things in this range of time."""

    objects: tuple[ResourceQuestion, ...] = ()
    """Kubernetes objects."""
    clouds: tuple[CloudQuestion, ...] = ()
    """AWS resources by Terraform type and ids, names or ARNs."""
    since: datetime | None = None
    """None: as far back as the source goes at bearable cost; it says how far that was."""
    until: datetime | None = None
    """None: now."""
    status: bool = False
    """Keep `status` in bodies: a field below it is asked about."""
    applications: tuple[str, ...] = ()
    """Argo CD applications whose sync operations help to follow its controller to the one who asked; `namespace/name`
    or `name`. Empty: those that the objects themselves turn out to belong to."""

    @classmethod
    def about(cls, refs: Iterable[ResourceRef], since: datetime | None = None, status: bool = False) -> AuditQuestion:
        """Kubernetes objects by reference. References of stacks are left out: only their state knows the ids."""
        objects = dict.fromkeys(question_for(ref) for ref in refs if not ref.address)
        return cls(tuple(objects), since=since, status=status)


class AuditAnswer(NamedTuple):
    """Calls in any order, redacted, reads left out; failed calls and dry runs are in it, for the join sets them aside
    by name. An empty answer without `unseen` says that nothing was written."""

    source: str
    calls: tuple[KubernetesCall, ...] = ()
    """On the asked objects, `deletecollection` of their kind in their namespace among them."""
    cloud_calls: tuple[CloudTrailCall, ...] = ()
    operations: tuple[SyncOperation, ...] = ()
    """Syncs of Argo CD that calls on Applications show (`core.follow.operations_in`)."""
    deletions: tuple[KubernetesCall, ...] = ()
    """Deletions of namespaces, without bodies."""
    unseen: tuple[Unseen, ...] = ()
    first: datetime | None = None
    """Time of the earliest event that the source still holds or that was looked at. None: not known."""
    newest: datetime | None = None
    """Time of the newest event of any object that the source has delivered. None: not known, or there is none."""
    delay: timedelta | None = None
    """How late it may deliver (CloudTrail: 15 minutes). None: at once."""
    events: int = 0
    """Records that were looked at, here or by the store; 0 where nobody counted."""
    scanned: int = 0
    """Bytes that were looked at, here or by the store."""
    problems: Mapping[str, int] = {}
    """What could not be read or was skipped, in words → how many lines or records."""
    dropped: int = 0
    """Older calls on the objects that were left out to bound memory."""
    future: int = 0
    """Calls dated after now: a clock is wrong."""
    asked_at: datetime | None = None
    method: str = ""
    """How it was found, for the evidence: `scan`, `index`, `filter`, `Logs Insights`, `LookupEvents`, `Athena`."""

    @property
    def may_still_arrive(self) -> bool:
        return any(entry.why is Why.LATE for entry in self.unseen)
