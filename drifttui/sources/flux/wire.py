"""What a list of Flux's objects needs of their JSON, as msgspec structs: all else is skipped while decoding.

One shape for all kinds: kustomize.toolkit.fluxcd.io/v1, helm.toolkit.fluxcd.io/v2, source.toolkit.fluxcd.io/v1 and
fluxcd.controlplane.io/v1 have few fields in common and none in conflict. Times stay text: one odd date spoils no list.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from ...core.errors import BadAnswer, inert


class Part(msgspec.Struct, gc=False, frozen=True, rename="camel"):
    """Base of all: no cycles, so the garbage collector need not look at them."""


class Managed(Part, frozen=True):
    manager: str = ""
    subresource: str = ""
    time: str = ""


class Metadata(Part, frozen=True):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    managed_fields: list[Managed] | None = None


class Reference(Part, frozen=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""
    api_version: str = ""


class Selector(Part, frozen=True):
    match_labels: dict[str, str] | None = None
    match_expressions: list[dict[str, Any]] | None = None


class InputsFrom(Part, frozen=True):
    name: str = ""
    selector: Selector | None = None


class ChartSpec(Part, frozen=True):
    chart: str = ""
    version: str = ""
    source_ref: Reference = Reference()


class Chart(Part, frozen=True):
    spec: ChartSpec = ChartSpec()


class DriftDetection(Part, frozen=True):
    mode: str = ""


class Spec(Part, frozen=True):
    interval: str = ""
    retry_interval: str = ""
    suspend: bool = False
    path: str = ""
    url: str = ""
    endpoint: str = ""
    bucket_name: str = ""
    prune: bool = False
    source_ref: Reference | None = None
    chart_ref: Reference | None = None
    chart: Chart | str | None = None
    depends_on: list[Reference] | None = None
    target_namespace: str = ""
    kube_config: dict[str, Any] | None = None
    drift_detection: DriftDetection | None = None
    inputs_from: list[InputsFrom] | None = None
    distribution: dict[str, Any] | None = None
    """Of a FluxInstance what is wanted, of a FluxReport what is there."""


class Condition(Part, frozen=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: str | None = None
    observed_generation: int = 0


class Artifact(Part, frozen=True):
    url: str = ""
    revision: str = ""
    digest: str = ""
    last_update_time: str | None = None


class Past(Part, frozen=True):
    """An entry of `status.history`: of a Kustomization a build, of a HelmRelease a revision of the release."""

    digest: str = ""
    last_reconciled: str | None = None
    last_reconciled_status: str = ""
    metadata: dict[str, str] | None = None
    name: str = ""
    namespace: str = ""
    version: int = 0
    status: str = ""
    chart_name: str = ""
    chart_version: str = ""
    last_deployed: str | None = None


class Status(Part, frozen=True):
    conditions: list[Condition] | None = None
    observed_generation: int = 0
    last_applied_revision: str = ""
    last_attempted_revision: str = ""
    artifact: Artifact | None = None
    history: list[Past] | None = None
    storage_namespace: str = ""
    helm_chart: str = ""


class FluxObject(Part, frozen=True):
    kind: str = ""
    metadata: Metadata = Metadata()
    spec: Spec = Spec()
    status: Status = Status()

    def condition(self, kind: str) -> Condition | None:
        return next((one for one in self.status.conditions or () if one.type == kind), None)


class ListMetadata(Part, frozen=True):
    resource_version: str = ""
    more: str = msgspec.field(default="", name="continue")


class RawList(Part, frozen=True):
    metadata: ListMetadata = ListMetadata()
    items: list[msgspec.Raw] | None = None


class WatchLine(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


class WatchStatus(Part, frozen=True):
    metadata: Metadata = Metadata()
    code: int = 0
    message: str = ""


class Group(Part, frozen=True):
    """`/apis/GROUP`."""

    versions: list[GroupVersion] | None = None


class GroupVersion(Part, frozen=True):
    version: str = ""


class Served(Part, frozen=True):
    name: str = ""
    kind: str = ""
    namespaced: bool = False


class ServedList(Part, frozen=True):
    """`/apis/GROUP/VERSION`."""

    resources: list[Served] | None = None


T = TypeVar("T")

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def decode(body: bytes | msgspec.Raw, into: type[T], where: str) -> T:
    """`body` as `into`. Raises `BadAnswer` that names the place and quotes nothing."""
    try:
        return msgspec.json.decode(body, type=into)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadAnswer(
            "The answer of Kubernetes is not in the expected format",
            f"{where}: {inert(str(error), 120)}",
            "It may be cut short, or from a version of Flux that is not supported.",
        ) from error


def moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def span(text: str) -> timedelta | None:
    """A duration as Go writes it: `10m`, `1h30m`, `40s`. None for what is none."""
    parts = _SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
