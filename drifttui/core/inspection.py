"""Everything a source can say about one unit when it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from .identity import ResourceRef, UnitId
from .planes import Document, ThreePlanes

if TYPE_CHECKING:
    from .attributed import Attributed
    from .finding import Comparison
    from .git import Merges
    from .origins import Origin
    from .undone import Undone


class IgnoreRule(NamedTuple):
    """A suppression that the engine applies before it calls something different.

    `group`, `kind` may hold globs as in Argo CD; an empty `namespace`/`name` matches all. `origin` says who set it
    (`application`, `system`, `team`), `id` is how `hidden` names it.
    """

    id: str
    group: str
    kind: str
    namespace: str = ""
    name: str = ""
    json_pointers: tuple[str, ...] = ()
    jq_paths: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    origin: str = "application"


class Node(NamedTuple):
    """One object of the resource tree, also those that no manifest declares (ReplicaSets, Pods)."""

    ref: ResourceRef
    parents: tuple[ResourceRef, ...] = ()
    health: str = ""
    health_message: str = ""
    created_at: datetime | None = None
    images: tuple[str, ...] = ()
    orphan: bool = False
    info: tuple[tuple[str, str], ...] = ()


class Revision(NamedTuple):
    """One deployed revision, newest first in an `Inspection`."""

    revision: str
    deployed_at: datetime | None = None
    author: str = ""
    message: str = ""
    authored_at: datetime | None = None
    initiated_by: str = ""
    """Who or what started that sync."""
    repo: str = ""


class Event(NamedTuple):
    """A Kubernetes event near this unit."""

    at: datetime | None
    reason: str
    message: str
    warning: bool = False
    component: str = ""
    times: int = 1
    ref: ResourceRef | None = None


class SyncWindow(NamedTuple):
    kind: str
    """`allow` or `deny`."""
    schedule: str
    duration: str
    active: bool
    manual_sync: bool = False
    timezone: str = ""


class Extra(NamedTuple):
    """What Argo CD computes beside target and live, per managed resource. None where it did not say."""

    normalized_live: Document | None = None
    predicted_live: Document | None = None
    """What the object would be after the next sync."""
    modified: bool | None = None
    """The engine's own word: does it call this resource different?"""


class Inspection(NamedTuple):
    """One unit opened at one time. Partial answers are kept: `gaps` says in one line each what could not be read."""

    unit: UnitId
    observed_at: datetime
    resources: tuple[ThreePlanes, ...] = ()
    extras: Mapping[ResourceRef, Extra] = {}
    ignore_rules: tuple[IgnoreRule, ...] = ()
    tree: tuple[Node, ...] = ()
    revisions: tuple[Revision, ...] = ()
    events: tuple[Event, ...] = ()
    windows: tuple[SyncWindow, ...] = ()
    conflicts: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    list_keys: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
    """Per `group/Kind`, list keys that the cluster's own OpenAPI names: a path with `*` for positions → key names; no
    names at all for a set, whose items are their own keys."""
    defaults: Mapping[str, Mapping[str, object]] = {}
    """Per `group/Kind`, defaults that the cluster's own OpenAPI names: a path with `*` for positions → value."""

    who: Mapping[ResourceRef, Attributed] = {}
    """Who wrote what, of a recorded session: what its audit sources had told by then."""
    comparisons: Mapping[ResourceRef, Comparison] = {}
    """What differs, where the source itself knows it and documents side by side do not tell (stacks: drift is recorded
    against actual, unknown parts and noise are the plan's to name). Every other resource is compared by its planes."""
    merges: Mapping[ResourceRef, Merges] = {}
    """What Git says of what differs, of a recorded session."""
    undone: tuple[Undone, ...] = ()
    """What was gone by then and who undid it, of a recorded session."""
    origins: tuple[Origin, ...] = ()
    """Where the unit is rendered from, where the row cannot say it: several sources, or Helm values beside the path."""

    @property
    def uncompared(self) -> int:
        """Resources whose desired or actual plane nobody could read, so that nothing says that they are clean."""
        return sum(planes.desired is None or planes.actual is None for planes in self.resources)
