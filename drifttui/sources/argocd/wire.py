"""What a list of applications needs of Argo CD's JSON, as msgspec structs: all else is skipped while decoding.

Formats: argo-cd `pkg/apis/application/v1alpha1/types.go` and `server/*/*.proto` of v3.5. Go leaves empty fields out and
writes nil lists as null, hence the defaults and the `| None`. Times stay text: one odd date must not spoil a list.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec


class Part(msgspec.Struct, gc=False, frozen=True):
    """Base of all: no cycles, so the garbage collector need not look at ten thousand of them."""


class OwnerReference(Part, frozen=True):
    kind: str = ""
    name: str = ""


class Metadata(Part, rename="camel", frozen=True):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: list[OwnerReference] | None = None


class Destination(Part, frozen=True):
    server: str = ""
    name: str = ""
    namespace: str = ""


class ApplicationSource(Part, rename="camel", frozen=True):
    repo_url: str = msgspec.field(default="", name="repoURL")
    path: str = ""
    chart: str = ""
    target_revision: str = ""


class Hydrator(Part, rename="camel", frozen=True):
    dry_source: ApplicationSource = ApplicationSource()
    sync_source: ApplicationSource = ApplicationSource()


class Automated(Part, rename="camel", frozen=True):
    """`enabled` exists since v3.1; older servers drop it, so that what they say here is what they do."""

    prune: bool | None = None
    self_heal: bool | None = None
    enabled: bool | None = None


class SyncPolicy(Part, frozen=True):
    automated: Automated | None = None


class Spec(Part, rename="camel", frozen=True):
    project: str = ""
    destination: Destination = Destination()
    source: ApplicationSource | None = None
    sources: list[ApplicationSource] | None = None
    source_hydrator: Hydrator | None = None
    sync_policy: SyncPolicy | None = None


class Sync(Part, frozen=True):
    status: str = ""
    revision: str = ""
    revisions: list[str] | None = None


class Health(Part, rename="camel", frozen=True):
    status: str = ""
    message: str = ""


class ApplicationCondition(Part, rename="camel", frozen=True):
    type: str = ""
    message: str = ""
    last_transition_time: str | None = None


class Initiator(Part, frozen=True):
    username: str = ""
    automated: bool = False


class SyncOperation(Part, frozen=True):
    revision: str = ""
    revisions: list[str] | None = None


class RequestedOperation(Part, rename="camel", frozen=True):
    sync: SyncOperation | None = None
    initiated_by: Initiator = Initiator()


class SyncResult(Part, frozen=True):
    revision: str = ""
    revisions: list[str] | None = None


class OperationState(Part, rename="camel", frozen=True):
    phase: str = ""
    message: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    operation: RequestedOperation = RequestedOperation()
    sync_result: SyncResult | None = None


class ResourceStatus(Part, rename="camel", frozen=True):
    group: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    status: str = ""
    health: Health | None = None
    hook: bool = False
    requires_pruning: bool = False


class Status(Part, rename="camel", frozen=True):
    sync: Sync = Sync()
    health: Health = Health()
    conditions: list[ApplicationCondition] | None = None
    reconciled_at: str | None = None
    operation_state: OperationState | None = None
    resources: list[ResourceStatus] | None = None


class Application(Part, frozen=True):
    metadata: Metadata = Metadata()
    spec: Spec = Spec()
    status: Status = Status()
    operation: RequestedOperation | None = None


class ListMetadata(Part, rename="camel", frozen=True):
    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class ApplicationList(Part, frozen=True):
    metadata: ListMetadata = ListMetadata()
    items: list[Application] | None = None


class RawList(Part, frozen=True):
    """The same list with its items undecoded, for when one of them is not as expected."""

    metadata: ListMetadata = ListMetadata()
    items: list[msgspec.Raw] | None = None


class StreamEvent(Part, frozen=True):
    type: str = ""
    application: Application = Application()


class StreamError(Part, frozen=True):
    message: str = ""
    http_code: int = 0


class StreamMessage(Part, frozen=True):
    result: StreamEvent | None = None
    error: StreamError | None = None


class WatchMetadata(Part, rename="camel", frozen=True):
    resource_version: str = ""


class WatchStatus(Part, frozen=True):
    """The object of a watch line before its type is known: a bookmark's metadata or an error's `Status`."""

    metadata: WatchMetadata = WatchMetadata()
    code: int = 0
    message: str = ""


class WatchLine(Part, frozen=True):
    type: str = ""
    object: msgspec.Raw = msgspec.Raw(b"{}")


def moment(text: str | None) -> datetime | None:
    """A Kubernetes time in UTC; None where there is none or it cannot be read."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is UTC:
        return at
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def revision_of(revision: str, revisions: list[str] | None) -> str:
    """One revision, or those of several sources joined by commas."""
    return ",".join(revisions) if revisions else revision
