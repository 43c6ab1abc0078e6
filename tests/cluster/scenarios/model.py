"""What a scenario promises: which fields it moves, who the audit log names, what Argo CD makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    def path(self) -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{self.namespace}/{self.plural}/{self.name}"


@dataclass(frozen=True)
class Call:
    """One run of kubectl. `{kind}/{name}` and namespace are written out, so that it reads like a shell history."""

    context: str
    arguments: Sequence[str]
    stdin: str | None = None
    editor: str | None = None
    """A sed script that stands in for the person in `kubectl edit`."""

    def dry(self, context: str) -> Call:
        """The same, asked of the server but not done, by somebody else."""
        return Call(context, [*self.arguments, "--dry-run=server"], self.stdin)

    def by(self, context: str) -> Call:
        return Call(context, self.arguments, self.stdin, self.editor)


@dataclass(frozen=True)
class Scenario:
    """One way in which a running system leaves Git, done for real."""

    name: str
    story: str
    unit: str
    resource: Resource
    act: Callable[[Cluster], None]
    actor: str
    """User of the audit event that made the change; for a change in Git, the author's e-mail address."""
    verb: str = "patch"
    subresource: str = ""
    paths: Sequence[str] = ()
    """JSON pointers, in the live object, of what differs from Git. The empty pointer is the whole object."""
    hidden: Sequence[str] = ()
    """Pointers that differ as well but that a rule explains: an ignore rule of the unit, or a default of the schema."""
    manager: str | None = None
    """Field manager that owns `paths` afterwards; None when nothing is left to own."""
    sync: str = "OutOfSync"
    """What Argo CD says. Its three-way diff does not see a field that was only ever added to the live object."""
    before: Sequence[Call] = ()
    """Confusers: calls just before the real one that changed nothing. A refusal is part of the plan."""
    after: str | None = None
    """Confuser: user of a later write to the same object that is not the cause."""
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
