"""What opening one application needs of Argo CD's JSON. Same rules as `wire`."""

from __future__ import annotations

import msgspec

from .wire import Application, ApplicationSource, Health, Initiator, Part, Spec, Status


class IgnoreDifference(Part, rename="camel", frozen=True):
    group: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    json_pointers: list[str] | None = msgspec.field(default=None, name="jsonPointers")
    jq_path_expressions: list[str] | None = None
    managed_fields_managers: list[str] | None = None


class History(Part, rename="camel", frozen=True):
    id: int = 0
    revision: str = ""
    revisions: list[str] | None = None
    deployed_at: str | None = None
    initiated_by: Initiator = Initiator()
    source: ApplicationSource = ApplicationSource()
    sources: list[ApplicationSource] | None = None


class Helm(Part, rename="camel", frozen=True):
    value_files: list[str] | None = None


class SourceInFull(ApplicationSource, rename="camel", frozen=True):
    ref: str = ""
    helm: Helm | None = None


class SpecInFull(Spec, rename="camel", frozen=True):
    source: SourceInFull | None = None
    sources: list[SourceInFull] | None = None  # type: ignore[assignment]
    ignore_differences: list[IgnoreDifference] | None = None


class StatusInFull(Status, rename="camel", frozen=True):
    history: list[History] | None = None


class ApplicationInFull(Application, frozen=True):
    spec: SpecInFull = SpecInFull()
    status: StatusInFull = StatusInFull()


class ManagedResource(Part, rename="camel", frozen=True):
    """The states are JSON inside strings; `"null"` is an object that is not there, the empty string says nothing."""

    group: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    target_state: str = ""
    live_state: str = ""
    normalized_live_state: str = ""
    predicted_live_state: str = ""
    modified: bool = False


class ManagedResources(Part, frozen=True):
    items: list[ManagedResource] | None = None


class TreeRef(Part, frozen=True):
    group: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""


class Info(Part, frozen=True):
    name: str = ""
    value: str = ""


class TreeNode(Part, rename="camel", frozen=True):
    group: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    parent_refs: list[TreeRef] | None = None
    info: list[Info] | None = None
    health: Health | None = None
    images: list[str] | None = None
    created_at: str | None = None


class Tree(Part, rename="camel", frozen=True):
    nodes: list[TreeNode] | None = None
    orphaned_nodes: list[TreeNode] | None = None


class EventSource(Part, frozen=True):
    component: str = ""


class Involved(Part, rename="camel", frozen=True):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    api_version: str = ""


class Series(Part, rename="camel", frozen=True):
    count: int = 0
    last_observed_time: str | None = None


class KubernetesEvent(Part, rename="camel", frozen=True):
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int = 0
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: Series | None = None
    source: EventSource = EventSource()
    reporting_component: str = ""
    involved_object: Involved = Involved()


class EventList(Part, frozen=True):
    items: list[KubernetesEvent] | None = None


class Window(Part, rename="camel", frozen=True):
    kind: str = ""
    schedule: str = ""
    duration: str = ""
    manual_sync: bool = False
    time_zone: str = ""


class Windows(Part, rename="camel", frozen=True):
    active_windows: list[Window] | None = None
    assigned_windows: list[Window] | None = None


class RevisionMetadata(Part, frozen=True):
    author: str = ""
    date: str | None = None
    message: str = ""


class Override(Part, rename="camel", frozen=True):
    """One `resource.customizations` entry; `ignore_differences` is YAML in a string."""

    ignore_differences: str = ""


class Settings(Part, rename="camel", frozen=True):
    app_label_key: str = ""
    tracking_method: str = ""
    controller_namespace: str = ""
    resource_overrides: dict[str, Override] | None = None


class Version(Part, frozen=True):
    version: str = msgspec.field(default="", name="Version")


class UserInfo(Part, rename="camel", frozen=True):
    logged_in: bool = False
    username: str = ""
    iss: str = ""


class Answer(Part, frozen=True):
    value: str = ""
