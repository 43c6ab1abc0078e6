"""One row of the worklist: what a control plane says about one unit.

`Unit` is a NamedTuple and holds only what a list of ten thousand needs; everything else is read when a unit is opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from .identity import ResourceRef, UnitId

APPLIED = "Applied"
"""`Unit.sync` of an engine that applied the revision and does not look at live objects in between (Flux): only a look
into the unit tells whether it differs."""


class Auto(StrEnum):
    """What the engine does by itself."""

    HEALS = "heals"
    """Live changes are undone."""
    ON = "on"
    """New revisions are applied; live changes are left until then."""
    BY_HAND = "by hand"
    """Somebody or a pipeline applies."""
    PAUSED = "paused"
    """Automation is there and somebody suspended it."""
    UNKNOWN = "?"


class Condition(NamedTuple):
    """`type` as the engine names it, such as `ComparisonError`."""

    type: str
    message: str
    since: datetime | None = None
    error: bool = False
    """It makes what the engine says about drift untrustworthy or means that it cannot converge."""


class Operation(NamedTuple):
    """The engine's last or running sync."""

    phase: str
    """Running, Succeeded, Failed, Error, Terminating."""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    message: str = ""
    initiated_by: str = ""
    automated: bool = False
    revision: str = ""

    @property
    def running(self) -> bool:
        return self.phase in ("Running", "Terminating")


class Unit(NamedTuple):
    id: UnitId
    sync: str
    """`Synced`, `OutOfSync`, `Unknown`, in Argo CD's words for every engine, or `APPLIED`."""
    health: str
    """`Healthy`, `Progressing`, `Degraded`, `Suspended`, `Missing`, `Unknown`."""
    auto: Auto
    cluster: str
    """Where it runs: the destination's name, else its server URL."""
    namespace: str = ""
    project: str = ""
    environment: str = ""
    """`prod`, `staging`, `dev` or empty."""
    revision: str = ""
    """Desired revision last compared against."""
    reconciled_at: datetime | None = None
    """When the engine last compared against its source of truth. Argo CD leaves it alone for live changes."""
    observed_at: datetime | None = None
    """When the source gave us this answer."""
    version: str = ""
    """The object's resourceVersion, to drop answers that arrive out of order."""
    conditions: tuple[Condition, ...] = ()
    operation: Operation | None = None
    owner: str = ""
    """`ApplicationSet/team-payments`, `Application/root`: what would put it back."""
    repo: str = ""
    path: str = ""
    out_of_sync: tuple[ResourceRef, ...] = ()
    """Resources the engine itself calls different. Empty where it did not say."""
    prune: bool = False
    reverts: timedelta | datetime | None = None
    """When a live change is undone: a period after the change, or a moment; None where the engine leaves it."""
    tracks: str = ""
    """What the engine follows: `HEAD`, a branch, a tag, a commit; empty where its source does not say."""

    @property
    def error(self) -> Condition | None:
        """The condition that makes the engine's own answer untrustworthy, if any."""
        return next((c for c in self.conditions if c.error), None)

    @property
    def haystack(self) -> str:
        """Lower-case text that a plain filter term searches."""
        return " ".join(
            (self.id.name, self.id.namespace, self.cluster, self.namespace, self.project, self.owner, self.id.source)
        ).lower()


_ENVIRONMENTS: Mapping[str, str] = {
    "prod": "prod",
    "production": "prod",
    "prd": "prod",
    "live": "prod",
    "staging": "staging",
    "stage": "staging",
    "stg": "staging",
    "preprod": "staging",
    "uat": "staging",
    "dev": "dev",
    "development": "dev",
    "test": "dev",
    "sandbox": "dev",
    "qa": "dev",
}
_ENV_LABELS = ("environment", "env", "app.kubernetes.io/environment", "tags.datadoghq.com/env")


def environment_of(labels: Mapping[str, str], *names: str) -> str:
    """`prod`, `staging`, `dev` or empty: from labels first, then from words inside names."""
    for label in _ENV_LABELS:
        if value := _ENVIRONMENTS.get(labels.get(label, "").lower()):
            return value
    for name in names:
        for word in re.split(r"[^a-z]+", name.lower()):
            if value := _ENVIRONMENTS.get(word):
                return value
    return ""
