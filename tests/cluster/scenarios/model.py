"""What a scenario promises: which fields it moves, who the audit log names, what Argo CD makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tests.cluster.cluster import Cluster


@dataclass(frozen=True)
class Resource:
    """One object, named the way the API server's paths and audit events name it."""

    group: str
    version: str
    plural: str
    kind: str
    namespace: str
    name: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{self.namespace}/{self.plural}/{self.name}"


class Step(Protocol):
    """One thing that somebody does. With `check` off a refusal is no error: some steps are there to be refused."""

    def run(self, cluster: Cluster, *, check: bool = True) -> None: ...


@dataclass(frozen=True)
class Scenario:
    """One way in which a running system leaves Git, done for real."""

    name: str
    story: str
    unit: str
    resource: Resource
    steps: Sequence[Step]
    actor: str
    """User of the audit event that made the change; for a change in Git, the author's e-mail address."""
    verb: str = "patch"
    subresource: str = ""
    paths: Sequence[str] = ()
    """JSON pointers, in the live object, of what differs from Git. The empty pointer is the whole object."""
    hidden: Sequence[str] = ()
    """Pointers that differ as well but that a rule explains: an ignore rule of the unit, or a default of the schema."""
    manager: str | None = None
    """Field manager that owns `paths` afterwards. None when nothing is left, and for what admission added: owners
    are computed before it, so such a field belongs to nobody."""
    sync: str = "OutOfSync"
    """What Argo CD says. Its three-way diff does not see a field that was only ever added to the live object."""
    before: Sequence[Step] = ()
    """Confusers: steps just before the real one that changed nothing. A refusal is part of the plan."""
    then: Sequence[Step] = ()
    """Confusers: steps just after the real one that changed none of `paths`."""
    after: str | None = None
    """User of a later write to the same object that is not the cause."""
    undo: Sequence[Step] = ()
    """What puts things back that a sync of the unit does not."""
    unit_namespace: str = "argocd"


@dataclass(frozen=True)
class Trail:
    """What a scenario left behind."""

    scenario: Scenario
    event: Mapping[str, Any] | None
    """The audit event that is the cause; None for a change in Git."""
    events: Sequence[Mapping[str, Any]]
    """All attempts to write the object from just before the confusers on."""
    live: Mapping[str, Any] | None
    application: Mapping[str, Any]

    @property
    def managers(self) -> set[str]:
        """Everybody who owns something in the live object."""
        fields = (self.live or {}).get("metadata", {}).get("managedFields", [])
        return {each["manager"] for each in fields}
