"""The few fields of the API server's JSON that are looked at, as msgspec structs; whole objects stay undecoded until
somebody asks for them.

Formats: k8s.io/apimachinery `pkg/apis/meta/v1`, k8s.io/api `apidiscovery/v2`, `authorization/v1`, `authentication/v1`,
`core/v1`. Go writes nil lists and maps as null, hence the `| None`. Times stay text: one odd date spoils no list.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ...core.errors import BadAnswer, inert
from ...core.planes import Document


class Part(msgspec.Struct, gc=False, rename="camel"):
    """Base of all: no cycles, so the garbage collector need not look at them."""


class ListMetadata(Part):
    resource_version: str = ""
    # A name apart from the keyword.
    more: str = msgspec.field(default="", name="continue")


class Metadata(Part):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""


class Head(Part):
    """The beginning of any object, also of a Status."""

    kind: str = ""
    metadata: Metadata = msgspec.field(default_factory=Metadata)
    code: int = 0
    message: str = ""


class RawList(Part):
    metadata: ListMetadata = msgspec.field(default_factory=ListMetadata)
    items: list[msgspec.Raw] | None = None


class WatchEvent(Part):
    type: str
    object: msgspec.Raw


class ResponseKind(Part):
    group: str = ""
    version: str = ""
    kind: str = ""


class DiscoveredResource(Part):
    resource: str = ""
    response_kind: ResponseKind | None = None
    scope: str = "Namespaced"
    verbs: list[str] | None = None


class DiscoveredVersion(Part):
    version: str
    resources: list[DiscoveredResource] | None = None
    freshness: str = "Current"
    """`Stale` where the aggregated API behind this group does not answer."""


class DiscoveredGroup(Part):
    metadata: Metadata = msgspec.field(default_factory=Metadata)
    versions: list[DiscoveredVersion] | None = None


class GroupVersion(Part):
    version: str = ""


class LegacyGroup(Part):
    name: str = ""
    versions: list[GroupVersion] | None = None
    preferred_version: GroupVersion | None = None


class LegacyResource(Part):
    name: str = ""
    kind: str = ""
    namespaced: bool = False
    verbs: list[str] | None = None


class LegacyResources(Part):
    resources: list[LegacyResource] | None = None


class DiscoveryAnswer(Part):
    """`/apis` in either form; `kind` tells which."""

    kind: str = ""
    items: list[DiscoveredGroup] | None = None
    groups: list[LegacyGroup] | None = None


class AccessStatus(Part):
    allowed: bool = False


class AccessReview(Part):
    status: AccessStatus | None = None


class UserInfo(Part):
    username: str = ""
    groups: list[str] | None = None


class SelfStatus(Part):
    user_info: UserInfo = msgspec.field(default_factory=UserInfo)


class SelfReview(Part):
    status: SelfStatus | None = None


class Version(Part):
    git_version: str = ""


class Reference(Part):
    api_version: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None


class EventSource(Part):
    component: str | None = None


class EventSeries(Part):
    count: int | None = None
    last_observed_time: str | None = None


class RawEvent(Part):
    involved_object: Reference = msgspec.field(default_factory=Reference)
    reason: str | None = None
    message: str | None = None
    type: str | None = None
    count: int | None = None
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: EventSeries | None = None
    source: EventSource | None = None
    reporting_component: str | None = None


class EventList(Part):
    metadata: ListMetadata = msgspec.field(default_factory=ListMetadata)
    items: list[RawEvent] | None = None


class SchemaPath(Part):
    server_relative_url: str = msgspec.field(default="", name="serverRelativeURL")


class SchemaIndex(Part):
    paths: dict[str, SchemaPath] | None = None


T = TypeVar("T")


def decode(body: bytes | msgspec.Raw, into: type[T], where: str) -> T:
    """`body` as `into`. Raises `BadAnswer` that names the place and quotes nothing."""
    try:
        return msgspec.json.decode(body, type=into)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadAnswer(
            "The answer of Kubernetes is not in the expected format",
            f"{where}: {inert(str(error), 120)}",
            "It may be cut short, or a proxy answered instead.",
        ) from error


def document(body: bytes | msgspec.Raw, where: str) -> Document:
    """A whole object. Raises `BadAnswer` where it is none."""
    decoded = decode(body, dict, where)
    if not isinstance(decoded.get("metadata"), dict):
        raise BadAnswer("The answer of Kubernetes is no object", where, "A proxy may have answered instead.")
    return decoded
